package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

// verdict is the result of one check.
type verdict string

const (
	good verdict = "ok"
	poor verdict = "warn" // it works, with limits
	bad  verdict = "fail" // it does not work
)

// finding is one line of doctor's output.
type finding struct {
	Check   string  `json:"check"`
	Verdict verdict `json:"verdict"`
	Detail  string  `json:"detail"`
	Hint    string  `json:"hint,omitempty"`
}

// examination is what doctor --json prints.
type examination struct {
	OK     bool      `json:"ok"` // nothing has failed
	Checks []finding `json:"checks"`
}

func (e *examination) add(check string, v verdict, hint, format string, args ...any) {
	e.Checks = append(e.Checks, finding{check, v, fmt.Sprintf(format, args...), hint})
}

// fault adds a check that failed, with the hint that the error carries if it has one.
func (e *examination) fault(check string, err error, hint string) {
	if own := hintOf(err); own != "" {
		hint = own
	}
	e.add(check, bad, hint, "%v", err)
}

func doctorCommand() *cobra.Command {
	var path string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "doctor --config FILE",
		Short: "Look at everything that run needs, and say what is wrong",
		Long: `Checks the configuration and everything that it names: networks, planogram, gallery, mount, camera, devices,
data folder, outbox, clock and broker. It takes one picture and looks at it, and changes nothing. An agent may be
running meanwhile: then doctor leaves camera and outbox to it, and says so. Exit status 1 if a check failed.`,
		Example: `  cooler-agent doctor --config agent.yml
  cooler-agent doctor --config agent.yml --json | jq '.checks[] | select(.verdict != "ok")'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var e examination
			examine(cmd.Context(), path, &e)
			e.OK = true
			failed := 0
			for _, c := range e.Checks {
				if c.Verdict == bad {
					e.OK = false
					failed++
				}
			}
			if err := e.print(cmd.OutOrStdout(), asJSON); err != nil {
				return err
			}
			if failed > 0 {
				return withHint(fmt.Errorf("%d of %d checks failed", failed, len(e.Checks)), map[bool]string{true: "each failed check has its own hint in the JSON", false: "each failed check has its own hint above"}[asJSON])
			}
			return nil
		},
	}
	cmd.Flags().StringVarP(&path, "config", "c", "", "configuration file")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cobra.CheckErr(cmd.MarkFlagRequired("config"))
	return cmd
}

func (e *examination) print(out io.Writer, asJSON bool) error {
	if asJSON {
		enc := json.NewEncoder(out)
		enc.SetIndent("", "  ")
		return enc.Encode(e)
	}
	for _, c := range e.Checks {
		if _, err := fmt.Fprintf(out, "%-4s  %-11s  %s\n", c.Verdict, c.Check, c.Detail); err != nil {
			return err
		}
		if c.Hint != "" {
			if _, err := fmt.Fprintf(out, "%19shint: %s\n", "", c.Hint); err != nil {
				return err
			}
		}
	}
	return nil
}

// examine makes all checks that can be made.
func examine(ctx context.Context, path string, e *examination) {
	cfg := examineConfig(path, e)
	if cfg == nil {
		return
	}
	x := examiner{examination: e, cfg: cfg}
	x.vision(ctx)
	x.camera(ctx)
	x.devices(ctx)
	x.data(ctx)
	x.clock()
	x.certificate()
	x.broker(ctx)
	x.close()
}
