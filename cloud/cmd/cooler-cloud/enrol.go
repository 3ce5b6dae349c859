package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/coldshelf/coldshelf/cloud"
	"github.com/coldshelf/coldshelf/cloud/internal/access"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
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
	return cmd
}
