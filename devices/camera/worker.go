package camera

import (
	"bufio"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coldshelf/coldshelf/vision"
)

// Grabber is a capture library's open source. Calls never overlap. Either may hang.
type Grabber interface {
	// Grab moves on by one frame without decoding it. At the end of a file it is io.EOF.
	Grab() error
	// Retrieve decodes the frame that Grab moved to.
	Retrieve() (vision.Frame, error)
	Close() error
}

// heartbeat of the child; the parent's patience must be longer.
const heartbeat = 500 * time.Millisecond

// Serve is the child: it answers the parent's asks on in with frames on out until in ends. A live
// source is grabbed from all the time, so that a frame is what is there now and not what a buffer
// kept, and the heart beats only while grabs succeed. A file is grabbed from when asked.
//
// Done gives a value when the source is lost and the parent was told, an error if it could not be told.
// Gone is closed when in has ended, for the caller to leave with: a Grab that hangs cannot be called back.
func Serve(in io.Reader, out io.Writer, live bool, opts Options, open func() (Grabber, error)) (gone <-chan struct{}, done <-chan error) {
	goneC, doneC := make(chan struct{}), make(chan error, 1)
	asks := make(chan struct{}, 1)
	go func() {
		defer close(goneC)
		r := bufio.NewReader(in)
		for {
			if _, err := r.ReadByte(); err != nil {
				return
			}
			select {
			case asks <- struct{}{}:
			default:
			}
		}
	}()
	w := &worker{out: bufio.NewWriterSize(out, 1<<20), opts: opts, open: open, live: live}
	go w.beat(goneC)
	go func() { doneC <- w.run(asks, goneC) }()
	return goneC, doneC
}

type worker struct {
	opts     Options
	open     func() (Grabber, error)
	live     bool
	progress atomic.Int64 // grabs that succeeded
	busy     atomic.Bool  // a file is being read from

	mu  sync.Mutex
	out *bufio.Writer
}

func (w *worker) say(m message) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := writeMessage(w.out, m); err != nil {
		return err
	}
	return w.out.Flush()
}

// beat tells that frames come, or that none are asked for.
func (w *worker) beat(gone <-chan struct{}) {
	tick := time.NewTicker(heartbeat)
	defer tick.Stop()
	var last int64
	for {
		select {
		case <-gone:
			return
		case <-tick.C:
		}
		now := w.progress.Load()
		idle := !w.live && !w.busy.Load()
		if now != last || idle {
			if w.say(message{kind: kindHeartbeat}) != nil {
				return
			}
		}
		last = now
	}
}

func (w *worker) run(asks <-chan struct{}, gone <-chan struct{}) error {
	g, err := w.open()
	if err != nil {
		return w.say(message{kind: kindLost, text: err.Error()})
	}
	defer func() { g.Close() }()
	for {
		asked := false
		if w.live {
			select {
			case <-gone:
				return nil
			case <-asks:
				asked = true
			default:
			}
		} else {
			select {
			case <-gone:
				return nil
			case <-asks:
				asked = true
			}
		}
		w.busy.Store(true)
		if err := w.forward(&g, asked); err != nil {
			return w.say(message{kind: kindLost, text: err.Error()})
		}
		w.busy.Store(false)
	}
}

// forward grabs, and when asked sends what it grabbed.
func (w *worker) forward(g *Grabber, asked bool) error {
	steps := 1
	if !w.live {
		steps = w.opts.step()
		if w.progress.Load() == 0 {
			steps = 1 // the first frame of a file counts
		}
	}
	for range steps {
		err := (*g).Grab()
		if errors.Is(err, io.EOF) && w.opts.Loop && w.progress.Load() > 0 {
			if err = w.reopen(g); err == nil {
				err = (*g).Grab()
			}
		}
		if errors.Is(err, io.EOF) {
			return w.say(message{kind: kindEnd, text: err.Error()})
		}
		if err != nil {
			return err
		}
		w.progress.Add(1)
	}
	if !asked {
		return nil
	}
	f, err := (*g).Retrieve()
	if err == nil {
		f, err = check(f)
	}
	if err != nil {
		return w.say(message{kind: kindFault, text: err.Error()})
	}
	return w.say(message{kind: kindFrame, frame: f})
}

func (w *worker) reopen(g *Grabber) error {
	next, err := w.open()
	if err != nil {
		return err
	}
	(*g).Close()
	*g = next
	return nil
}
