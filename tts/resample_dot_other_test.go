//go:build !amd64

package tts

// dots are all ways to form the sum of products on this processor.
func dots() map[string]func(a, b []float32) float32 {
	return map[string]func(a, b []float32) float32{"dotGeneric": dotGeneric}
}
