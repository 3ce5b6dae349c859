package intake

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"

	"github.com/coldshelf/coldshelf/models/wire"
)

// POSFilter is where tills publish: coldshelf/pos/v1/TENANT/STORE/TILL.
const POSFilter = posRoot + "+/+/+"

const posRoot = "coldshelf/pos/v1/"

// Broker is what tills are heard through.
type Broker interface {
	// Hear calls fn with every message of a filter until ctx ends; fn may block.
	Hear(ctx context.Context, filter string, fn func(topic string, payload []byte)) error
	Publish(ctx context.Context, topic string, payload []byte) error
}

// Till is a message of a till: {"id": …, "lines": [ … ]}, or lines of NDJSON alone. The answer on
// TOPIC/reply has its id and the report, and is sent once the lines are stored; a till that does not
// hear it sends the message again.
type Till struct {
	ID    string `json:"id"`
	Lines []json.RawMessage
}

// POS takes messages of tills.
type POS struct {
	Broker Broker
	Ledger Ledger
	Log    *slog.Logger
}

// Run hears tills until ctx ends.
func (p *POS) Run(ctx context.Context) error {
	return p.Broker.Hear(ctx, POSFilter, func(topic string, payload []byte) {
		if err := p.take(ctx, topic, payload); err != nil && ctx.Err() == nil {
			p.Log.Error("sales of a till are not stored; it sends them again", "topic", topic, "err", err)
		}
	})
}

func (p *POS) take(ctx context.Context, topic string, payload []byte) error {
	levels := strings.Split(strings.TrimPrefix(topic, posRoot), "/")
	if len(levels) != 3 || !strings.HasPrefix(topic, posRoot) {
		return nil // the filter lets none through
	}
	tenant, store, till := levels[0], levels[1], levels[2]
	if err := (wire.Identity{Tenant: tenant, Store: store, Device: till}).Validate(); err != nil {
		p.Log.Warn("a till's topic is not understood", "topic", topic, "err", err)
		return nil
	}
	id, items := p.items(payload, store)
	in := Intake{Ledger: p.Ledger, Tenant: tenant, Keep: "mqtt/" + store + "/" + till}
	report, err := in.Take(ctx, func(yield func(Item) bool) {
		for _, it := range items {
			if !yield(it) {
				return
			}
		}
	})
	if err != nil {
		return err
	}
	reply, err := json.Marshal(struct {
		ID string `json:"id"`
		Report
	}{id, report})
	if err != nil {
		return err
	}
	if err := p.Broker.Publish(ctx, topic+"/reply", reply); err != nil {
		return fmt.Errorf("reply to a till: %w", err)
	}
	return nil
}

// items reads a message; a line that does not name its channel or store is the till's.
func (p *POS) items(payload []byte, store string) (id string, items []Item) {
	var message Till
	fill := func(it Item) {
		if it.Draft.Channel == "" {
			it.Draft.Channel = "pos"
		}
		if it.Draft.Store == "" {
			it.Draft.Store = store
		}
		items = append(items, it)
	}
	if err := json.Unmarshal(payload, &message); err == nil && message.Lines != nil {
		for i, raw := range message.Lines {
			fill(item(int64(i+1), raw, false))
		}
		return message.ID, items
	}
	for it := range NDJSON(bytes.NewReader(payload)) {
		fill(it)
	}
	return "", items
}
