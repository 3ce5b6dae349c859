package intake

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"github.com/coldshelf/coldshelf/cloud/internal/sales"
)

// Unpack gives what gzip packed, and anything else as it is.
func Unpack(r io.Reader) (io.Reader, error) {
	in := bufio.NewReader(r)
	if head, _ := in.Peek(2); !bytes.Equal(head, []byte{0x1f, 0x8b}) {
		return in, nil
	}
	packed, err := gzip.NewReader(in)
	if err != nil {
		return nil, fmt.Errorf("unpack: %w", err)
	}
	return packed, nil
}

// charset finds an encoding by its name on the web (utf-8, gbk, windows-1252, utf-16le, shift_jis, …); nil is UTF-8.
func charset(name string) (encoding.Encoding, error) {
	switch strings.ToLower(name) {
	case "", "utf-8", "utf8", "us-ascii":
		return nil, nil
	case "gbk", "gb2312":
		return simplifiedchinese.GB18030, nil // holds the others
	case "utf-16":
		return unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), nil
	}
	enc, err := htmlindex.Get(name)
	if enc == encoding.Replacement {
		return nil, errors.New("nobody reads it")
	}
	return enc, err
}

// ErrCharset is of a Content-Type whose encoding is not known.
var ErrCharset = errors.New("the encoding is not known")

// MediaType is what a Content-Type says: the kind in small letters, and the encoding, "" where it says none. ErrCharset.
func MediaType(header string) (kind, name string, err error) {
	kind, params, _ := strings.Cut(header, ";")
	kind = strings.ToLower(strings.TrimSpace(kind))
	for param := range strings.SplitSeq(params, ";") {
		if key, value, _ := strings.Cut(param, "="); strings.EqualFold(strings.TrimSpace(key), "charset") {
			name = strings.Trim(strings.TrimSpace(value), `"'`)
			break
		}
	}
	if _, err := charset(name); err != nil {
		return kind, "", fmt.Errorf("%w: charset is %q", ErrCharset, name)
	}
	return kind, name, nil
}

// utf8Mark is the byte order mark of UTF-8.
const utf8Mark = "\xef\xbb\xbf"

// Told gives a text in the encoding that its Content-Type says as UTF-8 with a byte order mark, which goes before the
// encoding of a mapping or a document's own word. Where it says none the text stays as it is.
func Told(r io.Reader, name string) (io.Reader, error) {
	enc, err := charset(name)
	if name == "" || err != nil {
		return r, err
	}
	in := bufio.NewReader(r)
	if head, _ := in.Peek(4); isArchive(head) {
		return in, nil // it is no text, which is said where it is read
	}
	var plain transform.Transformer = transform.Nop
	if enc != nil {
		plain = enc.NewDecoder()
	}
	return io.MultiReader(strings.NewReader(utf8Mark), transform.NewReader(in, unicode.BOMOverride(plain))), nil
}

func isArchive(head []byte) bool {
	return bytes.HasPrefix(head, []byte("PK\x03\x04")) || bytes.HasPrefix(head, []byte("\xd0\xcf\x11\xe0"))
}

// Plain is a whole text as Told gives it, without the mark.
func Plain(text []byte, name string) ([]byte, error) {
	told, err := Told(bytes.NewReader(text), name)
	if err == nil {
		text, err = io.ReadAll(told)
	}
	return bytes.TrimPrefix(text, []byte(utf8Mark)), err
}

// peeked is how far the beginning of a file is looked at.
const peeked = 4096

// decoded gives a file as UTF-8. A byte order mark says more than name does; marked tells of one. Bytes that are no
// text of UTF-8 stay as they are, for whoever reads the line to name. What is no text at all is a fault.
func decoded(r io.Reader, name string) (text io.Reader, marked bool, fault *sales.Fault) {
	in := bufio.NewReaderSize(r, peeked)
	head, err := in.Peek(peeked)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
		return nil, false, &sales.Fault{Code: sales.Truncated, Text: "the file breaks off: " + err.Error(), Hint: "send it again whole; what was stored counts once"}
	}
	for _, mark := range []string{utf8Mark, "\xff\xfe", "\xfe\xff"} {
		marked = marked || bytes.HasPrefix(head, []byte(mark))
	}
	enc, err := charset(name)
	switch {
	case err != nil:
		return nil, marked, &sales.Fault{Code: sales.NotUnderstood, Text: fmt.Sprintf("the encoding %q is not known", name), Hint: "save it as UTF-8"}
	case isArchive(head):
		return nil, marked, &sales.Fault{Code: sales.NotUnderstood, Text: "this is an Excel workbook or a ZIP archive, not a text", Hint: "in Excel: Save as, CSV UTF-8; the column of GTINs as text, so that none is rounded"}
	case !marked && enc == nil && bytes.IndexByte(head, 0) >= 0 && bytes.Count(head, []byte{0}) >= len(head)/4:
		return nil, marked, &sales.Fault{Code: sales.NotUnderstood, Text: "this is UTF-16 without a byte order mark, or no text at all", Hint: "save it as UTF-8, or say encoding: utf-16le in the mapping"}
	}
	var plain transform.Transformer = transform.Nop
	if enc != nil {
		plain = enc.NewDecoder()
	}
	return transform.NewReader(in, unicode.BOMOverride(plain)), marked, nil
}

// oldLines makes the line ends of a file that has nothing but carriage returns, as programs for the old Macintosh write
// them, those of today.
func oldLines(r io.Reader) io.Reader {
	in := bufio.NewReaderSize(r, peeked)
	head, _ := in.Peek(peeked)
	if bytes.IndexByte(head, '\n') >= 0 || bytes.IndexByte(head, '\r') < 0 {
		return in
	}
	return crReader{in}
}

type crReader struct{ r io.Reader }

func (c crReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	for i := range p[:n] {
		if p[i] == '\r' {
			p[i] = '\n'
		}
	}
	return n, err
}

var xmlEncoding = regexp.MustCompile(`^\s*<\?xml[^>]*\bencoding\s*=\s*["']([A-Za-z0-9._-]+)["']`)

// xmlText gives a document as UTF-8 whatever it says that it is in; name is what it says.
func xmlText(r io.Reader) (text io.Reader, name string, fault *sales.Fault) {
	in := bufio.NewReaderSize(r, peeked)
	head, _ := in.Peek(200)
	if m := xmlEncoding.FindSubmatch(bytes.TrimPrefix(head, []byte(utf8Mark))); m != nil {
		name = string(m[1])
	}
	if bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")) {
		name = "utf-16"
	}
	text, _, fault = decoded(in, name)
	return text, name, fault
}

// encoded writes UTF-8 as the text of an encoding; what that has no sign for becomes its substitute.
func encoded(w io.Writer, name string) io.Writer {
	enc, err := charset(name)
	if err != nil || enc == nil {
		return w
	}
	return transform.NewWriter(w, encoding.ReplaceUnsupported(enc.NewEncoder()))
}

// notIn is the fault of a line whose bytes are no text of its encoding.
func notIn(name string) *sales.Fault {
	if name == "" {
		name = "utf-8"
	}
	return &sales.Fault{Code: sales.NotUnderstood, Text: "the line is not text in " + name,
		Hint: "save the file as UTF-8, or name its encoding in the mapping: windows-1252, gbk, utf-16le, …"}
}
