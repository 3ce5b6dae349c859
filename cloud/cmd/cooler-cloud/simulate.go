package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/coldshelf/coldshelf/cloud"
	"github.com/coldshelf/coldshelf/cloud/internal/config"
	"github.com/coldshelf/coldshelf/cloud/internal/simulate"
)

// simulation is what simulate is told.
type simulation struct {
	simulate.Config
	broker            config.MQTT // what the broker is shown
	faults, planogram bool
}

func simulateCommand(stdout io.Writer) *cobra.Command {
	var s simulation
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
			if s.planogram {
				data, err := simulate.Planogram(s.Slots).EncodeYAML()
				if err == nil {
					_, err = stdout.Write(data)
				}
				return err
			}
			fleet, err := s.fleet(cmd)
			if err != nil {
				return err
			}
			return s.run(cmd.Context(), fleet, stdout, cmd.ErrOrStderr())
		},
	}
	f := cmd.Flags()
	f.StringVar(&s.Config.Broker, "broker", "mqtt://127.0.0.1:1883", "broker that the fleet speaks to")
	f.StringVar(&s.broker.Username, "username", "", "user at the broker")
	f.StringVar(&s.broker.PasswordFile, "password-file", "", "file that holds the user's password, or a token")
	f.StringVar(&s.broker.CA, "ca", "", "PEM file of the authority that signed the broker's certificate (default the system's)")
	f.StringVar(&s.broker.Cert, "cert", "", "PEM file of the client certificate")
	f.StringVar(&s.broker.Key, "key", "", "PEM file of its key")
	f.StringVar(&s.Config.Tenant, "tenant", "default", "tenant of the fleet")
	f.IntVar(&s.Config.Devices, "devices", 10, "how many coolers")
	f.IntVar(&s.Config.PerStore, "per-store", 4, "coolers in a store")
	f.IntVar(&s.Config.Slots, "slots", 20, "slots in a cooler")
	f.IntVar(&s.Config.Connections, "connections", 0, "MQTT connections that they share (default one a cooler, 1000 at most)")
	f.DurationVar(&s.Config.Every, "every", 10*time.Second, "real time between two looks of a cooler; 0: as fast as the service stores")
	f.DurationVar(&s.Config.Step, "step", 15*time.Minute, "time in the shop between two looks")
	f.IntVar(&s.Config.Looks, "looks", 0, "looks of each cooler, then end (default: until stopped)")
	f.Uint64Var(&s.Config.Seed, "seed", 1, "another seed is another fleet")
	f.BoolVar(&s.faults, "faults", false, "give the fleet a hard life")
	f.BoolVar(&s.planogram, "print-planogram", false, "print the planogram of the made-up coolers, for serve --planograms, and end")
	return cmd
}

// fleet makes the fleet that the flags describe.
func (s *simulation) fleet(cmd *cobra.Command) (*simulate.Fleet, error) {
	for flag, n := range map[string]int{"devices": s.Devices, "per-store": s.PerStore, "slots": s.Slots, "connections": s.Connections} {
		if cmd.Flags().Changed(flag) && n < 1 {
			return nil, usage{fmt.Errorf("--%s %d: want 1 or more", flag, n)}
		}
	}
	if s.Looks < 0 || s.Every < 0 || s.Step <= 0 {
		return nil, usage{errors.New("--looks and --every must not be negative, and --step must be some time")}
	}
	if (s.broker.Cert == "") != (s.broker.Key == "") {
		return nil, usage{errors.New("--cert and --key go together")}
	}
	if s.faults {
		s.Faults = simulate.AllFaults()
	}
	var err error
	s.Username = s.broker.Username
	if s.Password, s.TLS, err = cloud.BrokerCredentials(s.broker); err != nil {
		return nil, err
	}
	fleet, err := simulate.New(s.Config)
	if err != nil {
		return nil, usage{err}
	}
	return fleet, nil
}

// run lets the fleet speak until its looks are over or ctx ends, tells on stderr how it goes, and writes a report to
// stdout.
func (s *simulation) run(ctx context.Context, fleet *simulate.Fleet, stdout, stderr io.Writer) error {
	watching, over := context.WithCancel(context.Background())
	var watcher sync.WaitGroup
	watcher.Go(func() { s.watch(watching, fleet, stderr) })
	report, err := fleet.Run(ctx)
	away, why, hint := fleet.Away()
	over()
	watcher.Wait()
	if encode := json.NewEncoder(stdout).Encode(report); err == nil {
		err = encode
	}
	if err == nil && report.Messages == 0 && away > 0 {
		return cloud.Hint(fmt.Errorf("the broker %s let no cooler in: %s", shownURL(s.Broker), why), "%s", simulateHint(hint))
	}
	if err == nil && report.Lost > 0 {
		err = cloud.Hint(fmt.Errorf("%d of %d messages were not acknowledged", report.Lost, report.Messages), "see that cooler-cloud serve runs on the same broker")
	}
	return err
}

// watch tells every five seconds how the fleet fares.
func (s *simulation) watch(ctx context.Context, fleet *simulate.Fleet, stderr io.Writer) {
	start, tick := time.Now(), time.NewTicker(5*time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			r := fleet.Report(time.Since(start))
			fmt.Fprintf(stderr, "%6.0f s  %d said, %d stored, %d open, %.0f stored/s\n", r.Seconds, r.Messages, r.Stored, r.Lost, r.PerSecond)
			if n, why, hint := fleet.Away(); n > 0 {
				fmt.Fprintf(stderr, "%10s%d of %d connections wait for %s: %s; trying again\n%10shint: %s\n", "", n, r.Connections, shownURL(s.Broker), why, "", simulateHint(hint))
			}
		}
	}
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
