package access

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"math/big"
	"net/http"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// revokedTime is how long a list is valid. A broker admits nobody with a list that has expired, so it must
// outlast a cron job that stopped without anybody noticing. It need not be shorter, because a board's
// certificate lasts at most 90 days.
const revokedTime = 365 * 24 * time.Hour

// RevocationList is what an external broker reads to keep revoked boards out.
type RevocationList struct {
	Number     int64     `json:"number"`  // increases from list to list
	Revoked    int       `json:"revoked"` // number of certificates on it
	ThisUpdate time.Time `json:"this_update"`
	NextUpdate time.Time `json:"next_update"` // from then on, a broker admits nobody with it
	PEM        []byte    `json:"-"`           // X.509 CRL of version 2, signed by the authority
}

// RevocationList makes the list of all certificates of boards that are revoked and have not expired, for all
// tenants, because they share one authority. It contains nothing but their serial numbers.
func (a *Authority) RevocationList(ctx context.Context, q state.Querier, now time.Time) (*RevocationList, error) {
	entries, err := revokedEntries(state.ForAll(ctx), q, now)
	if err != nil {
		return nil, fmt.Errorf("list revoked certificates: %w", err)
	}
	// It begins an hour ago, as our certificates do, because the broker's clock may be slow.
	l := &RevocationList{Number: now.UnixMicro(), Revoked: len(entries), ThisUpdate: now.Add(-time.Hour).UTC().Truncate(time.Second), NextUpdate: now.Add(revokedTime).UTC().Truncate(time.Second)}
	der, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{Number: big.NewInt(l.Number), ThisUpdate: l.ThisUpdate, NextUpdate: l.NextUpdate,
		RevokedCertificateEntries: entries}, a.cert, a.key)
	if err != nil {
		return nil, fmt.Errorf("sign the list of revoked certificates: %w", err)
	}
	l.PEM = encodePEM("X509 CRL", der)
	return l, nil
}

func revokedEntries(ctx context.Context, q state.Querier, now time.Time) (list []x509.RevocationListEntry, err error) {
	rows, err := q.Query(ctx, "SELECT serial, revoked_at FROM certificates WHERE revoked_at > 0 AND not_after > ? ORDER BY revoked_at, serial", state.Micros(now))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var number string
		var at int64
		if err := rows.Scan(&number, &at); err != nil {
			return nil, err
		}
		n, ok := new(big.Int).SetString(number, 16)
		if !ok {
			return nil, fmt.Errorf("serial number %q is not hexadecimal", number)
		}
		list = append(list, x509.RevocationListEntry{SerialNumber: n, RevocationTime: state.Time(at).UTC()})
	}
	return list, rows.Err()
}

func (g *Gate) revoked(w http.ResponseWriter, r *http.Request) {
	l, err := g.authority.RevocationList(r.Context(), g.db, g.now())
	if err != nil {
		g.failed(w, "list revoked certificates", err)
		return
	}
	w.Header().Set("Content-Type", "application/x-pem-file")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(l.PEM) // a client that has gone cannot be told anything
}
