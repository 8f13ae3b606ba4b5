package avatar

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
)

// The numbers of binary glTF 2.0, see "GLB File Format Specification" in
// https://registry.khronos.org/glTF/specs/2.0/glTF-2.0.html.
const (
	glbMagic    = 0x46546C67 // "glTF"
	glbVersion  = 2
	glbHeader   = 12
	glbChunk    = 8 // of a chunk's own header
	chunkJSON   = 0x4E4F534A
	chunkBinary = 0x004E4942

	arrayBuffer, elementArrayBuffer = 34962, 34963
	componentFloat, componentUint   = 5126, 5125
	filterLinear, filterMipmap      = 9729, 9987
	wrapClamp                       = 33071
)

type (
	gltf struct {
		Asset       gltfAsset      `json:"asset"`
		Scene       int            `json:"scene"`
		Scenes      []gltfScene    `json:"scenes"`
		Nodes       []gltfNode     `json:"nodes"`
		Meshes      []gltfMesh     `json:"meshes"`
		Materials   []gltfMaterial `json:"materials"`
		Textures    []gltfTexture  `json:"textures"`
		Images      []gltfImage    `json:"images"`
		Samplers    []gltfSampler  `json:"samplers"`
		Accessors   []gltfAccessor `json:"accessors"`
		BufferViews []gltfView     `json:"bufferViews"`
		Buffers     []gltfBuffer   `json:"buffers"`
	}
	gltfAsset struct {
		Version   string `json:"version"`
		Generator string `json:"generator,omitempty"`
	}
	gltfScene struct {
		Nodes []int `json:"nodes"`
	}
	gltfNode struct {
		Mesh int    `json:"mesh"`
		Name string `json:"name"`
	}
	gltfMesh struct {
		Primitives []gltfPrimitive `json:"primitives"`
	}
	gltfPrimitive struct {
		Attributes gltfAttributes `json:"attributes"`
		Indices    int            `json:"indices"`
		Material   int            `json:"material"`
	}
	gltfAttributes struct {
		Position int `json:"POSITION"`
		Normal   int `json:"NORMAL"`
		UV       int `json:"TEXCOORD_0"`
	}
	gltfMaterial struct {
		Name            string     `json:"name"`
		PBR             gltfPBR    `json:"pbrMetallicRoughness"`
		EmissiveTexture gltfTexRef `json:"emissiveTexture"`
		EmissiveFactor  [3]float64 `json:"emissiveFactor"`
	}
	gltfPBR struct {
		BaseColorFactor  [4]float64 `json:"baseColorFactor"`
		BaseColorTexture gltfTexRef `json:"baseColorTexture"`
		MetallicFactor   float64    `json:"metallicFactor"`
		RoughnessFactor  float64    `json:"roughnessFactor"`
	}
	gltfTexRef struct {
		Index int `json:"index"`
	}
	gltfTexture struct {
		Sampler int `json:"sampler"`
		Source  int `json:"source"`
	}
	gltfImage struct {
		BufferView int    `json:"bufferView"`
		MimeType   string `json:"mimeType"`
	}
	gltfSampler struct {
		MagFilter int `json:"magFilter"`
		MinFilter int `json:"minFilter"`
		WrapS     int `json:"wrapS"`
		WrapT     int `json:"wrapT"`
	}
	gltfAccessor struct {
		BufferView    int       `json:"bufferView"`
		ComponentType int       `json:"componentType"`
		Count         int       `json:"count"`
		Type          string    `json:"type"`
		Min           []float32 `json:"min,omitempty"`
		Max           []float32 `json:"max,omitempty"`
	}
	gltfView struct {
		Buffer     int `json:"buffer"`
		ByteOffset int `json:"byteOffset"`
		ByteLength int `json:"byteLength"`
		Target     int `json:"target,omitempty"`
	}
	gltfBuffer struct {
		ByteLength int `json:"byteLength"`
	}
)

// glow is the part of its light that a figure gives by itself. So much of the picture looks as it was
// drawn, whatever the viewer's lamps; the rest is shaded, which shows the relief.
const glow = 0.62

// GLB is the mesh as a binary glTF 2.0, complete in one file.
func (m *Mesh) GLB() ([]byte, error) {
	var bin []byte
	var views []gltfView
	view := func(data []byte, target int) int {
		for len(bin)%4 != 0 {
			bin = append(bin, 0)
		}
		views = append(views, gltfView{ByteOffset: len(bin), ByteLength: len(data), Target: target})
		bin = append(bin, data...)
		return len(views) - 1
	}
	low, high := m.bounds()
	positions := view(floats(m.Positions), arrayBuffer)
	normals := view(floats(m.Normals), arrayBuffer)
	uvs := view(floats(m.UVs), arrayBuffer)
	indices := make([]byte, 0, len(m.Triangles)*12)
	for _, t := range m.Triangles {
		for _, v := range t {
			indices = binary.LittleEndian.AppendUint32(indices, v)
		}
	}
	triangles := view(indices, elementArrayBuffer)
	texture := view(m.Texture, 0)

	document, err := json.Marshal(gltf{
		Asset:  gltfAsset{"2.0", "Avatar Forge"},
		Scenes: []gltfScene{{[]int{0}}},
		Nodes:  []gltfNode{{0, "figure"}},
		Meshes: []gltfMesh{{[]gltfPrimitive{{gltfAttributes{0, 1, 2}, 3, 0}}}},
		Materials: []gltfMaterial{{
			Name: "picture", EmissiveFactor: [3]float64{glow, glow, glow},
			PBR: gltfPBR{BaseColorFactor: [4]float64{1 - glow, 1 - glow, 1 - glow, 1}, RoughnessFactor: 1},
		}},
		Textures: []gltfTexture{{}},
		Images:   []gltfImage{{texture, "image/jpeg"}},
		Samplers: []gltfSampler{{filterLinear, filterMipmap, wrapClamp, wrapClamp}},
		Accessors: []gltfAccessor{
			{positions, componentFloat, len(m.Positions), "VEC3", low[:], high[:]},
			{normals, componentFloat, len(m.Normals), "VEC3", nil, nil},
			{uvs, componentFloat, len(m.UVs), "VEC2", nil, nil},
			{triangles, componentUint, 3 * len(m.Triangles), "SCALAR", nil, nil},
		},
		BufferViews: views,
		Buffers:     []gltfBuffer{{len(bin)}},
	})
	if err != nil {
		return nil, fmt.Errorf("write the figure's description: %w", err)
	}
	for len(document)%4 != 0 {
		document = append(document, ' ')
	}
	for len(bin)%4 != 0 {
		bin = append(bin, 0)
	}
	size := glbHeader + glbChunk + len(document) + glbChunk + len(bin)
	out := make([]byte, 0, size)
	for _, word := range []uint32{glbMagic, glbVersion, uint32(size), uint32(len(document)), chunkJSON} {
		out = binary.LittleEndian.AppendUint32(out, word)
	}
	out = append(out, document...)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(bin)))
	out = binary.LittleEndian.AppendUint32(out, chunkBinary)
	return append(out, bin...), nil
}

func (m *Mesh) bounds() (low, high [3]float32) {
	low, high = m.Positions[0], m.Positions[0]
	for _, p := range m.Positions {
		for k := range 3 {
			low[k], high[k] = min(low[k], p[k]), max(high[k], p[k])
		}
	}
	return low, high
}

func floats[V [2]float32 | [3]float32](list []V) []byte {
	var b bytes.Buffer
	_ = binary.Write(&b, binary.LittleEndian, list) // to memory
	return b.Bytes()
}
