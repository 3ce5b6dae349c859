package wire

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/coldshelf/coldshelf/models/telemetry"
	"github.com/coldshelf/coldshelf/models/wire/wirepb"
)

// deflateFrom is the size of a serialised body, in bytes, from which deflating it is tried: below,
// the code tables cost more than they save.
const deflateFrom = 96

// maxDepth of nested messages, of which the schema itself has 5. Groups in fields that nobody knows
// are passed over by protowire, which refuses them at 10,000.
const maxDepth = 16

// Encode checks the envelope by the rules of FORMAT.md and serialises it, its body deflated where
// that is shorter. An *Observation is written complete; EncodeDelta writes the short form. Errors
// are ErrMalformed or ErrTooLarge and name the field.
func Encode(e *Envelope) ([]byte, error) {
	if e == nil || e.Body == nil {
		return nil, fmt.Errorf("%w: no body", ErrMalformed)
	}
	if d, ok := e.Body.(*Delta); ok && d.pb == nil {
		return nil, fmt.Errorf("%w: a delta is made by EncodeDelta", ErrMalformed)
	}
	if err := check(e); err != nil {
		return nil, err
	}
	body, err := toPB(e)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrMalformed, e.Body.Kind(), err)
	}
	return seal(e, body)
}

// seal puts the body into its envelope and that into bytes.
func seal(e *Envelope, body *wirepb.Body) ([]byte, error) {
	out := &wirepb.Envelope{
		Version: Version,
		Tenant:  e.Tenant, Store: e.Store, Device: e.Device,
		Boot: e.Boot, Seq: e.Seq,
		CapturedAtUs: e.CapturedAt.UnixMicro(),
		Clock:        wirepb.Clock(e.Clock),
	}
	marshal := proto.MarshalOptions{Deterministic: true}
	plain, err := marshal.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrMalformed, e.Body.Kind(), err)
	}
	if packed := deflate(e.Body.Kind(), plain); packed != nil {
		out.BodyDeflate = packed
	} else {
		out.Body = body
	}
	data, err := marshal.Marshal(out)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if limit := e.Body.Kind().Limit(); len(data) > limit || len(plain) > limit {
		return nil, fmt.Errorf("%w: %s of %d bytes, the limit is %d", ErrTooLarge, e.Body.Kind(), max(len(data), len(plain)), limit)
	}
	return data, nil
}

// Compressors are used again: a new one takes 0.8 MB to write and 40 kB to read, for messages of some
// hundred bytes.
var (
	deflaters = sync.Pool{New: func() any {
		w, err := flate.NewWriter(io.Discard, flate.BestCompression)
		if err != nil {
			return nil // the level is valid
		}
		return w
	}}
	inflaters = sync.Pool{New: func() any {
		r, ok := flate.NewReader(bytes.NewReader(nil)).(flate.Resetter)
		if !ok {
			return nil // the library says that it is one
		}
		return &inflater{resetter: r}
	}}
)

// inflater is a decompressor with what it reads from and writes to.
type inflater struct {
	resetter flate.Resetter // and an io.Reader
	src      bytes.Reader
	plain    bytes.Buffer
}

// deflate gives nil where the plain form is as good: short bodies, and JPEGs, which do not shrink.
func deflate(k Kind, plain []byte) []byte {
	if len(plain) < deflateFrom || k == KindPicture {
		return nil
	}
	var out bytes.Buffer
	w, ok := deflaters.Get().(*flate.Writer)
	if !ok {
		return nil
	}
	defer deflaters.Put(w)
	w.Reset(&out)
	if _, err := w.Write(plain); err != nil || w.Close() != nil || out.Len() >= len(plain) {
		return nil
	}
	return out.Bytes()
}

// inflate gives the plain form to use, which does not outlive its call, and what use said.
func inflate(packed []byte, use func(plain []byte) error) error {
	in, ok := inflaters.Get().(*inflater)
	if !ok {
		return fmt.Errorf("%w: deflated body", ErrMalformed)
	}
	in.src.Reset(packed)
	in.plain.Reset()
	defer func() {
		if in.plain.Cap() <= MaxMessage { // a few large ones would be kept for ever
			inflaters.Put(in)
		}
	}()
	r, ok := in.resetter.(io.Reader)
	if !ok || in.resetter.Reset(&in.src, nil) != nil {
		return fmt.Errorf("%w: deflated body", ErrMalformed)
	}
	_, err := in.plain.ReadFrom(io.LimitReader(r, MaxDesired+1))
	switch {
	case in.plain.Len() > MaxDesired:
		return fmt.Errorf("%w: body inflates to more than %d bytes", ErrTooLarge, MaxDesired)
	case err != nil:
		return fmt.Errorf("%w: deflated body: %w", ErrMalformed, err)
	case in.src.Len() > 0:
		return fmt.Errorf("%w: %d bytes after the deflated body", ErrMalformed, in.src.Len())
	}
	return use(in.plain.Bytes())
}

// Decode reads one payload. The version is judged before anything else, then sizes, then each
// field's range; unknown fields are ignored. Errors: ErrVersion, ErrTooLarge, ErrMalformed; then
// the envelope is nil and Peek tells what can still be read of it. An observation in the short form
// comes as a *Delta, which Resolve completes.
func Decode(data []byte) (*Envelope, error) {
	if len(data) > MaxPayload {
		return nil, fmt.Errorf("%w: %d bytes, the limit is %d", ErrTooLarge, len(data), MaxPayload)
	}
	if version, err := versionOf(data); err != nil {
		return nil, err
	} else if version != Version {
		return nil, ErrVersion{Got: version}
	}
	if len(data) > MaxMessage && !mayBeLarge(data) {
		return nil, fmt.Errorf("%w: %d bytes, and neither a picture nor desired state", ErrTooLarge, len(data))
	}
	var in wirepb.Envelope
	if err := unmarshalEnvelope(data, &in); err != nil {
		return nil, malformed(err)
	}
	e := &Envelope{
		Identity:   Identity{in.Tenant, in.Store, in.Device},
		Boot:       in.Boot,
		Seq:        in.Seq,
		CapturedAt: time.UnixMicro(in.CapturedAtUs).UTC(),
	}
	size := len(data)
	body := in.Body
	switch {
	case body != nil && in.BodyDeflate != nil:
		return nil, fmt.Errorf("%w: a body and a deflated body", ErrMalformed)
	case in.BodyDeflate != nil:
		err := inflate(in.BodyDeflate, func(plain []byte) (err error) {
			size = max(size, len(plain))
			if e.Body, err = completeObservation(e, plain); e.Body != nil || err != nil {
				return malformed(err)
			}
			body = &wirepb.Body{}
			if err := unmarshal.Unmarshal(plain, body); err != nil { // it copies what it keeps
				return fmt.Errorf("%w: deflated body: %w", ErrMalformed, err)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	if in.Clock < 0 || in.Clock > wirepb.Clock_CLOCK_NTP {
		return nil, fmt.Errorf("%w: clock quality %d is not known", ErrMalformed, in.Clock)
	}
	e.Clock = telemetry.ClockQuality(in.Clock)
	if e.Body == nil {
		var err error
		if e.Body, err = fromPB(e, body); err != nil {
			return nil, malformed(err)
		}
	}
	if limit := e.Body.Kind().Limit(); size > limit {
		return nil, fmt.Errorf("%w: %s of %d bytes, the limit is %d", ErrTooLarge, e.Body.Kind(), size, limit)
	}
	if err := checkDecoded(e); err != nil {
		return nil, err
	}
	return e, nil
}

func malformed(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrMalformed, err)
}

// mayBeLarge tells whether every body in an envelope is a single one of the kinds that can be large, by
// its tag alone. Decoding comes after: of the other kinds two bytes can stand for a whole struct.
func mayBeLarge(data []byte) bool {
	for len(data) > 0 {
		field, kind, n := protowire.ConsumeTag(data)
		if n < 0 {
			return false
		}
		m := protowire.ConsumeFieldValue(field, kind, data[n:])
		if m < 0 {
			return false
		}
		if body, n := protowire.ConsumeBytes(data[n : n+m]); field == fieldBody && kind == protowire.BytesType && n >= 0 {
			what, _, n := protowire.ConsumeField(body)
			if what != fieldPicture && what != fieldDesired || n != len(body) {
				return false
			}
		}
		data = data[n+m:]
	}
	return true
}

// Numbers of fields in wirepb/coldshelf.proto.
const (
	fieldBody        = 9
	fieldObservation = 1
	fieldPicture     = 4
	fieldDesired     = 19
)

// Header is what can be told of a payload without its body.
type Header struct {
	Version uint32
	Identity
	Boot uint32
	Seq  uint64
}

// Peek reads the header of a payload that Decode refused, so that whoever quarantines it can tell
// the board to move on. ok is false where the identity, boot or seq cannot be read or do not fit; it
// is also false for other versions, whose fields may mean something else.
func Peek(data []byte) (h Header, ok bool) {
	for len(data) > 0 {
		num, typ, n := protowire.ConsumeTag(data)
		if n < 0 {
			break
		}
		value := data[n:]
		size := protowire.ConsumeFieldValue(num, typ, value)
		if size < 0 {
			break
		}
		switch {
		case typ == protowire.VarintType:
			v, _ := protowire.ConsumeVarint(value)
			switch num {
			case 1:
				h.Version = uint32(v)
			case 5:
				h.Boot = uint32(v)
			case 6:
				h.Seq = v
			}
		case typ == protowire.BytesType && num >= 2 && num <= 4:
			v, _ := protowire.ConsumeBytes(value)
			*[...]*string{&h.Tenant, &h.Store, &h.Device}[num-2] = string(v)
		}
		data = value[size:]
	}
	return h, h.Version == Version && h.Identity.Validate() == nil && h.Boot > 0 && h.Seq > 0
}

var errNoVersion = errors.New("no version")

// versionOf finds the envelope's version without trusting that the rest is of a version known here.
// The last one counts where it is there twice, as in protobuf.
func versionOf(data []byte) (uint32, error) {
	var version uint64
	found := false
	for len(data) > 0 {
		num, typ, n := protowire.ConsumeField(data)
		if n < 0 {
			return 0, fmt.Errorf("%w: %w", ErrMalformed, protowire.ParseError(n))
		}
		if num == 1 && typ == protowire.VarintType {
			_, _, tag := protowire.ConsumeTag(data)
			version, _ = protowire.ConsumeVarint(data[tag:])
			found = true
		}
		data = data[n:]
	}
	if !found {
		return 0, fmt.Errorf("%w: %w", ErrMalformed, errNoVersion)
	}
	if version > 1<<32-1 {
		return 1<<32 - 1, nil
	}
	return uint32(version), nil
}
