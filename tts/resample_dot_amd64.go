package tts

// dot is dotGeneric with SSE, which every amd64 processor has: four products at once.
// Its sums are added in the same order on every machine of the kind.
//
//go:noescape
func dot(a, b []float32) float32
