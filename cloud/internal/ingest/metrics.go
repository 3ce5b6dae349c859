package ingest

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/coldshelf/coldshelf/models/wire"
)

// Metrics of all ingesters of a program.
type Metrics struct {
	Messages    *prometheus.CounterVec // by kind
	Duplicates  prometheus.Counter
	Quarantined *prometheus.CounterVec // by reason
	Retries     prometheus.Counter
	LostAcks    prometheus.Counter
	Limited     prometheus.Counter
	Batch       prometheus.Histogram
	Seconds     prometheus.Histogram
}

// NewMetrics registers the ingester's metrics.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	f := promauto.With(reg)
	return &Metrics{
		Messages: f.NewCounterVec(prometheus.CounterOpts{Name: "coldshelf_ingest_messages_total",
			Help: "Messages stored or recognised as stored before, by kind."}, []string{"kind"}),
		Duplicates: f.NewCounter(prometheus.CounterOpts{Name: "coldshelf_ingest_duplicates_total",
			Help: "Messages that were stored before and came again."}),
		Quarantined: f.NewCounterVec(prometheus.CounterOpts{Name: "coldshelf_ingest_quarantined_total",
			Help: "Messages that cannot be stored, by reason."}, []string{"reason"}),
		Retries: f.NewCounter(prometheus.CounterOpts{Name: "coldshelf_ingest_store_retries_total",
			Help: "Batches that a store failed to take and that were tried again."}),
		LostAcks: f.NewCounter(prometheus.CounterOpts{Name: "coldshelf_ingest_acks_unsent_total",
			Help: "Acknowledgements that could not be handed to the broker."}),
		Limited: f.NewCounter(prometheus.CounterOpts{Name: "coldshelf_ingest_limited_total",
			Help: "Messages not taken because their device says too much; they come again."}),
		Batch: f.NewHistogram(prometheus.HistogramOpts{Name: "coldshelf_ingest_batch_messages",
			Help: "Messages that shared a write.", Buckets: prometheus.ExponentialBuckets(1, 2, 15)}),
		Seconds: f.NewHistogram(prometheus.HistogramOpts{Name: "coldshelf_ingest_batch_seconds",
			Help: "Time from a batch's first decode until both stores had it.", Buckets: prometheus.ExponentialBuckets(0.001, 2, 14)}),
	}
}

func (m *Metrics) observe(items []*item, counts tally, took time.Duration) {
	kinds := map[wire.Kind]int{}
	for _, it := range items {
		if it.reason != "" {
			m.Quarantined.WithLabelValues(it.reason).Inc()
		} else {
			kinds[it.env.Body.Kind()]++
		}
	}
	for kind, n := range kinds {
		m.Messages.WithLabelValues(string(kind)).Add(float64(n))
	}
	m.Duplicates.Add(float64(counts.duplicates))
	m.Batch.Observe(float64(len(items)))
	m.Seconds.Observe(took.Seconds())
}
