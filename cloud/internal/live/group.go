package live

// member is one connection's place in the stream. The hub writes to queue; when that is full it takes
// the member out and closes the queue, and the connection goes on from the log.
type member struct {
	queue chan *frame
	group *group
}

// group is the connections with one subscription.
type group struct {
	key       string
	selection *selection
	members   map[*member]struct{}
}

// queueLength is how many frames wait for a connection: at the default interval, ten seconds' worth.
const queueLength = 64

// join takes m into the stream if cursor is where the stream is, or beyond, and reports whether it
// did; if not, the log up to the given head is to be read first.
func (h *Hub) join(m *member, key string, s *selection, cursor int64) (head int64, joined bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if cursor < h.head {
		return h.head, false
	}
	g := h.groups[key]
	if g == nil {
		g = &group{key: key, selection: s, members: map[*member]struct{}{}}
		h.groups[key] = g
		if s.coolers {
			h.wantCoolers++
		}
	}
	if s.rollouts || s.figures { // whoever comes is sent them; the others of the tenant again, which changes nothing for them
		h.wantBesides(s.tenant)
		h.Committed()
	}
	g.members[m] = struct{}{}
	m.group, m.queue = g, make(chan *frame, queueLength)
	return h.head, true
}

// leave takes m out of the stream; again it does nothing.
func (h *Hub) leave(m *member) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.remove(m)
}

func (h *Hub) remove(m *member) {
	g := m.group
	if g == nil {
		return
	}
	m.group = nil
	close(m.queue)
	delete(g.members, m)
	if len(g.members) == 0 {
		delete(h.groups, g.key)
		if g.selection.coolers {
			h.wantCoolers--
		}
	}
}

// position is how far m has come once its queue is empty; ok is false while something waits in it.
func (h *Hub) position(m *member) (cursor int64, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.head, m.group != nil && len(m.queue) == 0
}

// publish gives every group its part of a stretch of the log and moves the head to cursor.
func (h *Hub) publish(cursor int64, events []event, rows []coolerRow, aside besides) {
	h.mu.Lock()
	defer h.mu.Unlock()
	prev := h.head
	h.head = cursor
	for _, g := range h.groups {
		f := selected(g.selection, prev, cursor, events, rows, aside)
		if f == nil {
			continue
		}
		for m := range g.members {
			select {
			case m.queue <- f:
			default:
				h.metrics.Overflows.Inc()
				h.remove(m)
			}
		}
	}
}
