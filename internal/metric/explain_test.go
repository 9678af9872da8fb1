package metric

import (
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/plimsoll-dev/plimsoll"
)

func TestEveryReasonAndDefinitionIsComplete(t *testing.T) {
	text, err := os.ReadFile("../../docs/definitions.md")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{"2": true} // "The window … ends now at the latest" stands above the clauses
	for _, m := range regexp.MustCompile(`(?m)^- (\d+\.\d+\.\d+) `).FindAllStringSubmatch(string(text), -1) {
		known[m[1]] = true
	}
	check := func(of string, clauses []string) {
		if len(clauses) == 0 {
			t.Errorf("%s follows no clause", of)
		}
		for _, c := range clauses {
			if !known[c] {
				t.Errorf("%s follows clause %s, which is none", of, c)
			}
		}
	}
	seen := map[string]bool{}
	for _, r := range Reasons() {
		if r.String() == "" || seen[r.String()] || r.Words() == "" || !slices.Contains(Roles, r.Role()) {
			t.Errorf("reason %d: %q %q %q", r, r, r.Role(), r.Words())
		}
		seen[r.String()] = true
		check(r.String(), r.Clauses())
		if found, ok := ReasonNamed(r.String()); !ok || found != r {
			t.Errorf("%s is found as %s", r, found)
		}
	}
	if _, ok := ReasonNamed(""); ok {
		t.Error("a reason without a name")
	}
	for _, m := range Measures {
		x, err := ExplanationOf(m, "")
		if err != nil {
			t.Errorf("%s has no explanation: %v", m, err)
			continue
		}
		if x.Measure != m {
			t.Errorf("%s is explained as %s", m, x.Measure)
		}
	}
	for _, x := range Explanations {
		check(string(x.Measure), x.Clauses)
		if ratio := x.Unit != "s"; ratio != (x.Numerator != "") || ratio != (x.Denominator != "") || x.Formula == "" || x.Title == "" || x.Field == "" {
			t.Errorf("%s: %+v", x.Measure, x)
		}
	}
	for _, m := range list("canary_pass_rate", "deployment_duration", "time_to_full_rollout", "lead_time_stage:review", "restore_stage:deploy_fix") {
		if x, err := ExplanationOf(Measure(m), ""); err != nil || string(x.Measure) != m {
			t.Errorf("%s has no explanation: %v", m, err)
		}
	}
	for _, bad := range [][2]string{{"evenness", ""}, {"lead_time_stage:", ""}, {"lead_time_stage:lunch", ""}, {"restore_stage:review", ""}, {"canary_pass_rate", "change"}, {"speed", ""}, {"lead_time", "x"}, {"rework_rate", "change"}} {
		if x, err := ExplanationOf(Measure(bad[0]), bad[1]); err == nil {
			t.Errorf("%v: %+v", bad, x)
		}
	}
}

// The facts of a year without any model add up to every measure, over windows long and short, before
// and after now.
func TestExplanationsAddUp(t *testing.T) {
	for seed := range uint64(20) {
		y := simulate(seed, 400, 600, 120, 4)
		f := Facts{Deployments: y.deployments, Changes: y.changes, PullRequests: y.pull, Caused: y.restores, Incidents: y.restores}
		end := plimsoll.Time(1767225600e6)
		f.details(rand.New(rand.NewPCG(seed, 4)), end)
		for _, w := range []plimsoll.Window{
			{From: end - 365*microsPerDay, To: end}, {From: end - 30*microsPerDay, To: end}, {From: end - 200*microsPerDay, To: end - 199*microsPerDay},
			{From: end - 2*microsPerHour, To: end - microsPerHour}, {From: end - 40*microsPerDay, To: end + 40*microsPerDay}, {From: end, To: end + microsPerDay},
		} {
			for _, now := range []plimsoll.Time{0, end - 10*microsPerDay, end} {
				p := Period{Window: w, Now: now}
				a := y.ask(p, seedBands(t))
				said := Answers{Frequency: a.Frequency, LeadTime: a.Lead, Failure: a.Failure, Restore: a.Restore, Rework: a.Rework, Rollbacks: a.Rollbacks}
				rollouts := RolloutsOf(f.Deployments, p)
				said.Canary, said.Rollouts, said.FullRollout = CanaryPassOf(f.Analyses, p), rollouts.Times(), rollouts.FullRollout()
				said.LeadTime.Stages, said.Restore.Stages = StagesOf(f.Ways, y.record.First, p), RestoreStagesOf(f.Restorations, p)
				for _, x := range Explanations {
					c := NewCase(p, y.record.First, 72*hourDuration)
					fig, _ := x.Figure(c, said)
					s := x.Explain(c, f)
					if err := s.Check(fig); err != nil {
						t.Errorf("seed %d, %s %s of %v at %s: %v", seed, x.Measure, x.Basis, w, now, err)
					}
					if s.Of(RoleNumerator)+s.Of(RoleSample) == 0 {
						continue
					}
					// One fact more, or of another length, is noticed.
					more := *s
					more.Add(Standing{Reason: map[bool]Reason{true: Delivered, false: Counted}[x.Unit == "s"], Timed: true, Span: 1 << 40})
					if more.Check(fig) == nil {
						t.Errorf("seed %d, %s %s of %v: one more fact adds up too", seed, x.Measure, x.Basis, w)
					}
				}
			}
		}
	}
}

// details invents what roll-outs, analyses, changes and failures say beyond the four keys, with stamps
// missing, backwards and after now.
func (f *Facts) details(r *rand.Rand, end plimsoll.Time) {
	for i := range f.Deployments {
		d := &f.Deployments[i]
		d.Rollout = RolloutOf(r.Int64N(4e9)-1e9, -1, r.Int64N(4e9)-2e9)
	}
	near := func(t plimsoll.Time) plimsoll.Time {
		if r.IntN(4) == 0 {
			return 0
		}
		return t + plimsoll.Time(r.Int64N(int64(5*microsPerDay))) - 2*microsPerDay
	}
	for range 300 {
		at := end - plimsoll.Time(r.Int64N(int64(370*microsPerDay))) + 5*microsPerDay
		f.Analyses = append(f.Analyses, Analysis{At: at, Phase: Phase(r.IntN(6))})
		w := Way{StartAt: near(at - 3*microsPerDay), DeliveredAt: at}
		for _, s := range []*plimsoll.Time{&w.FirstCommitAt, &w.OpenedAt, &w.FirstReviewAt, &w.MergedAt, &w.BuiltAt, &w.StagedAt, &w.ReadyAt, &w.DeployStartedAt} {
			*s = near(at - 3*microsPerDay)
		}
		f.Ways = append(f.Ways, w)
		f.Restorations = append(f.Restorations, Restoration{
			FailedAt: at, DetectedAt: near(at), DiagnosedAt: near(at + microsPerDay), FixBegunAt: near(at + 2*microsPerDay),
			FixEndedAt: near(at + 2*microsPerDay), ResolvedAt: near(at + 3*microsPerDay),
		})
	}
}
