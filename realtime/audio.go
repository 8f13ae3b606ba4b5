package realtime

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// AudioHeaderBytes is the length of a binary frame's header: version u8, kind u8,
// flags u16, event u32, segment u32, all big-endian.
const AudioHeaderBytes = 12

const (
	audioVersion  = 1
	audioKindPCM  = 1
	audioFlagLast = 1 << 0
)

// AudioFrame is a binary frame: a piece of a segment's speech.
type AudioFrame struct {
	Event   uint32 // the frame's number
	Segment uint32
	Last    bool   // whether it is the segment's last frame
	PCM     []byte // 16-bit little-endian mono, at most MaxFrameMS of it
}

// AppendAudioFrame appends the header and the PCM.
func AppendAudioFrame(dst []byte, f AudioFrame) []byte {
	var flags uint16
	if f.Last {
		flags |= audioFlagLast
	}
	dst = append(dst, audioVersion, audioKindPCM)
	dst = binary.BigEndian.AppendUint16(dst, flags)
	dst = binary.BigEndian.AppendUint32(dst, f.Event)
	dst = binary.BigEndian.AppendUint32(dst, f.Segment)
	return append(dst, f.PCM...)
}

// DecodeAudioFrame reads a binary frame. PCM points into data.
func DecodeAudioFrame(data []byte) (AudioFrame, error) {
	if len(data) < AudioHeaderBytes {
		return AudioFrame{}, fmt.Errorf("decode audio frame: %d bytes are less than its header", len(data))
	}
	if data[0] != audioVersion || data[1] != audioKindPCM {
		return AudioFrame{}, fmt.Errorf("decode audio frame: unknown version %d or kind %d", data[0], data[1])
	}
	if (len(data)-AudioHeaderBytes)%2 != 0 {
		return AudioFrame{}, errors.New("decode audio frame: half a sample")
	}
	return AudioFrame{
		Event:   binary.BigEndian.Uint32(data[4:]),
		Segment: binary.BigEndian.Uint32(data[8:]),
		Last:    binary.BigEndian.Uint16(data[2:])&audioFlagLast != 0,
		PCM:     data[AudioHeaderBytes:],
	}, nil
}
