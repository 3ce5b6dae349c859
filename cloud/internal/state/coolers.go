package state

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Cooler is one device with what is known about it last. For a device that was entered by hand and has never
// sent anything, LastSeen is zero.
type Cooler struct {
	Tenant, Device string
	Store          string // where it stands: set by hand, or by its topic when that changes
	TopicStore     string // the store in its latest topic
	Name           string
	Planogram      string // ID of the assigned planogram; "": the one that it reports
	Model          string // of the cooler, by its manufacturer's name; "": not known
	CreatedAt      time.Time
	ChangedAt      time.Time // of the row, by this machine's clock
	LastSeen       time.Time // when its last message was received
	Online         bool      // according to its status topic: its birth or its will
	StatusBoot     uint32
	StatusAt       time.Time
	Observation    Order // of the last observation; zero: none
	Picture        Order // of the last picture; zero: none
	Latest         Latest
}

// ErrNotFound says that the row that was asked for does not exist.
var ErrNotFound = errors.New("not found")

const coolerColumns = `tenant, device, store, topic_store, name, planogram, model, created_at, changed_at, last_seen,
	online, status_boot, status_at, obs_boot, obs_seq, pic_boot, pic_seq, latest`

// GetCooler reads one cooler. The error is ErrNotFound if there is none.
func GetCooler(ctx context.Context, q Querier, tenant, device string) (*Cooler, error) {
	row := q.QueryRow(ctx, "SELECT "+coolerColumns+" FROM coolers WHERE tenant = ? AND device = ?", tenant, device)
	c, err := scanCooler(row, q.readings())
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("cooler %s: %w", device, ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("read cooler %s: %w", device, err)
	}
	return c, nil
}

var coolersByDevice = NewStatements("SELECT "+coolerColumns+" FROM coolers WHERE tenant = ? AND device IN (", "?", ")")

// GetCoolers reads those of a tenant's devices that exist, by device.
func GetCoolers(ctx context.Context, q Querier, tenant string, devices []string) (map[string]*Cooler, error) {
	found := make(map[string]*Cooler, len(devices))
	err := InStretches(devices, func(part []string) error {
		args := []any{tenant}
		for _, d := range part {
			args = append(args, d)
		}
		list, err := queryCoolers(ctx, q, coolersByDevice[len(part)], args...)
		for _, c := range list {
			found[c.Device] = c
		}
		return err
	})
	return found, err
}

// ListCoolers returns up to limit coolers of a tenant whose device sorts after the given one, in the order of
// their devices.
func ListCoolers(ctx context.Context, q Querier, tenant, after string, limit int) ([]*Cooler, error) {
	return queryCoolers(ctx, q, "SELECT "+coolerColumns+" FROM coolers WHERE tenant = ? AND device > ? ORDER BY device LIMIT ?", tenant, after, limit)
}

// ChangedCoolers returns up to limit coolers of all tenants whose row changed at or after since, the earliest
// change first.
func ChangedCoolers(ctx context.Context, q Querier, since time.Time, limit int) ([]*Cooler, error) {
	return queryCoolers(ctx, q, "SELECT "+coolerColumns+" FROM coolers WHERE changed_at >= ? ORDER BY changed_at LIMIT ?", Micros(since), limit)
}

func queryCoolers(ctx context.Context, q Querier, query string, args ...any) ([]*Cooler, error) {
	rows, err := q.Query(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("list coolers: %w", err)
	}
	defer rows.Close()
	var list []*Cooler
	for rows.Next() {
		c, err := scanCooler(rows, q.readings())
		if err != nil {
			return nil, fmt.Errorf("list coolers: %w", err)
		}
		list = append(list, c)
	}
	return list, rows.Err()
}

func scanCooler(row scanner, readings *Memo[Latest]) (*Cooler, error) {
	var c Cooler
	var created, changed, seen, statusBoot, statusAt, ob, os, pb, ps int64
	var latest string
	err := row.Scan(&c.Tenant, &c.Device, &c.Store, &c.TopicStore, &c.Name, &c.Planogram, &c.Model, &created, &changed, &seen,
		&c.Online, &statusBoot, &statusAt, &ob, &os, &pb, &ps, &latest)
	if err != nil {
		return nil, err
	}
	c.CreatedAt, c.ChangedAt, c.LastSeen, c.StatusAt = Time(created), Time(changed), Time(seen), Time(statusAt)
	c.StatusBoot = uint32(statusBoot)
	c.Observation = Order{uint32(ob), uint64(os)}
	c.Picture = Order{uint32(pb), uint64(ps)}
	var known bool
	if c.Latest, known = readings.Get(c.Tenant, c.Device, latest); known {
		return &c, nil
	}
	if err := json.Unmarshal([]byte(latest), &c.Latest); err != nil {
		return nil, fmt.Errorf("latest readings: %w", err)
	}
	return &c, nil
}

var putCooler = NewStatements("INSERT INTO coolers ("+coolerColumns+") VALUES ", "(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
	` ON CONFLICT (tenant, device) DO UPDATE SET store = excluded.store, topic_store = excluded.topic_store,
		changed_at = excluded.changed_at, last_seen = excluded.last_seen,
		online = excluded.online, status_boot = excluded.status_boot, status_at = excluded.status_at,
		obs_boot = excluded.obs_boot, obs_seq = excluded.obs_seq,
		pic_boot = excluded.pic_boot, pic_seq = excluded.pic_seq, latest = excluded.latest`)

// PutCooler stores coolers, each of another device. If a row exists already, its name, planogram and model are
// left alone: they belong to people (see DescribeCooler).
func PutCooler(ctx context.Context, tx *Tx, list ...*Cooler) error {
	return InStretches(list, func(part []*Cooler) error {
		args := make([]any, 0, 18*len(part))
		for _, c := range part {
			latest, err := json.Marshal(c.Latest)
			if err != nil {
				return fmt.Errorf("store cooler %s: %w", c.Device, err)
			}
			tx.readings().Put(c.Tenant, c.Device, string(latest), c.Latest)
			args = append(args, c.Tenant, c.Device, c.Store, c.TopicStore, c.Name, c.Planogram, c.Model,
				Micros(c.CreatedAt), Micros(c.ChangedAt), Micros(c.LastSeen), c.Online, int64(c.StatusBoot), Micros(c.StatusAt),
				int64(c.Observation.Boot), int64(c.Observation.Seq), int64(c.Picture.Boot), int64(c.Picture.Seq), string(latest))
		}
		if _, err := tx.Exec(ctx, putCooler[len(part)], args...); err != nil {
			return fmt.Errorf("store coolers from %s on: %w", part[0].Device, err)
		}
		return nil
	})
}

// DescribeCooler sets what people say about a cooler: its store, name, planogram and model. It creates the row
// of a cooler that has never sent anything.
func DescribeCooler(ctx context.Context, tx *Tx, c *Cooler, now time.Time) error {
	_, err := tx.Exec(ctx, `INSERT INTO coolers (tenant, device, store, topic_store, name, planogram, model, created_at, changed_at, online)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (tenant, device) DO UPDATE SET store = excluded.store, name = excluded.name,
			planogram = excluded.planogram, model = excluded.model, changed_at = excluded.changed_at`,
		c.Tenant, c.Device, c.Store, c.Store, c.Name, c.Planogram, c.Model, Micros(now), Micros(now), false)
	if err != nil {
		return fmt.Errorf("describe cooler %s: %w", c.Device, err)
	}
	return nil
}
