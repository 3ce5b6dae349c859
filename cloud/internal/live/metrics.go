package live

import "github.com/prometheus/client_golang/prometheus"

// Metrics are the metrics of a Hub.
type Metrics struct {
	Clients   prometheus.Gauge
	Events    prometheus.Counter
	Frames    prometheus.Counter
	Overflows prometheus.Counter
	Resyncs   prometheus.Counter
}

// NewMetrics registers them with r.
func NewMetrics(r prometheus.Registerer) *Metrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: "coldshelf_live_" + name, Help: help})
	}
	m := &Metrics{
		Clients:   prometheus.NewGauge(prometheus.GaugeOpts{Name: "coldshelf_live_clients", Help: "Connections to the live stream."}),
		Events:    counter("events_total", "Entries of the alert log given to the live stream."),
		Frames:    counter("frames_total", "Messages sent to connections."),
		Overflows: counter("overflows_total", "Connections that could not keep up and went on from the log."),
		Resyncs:   counter("resyncs_total", "Connections that were told to start over."),
	}
	r.MustRegister(m.Clients, m.Events, m.Frames, m.Overflows, m.Resyncs)
	return m
}
