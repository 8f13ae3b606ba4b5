package avatartest

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Triangle is a small model that is valid: one triangle.
func Triangle() []byte {
	var bin []byte
	for _, v := range []float32{0, 0, 0, 1, 0, 0, 0, 1, 0} {
		bin = binary.LittleEndian.AppendUint32(bin, math.Float32bits(v))
	}
	return Pack(fmt.Sprintf(`{"asset":{"version":"2.0"},"scene":0,"scenes":[{"nodes":[0]}],"nodes":[{"mesh":0}],`+
		`"meshes":[{"primitives":[{"attributes":{"POSITION":0}}]}],`+
		`"accessors":[{"bufferView":0,"componentType":5126,"count":3,"type":"VEC3","min":[0,0,0],"max":[1,1,0]}],`+
		`"bufferViews":[{"buffer":0,"byteLength":%d,"target":34962}],"buffers":[{"byteLength":%d}]}`, len(bin), len(bin)), bin)
}

// Pack makes a binary glTF of a description and, where bin is not empty, a buffer.
func Pack(description string, bin []byte) []byte {
	for len(description)%4 != 0 {
		description += " "
	}
	size := 20 + len(description)
	if len(bin) > 0 {
		size += 8 + len(bin)
	}
	out := []byte("glTF")
	out = binary.LittleEndian.AppendUint32(out, 2)
	out = binary.LittleEndian.AppendUint32(out, uint32(size))
	out = binary.LittleEndian.AppendUint32(out, uint32(len(description)))
	out = append(append(out, "JSON"...), description...)
	if len(bin) > 0 {
		out = binary.LittleEndian.AppendUint32(out, uint32(len(bin)))
		out = append(append(out, "BIN\x00"...), bin...)
	}
	return out
}
