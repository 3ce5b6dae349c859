package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/coldshelf/coldshelf/cloud"
)

func rulesExplainCommand(stdout io.Writer) *cobra.Command {
	var s settings
	var q cloud.Question
	var at string
	var asJSON bool
	cmd := &cobra.Command{Use: "explain [FILE]", Short: "Tell which rules hold at a cooler, and which entry says so", Args: cobra.MaximumNArgs(1),
		Long: `Tell which rules hold at a cooler, and which entry of the file says so: of those in force, or of FILE.
Where several entries set the same, the most specific wins: one that names the cooler before one that
names the product, then store, cooler model, store class, channel, region and tenant; a name before a
pattern; and of two equals the later in the file.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				q.File = args[0]
			}
			if q.Device == "" {
				return usage{fmt.Errorf("--device is missing: which cooler?")}
			}
			if at != "" {
				var err error
				if q.At, err = time.Parse(time.RFC3339, at); err != nil {
					return usage{fmt.Errorf("--at is %q, want a time such as 2026-03-02T08:00:00Z", at)}
				}
			}
			c, err := s.load(cmd)
			if err != nil {
				return err
			}
			ruling, err := cloud.ExplainRules(cmd.Context(), *c, q)
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(stdout).Encode(ruling)
			}
			return printRuling(stdout, ruling)
		}}
	s.register(cmd)
	cmd.Flags().StringVar(&q.Device, "device", "", "board of the cooler")
	cmd.Flags().StringSliceVar(&q.Types, "type", nil, "only these types of alerts")
	cmd.Flags().StringVar(&q.GTIN, "gtin", "", "for slots of this product")
	cmd.Flags().StringVar(&at, "at", "", "time at which (default now)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func printRuling(w io.Writer, r *cloud.Ruling) error {
	known := func(word string) string { return cmp.Or(word, "not known") }
	fmt.Fprintf(w, "cooler %s of store %s: region %s, channel %s, store class %s, cooler model %s\n", r.Device, r.Store,
		known(r.Region), known(r.Channel), known(r.Class), known(r.Model))
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, e := range r.Rules {
		fmt.Fprintf(t, "\n%s\n", e.Type)
		for _, s := range e.Says {
			fmt.Fprintf(t, "  %s\t%s\t%s\n", s.Key, s.Value, s.By)
		}
		for _, who := range e.Told {
			how := "told"
			if who.Digest {
				how = "told by digest"
			} else if who.Stage > 0 {
				how = "escalated"
			}
			fmt.Fprintf(t, "  %s at %s\t%s %s by %s\t%s\n", how, who.Due.Format(time.RFC3339), who.Role, who.Name, who.Format, who.By)
		}
		if len(e.Muted) > 0 {
			fmt.Fprintf(t, "  muted at %s\t\t%s\n", r.At.Format(time.RFC3339), strings.Join(e.Muted, "; "))
		}
	}
	return t.Flush()
}
