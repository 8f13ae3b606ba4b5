package persona

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"iter"
	"strings"
)

// Names of the text chunks that hold a card: of the second version and of the third,
// which is read first where a file has both.
const (
	chunkV2 = "chara"
	chunkV3 = "ccv3"
)

const pngSignature = "\x89PNG\r\n\x1a\n"

// maxCardText is what a card in base64 may have.
const maxCardText = MaxCardJSON/3*4 + 8

var errPNG = errors.New("the PNG is cut off or damaged")

// IsPNG says whether data begins as a PNG does.
func IsPNG(data []byte) bool { return bytes.HasPrefix(data, []byte(pngSignature)) }

// chunk is a part of a PNG.
type chunk struct {
	kind  string
	body  []byte
	whole []byte // with length, kind and checksum
}

// chunks are those of a PNG. The last one yielded is IEND, or an error. Checksums are
// not looked at: programs that write cards get them wrong.
func chunks(data []byte) iter.Seq2[chunk, error] {
	return func(yield func(chunk, error) bool) {
		data = data[len(pngSignature):]
		for {
			if len(data) < 12 {
				yield(chunk{}, errPNG)
				return
			}
			size := uint64(binary.BigEndian.Uint32(data))
			if size > uint64(len(data)-12) {
				yield(chunk{}, errPNG)
				return
			}
			c := chunk{kind: string(data[4:8]), body: data[8 : 8+size], whole: data[:12+size]}
			if !yield(c, nil) || c.kind == "IEND" {
				return
			}
			data = data[12+size:]
		}
	}
}

// cardInPNG is the JSON in a PNG's text chunks.
func cardInPNG(data []byte) ([]byte, error) {
	found := map[string]string{}
	for c, err := range chunks(data) {
		if err != nil {
			if len(found) > 0 {
				break // the card is there, whatever became of the picture
			}
			return nil, err
		}
		name, text, err := c.text()
		if err != nil {
			return nil, err
		}
		if name != "" {
			found[name] = text
		}
	}
	for _, name := range []string{chunkV3, chunkV2} {
		if text, there := found[name]; there {
			return decodeBase64(text)
		}
	}
	return nil, errors.New("the PNG holds no card")
}

// text is a text chunk's that may hold a card; the name is empty for other chunks.
func (c *chunk) text() (name, text string, err error) {
	keyword, rest, ok := bytes.Cut(c.body, []byte{0})
	name = strings.ToLower(string(keyword))
	if !ok || name != chunkV2 && name != chunkV3 {
		return "", "", nil
	}
	compressed := false
	switch c.kind {
	case "tEXt":
	case "zTXt":
		if len(rest) < 1 {
			return "", "", errPNG
		}
		compressed, rest = true, rest[1:]
	case "iTXt":
		if len(rest) < 2 {
			return "", "", errPNG
		}
		compressed, rest = rest[0] == 1, rest[2:]
		for range 2 { // the language, and the keyword in it
			if _, rest, ok = bytes.Cut(rest, []byte{0}); !ok {
				return "", "", errPNG
			}
		}
	default:
		return "", "", nil
	}
	if compressed {
		if rest, err = inflate(rest); err != nil {
			return "", "", err
		}
	}
	if len(rest) > maxCardText {
		return "", "", fmt.Errorf("its JSON has over %d bytes", MaxCardJSON)
	}
	return name, string(rest), nil
}

// inflate stops where a card would be too large: a few kilobytes can become gigabytes.
func inflate(data []byte) ([]byte, error) {
	r, err := zlib.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, errPNG
	}
	out, err := io.ReadAll(io.LimitReader(r, maxCardText+1))
	if err != nil {
		return nil, errPNG
	}
	return out, r.Close()
}

func decodeBase64(text string) ([]byte, error) {
	text = strings.TrimRight(strings.Join(strings.Fields(text), ""), "=")
	data, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("the PNG's card is not base64: %w", err)
	}
	return data, nil
}

// AppendPNG appends the picture, a PNG, with the card in it to dst, as the second and the
// third version. A card that the picture holds already is left out.
func (c Card) AppendPNG(dst, picture []byte) ([]byte, error) {
	if !IsPNG(picture) {
		return nil, errors.New("the picture is not a PNG")
	}
	dst = append(dst, pngSignature...)
	for part, err := range chunks(picture) {
		if err != nil {
			return nil, err
		}
		if name, _, _ := bytes.Cut(part.body, []byte{0}); isTextChunk(part.kind) && isCardChunk(string(name)) {
			continue
		}
		if part.kind == "IEND" {
			for _, version := range []struct{ chunk, spec string }{{chunkV2, cardV2}, {chunkV3, cardV3}} {
				data, err := c.as(version.spec)
				if err != nil {
					return nil, err
				}
				dst = appendText(dst, version.chunk, base64.StdEncoding.EncodeToString(data))
			}
		}
		dst = append(dst, part.whole...)
	}
	return dst, nil
}

func isTextChunk(kind string) bool { return kind == "tEXt" || kind == "zTXt" || kind == "iTXt" }

func isCardChunk(name string) bool {
	return strings.EqualFold(name, chunkV2) || strings.EqualFold(name, chunkV3)
}

func appendText(dst []byte, keyword, text string) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(keyword)+1+len(text)))
	summed := len(dst)
	dst = append(dst, "tEXt"...)
	dst = append(append(append(dst, keyword...), 0), text...)
	return binary.BigEndian.AppendUint32(dst, crc32.ChecksumIEEE(dst[summed:]))
}
