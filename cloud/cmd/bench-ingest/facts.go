package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/telemetry"
	"github.com/coldshelf/coldshelf/models/wire"
)

// skus in each message.
const skus = 20

// fact is one shelf message, in both languages.
type fact struct {
	id    wire.Identity
	seq   uint64
	at    time.Time
	wire  []byte
	json  []byte
	slots []peerSlot
}

// lines appends the points that our store makes of it for InfluxDB, in microseconds.
func (f *fact) lines(out *bytes.Buffer) {
	order := make([]string, len(f.slots))
	for i, s := range f.slots {
		order[i] = s.Slot
		fmt.Fprintf(out, "shelf,device=%s,gtin=%s,slot=%s,store=%s,tenant=%s present=%di", f.id.Device, s.GTIN, s.Slot, f.id.Store, f.id.Tenant, s.Present)
		if s.State != int(shelf.OK) {
			fmt.Fprintf(out, ",state=%di", s.State)
		}
		if missing := 2 - s.Present; missing != 0 {
			fmt.Fprintf(out, ",missing=%di", missing)
		}
		fmt.Fprintf(out, " %d\n", f.at.UnixMicro())
	}
	fmt.Fprintf(out, "look,device=%s,store=%s,tenant=%s slots=%di,order=%q,place=0i,boot=1i,seq=%di,mat=%[7]di %[7]d\n", f.id.Device, f.id.Store, f.id.Tenant,
		len(order), strings.Join(order, " "), f.seq, f.at.UnixMicro())
}

// peerSlot is what the peer is told of a slot: what ours stores of it, less the facings due.
type peerSlot struct {
	Slot    string `json:"s"`
	GTIN    string `json:"g"`
	State   int    `json:"st"`
	Present int    `json:"n"`
}

// makeFacts makes the shelf messages of a fleet, whose shelves sell out and are filled again.
func makeFacts(messages, devices int, start time.Time) ([]fact, error) {
	facts := make([]fact, messages)
	for i := range facts {
		d, look := i%devices, i/devices
		f := fact{id: wire.Identity{Tenant: "t", Store: fmt.Sprintf("s%d", d/10), Device: fmt.Sprintf("d%d", d)}, seq: uint64(look + 1),
			at: start.Add(time.Duration(look) * time.Minute)}
		obs := shelf.Observation{CapturedAt: f.at, Width: 1280, Height: 960, PlanogramID: "p", PlanogramVersion: 1, Model: "bench", Facings: []shelf.Facing{}}
		peer := struct {
			Device string     `json:"device"`
			At     int64      `json:"ts"`
			Slots  []peerSlot `json:"slots"`
		}{Device: f.id.Device, At: f.at.UnixMicro()}
		for n := range skus {
			s := shelf.SlotReading{SlotID: fmt.Sprintf("%c%d", 'A'+n/5, n%5+1), Shelf: n/5 + 1, GTIN: gtin(n), State: shelf.OK, Due: 2, Present: 2,
				Box: shelf.Box{X: 250 * (n % 5), Y: 240 * (n / 5), W: 240, H: 230}}
			switch (look + d + n) % 16 {
			case 14:
				s.State, s.Present = shelf.Low, 1
			case 15:
				s.State, s.Present = shelf.Empty, 0
			}
			obs.Slots = append(obs.Slots, s)
			peer.Slots = append(peer.Slots, peerSlot{s.SlotID, string(s.GTIN), int(s.State), s.Present})
		}
		var err error
		env := &wire.Envelope{Identity: f.id, Boot: 1, Seq: f.seq, CapturedAt: f.at, Clock: telemetry.NTP, Body: &wire.Observation{Observation: obs}}
		if f.wire, err = wire.Encode(env); err != nil {
			return nil, err
		}
		if f.json, err = json.Marshal(peer); err != nil {
			return nil, err
		}
		f.slots = peer.Slots
		facts[i] = f
	}
	return facts, nil
}

// gtin uses GS1's prefix 2, which is for use inside a shop and names no real product.
func gtin(n int) shelf.GTIN {
	body := fmt.Sprintf("20%010d", n+1)
	return shelf.GTIN(body + string(shelf.CheckDigit(body)))
}
