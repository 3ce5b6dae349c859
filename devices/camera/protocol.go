package camera

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/coldshelf/coldshelf/vision"
)

// The parent asks with one byte; the child answers with messages of a 20-byte header, big-endian,
// and a body:
//
//	0  magic "CSCW"   4  kind   5  three zero bytes   8  width   12  height   16  length of the body
//
// A frame's body is its BGR bytes, that of a fault or an end is UTF-8 text, a heartbeat has none.
const (
	headerBytes = 20
	maxText     = 4096
	ask         = 'c'
)

type kind byte

const (
	kindHeartbeat kind = iota + 1
	kindFrame
	kindFault // this capture failed; the child goes on
	kindEnd   // the source has ended
	kindLost  // the source cannot be used; the child exits
)

var magic = [4]byte{'C', 'S', 'C', 'W'}

var errProtocol = errors.New("capture worker speaks nonsense")

type message struct {
	kind  kind
	frame vision.Frame
	text  string
}

func writeMessage(w io.Writer, m message) error {
	body := m.frame.BGR
	if m.kind != kindFrame {
		body = []byte(m.text)
		body = body[:min(len(body), maxText)]
	}
	var h [headerBytes]byte
	copy(h[:], magic[:])
	h[4] = byte(m.kind)
	binary.BigEndian.PutUint32(h[8:], uint32(m.frame.Width))
	binary.BigEndian.PutUint32(h[12:], uint32(m.frame.Height))
	binary.BigEndian.PutUint32(h[16:], uint32(len(body)))
	if _, err := w.Write(h[:]); err != nil {
		return err
	}
	_, err := w.Write(body)
	return err
}

// readMessage refuses what does not hold together before it takes memory for it.
func readMessage(r io.Reader) (message, error) {
	var h [headerBytes]byte
	if _, err := io.ReadFull(r, h[:]); err != nil {
		return message{}, err
	}
	m := message{kind: kind(h[4])}
	length := binary.BigEndian.Uint32(h[16:])
	if [4]byte(h[:4]) != magic || h[5]|h[6]|h[7] != 0 {
		return message{}, fmt.Errorf("%w: header %x", errProtocol, h)
	}
	switch m.kind {
	case kindFrame:
		m.frame.Width, m.frame.Height = int(binary.BigEndian.Uint32(h[8:])), int(binary.BigEndian.Uint32(h[12:]))
		if m.frame.Width <= 0 || m.frame.Height <= 0 || m.frame.Width > vision.MaxPixels/m.frame.Height || int(length) != 3*m.frame.Width*m.frame.Height {
			return message{}, fmt.Errorf("%w: frame of %d×%d in %d bytes", errProtocol, m.frame.Width, m.frame.Height, length)
		}
	case kindHeartbeat, kindFault, kindEnd, kindLost:
		if length > maxText {
			return message{}, fmt.Errorf("%w: text of %d bytes", errProtocol, length)
		}
	default:
		return message{}, fmt.Errorf("%w: kind %d", errProtocol, m.kind)
	}
	body := make([]byte, length)
	if _, err := io.ReadFull(r, body); err != nil {
		return message{}, err
	}
	if m.kind == kindFrame {
		m.frame.BGR = body
	} else {
		m.text = string(body)
	}
	return m, nil
}
