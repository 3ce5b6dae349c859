package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/coldshelf/coldshelf/cloud/internal/access"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

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

// listing is a command that lists what a tenant has of one kind: a table for people under its head, --json for machines.
func listing[T any](stdout io.Writer, short, head string, read func(context.Context, state.Querier, string) ([]T, error), line func(T) string) *cobra.Command {
	var s settings
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: short,
		RunE: func(cmd *cobra.Command, _ []string) error {
			db, tenant, err := openAccess(cmd, &s)
			if err != nil {
				return err
			}
			defer db.Close()
			list, err := read(cmd.Context(), db, tenant)
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(stdout).Encode(list)
			}
			w := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, head)
			for _, item := range list {
				fmt.Fprintln(w, line(item))
			}
			return w.Flush()
		},
	}
	s.register(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
