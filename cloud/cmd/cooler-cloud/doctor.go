package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/coldshelf/coldshelf/cloud"
	"github.com/coldshelf/coldshelf/cloud/internal/config"
)

// finding is what doctor says of one thing.
type finding struct {
	Check  string
	OK     bool
	Detail string
	Hint   string
}

// MarshalJSON tells the verdict in cooler-agent doctor's words too, so that one script reads both.
func (f finding) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Check   string `json:"check"`
		OK      bool   `json:"ok"`
		Verdict string `json:"verdict"`
		Detail  string `json:"detail"`
		Hint    string `json:"hint,omitempty"`
	}{f.Check, f.OK, f.verdict(), f.Detail, f.Hint})
}

func (f finding) verdict() string {
	if f.OK {
		return "ok"
	}
	return "fail"
}

func doctorCommand(stdout io.Writer) *cobra.Command {
	var s settings
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Look at everything that serve needs, and say what is wrong",
		Long: `Look at everything that serve needs: ports, folder and room, state, series, the broker with the service's own
credentials, rules, planograms, drop folders, the mail server. It changes nothing, and may be asked beside a
running service. Exit status 1 where something is wrong.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), 20*time.Second)
			defer cancel()
			c, err := s.load(cmd)
			if err != nil {
				return report(stdout, []finding{unusable(err)}, asJSON)
			}
			return report(stdout, examine(ctx, c), asJSON)
		},
	}
	s.register(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// report prints what was found. Its error says how much of it is wrong.
func report(stdout io.Writer, findings []finding, asJSON bool) error {
	wrong := 0
	for _, f := range findings {
		if !f.OK {
			wrong++
		}
	}
	where := " above"
	if asJSON {
		where = " in the JSON"
		if err := json.NewEncoder(stdout).Encode(map[string]any{"ok": wrong == 0, "checks": findings}); err != nil {
			return err
		}
	} else {
		printFindings(stdout, findings)
	}
	if wrong == 0 {
		return nil
	}
	return cloud.Hint(fmt.Errorf("%d of %d checks failed", wrong, len(findings)), "each failed check has its own hint%s; begin with the first", where)
}

// unusable is the finding of a configuration with which nothing else can be looked at.
func unusable(err error) finding {
	f := finding{Check: "config", Detail: err.Error()}
	var h *cloud.Hinted
	if errors.As(err, &h) {
		f.Hint = h.Text
	}
	return f
}

func printFindings(w io.Writer, findings []finding) {
	for _, f := range findings {
		fmt.Fprintf(w, "%-4s  %-10s  %s\n", f.verdict(), f.Check, f.Detail)
		if f.Hint != "" {
			fmt.Fprintf(w, "%18shint: %s\n", "", f.Hint)
		}
	}
}

func examine(ctx context.Context, c *config.Config) []finding {
	ours := healthy(ctx, c.Listen)
	findings := []finding{
		port("page", c.Listen, "--listen", ours),
		space(c.DataDir),
		stateAnswers(ctx, c),
		seriesAnswers(ctx, c),
	}
	if c.MQTT.Broker != "" {
		findings = append(findings, brokerAnswers(ctx, c.MQTT))
	} else {
		findings = append(findings, port("mqtt", c.MQTT.Listen, "--mqtt-listen", ours))
		if c.MQTT.TLSListen != "" {
			findings = append(findings, port("mqtts", c.MQTT.TLSListen, "mqtt.tls_listen", ours))
		}
	}
	return append(findings, files(c, time.Now())...)
}

// healthy reports whether a cooler-cloud runs at an address and says that it is well.
func healthy(ctx context.Context, addr string) bool {
	host, port, err := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); err != nil || port == "0" || host != "" && ip == nil && host != "localhost" {
		return false
	} else if host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/healthz", nil)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	var said struct{ Status string }
	return resp.StatusCode == http.StatusOK && json.NewDecoder(io.LimitReader(resp.Body, 4096)).Decode(&said) == nil && said.Status == "ok"
}

// port: free, or held by our running service, which is as good.
func port(check, addr, flag string, ours bool) finding {
	l, err := net.Listen("tcp", addr)
	if err == nil {
		l.Close()
		return finding{Check: check, OK: true, Detail: addr + " is free"}
	}
	if errors.Is(err, syscall.EADDRINUSE) && ours {
		return finding{Check: check, OK: true, Detail: addr + " is held by the cooler-cloud serve that runs here"}
	}
	if errors.Is(err, syscall.EADDRINUSE) {
		return finding{Check: check, Detail: addr + " is taken", Hint: "another program has it: choose another address with " + flag}
	}
	return finding{Check: check, Detail: err.Error(), Hint: "choose another address with " + flag}
}
