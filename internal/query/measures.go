package query

import (
	"context"
	"fmt"
	"slices"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// Measures is every measure of one scope over one window.
type Measures struct {
	Asked
	Notes               []string            `json:"notes,omitempty"` // what a reader must know of the question
	Benchmark           string              `json:"benchmark"`
	DeploymentFrequency metric.Frequency    `json:"deployment_frequency"`
	LeadTime            metric.LeadTimes    `json:"lead_time"`
	ChangeFailureRate   metric.FailureRate  `json:"change_failure_rate"`
	TimeToRestore       metric.RestoreTimes `json:"time_to_restore"`
	ReworkRate          metric.Rework       `json:"rework_rate"`
	RollbackRate        metric.Rollbacks    `json:"rollback_rate"`
	Details
	DataQuality DataQuality `json:"data_quality"`
}

// DataQuality says how complete the facts under the measures are.
type DataQuality struct {
	Deployments      int `json:"deployments"`        // counted ones of the window
	WithCommit       int `json:"with_commit"`        // of them, with a known commit
	WithKnownChanges int `json:"with_known_changes"` // of them, with known contents; a first one has none to know
	WithStart        int `json:"with_start"`         // of them, with a known start

	Incidents   int `json:"incidents"`    // that began in the window
	WithService int `json:"with_service"` // of them, those that name a service

	Stamps metric.StampCounts `json:"stamps"` // of the changes delivered in the window
	Shares Shares             `json:"shares"`
}

// Shares are the counts of DataQuality as parts of 1; null of nothing.
type Shares struct {
	WithCommit       *float64            `json:"with_commit"`
	WithKnownChanges *float64            `json:"with_known_changes"`
	WithStart        *float64            `json:"with_start"`
	WithService      *float64            `json:"with_service"`
	Stamps           map[string]*float64 `json:"stamps"`
}

func qualityOf(t metric.Tally) DataQuality {
	return DataQuality{Deployments: t.Counted, WithCommit: t.WithCommit, WithKnownChanges: t.WithContents, WithStart: t.WithStart}
}

// share works out the shares from the counts.
func (q *DataQuality) share() {
	q.Shares = Shares{
		WithCommit: portion(q.WithCommit, q.Deployments), WithKnownChanges: portion(q.WithKnownChanges, q.Deployments),
		WithStart: portion(q.WithStart, q.Deployments), WithService: portion(q.WithService, q.Incidents),
		Stamps: map[string]*float64{},
	}
	for name, n := range q.Stamps.ByName() {
		q.Shares.Stamps[name] = portion(n, q.Stamps.Changes)
	}
}

func portion(k, n int) *float64 {
	if n == 0 {
		return nil
	}
	v := float64(k) / float64(n)
	return &v
}

// facts are the rows that the measures of a question are computed from.
type facts struct {
	deployments []metric.Deployment
	changes     []metric.Lead
	pulls       []metric.Lead
	failures    []metric.Restore
	incidents   []metric.Restore
	record      metric.Record
	quality     DataQuality
}

// Measures answers every measure for a scope and a window.
func (d *Desk) Measures(ctx context.Context, q Question) (Measures, error) {
	bench, err := metric.BenchmarkNamed(q.Benchmark)
	if err != nil {
		return Measures{}, err
	}
	in, more, q, position, err := d.read(ctx, q, true)
	if err != nil {
		return Measures{}, err
	}
	out := d.measure(in, more, q, position, bench)
	if out.DeploymentFrequency.Deployments == 0 {
		out.Notes, err = d.unknown(ctx, q.Scope)
	}
	return out, err
}

// unknown says of a scope that nobody ever named it: a name that is mistyped
// looks like a quiet one.
func (d *Desk) unknown(ctx context.Context, s plimsoll.Scope) ([]string, error) {
	if s.Kind != plimsoll.ScopeService && s.Kind != plimsoll.ScopeTeam {
		return nil, nil
	}
	var names []string
	err := d.org.View(ctx, func(tx *store.Tx) (err error) {
		if s.Kind == plimsoll.ScopeTeam {
			names, err = tx.Teams()
		} else {
			names, err = tx.ServiceNames()
		}
		return err
	})
	if err != nil || slices.Contains(names, s.Name) {
		return nil, err
	}
	note := fmt.Sprintf("no %s %q is known", s.Kind, s.Name)
	if near := plimsoll.Nearest(s.Name, names); near != "" {
		note += "; did you mean " + near + "?"
	}
	return []string{note}, nil
}

// measure computes every measure of a question.
func (d *Desk) measure(in figures, more beside, q Question, position int64, bench *metric.Benchmark) Measures {
	out := in.measure(d.asked(q, position), d.period(q), bench, q.Scope)
	more.add(&out, d.period(q))
	return out
}

// both are the figures of a filter and their details.
func (d *Desk) both(tx *store.Tx, f store.Filter, position int64) (in figures, more beside, err error) {
	if in, err = d.figures(tx, f, position); err != nil {
		return nil, nil, err
	}
	more, err = d.beside(tx, f, position)
	return in, more, err
}

// read returns the figures of a question, its details if they are wanted, the
// question with what its time was found to mean, and the position all of it was
// read at.
func (d *Desk) read(ctx context.Context, q Question, wanted bool) (in figures, more beside, as Question, position int64, err error) {
	if _, err := q.filter(); err != nil {
		return in, more, q, 0, err
	}
	if err := q.checkWindow(); err != nil {
		return in, more, q, 0, err
	}
	err = d.answer(ctx, q, func(tx *store.Tx, q Question, at int64) error {
		as, position = q, at
		f, err := q.filter()
		if err != nil {
			return err
		}
		if wanted {
			in, more, err = d.both(tx, f, at)
		} else {
			in, err = d.figures(tx, f, at)
		}
		return err
	})
	return in, more, as, position, err
}

func (in facts) measure(asked Asked, p metric.Period, bench *metric.Benchmark, scope plimsoll.Scope) Measures {
	record := in.record
	if scope.Kind == plimsoll.ScopeService {
		record.Services = nil
	}
	return Measures{
		Asked:               asked,
		Benchmark:           bench.Name,
		DeploymentFrequency: metric.FrequencyOf(in.deployments, record, p, bench),
		LeadTime: metric.LeadTimesOf(metric.LeadFacts{
			Changes: in.changes, PullRequests: in.pulls, Deployments: in.deployments,
		}, p, bench),
		ChangeFailureRate: metric.FailureRateOf(in.deployments, p, provisionalDelay, bench),
		TimeToRestore:     metric.RestoreTimesOf(in.failures, in.incidents, p, bench),
		ReworkRate:        metric.ReworkOf(in.deployments, p, bench),
		RollbackRate:      metric.RollbacksOf(in.deployments, p),
		DataQuality:       in.quality,
	}
}

// SeriesAnswer is one measure, bucket by bucket.
type SeriesAnswer struct {
	Asked
	Measure metric.Measure `json:"measure"`
	Bucket  metric.Unit    `json:"bucket"`
	Points  []metric.Point `json:"points"`
}

// Series answers one measure for each day, week or month of the window.
func (d *Desk) Series(ctx context.Context, q Question, m metric.Measure, unit metric.Unit) (SeriesAnswer, error) {
	if err := checkSeries(q.Window, m, unit); err != nil {
		return SeriesAnswer{}, err
	}
	_, ofStage := m.StageOf()
	wanted := ofStage || slices.Contains(detailed, m)
	in, more, q, position, err := d.read(ctx, q, wanted)
	if err != nil {
		return SeriesAnswer{}, err
	}
	out := SeriesAnswer{Asked: d.asked(q, position), Measure: m, Bucket: unit}
	if wanted {
		out.Points = more.series(m, d.period(q), unit)
	} else {
		out.Points = in.series(m, d.period(q), unit)
	}
	return out, nil
}

func (in facts) series(m metric.Measure, p metric.Period, unit metric.Unit) []metric.Point {
	return metric.Series(m, metric.SeriesFacts{
		Deployments: in.deployments, Changes: in.changes, Caused: in.failures,
		First: in.record.First, Delay: provisionalDelay,
	}, p, unit)
}

// mostBuckets bounds an answer: ten years of days.
const mostBuckets = 3700

func checkSeries(w plimsoll.Window, m metric.Measure, unit metric.Unit) error {
	if err := known("measure", m, slices.Concat(metric.Measures, detailed, metric.StageMeasures())); err != nil {
		return err
	}
	if err := known("bucket", unit, []metric.Unit{metric.Day, metric.Week, metric.Month}); err != nil {
		return err
	}
	if days := w.To.Sub(w.From).Hours() / 24; unit == metric.Day && days > mostBuckets {
		return plimsoll.FieldErrorf("bucket", "%.0f days are too many points; ask for weeks or months", days)
	}
	return nil
}

func known[T ~string](field string, v T, list []T) error {
	words := ""
	for i, x := range list {
		if x == v {
			return nil
		}
		if i > 0 {
			words += ", "
		}
		words += string(x)
	}
	return plimsoll.FieldErrorf(field, "%q is unknown; expected one of %s", v, words)
}
