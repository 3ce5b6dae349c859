package release

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// trust is the metadata of what was accepted last, as package bundle keeps them in a folder.
type trust struct {
	Root      []byte `json:"root,omitempty"`
	Targets   []byte `json:"targets,omitempty"`
	Snapshot  []byte `json:"snapshot,omitempty"`
	Timestamp []byte `json:"timestamp,omitempty"`
}

func (t *trust) files() map[string]*[]byte {
	return map[string]*[]byte{"root.json": &t.Root, "targets.json": &t.Targets, "snapshot.json": &t.Snapshot, "timestamp.json": &t.Timestamp}
}

func readTrust(ctx context.Context, q state.Querier, tenant, kind, arch string) (t trust, err error) {
	var data []byte
	err = q.QueryRow(ctx, "SELECT metadata FROM release_trust WHERE tenant = ? AND kind = ? AND arch = ?", tenant, kind, arch).Scan(&data)
	if errors.Is(err, sql.ErrNoRows) {
		return t, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &t)
	}
	if err != nil {
		return t, fmt.Errorf("read metadata of %s: %w", kind, err)
	}
	return t, nil
}

func (t *trust) put(ctx context.Context, tx *state.Tx, tenant, kind, arch string) error {
	data, err := json.Marshal(t)
	if err == nil {
		_, err = tx.Exec(ctx, `INSERT INTO release_trust (tenant, kind, arch, metadata) VALUES (?, ?, ?, ?)
			ON CONFLICT (tenant, kind, arch) DO UPDATE SET metadata = excluded.metadata`, tenant, kind, arch, data)
	}
	if err != nil {
		return fmt.Errorf("keep metadata of %s: %w", kind, err)
	}
	return nil
}

func (t *trust) write(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for name, data := range t.files() {
		if len(*data) == 0 {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, name), *data, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func trustIn(dir string) (t trust, err error) {
	for name, data := range t.files() {
		if *data, err = os.ReadFile(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return t, err
		}
	}
	return t, nil
}
