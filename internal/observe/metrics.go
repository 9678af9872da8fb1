package observe

import (
	"context"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Build says which program runs.
type Build struct{ Version, Revision string }

// mostSources bounds the sources of deliveries that have series of their own. The
// rest share "other".
const mostSources = 50

// Metrics are the numbers that Plimsoll keeps about itself. Every label has few
// values, whatever strangers send. A nil Metrics counts nothing. It is safe for
// concurrent use.
type Metrics struct {
	registry *prometheus.Registry

	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	underWay prometheus.Gauge
	refused  *prometheus.CounterVec

	deliveries         *prometheus.CounterVec
	events, duplicates prometheus.Counter
	mu                 sync.Mutex
	sources            []string

	commit, group, queued, snapshot prometheus.Histogram
	commitErrors                    prometheus.Counter

	folded, foldErrors, rebuilds prometheus.Counter
	fold                         *prometheus.HistogramVec
	follow                       prometheus.Histogram
}

// Buckets in seconds: of what ends in memory or on disk, and of what somebody
// waits for.
var (
	quick = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}
	asked = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}
)

// NewMetrics returns metrics that stand at zero. sample is asked at each scrape;
// nil for never.
func NewMetrics(b Build, sample func(ctx context.Context) Sample) *Metrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	}
	counters := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	histogram := func(name, help string, buckets []float64) prometheus.Histogram {
		return prometheus.NewHistogram(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets})
	}
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: counters("plimsoll_http_requests_total", "Requests answered, by route (never by path).", "route", "method", "status"),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "plimsoll_http_request_duration_seconds", Help: "Time from a request to its whole answer, by route.", Buckets: asked,
		}, []string{"route", "method"}),
		underWay:     prometheus.NewGauge(prometheus.GaugeOpts{Name: "plimsoll_http_requests_in_progress", Help: "Requests that are being answered."}),
		refused:      counters("plimsoll_http_refused_total", "Requests refused because there were too many: busy (503) or client (429).", "reason"),
		deliveries:   counters("plimsoll_deliveries_total", "Deliveries by source and by what became of them.", "source", "outcome"),
		events:       counter("plimsoll_events_total", "Events that were new and are durable."),
		duplicates:   counter("plimsoll_duplicate_events_total", "Events that were there already."),
		commit:       histogram("plimsoll_store_commit_seconds", "Time of a commit of the writer, from its first statement until it is durable.", quick),
		group:        histogram("plimsoll_store_commit_requests", "Requests that shared a commit.", prometheus.ExponentialBuckets(1, 2, 9)),
		queued:       histogram("plimsoll_store_queue_seconds", "Time that a request waited for the writer.", quick),
		snapshot:     histogram("plimsoll_store_snapshot_wait_seconds", "Time that a reader waited for a snapshot.", quick),
		commitErrors: counter("plimsoll_store_commit_errors_total", "Commits that failed, or of which the disk refused a part."),
		folded:       counter("plimsoll_fold_events_total", "Events applied to the facts."),
		foldErrors:   counter("plimsoll_fold_errors_total", "Batches of the fold that failed, and were tried again."),
		rebuilds:     counter("plimsoll_cells_rebuilds_total", "How often the facts in memory were built anew."),
		fold: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "plimsoll_fold_batch_seconds", Help: "Time of a batch of the fold: apply, or a step of deriving.", Buckets: quick,
		}, []string{"kind"}),
		follow: histogram("plimsoll_cells_follow_seconds", "Time in which the facts in memory followed the store.", quick),
	}
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "plimsoll_build_info", Help: "1; the labels say which program runs.",
		ConstLabels: prometheus.Labels{"version": b.Version, "revision": b.Revision, "goversion": runtime.Version()},
	})
	info.Set(1)
	m.registry.MustRegister(info, m.requests, m.seconds, m.underWay, m.refused, m.deliveries, m.events, m.duplicates, m.commit, m.group,
		m.queued, m.snapshot, m.commitErrors, m.folded, m.foldErrors, m.rebuilds, m.fold, m.follow,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if sample != nil {
		m.registry.MustRegister(&sampler{ask: sample})
	}
	// A counter that is born with its first event hides that event from rate().
	for _, outcome := range outcomes {
		m.deliveries.WithLabelValues("api", outcome)
	}
	for _, reason := range []string{"busy", "client"} {
		m.refused.WithLabelValues(reason)
	}
	return m
}

// Handler answers a scrape with these metrics and those of more: what is
// exported of the releases themselves belongs there. What cannot be gathered is
// left out, and the rest is answered.
func (m *Metrics) Handler(more ...prometheus.Gatherer) http.Handler {
	all := append(prometheus.Gatherers{m.registry}, more...)
	return promhttp.HandlerFor(all, promhttp.HandlerOpts{
		Registry: m.registry, ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: 4, Timeout: 10 * time.Second,
	})
}

// outcomes are what may become of a delivery.
var outcomes = []string{
	"accepted", "duplicate", "ignored", "undecodable", "invalid", "unauthorized", "forbidden", "conflict", "too_large", "rate_limited", "unavailable", "internal", "gone",
}

// other is the value of a label for everything that has none of its own.
const other = "other"

// Delivered counts a delivery.
func (m *Metrics) Delivered(source, outcome string, accepted, duplicates int) {
	if m == nil {
		return
	}
	if !slices.Contains(outcomes, outcome) {
		outcome = other
	}
	m.deliveries.WithLabelValues(m.source(source), outcome).Inc()
	m.events.Add(float64(accepted))
	m.duplicates.Add(float64(duplicates))
}

// source keeps the number of sources small.
func (m *Metrics) source(name string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if slices.Contains(m.sources, name) {
		return name
	}
	if len(m.sources) >= mostSources {
		return other
	}
	m.sources = append(m.sources, name)
	return name
}

// methods are those that have series of their own.
var methods = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions}

// Requested counts a request that was answered. route is the pattern that it
// fits, "" if it fits none.
func (m *Metrics) Requested(route, method string, status int, took time.Duration) {
	if m == nil {
		return
	}
	if route == "" {
		route = "none"
	}
	if !slices.Contains(methods, method) {
		method = other
	}
	m.requests.WithLabelValues(route, method, strconv.Itoa(status)).Inc()
	m.seconds.WithLabelValues(route, method).Observe(took.Seconds())
}

// UnderWay counts the requests that are being answered.
func (m *Metrics) UnderWay(change int) {
	if m != nil {
		m.underWay.Add(float64(change))
	}
}

// Refused counts a request that was one too many: busy, or client where one
// client sent too many.
func (m *Metrics) Refused(reason string) {
	if m != nil {
		m.refused.WithLabelValues(reason).Inc()
	}
}

// Committed counts a commit of the store.
func (m *Metrics) Committed(requests int, took time.Duration, err error) {
	if m == nil {
		return
	}
	m.group.Observe(float64(requests))
	m.commit.Observe(took.Seconds())
	if err != nil {
		m.commitErrors.Inc()
	}
}

// Queued counts how long a request waited for the writer.
func (m *Metrics) Queued(waited time.Duration) {
	if m != nil {
		m.queued.Observe(waited.Seconds())
	}
}

// Snapshot counts how long a reader waited for a snapshot.
func (m *Metrics) Snapshot(waited time.Duration) {
	if m != nil {
		m.snapshot.Observe(waited.Seconds())
	}
}

// Folded counts a batch of the fold. Of the kind apply n is how many events.
func (m *Metrics) Folded(kind string, n int, took time.Duration, err error) {
	if m == nil {
		return
	}
	m.fold.WithLabelValues(kind).Observe(took.Seconds())
	if kind == "apply" {
		m.folded.Add(float64(n))
	}
	if err != nil {
		m.foldErrors.Inc()
	}
}

// Followed counts a run of the follower in memory.
func (m *Metrics) Followed(took time.Duration, anew bool) {
	if m == nil {
		return
	}
	m.follow.Observe(took.Seconds())
	if anew {
		m.rebuilds.Inc()
	}
}
