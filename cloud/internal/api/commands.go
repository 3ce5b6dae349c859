package api

import (
	"context"
	"crypto/rand"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/care"
	"github.com/coldshelf/coldshelf/cloud/internal/fleet"
	"github.com/coldshelf/coldshelf/cloud/internal/problem"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/wire"
)

// Boards passes a message to the broker, for a board that is connected.
type Boards interface {
	Publish(ctx context.Context, topic string, payload []byte) error
}

// commandTime is how long a board may take before a command is no longer wanted.
const commandTime = time.Minute

var commands = []string{wire.CommandCapture, wire.CommandPicture, wire.CommandSelfTest, wire.CommandRestart, wire.CommandSettle}

// commandAnswer says what was sent; what the board sends afterwards shows the outcome.
type commandAnswer struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Expires time.Time `json:"expires"`
}

// command asks a board to do something once. It is not kept for a board that is away: nobody wants today's
// picture tomorrow.
func (a *api) command(r *http.Request, tenant string) (any, error) {
	var body struct {
		Name string `json:"name"`
	}
	if err := decode(r, &body); err != nil {
		return nil, err
	}
	if !slices.Contains(commands, body.Name) {
		return nil, &Problem{http.StatusBadRequest, problem.UnknownCommand, "unknown command " + body.Name, "name one of " + strings.Join(commands, ", ")}
	}
	c, err := state.GetCooler(r.Context(), a.DB, tenant, r.PathValue("device"))
	if err != nil {
		return nil, err
	}
	if !c.Online || a.Boards == nil {
		return nil, &Problem{http.StatusConflict, problem.BoardAway, "the board of " + c.Device + " is not connected", "see that it has power and network, and ask again"}
	}
	remark(r, body.Name)
	id := wire.Identity{Tenant: tenant, Store: c.TopicStore, Device: c.Device}
	now := a.Now().UTC()
	cmd := &wire.Command{ID: rand.Text(), Name: body.Name, Expires: now.Add(commandTime)}
	payload, err := wire.Encode(&wire.Envelope{Identity: id, CapturedAt: now, Body: cmd})
	if err != nil {
		return nil, err
	}
	if err := a.Boards.Publish(r.Context(), id.Topic(wire.KindCommand), payload); err != nil {
		return nil, err
	}
	return created{commandAnswer{cmd.ID, cmd.Name, cmd.Expires}}, nil
}

// board is a cooler from the point of view of whoever looks after the boards.
type board struct {
	Device    string       `json:"device"`
	Store     string       `json:"store"`
	Name      string       `json:"name"`
	Status    fleet.Status `json:"status"`
	Reasons   []string     `json:"reasons,omitempty"`
	LastSeen  *time.Time   `json:"last_seen"`
	Agent     string       `json:"agent_version,omitempty"`
	Model     string       `json:"model,omitempty"`
	Board     string       `json:"board,omitempty"`
	StartedAt *time.Time   `json:"started_at,omitempty"`
	Clock     string       `json:"clock,omitempty"`
	Health    *health      `json:"health,omitempty"`
	Runtime   string       `json:"runtime,omitempty"`
	Gallery   string       `json:"gallery,omitempty"` // version of the enrolled references
	Sensors   []sensor     `json:"sensors,omitempty"`
	Answer    *answered    `json:"answer,omitempty"`
	Arch      string       `json:"arch,omitempty"`
	Desired   *boardCare   `json:"desired,omitempty"` // only in the list of all boards
}

// sensor is a fitted sensor, with whether it works.
type sensor struct {
	Name  string `json:"name"`            // the board's name for it, such as "door: gpio17"
	Fault string `json:"fault,omitempty"` // why it gives nothing; absent: it works
}

// answered is the outcome of the last command that the board carried out.
type answered struct {
	ID     string `json:"id"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail,omitempty"`
}

// health is what a board last reported about itself.
type health struct {
	At             time.Time  `json:"at"`
	UptimeS        int64      `json:"uptime_s"`
	OutboxMessages uint64     `json:"outbox_messages"`
	OutboxBytes    uint64     `json:"outbox_bytes"`
	OutboxOldest   *time.Time `json:"outbox_oldest,omitempty"`
	DiskFreeBytes  uint64     `json:"disk_free_bytes"`
	MemoryBytes    uint64     `json:"memory_bytes"`
	BoardTempMC    int32      `json:"board_temp_mc,omitempty"`
}

// fleetPage is how many boards are read at once.
const fleetPage = 500

// boards lists what runs on every board.
func (a *api) boards(r *http.Request, tenant string) (any, error) {
	if p := query(r); p.err != nil {
		return nil, p.err
	}
	rows, err := fleet.All(r.Context(), a.DB, tenant, a.Now())
	if err != nil {
		return nil, err
	}
	of := map[string]*fleet.Row{}
	for i := range rows {
		of[rows[i].Device] = &rows[i]
	}
	cared, err := care.Boards(r.Context(), a.DB, tenant)
	if err != nil {
		return nil, err
	}
	careOf := map[string]*care.Board{}
	for _, b := range cared {
		careOf[b.Device] = b
	}
	list := []board{}
	for after := ""; ; {
		coolers, err := state.ListCoolers(r.Context(), a.DB, tenant, after, fleetPage)
		if err != nil {
			return nil, err
		}
		for _, c := range coolers {
			b := boardOf(c, of[c.Device])
			if k := careOf[c.Device]; k != nil {
				c := careFor(k)
				b.Arch, b.Desired = k.Arch, &c
			}
			list = append(list, b)
		}
		if len(coolers) < fleetPage {
			return map[string]any{"boards": list}, nil
		}
		after = coolers[len(coolers)-1].Device
	}
}

func boardOf(c *state.Cooler, row *fleet.Row) board {
	b := board{Device: c.Device, Store: c.Store, Name: c.Name, Status: fleet.NeverSeen}
	if row != nil {
		b.Status, b.Reasons, b.LastSeen = row.Status, row.Reasons, row.LastSeen
	}
	if s := c.Latest.Software; s != nil {
		b.Agent, b.Model, b.Board = s.Value.AgentVersion, s.Value.Model, s.Value.Board
		b.Runtime, b.Gallery, b.Sensors = s.Value.Runtime, s.Value.Gallery, sensorsOf(c.Latest)
		if s.Value.StartedAt > 0 {
			at := state.Time(s.Value.StartedAt)
			b.StartedAt = &at
		}
	}
	if q := c.Latest.Clock; q != nil {
		b.Clock = q.Value.String()
	}
	if h := c.Latest.Health; h != nil {
		v := h.Value
		b.Health = &health{At: v.At, UptimeS: int64(v.Uptime.Seconds()), OutboxMessages: v.OutboxMessages, OutboxBytes: v.OutboxBytes,
			DiskFreeBytes: v.DiskFreeBytes, MemoryBytes: v.MemoryBytes, BoardTempMC: int32(v.BoardTemp)}
		if !v.OutboxOldest.IsZero() {
			b.Health.OutboxOldest = &v.OutboxOldest
		}
	}
	if a := c.Latest.Answer; a != nil {
		b.Answer = &answered{a.Value.CommandID, a.Value.OK, a.Value.Detail}
	}
	return b
}

// sensorsOf returns each fitted sensor with what the board's health says about it: a fault begins with the
// sensor's name.
func sensorsOf(l state.Latest) (list []sensor) {
	for _, name := range l.Software.Value.Devices {
		s := sensor{Name: name}
		if l.Health != nil {
			for _, why := range l.Health.Value.Reasons {
				if rest, ok := strings.CutPrefix(why, name+": "); ok {
					s.Fault = rest
				}
			}
		}
		list = append(list, s)
	}
	return list
}
