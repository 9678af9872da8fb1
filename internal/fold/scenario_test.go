package fold

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

var update = flag.Bool("update", false, "write the facts that come out into the scenarios; read the difference before you keep it")

// scenario is a file of testdata/scenarios: a title, the clause of
// docs/definitions.md that it shows, the events as a user would post them, and
// the facts that follow.
type scenario struct {
	file     string
	intro    string // title, clause and remarks
	events   string
	acts     string // verdicts and words of persons, which nobody can report from outside
	settings string
	expected string
}

// blocks are the parts of the expected facts, in order. A block that is missing
// expects that there is nothing of the kind.
// The stages of a restoration are written only where they are asked for.
var blocks = []string{"deployments", "changes", "analyses", "failures", "restoration", "incidents", "evidence"}

func readScenario(tb testing.TB, file string) scenario {
	tb.Helper()
	body, err := os.ReadFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	s := scenario{file: file}
	parts := regexp.MustCompile(`(?m)^-- (\w+) --\n`).Split(string(body), -1)
	names := regexp.MustCompile(`(?m)^-- (\w+) --\n`).FindAllStringSubmatch(string(body), -1)
	s.intro = parts[0]
	for i, n := range names {
		switch name := n[1]; {
		case name == "events":
			s.events = parts[i+1]
		case name == "acts":
			s.acts = parts[i+1]
		case name == "settings":
			s.settings = parts[i+1]
		case slices.Contains(blocks, name):
			s.expected += "-- " + name + " --\n" + parts[i+1]
		default:
			tb.Fatalf("%s: unknown block %s", file, name)
		}
	}
	return s
}

// acts reads acts of our own: one object a line, of a type and the fields of its
// report.
func acts(tb testing.TB, lines string) (events []plimsoll.Event) {
	tb.Helper()
	for line := range strings.Lines(lines) {
		var head struct {
			Type plimsoll.Type `json:"type"`
			At   plimsoll.Time `json:"at"`
		}
		var c plimsoll.ConfirmationReport
		var v plimsoll.VerdictReport
		if err := errors.Join(json.Unmarshal([]byte(line), &head), json.Unmarshal([]byte(line), &c), json.Unmarshal([]byte(line), &v)); err != nil {
			tb.Fatalf("%s: %v", line, err)
		}
		switch head.Type {
		case plimsoll.TypeVerdict:
			events = append(events, actEvent(tb, head.Type, v.Deployment+" "+v.Indicator, head.At, v))
		case plimsoll.TypeConfirmation:
			c.Evidence = plimsoll.EvidenceID(c.Deployment, c.Kind, c.Cause)
			events = append(events, actEvent(tb, head.Type, c.Evidence, head.At, c))
		default:
			tb.Fatalf("%s is no act", line)
		}
	}
	return events
}

func actEvent(tb testing.TB, typ plimsoll.Type, subject string, at plimsoll.Time, report any) plimsoll.Event {
	tb.Helper()
	body, err := json.Marshal(report)
	if err != nil {
		tb.Fatal(err)
	}
	e := plimsoll.Event{Type: typ, SchemaVersion: plimsoll.SchemaVersion, Subject: subject, Source: "plimsoll", OccurredAt: at, Body: body}
	e.Hash = e.ContentHash()
	return e
}

func (s scenario) text() string {
	out := s.intro + "-- events --\n" + s.events
	if s.acts != "" {
		out += "-- acts --\n" + s.acts
	}
	if s.settings != "" {
		out += "-- settings --\n" + s.settings
	}
	return out + s.expected
}

func TestScenariosGiveTheFactsThatTheDefinitionsSay(t *testing.T) {
	files, err := filepath.Glob("testdata/scenarios/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	db := mustOpen(t, store.Options{})
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			s := readScenario(t, file)
			events := append(mustDecode(t, s.events), acts(t, s.acts)...)
			if s.settings != "" {
				events = append(events, settingsEvent(t, plimsoll.TimeOf(received.AddDate(-1, 0, 0)), s.settings))
			}
			facts, err := play(mustOrg(t, db, s.file), db, says(events...))
			if err != nil {
				t.Fatal(err)
			}
			got := render(facts, strings.Contains(s.expected, "-- restoration --"))
			if *update {
				s.expected = got
				if err := os.WriteFile(s.file, []byte(s.text()), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got != s.expected {
				t.Errorf("expected:\n%s\ngot:\n%s", s.expected, got)
			}
			told := tellings(events)
			if base := filepath.Base(file); base[0] == '3' || base[0] == '5' {
				maps.Copy(told, latecomers(events))
			}
			for name, acts := range told {
				again, err := play(mustOrg(t, db, s.file+" "+name), db, acts)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				if d := difference(facts, again); d != "" {
					t.Errorf("%s gives other facts:\n%s", name, d)
				}
			}
		})
	}
}

// tellings are the other ways in which the same events may come.
func tellings(events []plimsoll.Event) map[string][]act {
	reversed := slices.Clone(events)
	slices.Reverse(reversed)
	out := map[string][]act{"in reverse": says(reversed...)}
	for seed := range uint64(3) {
		shuffled := slices.Clone(events)
		rand.New(rand.NewPCG(seed, 1)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		out[fmt.Sprintf("in disorder %d", seed)] = says(shuffled...)
		out[fmt.Sprintf("in disorder %d, one by one", seed)] = oneByOne(shuffled)
	}
	var twice []plimsoll.Event
	for _, e := range events {
		other := e
		other.DeliveryID = "again " + e.Hash.String()
		twice = append(twice, e, e, other)
	}
	out["twice"] = says(twice...)
	out["one by one"] = oneByOne(events)
	out["in reverse, one by one"] = oneByOne(reversed)
	out["with a start before each"] = restarting(events)
	out["in reverse, with a start before each"] = restarting(reversed)
	return out
}

// latecomers are the tellings in which all is folded but one event, and that
// comes then: what it changes must be noted because of itself.
func latecomers(events []plimsoll.Event) map[string][]act {
	out := map[string][]act{}
	for i, e := range events {
		rest := slices.Delete(slices.Clone(events), i, i+1)
		out[fmt.Sprintf("with event %d late", i)] = append(says(rest...), act{cut: true}, act{event: e}, act{cut: true})
	}
	return out
}

func restarting(events []plimsoll.Event) []act {
	acts := oneByOne(events)
	for i := range acts {
		acts[i].restart = acts[i].cut
	}
	return acts
}

func oneByOne(events []plimsoll.Event) []act {
	var acts []act
	for _, e := range events {
		acts = append(acts, act{event: e}, act{cut: true})
	}
	return acts
}

// render writes facts in the form of the scenarios.
func render(lines []string, restoration bool) string {
	found := map[string][]string{}
	failed := map[string]bool{}
	facts := parse(lines)
	for _, f := range facts {
		if f.table == "evidence" && f.evidence.Accepted {
			failed[f.evidence.Deployment] = true
		}
	}
	slices.SortStableFunc(facts, func(a, b fact) int { return int(a.when() - b.when()) })
	for _, f := range facts {
		switch f.table {
		case "deployments":
			found["deployments"] = append(found["deployments"], renderDeployment(f.deployment, failed[f.deployment.ID]))
		case "lead_times":
			found["changes"] = append(found["changes"], renderLead(f.lead))
		case "failures":
			found["failures"] = append(found["failures"], renderFailure(f.failure))
			if restoration {
				found["restoration"] = append(found["restoration"], renderRestoration(f.failure))
			}
		case "analyses":
			found["analyses"] = append(found["analyses"], renderAnalysis(f.analysis))
		case "incidents":
			found["incidents"] = append(found["incidents"], renderIncident(f.incident))
		case "evidence":
			e := f.evidence
			by := "by " + e.Cause
			if e.Cause == e.Deployment {
				by = "by its own result"
			}
			line := fmt.Sprintf("%s failed: %s %s at=%s", e.Deployment, e.Kind, by, clock(e.At))
			if e.Status != plimsoll.EvidenceAccepted {
				line += " " + string(e.Status)
			}
			if e.Reason != "" {
				line += " (" + e.Reason + ")"
			}
			found["evidence"] = append(found["evidence"], line)
		}
	}
	var b strings.Builder
	for _, name := range blocks {
		if len(found[name]) > 0 {
			b.WriteString("-- " + name + " --\n" + strings.Join(found[name], "\n") + "\n")
		}
	}
	return b.String()
}

func (f fact) when() plimsoll.Time {
	switch f.table {
	case "deployments":
		return f.deployment.EndedAt()
	case "lead_times":
		return f.lead.StartAt
	case "failures":
		return f.failure.FailedAt
	case "incidents":
		return f.incident.BegunAt()
	case "analyses":
		return f.analysis.EndedAt()
	}
	return f.evidence.At
}

// clock writes a time as short as it can: all scenarios play in one year.
func clock(t plimsoll.Time) string {
	if t == 0 {
		return "unknown"
	}
	if t.Std().Second() == 0 {
		return t.Std().Format("Jan02-15:04")
	}
	return t.Std().Format("Jan02-15:04:05")
}

func span(from, to plimsoll.Time) string {
	s := to.Sub(from).Round(time.Second).String()
	s = strings.TrimSuffix(s, "0s")
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	if s == "" {
		s = "0s"
	}
	return s
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func renderDeployment(d plimsoll.Deployment, failed bool) string {
	s := fmt.Sprintf("%s %s/%s at=%s kind=%s result=%s counted=%s judged=%s failed=%s contains=%d brought=%d coverage=%s previous=%s",
		d.ID, d.Service, d.Environment, clock(d.EndedAt()), dash(string(d.Kind)), d.Result, yes(d.Counted), yes(d.Judged), yes(failed),
		d.Contains, d.Brought, d.Coverage, dash(d.Previous))
	if d.BegunAt() != d.EndedAt() {
		s += " began=" + clock(d.BegunAt())
	}
	if d.Version != "" {
		s += " version=" + d.Version
	}
	if d.CommitSHA != "" {
		s += " commit=" + d.CommitSHA
	}
	if d.Team != "" {
		s += " team=" + d.Team
	}
	if d.RolledBackAt != 0 {
		s += " taken_back=" + clock(d.RolledBackAt)
	}
	if d.RolledBackBy != "" {
		s += " taken_back_by=" + d.RolledBackBy
	}
	if len(d.Aliases) > 0 {
		s += " also=" + strings.Join(d.Aliases, ",")
	}
	if len(d.Sources) > 1 {
		s += " sources=" + strings.Join(d.Sources, ",")
	}
	return s
}

func renderLead(l store.Lead) string {
	s := fmt.Sprintf("%s %s@%s", l.Service, l.Repository, l.Key)
	if l.Basis == plimsoll.BasisPullRequest {
		s = fmt.Sprintf("%s %s#%s", l.Service, l.Repository, l.Key)
	}
	s += " start=" + clock(l.StartAt)
	if l.DeliveredAt == 0 {
		s += " open"
	} else {
		s += fmt.Sprintf(" delivered=%s lead=%s by=%s", clock(l.DeliveredAt), span(l.StartAt, l.DeliveredAt), l.Deployment)
	}
	if l.ExposedAt != 0 && l.ExposedAt != l.DeliveredAt {
		s += " first_exposed=" + clock(l.ExposedAt)
	}
	return s + renderStages(l)
}

// renderStages writes the stages on a line of its own, for what has stamps that
// a commit and its deployment alone do not give.
func renderStages(l store.Lead) string {
	s := ""
	for i, ends := range l.Ends() {
		if ends[0] == 0 || ends[1] == 0 {
			continue
		}
		from := ends[0]
		if from < l.StartAt && ends[1] >= from {
			from = l.StartAt // what lies before its clock started is not counted
		}
		took := span(from, ends[1])
		switch {
		case ends[1] < ends[0]:
			took = "backwards"
		case ends[1] < from:
			took = "before"
		}
		s += fmt.Sprintf(" %s=%s", plimsoll.Stages[i], took)
	}
	if s != "" {
		s = "\n  stages:" + s
	}
	return s
}

func renderFailure(f plimsoll.Failure) string {
	s := fmt.Sprintf("%s failed=%s", f.Service, clock(f.FailedAt))
	if f.RestoredAt == 0 {
		s += " open"
	} else {
		s += fmt.Sprintf(" restored=%s lasted=%s", clock(f.RestoredAt), span(f.FailedAt, f.RestoredAt))
	}
	s += " deployments=" + strings.Join(f.Deployments, ",")
	if len(f.Incidents) > 0 {
		s += " incidents=" + strings.Join(f.Incidents, ",")
	}
	if f.Severity != "" {
		s += " severity=" + f.Severity
	}
	return s
}

func renderRestoration(f plimsoll.Failure) string {
	s := fmt.Sprintf("%s failed=%s detected=%s diagnosed=%s", f.Service, clock(f.FailedAt), clock(f.DetectedAt), clock(f.DiagnosedAt))
	if f.Fix != "" {
		s += fmt.Sprintf(" fix=%s from=%s to=%s", f.Fix, clock(f.FixBegunAt), clock(f.FixEndedAt))
	}
	return s + " resolved=" + clock(f.ResolvedAt)
}

func renderAnalysis(a plimsoll.Analysis) string {
	return fmt.Sprintf("%s %s/%s %s at=%s of=%s production=%s", a.ID, a.Service, a.Environment, a.Phase, clock(a.EndedAt()), dash(a.Of), yes(a.Production))
}

func renderIncident(i plimsoll.Incident) string {
	s := i.ID + " held against " + i.AttributedTo
	if i.AttributedTo == "" {
		s += "none"
	}
	for _, c := range i.Candidates {
		s += fmt.Sprintf("\n  %s p=%.2f (%s)", c.Deployment+c.Flag, c.Probability, strings.Join(c.Reasons, "; "))
	}
	if p := i.NoneProbability; p != nil && *p > 0 {
		s += fmt.Sprintf("\n  none of these p=%.2f", *p)
	}
	return s
}
