package main

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/coldshelf/coldshelf/models/wire"
)

// versionReport is what version --json prints; cooler-agent prints the same, and its OpenCV.
type versionReport struct {
	Version string `json:"version"`
	Go      string `json:"go"`
	Arch    string `json:"arch"`
	Wire    int    `json:"wire"`
}

func versionCommand(stdout io.Writer) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version, and what the program is built of",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			r := versionReport{version, runtime.Version(), runtime.GOARCH, wire.Version}
			if asJSON {
				return json.NewEncoder(stdout).Encode(r)
			}
			_, err := fmt.Fprintf(stdout, "cooler-cloud %s\n%s %s, wire version %d\n", r.Version, r.Go, r.Arch, r.Wire)
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
