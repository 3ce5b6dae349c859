package alert

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// Filter selects alerts of one tenant; an empty list selects all.
type Filter struct {
	Tenant   string
	Statuses []Status
	Types    []Type
	Stores   []string
	Devices  []string
	Before   string // ID of an alert: only those that follow it in the list
	Limit    int    // 0: no limit
}

// List returns alerts, the newest first, and the log's cursor at that moment: a reader who follows the log from
// there misses nothing.
func List(ctx context.Context, q state.Querier, f Filter) (alerts []Alert, cursor int64, err error) {
	alerts = []Alert{}
	cursor, err = Each(ctx, q, f, func(a *Alert) error {
		alerts = append(alerts, *a)
		return nil
	})
	if err != nil {
		return nil, 0, err
	}
	return alerts, cursor, nil
}

// Each is List, but passes one alert at a time to call, all as they were at one moment. An error from call ends
// it.
func Each(ctx context.Context, q state.Querier, f Filter, call func(*Alert) error) (cursor int64, err error) {
	where := []string{"a.tenant = ?"}
	args := []any{f.Tenant}
	in := func(column string, n int, value func(i int) string) {
		if n > 0 {
			where = append(where, "a."+column+" IN ("+questionMarks(n)+")")
			for i := range n {
				args = append(args, value(i))
			}
		}
	}
	in("status", len(f.Statuses), func(i int) string { return string(f.Statuses[i]) })
	in("type", len(f.Types), func(i int) string { return string(f.Types[i]) })
	in("store", len(f.Stores), func(i int) string { return f.Stores[i] })
	in("device", len(f.Devices), func(i int) string { return f.Devices[i] })
	if f.Before != "" {
		from, err := getAlert(ctx, q, f.Tenant, f.Before)
		if err != nil {
			return 0, err
		}
		where = append(where, "(a.opened_at < ? OR a.opened_at = ? AND a.id < ?)")
		at := state.Micros(from.OpenedAt)
		args = append(args, at, at, from.ID)
	}
	limit := ""
	if f.Limit > 0 {
		limit, args = " LIMIT ?", append(args, f.Limit)
	}
	// One statement reads both, so that the cursor matches the alerts. The row without an alert is there to
	// return a cursor if there are no alerts.
	rows, err := q.Query(ctx, `SELECT c.head, a.alert FROM (SELECT (`+newestPlace+`) AS head) c
		LEFT JOIN alerts a ON `+strings.Join(where, " AND ")+` ORDER BY a.opened_at DESC, a.id DESC`+limit, args...)
	if err != nil {
		return 0, fmt.Errorf("list alerts: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var body *string
		if err := rows.Scan(&cursor, &body); err != nil {
			return 0, fmt.Errorf("list alerts: %w", err)
		}
		if body == nil {
			continue
		}
		var a Alert
		if err := json.Unmarshal([]byte(*body), &a); err != nil {
			return 0, fmt.Errorf("stored alert: %w", err)
		}
		if err := call(&a); err != nil {
			return 0, err
		}
	}
	return cursor, rows.Err()
}

// Get reads one alert of a tenant. The error is state.ErrNotFound if there is none.
func Get(ctx context.Context, q state.Querier, tenant, id string) (*Alert, error) {
	return getAlert(ctx, q, tenant, id)
}

func getAlert(ctx context.Context, q state.Querier, tenant, id string) (*Alert, error) {
	a, _, err := readAlert(ctx, q, id)
	if err == nil && a.Tenant != tenant {
		err = fmt.Errorf("alert %s: %w", id, state.ErrNotFound)
	}
	return a, err
}

// OpenTypes returns, by device, the types of the alerts that are not over, with one entry per alert: of all
// devices of a tenant, or of those named.
func OpenTypes(ctx context.Context, q state.Querier, tenant string, devices []string) (map[string][]Type, error) {
	where, args := "", []any{tenant}
	if devices != nil {
		where = " AND device IN (" + questionMarks(len(devices)) + ")"
		for _, d := range devices {
			args = append(args, d)
		}
	}
	rows, err := q.Query(ctx, "SELECT device, type FROM alerts WHERE tenant = ? AND status <> 'resolved'"+where+" ORDER BY device, type, id", args...)
	if err != nil {
		return nil, fmt.Errorf("read open alerts: %w", err)
	}
	defer rows.Close()
	open := map[string][]Type{}
	for rows.Next() {
		var device string
		var t Type
		if err := rows.Scan(&device, &t); err != nil {
			return nil, fmt.Errorf("read open alerts: %w", err)
		}
		open[device] = append(open[device], t)
	}
	return open, rows.Err()
}
