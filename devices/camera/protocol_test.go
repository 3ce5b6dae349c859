package camera

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/coldshelf/coldshelf/vision"
)

// FuzzReadMessage: whatever the child says is a message that is written the same way again, or a named
// error; never a panic.
func FuzzReadMessage(f *testing.F) {
	for _, m := range []message{
		{kind: kindHeartbeat}, {kind: kindFault, text: "why"}, {kind: kindEnd, text: "ended"}, {kind: kindLost},
		{kind: kindFrame, frame: vision.Frame{Width: 2, Height: 1, BGR: []byte{1, 2, 3, 4, 5, 6}}},
	} {
		var b bytes.Buffer
		if err := writeMessage(&b, m); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
		f.Add(b.Bytes()[:b.Len()-1])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := readMessage(bytes.NewReader(data))
		if err != nil {
			if !errors.Is(err, errProtocol) && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("unnamed error: %v", err)
			}
			return
		}
		var b bytes.Buffer
		if err := writeMessage(&b, m); err != nil {
			t.Fatal(err)
		}
		again, err := readMessage(&b)
		if err != nil || again.kind != m.kind || again.text != m.text || !bytes.Equal(again.frame.BGR, m.frame.BGR) {
			t.Errorf("got %v %v, want %v", again, err, m)
		}
	})
}
