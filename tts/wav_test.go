package tts

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"testing"
)

// riff joins the chunks of a WAV file; each is id, size field, bytes.
func riff(chunks ...[]byte) []byte {
	return append([]byte("RIFF\x24\x00\x00\x00WAVE"), bytes.Join(chunks, nil)...)
}

func riffChunk(id string, size uint32, body []byte) []byte {
	return append(binary.LittleEndian.AppendUint32([]byte(id), size), body...)
}

func fmtChunk(tag, channels uint16, rate uint32, bits uint16, extra ...byte) []byte {
	b := binary.LittleEndian.AppendUint16(nil, tag)
	b = binary.LittleEndian.AppendUint16(b, channels)
	b = binary.LittleEndian.AppendUint32(b, rate)
	b = binary.LittleEndian.AppendUint32(b, rate*uint32(channels)*uint32(bits)/8)
	b = binary.LittleEndian.AppendUint16(b, channels*bits/8)
	b = binary.LittleEndian.AppendUint16(b, bits)
	b = append(b, extra...)
	return riffChunk("fmt ", uint32(len(b)), b)
}

// extensible is what follows the first 16 bytes of a WAVE_FORMAT_EXTENSIBLE chunk
// whose sub-format is tag.
func extensible(tag byte) []byte {
	return append([]byte{22, 0, 16, 0, 4, 0, 0, 0, tag, 0},
		0, 0, 0, 0, 16, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71)
}

var wavFiles = []struct {
	name string
	file []byte
	rate int
	pcm  string
	err  error // of Append
	end  error // of Finish, when Append had none
}{
	{name: "a streaming server's header: data size 0, sound to the end",
		file: riff(fmtChunk(1, 1, 32000, 16), riffChunk("data", 0, []byte("abcdef"))), rate: 32000, pcm: "abcdef"},
	{name: "data size 0xFFFFFFFF, sound to the end",
		file: riff(fmtChunk(1, 1, 24000, 16), riffChunk("data", 0xFFFFFFFF, []byte("abcd"))), rate: 24000, pcm: "abcd"},
	{name: "a true size: what follows is not sound",
		file: riff(fmtChunk(1, 1, 48000, 16), riffChunk("data", 4, []byte("abcd")), riffChunk("LIST", 2, []byte("zz"))), rate: 48000, pcm: "abcd"},
	{name: "unknown chunks are passed over, an odd one with its padding",
		file: riff(riffChunk("LIST", 3, []byte("xyz\x00")), fmtChunk(1, 1, 32000, 16), riffChunk("fact", 4, []byte("1234")), riffChunk("data", 2, []byte("ab"))), rate: 32000, pcm: "ab"},
	{name: "extensible format that is PCM underneath",
		file: riff(fmtChunk(wavFormatExtensible, 1, 44100, 16, extensible(1)...), riffChunk("data", 0, []byte("abcd"))), rate: 44100, pcm: "abcd"},
	{name: "fmt chunk longer than anything we look at",
		file: riff(fmtChunk(1, 1, 16000, 16, make([]byte, 61)...), []byte{0}, riffChunk("data", 0, []byte("ab"))), rate: 16000, pcm: "ab"},
	{name: "header alone: no sound yet, but nothing is missing",
		file: riff(fmtChunk(1, 1, 32000, 16), riffChunk("data", 0, nil)), rate: 32000},
	{name: "shorter than its size field",
		file: riff(fmtChunk(1, 1, 32000, 16), riffChunk("data", 8, []byte("abcd"))), rate: 32000, pcm: "abcd", end: io.ErrUnexpectedEOF},
	{name: "half a sample at the end",
		file: riff(fmtChunk(1, 1, 32000, 16), riffChunk("data", 0, []byte("abc"))), rate: 32000, pcm: "ab", end: io.ErrUnexpectedEOF},
	{name: "ends within the header", file: riff(fmtChunk(1, 1, 32000, 16)), rate: 32000, end: io.ErrUnexpectedEOF},
	{name: "extensible format that is float underneath",
		file: riff(fmtChunk(wavFormatExtensible, 1, 44100, 16, extensible(3)...), riffChunk("data", 0, nil)), err: ErrNotWAV},
	{name: "stereo", file: riff(fmtChunk(1, 2, 32000, 16)), err: ErrNotWAV},
	{name: "8 bits", file: riff(fmtChunk(1, 1, 32000, 8)), err: ErrNotWAV},
	{name: "float", file: riff(fmtChunk(3, 1, 32000, 32)), err: ErrNotWAV},
	{name: "no rate", file: riff(fmtChunk(1, 1, 0, 16)), err: ErrNotWAV},
	{name: "data before fmt", file: riff(riffChunk("data", 0, []byte("ab"))), err: ErrNotWAV},
	{name: "a web page", file: []byte("<!doctype html><title>502"), err: ErrNotWAV},
	{name: "fmt chunk too short", file: riff(riffChunk("fmt ", 4, []byte{1, 0, 1, 0})), err: ErrNotWAV},
	{name: "metadata without an end",
		file: riff(riffChunk("junk", 1<<31, make([]byte, maxWAVHeaderBytes))), err: ErrNotWAV},
}

func TestWAVDecoder(t *testing.T) {
	for _, tc := range wavFiles {
		t.Run(tc.name, func(t *testing.T) {
			// Every file in pieces of every small size: where the borders fall is up
			// to the network.
			for _, piece := range []int{1, 2, 3, 7, 43, 44, 45, 1 << 20} {
				var d WAVDecoder
				pcm, err := decodeWAV(&d, tc.file, piece)
				if !errors.Is(err, tc.err) {
					t.Fatalf("pieces of %d: error %v, want %v", piece, err, tc.err)
				}
				if tc.err != nil {
					continue
				}
				if d.Rate() != tc.rate || string(pcm) != tc.pcm {
					t.Errorf("pieces of %d: %d Hz and %q, want %d Hz and %q", piece, d.Rate(), pcm, tc.rate, tc.pcm)
				}
				if err := d.Finish(); !errors.Is(err, tc.end) {
					t.Errorf("pieces of %d: Finish says %v, want %v", piece, err, tc.end)
				}
			}
		})
	}
}

// decodeWAV feeds file in pieces of n bytes and checks that no call hands out half a
// sample.
func decodeWAV(d *WAVDecoder, file []byte, n int) ([]byte, error) {
	var pcm []byte
	for piece := range slices.Chunk(file, n) {
		var err error
		if pcm, err = d.Append(pcm, piece); err != nil {
			return pcm, err
		}
		if len(pcm)%2 != 0 {
			return pcm, errors.New("half a sample was handed out")
		}
	}
	return pcm, nil
}

// The property: where a file is cut changes nothing, neither the sound nor the error.
func FuzzWAVDecoder(f *testing.F) {
	for _, tc := range wavFiles {
		f.Add(tc.file, uint16(1), uint16(45))
	}
	f.Fuzz(func(t *testing.T, file []byte, cut1, cut2 uint16) {
		var whole, cut WAVDecoder
		want, wantErr := whole.Append(nil, file)

		a := min(int(cut1), len(file))
		b := min(a+int(cut2), len(file))
		var got []byte
		var gotErr error
		for _, piece := range [][]byte{file[:a], file[a:b], file[b:]} {
			if gotErr == nil {
				got, gotErr = cut.Append(got, piece)
			}
			if len(got)%2 != 0 {
				t.Fatal("half a sample was handed out")
			}
		}
		if !bytes.Equal(got, want) || (gotErr == nil) != (wantErr == nil) {
			t.Fatalf("cut at %d and %d: %d bytes, %v; whole: %d bytes, %v", a, b, len(got), gotErr, len(want), wantErr)
		}
		if gotErr == nil && !errors.Is(cut.Finish(), whole.Finish()) {
			t.Fatalf("cut at %d and %d: Finish says %v; whole: %v", a, b, cut.Finish(), whole.Finish())
		}
	})
}

func TestAppendWAVHeader(t *testing.T) {
	for _, size := range []int{0, 2, 64000, -1} {
		h := AppendWAVHeader([]byte("x"), 24000, size)[1:]
		if len(h) != wavHeaderBytes {
			t.Fatalf("a header of %d bytes, want %d", len(h), wavHeaderBytes)
		}
		var d WAVDecoder
		pcm, err := d.Append(nil, append(h, make([]byte, max(size, 0))...))
		if err != nil || d.Rate() != 24000 || len(pcm) != max(size, 0) || d.Finish() != nil {
			t.Errorf("a file of %d bytes reads back as %d bytes at %d Hz, %v, %v", size, len(pcm), d.Rate(), err, d.Finish())
		}
	}
	want := "RIFF\x28\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x00\x7d\x00\x00\x00\xfa\x00\x00\x02\x00\x10\x00data\x04\x00\x00\x00"
	if got := AppendWAVHeader(nil, 32000, 4); string(got) != want {
		t.Errorf("header of 4 bytes at 32000 Hz:\n got %q\nwant %q", got, want)
	}
}
