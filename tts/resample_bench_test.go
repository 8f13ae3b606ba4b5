package tts

import (
	"fmt"
	"testing"
	"time"
)

func BenchmarkResampler(b *testing.B) {
	for _, pair := range [][2]int{{32000, 24000}, {32000, 48000}, {24000, 48000}, {48000, 24000}, {32000, 44100}, {32000, 32000}} {
		b.Run(fmt.Sprintf("%d-%d", pair[0], pair[1]), func(b *testing.B) {
			r, err := NewResampler(pair[0], pair[1])
			if err != nil {
				b.Fatal(err)
			}
			pcm := make([]byte, pair[0]/50*2) // 20 ms
			for i := range pcm {
				pcm[i] = byte(i * 7)
			}
			var out []byte
			b.ReportAllocs()
			for b.Loop() {
				out = r.Append(out[:0], pcm)
			}
			b.ReportMetric(float64(b.N)*(20*time.Millisecond).Seconds()/b.Elapsed().Seconds(), "×realtime")
		})
	}
}

func BenchmarkDot(b *testing.B) {
	x, y := make([]float32, 160), make([]float32, 160)
	b.Run("generic", func(b *testing.B) {
		for b.Loop() {
			dotGeneric(x, y)
		}
	})
	b.Run("machine", func(b *testing.B) {
		for b.Loop() {
			dot(x, y)
		}
	})
}
