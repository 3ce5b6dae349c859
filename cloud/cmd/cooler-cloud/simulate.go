package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/coldshelf/coldshelf/cloud"
	"github.com/coldshelf/coldshelf/cloud/internal/config"
	"github.com/coldshelf/coldshelf/cloud/internal/simulate"
)

func simulateCommand(stdout io.Writer) *cobra.Command {
	cfg := simulate.Config{}
	var shown config.MQTT
	var faults, planogram bool
	cmd := &cobra.Command{
		Use:   "simulate",
		Short: "A fleet of made-up coolers on any broker, for load and demos",
		Long: `Let a fleet of made-up coolers speak to a broker: shelves that sell out and are filled, doors,
temperatures, passers-by; with --faults also offline spells, doubles, disorder, lost clocks and rubbish.
The devices say each message until the service has acknowledged it. The last line on stdout is JSON.
A broker that asks who is there is shown --username with --password-file, or --cert with --key. They must be allowed to
speak for every cooler of the tenant: at cooler-cloud's own broker an admin's token is, as the password of any user.`,
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
			for flag, n := range map[string]int{"devices": cfg.Devices, "per-store": cfg.PerStore, "slots": cfg.Slots, "connections": cfg.Connections} {
				if cmd.Flags().Changed(flag) && n < 1 {
					return usage{fmt.Errorf("--%s %d: want 1 or more", flag, n)}
				}
			}
			if cfg.Looks < 0 || cfg.Every < 0 || cfg.Step <= 0 {
				return usage{errors.New("--looks and --every must not be negative, and --step must be some time")}
			}
			if (shown.Cert == "") != (shown.Key == "") {
				return usage{errors.New("--cert and --key go together")}
			}
			var err error
			cfg.Username = shown.Username
			if cfg.Password, cfg.TLS, err = cloud.BrokerCredentials(shown); err != nil {
				return err
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
						if n, why, hint := fleet.Away(); n > 0 {
							fmt.Fprintf(cmd.ErrOrStderr(), "%10s%d of %d connections wait for %s: %s; trying again\n%10shint: %s\n", "", n, r.Connections, shownURL(cfg.Broker), why, "", simulateHint(hint))
						}
					}
				}
			}()
			report, err := fleet.Run(ctx)
			away, why, hint := fleet.Away()
			close(over)
			<-told
			if encode := json.NewEncoder(stdout).Encode(report); err == nil {
				err = encode
			}
			if err == nil && report.Messages == 0 && away > 0 {
				return cloud.Hint(fmt.Errorf("the broker %s let no cooler in: %s", shownURL(cfg.Broker), why), "%s", simulateHint(hint))
			}
			if err == nil && report.Lost > 0 {
				err = cloud.Hint(fmt.Errorf("%d of %d messages were not acknowledged", report.Lost, report.Messages), "see that cooler-cloud serve runs on the same broker")
			}
			return err
		},
	}
	f := cmd.Flags()
	f.StringVar(&cfg.Broker, "broker", "mqtt://127.0.0.1:1883", "broker that the fleet speaks to")
	f.StringVar(&shown.Username, "username", "", "user at the broker")
	f.StringVar(&shown.PasswordFile, "password-file", "", "file that holds the user's password, or a token")
	f.StringVar(&shown.CA, "ca", "", "PEM file of the authority that signed the broker's certificate (default the system's)")
	f.StringVar(&shown.Cert, "cert", "", "PEM file of the client certificate")
	f.StringVar(&shown.Key, "key", "", "PEM file of its key")
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

// simulateHint names the flags that a hint of a broker speaks of.
func simulateHint(hint string) string {
	return strings.NewReplacer("the CA file", "--ca", "the client certificate and its key", "--cert and --key", "the user and password", "--username and --password-file").Replace(hint)
}

// shownURL is a URL without the password that it may hold.
func shownURL(raw string) string {
	if u, err := url.Parse(raw); err == nil {
		return u.Redacted()
	}
	return "given"
}
