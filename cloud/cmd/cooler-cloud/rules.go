package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/coldshelf/coldshelf/cloud"
)

func rulesCommand(stdout io.Writer) *cobra.Command {
	cmd := &cobra.Command{Use: "rules", Short: "Check a file of alert rules, try it on the past, and tell which entry rules at a cooler", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	cmd.AddCommand(rulesCheckCommand(stdout), rulesTestCommand(stdout), rulesExplainCommand(stdout))
	return cmd
}

func rulesCheckCommand(stdout io.Writer) *cobra.Command {
	return &cobra.Command{Use: "check FILE", Short: "Say what is wrong with a file of rules", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := cloud.CheckRules(args[0]); err != nil {
				return err
			}
			_, err := fmt.Fprintf(stdout, "%s is good\n", args[0])
			return err
		}}
}

func rulesTestCommand(stdout io.Writer) *cobra.Command {
	var s settings
	var since string
	var asJSON bool
	cmd := &cobra.Command{Use: "test FILE", Short: "Judge the kept history by a file of rules, beside those in force", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			span, err := parseSince(since)
			if err != nil {
				return usage{err}
			}
			c, err := s.load(cmd)
			if err != nil {
				return err
			}
			run, err := cloud.TestRules(cmd.Context(), *c, args[0], span)
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(stdout).Encode(run)
			}
			return printRun(stdout, run)
		}}
	s.register(cmd)
	cmd.Flags().StringVar(&since, "since", "7d", "how far back, such as 36h or 7d")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// parseSince reads a duration that may be in days.
func parseSince(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if days, ok := strings.CutSuffix(text, "d"); ok {
		var n int
		n, err = strconv.Atoi(days)
		d = time.Duration(n) * 24 * time.Hour
	}
	if err != nil || d <= 0 || d > 10*365*24*time.Hour {
		return 0, fmt.Errorf("--since is %q, want a stretch such as 36h or 7d", text)
	}
	return d, nil
}

func printRun(w io.Writer, run *cloud.DryRun) error {
	fmt.Fprintf(w, "%d messages of %d coolers since %s\n\n", run.Messages, run.Coolers, run.From.Format("2006-01-02 15:04 MST"))
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "type\tin force\tthis file")
	for _, c := range run.Types {
		fmt.Fprintf(t, "%s\t%d\t%d\n", c.Type, c.InForce, c.File)
	}
	fmt.Fprintln(t, "\nseverity\tin force\tthis file")
	for _, c := range run.Severities {
		fmt.Fprintf(t, "%s\t%d\t%d\n", c.Severity, c.InForce, c.File)
	}
	fmt.Fprintln(t, "\nopened\tended\tseverity\ttype\tstore\tcooler\tslot\tloses an hour")
	for _, a := range run.Alerts {
		ended := "open"
		if a.EndedAt != nil {
			ended = a.EndedAt.Format("01-02 15:04:05")
		}
		loses := ""
		if a.Loss != nil {
			loses = fmt.Sprintf("%d %s (minor units)", a.Loss.MinorPerHour, a.Loss.Currency)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", a.OpenedAt.Format("01-02 15:04:05"), ended, a.Severity, a.Type, a.Store, a.Device, a.Slot, loses)
	}
	return t.Flush()
}
