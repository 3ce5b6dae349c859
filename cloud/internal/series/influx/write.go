package influx

import (
	"context"
	"errors"
	"fmt"
	nethttp "net/http"

	"github.com/influxdata/influxdb-client-go/v2/api/http"
	"golang.org/x/sync/errgroup"

	"github.com/coldshelf/coldshelf/cloud/internal/series"
)

// maxLines keeps a request below a few megabytes before compression. maxRequests bounds how many are in
// progress at once.
const (
	maxLines    = 5000
	maxRequests = 4
)

// Write sends messages and returns nil when the server has taken all of them.
func (s *Store) Write(ctx context.Context, messages []series.Message) error {
	type name struct {
		tenant, device string
		boot           uint32
		seq            uint64
	}
	fresh, doubtful := make([]*series.Message, 0, len(messages)), map[name]bool{}
	for i := range messages {
		m := &messages[i]
		if m.AtDoubtful {
			// It is dated by its arrival, so a repetition would not overwrite the first one, neither here nor
			// on the server.
			n := name{m.Tenant, m.Device, m.Boot, m.Seq}
			if doubtful[n] {
				continue
			}
			doubtful[n] = true
			known, err := s.has(ctx, m)
			if err != nil {
				return fmt.Errorf("write series: %w", err)
			}
			if known {
				continue
			}
		}
		fresh = append(fresh, m)
	}
	requests, ctx := errgroup.WithContext(ctx)
	requests.SetLimit(maxRequests)
	for len(fresh) > 0 {
		n, points := 0, 0
		for n < len(fresh) && (n == 0 || points < maxLines) {
			points += 1 + len(fresh[n].Slots)
			n++
		}
		part := fresh[:n]
		requests.Go(func() error { return s.send(ctx, part) })
		fresh = fresh[n:]
	}
	return requests.Wait()
}

// send writes a batch, or finds the message in it that the server refuses.
func (s *Store) send(ctx context.Context, batch []*series.Message) error {
	points := 0
	for _, m := range batch {
		points += 1 + len(m.Slots)
	}
	lines := make([]byte, 0, 128*points)
	for _, m := range batch {
		var err error
		if lines, err = appendLines(lines, m); err != nil {
			return &series.Refused{Message: m, Reason: err.Error()}
		}
	}
	if len(lines) == 0 {
		return nil
	}
	err := s.write.WriteRecord(ctx, string(lines))
	if err == nil {
		return nil
	}
	if !refused(err) {
		return fmt.Errorf("write series: %w", err)
	}
	if len(batch) == 1 {
		return &series.Refused{Message: batch[0], Reason: err.Error()}
	}
	// The part of the batch that the server has taken overwrites itself when it is sent again.
	half := len(batch) / 2
	if err := s.send(ctx, batch[:half]); err != nil {
		return err
	}
	return s.send(ctx, batch[half:])
}

// refused reports whether the server will refuse the same points every time. A missing bucket or a wrong token
// is not the points' fault.
func refused(err error) bool {
	var he *http.Error
	if !errors.As(err, &he) {
		return false
	}
	switch he.StatusCode {
	case nethttp.StatusBadRequest, nethttp.StatusRequestEntityTooLarge, nethttp.StatusUnprocessableEntity:
		return true
	}
	return false
}
