package observe

import (
	"context"
	"math"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Sample is what is looked up at each scrape. A number below zero is not known,
// and is left out.
type Sample struct {
	Log, Facts, Parked, SetAside float64 // positions, and how many events and derivations wait for help

	NewestSeconds float64 // since the last event was received

	Queue, QueueSeconds float64 // requests that wait for the writer, and for how long the oldest has
	Snapshots           float64 // that are open

	DatabaseBytes, WALBytes, SnapshotBytes float64
	DiskFreeBytes                          float64

	CellsBytes float64
}

// Unknown is a sample of which nothing is known.
func Unknown() Sample {
	return Sample{-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1}
}

// scrapeTimeout bounds how long a scrape waits for the store.
const scrapeTimeout = 3 * time.Second

var (
	lagDesc       = prometheus.NewDesc("plimsoll_log_lag_events", "Events that the facts do not include yet.", nil, nil)
	logDesc       = prometheus.NewDesc("plimsoll_log_position", "Number of the last event of the log.", nil, nil)
	factsDesc     = prometheus.NewDesc("plimsoll_facts_position", "Number of the event up to which the facts are complete.", nil, nil)
	newestDesc    = prometheus.NewDesc("plimsoll_log_newest_event_age_seconds", "Time since the last event was received.", nil, nil)
	parkedDesc    = prometheus.NewDesc("plimsoll_parked_events", "Events that could not be folded and were set aside.", nil, nil)
	asideDesc     = prometheus.NewDesc("plimsoll_derivations_set_aside", "Services and incidents whose facts cannot be derived, and hold back the position.", nil, nil)
	queueDesc     = prometheus.NewDesc("plimsoll_store_queue_length", "Requests that wait for the writer.", nil, nil)
	waitDesc      = prometheus.NewDesc("plimsoll_store_queue_oldest_seconds", "For how long the oldest request has waited for the writer at most.", nil, nil)
	snapshotsDesc = prometheus.NewDesc("plimsoll_store_snapshots_open", "Snapshots that readers hold open.", nil, nil)
	bytesDesc     = prometheus.NewDesc("plimsoll_store_bytes", "Size of the files of the embedded store: database, wal (its log of writes), snapshot (of the cells).", []string{"file"}, nil)
	freeDesc      = prometheus.NewDesc("plimsoll_store_disk_free_bytes", "Free space where the data folder is.", nil, nil)
	cellsDesc     = prometheus.NewDesc("plimsoll_cells_bytes", "Memory that the facts take, about.", nil, nil)
)

// sampler makes metrics of a Sample.
type sampler struct {
	ask func(ctx context.Context) Sample
}

func (s *sampler) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		lagDesc, logDesc, factsDesc, newestDesc, parkedDesc, asideDesc, queueDesc, waitDesc, snapshotsDesc, bytesDesc, freeDesc, cellsDesc,
	} {
		ch <- d
	}
}

func (s *sampler) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
	defer cancel()
	v := s.ask(ctx)
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		if value >= 0 && !math.IsInf(value, 0) {
			ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
		}
	}
	if v.Log >= 0 && v.Facts >= 0 {
		gauge(lagDesc, max(0, v.Log-v.Facts))
	}
	gauge(logDesc, v.Log)
	gauge(factsDesc, v.Facts)
	gauge(newestDesc, v.NewestSeconds)
	gauge(parkedDesc, v.Parked)
	gauge(asideDesc, v.SetAside)
	gauge(queueDesc, v.Queue)
	gauge(waitDesc, v.QueueSeconds)
	gauge(snapshotsDesc, v.Snapshots)
	gauge(bytesDesc, v.DatabaseBytes, "database")
	gauge(bytesDesc, v.WALBytes, "wal")
	gauge(bytesDesc, v.SnapshotBytes, "snapshot")
	gauge(freeDesc, v.DiskFreeBytes)
	gauge(cellsDesc, v.CellsBytes)
}
