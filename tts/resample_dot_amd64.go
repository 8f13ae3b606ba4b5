package tts

import "golang.org/x/sys/cpu"

// hasAVX2 says that the processor has AVX2 and FMA, as most of those made since 2015 do, and
// that the system keeps their registers.
var hasAVX2 = cpu.X86.HasAVX2 && cpu.X86.HasFMA

// dot is dotGeneric with eight products at once, or four.
func dot(a, b []float32) float32 {
	if hasAVX2 {
		return dotAVX(a, b)
	}
	return dotSSE(a, b)
}

// dotSSE is dotGeneric with SSE, which every amd64 processor has.
//
//go:noescape
func dotSSE(a, b []float32) float32

// dotAVX is dotGeneric with AVX2 and FMA. Its products are not rounded before they are
// added.
//
//go:noescape
func dotAVX(a, b []float32) float32
