package avatar

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// checkGLB looks at a binary glTF that another program has made. It says whether it is whole: a file that is still being
// written is shorter than it says. An error means that it will never be a model that can be shown: another format, or
// one that is not complete in itself.
func checkGLB(data []byte) (whole bool, err error) {
	if len(data) < glbHeader {
		return false, nil
	}
	word := func(at int) int64 { return int64(binary.LittleEndian.Uint32(data[at:])) }
	switch {
	case word(0) != glbMagic:
		return false, errors.New("the model is no binary glTF")
	case word(4) != glbVersion:
		return false, fmt.Errorf("the model is binary glTF %d; 2 can be shown", word(4))
	case word(8) > int64(len(data)):
		return false, nil
	case word(8) < int64(len(data)):
		return false, errors.New("the model is longer than it says")
	case len(data) < glbHeader+glbChunk || word(16) != chunkJSON || glbHeader+glbChunk+word(12) > int64(len(data)):
		return false, errors.New("the model has no description")
	}
	var document struct {
		Asset   struct{ Version string }
		Meshes  []struct{}
		Buffers []struct{ URI string }
		Images  []struct{ URI string }
	}
	if err := json.Unmarshal(data[glbHeader+glbChunk:][:word(12)], &document); err != nil {
		return false, fmt.Errorf("the model's description: %w", err)
	}
	if !strings.HasPrefix(document.Asset.Version, "2.") || len(document.Meshes) == 0 {
		return false, errors.New("the model has no mesh")
	}
	for _, part := range append(document.Buffers, document.Images...) {
		if part.URI != "" && !strings.HasPrefix(part.URI, "data:") {
			return false, errors.New("the model needs files that are not in it")
		}
	}
	return true, nil
}
