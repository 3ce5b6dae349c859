package access

import (
	"context"
	"log/slog"
	"slices"
	"strings"

	"github.com/coldshelf/coldshelf/cloud/internal/broker"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// Door admits clients to the embedded broker: boards by their certificate or their token, and, by the token of
// an admin or an integration, programs that may use every topic of the tenant or receive its alerts.
type Door struct {
	DB  *state.DB
	Log *slog.Logger
}

// Connect returns the identity that the credentials prove. A certificate contains it; without one, the password
// is the token, and the user name must be the one that the token is for.
func (d Door) Connect(ctx context.Context, c broker.Credentials) (broker.Identity, bool) {
	if c.CommonName != "" {
		id, ok := identityOf(c.CommonName)
		good, err := certificate(ctx, d.DB, c.Serial)
		if err != nil {
			d.Log.Error("check certificate", "err", err)
		}
		return broker.Identity{Identity: id, Proof: certificateProof + c.Serial}, ok && good && err == nil
	}
	p, err := Check(ctx, d.DB, string(c.Password))
	proof := tokenGrant + digest(string(c.Password))
	if err == nil && p.Role == Admin {
		return broker.Identity{Identity: p.Identity, Service: true, Proof: proof}, true
	}
	if err == nil && p.Role == Integration {
		return broker.Identity{Identity: p.Identity, Alerts: true, Proof: proof}, true
	}
	if err != nil || p.Role != Device || c.Username != nameOf(p.Identity) {
		return broker.Identity{}, false
	}
	return broker.Identity{Identity: p.Identity, Proof: proof}, true
}

const certificateProof = "certificate/"

// atOnce is how many proofs are checked in one query.
const atOnce = 500

// Standing returns which proofs of connected clients are still valid.
func (d Door) Standing(ctx context.Context, proofs []string) (map[string]bool, error) {
	good := map[string]bool{}
	for _, kind := range []struct{ prefix, table, key string }{{certificateProof, "certificates", "serial"}, {tokenGrant, "tokens", "sha256"}} {
		var names []string
		for _, p := range proofs {
			if name, ok := strings.CutPrefix(p, kind.prefix); ok {
				names = append(names, name)
			}
		}
		for some := range slices.Chunk(names, atOnce) {
			found, err := standing(ctx, d.DB, kind.table, kind.key, some)
			if err != nil {
				return nil, err
			}
			for name := range found {
				good[kind.prefix+name] = true
			}
		}
	}
	return good, nil
}
