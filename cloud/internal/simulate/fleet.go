package simulate

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/coldshelf/coldshelf/cloud/internal/mqttsub"
	"github.com/coldshelf/coldshelf/models/wire"
)

// Config configures a fleet. Zero values stand for the defaults in brackets.
type Config struct {
	Broker      string // mqtt://host:1883
	ClientID    string // of the connections; seed and number are appended [cooler-sim]
	Username    string
	Password    string
	TLS         *tls.Config
	Tenant      string        // [default]
	Devices     int           // [10]
	PerStore    int           // devices a store [4]
	Slots       int           // in each cooler [20]
	Connections int           // MQTT connections that the devices share [one per device, at most 1000]
	Every       time.Duration // real time between two looks of a device [10 s]
	Step        time.Duration // time in the shop between two looks [15 min]
	Looks       int           // of each device; 0: until the context ends
	Faults      Faults
	Seed        uint64
	Start       time.Time     // in the shop [so long ago that Looks end now, or a week]
	Drain       time.Duration // how long to wait for the last acknowledgements [60 s]
	Spell       time.Duration // how long a device at first waits for an acknowledgement before it sends a message again [5 s]
	Log         *slog.Logger
}

func (c Config) withDefaults() Config {
	def := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	def(&c.Devices, 10)
	def(&c.PerStore, 4)
	def(&c.Slots, 20)
	def(&c.Connections, min(c.Devices, 1000))
	c.Connections = min(c.Connections, c.Devices)
	if c.ClientID == "" {
		c.ClientID = "cooler-sim"
	}
	if c.Tenant == "" {
		c.Tenant = "default"
	}
	if c.Every < 0 {
		c.Every = 0
	}
	if c.Step <= 0 {
		c.Step = 15 * time.Minute
	}
	if c.Start.IsZero() {
		c.Start = time.Now().Add(-7 * 24 * time.Hour)
		if c.Looks > 0 {
			c.Start = time.Now().Add(-time.Duration(c.Looks) * c.Step)
		}
	}
	if c.Drain <= 0 {
		c.Drain = time.Minute
	}
	if c.Spell <= 0 {
		c.Spell = 5 * time.Second
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// Report is the result of a run.
type Report struct {
	Devices     int     `json:"devices"`
	Connections int     `json:"connections"`
	Messages    int64   `json:"messages"` // different messages that had to be acknowledged
	Stored      int64   `json:"stored"`   // acknowledged
	Rejected    int64   `json:"rejected"` // refused for good
	Again       int64   `json:"again"`    // sent again because there was no acknowledgement
	Rubbish     int64   `json:"rubbish"`  // unreadable payloads sent in addition
	Bytes       int64   `json:"bytes"`
	Seconds     float64 `json:"seconds"`
	PerSecond   float64 `json:"stored_per_second"`
	Lost        int64   `json:"lost"` // neither stored nor refused when the run ended
}

// Fleet is a simulated fleet.
type Fleet struct {
	cfg    Config
	broker *url.URL
	links  []*link
	byName map[string]*box
	linkOf map[*box]*link

	messages, stored, rejected, again, rubbish, bytes atomic.Int64
}

// New creates the devices. Nothing is connected yet.
func New(cfg Config) (*Fleet, error) {
	cfg = cfg.withDefaults()
	broker, err := mqttsub.Address(cfg.Broker)
	if err != nil {
		return nil, fmt.Errorf("simulate: %w", err)
	}
	cfg.Broker = broker.String()
	f := &Fleet{broker: broker, cfg: cfg, byName: map[string]*box{}, linkOf: map[*box]*link{}}
	plan := Planogram(cfg.Slots)
	shares := make([][]*box, cfg.Connections)
	for i := range cfg.Devices {
		d := newDevice(cfg, plan, i, cfg.Start)
		if err := d.id.Validate(); err != nil {
			return nil, fmt.Errorf("simulate: %w", err)
		}
		b := &box{device: d, way: newWay(cfg.Faults, cfg.Seed, i), open: map[uint64]sent{}}
		shares[i%cfg.Connections] = append(shares[i%cfg.Connections], b)
		f.byName[d.id.Device] = b
	}
	for n, boxes := range shares {
		l, err := newLink(cfg, n, boxes, f.heard, cfg.TLS)
		if err != nil {
			return nil, fmt.Errorf("simulate: %w", err)
		}
		for _, b := range boxes {
			f.linkOf[b] = l
		}
		f.links = append(f.links, l)
	}
	return f, nil
}

// heard processes an acknowledgement for one device.
func (f *Fleet) heard(name string, ack *wire.Ack) {
	b, ok := f.byName[name]
	if !ok {
		return
	}
	l := f.linkOf[b]
	l.mu.Lock()
	defer l.mu.Unlock()
	forget := func(seq uint64, n *atomic.Int64) {
		if _, ok := b.open[seq]; ok {
			delete(b.open, seq)
			l.open--
			b.done.Add(seq)
			n.Add(1)
		}
	}
	for _, r := range ack.Ranges {
		if r.Boot != b.device.boot {
			continue
		}
		for seq := r.From; seq <= r.To; seq++ {
			forget(seq, &f.stored)
		}
	}
	for _, r := range ack.Rejected {
		forget(r.Seq, &f.rejected)
	}
}

// Run lets the fleet send until each device has made its looks or ctx ends. Then it waits for the last
// acknowledgements: for Drain, or, once ctx has ended, for at most ten seconds. The report is valid even with
// an error.
func (f *Fleet) Run(ctx context.Context) (Report, error) {
	start := time.Now()
	g, running := errgroup.WithContext(ctx)
	for n, l := range f.links {
		g.Go(func() error { return f.speak(running, l, n) })
	}
	err := g.Wait()
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		err = nil
	}
	if err == nil {
		f.drain(ctx)
	}
	var closing sync.WaitGroup
	for _, l := range f.links {
		closing.Go(func() { l.client.Disconnect(100) })
	}
	closing.Wait()
	return f.Report(time.Since(start)), err
}

// Report returns the result so far.
func (f *Fleet) Report(took time.Duration) Report {
	r := Report{Devices: f.cfg.Devices, Connections: len(f.links), Messages: f.messages.Load(), Stored: f.stored.Load(), Rejected: f.rejected.Load(),
		Again: f.again.Load(), Rubbish: f.rubbish.Load(), Bytes: f.bytes.Load(), Seconds: took.Seconds()}
	r.PerSecond = float64(r.Stored) / took.Seconds()
	r.Lost = r.Messages - r.Stored - r.Rejected
	return r
}

// Away returns how many connections the broker refuses, why it refused one of them at its last attempt, and
// what can be done. paho keeps trying.
func (f *Fleet) Away() (connections int, why, hint string) {
	var last error
	for _, l := range f.links {
		l.mu.Lock()
		if l.away != nil {
			connections++
			last = l.away
		}
		l.mu.Unlock()
	}
	if last != nil {
		why, hint = mqttsub.Explain(last, f.broker)
	}
	return connections, why, hint
}

// speak makes the looks of one link's devices, spread over the interval so that the fleet does not send
// everything at once.
func (f *Fleet) speak(ctx context.Context, l *link, number int) error {
	if err := l.connect(ctx); err != nil {
		return fmt.Errorf("simulate: connect: %w", err)
	}
	pause := f.cfg.Every / time.Duration(max(1, len(l.boxes)))
	if err := sleep(ctx, pause*time.Duration(number)/time.Duration(len(f.links))); err != nil {
		return err
	}
	for look := 0; f.cfg.Looks == 0 || look < f.cfg.Looks; look++ {
		at := f.cfg.Start.Add(time.Duration(look+1) * f.cfg.Step)
		for _, b := range l.boxes {
			if err := f.look(l, b, at); err != nil {
				return err
			}
			if err := f.room(ctx, l); err != nil {
				return err
			}
			if err := sleep(ctx, pause); err != nil {
				return err
			}
			f.again.Add(int64(l.again(time.Now())))
		}
	}
	for _, b := range l.boxes {
		f.bytes.Add(int64(l.say(b, b.way.flush())))
	}
	return nil
}

func (f *Fleet) look(l *link, b *box, at time.Time) error {
	var packets []packet
	for _, env := range b.device.next(at) {
		b.way.clock(env)
		payload, err := wire.Encode(env)
		if err != nil {
			return fmt.Errorf("simulate: %w", err)
		}
		packets = append(packets, packet{env.Topic(env.Body.Kind()), payload, env.Seq})
	}
	f.messages.Add(int64(len(packets)))
	out := b.way.send(packets)
	for _, p := range out {
		if p.seq == 0 {
			f.rubbish.Add(1)
		}
	}
	f.bytes.Add(int64(l.say(b, out)))
	return nil
}

// window is how many messages of a link may be unacknowledged, so that a slow service is not flooded.
const window = 200

// room waits until the link may say more.
func (f *Fleet) room(ctx context.Context, l *link) error {
	for l.waiting() >= window {
		if err := sleep(ctx, 5*time.Millisecond); err != nil {
			return err
		}
		f.again.Add(int64(l.again(time.Now())))
	}
	return nil
}

// stopTime is how long a fleet that is stopped waits for its last acknowledgements.
const stopTime = 10 * time.Second

// drain sends unacknowledged messages again until all are acknowledged or the time for that is over.
func (f *Fleet) drain(stop context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(stop), f.cfg.Drain)
	defer cancel()
	defer context.AfterFunc(stop, func() { time.AfterFunc(stopTime, cancel) })()
	for f.Report(time.Second).Lost > 0 {
		if sleep(ctx, 50*time.Millisecond) != nil {
			return
		}
		for _, l := range f.links {
			f.again.Add(int64(l.again(time.Now())))
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
