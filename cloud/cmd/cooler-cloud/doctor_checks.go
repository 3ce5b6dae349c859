package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/smtp"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/coldshelf/coldshelf/cloud"
	"github.com/coldshelf/coldshelf/cloud/internal/access"
	"github.com/coldshelf/coldshelf/cloud/internal/config"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// judged makes a finding of an error, which brings its hint with it or gets that of the check.
func judged(check string, err error, hint string) finding {
	var h *cloud.Hinted
	if errors.As(err, &h) {
		hint = h.Text
	}
	return finding{Check: check, Detail: oneLine(err), Hint: hint}
}

// oneLine is an error as it stands in a list.
func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

// lowSpace is what a service of a hundred coolers writes in about a week.
const lowSpace = 1 << 30

// space looks at the data folder, or where it is not there yet at the folder in which serve will make it. Doctor makes
// none itself: run by root it would be root's, and the service could not write to it.
func space(dir string) finding {
	f := finding{Check: "data", Hint: "give a folder that can be written with --data"}
	at, err := existing(dir)
	if err == nil {
		var probe *os.File
		if probe, err = os.CreateTemp(at, ".doctor-"); err == nil {
			err = errors.Join(probe.Close(), os.Remove(probe.Name()))
		}
	}
	var disk syscall.Statfs_t
	if err == nil {
		err = syscall.Statfs(at, &disk)
	}
	if err != nil {
		f.Detail = err.Error()
		return f
	}
	free := disk.Bavail * uint64(disk.Bsize)
	f.Detail = fmt.Sprintf("%s can be written, %d MB free", dir, free>>20)
	if at != dir {
		f.Detail = fmt.Sprintf("%s is made at the first start, %d MB free", dir, free>>20)
	}
	if f.OK = free >= lowSpace; f.OK {
		f.Hint = ""
	} else {
		f.Hint = "make room: with a full disk nothing is acknowledged, and the boards keep what they have"
	}
	return f
}

// existing gives the nearest folder above a path, or the path itself, that is there.
func existing(path string) (string, error) {
	for {
		info, err := os.Stat(path)
		switch {
		case err == nil && !info.IsDir():
			return "", fmt.Errorf("%s is no folder", path)
		case !errors.Is(err, fs.ErrNotExist) || path == filepath.Dir(path):
			return path, err
		}
		path = filepath.Dir(path)
	}
}

// unmade reports whether a URL is that of an embedded database that no service has made yet.
func unmade(url string) bool {
	path, ok := strings.CutPrefix(url, "sqlite:")
	_, err := os.Stat(strings.TrimPrefix(path, "//"))
	return ok && errors.Is(err, fs.ErrNotExist)
}

func stateAnswers(ctx context.Context, c *config.Config) finding {
	if unmade(c.StateURL()) {
		return finding{Check: "state", OK: true, Detail: c.StateURL() + " is made at the first start"}
	}
	db, err := state.Open(ctx, c.StateURL())
	if err != nil {
		return judged("state", err, stateHint(err))
	}
	defer db.Close()
	if err := db.Ping(ctx); err != nil {
		return judged("state", err, stateHint(err))
	}
	f := finding{Check: "state", OK: true, Detail: db.URL() + " answers"}
	if why, err := db.Obstacle(ctx); err != nil {
		return judged("state", err, stateHint(err))
	} else if why != "" {
		return finding{Check: "state", Detail: db.URL() + ": " + why, Hint: "give a database that the service's role owns, on a server that takes writes: CREATE DATABASE … OWNER …"}
	}
	if isolated, err := db.Isolated(ctx); db.Postgres() && err == nil && !isolated {
		f.Hint = "its role passes over row security, which keeps tenants apart: give one that is no superuser and has no BYPASSRLS"
	}
	return f
}

// stateHint says what can be done about a state that does not open.
func stateHint(err error) string {
	var pg *pgconn.PgError
	var dns *net.DNSError
	if errors.As(err, &pg) {
		switch pg.Code {
		case "28P01", "28000":
			return "see the user in --state and the password in its passfile, and the server's pg_hba.conf"
		case "3D000":
			return "make the database: CREATE DATABASE … OWNER …"
		case "53300":
			return "the server has no connection left: raise its max_connections"
		}
	}
	switch {
	case errors.As(err, &dns):
		return "nobody knows that name: see how the host in --state is spelt"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens there: start PostgreSQL, and see the host and the port in --state"
	case strings.Contains(err.Error(), "not a database"):
		return "the file is no database, or is damaged: move it away and restore a backup"
	}
	return "see that the server runs and the URL of --state is right"
}

func seriesAnswers(ctx context.Context, c *config.Config) finding {
	if unmade(c.SeriesURL()) {
		return finding{Check: "series", OK: true, Detail: c.SeriesURL() + " is made at the first start"}
	}
	if err := cloud.ProbeSeries(ctx, c.SeriesURL()); err != nil {
		return judged("series", err, seriesHint(err))
	}
	return finding{Check: "series", OK: true, Detail: "answers"}
}

// seriesHint says what can be done about a series store that does not answer.
func seriesHint(err error) string {
	var dns *net.DNSError
	said := strings.ToLower(err.Error())
	switch {
	case errors.As(err, &dns):
		return "nobody knows that name: see how the host in --series is spelt"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens there: start InfluxDB, and see the host and the port in --series"
	case errors.Is(err, fs.ErrNotExist):
		return "see the path of the token_file in --series"
	case strings.Contains(said, "unauthorized"), strings.Contains(said, "authorization failed"), strings.HasSuffix(said, " 401"), strings.HasSuffix(said, " 403"):
		return "see the token_file in --series; of InfluxDB 1.8 it holds user:password"
	case strings.Contains(said, "could not find bucket"), strings.Contains(said, "no database"), strings.Contains(said, "not found"):
		return "see org and bucket in --series, and make the bucket; of InfluxDB 1.8 it is database/retention policy"
	case strings.Contains(said, "flux"):
		return "turn Flux on in InfluxDB 1.8: flux-enabled = true in [http]"
	case strings.Contains(said, "not a database"):
		return "the file is no database, or is damaged: move it away and restore a backup"
	}
	return "see that the server runs and the URL of --series is right"
}

func brokerAnswers(ctx context.Context, m config.MQTT) finding {
	if err := cloud.ProbeBroker(ctx, m); err != nil {
		return judged("broker", err, "")
	}
	return finding{Check: "broker", OK: true, Detail: "lets the service in, and to its topics"}
}

// files looks at what the configuration names besides, each where it is named.
func files(c *config.Config, now time.Time) (list []finding) {
	look := func(check, good, hint string, err error) {
		if err != nil {
			list = append(list, judged(check, err, hint))
			return
		}
		list = append(list, finding{Check: check, OK: true, Detail: good})
	}
	if authority := filepath.Join(c.DataDir, "authority"); isThere(filepath.Join(authority, "ca.pem")) || isThere(filepath.Join(authority, "ca.key")) {
		_, err := access.ReadAuthority(authority, now)
		look("authority", authority+" is whole", "bring back ca.pem and ca.key from a backup: without them every board has to be enrolled anew", err)
	}
	if c.Alerts.Rules != "" {
		look("rules", c.Alerts.Rules+" is in order", "correct the file", cloud.CheckRules(c.Alerts.Rules))
	}
	if c.Planograms != "" {
		plans, err := cloud.ReadPlanograms(c.Planograms)
		look("planograms", fmt.Sprintf("%d in %s", len(plans), c.Planograms), "correct the file", err)
	}
	for _, d := range c.Sales.Drop {
		if d.Mapping != "" {
			_, err := cloud.ReadMapping(d.Mapping)
			look("drop", d.Mapping+" is in order", "correct the file: docs/sales.md describes mappings", err)
		}
	}
	if c.Alerts.SMTP.Server != "" {
		look("mail", c.Alerts.SMTP.Server+" answers", "see alerts.smtp: that the server runs, its host and port (587 most often), and password_file", mailAnswers(c.Alerts.SMTP))
	}
	return list
}

func isThere(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// mailAnswers greets the mail server; it sends nothing and shows no password.
func mailAnswers(m config.SMTP) error {
	if m.PasswordFile != "" {
		if _, err := os.ReadFile(m.PasswordFile); err != nil {
			return fmt.Errorf("alerts.smtp.password_file: %w", err)
		}
	}
	conn, err := net.DialTimeout("tcp", m.Server, 5*time.Second) //nolint:noctx // five seconds end it
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return err
	}
	host, _, _ := net.SplitHostPort(m.Server)
	client, err := smtp.NewClient(conn, host)
	if err != nil {
		return fmt.Errorf("%s does not greet as a mail server does: %w", m.Server, err)
	}
	return client.Quit()
}
