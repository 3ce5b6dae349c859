package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/coldshelf/coldshelf/cloud"
	"github.com/coldshelf/coldshelf/cloud/client"
	"github.com/coldshelf/coldshelf/cloud/internal/alert"
)

// tailFlags are the flags of tail.
type tailFlags struct {
	url, tokenFile, cursor string
	filter                 client.Filter
	asJSON                 bool
	count                  int
}

func tailCommand(stdout, stderr io.Writer) *cobra.Command {
	var f tailFlags
	cmd := &cobra.Command{
		Use:   "tail",
		Short: "Follow alerts in the terminal",
		Long: "Follow alerts as they come, one line each; with --json one CloudEvents envelope a line.\n" +
			"Without a cursor, or where the log does not know it, it begins with what stands: type …alert.standing in JSON.\n" +
			"With --cursor FILE it goes on where it was stopped, and misses nothing in between.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd, stdout, stderr) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.url, "url", "http://127.0.0.1:8080", "address of the service")
	flags.StringVar(&f.tokenFile, "token-file", "", "file that holds the bearer token")
	flags.StringVar(&f.cursor, "cursor", "", "file that keeps the place in the log (default: begin with what stands)")
	flags.StringSliceVar(&f.filter.Types, "type", nil, "only these types, such as stockout,cooler_offline")
	flags.StringSliceVar(&f.filter.Stores, "store", nil, "only these stores")
	flags.StringSliceVar(&f.filter.Regions, "region", nil, "only stores of these regions")
	flags.StringSliceVar(&f.filter.Devices, "device", nil, "only these coolers")
	flags.StringSliceVar(&f.filter.GTINs, "gtin", nil, "only these products")
	flags.StringSliceVar(&f.filter.Severities, "severity", nil, "only these: critical, warning, info")
	flags.BoolVar(&f.asJSON, "json", false, "print JSON, one event a line")
	flags.IntVar(&f.count, "count", 0, "end after so many events (default: never)")
	return cmd
}

// errEnough ends a tail that was to print a limited number of events.
var errEnough = errors.New("enough")

func (f *tailFlags) run(cmd *cobra.Command, stdout, stderr io.Writer) error {
	c, err := f.client(stderr)
	if err != nil {
		return err
	}
	var cursors client.Cursors = &client.Memory{}
	if f.cursor != "" {
		cursors = client.File(f.cursor)
	}
	for _, t := range f.filter.Types {
		if !slices.Contains(alert.Types(), alert.Type(t)) {
			return cloud.Hint(fmt.Errorf("--type: %q is no type of alert", t), "the types are %s", alert.TypeList())
		}
	}
	fmt.Fprintf(stderr, "following %s; Ctrl-C ends\n", f.url)
	err = c.Follow(cmd.Context(), f.filter, cursors, f.printer(stdout, stderr))
	var refused *client.Error
	switch {
	case errors.Is(err, errEnough):
		return nil
	case errors.As(err, &refused) && refused.Hint != "":
		return cloud.Hint(err, "%s", refused.Hint)
	}
	return cloud.Hint(err, "see that the service runs at %s, or give its address with --url", f.url)
}

// client returns the client of the service, which notes lost connections on stderr.
func (f *tailFlags) client(stderr io.Writer) (*client.Client, error) {
	c := &client.Client{Base: f.url}
	if f.tokenFile != "" {
		token, err := os.ReadFile(f.tokenFile)
		if err != nil {
			return nil, cloud.Hint(fmt.Errorf("read token: %w", err), "give the file that holds the token with --token-file")
		}
		c.Token = strings.TrimSpace(string(token))
	}
	c.Note = func(err error, pause time.Duration) {
		var again *client.StartsOver
		if errors.As(err, &again) {
			fmt.Fprintf(stderr, "note: %v; what stands now follows, what came and went before it does not\n", err)
			return
		}
		fmt.Fprintf(stderr, "note: %v; trying again in %s\n", err, pause.Round(100*time.Millisecond))
	}
	return c, nil
}

// printer prints one line per alert: as JSON, or for people. It ends with errEnough after as many events as were asked for.
func (f *tailFlags) printer(stdout, stderr io.Writer) client.Handler {
	printed := 0
	return client.Handler{
		Standing: func(alerts []client.Alert) error {
			fmt.Fprintf(stderr, "connected: %d alerts stand, waiting for what changes\n", len(alerts))
			for _, a := range slices.Backward(alerts) { // the oldest first, like the events
				err := error(nil)
				if f.asJSON {
					err = json.NewEncoder(stdout).Encode(standing(a))
				} else {
					err = line(stdout, a.OpenedAt, string(a.State), a)
				}
				if err != nil {
					return err
				}
			}
			return nil
		},
		Changed: func(ch client.Change) error {
			var err error
			if f.asJSON {
				err = json.NewEncoder(stdout).Encode(ch.Event)
			} else {
				err = line(stdout, ch.Time, string(ch.Kind), ch.Alert)
			}
			if printed++; err == nil && f.count > 0 && printed >= f.count {
				err = errEnough
			}
			return err
		},
	}
}

// envelope is an open alert in a CloudEvents envelope, printed beside those of events. It is not itself an
// event: it has no place in the log, and its ID is the same each time that the same state of the alert is
// printed.
type envelope struct {
	SpecVersion     string       `json:"specversion"`
	ID              string       `json:"id"`
	Source          string       `json:"source"`
	Type            string       `json:"type"`
	Subject         string       `json:"subject"`
	Time            time.Time    `json:"time"`
	DataContentType string       `json:"datacontenttype"`
	Data            client.Alert `json:"data"`
}

func standing(a client.Alert) envelope {
	return envelope{"1.0", fmt.Sprintf("standing_%s_%d", a.ID, a.Revision), "/coldshelf/" + a.Tenant + "/" + a.Store + "/" + a.Device,
		"org.coldshelf.alert.standing", a.Subject, a.OpenedAt, "application/json", a}
}

// line prints one alert for people to read.
func line(w io.Writer, at time.Time, what string, a client.Alert) error {
	where := a.Store + "/" + a.Device
	if a.Slot != "" {
		where += "/" + a.Slot
	}
	text := fmt.Sprintf("%s  %-12s  %-8s  %-16s  %s", at.Local().Format("2006-01-02 15:04:05"), what, a.Severity, a.Type, where)
	if p := a.Product; p != nil {
		text += "  " + strings.TrimSpace(p.Name+" "+p.NameZH)
	} else if a.GTIN != "" {
		text += "  " + string(a.GTIN)
	}
	switch d := a.Duration; {
	case a.Untold:
		text += "  (known only from late observations)"
	case d != nil && d.Max != nil:
		text += fmt.Sprintf("  after %s to %s", seconds(d.Min), seconds(*d.Max))
	case d != nil:
		text += fmt.Sprintf("  after %s at least", seconds(d.Min))
	case a.LastSeenGood != nil:
		text += "  well at " + a.LastSeenGood.Local().Format("15:04:05")
	}
	_, err := fmt.Fprintln(w, text)
	return err
}

func seconds(n int64) time.Duration { return time.Duration(n) * time.Second }
