package state

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

type tenantKey struct{}

// ForTenant restricts what is done with the returned context to one tenant's rows. PostgreSQL itself then shows
// and accepts no others, whatever the SQL says: a forgotten WHERE finds nothing that belongs to anybody else. A
// context without a tenant is the service's own and sees everything. A transaction is restricted like the
// context of its Begin. SQLite has no such mechanism: there, only the SQL keeps tenants apart.
func ForTenant(ctx context.Context, tenant string) context.Context {
	return context.WithValue(ctx, tenantKey{}, tenant)
}

// ForAll undoes ForTenant, for what the service does on its own behalf within a request.
func ForAll(ctx context.Context) context.Context { return ForTenant(ctx, everyTenant) }

// everyTenant is what the service's own connections set; a connection that sets nothing sees nothing.
const everyTenant = "*"

func tenantOf(ctx context.Context) string {
	if tenant, ok := ctx.Value(tenantKey{}).(string); ok {
		return tenant
	}
	return everyTenant
}

// boundConnector makes connections that tell PostgreSQL for which tenant they ask, before they ask.
type boundConnector struct{ driver.Connector }

func newConnector(rawURL string) (driver.Connector, error) {
	conf, err := pgx.ParseConfig(rawURL)
	if err != nil {
		return nil, errors.New("state URL: not a valid postgres:// URL") // pgx's own text repeats the password
	}
	return boundConnector{stdlib.GetConnector(*conf)}, nil
}

func (c boundConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &boundConn{Conn: conn.(*stdlib.Conn)}, nil
}

// boundConn is one connection, used by one goroutine at a time.
type boundConn struct {
	*stdlib.Conn
	tenant string // as PostgreSQL was told; "": nothing yet
}

// bind tells PostgreSQL for which tenant the next statement asks. A transaction was told at its begin: a
// setting made inside it would be lost with a rollback.
func (c *boundConn) bind(ctx context.Context) error {
	tenant := tenantOf(ctx)
	if tenant == c.tenant || c.Conn.Conn().PgConn().TxStatus() != 'I' {
		return nil
	}
	c.tenant = ""
	if _, err := c.Conn.ExecContext(ctx, "SELECT set_config('coldshelf.tenant', $1, false)", []driver.NamedValue{{Ordinal: 1, Value: tenant}}); err != nil {
		return err
	}
	c.tenant = tenant
	return nil
}

func (c *boundConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if err := c.bind(ctx); err != nil {
		return nil, err
	}
	return c.Conn.QueryContext(ctx, query, args)
}

func (c *boundConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if err := c.bind(ctx); err != nil {
		return nil, err
	}
	return c.Conn.ExecContext(ctx, query, args)
}

func (c *boundConn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	if err := c.bind(ctx); err != nil {
		return nil, err
	}
	return c.Conn.BeginTx(ctx, opts)
}

// PrepareContext refuses, because a prepared statement would bypass bind.
func (c *boundConn) PrepareContext(context.Context, string) (driver.Stmt, error) {
	return nil, errors.New("statements are not prepared by hand")
}

const ownRows = "tenant = current_setting('coldshelf.tenant', true)"

// isolate gives every table its row-level policy. It looks at the tables that exist rather than at a list, so
// that no package can forget one: a table that neither has a tenant column nor is in visible belongs to the
// service alone, until a package says otherwise.
func isolate(ctx context.Context, tx *Tx, visible map[string]string) error {
	rows, err := tx.Query(ctx, `SELECT c.relname,
			EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant' AND NOT a.attisdropped),
			p.oid IS NOT NULL, COALESCE(obj_description(p.oid, 'pg_policy'), '')
		FROM pg_class c LEFT JOIN pg_policy p ON p.polrelid = c.oid AND p.polname = 'tenant'
		WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace AND c.relname <> 'schema_migrations'
			AND pg_has_role(c.relowner, 'USAGE') ORDER BY c.relname`)
	if err != nil {
		return err
	}
	defer rows.Close()
	statements := []string{}
	for rows.Next() {
		var table, has string
		var hasTenant, exists bool
		if err := rows.Scan(&table, &hasTenant, &exists, &has); err != nil {
			return err
		}
		own, known := visible[table]
		if hasTenant && !known {
			own, known = ownRows, true
		}
		if exists && (has == own || !known) {
			continue
		}
		if !known {
			own = "false"
		}
		name := pgx.Identifier{table}.Sanitize()
		statements = append(statements,
			"DROP POLICY IF EXISTS tenant ON "+name,
			fmt.Sprintf("CREATE POLICY tenant ON %s USING (current_setting('coldshelf.tenant', true) = '%s' OR %s)", name, everyTenant, own),
			// PostgreSQL stores the condition in its own words; the comment tells whether it is still ours.
			fmt.Sprintf("COMMENT ON POLICY tenant ON %s IS '%s'", name, strings.ReplaceAll(own, "'", "''")),
			// FORCE applies the policy to the tables' owner too, as which the service connects.
			fmt.Sprintf("ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY", name))
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for _, s := range statements {
		if _, err := tx.Exec(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
	}
	return nil
}

// Isolated reports whether PostgreSQL keeps tenants apart, which it does not for a role that may bypass row
// security. On SQLite it is false.
func (db *DB) Isolated(ctx context.Context) (bool, error) {
	if !db.postgres {
		return false, nil
	}
	var passes bool
	err := db.QueryRow(ctx, "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user").Scan(&passes)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("ask for the role: %w", err)
	}
	return !passes, nil
}

// Obstacle says what keeps PostgreSQL from accepting our tables and rows; "": nothing.
func (db *DB) Obstacle(ctx context.Context) (string, error) {
	if !db.postgres {
		return "", nil
	}
	var creates, readOnly bool
	err := db.QueryRow(ctx, "SELECT coalesce(has_schema_privilege(current_schema(), 'CREATE'), false), current_setting('transaction_read_only') = 'on'").Scan(&creates, &readOnly)
	switch {
	case err != nil:
		return "", fmt.Errorf("ask for rights: %w", err)
	case readOnly:
		return "it takes no writes (a standby, or default_transaction_read_only)", nil
	case !creates:
		return "its role may make no tables there", nil
	}
	return "", nil
}
