package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/coldshelf/coldshelf/cloud"
	"github.com/coldshelf/coldshelf/cloud/internal/access"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/atomicfile"
	"github.com/coldshelf/coldshelf/models/wire"
)

func enrolCommand(stdout io.Writer) *cobra.Command {
	var s settings
	var store, device string
	var revoke bool
	cmd := &cobra.Command{
		Use:   "enrol",
		Short: "Make the one-time code by which a board gets its certificate and token",
		Long: `Make the one-time code by which a board gets its certificate and token. The board, or whoever sets it
up, sends it within a week with a certificate request: POST /v1/enrol {"code", "csr"}.
With --revoke end all that a device has instead.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case device == "":
				return usage{errors.New("--device is missing: which board?")}
			case store == "" && !revoke:
				return usage{errors.New("--store is missing: in which store does it stand?")}
			}
			db, tenant, err := openAccess(cmd, &s)
			if err != nil {
				return err
			}
			defer db.Close()
			id := wire.Identity{Tenant: tenant, Store: store, Device: device}
			if revoke {
				id.Store = "any"
			}
			if err := id.Validate(); err != nil {
				return usage{err}
			}
			var code string
			err = db.Write(cmd.Context(), func(tx *state.Tx) error {
				if revoke {
					return access.RevokeDevice(cmd.Context(), tx, tenant, device, operator(), time.Now())
				}
				code, err = access.EnrolCode(cmd.Context(), tx, id, operator(), time.Now())
				return err
			})
			if err != nil {
				return cloud.Hint(err, "see how it is spelt: the boards that are enrolled are on the page under Set-up, and in GET /v1/coolers")
			}
			if revoke {
				code = "revoked " + device
			}
			if _, err = fmt.Fprintln(stdout, code); err == nil && !revoke {
				_, err = fmt.Fprintln(cmd.ErrOrStderr(), "good once, for a week; on the board: cooler-agent provision --config agent.yml --code CODE")
			}
			return err
		},
	}
	s.register(cmd)
	cmd.Flags().StringVar(&store, "store", "", "the store that it stands in")
	cmd.Flags().StringVar(&device, "device", "", "its name")
	cmd.Flags().BoolVar(&revoke, "revoke", false, "end the device's tokens, certificates and codes; one that is connected is put out within ten seconds")
	cmd.AddCommand(enrolRevoked(stdout))
	return cmd
}

func enrolRevoked(stdout io.Writer) *cobra.Command {
	var s settings
	var out string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "revoked",
		Short: "Write the list of revoked certificates that a Mosquitto keeps boards out by (crlfile)",
		Long: `Write the list of the boards' certificates that are revoked and have not run out: an X.509 CRL in PEM, signed by
the authority in --data. crlfile of Mosquitto takes it. A machine without --data gets the same by GET /v1/revoked.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case out == "":
				return usage{errors.New("--out is missing: which file? Or - for standard output")}
			case out == "-" && asJSON:
				return usage{errors.New("--json tells of the file that is written: give --out FILE")}
			}
			l, err := revocationList(cmd, &s)
			if err != nil {
				return err
			}
			if out == "-" {
				_, err := stdout.Write(l.PEM)
				return err
			}
			if err := writePublic(out, l.PEM); err != nil {
				return cloud.Hint(fmt.Errorf("write %s: %w", out, err), "the list that was there is as it was; give a file in a folder that you may write to")
			}
			if asJSON {
				return json.NewEncoder(stdout).Encode(struct {
					File string `json:"file"`
					*access.RevocationList
				}{out, l})
			}
			_, err = fmt.Fprintf(stdout, "%s: %d revoked certificates; good until %s\n", out, l.Revoked, l.NextUpdate.Format(time.DateOnly))
			return err
		},
	}
	s.register(cmd)
	cmd.Flags().StringVar(&out, "out", "", "the file to write, in one step; - for standard output")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func revocationList(cmd *cobra.Command, s *settings) (*access.RevocationList, error) {
	c, err := s.load(cmd)
	if err != nil {
		return nil, err
	}
	authority, err := access.ReadAuthority(filepath.Join(c.DataDir, "authority"), time.Now())
	if err != nil {
		return nil, cloud.Hint(err, "give the --data of the service, on its own machine; elsewhere GET /v1/revoked gives the list")
	}
	db, _, err := openAccess(cmd, s)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	return authority.RevocationList(cmd.Context(), db, time.Now())
}

// writePublic replaces a file in one step, or leaves it as it was. Everybody may read it: brokers run as users of their own.
func writePublic(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".revoked-")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // not there any more once it has its name
	_, err = f.Write(data)
	if err := errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return atomicfile.SyncDir(filepath.Dir(path))
}
