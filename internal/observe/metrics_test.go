package observe

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
)

// busy is a Metrics in which everything has happened once.
func busy() *Metrics {
	m := NewMetrics(Build{"v1", "abc"}, func(context.Context) Sample {
		return Sample{10, 7, 1, 2, 3, 4, 5, 1, 100, 200, 300, 400, 500}
	})
	m.UnderWay(1)
	m.Requested("/api/v1/events", "POST", 200, time.Millisecond)
	m.Refused("busy")
	m.Delivered("api", "accepted", 3, 1)
	m.Committed(4, time.Millisecond, errors.New("disk"))
	m.Queued(time.Millisecond)
	m.Snapshot(time.Millisecond)
	m.Folded("apply", 9, time.Millisecond, nil)
	m.Folded("timeline", 5, time.Millisecond, errors.New("disk"))
	m.Followed(time.Millisecond, true)
	return m
}

func scrape(t *testing.T, h http.Handler) string {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	return w.Body.String()
}

func TestTheExpositionHasNoFaultThatALinterKnows(t *testing.T) {
	problems, err := promlint.New(strings.NewReader(scrape(t, busy().Handler()))).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

func TestEachMetricSaysWhatHappened(t *testing.T) {
	got := scrape(t, busy().Handler())
	for _, line := range []string{
		"plimsoll_log_lag_events 3", "plimsoll_log_position 10", "plimsoll_facts_position 7", "plimsoll_parked_events 1",
		"plimsoll_derivations_set_aside 2", "plimsoll_log_newest_event_age_seconds 3", "plimsoll_store_queue_length 4",
		"plimsoll_store_queue_oldest_seconds 5", "plimsoll_store_snapshots_open 1", `plimsoll_store_bytes{file="database"} 100`,
		`plimsoll_store_bytes{file="wal"} 200`, `plimsoll_store_bytes{file="snapshot"} 300`, "plimsoll_store_disk_free_bytes 400",
		"plimsoll_cells_bytes 500", "plimsoll_cells_rebuilds_total 1", "plimsoll_cells_follow_seconds_count 1",
		`plimsoll_deliveries_total{outcome="accepted",source="api"} 1`, `plimsoll_deliveries_total{outcome="invalid",source="api"} 0`,
		"plimsoll_events_total 3", "plimsoll_duplicate_events_total 1", "plimsoll_fold_events_total 9", "plimsoll_fold_errors_total 1",
		`plimsoll_fold_batch_seconds_count{kind="apply"} 1`, "plimsoll_store_commit_seconds_count 1", "plimsoll_store_commit_errors_total 1",
		"plimsoll_store_commit_requests_sum 4", "plimsoll_store_queue_seconds_count 1", "plimsoll_store_snapshot_wait_seconds_count 1",
		`plimsoll_http_requests_total{method="POST",route="/api/v1/events",status="200"} 1`, "plimsoll_http_requests_in_progress 1",
		`plimsoll_http_refused_total{reason="busy"} 1`, `plimsoll_build_info{goversion="go`, "go_goroutines ",
	} {
		if !strings.Contains(got, "\n"+line) {
			t.Errorf("no %s", line)
		}
	}
}

func TestWhatIsNotKnownIsLeftOut(t *testing.T) {
	m := NewMetrics(Build{}, func(context.Context) Sample { return Unknown() })
	got := scrape(t, m.Handler())
	for _, name := range []string{"plimsoll_log_lag_events", "plimsoll_log_position", "plimsoll_store_bytes", "plimsoll_parked_events"} {
		if strings.Contains(got, "\n"+name) {
			t.Errorf("%s is said although nobody knows it", name)
		}
	}
	if !strings.Contains(got, "plimsoll_events_total 0") {
		t.Error("what is known is not said")
	}
}

func TestStrangersCannotMakeSeries(t *testing.T) {
	m := busy()
	series := func() int { return strings.Count(scrape(t, m.Handler()), "\nplimsoll_") }
	for i := range 5000 {
		name := fmt.Sprintf("stranger-%d", i)
		m.Delivered(name, "accepted", 1, 0)
		m.Delivered("api", name, 0, 0)
		m.Requested("", name, 404, 0)
	}
	if n := series(); n > 300 {
		t.Errorf("%d series", n)
	}
	if !strings.Contains(scrape(t, m.Handler()), `plimsoll_deliveries_total{outcome="accepted",source="other"} 4`) {
		t.Error("what has no series of its own is not counted as other")
	}
}

func TestTheMetricsOfTheProductJoin(t *testing.T) {
	product := prometheus.NewRegistry()
	releases := prometheus.NewCounter(prometheus.CounterOpts{Name: "deployment_completed_total", Help: "x"})
	product.MustRegister(releases)
	// A part that cannot be gathered hides no other.
	broken := prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) { return nil, errors.New("away") })
	got := scrape(t, busy().Handler(product, broken))
	for _, name := range []string{"deployment_completed_total 0", "plimsoll_events_total 3"} {
		if !strings.Contains(got, "\n"+name) {
			t.Errorf("no %s", name)
		}
	}
}

func TestNothingIsCountedByNobody(t *testing.T) {
	var m *Metrics
	m.UnderWay(1)
	m.Requested("/", "GET", 200, 0)
	m.Refused("busy")
	m.Delivered("api", "accepted", 1, 0)
	m.Committed(1, 0, nil)
	m.Queued(0)
	m.Snapshot(0)
	m.Folded("apply", 1, 0, nil)
	m.Followed(0, true)
}
