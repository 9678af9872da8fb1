package cells

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

var engineNow = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// invented is a service with a thousand deployments in a year, five changes and a pull request with each,
// 6 % of them failed, and one change in a hundred of the last weeks still waiting. The five changes are
// those of two pull requests with the stamps of their way.
func invented(i, teams int) *draft {
	r := rand.New(rand.NewPCG(uint64(i), 3))
	team := fmt.Sprintf("team-%03d", i%teams)
	d := &draft{name: fmt.Sprintf("service-%04d", i), marked: map[string]evidence{}}
	const n = 1000
	year := 364 * 24 * time.Hour
	start := engineNow.Add(-year).UnixMicro()
	step := year.Microseconds() / n
	second := func(t int64) int64 { return t - t%1e6 }
	for k := range n {
		end := second(start + int64(k)*step + r.Int64N(step))
		begun := end - (120+r.Int64N(600))*1e6
		x := row{ended: end, team: team, rollout: rollout{took: end - begun, waited: unknown, full: unknown}}
		var stamps plimsoll.Stamps
		m := metric.Deployment{EndedAt: plimsoll.Time(end), Kind: metric.KindChange, Result: metric.ResultSuccess, Counted: true, Judged: true, Commit: true, Contents: true}
		for c := range 5 {
			at := second(end - int64(r.ExpFloat64()*30*3600e6))
			if x.oldest == 0 || at < x.oldest {
				x.oldest = at
			}
			if c%3 == 0 {
				stamps = inventedStamps(r, at, begun)
			}
			delivered := end
			if k > n*9/10 && r.IntN(100) == 0 {
				delivered = 0
			}
			d.leads[0] = append(d.leads[0], lead{at, delivered, team})
			if delivered != 0 {
				d.ways = append(d.ways, way{at: end, team: team, Way: metric.Way{StartAt: plimsoll.Time(at), DeliveredAt: plimsoll.Time(end), Stamps: stamps}})
			}
			if c == 0 {
				d.leads[1] = append(d.leads[1], lead{at, delivered, team})
			}
		}
		if r.IntN(17) == 0 {
			m.Failed, m.Evidence = true, metric.EvidenceSet(0).With(plimsoll.EvidenceRollout)
			d.marked[fmt.Sprintf("%s-%04d-0123456789abcdef", d.name, k)] = evidence{Accepted: m.Evidence}
			d.failures = append(d.failures, failure{at: end, over: second(end + int64(r.ExpFloat64()*2*3600e6)), severity: []string{"", "minor", "major"}[r.IntN(3)]})
			d.failing = append(d.failing, team)
		}
		x.mark = markOf(&m)
		d.rows = append(d.rows, x)
	}
	return d
}

// inventedStamps are those of a pull request: with a review in most cases, and with a stage before
// production in half of them.
func inventedStamps(r *rand.Rand, at, begun int64) plimsoll.Stamps {
	left := func(from plimsoll.Time) plimsoll.Time {
		return from + plimsoll.Time(r.Float64()*r.Float64()*float64(max(begun-int64(from), 0)))/1e6*1e6
	}
	s := plimsoll.Stamps{FirstCommitAt: plimsoll.Time(at), OpenedAt: left(plimsoll.Time(at)), DeployStartedAt: plimsoll.Time(begun)}
	s.MergedAt = left(s.OpenedAt)
	if r.IntN(5) > 0 {
		s.FirstReviewAt, s.ApprovedAt = s.OpenedAt+(s.MergedAt-s.OpenedAt)/2e6*1e6, s.MergedAt
	}
	s.BuiltAt = left(s.MergedAt)
	if r.IntN(2) == 0 {
		s.StagedAt = left(s.BuiltAt)
		s.ReadyAt = left(s.StagedAt)
	}
	return s
}

func inventedState(services int) *State {
	s := &State{calendar: calendar{zone: time.UTC}}
	for i := range services {
		s.blocks = append(s.blocks, invented(i, max(services/20, 2)).block())
	}
	s.fill()
	return s
}

// late is a deployment that comes in late, with one change.
func (s *State) late(r *rand.Rand) *State {
	i := r.IntN(len(s.blocks))
	b := s.blocks[i]
	end := engineNow.UnixMicro() - r.Int64N(30*86400)*1e6
	where := touched{deployments: reach{end, end, true}}
	where.leads[0] = reach{end - 5*3600e6, end, true}
	always := func(int64) bool { return true }
	d := b.draft(always, always, [2]func(int64) bool{always, always})
	d.rows = append(d.rows, row{ended: end, oldest: end - 5*3600e6, team: b.teams[0], mark: markCounted | markJudged | markFirst,
		rollout: rollout{took: 60e6, waited: unknown, full: unknown}})
	if b.ways.at.search(end) == b.ways.at.search(end+1) { // what else was delivered then is packed
		stamps := plimsoll.Stamps{MergedAt: plimsoll.Time(end - 3600e6), DeployStartedAt: plimsoll.Time(end - 60e6)}
		d.ways = append(d.ways, way{at: end, team: b.teams[0], Way: metric.Way{StartAt: plimsoll.Time(end - 5*3600e6), DeliveredAt: plimsoll.Time(end), Stamps: stamps}})
	}
	d.leads[0] = append(d.leads[0], lead{end - 5*3600e6, end, b.teams[0]})
	out, ok := s.with([]pair{{b, d.block(), where}})
	if !ok {
		panic("it does not add up")
	}
	return out
}

// BenchmarkEngine asks of states in memory, without a store, at the sizes of PLIMSOLL_BENCH: thousands of
// deployments, 10 without it.
func BenchmarkEngine(b *testing.B) {
	list := []string{"10"}
	if text := os.Getenv("PLIMSOLL_BENCH"); text != "" {
		list = filepath.SplitList(text)
	}
	for _, text := range list {
		n, err := strconv.Atoi(text)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(text+"k", func(b *testing.B) { benchEngine(b, n) })
	}
}

// threadTime is the time that the processor has spent on this thread: on a machine that others use too it
// says more than the clock on the wall.
func threadTime(b *testing.B) time.Duration {
	const thread = 1 // RUSAGE_THREAD
	var u syscall.Rusage
	if err := syscall.Getrusage(thread, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func benchEngine(b *testing.B, services int) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	began := time.Now()
	s := inventedState(services)
	took := time.Since(began)
	runtime.GC()
	runtime.ReadMemStats(&after)
	c := &Cells{}
	c.state.Store(s)
	bare := c.Bytes()
	began = time.Now()
	s.warm()
	b.Logf("%dk: %.1f MB of columns and days, %.1f MB more of details in %s", services, float64(bare)/1e6, float64(c.Bytes()-bare)/1e6, time.Since(began).Round(time.Millisecond))
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.Logf("%dk: made in %s, %.1f MB counted, %.1f MB of heap", services, took.Round(time.Millisecond), float64(c.Bytes())/1e6, float64(after.HeapAlloc-before.HeapAlloc)/1e6)
	var file bytes.Buffer
	began = time.Now()
	if err := s.encode(&file, label{}); err != nil {
		b.Fatal(err)
	}
	wrote := time.Since(began)
	began = time.Now()
	d, ok := checked(file.Bytes())
	if !ok {
		b.Fatal("the checksum is wrong")
	}
	_ = label{d.string(), d.string(), d.string(), d.string(), d.int()}
	again := &State{calendar: calendar{zone: time.UTC}}
	again.decode(d)
	b.Logf("%dk: a snapshot of %.1f MB, written in %s, read in %s", services, float64(file.Len())/1e6, wrote.Round(time.Millisecond), time.Since(began).Round(time.Millisecond))
	if d.bad {
		b.Fatal("the snapshot is bad")
	}
	file, again = bytes.Buffer{}, nil
	r := rand.New(rand.NewPCG(1, 1))
	bench, err := metric.BenchmarkNamed("")
	if err != nil {
		b.Fatal(err)
	}
	now := plimsoll.TimeOf(engineNow)
	year := func() plimsoll.Window { return plimsoll.Window{From: now - 365*86400e6, To: now} }
	random := func() plimsoll.Window {
		w := plimsoll.Window{From: now - plimsoll.Time(r.Int64N(365*86400e6)), To: now - plimsoll.Time(r.Int64N(365*86400e6))}
		return plimsoll.Window{From: min(w.From, w.To), To: max(w.From, w.To) + 86400e6}
	}
	question := func(scope Scope, w plimsoll.Window) Question {
		return Question{Scope: scope, Period: metric.Period{Window: w, Now: now, Zone: time.UTC}, Delay: 48 * time.Hour, Benchmark: bench}
	}
	team := func() Scope { return Scope{Team: fmt.Sprintf("team-%03d", r.IntN(max(services/20, 2)))} }
	service := func() Scope { return Scope{Service: fmt.Sprintf("service-%04d", r.IntN(services))} }
	ask := func(name string, prepare func(), fn func()) {
		b.Run(name, func(b *testing.B) {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			var took, worked []time.Duration
			for b.Loop() {
				prepare()
				began, cpu := time.Now(), threadTime(b)
				fn()
				took, worked = append(took, time.Since(began)), append(worked, threadTime(b)-cpu)
			}
			report := func(list []time.Duration, p float64, unit string) {
				slices.Sort(list)
				b.ReportMetric(float64(list[int(p*float64(len(list)-1))].Nanoseconds())/1000, unit)
			}
			report(took, 0.5, "p50-µs")
			report(took, 0.99, "p99-µs")
			report(worked, 0.5, "cpu-p50-µs")
			report(worked, 0.99, "cpu-p99-µs")
		})
	}
	nothing := func() {}
	ask("org-year", nothing, func() { s.Measures(question(Scope{}, year())) })
	ask("org-random", nothing, func() { s.Measures(question(Scope{}, random())) })
	ask("org-late", nothing, func() { s = s.late(r) })
	ask("org-year-late", func() { s = s.late(r) }, func() { s.Measures(question(Scope{}, year())) })
	ask("details-org-year", nothing, func() { s.Details(question(Scope{}, year())) })
	ask("details-org-random", nothing, func() { s.Details(question(Scope{}, random())) })
	ask("details-org-year-late", func() { s = s.late(r) }, func() { s.Details(question(Scope{}, year())) })
	ask("details-team-year", nothing, func() { s.Details(question(team(), year())) })
	ask("details-service-year", nothing, func() { s.Details(question(service(), year())) })
	ask("details-series-stage", nothing, func() {
		s.DetailSeries(question(Scope{}, year()), metric.StageMeasure(plimsoll.Stages[2]), metric.Week)
	})
	ask("team-year", nothing, func() { s.Measures(question(team(), year())) })
	ask("team-random", nothing, func() { s.Measures(question(team(), random())) })
	ask("service-year", nothing, func() { s.Measures(question(service(), year())) })
	for _, m := range []metric.Measure{metric.DeploymentFrequency, metric.LeadTime, metric.ChangeFailureRate, metric.TimeToRestore} {
		for _, unit := range []metric.Unit{metric.Day, metric.Week, metric.Month} {
			ask(fmt.Sprintf("series-%s-%s", m, unit), nothing, func() { s.Series(question(Scope{}, year()), m, unit) })
		}
	}
}
