package query

import (
	"slices"
	"sort"
	"sync"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/cells"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// columns are the rows that the measures of a scope are computed from, over
// some span of time. Nothing writes to them once they are read.
type columns struct {
	deployments []metric.Deployment // by the time they ended
	changes     []metric.Lead
	pulls       []metric.Lead
	failures    []metric.Restore
	incidents   []metric.Restore
	record      metric.Record
	services    []string // by the index used in deployments
}

func (c *columns) rows() int {
	return len(c.deployments) + len(c.changes) + len(c.pulls) + len(c.failures) + len(c.incidents)
}

// load reads the facts of a filter. What only the production class has is read
// for it alone.
func load(tx *store.Tx, f store.Filter) (*columns, error) {
	c := &columns{}
	first, err := tx.FirstDeployments(f)
	if err != nil {
		return nil, err
	}
	marks, err := cells.Evidence(tx, f.Service)
	if err != nil {
		return nil, err
	}
	index := map[string]int32{}
	for name, at := range first {
		index[name] = int32(len(c.services))
		c.services = append(c.services, name)
		c.record.Services = append(c.record.Services, at)
		c.record.First = plimsoll.First(c.record.First, at)
	}
	err = tx.DeploymentPoints(f, func(p store.DeploymentPoint) {
		x := cells.Deployment(p, marks[p.ID])
		x.Service = index[p.Service]
		c.deployments = append(c.deployments, x)
	})
	if err != nil || !f.Production {
		return c, err
	}
	return c, c.loadProduction(tx, f)
}

func (c *columns) loadProduction(tx *store.Tx, f store.Filter) error {
	leads := func(list *[]metric.Lead) func(start, committed, delivered plimsoll.Time) {
		return func(start, committed, delivered plimsoll.Time) {
			*list = append(*list, metric.Lead{StartAt: start, CommittedAt: committed, DeliveredAt: delivered})
		}
	}
	if err := tx.LeadPoints(f, plimsoll.BasisChange, leads(&c.changes)); err != nil {
		return err
	}
	if err := tx.LeadPoints(f, plimsoll.BasisPullRequest, leads(&c.pulls)); err != nil {
		return err
	}
	// What failed before the window may last into it, and is watched there.
	f.Window.From = 0
	restores := func(list *[]metric.Restore) func(from, to plimsoll.Time, severity string) {
		return func(from, to plimsoll.Time, severity string) {
			*list = append(*list, metric.Restore{FailedAt: from, RestoredAt: to, Severity: severity})
		}
	}
	if err := tx.FailurePoints(f, restores(&c.failures)); err != nil {
		return err
	}
	return tx.IncidentPoints(f, restores(&c.incidents))
}

// cut takes what load would have read for the window out of columns that reach
// beyond it.
func (c *columns) cut(w plimsoll.Window) facts {
	at := func(t plimsoll.Time) int {
		return sort.Search(len(c.deployments), func(i int) bool { return c.deployments[i].EndedAt >= t })
	}
	from, to := at(w.From), at(w.To)
	out := facts{
		deployments: c.deployments[from:to:to], record: c.record,
		changes: within(c.changes, w), pulls: within(c.pulls, w),
		failures: before(c.failures, w.To), incidents: before(c.incidents, w.To),
	}
	var t metric.Tally
	for i := range out.deployments {
		t.Add(&out.deployments[i])
	}
	out.quality = qualityOf(t)
	return out
}

func within(leads []metric.Lead, w plimsoll.Window) []metric.Lead {
	out := make([]metric.Lead, 0, len(leads))
	for _, l := range leads {
		// Skewed clocks let something begin after it was delivered.
		began := l.StartAt < w.To || l.DeliveredAt != 0 && l.DeliveredAt < w.To
		if began && (l.DeliveredAt == 0 || l.DeliveredAt >= w.From) {
			out = append(out, l)
		}
	}
	return out
}

func before(list []metric.Restore, to plimsoll.Time) []metric.Restore {
	return slices.DeleteFunc(slices.Clone(list), func(r metric.Restore) bool { return r.FailedAt >= to })
}

// The bounds of what is remembered between questions. A row takes about 50
// bytes, so that all of it stays below 100 MB.
const (
	mostScopes     = 64
	mostRemembered = 2_000_000
	// reach is the step in which a remembered span begins: the windows of a
	// page slide with the clock, and still find it.
	reach = plimsoll.Time(32 * 24 * time.Hour / time.Microsecond)
)

// memory keeps what was read for the last questions, until the next event.
// It holds only facts that were complete up to the end of the log: these
// follow from the log alone, and stay what they are until it grows.
type memory struct {
	mu     sync.Mutex
	head   int64
	rows   int
	scopes map[store.Filter]remembered // by the filter without its window
}

type remembered struct {
	from    plimsoll.Time
	columns *columns
}

func (m *memory) recall(key store.Filter, from plimsoll.Time, head int64) *columns {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r, ok := m.scopes[key]; ok && m.head == head && r.from <= from {
		return r.columns
	}
	return nil
}

func (m *memory) keep(key store.Filter, r remembered, head int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if head < m.head {
		return // an older snapshot that took its time
	}
	if m.scopes == nil || head > m.head || len(m.scopes) >= mostScopes || m.rows+r.columns.rows() > mostRemembered {
		m.head, m.rows, m.scopes = head, 0, map[store.Filter]remembered{}
	}
	if r.columns.rows() > mostRemembered {
		return
	}
	if old, ok := m.scopes[key]; ok {
		m.rows -= old.columns.rows()
	}
	m.scopes[key] = r
	m.rows += r.columns.rows()
}

// columns are the facts of a filter, over its window at least: out of memory if
// nothing has happened since they were read.
func (d *Desk) columns(tx *store.Tx, f store.Filter, position int64) (*columns, error) {
	head, err := tx.Head()
	if err != nil {
		return nil, err
	}
	if position != head || tx.Past() {
		return load(tx, f)
	}
	key, from := f, f.Window.From
	key.Window = plimsoll.Window{}
	if c := d.memory.recall(key, from, head); c != nil {
		return c, nil
	}
	// Questions about the past alone are rare, and what follows their window
	// would be read for nothing.
	if f.Window.To < d.Now().Add(-2*24*time.Hour) {
		return load(tx, f)
	}
	r := remembered{from: max(from-from%reach, 1)}
	f.Window = plimsoll.Window{From: r.from, To: plimsoll.Forever}
	if r.columns, err = load(tx, f); err != nil {
		return nil, err
	}
	d.memory.keep(key, r, head)
	return r.columns, nil
}
