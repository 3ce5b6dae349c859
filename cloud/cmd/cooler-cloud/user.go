package main

import (
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/coldshelf/coldshelf/cloud"
	"github.com/coldshelf/coldshelf/cloud/internal/access"
	"github.com/coldshelf/coldshelf/cloud/internal/config"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

func userCommand(stdout io.Writer) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "user",
		Short: "People who sign in with a password: add, list, link, remove",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(userAdd(stdout), userList(stdout), userLink(stdout), userRemove(stdout))
	return cmd
}

// printLink says a link whole, at the address of the service that runs on the same data. A proxy before it may have another
// name; where no service runs here the host is that of the configuration, which is said.
func printLink(cmd *cobra.Command, stdout io.Writer, c *config.Config, link string) error {
	addr := cloud.Running(c.StateURL())
	if addr == "" || cmd.Flags().Changed("listen") {
		if addr == "" {
			fmt.Fprintf(cmd.ErrOrStderr(), "note: no service is seen to run on this data; the link is for one at %s (--listen)\n", c.Listen)
		}
		addr = c.Listen
	}
	if host, port, err := net.SplitHostPort(addr); err == nil && (host == "" || net.ParseIP(host).IsUnspecified()) {
		addr = net.JoinHostPort("127.0.0.1", port)
		fmt.Fprintf(cmd.ErrOrStderr(), "note: for another machine put this one's name, or the proxy's address, in the place of 127.0.0.1\n")
	}
	_, err := fmt.Fprintf(stdout, "http://%s%s\n", addr, link)
	return err
}

func userAdd(stdout io.Writer) *cobra.Command {
	var s settings
	var u access.User
	var role string
	cmd := &cobra.Command{
		Use:   "add",
		Short: "Add a user and print the link by which he chooses a password, once, within a week",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := s.load(cmd)
			if err != nil {
				return err
			}
			db, tenant, err := openAccess(cmd, &s)
			if err != nil {
				return err
			}
			defer db.Close()
			u.Tenant, u.Role = tenant, access.Role(role)
			var link string
			err = db.Write(cmd.Context(), func(tx *state.Tx) error {
				added, err := access.AddUser(cmd.Context(), tx, u, operator(), time.Now())
				if err == nil {
					link, err = access.Invite(cmd.Context(), tx, tenant, added.ID, operator(), time.Now())
				}
				return err
			})
			if err != nil {
				return cloud.Hint(err, "give --email, --name and --role; cooler-cloud user list shows who there is")
			}
			return printLink(cmd, stdout, c, link)
		},
	}
	s.register(cmd)
	cmd.Flags().StringVar(&u.Email, "email", "", "the address to sign in with")
	cmd.Flags().StringVar(&u.Name, "name", "", "the name that others read")
	cmd.Flags().StringVar(&role, "role", "viewer", "admin, manager or viewer")
	return cmd
}

func userList(stdout io.Writer) *cobra.Command {
	return listing(stdout, "List a tenant's users", "ROLE\tEMAIL\tNAME\tSTATE", access.Users, func(u access.User) string {
		now := "active"
		if !u.Active {
			now = "has not chosen a password"
		}
		if u.DisabledAt != nil {
			now = "shut out since " + u.DisabledAt.Format(time.RFC3339)
		}
		return fmt.Sprintf("%s\t%s\t%s\t%s", u.Role, u.Email, u.Name, now)
	})
}

// changeUser does something to the user of an address.
func changeUser(cmd *cobra.Command, s *settings, email string, do func(tx *state.Tx, u access.User) error) error {
	db, tenant, err := openAccess(cmd, s)
	if err != nil {
		return err
	}
	defer db.Close()
	err = db.Write(cmd.Context(), func(tx *state.Tx) error {
		list, err := access.Users(cmd.Context(), tx, tenant)
		if err != nil {
			return err
		}
		for _, u := range list {
			if u.Email == strings.ToLower(email) {
				return do(tx, u)
			}
		}
		return fmt.Errorf("user %q: %w", email, state.ErrNotFound)
	})
	return cloud.Hint(err, "cooler-cloud user list shows who there is")
}

func userLink(stdout io.Writer) *cobra.Command {
	var s settings
	cmd := &cobra.Command{
		Use:   "link EMAIL",
		Short: "Print a link by which a user chooses another password, once, within a week",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := s.load(cmd)
			if err != nil {
				return err
			}
			var link string
			err = changeUser(cmd, &s, args[0], func(tx *state.Tx, u access.User) (err error) {
				link, err = access.Invite(cmd.Context(), tx, u.Tenant, u.ID, operator(), time.Now())
				return err
			})
			if err != nil {
				return err
			}
			return printLink(cmd, stdout, c, link)
		},
	}
	s.register(cmd)
	return cmd
}

func userRemove(stdout io.Writer) *cobra.Command {
	var s settings
	cmd := &cobra.Command{
		Use:   "remove EMAIL",
		Short: "End a user and his sessions; what he has said of alerts stays",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			err := changeUser(cmd, &s, args[0], func(tx *state.Tx, u access.User) error {
				return access.RemoveUser(cmd.Context(), tx, u.Tenant, u.ID, operator(), time.Now())
			})
			if err == nil {
				_, err = fmt.Fprintf(stdout, "removed %s\n", args[0])
			}
			return err
		},
	}
	s.register(cmd)
	return cmd
}
