package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/coldshelf/coldshelf/cloud"
	"github.com/coldshelf/coldshelf/cloud/internal/rollout"
)

func rolloutCommand(stdout io.Writer) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rollout",
		Short: "Staged updates of boards: start, list, show, watch, pause, resume, cancel",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(rolloutStart(stdout), rolloutList(stdout), rolloutShow(stdout), rolloutWatch(stdout),
		rolloutSay(stdout, "pause", "Ask no more boards; those that were asked go on"),
		rolloutSay(stdout, "resume", "Go on after a pause or a halt; what failed before counts no more"),
		rolloutSay(stdout, "cancel", "End it; boards that have the bundle keep it"))
	return cmd
}

// shownRollout is a staged update with its boards, as the service shows it.
type shownRollout struct {
	rollout.Rollout
	Boards []struct {
		Device, Status, Detail string
	}
}

func rolloutStart(stdout io.Writer) *cobra.Command {
	var s service
	var o rollout.Order
	var soak, patience time.Duration
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "start KIND VERSION",
		Short: "Bring a bundle that is kept to boards, stage by stage",
		Long: "Each stage waits until its boards have been well under the bundle for --soak. It halts by itself when more than\n" +
			"--max-failures boards refuse it, go back from it, are unwell under it, or do not answer within --patience.",
		Example: "  cooler-cloud rollout start agent 1.4.0\n  cooler-cloud rollout start model 0.5.0 --region east --stages 1,5%,25%,100% --soak 1h --max-failures 2",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Kind, o.Version = args[0], args[1]
			o.SoakS, o.PatienceS = int64(soak/time.Second), int64(patience/time.Second)
			if err := o.Complete(); err != nil {
				return usage{err}
			}
			return s.show(cmd, stdout, asJSON, http.MethodPost, "/v1/rollouts", o)
		},
	}
	s.register(cmd)
	f := cmd.Flags()
	f.StringVar(&o.Name, "name", "", "what people call it")
	f.StringSliceVar(&o.Regions, "region", nil, "only boards of these regions")
	f.StringSliceVar(&o.Stores, "store", nil, "only boards of these stores")
	f.StringSliceVar(&o.Devices, "device", nil, "only these boards")
	f.StringSliceVar(&o.Stages, "stages", nil, "boards that have it in the end of each stage (default 1,5%,25%,100%)")
	f.DurationVar(&soak, "soak", 15*time.Minute, "how long a board must be well under it")
	f.DurationVar(&patience, "patience", 24*time.Hour, "how long a board may take until it is")
	f.IntVar(&o.MaxFailures, "max-failures", 0, "how many boards may fail before it halts")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// show asks for one staged update and prints it.
func (s *service) show(cmd *cobra.Command, stdout io.Writer, asJSON bool, method, path string, body any) error {
	return s.answer(cmd, stdout, asJSON, method, path, body, func(raw []byte) error {
		var r shownRollout
		if err := json.Unmarshal(raw, &r); err != nil {
			return fmt.Errorf("answer: %w", err)
		}
		s.sayWhyBoardsWait(cmd, &r)
		return printRollout(stdout, &r)
	})
}

// sayWhyBoardsWait fills in what the fleet tells of boards that were not asked yet. It is a help: what cannot be read is
// left out.
func (s *service) sayWhyBoardsWait(cmd *cobra.Command, r *shownRollout) {
	var fleet struct{ Boards []fleetBoard }
	if r.Counts[rollout.Waiting] == 0 || len(r.Boards) == 0 || s.ask(cmd, http.MethodGet, "/v1/fleet", nil, &fleet) != nil {
		return
	}
	by := map[string]*fleetBoard{}
	for i := range fleet.Boards {
		by[fleet.Boards[i].Device] = &fleet.Boards[i]
	}
	for i := range r.Boards {
		b := &r.Boards[i]
		if known := by[b.Device]; known != nil && b.Status == string(rollout.Waiting) && b.Detail == "" {
			b.Detail = known.waitsFor()
		}
	}
}

// waitsFor says why a board has not been asked.
func (b *fleetBoard) waitsFor() string {
	switch {
	case len(b.Desired.Wanted.Missing) > 0:
		return strings.Join(b.Desired.Wanted.Missing, "; ")
	case b.Status == "offline" || b.Status == "never_seen":
		return "it is " + strings.ReplaceAll(b.Status, "_", " ") + ": it is asked when it is connected"
	}
	return "it is connected: its turn comes within moments, or in a later stage"
}

func printRollout(w io.Writer, r *shownRollout) error {
	fmt.Fprintf(w, "%d: %s %s is %s, stage %d of %d (%s)\n%s\n", r.ID, r.Kind, r.Version, r.Status, r.Stage+1, len(r.Stages), strings.Join(r.Stages, ", "), countWords(&r.Rollout))
	if r.Reason != "" {
		fmt.Fprintln(w, r.Reason)
	}
	if len(r.Boards) == 0 {
		return nil
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "BOARD\tSTATUS\tWHY")
	for _, b := range r.Boards {
		fmt.Fprintf(t, "%s\t%s\t%s\n", b.Device, b.Status, b.Detail)
	}
	return t.Flush()
}

func countWords(r *rollout.Rollout) string {
	var words []string
	for _, status := range []rollout.BoardStatus{rollout.Healthy, rollout.Watched, rollout.Asked, rollout.Failed, rollout.Waiting, rollout.Late, rollout.Skipped, rollout.TakenBack} {
		if n := r.Counts[status]; n > 0 {
			words = append(words, fmt.Sprintf("%d %s", n, status))
		}
	}
	return strings.Join(words, ", ")
}

func rolloutList(stdout io.Writer) *cobra.Command {
	var s service
	var asJSON bool
	cmd := &cobra.Command{Use: "list", Short: "List staged updates, the newest first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.answer(cmd, stdout, asJSON, http.MethodGet, "/v1/rollouts", nil, func(raw []byte) error { return printRollouts(stdout, raw) })
		}}
	s.register(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func printRollouts(w io.Writer, raw []byte) error {
	var out struct{ Rollouts []rollout.Rollout }
	if err := json.Unmarshal(raw, &out); err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "ID\tKIND\tVERSION\tSTATUS\tSTAGE\tBOARDS\tSTARTED\tBY")
	for i := range out.Rollouts {
		r := &out.Rollouts[i]
		fmt.Fprintf(t, "%d\t%s\t%s\t%s\t%d/%d\t%s\t%s\t%s\n", r.ID, r.Kind, r.Version, r.Status, r.Stage+1, len(r.Stages), countWords(r), r.CreatedAt.Format(time.RFC3339), r.CreatedBy)
	}
	return t.Flush()
}

func rolloutShow(stdout io.Writer) *cobra.Command {
	var s service
	var asJSON bool
	cmd := &cobra.Command{Use: "show ID", Short: "Show one with each of its boards", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.show(cmd, stdout, asJSON, http.MethodGet, "/v1/rollouts/"+url.PathEscape(args[0]), nil)
		}}
	s.register(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func rolloutSay(stdout io.Writer, what, short string) *cobra.Command {
	var s service
	var asJSON bool
	cmd := &cobra.Command{Use: what + " ID", Short: short, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.show(cmd, stdout, asJSON, http.MethodPost, "/v1/rollouts/"+url.PathEscape(args[0])+"/"+what, nil)
		}}
	s.register(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// watchEvery is how often a watched staged update is asked for.
const watchEvery = 2 * time.Second

func rolloutWatch(stdout io.Writer) *cobra.Command {
	var s service
	var asJSON bool
	cmd := &cobra.Command{Use: "watch ID", Short: "Print a line with each change until it is over; status 0 only if it is done", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			tick := time.NewTicker(watchEvery)
			defer tick.Stop()
			for last := ""; ; {
				var r shownRollout
				if err := s.ask(cmd, http.MethodGet, "/v1/rollouts/"+url.PathEscape(args[0]), nil, &r); err != nil {
					return err
				}
				line := fmt.Sprintf("%s  stage %d of %d  %s", r.Status, r.Stage+1, len(r.Stages), countWords(&r.Rollout))
				if asJSON {
					data, err := json.Marshal(r.Rollout)
					if err != nil {
						return err
					}
					line = string(data)
				}
				if line != last {
					if _, err := fmt.Fprintln(stdout, line); err != nil {
						return err
					}
					last = line
				}
				switch r.Status {
				case rollout.Done:
					return nil
				case rollout.Halted, rollout.Cancelled:
					return cloud.Hint(fmt.Errorf("staged update %d is %s: %s", r.ID, r.Status, r.Reason), "cooler-cloud rollout show %d tells of each board", r.ID)
				}
				select {
				case <-cmd.Context().Done():
					return nil
				case <-tick.C:
				}
			}
		}}
	s.register(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, one line a change")
	return cmd
}
