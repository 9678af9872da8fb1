package sim_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/sim"
	"github.com/plimsoll-dev/plimsoll/internal/source/native"
)

var (
	start = plimsoll.TimeOf(time.Date(2025, 3, 3, 6, 0, 0, 0, time.UTC))
	end   = start.Add(365 * 24 * time.Hour)
)

func organisation(tb testing.TB, cfg sim.Config) *sim.Org {
	tb.Helper()
	if cfg.Start == 0 {
		cfg.Start = start
	}
	o, err := sim.New(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	return o
}

func items(tb testing.TB, o *sim.Org, until plimsoll.Time) []*sim.Item {
	tb.Helper()
	var out []*sim.Item
	if err := o.Until(until, func(i *sim.Item) error { out = append(out, i); return nil }); err != nil {
		tb.Fatal(err)
	}
	return out
}

func lines(items []*sim.Item) []byte {
	var b []byte
	for _, i := range items {
		b = append(i.AppendJSON(b, i.DeliveryID()), '\n')
	}
	return b
}

func TestTheSameSeedGivesTheSameBytesHoweverTheTimeIsCut(t *testing.T) {
	cfg := sim.Config{Seed: 7, Services: 9, Gaming: true}
	whole := lines(items(t, organisation(t, cfg), end))
	cut := organisation(t, cfg)
	var pieces []byte
	for at := start; at < end; at = at.Add(11*24*time.Hour + 7*time.Second) {
		pieces = append(pieces, lines(items(t, cut, at))...)
	}
	pieces = append(pieces, lines(items(t, cut, end))...)
	if !bytes.Equal(whole, pieces) {
		t.Error("cut into pieces the stream is another")
	}
	cfg.Seed = 8
	if other := lines(items(t, organisation(t, cfg), end)); bytes.Equal(whole, other) {
		t.Error("another seed gives the same stream")
	}
	// Nothing may change by accident: whoever stored a history goes on with it.
	const want = "3efc"
	if got := fmt.Sprintf("%x", sha256.Sum256(whole)); !strings.HasPrefix(got, want) {
		t.Errorf("the stream of version %d is now %s…, was %s…: change sim.Version and this", sim.Version, got[:4], want)
	}
}

func TestEveryEventIsTakenAndNoneRefused(t *testing.T) {
	for seed := range uint64(8) {
		all := items(t, organisation(t, sim.Config{Seed: seed, Services: 7, Gaming: seed%2 == 0, Deployments: 80}), end)
		seen := map[plimsoll.Type]int{}
		for at := 0; at < len(all); at += native.MaxEvents {
			part := all[at:min(at+native.MaxEvents, len(all))]
			res, err := native.Decode(lines(part), native.Options{Now: end, Pseudonym: func(kind, name string) string { return kind[:1] + "-" + name }})
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			if len(res.Events) != len(part) {
				t.Fatalf("seed %d: %d of %d events", seed, len(res.Events), len(part))
			}
			for k, e := range res.Events {
				seen[e.Type]++
				if e.Type != part[k].Type || e.Source != part[k].Source || e.DeliveryID != part[k].DeliveryID() {
					t.Fatalf("seed %d: event %d came as %s of %s", seed, part[k].Seq, e.Type, e.Source)
				}
				if e.OccurredAt > part[k].At {
					t.Errorf("seed %d: event %d of %s is sent at %s and speaks of %s", seed, part[k].Seq, e.Type, part[k].At, e.OccurredAt)
				}
				for label := range labelsOf(part[k]) {
					if label != "reopened" {
						t.Errorf("seed %d: %s has the label %s", seed, e.Type, label)
					}
				}
				if strings.Contains(string(e.Body), `"labels"`) && labelsOf(part[k]) == nil {
					t.Errorf("seed %d: a field was not known: %s", seed, e.Body)
				}
			}
		}
		for _, typ := range []plimsoll.Type{plimsoll.TypeDeployment, plimsoll.TypeChange, plimsoll.TypePullRequest, plimsoll.TypeIncident, plimsoll.TypeAnalysis, plimsoll.TypeFlag, plimsoll.TypeService} {
			if seen[typ] == 0 {
				t.Errorf("seed %d: no %s at all", seed, typ)
			}
		}
	}
}

func labelsOf(i *sim.Item) map[string]string {
	if i.Incident != nil {
		return i.Incident.Labels
	}
	return nil
}

func TestTheStreamIsInOrderAndNothingIsNamedBeforeItWasReported(t *testing.T) {
	for seed := range uint64(12) {
		o := organisation(t, sim.Config{Seed: seed, Services: 6, Deployments: 60, Gaming: seed%2 == 1, End: start.Add(200 * 24 * time.Hour)})
		commits, deployments, incidents := map[string]bool{}, map[string]bool{}, map[string]bool{}
		var last plimsoll.Time
		for k, i := range items(t, o, plimsoll.Forever) {
			if i.At < last || i.At < start || i.At > start.Add(200*24*time.Hour) || i.Seq != int64(k+1) {
				t.Fatalf("seed %d: event %d at %s after one at %s", seed, i.Seq, i.At, last)
			}
			last = i.At
			for _, at := range stamps(i) {
				if at > i.At || at%1e6 != 0 {
					t.Fatalf("seed %d: event %d at %s speaks of %s: %s", seed, i.Seq, i.At, at, i.AppendJSON(nil, ""))
				}
			}
			switch {
			case i.Change != nil:
				c := i.Change
				for _, p := range c.Parents {
					if !commits[c.Repository+"@"+p] {
						t.Fatalf("seed %d: %s comes before its parent %s", seed, c.SHA, p)
					}
				}
				if c.Reverts != "" && !commits[c.Repository+"@"+c.Reverts] {
					t.Fatalf("seed %d: %s reverts %s, which nobody knows", seed, c.SHA, c.Reverts)
				}
				if c.BuiltAt.Known() && !commits[c.Key()] {
					t.Fatalf("seed %d: %s is built before it is known", seed, c.SHA)
				}
				commits[c.Key()] = true
			case i.Deployment != nil:
				d := i.Deployment
				if d.CommitSHA != "" && !commits[d.Repository+"@"+d.CommitSHA] {
					t.Fatalf("seed %d: %s deploys %s, which nobody knows", seed, d.ID, d.CommitSHA)
				}
				if d.RollbackOf != "" && !deployments[d.RollbackOf] {
					t.Fatalf("seed %d: %s takes %s back, which nobody knows", seed, d.ID, d.RollbackOf)
				}
				if d.Fixes != "" && !incidents[d.Fixes] {
					t.Fatalf("seed %d: %s fixes %s, which nobody knows", seed, d.ID, d.Fixes)
				}
				deployments[d.ID] = true
			case i.Incident != nil:
				incidents[i.Incident.ID] = true
			}
		}
	}
}

// stamps are the times that an item speaks of.
func stamps(i *sim.Item) []plimsoll.Time {
	switch {
	case i.Deployment != nil:
		d := i.Deployment
		return []plimsoll.Time{d.StartedAt, d.FinishedAt, d.ReadyAt, d.FullRolloutAt, i.OccurredAt}
	case i.Change != nil:
		c := i.Change
		return []plimsoll.Time{c.AuthoredAt, c.CommittedAt, c.BuiltAt, i.OccurredAt}
	case i.PullRequest != nil:
		p := i.PullRequest
		return []plimsoll.Time{p.FirstCommitAt, p.OpenedAt, p.FirstReviewAt, p.ApprovedAt, p.MergedAt, p.ClosedAt}
	case i.Incident != nil:
		x := i.Incident
		return []plimsoll.Time{x.StartedAt, x.DetectedAt, x.AcknowledgedAt, x.DiagnosedAt, x.MitigatedAt, x.ResolvedAt}
	case i.Analysis != nil:
		return []plimsoll.Time{i.Analysis.StartedAt, i.Analysis.FinishedAt}
	case i.Flag != nil:
		return []plimsoll.Time{i.Flag.At}
	}
	return nil
}

func TestAnErrorOfTheReceiverEndsTheStream(t *testing.T) {
	o := organisation(t, sim.Config{Seed: 1, Services: 2})
	full, n := errors.New("full"), 0
	err := o.Until(end, func(*sim.Item) error {
		if n++; n == 10 {
			return full
		}
		return nil
	})
	if !errors.Is(err, full) || n != 10 {
		t.Errorf("error %v after %d events", err, n)
	}
	if err := o.Until(end, func(*sim.Item) error { t.Error("it goes on"); return nil }); !errors.Is(err, full) {
		t.Errorf("error %v when asked again", err)
	}
}

func TestAConfigThatCannotBeIsRefusedByName(t *testing.T) {
	for _, c := range []struct {
		cfg   sim.Config
		field string
	}{
		{sim.Config{Start: start}, "services"},
		{sim.Config{Start: start, Services: 5001}, "services"},
		{sim.Config{Start: start, Services: 3, Teams: 4}, "teams"},
		{sim.Config{Start: start, Services: 3, Teams: -1}, "teams"},
		{sim.Config{Services: 3}, "start"},
		{sim.Config{Start: start + 1, Services: 3}, "start"},
		{sim.Config{Start: start, End: start, Services: 3}, "end"},
		{sim.Config{Start: start, Services: 3, Deployments: 1e6}, "deployments"},
		{sim.Config{Start: start, Services: 3, Changes: 1000}, "changes"},
		{sim.Config{Start: start, Services: 3, FlawShare: 1.5}, "flaws"},
		{sim.Config{Start: start, Services: 3, Named: 2}, "named"},
		{sim.Config{Start: start, Services: 3, Flags: 1e6}, "outside"},
		{sim.Config{Start: start, Services: 3, Deployments: math.NaN()}, "deployments"},
		{sim.Config{Start: start, Services: 3, Changes: math.NaN()}, "changes"},
		{sim.Config{Start: start, Services: 3, Named: math.NaN()}, "named"},
		{sim.Config{Start: start, Services: 3, Outside: math.NaN()}, "outside"},
	} {
		_, err := sim.New(c.cfg)
		var e *plimsoll.Error
		if !errors.As(err, &e) || e.Code != plimsoll.CodeInvalid || e.Field != c.field {
			t.Errorf("%+v: error %v, want one about %s", c.cfg, err, c.field)
		}
	}
}

func BenchmarkStream(b *testing.B) {
	for _, services := range []int{10, 1000} {
		b.Run(fmt.Sprint(services), func(b *testing.B) {
			var n int
			var buf []byte
			for b.Loop() {
				o := organisation(b, sim.Config{Seed: 1, Services: services, Deployments: 1000, Changes: 5, NoTruth: true})
				if err := o.Until(start.Add(30*24*time.Hour), func(i *sim.Item) error {
					n++
					buf = i.AppendJSON(buf[:0], "")
					return nil
				}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "events/s")
		})
	}
}
