package main

import (
	"encoding/json"
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/coldshelf/coldshelf/models/wire"
	"github.com/coldshelf/coldshelf/vision/opencv"
)

// versionReport is what version --json prints.
type versionReport struct {
	Version string `json:"version"`
	Go      string `json:"go"`
	Arch    string `json:"arch"`
	OpenCV  string `json:"opencv"` // "": not compiled in
	Wire    int    `json:"wire"`
}

func versionCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "version", Short: "Print the version, and what the program is built of", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r := versionReport{version, runtime.Version(), runtime.GOARCH, opencv.Version(), wire.Version}
			if asJSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(r)
			}
			cv := r.OpenCV
			if cv == "" {
				cv = "not compiled in"
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "cooler-agent %s\n%s %s, OpenCV %s, wire version %d\n", r.Version, r.Go, r.Arch, cv, r.Wire)
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
