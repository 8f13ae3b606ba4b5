package tts

// dots are all ways to form the sum of products on this processor.
func dots() map[string]func(a, b []float32) float32 {
	all := map[string]func(a, b []float32) float32{"dotGeneric": dotGeneric, "dotSSE": dotSSE}
	if hasAVX2 {
		all["dotAVX"] = dotAVX
	}
	return all
}
