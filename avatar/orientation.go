package avatar

import (
	"bytes"
	"encoding/binary"
	"image"
)

// orientation is how a picture has to be turned to stand upright, as EXIF numbers it (CIPA DC-008, tag 0x0112):
// 1 as it is, 2 mirrored, 3 upside down, 4 that mirrored, 5 to 8 on its side.
type orientation uint16

const upright orientation = 1

// upright is the picture turned.
func (o orientation) upright(img *image.NRGBA) *image.NRGBA {
	if o <= upright || o > 8 {
		return img
	}
	w, h := img.Rect.Dx(), img.Rect.Dy()
	tw, th := w, h
	if o >= 5 {
		tw, th = h, w
	}
	out := image.NewNRGBA(image.Rect(0, 0, tw, th))
	for y := range th {
		for x := range tw {
			var sx, sy int
			switch o {
			case 2:
				sx, sy = w-1-x, y
			case 3:
				sx, sy = w-1-x, h-1-y
			case 4:
				sx, sy = x, h-1-y
			case 5:
				sx, sy = y, x
			case 6:
				sx, sy = y, h-1-x
			case 7:
				sx, sy = w-1-y, h-1-x
			case 8:
				sx, sy = w-1-y, x
			}
			copy(out.Pix[out.PixOffset(x, y):][:4], img.Pix[img.PixOffset(sx, sy):][:4])
		}
	}
	return out
}

// pngOrientation reads a PNG's eXIf chunk (PNG third edition, 11.3.3.4), where it comes before the
// picture data.
func pngOrientation(file []byte) orientation {
	rest := file[8:]
	for len(rest) >= 12 {
		size := binary.BigEndian.Uint32(rest)
		kind := rest[4:8]
		if bytes.Equal(kind, []byte("IDAT")) || uint64(size) > uint64(len(rest)-12) {
			break
		}
		if bytes.Equal(kind, []byte("eXIf")) {
			return tiffOrientation(rest[8 : 8+size])
		}
		rest = rest[12+size:]
	}
	return upright
}

// tiffOrientation reads the orientation from EXIF data, which is a TIFF file (TIFF 6.0, section 2): a
// header and a directory of 12-byte entries. Whatever cannot be read is upright.
func tiffOrientation(tiff []byte) orientation {
	if len(tiff) < 8 {
		return upright
	}
	var order binary.ByteOrder
	switch string(tiff[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return upright
	}
	at := uint64(order.Uint32(tiff[4:]))
	if at+2 > uint64(len(tiff)) {
		return upright
	}
	entries := tiff[at+2:]
	for range order.Uint16(tiff[at:]) {
		if len(entries) < 12 {
			break
		}
		const tagOrientation, typeShort = 0x0112, 3
		if order.Uint16(entries) == tagOrientation && order.Uint16(entries[2:]) == typeShort {
			if o := orientation(order.Uint16(entries[8:])); o >= 1 && o <= 8 {
				return o
			}
			break
		}
		entries = entries[12:]
	}
	return upright
}
