package live

// member is one connection's place in the stream. The hub writes to queue. When that is full, it removes the
// member and closes the queue, and the connection continues from the log.
type member struct {
	queue chan *frame
	group *group
}

// group is the set of connections with the same subscription.
type group struct {
	key       string
	selection *selection
	members   map[*member]struct{}
}

// queueLength is how many frames can wait for a connection: ten seconds' worth at the default interval.
const queueLength = 64

// join takes m into the stream and returns true if cursor is at or beyond the stream's place. If not, the log
// must first be read up to head.
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
	if s.rollouts || s.figures { // newcomers must be sent them; the others of the tenant get them again, which changes nothing for them
		h.wantBesides(s.tenant)
		h.Committed()
	}
	g.members[m] = struct{}{}
	m.group, m.queue = g, make(chan *frame, queueLength)
	return h.head, true
}

// leave removes m from the stream. Calling it again does nothing.
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

// position returns how far m has come once its queue is empty; ok is false while something waits in it.
func (h *Hub) position(m *member) (cursor int64, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.head, m.group != nil && len(m.queue) == 0
}

// publish sends every group its part of a stretch of the log and moves the head to cursor.
func (h *Hub) publish(cursor int64, events []event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	prev := h.head
	h.head = cursor
	for i := range events {
		h.tellOf(coolerKey{events[i].Tenant, events[i].Device})
	}
	for _, g := range h.groups {
		h.give(g, selected(g.selection, prev, cursor, events, nil, besides{}))
	}
}

// publishRest sends every group its part of what is sent beside the log.
func (h *Hub) publishRest(rows []coolerRow, aside besides) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, g := range h.groups {
		h.give(g, selected(g.selection, h.head, h.head, nil, rows, aside))
	}
}

// give puts a frame into the queues of a group, unless it is nil. h.mu must be held.
func (h *Hub) give(g *group, f *frame) {
	if f == nil {
		return
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
