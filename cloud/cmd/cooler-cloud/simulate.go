package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/coldshelf/coldshelf/cloud"
	"github.com/coldshelf/coldshelf/cloud/internal/simulate"
)

func simulateCommand(stdout io.Writer) *cobra.Command {
	cfg := simulate.Config{}
	var faults, planogram bool
	cmd := &cobra.Command{
		Use:   "simulate",
		Short: "A fleet of made-up coolers on any broker, for load and demos",
		Long: `Let a fleet of made-up coolers speak to a broker: shelves that sell out and are filled, doors,
temperatures, passers-by; with --faults also offline spells, doubles, disorder, lost clocks and rubbish.
The devices say each message until the service has acknowledged it. The last line on stdout is JSON.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if planogram {
				data, err := simulate.Planogram(cfg.Slots).EncodeYAML()
				if err == nil {
					_, err = stdout.Write(data)
				}
				return err
			}
			if faults {
				cfg.Faults = simulate.AllFaults()
			}
			fleet, err := simulate.New(cfg)
			if err != nil {
				return usage{err}
			}
			ctx := cmd.Context()
			start, over, told := time.Now(), make(chan struct{}), make(chan struct{})
			go func() {
				defer close(told)
				tick := time.NewTicker(5 * time.Second)
				defer tick.Stop()
				for {
					select {
					case <-over:
						return
					case <-tick.C:
						r := fleet.Report(time.Since(start))
						fmt.Fprintf(cmd.ErrOrStderr(), "%6.0f s  %d said, %d stored, %d open, %.0f stored/s\n", r.Seconds, r.Messages, r.Stored, r.Lost, r.PerSecond)
						if n, why := fleet.Away(); n > 0 {
							fmt.Fprintf(cmd.ErrOrStderr(), "%10s%d of %d connections wait for %s: %s; trying again\n", "", n, r.Connections, cfg.Broker, brokerFault(why))
						}
					}
				}
			}()
			report, err := fleet.Run(ctx)
			away, why := fleet.Away()
			close(over)
			<-told
			if encode := json.NewEncoder(stdout).Encode(report); err == nil {
				err = encode
			}
			if err == nil && report.Messages == 0 && away > 0 {
				return cloud.Hint(fmt.Errorf("the broker %s let no cooler in: %s", cfg.Broker, brokerFault(why)),
					"give the address of a broker that runs with --broker; one that asks who is there, as serve's own with --access tokens, takes no made-up coolers")
			}
			if err == nil && report.Lost > 0 {
				err = cloud.Hint(fmt.Errorf("%d of %d messages were not acknowledged", report.Lost, report.Messages), "see that cooler-cloud serve runs on the same broker")
			}
			return err
		},
	}
	f := cmd.Flags()
	f.StringVar(&cfg.Broker, "broker", "mqtt://127.0.0.1:1883", "broker that the fleet speaks to")
	f.StringVar(&cfg.Username, "username", "", "user at the broker")
	f.StringVar(&cfg.Tenant, "tenant", "default", "tenant of the fleet")
	f.IntVar(&cfg.Devices, "devices", 10, "how many coolers")
	f.IntVar(&cfg.PerStore, "per-store", 4, "coolers in a store")
	f.IntVar(&cfg.Slots, "slots", 20, "slots in a cooler")
	f.IntVar(&cfg.Connections, "connections", 0, "MQTT connections that they share (default one a cooler, 1000 at most)")
	f.DurationVar(&cfg.Every, "every", 10*time.Second, "real time between two looks of a cooler; 0: as fast as the service stores")
	f.DurationVar(&cfg.Step, "step", 15*time.Minute, "time in the shop between two looks")
	f.IntVar(&cfg.Looks, "looks", 0, "looks of each cooler, then end (default: until stopped)")
	f.Uint64Var(&cfg.Seed, "seed", 1, "another seed is another fleet")
	f.BoolVar(&faults, "faults", false, "give the fleet a hard life")
	f.BoolVar(&planogram, "print-planogram", false, "print the planogram of the made-up coolers, for serve --planograms, and end")
	return cmd
}

// brokerFault is paho's error without the word that it puts before every one of the network.
func brokerFault(err error) string { return strings.TrimPrefix(err.Error(), "network Error : ") }
