package tts

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

const (
	wavHeaderBytes = 44

	// maxWAVHeaderBytes bounds what is skipped in front of the sound: a real header
	// has a few hundred bytes of metadata at most.
	maxWAVHeaderBytes = 64 << 10

	wavFormatPCM        = 1
	wavFormatExtensible = 0xFFFE
)

// ErrNotWAV reports a stream that is no WAV file, or one that holds something other
// than 16-bit mono PCM. Stereo is refused and not mixed: GPT-SoVITS is always mono,
// so two channels mean that something else answered.
var ErrNotWAV = errors.New("not a 16-bit mono PCM WAV")

// WAVDecoder takes the samples out of a WAV file that arrives in pieces, whatever
// their borders. The data size may be true, or 0 or 0xFFFFFFFF as streaming servers
// write it: then the sound goes on until the stream ends. The zero value is ready for
// use; a WAVDecoder is used by one goroutine.
type WAVDecoder struct {
	state wavState
	// rate is in samples per second, from the fmt chunk; 0 before it.
	rate int
	// pending is the chunk header or fmt chunk read so far.
	pending [40]byte
	have    int
	// want is how much of pending the present state needs.
	want int
	// left counts the bytes still to skip, or the data chunk's; negative in the data
	// state means until the stream ends.
	left int64
	// headerRead counts the bytes in front of the sound, up to maxWAVHeaderBytes.
	headerRead int
	// carry is the first half of a sample whose second half is yet to come.
	carry    byte
	hasCarry bool
}

type wavState uint8

const (
	wavRIFF  wavState = iota // the 12 bytes "RIFF", size, "WAVE"
	wavChunk                 // a chunk's id and size
	wavFmt                   // the fmt chunk's first bytes
	wavSkip                  // bytes of no interest, then another chunk
	wavData                  // samples
	wavDone                  // after the data chunk; the rest is ignored
)

// Rate returns the samples per second, or 0 while the header has not said so.
func (d *WAVDecoder) Rate() int { return d.rate }

// Append appends the whole samples of the next piece to dst. A sample that the piece's
// end cuts in two is kept for the next call. The error is ErrNotWAV, for good.
func (d *WAVDecoder) Append(dst, piece []byte) ([]byte, error) {
	for len(piece) > 0 {
		switch d.state {
		case wavData:
			return d.appendData(dst, piece), nil
		case wavDone:
			return dst, nil
		case wavSkip:
			n := min(int64(len(piece)), d.left)
			piece = piece[n:]
			if err := d.countHeader(int(n)); err != nil {
				return dst, err
			}
			if d.left -= n; d.left == 0 {
				d.state = wavChunk
			}
		default:
			if d.want == 0 {
				d.want = 12 // only at the start of the file
			}
			n := copy(d.pending[d.have:d.want], piece)
			piece = piece[n:]
			d.have += n
			if err := d.countHeader(n); err != nil {
				return dst, err
			}
			if d.have == d.want {
				d.have = 0
				if err := d.header(d.pending[:d.want]); err != nil {
					return dst, err
				}
			}
		}
	}
	return dst, nil
}

func (d *WAVDecoder) countHeader(n int) error {
	if d.headerRead += n; d.headerRead > maxWAVHeaderBytes {
		return fmt.Errorf("%w: no sound within %d bytes", ErrNotWAV, maxWAVHeaderBytes)
	}
	return nil
}

// header takes a complete piece of the header and decides what comes next.
func (d *WAVDecoder) header(b []byte) error {
	switch d.state {
	case wavRIFF:
		if string(b[:4]) != "RIFF" || string(b[8:12]) != "WAVE" {
			return fmt.Errorf("%w: it starts with %q", ErrNotWAV, b)
		}
		d.state, d.want = wavChunk, 8
	case wavChunk:
		size := binary.LittleEndian.Uint32(b[4:])
		switch string(b[:4]) {
		case "fmt ":
			if size < 16 || size > maxWAVHeaderBytes {
				return fmt.Errorf("%w: fmt chunk of %d bytes", ErrNotWAV, size)
			}
			d.left = padded(size)
			d.state, d.want = wavFmt, int(min(d.left, int64(len(d.pending))))
		case "data":
			if d.rate == 0 {
				return fmt.Errorf("%w: data before fmt", ErrNotWAV)
			}
			d.state, d.left = wavData, int64(size)
			if size == 0 || size == math.MaxUint32 {
				d.left = -1
			}
		default:
			d.skip(padded(size))
		}
	case wavFmt:
		if err := d.format(b); err != nil {
			return err
		}
		d.skip(d.left - int64(len(b)))
	}
	return nil
}

// skip passes over n bytes and then reads a chunk.
func (d *WAVDecoder) skip(n int64) {
	d.want, d.left = 8, n
	d.state = wavSkip
	if n == 0 {
		d.state = wavChunk
	}
}

// padded is a chunk's length in the file: RIFF chunks start at even places.
func padded(size uint32) int64 { return int64(size) + int64(size&1) }

func (d *WAVDecoder) format(b []byte) error {
	var (
		tag      = binary.LittleEndian.Uint16(b)
		channels = binary.LittleEndian.Uint16(b[2:])
		rate     = binary.LittleEndian.Uint32(b[4:])
		bits     = binary.LittleEndian.Uint16(b[14:])
	)
	// The true format of an extensible one is the start of its sub-format GUID.
	if tag == wavFormatExtensible && len(b) >= 26 {
		tag = binary.LittleEndian.Uint16(b[24:])
	}
	if tag != wavFormatPCM || channels != 1 || bits != 16 || rate == 0 || rate > math.MaxInt32 {
		return fmt.Errorf("%w: format %d, %d channels, %d bits, %d Hz", ErrNotWAV, tag, channels, bits, rate)
	}
	d.rate = int(rate)
	return nil
}

func (d *WAVDecoder) appendData(dst, piece []byte) []byte {
	if d.left >= 0 {
		piece = piece[:min(int64(len(piece)), d.left)]
		if d.left -= int64(len(piece)); d.left == 0 {
			d.state = wavDone
		}
	}
	if len(piece) == 0 {
		return dst
	}
	if d.hasCarry {
		dst = append(dst, d.carry, piece[0])
		piece = piece[1:]
		d.hasCarry = false
	}
	if len(piece)%2 == 1 {
		d.carry, d.hasCarry = piece[len(piece)-1], true
		piece = piece[:len(piece)-1]
	}
	return append(dst, piece...)
}

// Finish says whether the stream may end here: nil, or io.ErrUnexpectedEOF when it
// ended within the header, within a sample, or before the size that the header gave.
func (d *WAVDecoder) Finish() error {
	switch {
	case d.hasCarry, d.state < wavData, d.state == wavData && d.left > 0:
		return io.ErrUnexpectedEOF
	}
	return nil
}

// AppendWAVHeader appends the 44-byte header of a 16-bit mono PCM file with dataBytes
// of samples at rate samples per second. A negative dataBytes, or one too large for
// the format, writes 0xFFFFFFFF: the length is not known yet.
func AppendWAVHeader(dst []byte, rate, dataBytes int) []byte {
	riff, data := uint32(math.MaxUint32), uint32(math.MaxUint32)
	if dataBytes >= 0 && dataBytes < math.MaxUint32-wavHeaderBytes {
		data = uint32(dataBytes)
		riff = data + wavHeaderBytes - 8
	}
	dst = append(dst, "RIFF"...)
	dst = binary.LittleEndian.AppendUint32(dst, riff)
	dst = append(dst, "WAVEfmt "...)
	dst = binary.LittleEndian.AppendUint32(dst, 16)
	dst = binary.LittleEndian.AppendUint16(dst, wavFormatPCM)
	dst = binary.LittleEndian.AppendUint16(dst, 1) // channels
	dst = binary.LittleEndian.AppendUint32(dst, uint32(rate))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(rate)*2) // bytes per second
	dst = binary.LittleEndian.AppendUint16(dst, 2)              // bytes per sample
	dst = binary.LittleEndian.AppendUint16(dst, 16)             // bits per sample
	dst = append(dst, "data"...)
	return binary.LittleEndian.AppendUint32(dst, data)
}
