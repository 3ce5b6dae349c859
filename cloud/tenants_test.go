package cloud_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/coldshelf/coldshelf/cloud/internal/config"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/cloud/internal/state/statetest"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/wire"
)

// liveAs runs the service for a tenant until it has something of everything.
func liveAs(t *testing.T, url, tenant string) {
	t.Helper()
	s, _, stop := serve(t, func(c *config.Config) {
		c.State, c.Tenant, c.Access.Mode, c.Alerts.PrivateWebhooks = url, tenant, "tokens", true
	})
	defer stop()
	li := newPerson(t, "http://"+s.Addr())
	li.must(t, 201, "POST", "/v1/setup", map[string]string{"code": strings.TrimPrefix(s.SetupPath(), "/welcome#setup="), "name": "Li", "email": "li@" + tenant + ".example", "password": "correct horse battery"})
	li.must(t, 201, "POST", "/v1/users", map[string]string{"name": "Bo", "email": "bo@" + tenant + ".example", "role": "viewer"})
	li.must(t, 200, "PUT", "/v1/rules", map[string]any{"version": 1, "tz": "Asia/Shanghai"}) // JSON is YAML
	li.must(t, 201, "POST", "/v1/webhooks", map[string]string{"url": "http://127.0.0.1:1/"})
	li.must(t, 200, "PUT", "/v1/stores/s1", map[string]string{"name": "North"})
	li.must(t, 201, "PUT", "/v1/planograms/p", map[string]any{"id": "p", "version": 1, "width_mm": 400,
		"shelves":  []any{map[string]any{"slots": []any{map[string]any{"id": "a", "gtin": "4006381333931", "facings": 1, "x_mm": 0, "width_mm": 80}}}},
		"products": []any{map[string]any{"gtin": "4006381333931", "name": "Cola", "own": true}}})
	li.must(t, 201, "PUT", "/v1/coolers/d1", map[string]string{"store": "s1", "planogram": "p"})
	admin := li.must(t, 201, "POST", "/v1/tokens", map[string]string{"name": "feeder", "role": "admin"})
	b := newBoardOf(t, "mqtt://"+s.MQTTAddr(), wire.Identity{Tenant: tenant, Store: "s1", Device: "d1"}, func(o *mqtt.ClientOptions) {
		o.SetUsername("feeder").SetPassword(admin["token"].(string))
	})
	for _, state := range []shelf.State{shelf.OK, shelf.Empty, shelf.Empty} {
		b.say(t, state)
	}
	b.drain(t)
	if list := li.must(t, 200, "GET", "/v1/alerts", nil)["alerts"].([]any); len(list) != 1 {
		t.Errorf("%s has %d alerts, want its own one", tenant, len(list))
	}
	if list := li.must(t, 200, "GET", "/v1/users", nil)["users"].([]any); len(list) != 2 {
		t.Errorf("%s has %d users, want its own two", tenant, len(list))
	}
	// An address that another tenant has is taken, though its user is not seen.
	if tenant == "u" {
		li.must(t, 409, "POST", "/v1/users", map[string]string{"name": "Bo", "email": "bo@t.example", "role": "viewer"})
	}
}

// TestTenantsApart: PostgreSQL itself shows a connection that is bound to one tenant nothing of another,
// in no table, takes no row for another, and shows one that is bound to none nothing at all.
func TestTenantsApart(t *testing.T) {
	ctx, url := context.Background(), statetest.Postgres(t).NewDatabase(t)
	for _, tenant := range []string{"t", "u"} {
		liveAs(t, url, tenant)
	}
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	conn, err := db.Conn(ctx) // one connection: the setting is its own
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	bind := func(tenant string) {
		t.Helper()
		if _, err := conn.ExecContext(ctx, "SELECT set_config('coldshelf.tenant', $1, false)", tenant); err != nil {
			t.Fatal(err)
		}
	}
	count := func(what string) (n int) {
		t.Helper()
		if err := conn.QueryRowContext(ctx, "SELECT COUNT(*) FROM "+what).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}

	var tables, shared []string
	hasTenant := map[string]bool{}
	rows, err := conn.QueryContext(ctx, `SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity,
		EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant')
		FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND c.relname <> 'schema_migrations'`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var table string
		var forced, has bool
		if err := rows.Scan(&table, &forced, &has); err != nil {
			t.Fatal(err)
		}
		if !forced {
			t.Errorf("%s has no row-level security", table)
		}
		tables, hasTenant[table] = append(tables, table), has
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	for _, table := range tables {
		bind("*")
		all, theirs := count(table), 0
		if hasTenant[table] {
			theirs = count(table + " WHERE tenant = 't'")
			if theirs > 0 && count(table+" WHERE tenant = 'u'") > 0 {
				shared = append(shared, table)
			}
		}
		bind("")
		if n := count(table); n != 0 {
			t.Errorf("%s: a connection for nobody sees %d rows", table, n)
		}
		bind("u")
		n := count(table)
		if hasTenant[table] {
			if n != all-theirs {
				t.Errorf("%s: u sees %d rows, of its own there are %d", table, n, all-theirs)
			}
			for _, change := range []string{"UPDATE %s SET tenant = tenant WHERE tenant = 't'", "DELETE FROM %s WHERE tenant = 't'"} {
				r, err := conn.ExecContext(ctx, fmt.Sprintf(change, table))
				if err != nil {
					t.Fatal(err)
				}
				if n, err := r.RowsAffected(); err != nil || n != 0 {
					t.Errorf("%s: u changes %d rows of t, %v", table, n, err)
				}
			}
			if _, err := conn.ExecContext(ctx, fmt.Sprintf("UPDATE %s SET tenant = 't' WHERE tenant = 'u'", table)); n > 0 && (err == nil || !strings.Contains(err.Error(), "row-level security")) {
				t.Errorf("%s: u gives its rows to t: %v", table, err)
			}
			continue
		}
		bind("t")
		// Both lived alike, but a target stands in delivery_failing only while it fails; the rest is the service's.
		if other := count(table); (n != other && table != "delivery_failing") || n+other > all {
			t.Errorf("%s: u sees %d and t %d of %d rows", table, n, other, all)
		}
	}
	// What has rows of both proves something; the rest is held by the same rule.
	for _, table := range []string{"alerts", "alert_log", "alert_machines", "audit", "coolers", "observations", "planograms", "products", "seen", "stores", "tokens", "users", "webhooks"} {
		if !strings.Contains(" "+strings.Join(shared, " ")+" ", " "+table+" ") {
			t.Errorf("both tenants have rows in %v; %s is not among them", shared, table)
		}
	}

	// The same through our own hands, where the SQL asks for the wrong tenant.
	own, err := state.Open(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close()
	if isolated, err := own.Isolated(ctx); !isolated || err != nil {
		t.Errorf("isolated: %v, %v", isolated, err)
	}
	for _, c := range []struct {
		ctx  context.Context
		want int
	}{{ctx, 1}, {state.ForTenant(ctx, "u"), 0}, {state.ForTenant(ctx, "t"), 1}, {ctx, 1}} {
		var inTx, outside int
		err := own.Write(c.ctx, func(tx *state.Tx) error {
			return tx.QueryRow(c.ctx, "SELECT COUNT(*) FROM coolers WHERE tenant = ?", "t").Scan(&inTx)
		})
		if err == nil {
			err = own.QueryRow(c.ctx, "SELECT COUNT(*) FROM coolers WHERE tenant = ?", "t").Scan(&outside)
		}
		if err != nil || inTx != c.want || outside != c.want {
			t.Errorf("%d in a transaction, %d outside of one, %v, want %d", inTx, outside, err, c.want)
		}
	}
}
