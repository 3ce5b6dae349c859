package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/coldshelf/coldshelf/cloud"
	"github.com/coldshelf/coldshelf/cloud/client"
	"github.com/coldshelf/coldshelf/cloud/internal/release"
)

func bundleCommand(stdout io.Writer) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "bundle",
		Short: "Signed bundles that boards may be sent: trust, add, list, remove",
		Long: "Bundles hold networks, a gallery or an agent. They are made and signed elsewhere (cooler-agent bundle make):\n" +
			"the service holds no key. It takes what the boards would take, and serves it to them.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(bundleTrust(stdout), bundleAdd(stdout), bundleList(stdout), bundleRemove(stdout))
	return cmd
}

// told adds what the service advises, or else how it can be reached.
func (s *service) told(err error) error {
	var refused *client.Error
	if errors.As(err, &refused) && refused.Status == http.StatusUnauthorized {
		return cloud.Hint(err, "this service asks who is there: make a token with `cooler-cloud token create --name NAME --role manager` beside it, and give its file with --token-file")
	}
	if errors.As(err, &refused) && refused.Hint != "" {
		return cloud.Hint(err, "%s", refused.Hint)
	}
	return cloud.Hint(err, "is the service at %s?", s.url)
}

// ask asks an address of the API.
func (s *service) ask(cmd *cobra.Command, method, path string, body, out any) error {
	c, err := s.client()
	if err != nil {
		return err
	}
	return s.told(c.Do(cmd.Context(), method, path, body, out))
}

func bundleTrust(stdout io.Writer) *cobra.Command {
	var s service
	var replace, asJSON bool
	cmd := &cobra.Command{Use: "trust ROOT.json", Short: "Say whose bundles the service takes: the root that the boards hold, once", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			data, err := os.ReadFile(args[0])
			if err != nil || !json.Valid(data) {
				return cloud.Hint(errors.Join(fmt.Errorf("%s is no root", args[0]), err), "give the file 1.root.json of cooler-agent bundle init")
			}
			var r release.Root
			path := "/v1/bundles/root"
			if replace {
				path += "?replace=true"
			}
			if err := s.ask(cmd, http.MethodPut, path, json.RawMessage(data), &r); err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(stdout).Encode(r)
			}
			_, err = fmt.Fprintf(stdout, "bundles signed by %s are taken, until %s\n", strings.Join(r.Keys, ", "), r.Expires.Format(time.DateOnly))
			return err
		}}
	s.register(cmd)
	cmd.Flags().BoolVar(&replace, "replace", false, "in the place of another root, which boards that hold it go on believing")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func bundleAdd(stdout io.Writer) *cobra.Command {
	var s service
	var asJSON bool
	cmd := &cobra.Command{Use: "add FILE", Short: "Check a signed bundle and keep it for boards", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := os.Open(args[0])
			if err != nil {
				return cloud.Hint(err, "give the file that cooler-agent bundle make wrote")
			}
			defer f.Close()
			info, err := f.Stat()
			if err != nil {
				return err
			}
			c, err := s.client()
			if err != nil {
				return err
			}
			b, again, err := c.AddBundle(cmd.Context(), f, info.Size())
			if err != nil {
				return s.told(err)
			}
			if asJSON {
				return json.NewEncoder(stdout).Encode(b)
			}
			verb := "added"
			if again {
				verb = "was here:"
			}
			_, err = fmt.Fprintf(stdout, "%s %s\n", verb, bundleWords(*b))
			return err
		}}
	s.register(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func bundleWords(b release.Release) string {
	words := b.Kind + " " + b.Version
	if b.Arch != "" {
		words += " for " + b.Arch
	}
	return fmt.Sprintf("%s, %d bytes, boards take it until %s", words, b.Size, b.Expires.Format(time.DateOnly))
}

func bundleList(stdout io.Writer) *cobra.Command {
	var s service
	var asJSON bool
	cmd := &cobra.Command{Use: "list", Short: "List the bundles that are kept, and whose are taken", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var raw json.RawMessage
			if err := s.ask(cmd, http.MethodGet, "/v1/bundles", nil, &raw); err != nil {
				return err
			}
			if asJSON {
				_, err := fmt.Fprintf(stdout, "%s\n", raw)
				return err
			}
			return printBundles(stdout, raw)
		}}
	s.register(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func printBundles(stdout io.Writer, raw json.RawMessage) error {
	var out struct {
		Bundles []struct {
			release.Release
			UsedBy string `json:"used_by"`
		}
		Root *release.Root
		URL  string
	}
	if err := json.Unmarshal(raw, &out); err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	if out.Root == nil {
		fmt.Fprintln(stdout, "no root is set, so no bundle is taken: cooler-cloud bundle trust keys/1.root.json")
	} else {
		fmt.Fprintf(stdout, "signed by %s (root version %d)\n", strings.Join(out.Root.Keys, ", "), out.Root.Version)
	}
	if out.URL == "" {
		fmt.Fprintln(stdout, "boards have no address to fetch them from: set updates.url")
	}
	t := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "KIND\tVERSION\tFOR\tBYTES\tUNTIL\tADDED\tBY\tSHA-256")
	for _, b := range out.Bundles {
		fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%s\t%s\t%s\t%s\n", b.Kind, b.Version, b.Arch, b.Size, b.Expires.Format(time.DateOnly), b.AddedAt.Format(time.DateOnly), b.AddedBy, b.SHA256)
	}
	return t.Flush()
}

func bundleRemove(stdout io.Writer) *cobra.Command {
	var s service
	cmd := &cobra.Command{Use: "remove SHA256", Short: "Forget a bundle that nothing wishes for", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var out struct{}
			if err := s.ask(cmd, http.MethodDelete, "/v1/bundles/"+url.PathEscape(args[0]), nil, &out); err != nil {
				return err
			}
			_, err := fmt.Fprintf(stdout, "removed %s\n", args[0])
			return err
		}}
	s.register(cmd)
	return cmd
}

// answer asks the service and prints what it said: as it came with asJSON, else by print.
func (s *service) answer(cmd *cobra.Command, stdout io.Writer, asJSON bool, method, path string, body any, print func(raw []byte) error) error {
	var raw json.RawMessage
	if err := s.ask(cmd, method, path, body, &raw); err != nil {
		return err
	}
	if !asJSON {
		return print(raw)
	}
	_, err := fmt.Fprintf(stdout, "%s\n", raw)
	return err
}
