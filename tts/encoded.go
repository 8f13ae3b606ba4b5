package tts

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// Encoding is how the synthesis server encodes speech. Its value is GPT-SoVITS's
// media_type.
type Encoding string

const (
	// PCM is what a Request asks for by default: samples, see Chunk.
	PCM Encoding = ""
	// Ogg is an Ogg file, of GPT-SoVITS with Vorbis in it. Ogg files one behind the other
	// are one (RFC 3533, section 4: chaining).
	Ogg Encoding = "ogg"
	// AAC is AAC in ADTS frames, which may be joined as well. GPT-SoVITS needs ffmpeg on
	// its machine for it.
	AAC Encoding = "aac"
)

// ErrNotEncoded reports bytes that are not what their encoding says, or not to their end.
var ErrNotEncoded = errors.New("not encoded sound")

// Measure reads off encoded sound how long it plays, and the rate of its first part in
// samples per second. What encoders put in front of AAC counts as well, since ADTS does
// not tell it from the sound. The error is ErrNotEncoded.
func Measure(e Encoding, sound []byte) (d time.Duration, rate int, err error) {
	switch e {
	case Ogg:
		d, rate, err = measureOgg(sound)
	case AAC:
		d, rate, err = measureADTS(sound)
	default:
		err = fmt.Errorf("an encoding %q", e)
	}
	if err != nil {
		return 0, 0, fmt.Errorf("%w: %w", ErrNotEncoded, err)
	}
	return d, rate, nil
}

// Of an Ogg page's header (RFC 3533, section 6).
const (
	oggPageHeader = 27
	oggFirst      = 2 // in header_type: the first page of a stream
	oggLast       = 4 // and the last one
)

// longestStream is how long a stream of sound can be that anybody asked for, in seconds.
const longestStream = 24 * 60 * 60

// oggStream is what a logical stream's first packet says.
type oggStream struct {
	serial uint32
	rate   int   // in which its positions are counted
	skip   int64 // of these, how many are not played
}

// measureOgg adds up the streams of a chain: the position at the end of each is how many
// samples it has.
func measureOgg(b []byte) (d time.Duration, rate int, err error) {
	var now oggStream
	open, end := false, int64(0)
	for len(b) > 0 {
		if len(b) < oggPageHeader || string(b[:4]) != "OggS" || b[4] != 0 {
			return 0, 0, errors.New("no Ogg page where one must be")
		}
		kind, serial := b[5], binary.LittleEndian.Uint32(b[14:])
		position := int64(binary.LittleEndian.Uint64(b[6:]))
		table := int(b[26])
		if len(b) < oggPageHeader+table {
			return 0, 0, errors.New("an Ogg page without its end")
		}
		size := 0
		for _, n := range b[oggPageHeader : oggPageHeader+table] {
			size += int(n)
		}
		if len(b) < oggPageHeader+table+size {
			return 0, 0, errors.New("an Ogg page without its end")
		}
		body := b[oggPageHeader+table : oggPageHeader+table+size]
		b = b[oggPageHeader+table+size:]

		switch {
		case kind&oggFirst != 0:
			if open {
				return 0, 0, errors.New("an Ogg stream in another")
			}
			if now, err = readOggStream(serial, body); err != nil {
				return 0, 0, err
			}
			if rate == 0 {
				rate = now.rate
			}
			open, end = true, 0
		case !open || serial != now.serial:
			return 0, 0, errors.New("an Ogg page of no stream")
		}
		if position >= 0 { // -1: no packet ends on the page
			end = position
		}
		if kind&oggLast != 0 {
			if end/int64(now.rate) > longestStream {
				return 0, 0, errors.New("an Ogg stream of more than a day")
			}
			d += samplesLast(max(end-now.skip, 0), now.rate)
			open = false
		}
	}
	if open || rate == 0 {
		return 0, 0, errors.New("an Ogg stream without its end")
	}
	return d, rate, nil
}

func readOggStream(serial uint32, packet []byte) (oggStream, error) {
	switch {
	case bytes.HasPrefix(packet, []byte("\x01vorbis")) && len(packet) >= 16:
		rate := int(binary.LittleEndian.Uint32(packet[12:]))
		if rate == 0 {
			return oggStream{}, errors.New("an Ogg stream of Vorbis without a rate")
		}
		return oggStream{serial: serial, rate: rate}, nil
	case bytes.HasPrefix(packet, []byte("OpusHead")) && len(packet) >= 12:
		return oggStream{serial: serial, rate: 48000, skip: int64(binary.LittleEndian.Uint16(packet[10:]))}, nil
	}
	return oggStream{}, errors.New("an Ogg stream that is neither Vorbis nor Opus")
}

// adtsRates are the sampling frequencies of ISO/IEC 14496-3, table 1.18.
var adtsRates = [...]int{96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350}

const adtsHeader = 7

// measureADTS counts the blocks of 1,024 samples.
func measureADTS(b []byte) (_ time.Duration, rate int, _ error) {
	samples := int64(0)
	for len(b) > 0 {
		if len(b) < adtsHeader || b[0] != 0xFF || b[1]&0xF6 != 0xF0 {
			return 0, 0, errors.New("no ADTS frame where one must be")
		}
		index := int(b[2] >> 2 & 0xF)
		size := int(b[3]&3)<<11 | int(b[4])<<3 | int(b[5]>>5)
		if index >= len(adtsRates) || size < adtsHeader || size > len(b) {
			return 0, 0, errors.New("an ADTS frame without its end")
		}
		if at := adtsRates[index]; at != rate {
			if rate != 0 {
				return 0, 0, errors.New("ADTS frames of several rates")
			}
			rate = at
		}
		samples += 1024 * int64(1+b[6]&3)
		b = b[size:]
	}
	if rate == 0 {
		return 0, 0, errors.New("no ADTS frame")
	}
	return samplesLast(samples, rate), rate, nil
}

// samplesLast is how long n samples last. The seconds are counted by themselves, since days
// of samples in nanoseconds overflow.
func samplesLast(n int64, rate int) time.Duration {
	r := int64(rate)
	return time.Duration(n/r)*time.Second + time.Duration(n%r)*time.Second/time.Duration(r)
}
