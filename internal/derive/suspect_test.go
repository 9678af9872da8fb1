package derive

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

var noon = plimsoll.TimeOf(time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC))

// deployed is a judged deployment that ended some time before noon.
func deployed(id, service string, before time.Duration) plimsoll.Deployment {
	d := plimsoll.Deployment{Production: true, Counted: true, Judged: true}
	d.ID, d.Service, d.Environment, d.Kind, d.Result = id, service, "production", plimsoll.KindChange, plimsoll.ResultSuccess
	d.FinishedAt = noon.Add(-before)
	return d
}

// troubled is an incident of web at noon; web depends on api, and api on db.
func troubled(ds ...plimsoll.Deployment) IncidentInput {
	return IncidentInput{
		Report:      plimsoll.IncidentReport{ID: "inc", Services: []string{"web"}, StartedAt: noon},
		Deployments: ds, Reach: map[string]int{"web": 0, "api": 1, "db": 2}, Settings: plimsoll.DefaultSettings(),
	}
}

func probabilityOf(i plimsoll.Incident, id string) float64 {
	for _, c := range i.Candidates {
		if c.Deployment+c.Flag == id {
			return c.Probability
		}
	}
	return 0
}

// Each sign moves the probability of d2 the way the definitions say, and
// nothing but it.
func TestEachSignMovesTheProbabilityAsTheDefinitionsSay(t *testing.T) {
	d2 := func(change func(d *plimsoll.Deployment)) []plimsoll.Deployment {
		d := deployed("d2", "web", time.Hour)
		if change != nil {
			change(&d)
		}
		return []plimsoll.Deployment{d, deployed("a1", "api", 5*time.Minute)}
	}
	evidence := func(kind plimsoll.EvidenceKind, after time.Duration, accepted bool) func(in *IncidentInput) {
		return func(in *IncidentInput) {
			in.Evidence = []plimsoll.Evidence{{ID: "e", Deployment: "d2", Kind: kind, Cause: "d3", At: noon.Add(after), Accepted: accepted}}
		}
	}
	usual := probabilityOf(Attribute(troubled(d2(nil)...)), "d2")
	for name, c := range map[string]struct {
		change func(d *plimsoll.Deployment)
		input  func(in *IncidentInput)
		more   int // 1 likelier, -1 less likely, 0 the same
	}{
		"sooner":             {func(d *plimsoll.Deployment) { d.FinishedAt = noon.Add(-time.Minute) }, nil, 1},
		"roll-out under way": {func(d *plimsoll.Deployment) { d.StartedAt, d.FinishedAt = noon.Add(-time.Hour), noon.Add(time.Minute) }, nil, 1},
		"failed":             {func(d *plimsoll.Deployment) { d.Result = plimsoll.ResultFailure }, nil, 1},
		"harmful":            {func(d *plimsoll.Deployment) { d.Verdict = plimsoll.VerdictHarmful }, nil, 1},
		"suspicious":         {func(d *plimsoll.Deployment) { d.Verdict = plimsoll.VerdictSuspicious }, nil, 1},
		"inconclusive":       {func(d *plimsoll.Deployment) { d.Verdict = plimsoll.VerdictInconclusive }, nil, 0},
		"harmless":           {func(d *plimsoll.Deployment) { d.Verdict = plimsoll.VerdictHarmless }, nil, -1},
		"without effect on users": {func(d *plimsoll.Deployment) {
			d.Kind, d.Labels = plimsoll.KindConfig, map[string]string{"user_effect": "none"}
		}, nil, -1},
		"the label on a change":      {func(d *plimsoll.Deployment) { d.Labels = map[string]string{"user_effect": "none"} }, nil, 0},
		"another environment":        {func(d *plimsoll.Deployment) { d.Environment = "production-us" }, func(in *IncidentInput) { in.Report.Environment = "production-eu" }, -1},
		"the class of environments":  {func(d *plimsoll.Deployment) { d.Environment = "production-us" }, func(in *IncidentInput) { in.Report.Environment = "production" }, 0},
		"taken back after":           {nil, evidence(plimsoll.EvidenceRollback, time.Hour, true), 1},
		"taken back much later":      {nil, evidence(plimsoll.EvidenceRollback, 25*time.Hour, true), 0},
		"taken back before":          {nil, evidence(plimsoll.EvidenceRollback, -time.Minute, true), -1},
		"taken back, but rejected":   {nil, evidence(plimsoll.EvidenceRollback, time.Hour, false), 0},
		"repaired":                   {nil, evidence(plimsoll.EvidenceHotfix, time.Hour, true), 1},
		"repaired before":            {nil, evidence(plimsoll.EvidenceHotfix, -time.Minute, true), 0},
		"mentioned by version":       {func(d *plimsoll.Deployment) { d.Version = "v4.2.1" }, func(in *IncidentInput) { in.Report.Title = "Errors since V4.2.1!" }, 1},
		"mentioned in the address":   {func(d *plimsoll.Deployment) { d.URL = "https://ci.example.com/7" }, func(in *IncidentInput) { in.Report.URL = "https://ci.example.com/7" }, 1},
		"a name that is too short":   {func(d *plimsoll.Deployment) { d.Version = "v4" }, func(in *IncidentInput) { in.Report.Title = "Errors since v4" }, 0},
		"part of a name":             {func(d *plimsoll.Deployment) { d.Version = "v4.2.1" }, func(in *IncidentInput) { in.Report.Title = "Errors since v4.2.10" }, 0},
		"another incident of api":    {nil, func(in *IncidentInput) { in.Beside = []map[string]int{{"shop": 0, "api": 1}} }, -1},
		"another incident elsewhere": {nil, func(in *IncidentInput) { in.Beside = []map[string]int{{"shop": 0}} }, 0},
		"a flag just before":         {nil, func(in *IncidentInput) { in.Flags = []plimsoll.FlagReport{flagged("f1", -time.Minute)} }, -1},
		"a flag afterwards":          {nil, func(in *IncidentInput) { in.Flags = []plimsoll.FlagReport{flagged("f1", time.Minute)} }, 0},
		"a later deployment": {nil, func(in *IncidentInput) {
			in.Deployments = append(in.Deployments, deployed("d3", "web", 30*time.Minute))
		}, -1},
		"a roll-back before": {nil, func(in *IncidentInput) {
			d := deployed("d3", "web", 30*time.Minute)
			d.Judged = false
			in.Deployments = append(in.Deployments, d)
		}, 0},
		"a fix of the service": {nil, func(in *IncidentInput) {
			d := deployed("d3", "web", -time.Hour)
			d.Fixes = "inc"
			in.Deployments = append(in.Deployments, d)
		}, 1},
		"a fix of another incident": {nil, func(in *IncidentInput) {
			d := deployed("d3", "web", -time.Hour)
			d.Fixes = "x"
			in.Deployments = append(in.Deployments, d)
		}, 0},
		"an unrelated service":      {nil, func(in *IncidentInput) { in.Deployments = append(in.Deployments, deployed("x", "shop", 0)) }, 0},
		"the same deployment twice": {nil, func(in *IncidentInput) { in.Deployments = append(in.Deployments, in.Deployments[0]) }, 0},
		"a shorter limit":           {nil, func(in *IncidentInput) { in.Settings.AttributeHours = 2 }, -1},
		"a deployment past the limit": {nil, func(in *IncidentInput) {
			in.Deployments = append(in.Deployments, deployed("d0", "web", 48*time.Hour+1000))
		}, 0},
	} {
		in := troubled(d2(c.change)...)
		if c.input != nil {
			c.input(&in)
		}
		got := probabilityOf(Attribute(in), "d2")
		moved := 0
		if got > usual+1e-9 {
			moved = 1
		} else if got < usual-1e-9 {
			moved = -1
		}
		if moved != c.more {
			t.Errorf("%s: from %.4f to %.4f", name, usual, got)
		}
	}
}

func flagged(id string, after time.Duration) plimsoll.FlagReport {
	return plimsoll.FlagReport{ID: id, Key: "search", Environment: "production", Services: []string{"web"}, At: noon.Add(after), From: "off", To: "on"}
}

func TestALoneDeploymentIsAcceptedUpToTheLimit(t *testing.T) {
	for _, hours := range []float64{0.5, 6, 48, 400} {
		limit := time.Duration(hours * float64(time.Hour))
		for before, held := range map[time.Duration]string{0: "d1", limit: "d1", limit + time.Microsecond: ""} {
			in := troubled(deployed("d1", "web", before))
			in.Settings.AttributeHours = hours
			out := Attribute(in)
			if out.AttributedTo != held || out.NoneProbability == nil || held == "" && *out.NoneProbability != 1 {
				t.Errorf("%v h, %v before: %+v", hours, before, out)
			}
		}
	}
}

func TestNobodyKnowsIsNotNever(t *testing.T) {
	for name, change := range map[string]func(r *plimsoll.IncidentReport){
		"no service":     func(r *plimsoll.IncidentReport) { r.Services = nil },
		"no time":        func(r *plimsoll.IncidentReport) { r.StartedAt = 0 },
		"unknown cause":  func(r *plimsoll.IncidentReport) { r.CausedBy = "nobody" },
		"not production": func(r *plimsoll.IncidentReport) { r.Environment = "staging" },
	} {
		in := troubled(deployed("d1", "web", time.Hour))
		change(&in.Report)
		if out := Attribute(in); out.NoneProbability != nil || out.AttributedTo != "" || len(out.Candidates) != 0 {
			t.Errorf("%s: %+v", name, out)
		}
	}
}

// Whatever is put in, the probabilities add to at most one, and the order of
// the lists changes nothing.
func TestProbabilitiesAddToAtMostOneInAnyOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		in := troubled()
		for i := range 1 + r.IntN(12) {
			d := deployed(fmt.Sprint("d", i), []string{"web", "api", "db"}[r.IntN(3)], time.Duration(r.IntN(300))*10*time.Minute)
			d.Verdict = plimsoll.Verdicts[r.IntN(4)]
			d.StartedAt = d.FinishedAt.Add(-time.Duration(r.IntN(60)) * time.Minute)
			in.Deployments = append(in.Deployments, d)
			if r.IntN(2) == 0 {
				in.Evidence = append(in.Evidence, plimsoll.Evidence{ID: fmt.Sprint("e", i), Deployment: d.ID, Kind: plimsoll.EvidenceRollback, Cause: "x", At: noon.Add(time.Duration(r.IntN(50)-10) * time.Hour), Accepted: true})
			}
			in.Flags = append(in.Flags, flagged(fmt.Sprint("f", i), -time.Duration(r.IntN(3000))*time.Minute))
		}
		first := Attribute(in)
		sum := *first.NoneProbability
		for _, c := range first.Candidates {
			sum += c.Probability
		}
		if sum > 1+1e-9 {
			t.Fatalf("they add to %v: %+v", sum, first.Candidates)
		}
		r.Shuffle(len(in.Deployments), func(i, j int) { in.Deployments[i], in.Deployments[j] = in.Deployments[j], in.Deployments[i] })
		r.Shuffle(len(in.Evidence), func(i, j int) { in.Evidence[i], in.Evidence[j] = in.Evidence[j], in.Evidence[i] })
		r.Shuffle(len(in.Flags), func(i, j int) { in.Flags[i], in.Flags[j] = in.Flags[j], in.Flags[i] })
		if again := Attribute(in); fmt.Sprint(again.Candidates, *again.NoneProbability) != fmt.Sprint(first.Candidates, *first.NoneProbability) {
			t.Fatalf("another order:\n%+v\n%+v", first.Candidates, again.Candidates)
		}
	}
}

func TestAWordDecidesWhatAnIncidentIsHeldAgainst(t *testing.T) {
	id := func(d string) string { return plimsoll.EvidenceID(d, plimsoll.EvidenceIncident, "inc") }
	for name, c := range map[string]struct {
		says map[string]plimsoll.EvidenceStatus
		held string
	}{
		"nobody":                    {nil, "d2"},
		"the likeliest is rejected": {map[string]plimsoll.EvidenceStatus{"d2": plimsoll.EvidenceRejected}, ""},
		"another is confirmed":      {map[string]plimsoll.EvidenceStatus{"d1": plimsoll.EvidenceConfirmed}, "d1"},
		"both are confirmed":        {map[string]plimsoll.EvidenceStatus{"d1": plimsoll.EvidenceConfirmed, "d2": plimsoll.EvidenceConfirmed}, "d2"},
		"both are rejected":         {map[string]plimsoll.EvidenceStatus{"d1": plimsoll.EvidenceRejected, "d2": plimsoll.EvidenceRejected}, ""},
	} {
		in := troubled(deployed("d1", "web", 50*time.Minute), deployed("d2", "web", 10*time.Minute))
		usual := Attribute(in)
		in.Words = map[string]plimsoll.Word{}
		for d, says := range c.says {
			in.Words[id(d)] = plimsoll.Word{ConfirmationReport: plimsoll.ConfirmationReport{Evidence: id(d), Says: says}}
		}
		out := Attribute(in)
		if out.AttributedTo != c.held {
			t.Errorf("%s: held against %q", name, out.AttributedTo)
		}
		if probabilityOf(out, "d1") != probabilityOf(usual, "d1") || probabilityOf(out, "d1") == 0 {
			t.Errorf("%s: the word changed a probability", name)
		}
	}
}
