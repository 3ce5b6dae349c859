package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/coldshelf/coldshelf/agent"
	"github.com/coldshelf/coldshelf/agent/internal/clock"
	"github.com/coldshelf/coldshelf/agent/internal/config"
	"github.com/coldshelf/coldshelf/agent/internal/outbox"
	"github.com/coldshelf/coldshelf/agent/internal/update"
	"github.com/coldshelf/coldshelf/agent/internal/uplink"
	"github.com/coldshelf/coldshelf/vision/gallery"
)

func runCommand() *cobra.Command {
	var path, level string
	var untilEnd bool
	cmd := &cobra.Command{
		Use:   "run --config FILE",
		Short: "Watch the cooler and report, until stopped",
		Long: `Looks by the schedule of the configuration, puts what it sees into the outbox and sends it to the broker.
What the cloud has not acknowledged is kept and sent again, over restarts and power cuts. A camera, a
sensor or a broker that is not there is tried again and told in the board's health; a configuration,
planogram, gallery or mount that is wrong ends the program at once with status 1.`,
		Example: `  cooler-agent run --config agent.yml
  cooler-agent run --config agent.yml --until-end     # of a folder or clip: end when all of it is delivered

The smallest configuration:
  tenant: acme
  store: s1
  device: cooler-1
  camera: {source: "dir:frames"}
  schedule: {every: 5m}
  uplink: {broker: "tcp://localhost:1883"}`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			log, err := newLog(cmd, level)
			if err != nil {
				return err
			}
			keepLittle()
			if err := launch(path, log); err != nil {
				return err
			}
			err = run(cmd.Context(), path, untilEnd, log)
			if errors.Is(err, agent.ErrRestart) {
				log.Info("restarting")
				return restart()
			}
			return err
		},
	}
	cmd.Flags().StringVarP(&path, "config", "c", "", "configuration file")
	cmd.Flags().StringVar(&level, "log", "info", "least level to log: debug, info, warn or error")
	cmd.Flags().BoolVar(&untilEnd, "until-end", false, "end when the camera's folder or clip has ended and everything is delivered")
	cobra.CheckErr(cmd.MarkFlagRequired("config"))
	return cmd
}

func newLog(cmd *cobra.Command, level string) (*slog.Logger, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, withHint(fmt.Errorf("--log %q is no level", level), "debug, info, warn or error")
	}
	return slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: l})), nil
}

// restart replaces this program by a new start of itself with the same process ID, so that a supervisor notices
// nothing.
func restart() error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("restart: %w", err)
	}
	return fmt.Errorf("restart: %w", syscall.Exec(self, os.Args, os.Environ()))
}

// launch replaces this program by the agent that an update installed, if there is one to run. A fault in the
// updates must not keep the board's own agent from running.
func launch(path string, log *slog.Logger) error {
	cfg, err := loadConfig(path)
	if err != nil {
		return nil // run reports it
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("launch: %w", err)
	}
	program, err := update.Open(updateConfig(cfg, nil, nil, log)).Launch(self)
	if err != nil {
		log.Error("an update of the agent is not run", "err", err)
		return nil
	}
	if program == "" {
		return nil
	}
	log.Info("running another agent", "program", program)
	if err := syscall.Exec(program, append([]string{program}, os.Args[1:]...), os.Environ()); err != nil {
		log.Error("another agent does not run", "program", program, "err", err)
	}
	return nil
}

// run builds an agent from the configuration and runs it.
func run(ctx context.Context, path string, untilEnd bool, log *slog.Logger) (err error) {
	cfg, err := loadConfig(path)
	if err != nil && hintOf(err) == "" {
		err = withHint(err, "`cooler-agent doctor --config "+path+"` tells what a board lacks; `cooler-agent run --help` shows a configuration")
	}
	if err != nil {
		return err
	}
	w := &wiring{cfg: cfg, log: log}
	defer func() { err = errors.Join(err, w.Close()) }()
	opts, err := w.options(ctx)
	if err != nil {
		return err
	}
	opts.UntilEnd = untilEnd
	a, err := agent.New(opts)
	if err != nil {
		return err
	}
	watch := newWatchdog()
	watch.ready()
	defer watch.stopping()
	return a.Run(ctx)
}

// wiring holds what main has opened and must close.
type wiring struct {
	cfg   *config.Config
	log   *slog.Logger
	took  func() error // records that the signed gallery is in use; nil without one
	close []func() error
}

// Close closes what was opened, in reverse order.
func (w *wiring) Close() error {
	var errs []error
	for i := len(w.close) - 1; i >= 0; i-- {
		errs = append(errs, w.close[i]())
	}
	w.close = nil
	return errors.Join(errs...)
}

func (w *wiring) options(ctx context.Context) (agent.Options, error) {
	cfg := w.cfg
	plan, err := cfg.Plan()
	if err != nil {
		return agent.Options{}, err
	}
	root, err := updateRoot(cfg)
	if err != nil {
		return agent.Options{}, err
	}
	self, err := os.Executable()
	if err != nil {
		return agent.Options{}, err
	}
	ticks := clockOf(cfg)
	opts := agent.Options{
		Identity: cfg.Identity(), Version: version, Board: agent.BoardName(), DataDir: cfg.DataDir,
		Clock: ticks, Log: w.log, Plan: plan, Interval: cfg.Devices.Interval,
		Picture: agent.PicturePolicy{Send: cfg.Picture.Send, MaxPx: cfg.Picture.MaxPx, Quality: cfg.Picture.Quality},
		Alive:   newWatchdog().alive,
		Self:    self,
	}
	if opts.Duties, err = dutiesOf(cfg, ticks); err != nil {
		return opts, err
	}
	opts.Updates = update.Open(updateConfig(cfg, root, ticks, w.log))
	if opts.Uplink, err = uplinkOf(cfg); err != nil {
		return opts, err
	}
	if err := w.openEyes(ctx, &opts); err != nil {
		return opts, err
	}
	opts.Devices = fitted(cfg.Devices, cfg.Device)
	if err := placed(cfg, &opts); err != nil {
		return opts, err
	}
	// The outbox comes last, because everything before it may refuse to start, and opening it counts the boot.
	opts.Outbox, err = outbox.Open(ctx, cfg.DataDir, outbox.Options{
		MaxBytes: cfg.Outbox.MaxBytes, Log: w.log,
		EncodeGap: agent.EncodeGap(cfg.Identity(), ticks),
	})
	if errors.Is(err, outbox.ErrInUse) {
		err = withHint(err, "another cooler-agent runs with data_dir "+cfg.DataDir)
	}
	if err != nil {
		return opts, err
	}
	w.close = append(w.close, opts.Outbox.Close)
	if w.took != nil { // the folder of its file exists now
		return opts, w.took()
	}
	return opts, nil
}

// openEyes opens the camera and the networks.
func (w *wiring) openEyes(ctx context.Context, opts *agent.Options) error {
	cam, err := openCamera(w.cfg.Camera)
	if err != nil {
		return err
	}
	if l := w.cfg.Devices.Light; l != nil {
		withLamp := lit(cam, *l)
		cam, opts.Duties = withLamp, append(opts.Duties, withLamp.Duty())
	}
	opts.Camera = cam
	if w.cfg.Planogram != "" {
		if opts.Setting.Planogram, err = readPlanogram(w.cfg.Planogram); err != nil {
			return withHint(err, "correct the planogram that the configuration names")
		}
	}
	look := sightOf(w.cfg)
	look.Log, look.Sparing = w.log, true
	sights := newSights(look)
	w.close = append(w.close, sights.Close)
	view, err := sights.first(ctx, opts)
	if err != nil {
		return err
	}
	opts.Pipeline, opts.Model, opts.Gallery, opts.Close = view.Pipeline, view.Model, view.Gallery, view.Close
	opts.Runtime, opts.Rebuild = sights.runtime, sights.view
	if g := sights.gallery(); g != nil && look.Key != "" {
		w.took = func() error { return gallery.Floor{Path: look.Floor}.Raise(g.Version) }
	}
	return nil
}

// clockOf returns the clock that the configuration names.
func clockOf(cfg *config.Config) *clock.Clock {
	if file := cfg.PlayedClock(); file != "" {
		return clock.Played(file)
	}
	return clock.New(cfg.Clock == "trusted")
}

// sightOf returns the part of the configuration that concerns looking.
func sightOf(cfg *config.Config) sightOptions {
	v := cfg.Vision
	return sightOptions{
		Weights: v.Weights, Runtime: v.Runtime, Target: v.Target, Gallery: v.Gallery, Mount: v.Mount, Video: true,
		Key: v.GalleryKey, Floor: filepath.Join(cfg.DataDir, "gallery-version.json"),
	}
}

// galleryWords describes the gallery in use, for people.
func galleryWords(g *gallery.Gallery) string {
	size := fmt.Sprintf("%d products, %d references", len(g.GTINs()), len(g.References))
	if g.Version == 0 {
		return size
	}
	return fmt.Sprintf("version %d, %s", g.Version, size)
}

// uplinkOf reads the files that the uplink's configuration names. Anything that it does not name comes from the
// credentials.
func uplinkOf(cfg *config.Config) (uplink.Config, error) {
	c := cfg.Uplink
	u := uplink.Config{
		Broker: c.Broker, Username: c.Username, Keepalive: c.Keepalive, Window: c.Window, AckTimeout: c.AckTimeout,
	}
	if c.PasswordFile != "" {
		data, err := readSmall(c.PasswordFile, 4096)
		if err != nil {
			return u, fmt.Errorf("uplink.password_file: %w", err)
		}
		u.Password = strings.TrimRight(string(data), "\r\n")
	}
	if c.CA == "" && c.Cert == "" {
		return u, enrolledTLS(cfg, &u)
	}
	u.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	if c.CA != "" {
		pem, err := readSmall(c.CA, 1<<20)
		if err != nil {
			return u, fmt.Errorf("uplink.ca: %w", err)
		}
		u.TLS.RootCAs = x509.NewCertPool()
		if !u.TLS.RootCAs.AppendCertsFromPEM(pem) {
			return u, withHint(fmt.Errorf("uplink.ca: %s holds no certificate", c.CA), "it must be PEM")
		}
	}
	if c.Cert != "" {
		pair, err := tls.LoadX509KeyPair(c.Cert, c.Key)
		if err != nil {
			return u, fmt.Errorf("uplink.cert, uplink.key: %w", err)
		}
		u.TLS.Certificates = []tls.Certificate{pair}
	}
	return u, nil
}
