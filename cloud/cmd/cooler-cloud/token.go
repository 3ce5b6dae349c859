package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os/user"
	"strconv"
	"text/tabwriter"
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

// openAccess opens the state with the tables of tokens.
func openAccess(cmd *cobra.Command, s *settings) (db *state.DB, tenant string, err error) {
	c, err := s.load(cmd)
	if err != nil {
		return nil, "", err
	}
	if db, err = openState(cmd, s); err != nil {
		return nil, "", err
	}
	if err := state.Migrate(cmd.Context(), db, state.Tables, access.Tables); err != nil {
		db.Close()
		return nil, "", err
	}
	return db, c.Tenant, nil
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
	var s settings
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List a tenant's tokens, without their secrets",
		RunE: func(cmd *cobra.Command, _ []string) error {
			db, tenant, err := openAccess(cmd, &s)
			if err != nil {
				return err
			}
			defer db.Close()
			list, err := access.Tokens(cmd.Context(), db, tenant)
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(stdout).Encode(list)
			}
			w := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "ID\tROLE\tNAME\tMADE\tREVOKED")
			for _, t := range list {
				revoked := ""
				if t.RevokedAt != nil {
					revoked = t.RevokedAt.Format(time.RFC3339)
				}
				fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\n", t.ID, t.Role, t.Name, t.CreatedAt.Format(time.RFC3339), revoked)
			}
			return w.Flush()
		},
	}
	s.register(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
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
