package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/spf13/cobra"

	"github.com/coldshelf/coldshelf/cloud"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

func quarantineCommand(stdout io.Writer) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "quarantine",
		Short: "Messages that could not be stored: list, show, replay",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(quarantineList(stdout), quarantineShow(stdout), quarantineReplay(stdout))
	return cmd
}

// openState opens the state of a service that may be running.
func openState(cmd *cobra.Command, s *settings) (*state.DB, error) {
	c, err := s.load(cmd)
	if err != nil {
		return nil, err
	}
	if path, ok := strings.CutPrefix(c.StateURL(), "sqlite:"); ok {
		if _, err := os.Stat(path); err != nil {
			return nil, cloud.Hint(fmt.Errorf("open state: %w", err), "give the --data or --state of the service")
		}
	}
	db, err := state.Open(cmd.Context(), c.StateURL())
	if err != nil {
		return nil, cloud.Hint(err, "give the --data or --state of the service")
	}
	return db, nil
}

// row is a quarantined message as --json shows it.
type row struct {
	ID         int64     `json:"id"`
	ReceivedAt time.Time `json:"received_at"`
	Tenant     string    `json:"tenant"`
	Topic      string    `json:"topic"`
	Reason     string    `json:"reason"`
	Detail     string    `json:"detail"`
	Times      int64     `json:"times"`
	Size       int64     `json:"size"`
	Bytes      []byte    `json:"bytes,omitempty"`
}

func quarantineList(stdout io.Writer) *cobra.Command {
	var s settings
	var asJSON bool
	var limit int
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List them, the newest first",
		RunE: func(cmd *cobra.Command, _ []string) error {
			db, err := openState(cmd, &s)
			if err != nil {
				return err
			}
			defer db.Close()
			list, err := state.ListQuarantine(cmd.Context(), db, "", limit)
			if err != nil {
				return err
			}
			if asJSON {
				rows := make([]row, len(list))
				for i, q := range list {
					rows[i] = row(q)
				}
				return json.NewEncoder(stdout).Encode(rows)
			}
			w := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "ID\tLAST CAME\tTIMES\tBYTES\tREASON\tTOPIC")
			for _, q := range list {
				fmt.Fprintf(w, "%d\t%s\t%d\t%d\t%s\t%.100q\n", q.ID, q.ReceivedAt.Format(time.RFC3339), q.Times, q.Size, q.Reason, q.Topic)
			}
			return w.Flush()
		},
	}
	s.register(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().IntVar(&limit, "limit", 100, "how many at most")
	return cmd
}

func quarantineShow(stdout io.Writer) *cobra.Command {
	var s settings
	var asJSON, raw bool
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "Show one with its bytes",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			q, db, err := quarantined(cmd, &s, args[0])
			if err != nil {
				return err
			}
			defer db.Close()
			switch {
			case raw:
				_, err = stdout.Write(q.Bytes)
			case asJSON:
				err = json.NewEncoder(stdout).Encode(row(*q))
			default:
				_, err = fmt.Fprintf(stdout, "id       %d\ncame     %s, %d times\ntopic    %q\nreason   %s\ndetail   %s\nbytes    %d\n% x\n",
					q.ID, q.ReceivedAt.Format(time.RFC3339Nano), q.Times, q.Topic, q.Reason, q.Detail, q.Size, q.Bytes[:min(len(q.Bytes), 512)])
			}
			return err
		},
	}
	s.register(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, bytes in base64")
	cmd.Flags().BoolVar(&raw, "raw", false, "print the bytes alone")
	return cmd
}

func quarantined(cmd *cobra.Command, s *settings, arg string) (*state.Quarantined, *state.DB, error) {
	id, err := strconv.ParseInt(arg, 10, 64)
	if err != nil {
		return nil, nil, usage{fmt.Errorf("%q is not the number of a quarantined message", arg)}
	}
	db, err := openState(cmd, s)
	if err != nil {
		return nil, nil, err
	}
	q, err := state.GetQuarantined(cmd.Context(), db, id)
	if err != nil {
		db.Close()
		return nil, nil, cloud.Hint(err, "cooler-cloud quarantine list shows which there are")
	}
	return q, db, nil
}

func quarantineReplay(stdout io.Writer) *cobra.Command {
	var s settings
	cmd := &cobra.Command{
		Use:   "replay ID…",
		Short: "Say them again to the broker, as they came, and take them out",
		Long: `Say quarantined messages again to the service's broker, on the topic and with the bytes that they
came with, and take them out of quarantine. One that still cannot be stored comes back there.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := s.load(cmd)
			if err != nil {
				return err
			}
			url := c.MQTT.Broker
			if url == "" {
				url = "mqtt://" + c.MQTT.Listen
			}
			client := mqtt.NewClient(mqtt.NewClientOptions().AddBroker(url).SetClientID("cooler-cloud-replay").SetUsername(c.MQTT.Username).SetConnectTimeout(5 * time.Second))
			if token := client.Connect(); token.Wait() && token.Error() != nil {
				return cloud.Hint(fmt.Errorf("connect to %s: %w", url, token.Error()), "give the --broker or --mqtt-listen of the running service")
			}
			defer client.Disconnect(250)
			for _, arg := range args {
				if err := replay(cmd, &s, client, arg); err != nil {
					return err
				}
				fmt.Fprintf(stdout, "replayed %s\n", arg)
			}
			return nil
		},
	}
	s.register(cmd)
	return cmd
}

// replay takes the message out in the transaction in which it is said again, so that one that is
// refused once more is a new entry.
func replay(cmd *cobra.Command, s *settings, client mqtt.Client, arg string) error {
	q, db, err := quarantined(cmd, s, arg)
	if err != nil {
		return err
	}
	defer db.Close()
	if !q.Whole() {
		return cloud.Hint(fmt.Errorf("message %d has %d bytes, of which %d were kept", q.ID, q.Size, len(q.Bytes)), "it was larger than any that could be stored")
	}
	return db.Write(cmd.Context(), func(tx *state.Tx) error {
		if err := state.DropQuarantined(cmd.Context(), tx, q.ID); err != nil {
			return err
		}
		token := client.Publish(q.Topic, 1, false, q.Bytes)
		if !token.WaitTimeout(10 * time.Second) {
			return fmt.Errorf("replay message %d: the broker does not answer", q.ID)
		}
		if err := token.Error(); err != nil {
			return fmt.Errorf("replay message %d: %w", q.ID, err)
		}
		return nil
	})
}
