package picture

import (
	"bytes"
	"encoding/binary"

	"github.com/coldshelf/coldshelf/vision"
)

// orientation returns the EXIF orientation (1 to 8) of a JPEG file, or 1 if there is none or it cannot be read:
// a photo with broken EXIF is still a photo.
//
// Source: CIPA DC-008 (Exif 2.32), 4.5.4 and 4.6.4 A, tag 274.
func orientation(data []byte) int {
	for at := 2; at+4 <= len(data) && data[at] == 0xff; {
		marker, size := data[at+1], int(binary.BigEndian.Uint16(data[at+2:]))
		if marker == 0xda || size < 2 || at+2+size > len(data) {
			return 1
		}
		if body := data[at+4 : at+2+size]; marker == 0xe1 && bytes.HasPrefix(body, []byte("Exif\x00\x00")) {
			return tiffOrientation(body[6:])
		}
		at += 2 + size
	}
	return 1
}

func tiffOrientation(tiff []byte) int {
	if len(tiff) < 8 {
		return 1
	}
	var order binary.ByteOrder = binary.BigEndian
	if tiff[0] == 'I' {
		order = binary.LittleEndian
	}
	at := int(order.Uint32(tiff[4:]))
	if at < 8 || at+2 > len(tiff) {
		return 1
	}
	count := int(order.Uint16(tiff[at:]))
	for i := range count {
		entry := at + 2 + 12*i
		if entry+12 > len(tiff) {
			return 1
		}
		if order.Uint16(tiff[entry:]) == 274 {
			if v := int(order.Uint16(tiff[entry+8:])); v >= 1 && v <= 8 {
				return v
			}
			return 1
		}
	}
	return 1
}

// upright rotates and mirrors a frame as its EXIF orientation demands.
func upright(f vision.Frame, orientation int) vision.Frame {
	if orientation <= 1 {
		return f
	}
	out := vision.Frame{Width: f.Width, Height: f.Height, BGR: make([]byte, len(f.BGR)), CapturedAt: f.CapturedAt}
	if orientation >= 5 {
		out.Width, out.Height = f.Height, f.Width
	}
	right, bottom := f.Width-1, f.Height-1
	for y := range out.Height {
		for x := range out.Width {
			var sx, sy int
			switch orientation {
			case 2:
				sx, sy = right-x, y
			case 3:
				sx, sy = right-x, bottom-y
			case 4:
				sx, sy = x, bottom-y
			case 5:
				sx, sy = y, x
			case 6:
				sx, sy = y, bottom-x
			case 7:
				sx, sy = right-y, bottom-x
			case 8:
				sx, sy = right-y, x
			}
			copy(out.BGR[3*(y*out.Width+x):][:3], f.BGR[3*(sy*f.Width+sx):])
		}
	}
	return out
}
