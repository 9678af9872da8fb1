package metric

import (
	"math/rand/v2"
	"testing"

	"github.com/plimsoll-dev/plimsoll"
)

const (
	microsPerHour = plimsoll.Time(3600e6)
	microsPerDay  = 24 * microsPerHour
)

// year is a simulated year up to 2026-01-01 UTC for tests of properties: it obeys no model and has
// every oddity, late restorations, skewed clocks and missing stamps among them.
type year struct {
	deployments   []Deployment
	changes, pull []Lead
	restores      []Restore
	record        Record
}

func simulate(seed uint64, deployments, leads, restores, services int) year {
	rng := rand.New(rand.NewPCG(seed, 1))
	end := plimsoll.Time(1767225600e6)
	begin := end - 365*microsPerDay
	when := func() plimsoll.Time { return begin + plimsoll.Time(rng.Int64N(int64(365*microsPerDay))) }
	y := year{record: Record{Services: make([]plimsoll.Time, services)}}
	for range deployments {
		d := Deployment{EndedAt: when(), Service: int32(rng.IntN(services))}
		d.StartedAt = d.EndedAt - plimsoll.Time(rng.Int64N(600e6))
		d.Kind = []Kind{KindChange, KindChange, KindChange, KindHotfix, KindRollback, KindRedeploy, KindConfig}[rng.IntN(7)]
		d.Result = []Result{ResultSuccess, ResultSuccess, ResultSuccess, ResultFailure, ResultRolledBack, ResultCanceled, ResultAborted}[rng.IntN(7)]
		d.Counted = d.Result != ResultCanceled && d.Kind != KindRedeploy
		d.Judged = d.Counted && d.Kind != KindRollback
		d.Repairs, d.Planned = rng.IntN(20) == 0, rng.IntN(30) == 0
		if d.Judged && rng.IntN(8) == 0 {
			d.Failed, d.Evidence = true, EvidenceSet(1+rng.IntN(63))
		} else if d.Judged {
			d.Suspected = rng.IntN(20) == 0
		}
		if d.Kind == KindChange && rng.IntN(3) > 0 {
			d.OldestAt = d.EndedAt - plimsoll.Time(rng.Int64N(int64(9*microsPerDay)))
		}
		y.deployments = append(y.deployments, d)
		y.record.First = plimsoll.First(y.record.First, d.EndedAt)
		first := &y.record.Services[d.Service]
		*first = plimsoll.First(*first, d.EndedAt)
	}
	lead := func() Lead {
		l := Lead{StartAt: when()}
		l.CommittedAt = l.StartAt + plimsoll.Time(rng.Int64N(int64(microsPerDay)))
		switch rng.IntN(40) {
		case 0:
		case 1:
			l.DeliveredAt = l.StartAt - plimsoll.Time(rng.Int64N(60e6))
		case 2:
			l.StartAt, l.DeliveredAt = 0, l.CommittedAt+microsPerHour
		case 3:
			l.DeliveredAt, l.StartAt, l.CommittedAt = l.CommittedAt, 0, 0
		default:
			l.DeliveredAt = l.CommittedAt + plimsoll.Time(rng.ExpFloat64()*float64(3*microsPerDay))
		}
		return l
	}
	for i := range leads {
		y.changes = append(y.changes, lead())
		if i%5 == 0 {
			y.pull = append(y.pull, lead())
		}
	}
	for range restores {
		r := Restore{FailedAt: when(), Severity: []string{"", "minor", "major"}[rng.IntN(3)]}
		if rng.IntN(10) > 0 {
			r.RestoredAt = r.FailedAt + plimsoll.Time(rng.ExpFloat64()*float64(5*microsPerHour))
		}
		y.restores = append(y.restores, r)
	}
	return y
}

// answer is everything the package says about one period.
type answers struct {
	Frequency Frequency    `json:"deployment_frequency"`
	Lead      LeadTimes    `json:"lead_time"`
	Failure   FailureRate  `json:"change_failure_rate"`
	Restore   RestoreTimes `json:"time_to_restore"`
	Rework    Rework       `json:"rework_rate"`
	Rollbacks Rollbacks    `json:"rollback_rate"`
}

func (y year) ask(p Period, b *Benchmark) answers {
	return answers{
		Frequency: FrequencyOf(y.deployments, y.record, p, b),
		Lead:      LeadTimesOf(LeadFacts{Changes: y.changes, PullRequests: y.pull, Deployments: y.deployments}, p, b),
		Failure:   FailureRateOf(y.deployments, p, 3*24*hourDuration, b),
		Restore:   RestoreTimesOf(y.restores, y.restores, p, b),
		Rework:    ReworkOf(y.deployments, p, b),
		Rollbacks: RollbacksOf(y.deployments, p),
	}
}

func (y year) series() SeriesFacts {
	return SeriesFacts{Deployments: y.deployments, Changes: y.changes, Caused: y.restores, First: y.record.First, Delay: 3 * 24 * hourDuration}
}

func seedBands(t testing.TB) *Benchmark {
	t.Helper()
	b, err := BenchmarkNamed("")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestCodes(t *testing.T) {
	for i, k := range plimsoll.Kinds {
		if int(KindOf(k)) != i+1 {
			t.Errorf("kind %s is %d", k, KindOf(k))
		}
	}
	if KindOf(plimsoll.KindConfig) != KindConfig || KindOf(plimsoll.KindHotfix) != KindHotfix || KindOf("") != 0 {
		t.Error("the kinds are out of step with the root")
	}
	if ResultOf(plimsoll.ResultRolledBack) != ResultRolledBack || ResultOf(plimsoll.ResultCanceled) != ResultCanceled ||
		ResultOf(plimsoll.ResultSuccess) != ResultSuccess || ResultOf("odd") != 0 {
		t.Error("the results are out of step with the root")
	}
	s := EvidenceSet(0).With(plimsoll.EvidenceHotfix).With(plimsoll.EvidenceCanary).With("odd")
	if !s.Has(plimsoll.EvidenceHotfix) || !s.Has(plimsoll.EvidenceCanary) || s.Has(plimsoll.EvidenceRollback) || s.Has("odd") {
		t.Errorf("evidence %b", s)
	}
}
