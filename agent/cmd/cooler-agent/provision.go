package main

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/coldshelf/coldshelf/agent"
	"github.com/coldshelf/coldshelf/agent/internal/clock"
	"github.com/coldshelf/coldshelf/agent/internal/config"
	"github.com/coldshelf/coldshelf/agent/internal/enrol"
	"github.com/coldshelf/coldshelf/agent/internal/uplink"
	"github.com/coldshelf/coldshelf/models/telemetry"
	"github.com/coldshelf/coldshelf/models/wire"
)

func provisionCommand() *cobra.Command {
	var path, code, codeFile string
	var again, asJSON bool
	cmd := &cobra.Command{
		Use:   "provision --config FILE (--code CODE | --code-file FILE)",
		Short: "Get this board its own certificate with a one-time code",
		Long: `Makes a key on the board, sends a certificate request with the code to cloud.url of the configuration, and keeps
what comes in the data folder: who the board is, its certificate, the broker's authority, a token for renewal.
The agent renews the certificate by itself. A board that has credentials keeps them, so the command may run at
every start; a code file is removed once it is used.

The code comes from ` + "`cooler-cloud enrol --store s1 --device d1`" + ` or from the page, and is good once, for a week.`,
		Example: `  cooler-agent provision --config agent.yml --code kq3v…
  cooler-agent provision --config /etc/coldshelf/agent.yml --code-file /boot/firmware/coldshelf-code.txt

In the configuration:
  cloud: {url: "https://cloud.example"}
  uplink: {broker: "ssl://cloud.example:8883"}`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := config.Load(path)
			if err != nil {
				return err
			}
			if cfg.Cloud.URL == "" {
				return withHint(errors.New("the configuration has no cloud.url"), `add cloud: {url: "https://cloud.example"}`)
			}
			c, err := provision(cmd.Context(), cfg, code, codeFile, again)
			if err != nil {
				return err
			}
			return tellCredentials(cmd.OutOrStdout(), c, asJSON)
		},
	}
	cmd.Flags().StringVarP(&path, "config", "c", "", "configuration file")
	cmd.Flags().StringVar(&code, "code", "", "one-time code")
	cmd.Flags().StringVar(&codeFile, "code-file", "", "file that holds the code")
	cmd.Flags().BoolVar(&again, "again", false, "use the code though the board has credentials: it moves, or they were revoked")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cobra.CheckErr(cmd.MarkFlagRequired("config"))
	cmd.MarkFlagsMutuallyExclusive("code", "code-file")
	cmd.MarkFlagsOneRequired("code", "code-file")
	return cmd
}

func provision(ctx context.Context, cfg *config.Config, code, codeFile string, again bool) (*enrol.Credentials, error) {
	file := enrol.In(cfg.DataDir)
	if !again {
		switch c, err := file.Load(); {
		case err == nil:
			return c, nil
		case !errors.Is(err, fs.ErrNotExist):
			return nil, withHint(err, "make another code and say --again")
		}
	}
	if codeFile != "" {
		data, err := readSmall(codeFile, 4096)
		if err != nil {
			return nil, withHint(fmt.Errorf("--code-file: %w", err), "write the code of `cooler-cloud enrol` into it")
		}
		code = string(data)
	}
	if code = strings.TrimSpace(code); code == "" {
		return nil, withHint(errors.New("the code is empty"), "`cooler-cloud enrol` makes one")
	}
	cloud, err := cloudOf(cfg)
	if err != nil {
		return nil, err
	}
	c, err := cloud.Enrol(ctx, code)
	if errors.Is(err, enrol.ErrDenied) {
		return nil, withHint(fmt.Errorf("the code is not good: %w", err), "a code is good once, for a week; make another with `cooler-cloud enrol`")
	}
	var unknown x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &unknown):
		return nil, withHint(err, "name the authority of the cloud's certificate in cloud.ca")
	case errors.As(err, &invalid):
		return nil, withHint(err, "is this board's clock right? `date` tells")
	case err != nil:
		return nil, withHint(fmt.Errorf("enrol: %w", err), "the code is still good unless the cloud had taken it; try again")
	}
	if want := cfg.Identity(); !cfg.Unnamed() && want != c.Identity {
		return nil, withHint(fmt.Errorf("the code is for %s, the configuration is of %s", nameOf(c.Identity), nameOf(want)), "leave tenant, store and device out of the configuration, or make a code for them")
	}
	if err := file.Save(c); err != nil {
		return nil, withHint(fmt.Errorf("keep credentials: %w", err), "the code is used up: make another once the folder can be written")
	}
	if codeFile != "" {
		if err := os.Remove(codeFile); err != nil { // it has been used up
			return c, nil
		}
	}
	return c, nil
}

func nameOf(id wire.Identity) string { return id.Tenant + "/" + id.Store + "/" + id.Device }

func tellCredentials(out io.Writer, c *enrol.Credentials, asJSON bool) error {
	_, to, err := c.Span()
	if err != nil {
		return err
	}
	if asJSON {
		return json.NewEncoder(out).Encode(map[string]any{
			"tenant": c.Identity.Tenant, "store": c.Identity.Store, "device": c.Identity.Device, "not_after": to.UTC(),
		})
	}
	_, err = fmt.Fprintf(out, "this board is %s; its certificate is good until %s and renewed before\n", nameOf(c.Identity), to.UTC().Format(time.DateOnly))
	return err
}

func cloudOf(cfg *config.Config) (enrol.Cloud, error) {
	cloud := enrol.Cloud{URL: cfg.Cloud.URL}
	if cfg.Cloud.CA == "" {
		return cloud, nil
	}
	pem, err := readSmall(cfg.Cloud.CA, 1<<20)
	if err != nil {
		return cloud, fmt.Errorf("cloud.ca: %w", err)
	}
	cloud.Roots = x509.NewCertPool()
	if !cloud.Roots.AppendCertsFromPEM(pem) {
		return cloud, withHint(fmt.Errorf("cloud.ca: %s holds no certificate", cfg.Cloud.CA), "it must be PEM")
	}
	return cloud, nil
}

// loadConfig reads a configuration. If it does not name the board, the name comes from the board's credentials.
func loadConfig(path string) (*config.Config, error) {
	cfg, err := config.Load(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, withHint(err, missingConfigHint(path))
	}
	if err != nil || !cfg.Unnamed() {
		return cfg, err
	}
	c, err := enrol.In(cfg.DataDir).Load()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, withHint(errors.New("this board is not enrolled: the configuration names no device, and there are no credentials"),
			"get a code with `cooler-cloud enrol`, then: cooler-agent provision --config "+path+" --code CODE")
	}
	if err != nil {
		return nil, withHint(err, "enrol again: cooler-agent provision --again --config "+path+" --code CODE")
	}
	cfg.Tenant, cfg.Store, cfg.Device = c.Identity.Tenant, c.Identity.Store, c.Identity.Device
	return cfg, nil
}

// missingConfigHint suggests a configuration file that lies beside the given path, if there is one.
func missingConfigHint(path string) string {
	ext := filepath.Ext(path)
	other := strings.TrimSuffix(path, ext) + map[string]string{".yaml": ".yml", ".yml": ".yaml"}[ext]
	if _, err := os.Stat(other); err == nil && other != path && ext != "" {
		return "did you mean " + other + "?"
	}
	return "give the path of a configuration with --config; `cooler-agent run --help` shows a small one"
}

// enrolledTLS gives the uplink the board's own certificate, if the cloud has issued one.
func enrolledTLS(cfg *config.Config, u *uplink.Config) error {
	if cfg.Cloud.URL == "" {
		return nil
	}
	conf, err := enrol.In(cfg.DataDir).TLS()
	if errors.Is(err, fs.ErrNotExist) {
		return nil // the file names the board, which is not enrolled yet
	}
	u.TLS = conf
	return err
}

// dutiesOf returns the duties that the configuration asks for.
func dutiesOf(cfg *config.Config, ticks *clock.Clock) ([]agent.Duty, error) {
	if cfg.Cloud.URL == "" {
		return nil, nil
	}
	cloud, err := cloudOf(cfg)
	if err != nil {
		return nil, err
	}
	return []agent.Duty{{Name: "certificate", Run: func(ctx context.Context, tell func(error)) {
		enrol.Keep(ctx, enrol.In(cfg.DataDir), cloud, knownTime(ticks), tell)
	}}}, nil
}

// knownTime returns a function that returns the time if the clock is known, else zero.
func knownTime(ticks *clock.Clock) func() time.Time {
	return func() time.Time {
		if at, quality := ticks.Stamp(); quality >= telemetry.RTC {
			return at
		}
		return time.Time{}
	}
}
