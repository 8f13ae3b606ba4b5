package ttstest

import (
	"encoding/binary"
	"slices"
)

// appendWAVHeader appends a header as Python's wave module writes it: with dataBytes of
// 0 the RIFF size is 36.
func appendWAVHeader(dst []byte, rate, dataBytes int) []byte {
	le := binary.LittleEndian
	dst = le.AppendUint32(append(dst, "RIFF"...), uint32(36+dataBytes))
	dst = le.AppendUint32(append(dst, "WAVEfmt "...), 16)
	dst = le.AppendUint16(le.AppendUint16(dst, 1), 1)
	dst = le.AppendUint32(le.AppendUint32(dst, uint32(rate)), uint32(2*rate))
	dst = le.AppendUint16(le.AppendUint16(dst, 2), 16)
	return le.AppendUint32(append(dst, "data"...), uint32(dataBytes))
}

func appendPCM(dst []byte, pcm []int16) []byte {
	dst = slices.Grow(dst, 2*len(pcm))
	for _, v := range pcm {
		dst = binary.LittleEndian.AppendUint16(dst, uint16(v))
	}
	return dst
}
