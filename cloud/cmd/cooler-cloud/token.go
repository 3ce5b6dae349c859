package main

import (
	"fmt"
	"io"
	"os/user"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/coldshelf/coldshelf/cloud"
	"github.com/coldshelf/coldshelf/cloud/internal/access"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/wire"
)

func tokenCommand(stdout io.Writer) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "token",
		Short: "Access tokens of programs: create, list, revoke",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(tokenCreate(stdout), tokenList(stdout), tokenRevoke(stdout))
	return cmd
}

// operator is how the audit log names whoever sits at the service's own terminal.
func operator() string {
	if u, err := user.Current(); err == nil {
		return u.Username + " at the terminal"
	}
	return "the terminal"
}

func tokenCreate(stdout io.Writer) *cobra.Command {
	var s settings
	var name, role string
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Make a token and print it; it is shown this once",
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := access.ParseRole(role)
			if err != nil || r == access.Device {
				return usage{fmt.Errorf("--role %q: want admin, manager, integration or viewer; boards get theirs by cooler-cloud enrol", role)}
			}
			if name == "" {
				return usage{fmt.Errorf("--name is missing: it says who has the token")}
			}
			db, tenant, err := openAccess(cmd, &s)
			if err != nil {
				return err
			}
			defer db.Close()
			var token string
			err = db.Write(cmd.Context(), func(tx *state.Tx) error {
				token, err = access.Issue(cmd.Context(), tx, access.Principal{Identity: wire.Identity{Tenant: tenant}, Name: name, Role: r}, operator(), time.Now())
				return err
			})
			if err == nil {
				_, err = fmt.Fprintln(stdout, token)
			}
			return err
		},
	}
	s.register(cmd)
	cmd.Flags().StringVar(&name, "name", "", "who has it")
	cmd.Flags().StringVar(&role, "role", "viewer", "admin, manager, integration or viewer")
	return cmd
}

func tokenList(stdout io.Writer) *cobra.Command {
	return listing(stdout, "List a tenant's tokens, without their secrets", "ID\tROLE\tNAME\tMADE\tREVOKED", access.Tokens, func(t access.Token) string {
		revoked := ""
		if t.RevokedAt != nil {
			revoked = t.RevokedAt.Format(time.RFC3339)
		}
		return fmt.Sprintf("%d\t%s\t%s\t%s\t%s", t.ID, t.Role, t.Name, t.CreatedAt.Format(time.RFC3339), revoked)
	})
}

func tokenRevoke(stdout io.Writer) *cobra.Command {
	var s settings
	cmd := &cobra.Command{
		Use:   "revoke ID",
		Short: "End a token",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := strconv.ParseInt(args[0], 10, 64)
			if err != nil {
				return usage{fmt.Errorf("%q is not the number of a token", args[0])}
			}
			db, tenant, err := openAccess(cmd, &s)
			if err != nil {
				return err
			}
			defer db.Close()
			err = db.Write(cmd.Context(), func(tx *state.Tx) error {
				return access.Revoke(cmd.Context(), tx, tenant, id, operator(), time.Now())
			})
			if err != nil {
				return cloud.Hint(err, "cooler-cloud token list shows which there are")
			}
			_, err = fmt.Fprintf(stdout, "revoked %d\n", id)
			return err
		},
	}
	s.register(cmd)
	return cmd
}
