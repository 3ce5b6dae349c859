package cloud

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/coldshelf/coldshelf/cloud/internal/access"
	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/broker"
	"github.com/coldshelf/coldshelf/cloud/internal/care"
	"github.com/coldshelf/coldshelf/cloud/internal/config"
	"github.com/coldshelf/coldshelf/cloud/internal/deliver"
	"github.com/coldshelf/coldshelf/cloud/internal/ingest"
	"github.com/coldshelf/coldshelf/cloud/internal/kpi"
	"github.com/coldshelf/coldshelf/cloud/internal/lesson"
	"github.com/coldshelf/coldshelf/cloud/internal/live"
	"github.com/coldshelf/coldshelf/cloud/internal/merge"
	"github.com/coldshelf/coldshelf/cloud/internal/mqttsub"
	"github.com/coldshelf/coldshelf/cloud/internal/natssub"
	"github.com/coldshelf/coldshelf/cloud/internal/promotion"
	"github.com/coldshelf/coldshelf/cloud/internal/release"
	"github.com/coldshelf/coldshelf/cloud/internal/replenish"
	"github.com/coldshelf/coldshelf/cloud/internal/rollout"
	"github.com/coldshelf/coldshelf/cloud/internal/sales"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/cloud/internal/upload"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// Open checks the configuration, takes the ports, opens and migrates the stores and publishes the
// planograms. What it returns is closed by Run, or by Close if Run is not called.
func Open(ctx context.Context, cfg config.Config, log *slog.Logger) (_ *Server, err error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	s := &Server{cfg: cfg, log: log, registry: prometheus.NewRegistry()}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	s.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if s.http, err = listen("the page and the API", "--listen", cfg.Listen); err != nil {
		return nil, err
	}
	if err := s.openStores(ctx); err != nil {
		return nil, err
	}
	s.sales = sales.NewLedger(s.state, nil)
	if cfg.Planograms != "" {
		if err := s.publishPlanograms(ctx, cfg.Planograms); err != nil {
			return nil, err
		}
	}
	if err := s.openAccess(ctx); err != nil {
		return nil, err
	}
	sub, connect, err := s.openBroker()
	if err != nil {
		return nil, err
	}
	if err := s.openSales(sub); err != nil {
		return nil, err
	}
	s.boards = sub
	s.live = live.NewHub(live.Config{DB: s.state, Tenant: s.streamTenant, Grant: s.grant, Standing: s.standing, Denied: s.denied(), Origins: cfg.Alerts.Origins, Log: log}, live.NewMetrics(s.registry))
	mailPassword, err := readPassword(cfg.Alerts.SMTP.PasswordFile)
	if err != nil {
		return nil, err
	}
	smtp := deliver.SMTP{Server: cfg.Alerts.SMTP.Server, From: cfg.Alerts.SMTP.From, Username: cfg.Alerts.SMTP.Username, Password: mailPassword}
	if s.rules, err = openRules(ctx, cfg, s.state, log); err != nil {
		return nil, err
	}
	if err := deliver.Begin(ctx, s.state); err != nil {
		return nil, err
	}
	s.deliver = deliver.New(deliver.Config{DB: s.state, Dir: cfg.DataDir, MQTT: connect, SMTP: smtp, Book: s.rules.Book, AllowPrivate: cfg.Alerts.PrivateWebhooks, Log: log})
	s.engine = alert.NewEngine(alert.Config{Rules: s.rules, Demand: merge.NewDemand(s.state), Log: log})
	mirror, _ := s.series.(merge.HourStore) // InfluxDB is; the embedded store lies beside the books anyway
	s.merger = merge.NewFollower(merge.Config{DB: s.state, Series: s.series, Ledger: s.sales, Mirror: mirror, Keep: cfg.Keep.Points, Log: log.With("part", "merge")})
	s.planner = replenish.NewPlanner(replenish.Config{DB: s.state, Ledger: s.sales, Client: deliver.NewClient(cfg.Alerts.PrivateWebhooks, orderTimeout), Log: log.With("part", "replenish")})
	s.keeper = care.NewKeeper(care.Config{DB: s.state, Connect: func(ctx context.Context) (care.Session, error) { return connect(ctx) }, URL: s.boardsURL(), Log: log.With("part", "care")})
	s.conductor = &rollout.Conductor{DB: s.state, Keeper: s.keeper, Log: log.With("part", "rollout")}
	s.ingester = ingest.New(ingest.Config{Batch: cfg.Ingest.Batch, Linger: cfg.Ingest.Linger, Rate: cfg.Ingest.Rate, Pictures: cfg.Keep.Pictures, Quarantine: cfg.Keep.Quarantine, LockName: alert.LockName},
		sub, s.series, s.state, judges{s.engine, merge.Toucher{}, care.Listener{}}, notifiers{s.live, s.deliver}, ingest.NewMetrics(s.registry), log)
	if s.handler, err = s.routes(); err != nil {
		return s, err
	}
	s.handler = upload.Guard(s.handler, upload.Pace(cfg.Uploads), upload.NewMetrics(s.registry), log.With("part", "uploads"))
	return s, nil
}

// orderTimeout bounds one call of an ordering system.
const orderTimeout = 15 * time.Second

// boardsURL is where boards fetch bundles, "" where no host is known.
func (s *Server) boardsURL() string {
	if s.cfg.Updates.URL != "" {
		return strings.TrimRight(s.cfg.Updates.URL, "/")
	}
	host, _, err := net.SplitHostPort(s.Addr())
	if ip := net.ParseIP(host); err != nil || ip == nil || ip.IsUnspecified() {
		return ""
	}
	return "http://" + s.Addr()
}

// listen takes a port, and tells who else might have it.
func listen(what, flag, addr string) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, Hint(fmt.Errorf("listen for %s: %s is taken by another program", what, addr),
			"choose another address with %s, or see who has it: ss -ltnp 'sport = :%s'", flag, port(addr))
	}
	if err != nil {
		return nil, Hint(fmt.Errorf("listen for %s: %w", what, err), "choose another address with %s", flag)
	}
	return l, nil
}

func port(addr string) string {
	_, p, _ := net.SplitHostPort(addr)
	return p
}

func (s *Server) openStores(ctx context.Context) (err error) {
	if s.held, err = hold(s.cfg.StateURL(), s.Addr()); err != nil {
		return err
	}
	if s.state, err = state.Open(ctx, s.cfg.StateURL()); err != nil {
		return Hint(err, "see that the folder is there and can be written, or give another with --data; for PostgreSQL, that the server runs")
	}
	if err := state.Migrate(ctx, s.state, state.Tables, access.Tables, alert.Tables, live.Tables, deliver.Tables, sales.Tables, merge.Tables, replenish.Tables, promotion.Tables, release.Tables, care.Tables, rollout.Tables, lesson.Tables, kpi.Tables); err != nil {
		return Hint(err, "a database of a newer cooler-cloud is not opened by an older one")
	}
	if s.series, err = openSeries(ctx, s.cfg.SeriesURL()); err != nil {
		return Hint(err, "see that the folder is there and can be written, or give another store with --series")
	}
	return nil
}

// openAccess makes the certificate authority and, where tokens are needed and there is no admin yet,
// the link by which somebody becomes the first.
func (s *Server) openAccess(ctx context.Context) (err error) {
	if s.authority, err = access.OpenAuthority(filepath.Join(s.cfg.DataDir, "authority"), time.Now()); err != nil {
		return Hint(err, "see that the folder can be written, or bring back ca.pem and ca.key from a backup")
	}
	if !s.cfg.NeedsTokens() {
		return nil
	}
	s.gate = access.NewGate(s.state, s.authority, s.log)
	s.setup, err = access.SetupLink(ctx, s.state, s.cfg.Tenant, time.Now())
	return err
}

// door is who lets boards in; nil lets in everybody.
func (s *Server) door() broker.Access {
	if s.gate == nil {
		return nil
	}
	return access.Door{DB: s.state, Log: s.log}
}

// openBroker opens what the boards are heard through, and alerts are published on.
func (s *Server) openBroker() (ingest.Subscriber, func(context.Context) (deliver.Session, error), error) {
	if s.cfg.MQTT.Broker == "" {
		var err error
		if s.mqtt, err = listen("the boards", "--mqtt-listen", s.cfg.MQTT.Listen); err != nil {
			return nil, nil, err
		}
		if s.cfg.MQTT.TLSListen != "" {
			if s.mqtts, err = s.listenTLS(); err != nil {
				return nil, nil, err
			}
		}
		s.embedded, err = broker.New(broker.Config{Access: s.door(), Log: s.log})
		return s.embedded, func(context.Context) (deliver.Session, error) { return s.embedded.Session(), nil }, err
	}
	password, conf, err := BrokerCredentials(s.cfg.MQTT)
	if err != nil {
		return nil, nil, err
	}
	if strings.HasPrefix(s.cfg.MQTT.Broker, "nats:") {
		sub, err := natssub.New(natssub.Config{URL: s.cfg.MQTT.Broker, Username: s.cfg.MQTT.Username, Password: password, TLS: conf, Log: s.log.With("part", "broker")})
		if err != nil {
			return nil, nil, err
		}
		s.elsewhere = sub
		return sub, func(context.Context) (deliver.Session, error) { return sub.Session(), nil }, nil
	}
	sub, err := mqttsub.New(mqttsub.Config{URL: s.cfg.MQTT.Broker, ClientID: s.cfg.MQTT.ClientID, Username: s.cfg.MQTT.Username,
		Password: password, TLS: conf, Log: s.log.With("part", "broker")})
	if err != nil {
		return nil, nil, err
	}
	s.elsewhere = sub
	return sub, func(ctx context.Context) (deliver.Session, error) {
		session, err := sub.Session(ctx)
		if err != nil {
			return nil, err
		}
		return session, nil
	}, nil
}

// listenTLS takes the port on which boards speak with certificates of our own authority.
func (s *Server) listenTLS() (net.Listener, error) {
	conf, err := s.authority.ServerTLS(s.cfg.MQTT.TLSNames, time.Now())
	if err != nil {
		return nil, err
	}
	l, err := listen("the boards with TLS", "mqtt.tls_listen", s.cfg.MQTT.TLSListen)
	if err != nil {
		return nil, err
	}
	return tls.NewListener(l, conf), nil
}

// ReadPlanograms reads every planogram of a folder, by the path of its file.
func ReadPlanograms(dir string) (map[string]*shelf.Planogram, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, Hint(fmt.Errorf("read planograms: %w", err), "give a folder of .yaml or .json planograms with --planograms")
	}
	found := map[string]*shelf.Planogram{}
	for _, e := range entries {
		ext := filepath.Ext(e.Name())
		if e.IsDir() || (ext != ".yaml" && ext != ".yml" && ext != ".json") {
			continue
		}
		path := filepath.Join(dir, e.Name())
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read planogram: %w", err)
		}
		if found[path], err = shelf.DecodePlanogram(data); err != nil {
			return nil, Hint(fmt.Errorf("%s: %w", path, err), "correct the file; or give --planograms a folder that holds planograms alone")
		}
	}
	if len(found) == 0 {
		return nil, Hint(fmt.Errorf("read planograms: %s holds none", dir), "planograms are files that end in .yaml, .yml or .json")
	}
	return found, nil
}

// publishPlanograms publishes every planogram of a folder for the default tenant. One that is
// published already, unchanged, is passed over.
func (s *Server) publishPlanograms(ctx context.Context, dir string) error {
	plans, err := ReadPlanograms(dir)
	if err != nil {
		return err
	}
	for _, path := range slices.Sorted(maps.Keys(plans)) {
		p, published := plans[path], false
		err = s.state.Write(ctx, func(tx *state.Tx) error {
			if published, err = state.PutPlanogram(ctx, tx, s.cfg.Tenant, p, time.Now()); err != nil || !published {
				return err
			}
			return care.Touch(ctx, tx, s.cfg.Tenant, care.Tenant, "")
		})
		if errors.Is(err, state.ErrVersion) {
			return Hint(fmt.Errorf("%s: %w", path, err), "raise the version in the file, or take the file away to keep what is published")
		}
		if err != nil {
			return err
		}
		if published {
			s.log.Info("planogram published", "planogram", p.ID, "version", p.Version)
		}
	}
	return nil
}
