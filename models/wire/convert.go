package wire

import (
	"errors"
	"fmt"
	"time"

	"github.com/coldshelf/coldshelf/models/wire/wirepb"
)

// clock turns times of a body into offsets from the envelope's time and back: they are close, so
// the offsets are short.
type clock struct{ base int64 }

func (c clock) out(t time.Time) int64 { return t.UnixMicro() - c.base }

func (c clock) in(offset int64) time.Time { return time.UnixMicro(c.base + offset).UTC() }

func (c clock) outOptional(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	v := c.out(t)
	return &v
}

func (c clock) inOptional(offset *int64) time.Time {
	if offset == nil {
		return time.Time{}
	}
	return c.in(*offset)
}

// each converts a slice, keeping nil for none.
func each[A, B any](in []A, f func(A) B) []B {
	if len(in) == 0 {
		return nil
	}
	out := make([]B, len(in))
	for i, v := range in {
		out[i] = f(v)
	}
	return out
}

// toPB is given a checked envelope.
func toPB(e *Envelope) (*wirepb.Body, error) {
	c := clock{e.CapturedAt.UnixMicro()}
	switch b := e.Body.(type) {
	case *Observation:
		return &wirepb.Body{Kind: &wirepb.Body_Observation{Observation: packObservation(c, &b.Observation)}}, nil
	case *Delta:
		return &wirepb.Body{Kind: &wirepb.Body_Observation{Observation: b.pb}}, nil
	case *Telemetry:
		return &wirepb.Body{Kind: &wirepb.Body_Telemetry{Telemetry: telemetryToPB(c, b)}}, nil
	case *Event:
		return &wirepb.Body{Kind: &wirepb.Body_Event{Event: &wirepb.Event{
			AtUs: c.out(b.At), Type: b.Type, Slot: b.Slot, Gtin: gtinNumber(b.GTIN), Detail: b.Detail,
		}}}, nil
	case *Picture:
		return &wirepb.Body{Kind: &wirepb.Body_Picture{Picture: &wirepb.Picture{
			ObservationSeq: b.ObservationSeq, Jpeg: b.JPEG, Width: uint32(b.Width), Height: uint32(b.Height), Purpose: b.Purpose,
		}}}, nil
	case *Birth:
		return &wirepb.Body{Kind: &wirepb.Body_Birth{Birth: birthToPB(c, b)}}, nil
	case *Gap:
		return &wirepb.Body{Kind: &wirepb.Body_Gap{Gap: &wirepb.Gap{
			Boot: b.Boot, FromSeq: b.FromSeq, ToSeq: b.ToSeq, Count: b.Count, Reason: b.Reason,
		}}}, nil
	case *Answer:
		return &wirepb.Body{Kind: &wirepb.Body_Answer{Answer: &wirepb.Answer{CommandId: b.CommandID, Ok: b.OK, Detail: b.Detail}}}, nil
	case *Reported:
		return &wirepb.Body{Kind: &wirepb.Body_Reported{Reported: &wirepb.Reported{
			DesiredVersion: b.DesiredVersion, Outcome: b.Outcome, Detail: b.Detail,
		}}}, nil
	case *Status:
		return &wirepb.Body{Kind: &wirepb.Body_Status{Status: &wirepb.Status{
			Online: b.Online, AtUs: c.out(b.At), Boot: b.Boot, Birth: birthToPB(c, b.Birth),
		}}}, nil
	case *Ack:
		return &wirepb.Body{Kind: &wirepb.Body_Ack{Ack: &wirepb.Ack{
			Ranges: each(b.Ranges, func(r AckRange) *wirepb.Range {
				return &wirepb.Range{Boot: r.Boot, From: r.From, To: r.To}
			}),
			Rejected: each(b.Rejected, func(r Rejection) *wirepb.Rejection {
				return &wirepb.Rejection{Boot: r.Boot, Seq: r.Seq, Reason: r.Reason}
			}),
		}}}, nil
	case *Command:
		return &wirepb.Body{Kind: &wirepb.Body_Command{Command: &wirepb.Command{
			Id: b.ID, Name: b.Name, Args: b.Args, ExpiresUs: c.outOptional(b.Expires),
		}}}, nil
	case *Desired:
		return &wirepb.Body{Kind: &wirepb.Body_Desired{Desired: desiredToPB(b)}}, nil
	}
	return nil, fmt.Errorf("a body of type %T", e.Body)
}

// fromPB gives a body that check has still to judge.
func fromPB(e *Envelope, body *wirepb.Body) (Body, error) {
	c := clock{e.CapturedAt.UnixMicro()}
	switch k := body.GetKind().(type) {
	case *wirepb.Body_Observation:
		return observationFromPB(c, k.Observation)
	case *wirepb.Body_Telemetry:
		return telemetryFromPB(c, k.Telemetry)
	case *wirepb.Body_Event:
		gtin, err := gtinOf(k.Event.Gtin)
		if err != nil {
			return nil, fmt.Errorf("event: %w", err)
		}
		return &Event{At: c.in(k.Event.AtUs), Type: k.Event.Type, Slot: k.Event.Slot, GTIN: gtin, Detail: k.Event.Detail}, nil
	case *wirepb.Body_Picture:
		p := k.Picture
		return &Picture{ObservationSeq: p.ObservationSeq, JPEG: p.Jpeg, Width: int(p.Width), Height: int(p.Height), Purpose: p.Purpose}, nil
	case *wirepb.Body_Birth:
		return birthFromPB(c, k.Birth), nil
	case *wirepb.Body_Gap:
		g := k.Gap
		return &Gap{Boot: g.Boot, FromSeq: g.FromSeq, ToSeq: g.ToSeq, Count: g.Count, Reason: g.Reason}, nil
	case *wirepb.Body_Answer:
		return &Answer{CommandID: k.Answer.CommandId, OK: k.Answer.Ok, Detail: k.Answer.Detail}, nil
	case *wirepb.Body_Reported:
		return &Reported{DesiredVersion: k.Reported.DesiredVersion, Outcome: k.Reported.Outcome, Detail: k.Reported.Detail}, nil
	case *wirepb.Body_Status:
		s := k.Status
		return &Status{Online: s.Online, At: c.in(s.AtUs), Boot: s.Boot, Birth: birthFromPB(c, s.Birth)}, nil
	case *wirepb.Body_Ack:
		return &Ack{
			Ranges: each(k.Ack.Ranges, func(r *wirepb.Range) AckRange { return AckRange{r.GetBoot(), r.GetFrom(), r.GetTo()} }),
			Rejected: each(k.Ack.Rejected, func(r *wirepb.Rejection) Rejection {
				return Rejection{r.GetBoot(), r.GetSeq(), r.GetReason()}
			}),
		}, nil
	case *wirepb.Body_Command:
		return &Command{ID: k.Command.Id, Name: k.Command.Name, Args: k.Command.Args, Expires: c.inOptional(k.Command.ExpiresUs)}, nil
	case *wirepb.Body_Desired:
		return desiredFromPB(k.Desired)
	}
	return nil, errors.New("no body of a kind known here")
}

func birthToPB(c clock, b *Birth) *wirepb.Birth {
	if b == nil {
		return nil
	}
	return &wirepb.Birth{
		AgentVersion: b.AgentVersion, Model: b.Model, Runtime: b.Runtime,
		PlanogramId: b.PlanogramID, PlanogramVersion: uint32(b.PlanogramVersion),
		Gallery: b.Gallery, Board: b.Board, StartedAtUs: c.outOptional(b.StartedAt),
		BootCount: b.BootCount, DesiredVersion: b.DesiredVersion, Devices: b.Devices, Arch: b.Arch,
	}
}

func birthFromPB(c clock, b *wirepb.Birth) *Birth {
	if b == nil {
		return nil
	}
	return &Birth{
		AgentVersion: b.AgentVersion, Model: b.Model, Runtime: b.Runtime,
		PlanogramID: b.PlanogramId, PlanogramVersion: int(b.PlanogramVersion),
		Gallery: b.Gallery, Board: b.Board, StartedAt: c.inOptional(b.StartedAtUs),
		BootCount: b.BootCount, DesiredVersion: b.DesiredVersion, Devices: b.Devices, Arch: b.Arch,
	}
}

func desiredToPB(d *Desired) *wirepb.Desired {
	out := &wirepb.Desired{
		Version: d.Version, Planogram: d.Planogram, Thresholds: d.Thresholds,
		Gallery: bundleToPB(d.Gallery), Model: bundleToPB(d.Model), Agent: bundleToPB(d.Agent),
	}
	if s := d.Schedule; s != nil {
		out.Schedule = &wirepb.Schedule{
			EveryMs: uint64(s.Every.Milliseconds()), At: s.At, OnDoorClose: s.OnDoorClose,
			SettleMs: uint64(s.Settle.Milliseconds()), Hours: s.Hours,
		}
	}
	return out
}

func desiredFromPB(d *wirepb.Desired) (*Desired, error) {
	out := &Desired{
		Version: d.Version, Planogram: d.Planogram, Thresholds: d.Thresholds,
		Gallery: bundleFromPB(d.Gallery), Model: bundleFromPB(d.Model), Agent: bundleFromPB(d.Agent),
	}
	if s := d.Schedule; s != nil {
		every, err1 := milliseconds("every", s.EveryMs)
		settle, err2 := milliseconds("settle", s.SettleMs)
		if err := errors.Join(err1, err2); err != nil {
			return nil, fmt.Errorf("desired: schedule: %w", err)
		}
		out.Schedule = &Schedule{Every: every, At: s.At, OnDoorClose: s.OnDoorClose, Settle: settle, Hours: s.Hours}
	}
	return out, nil
}

func bundleToPB(b *Bundle) *wirepb.Bundle {
	if b == nil {
		return nil
	}
	return &wirepb.Bundle{Version: b.Version, Url: b.URL, Sha256: b.SHA256, Size: b.Size}
}

func bundleFromPB(b *wirepb.Bundle) *Bundle {
	if b == nil {
		return nil
	}
	return &Bundle{Version: b.Version, URL: b.Url, SHA256: b.Sha256, Size: b.Size}
}

// maxSpan bounds every duration on the wire: ten years, far from time.Duration's overflow.
const maxSpan = 10 * 366 * 24 * time.Hour

func milliseconds(name string, ms uint64) (time.Duration, error) {
	if ms > uint64(maxSpan.Milliseconds()) {
		return 0, fmt.Errorf("%s: %d ms is more than ten years", name, ms)
	}
	return time.Duration(ms) * time.Millisecond, nil
}
