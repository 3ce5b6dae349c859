package live

import (
	"context"
	"errors"
	"time"

	"github.com/gorilla/websocket"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/problem"
)

// conn is one WebSocket. Only the goroutine of serve writes to it, and only that of read reads from it.
type conn struct {
	hub           *Hub
	ws            *websocket.Conn
	tenant        string
	log           string    // identity of the log
	grant         string    // names the credential with which it was admitted
	asked         time.Time // when that was last found valid; belongs to the writing goroutine
	subscriptions chan subscription
	faults        chan Fault
	gone          chan struct{} // closed when nothing more can be read

	began, spoke, pinged time.Time // the last subscription, message and ping; they belong to the writing goroutine
}

// subscription is what the client asked for last.
type subscription struct {
	key       string
	selection *selection
	snapshot  bool
	log       string // the log that the cursor belongs to; "": the client does not say
	cursor    int64
}

// Reasons for ending a connection that are nobody's fault.
var (
	errGone    = errors.New("the client has gone")
	errClosing = errors.New("the server stops")
)

// serve runs the connection to its end.
func (c *conn) serve() {
	ctx, cancel := context.WithCancel(context.Background())
	go c.read(cancel)
	err := c.write(ctx)
	code, text := websocket.CloseNormalClosure, ""
	switch {
	case errors.Is(err, errClosing):
		code, text = websocket.CloseServiceRestart, "the server restarts, come back with your cursor"
	case errors.Is(err, errFault), errors.Is(err, ErrEnded):
		code = websocket.ClosePolicyViolation
	case err != nil && !errors.Is(err, errGone) && ctx.Err() == nil:
		code, text = websocket.CloseInternalServerErr, "the server cannot read the log, come back with your cursor"
		c.hub.cfg.Log.Error("live connection failed", "tenant", c.tenant, "err", err)
	}
	c.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, text), time.Now().Add(time.Second))
	c.ws.Close()
	cancel()
	<-c.gone
}

// read receives the client's messages until the connection ends. A client that answers no ping for three
// heartbeats is considered gone.
func (c *conn) read(cancel context.CancelFunc) {
	defer close(c.gone)
	defer cancel()
	alive := func() { c.ws.SetReadDeadline(time.Now().Add(3 * c.hub.cfg.Heartbeat)) }
	alive()
	c.ws.SetReadLimit(maxMessage)
	c.ws.SetPongHandler(func(string) error {
		alive()
		return nil
	})
	for {
		kind, data, err := c.ws.ReadMessage()
		if err != nil {
			c.ws.NetConn().Close() // frees a write that nobody receives any more
			return
		}
		alive()
		if kind != websocket.TextMessage {
			err = errors.New("messages are text, in JSON")
		}
		var s Subscribe
		var log string
		var cursor int64
		if err == nil {
			s, log, cursor, err = decodeSubscribe(data)
		}
		if err != nil {
			c.faults <- Fault{"error", problem.BadMessage, err.Error(), `send {"type":"subscribe","cursor":"","alerts":{},"coolers":true}`}
			return
		}
		sub := subscription{s.key(c.tenant), s.selection(c.tenant, &c.hub.regions), s.Cursor == "", log, cursor}
		select {
		case <-c.subscriptions: // drop an older one that nobody has read yet: only the newest counts
		default:
		}
		c.subscriptions <- sub
	}
}

// ErrEnded says that the credential with which a client was admitted is no longer valid.
var ErrEnded = errors.New("the right to this stream has ended")

// A client's credential is checked again before each of its messages takes effect, and before anything is sent to it if
// the last check was recheck ago. If it could not be checked for as long as doubtful, the stream ends.
const (
	recheck  = 2 * time.Second
	doubtful = 30 * time.Second
)

// allowed returns ErrEnded if the client may see nothing more, after telling it so. It checks again if the last check is
// older than the given time.
func (c *conn) allowed(ctx context.Context, age time.Duration) error {
	now := time.Now()
	if c.hub.cfg.Standing == nil || now.Sub(c.asked) < age {
		return nil
	}
	err := c.hub.standing(ctx, c.tenant, c.grant)
	switch {
	case err == nil:
		c.asked = now
	case errors.Is(err, ErrEnded):
		return errors.Join(err, c.sendJSON(Fault{"error", problem.StreamEnded, ErrEnded.Error(), "sign in again, or ask for another token"}))
	case now.Sub(c.asked) > doubtful:
		return err
	}
	return nil
}

var errFault = errors.New("the client broke a rule")

// write serves one subscription after the other.
func (c *conn) write(ctx context.Context) error {
	heartbeat := int((c.hub.cfg.Heartbeat + time.Second - 1) / time.Second)
	var err error
	if c.log, err = alert.LogIdentity(ctx, c.hub.cfg.DB); err != nil {
		return err
	}
	if err := c.sendJSON(Hello{"hello", Version, heartbeat, c.log}); err != nil {
		return err
	}
	wait := time.NewTimer(subscribeWait)
	defer wait.Stop()
	for {
		var sub subscription
		select {
		case sub = <-c.subscriptions:
		case f := <-c.faults:
			return c.fault(f)
		case <-wait.C:
			return c.fault(Fault{"error", problem.BadMessage, "no subscription came", `send {"type":"subscribe","cursor":"","alerts":{},"coolers":true}`})
		case <-c.gone:
			return c.end()
		case <-c.hub.closing:
			return errClosing
		}
		if err := c.allowed(ctx, 0); err != nil {
			return err
		}
		c.began = time.Now()
		wait.Stop()
		wait = time.NewTimer(subscribeWait)
		for again := true; again; {
			next, err := c.follow(ctx, sub)
			switch {
			case err != nil:
				return err
			case next == nil:
				again = false // the client was told to start over: a new subscription must come
			default:
				if sub, err = c.rest(*next); err != nil {
					return err
				}
				if err := c.allowed(ctx, 0); err != nil {
					return err
				}
				c.began = time.Now()
			}
		}
	}
}

// rest waits until a subscription may follow the one before, and returns the newest one by then.
func (c *conn) rest(sub subscription) (subscription, error) {
	gap := time.NewTimer(time.Until(c.began.Add(subscribeGap)))
	defer gap.Stop()
	select {
	case <-gap.C:
	case <-c.gone:
		return sub, c.end()
	case <-c.hub.closing:
		return sub, errClosing
	}
	select {
	case sub = <-c.subscriptions:
	default:
	}
	return sub, nil
}

// end returns the fault to report after reading has ended, or nil.
func (c *conn) end() error {
	select {
	case f := <-c.faults:
		return c.fault(f)
	default:
		return errGone
	}
}

func (c *conn) fault(f Fault) error {
	if err := c.sendJSON(f); err != nil {
		return err
	}
	return errFault
}

// follow serves one subscription until the next one comes, or until the client has to start over, in which case
// next is nil.
func (c *conn) follow(ctx context.Context, sub subscription) (next *subscription, err error) {
	cursor := sub.cursor
	if sub.selection.regions != nil {
		if err := c.hub.regions.refresh(ctx, c.hub.cfg.DB, c.tenant, c.hub.cfg.Now()); err != nil {
			return nil, err
		}
	}
	if sub.snapshot {
		if cursor, err = c.snapshot(ctx, sub.selection); err != nil {
			return nil, err
		}
	} else if reason, err := c.lost(ctx, sub.log, cursor); err != nil || reason != "" {
		if err != nil {
			return nil, err
		}
		return nil, c.resync(reason)
	}
	m := &member{}
	defer c.hub.leave(m)
	for {
		head, joined := c.hub.join(m, sub.key, sub.selection, cursor)
		if !joined {
			if cursor, err = c.catchUp(ctx, sub.selection, cursor, head); err != nil {
				return nil, err
			}
			select {
			case newer := <-c.subscriptions:
				return &newer, nil
			default:
			}
			continue
		}
		var overtaken bool
		if cursor, overtaken, next, err = c.stream(ctx, m, cursor); !overtaken {
			return next, err
		}
	}
}

// snapshot sends everything that is open now, and returns its cursor.
func (c *conn) snapshot(ctx context.Context, s *selection) (cursor int64, err error) {
	if err := c.turn(c.hub.snapshots); err != nil {
		return 0, err
	}
	defer func() { <-c.hub.snapshots }()
	parts, cursor, err := c.hub.snapshot(ctx, s)
	if err != nil {
		return 0, err
	}
	for _, part := range parts {
		if err := c.send(part); err != nil {
			return 0, err
		}
	}
	return cursor, nil
}

// catchUp sends a page of the log from cursor on, up to head, and returns how far it came. However far behind
// the client is, nothing is left out. Pages that contain nothing for it are skipped silently, but for no longer
// than a heartbeat.
func (c *conn) catchUp(ctx context.Context, s *selection, cursor, head int64) (to int64, err error) {
	if err := c.turn(c.hub.pages); err != nil {
		return cursor, err
	}
	defer func() { <-c.hub.pages }()
	if err := c.allowed(ctx, recheck); err != nil {
		return cursor, err
	}
	f, to, err := c.hub.stretch(ctx, s, cursor, head)
	if err != nil {
		return cursor, err
	}
	if f != nil {
		return to, c.sendFrame(f, cursor)
	}
	if time.Since(c.spoke) >= c.hub.cfg.Heartbeat {
		return to, c.sendJSON((&frame{cursor: to}).changes(to))
	}
	return to, nil
}

// turn waits for one of the places of connections that may hold much in memory, and sends heartbeats meanwhile. The
// caller gives the place back by receiving from places.
func (c *conn) turn(places chan struct{}) error {
	if err := c.ping(); err != nil {
		return err
	}
	beat := time.NewTicker(c.hub.cfg.Heartbeat)
	defer beat.Stop()
	for {
		select {
		case <-c.gone:
			return c.end()
		case <-c.hub.closing:
			return errClosing
		default:
		}
		select {
		case places <- struct{}{}:
			return nil
		case <-beat.C:
			if err := c.ping(); err != nil {
				return err
			}
		case <-c.gone:
			return c.end()
		case <-c.hub.closing:
			return errClosing
		}
	}
}

// ping sends a ping, unless one was sent within the heartbeat.
func (c *conn) ping() error {
	if time.Since(c.pinged) < c.hub.cfg.Heartbeat {
		return nil
	}
	c.pinged = time.Now()
	if err := c.ws.WriteControl(websocket.PingMessage, nil, time.Now().Add(writeWait)); err != nil {
		return errGone
	}
	return nil
}

// lost returns the reason why a stream cannot continue from a cursor, or "".
func (c *conn) lost(ctx context.Context, log string, cursor int64) (reason string, err error) {
	known, err := alert.Known(ctx, c.hub.cfg.DB, log, cursor)
	if err != nil {
		return "", err
	}
	if !known {
		said := formatCursor(cursor)
		if log != "" {
			said = log + "." + said
		}
		return "cursor " + said + " is of another log than this one, " + c.log + ": the service was restored from a backup", nil
	}
	head, err := alert.LogHead(ctx, c.hub.cfg.DB)
	if err != nil {
		return "", err
	}
	if cursor > head {
		return "cursor " + formatCursor(cursor) + " is ahead of the log, which is at " + formatCursor(head), nil
	}
	return "", nil
}

func (c *conn) resync(reason string) error {
	c.hub.metrics.Resyncs.Inc()
	return c.sendJSON(Resync{"resync", reason})
}

// stream sends what the hub publishes, from cursor on. overtaken means that the connection was too slow and
// must read from the log, from the cursor that is returned.
func (c *conn) stream(ctx context.Context, m *member, cursor int64) (at int64, overtaken bool, next *subscription, err error) {
	beat := time.NewTicker(c.hub.cfg.Heartbeat)
	defer beat.Stop()
	for {
		select {
		case f, ok := <-m.queue:
			if !ok {
				return cursor, true, nil, nil
			}
			// The head may be before a cursor that was read directly from the log.
			switch {
			case !f.beside() && f.cursor <= cursor:
				continue
			case f.cursor < cursor:
				f = &frame{prev: cursor, cursor: cursor, coolers: f.coolers, rollouts: f.rollouts, figures: f.figures}
			}
			if err := c.allowed(ctx, recheck); err != nil {
				return cursor, false, nil, err
			}
			if err := c.sendFrame(f, cursor); err != nil {
				return cursor, false, nil, err
			}
			cursor = f.cursor
		case <-beat.C:
			if err := c.allowed(ctx, recheck); err != nil {
				return cursor, false, nil, err
			}
			if err := c.ws.WriteControl(websocket.PingMessage, nil, time.Now().Add(writeWait)); err != nil {
				return cursor, false, nil, errGone
			}
			head, ok := c.hub.position(m)
			if !ok {
				continue
			}
			cursor = max(cursor, head)
			if err := c.sendJSON((&frame{cursor: cursor}).changes(cursor)); err != nil {
				return cursor, false, nil, err
			}
		case sub := <-c.subscriptions:
			return cursor, false, &sub, nil
		case f := <-c.faults:
			return cursor, false, nil, c.fault(f)
		case <-c.gone:
			return cursor, false, nil, c.end()
		case <-c.hub.closing:
			return cursor, false, nil, errClosing
		}
	}
}

// sendFrame sends a frame to a client that has everything up to have.
func (c *conn) sendFrame(f *frame, have int64) error {
	if f.prev < have && len(f.events) > 0 {
		return c.sendJSON(f.changes(have)) // the client has part of it, so it gets a message of its own
	}
	message, err := f.message()
	if err != nil {
		return err
	}
	c.hub.metrics.Frames.Inc()
	c.spoke = time.Now()
	c.ws.SetWriteDeadline(time.Now().Add(writeWait))
	if c.ws.WritePreparedMessage(message) != nil {
		return errGone
	}
	return nil
}

func (c *conn) sendJSON(v any) error {
	data, err := encode(v)
	if err != nil {
		return err
	}
	return c.send(data)
}

// send sends a message that was made for this connection alone.
func (c *conn) send(data []byte) error {
	c.hub.metrics.Frames.Inc()
	c.spoke = time.Now()
	c.ws.SetWriteDeadline(time.Now().Add(writeWait))
	if c.ws.WriteMessage(websocket.TextMessage, data) != nil {
		return errGone
	}
	return nil
}
