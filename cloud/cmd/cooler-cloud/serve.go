package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/coldshelf/coldshelf/cloud"
	"github.com/coldshelf/coldshelf/cloud/internal/heap"
)

func serveCommand(stdout io.Writer) *cobra.Command {
	var s settings
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the service until it is told to stop (Ctrl-C, SIGTERM)",
		Long: `Run the service: an MQTT broker for the boards, the databases, the alerts, the API and the page.
Everything listens on loopback unless told otherwise.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := s.load(cmd)
			if err != nil {
				return err
			}
			heap.Widen()
			log := logger(c, cmd.ErrOrStderr())
			server, err := cloud.Open(cmd.Context(), *c, log)
			if err != nil {
				return err
			}
			broker := server.MQTTAddr()
			if broker == "" {
				broker = "elsewhere"
			}
			log.Info("serving", "version", version, "page", "http://"+server.Addr()+"/", "mqtt", broker, "data", c.DataDir, "tenant", c.Tenant)
			fmt.Fprintf(stdout, "cooler-cloud: open http://%s/\n", server.Addr())
			if path := server.SetupPath(); path != "" {
				fmt.Fprintf(stdout, "cooler-cloud: become the first admin (once, within a day): http://%s%s\n", server.Addr(), path)
			}
			return server.Run(cmd.Context())
		},
	}
	s.register(cmd)
	return cmd
}
