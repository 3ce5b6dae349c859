package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/coldshelf/coldshelf/cloud"
	"github.com/coldshelf/coldshelf/cloud/internal/care"
)

func desiredCommand(stdout io.Writer) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "desired",
		Short: "How boards shall be set, and what they made of it: show, set, retry",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(desiredShow(stdout), desiredSet(stdout), desiredRetry(stdout))
	return cmd
}

// fleetBoard is what of a board's row the commands print.
type fleetBoard struct {
	Device, Store string
	Status        string
	Agent         string `json:"agent_version"`
	Desired       struct {
		State       care.State
		Version     uint64
		Wanted      care.Wanted
		Detail      string
		Differences []care.Difference
	}
}

func desiredShow(stdout io.Writer) *cobra.Command {
	var s service
	var asJSON bool
	cmd := &cobra.Command{Use: "show [DEVICE]", Short: "Show how boards stand to what is wanted of them", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			path := "/v1/fleet"
			if len(args) == 1 {
				path = "/v1/coolers/" + url.PathEscape(args[0]) + "/desired"
			}
			return s.answer(cmd, stdout, asJSON || len(args) == 1, http.MethodGet, path, nil, func(raw []byte) error { return printFleet(stdout, raw) })
		}}
	s.register(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func printFleet(w io.Writer, raw []byte) error {
	var out struct{ Boards []fleetBoard }
	if err := json.Unmarshal(raw, &out); err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	if len(out.Boards) == 0 {
		_, err := fmt.Fprintln(w, "no board has been heard yet: nothing is wanted of any")
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "BOARD\tSTORE\tSTATUS\tAGENT\tDESIRED\tDIFFERS")
	for _, b := range out.Boards {
		var differs []string
		for _, d := range b.Desired.Differences {
			differs = append(differs, fmt.Sprintf("%s: %s wanted, has %s", d.Part, d.Wanted, d.Has))
		}
		if b.Desired.State == care.Rejected || b.Desired.State == care.RolledBack {
			differs = append(differs, b.Desired.Detail)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", b.Device, b.Store, b.Status, b.Agent, b.Desired.State, strings.Join(append(differs, b.Desired.Wanted.Missing...), "; "))
	}
	return t.Flush()
}

func desiredSet(stdout io.Writer) *cobra.Command {
	var s service
	var store, device string
	cmd := &cobra.Command{
		Use:   "set PARTS",
		Short: "Wish something of all boards, of a store's or of one",
		Long: "PARTS is a JSON object of the parts to change: planogram, schedule, thresholds, gallery, model, agent.\n" +
			"null leaves a part to the wish beyond (cooler, store, tenant), \"\" to the board's own file.",
		Example: `  cooler-cloud desired set '{"planogram": "assigned"}'
  cooler-cloud desired set --store s1 '{"schedule": {"every_s": 300, "hours": "07:00-22:00"}}'
  cooler-cloud desired set --device cooler-1 '{"gallery": "2026-11-25", "thresholds": {"detector_permille": 400}}'`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			path := "/v1/desired"
			switch {
			case store != "" && device != "":
				return usage{fmt.Errorf("--store and --device do not go together")}
			case store != "":
				path += "/stores/" + url.PathEscape(store)
			case device != "":
				path += "/coolers/" + url.PathEscape(device)
			}
			if !json.Valid([]byte(args[0])) {
				return cloud.Hint(fmt.Errorf("%q is no JSON", args[0]), "such as '{\"planogram\": \"assigned\"}'")
			}
			return s.answer(cmd, stdout, true, http.MethodPut, path, json.RawMessage(args[0]), nil)
		}}
	s.register(cmd)
	cmd.Flags().StringVar(&store, "store", "", "of this store's boards")
	cmd.Flags().StringVar(&device, "device", "", "of this board")
	return cmd
}

func desiredRetry(stdout io.Writer) *cobra.Command {
	var s service
	cmd := &cobra.Command{Use: "retry DEVICE", Short: "Have a board try once more what it refused", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.answer(cmd, stdout, true, http.MethodPost, "/v1/coolers/"+url.PathEscape(args[0])+"/desired/attempts", nil, nil)
		}}
	s.register(cmd)
	return cmd
}
