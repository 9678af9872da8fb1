package web_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// What a reader of the API sees of an explanation.
type (
	explained struct {
		Position int64
		Formula  string
		Notes    []string
		Number   *struct {
			Value, Numerator, Denominator, Mean *float64
			N, Open, Negative, Unstamped        int
			CI                                  *[2]float64
			Band                                *string
			Field, API                          string
			Answer                              any
			Record                              *struct{ From, To time.Time }
			Reasons                             []struct {
				Reason, Role, Because string
				Counted               bool
				N                     int
			}
		}
		Facts      []map[string]any
		NextCursor string `json:"next_cursor"`
	}
	// row is a fact as the CSV has it.
	row map[string]string
)

// explainable is every measure with its bases, and where its answer stands in
// an answer of measures.
var explainable = []struct{ measure, basis, in string }{
	{"deployment_frequency", "", "deployment_frequency"},
	{"lead_time", "change", "lead_time"},
	{"lead_time", "pull_request", "lead_time.pull_request"},
	{"lead_time", "oldest", "lead_time.oldest"},
	{"change_failure_rate", "", "change_failure_rate"},
	{"time_to_restore", "deployment", "time_to_restore"},
	{"time_to_restore", "incident", "time_to_restore.all_incidents"},
	{"rework_rate", "", "rework_rate"},
	{"rollback_rate", "", "rollback_rate"},
	{"canary_pass_rate", "", "canary_pass_rate"},
	{"deployment_duration", "", "deployment_duration"},
	{"time_to_full_rollout", "", "time_to_full_rollout"},
	{"lead_time_stage:coding", "", "lead_time.stages.0"},
	{"lead_time_stage:pickup", "", "lead_time.stages.1"},
	{"lead_time_stage:review", "", "lead_time.stages.2"},
	{"lead_time_stage:build", "", "lead_time.stages.3"},
	{"lead_time_stage:staging", "", "lead_time.stages.4"},
	{"lead_time_stage:wait", "", "lead_time.stages.5"},
	{"lead_time_stage:deploy", "", "lead_time.stages.6"},
	{"restore_stage:detect", "", "time_to_restore.stages.0"},
	{"restore_stage:diagnose", "", "time_to_restore.stages.1"},
	{"restore_stage:fix", "", "time_to_restore.stages.2"},
	{"restore_stage:deploy_fix", "", "time_to_restore.stages.3"},
	{"restore_stage:recover", "", "time_to_restore.stages.4"},
}

func (s *site) rows(path string) []row {
	s.t.Helper()
	a := s.ask("GET", path+"&format=csv", nil)
	if a.status != 200 {
		s.t.Fatalf("%s: %d %s", path, a.status, a.body)
	}
	lines, err := csv.NewReader(strings.NewReader(a.body)).ReadAll()
	if err != nil {
		s.t.Fatal(err)
	}
	var out []row
	for _, cells := range lines[1:] {
		r := row{}
		for i, name := range lines[0] {
			r[name] = cells[i]
		}
		out = append(out, r)
	}
	return out
}

func (r row) time(t *testing.T, name string) time.Time {
	t.Helper()
	if r[name] == "" {
		return time.Time{}
	}
	v, err := time.Parse(time.RFC3339Nano, r[name])
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// part finds an object in an answer of measures by its path.
func part(v any, path string) map[string]any {
	for _, name := range strings.Split(path, ".") {
		if list, ok := v.([]any); ok {
			v = list[must(strconv.Atoi(name))]
			continue
		}
		v = v.(map[string]any)[name]
	}
	return v.(map[string]any)
}

// same wants a number of an answer to be one that was counted again.
func same(t *testing.T, name string, got any, want float64) {
	t.Helper()
	if v, ok := got.(float64); !ok || math.Abs(v-want) > 1e-9*(1+math.Abs(want)) && math.Abs(v-want) > 0.6e-6 {
		t.Errorf("%s: %v, counted again %v", name, got, want)
	}
}

func quantileAgain(sorted []float64, p float64) float64 {
	at := p * float64(len(sorted)-1)
	low, high := math.Floor(at), math.Ceil(at)
	return sorted[int(low)]*(1-(at-low)) + sorted[int(high)]*(at-low)
}

// recounted holds the rows of an explanation against what measures says, with
// arithmetic of its own.
func recounted(t *testing.T, name string, m map[string]any, rows []row, first, from, to time.Time) {
	t.Helper()
	roles, reasons := map[string]int{}, map[string]int{}
	var values []float64
	for _, r := range rows {
		roles[r["role"]]++
		reasons[r["reason"]]++
		if counted := r["role"] == "numerator" || r["role"] == "denominator" || r["role"] == "sample"; r["counted"] != strconv.FormatBool(counted) {
			t.Errorf("%s: %v", name, r)
		}
		if r["role"] == "sample" {
			values = append(values, r.time(t, "end").Sub(r.time(t, "begin")).Seconds())
			same(t, name+" value of "+r["id"], values[len(values)-1], must(strconv.ParseFloat(r["value_seconds"], 64)))
		}
	}
	top, all := float64(roles["numerator"]), float64(roles["numerator"]+roles["denominator"])
	_, hasMean := m["mean"]
	switch {
	case strings.Contains(name, "canary_pass_rate"):
		same(t, name+" passed", m["passed"], top)
		same(t, name+" failed", m["failed"], all-top)
		same(t, name+" n", m["n"], all)
		same(t, name+" inconclusive", m["inconclusive"], float64(reasons["inconclusive"]))
		same(t, name+" running", m["running"], float64(reasons["analysis_running"]))
		if all > 0 {
			same(t, name+" ratio", m["ratio"], top/all)
		} else if m["ratio"] != nil {
			t.Errorf("%s: a ratio of nothing", name)
		}
	case strings.Contains(name, "deployment_duration") || strings.Contains(name, "full_rollout") || strings.Contains(name, ".stages"):
		if hasMean {
			t.Errorf("%s has a mean that is not counted again", name)
		}
		recountedDetail(t, name, m, rows, values)
	case m["per_day"] != nil || strings.Contains(name, "deployment_frequency"):
		same(t, name+" deployments", m["deployments"], top)
		if begin := later(from, first.Truncate(24*time.Hour)); !first.IsZero() && begin.Before(earlier(to, now)) {
			observed := earlier(to, now).Sub(from).Hours() / 24
			days := earlier(to, now).Sub(begin).Hours() / 24
			same(t, name+" per day", m["per_day"], top/max(days, min(1, observed)))
		} else if m["per_day"] != nil && m["per_day"] != 0.0 {
			t.Errorf("%s: %v a day without a record", name, m["per_day"])
		}
		same(t, name+" canceled", m["canceled"], float64(reasons["canceled"]))
	case m["counted"] != nil:
		n := m["failed"]
		if n == nil {
			n = m["n"]
		}
		same(t, name+" numerator", n, top)
		same(t, name+" denominator", m["counted"], all)
		if all > 0 {
			same(t, name+" ratio", m["ratio"], top/all)
		} else if m["ratio"] != nil {
			t.Errorf("%s: a ratio of nothing", name)
		}
		if m["suspected"] != nil {
			same(t, name+" suspected", m["suspected"], float64(reasons["suspected"]))
		}
	default:
		slices.Sort(values)
		same(t, name+" n", m["n"], float64(len(values)))
		same(t, name+" open", m["open"], float64(roles["open"]))
		same(t, name+" negative", m["negative"], float64(reasons["negative"]))
		if len(values) == 0 {
			if m["p50"] != nil || m["mean"] != nil {
				t.Errorf("%s: a median of nothing", name)
			}
			return
		}
		sum := 0.0
		for _, v := range values {
			sum += v
		}
		same(t, name+" mean", m["mean"], sum/float64(len(values)))
		for q, p := range map[string]float64{"p50": .5, "p75": .75, "p90": .9, "p95": .95} {
			same(t, name+" "+q, m[q], quantileAgain(values, p))
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// judgedAgain says from the raw columns of a deployment what it is to the
// change failure rate.
func judgedAgain(r row) string {
	reached := slices.Contains([]string{"success", "failure", "rolled_back", "aborted"}, r["result"]) || r["result"] == "superseded" && r["kind"] != ""
	switch {
	case r["environment"] == "staging", !reached, r["kind"] == "redeploy", r["kind"] == "rollback":
		return "excluded"
	case strings.Contains(r["evidence"], ":accepted"), strings.Contains(r["evidence"], ":confirmed"):
		return "numerator"
	}
	return "denominator"
}

func TestEveryExplanationAddsUpToItsNumber(t *testing.T) {
	seen := map[string]int{}
	for seed := range uint64(rounds(t, "PLIMSOLL_EXPLAIN_WORLDS", 3)) {
		s := start(t)
		s.send(explainWorld(rand.New(rand.NewPCG(seed, 5))))
		r := rand.New(rand.NewPCG(seed, 6))
		s.sayWords(r)
		edge := day(1, 5).Add(time.Duration(r.IntN(60*24*60)) * time.Minute)
		for _, scope := range []string{"org", "team:t0", "team:=t2", "service:s0", "service:s3", "service:nobody", "label:tier=gold"} {
			for _, w := range [][2]time.Time{
				{day(1, 1), day(5, 1)}, {day(2, 1), day(3, 1)}, {day(2, 10), day(2, 11)}, {day(1, 20), day(12, 31)}, {edge, edge.Add(200 * time.Hour)}, {day(1, 1), day(1, 3)},
			} {
				params := url.Values{"scope": {scope}, "from": {w[0].Format(time.RFC3339)}, "to": {w[1].Format(time.RFC3339)}}.Encode()
				s.checkExplained(fmt.Sprintf("world %d", seed), scope, params, w, seen)
			}
		}
		if log := s.log.String(); strings.Contains(log, "level=ERROR") {
			t.Errorf("world %d: the server's log:\n%s", seed, log)
		}
	}
	t.Log(seen)
	for _, reason := range []string{
		"counted", "failed", "no_failure", "hotfix", "rollback", "repair", "planned", "no_repair", "rolled_back", "kept", "delivered", "oldest_change",
		"restored", "resolved", "not_delivered", "delivered_later", "not_restored", "negative", "first_deployment", "unknown_contents", "no_new_change",
		"redeploy", "canceled", "still_running", "superseded", "rollback_not_judged", "other_environment", "ended_after", "began_before", "shares_span",
		"no_cause", "not_production", "taken_back", "not_accepted", "set_aside", "suspected",
		"analysis_passed", "analysis_failed", "analysis_error", "inconclusive", "analysis_running", "rolled_out", "no_times", "all_traffic", "no_success",
		"no_full_rollout", "stage_known", "no_stage", "no_stage_begin", "no_stage_end", "before_clock", "negative_lead",
	} {
		if seen[reason] == 0 {
			t.Errorf("no fact of any world was %q", reason)
		}
	}
}

// sayWords has persons confirm and reject some of the evidence.
func (s *site) sayWords(r *rand.Rand) {
	s.t.Helper()
	s.settle()
	var list struct{ Evidence []struct{ ID string } }
	s.get("/api/v1/evidence?limit=1000", &list)
	for _, e := range list.Evidence {
		if verb := []string{"", "", "confirm", "reject"}[r.IntN(4)]; verb != "" {
			a := s.ask("POST", "/api/v1/evidence/"+e.ID+"/"+verb, strings.NewReader(`{"reason":"we looked","at":"2026-05-01T00:00:00Z"}`))
			if a.status != 200 {
				s.t.Fatalf("%s %s: %d %s", verb, e.ID, a.status, a.body)
			}
			var said struct{ Position int64 }
			s.decode(a.body, &said)
			s.last = max(s.last, said.Position)
		}
	}
	s.settle()
}

// settle waits until the facts include all that was sent.
func (s *site) settle() {
	s.t.Helper()
	var ignored any
	s.get("/api/v1/teams?min_seq="+strconv.FormatInt(s.last, 10), &ignored)
}

// checkExplained checks every measure over one window of one scope.
func (s *site) checkExplained(world, scope, params string, w [2]time.Time, seen map[string]int) {
	s.t.Helper()
	var all map[string]any
	s.get("/api/v1/measures?"+params, &all)
	var first time.Time
	for _, r := range s.rows("/api/v1/explain/deployment_frequency?from=1990-01-01&to=now&scope=" + url.QueryEscape(scope)) {
		if at := r.time(s.t, "at"); r["counted"] == "true" && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	for i, x := range explainable {
		// There are many stages and they are alike: each window has a third of them, each scope another.
		if strings.Contains(x.measure, "_stage:") && (i+len(params)+w[0].YearDay())%3 != 0 {
			continue
		}
		name := world + " " + x.in + " " + params
		path := "/api/v1/explain/" + x.measure + "?basis=" + x.basis + "&" + params
		var e explained
		s.get(path, &e)
		if float64(e.Position) != all["position"] || e.Number == nil {
			s.t.Fatalf("%s: position %d of %v, number %v", name, e.Position, all["position"], e.Number)
		}
		m := part(all, x.in)
		if shown, want := must(json.Marshal(e.Number.Answer)), must(json.Marshal(m)); string(shown) != string(want) {
			s.t.Errorf("%s: explained %s, measured %s", name, shown, want)
		}
		if at := strings.LastIndex(e.Number.Field, "."); plainPath(e.Number.Field[:at]) != x.in || !equalValue(m[e.Number.Field[at+1:]], e.Number.Value) {
			s.t.Errorf("%s: %s is %v, explained %v", name, e.Number.Field, m[e.Number.Field[at+1:]], e.Number.Value)
		}
		rows := s.rows(path)
		recounted(s.t, name, m, rows, first, w[0], w[1])
		if strings.HasPrefix(x.measure, "lead_time_stage") {
			s.shareAgain(name, m, rows, part(all, "lead_time"))
		}
		found := map[string]int{}
		for _, r := range rows {
			found[r["reason"]]++
			seen[r["reason"]]++
			if x.measure == "change_failure_rate" && r["reason"] != "ended_after" && r["reason"] != "not_yet" && r["role"] != judgedAgain(r) {
				s.t.Errorf("%s: %v", name, r)
			}
		}
		for _, c := range e.Number.Reasons {
			if found[c.Reason] != c.N {
				s.t.Errorf("%s: %d facts %s, counted %d", name, found[c.Reason], c.Reason, c.N)
			}
			delete(found, c.Reason)
		}
		if len(found) > 0 {
			s.t.Errorf("%s: reasons that were not counted: %v", name, found)
		}
	}
}

// plainPath writes the place of an item of a list like that of a field.
func plainPath(field string) string { return strings.NewReplacer("[", ".", "]", "").Replace(field) }

func equalValue(a any, b *float64) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return a.(float64) == *b
}

// rounds is a number of rounds, more of them if the environment says so.
func rounds(t *testing.T, name string, usual int) int {
	t.Helper()
	v, ok := os.LookupEnv(name)
	if !ok {
		return usual
	}
	return must(strconv.Atoi(v))
}

func TestTheScriptCountsTheSame(t *testing.T) {
	s := start(t)
	s.send(explainWorld(rand.New(rand.NewPCG(3, 5))))
	s.settle()
	const params = "from=2026-01-01&to=2026-05-01"
	var all map[string]any
	s.get("/api/v1/measures?"+params, &all)
	for _, x := range explainable {
		a := s.ask("GET", "/api/v1/explain/"+x.measure+"?basis="+x.basis+"&"+params, nil, "Accept", "text/csv")
		run := exec.CommandContext(t.Context(), "sh", filepath.Join("..", "..", "scripts", "recount-explain.sh"))
		run.Stdin = strings.NewReader(a.body)
		out, err := run.Output()
		if err != nil {
			t.Fatalf("%s: %v", x.in, err)
		}
		said := map[string]float64{}
		for line := range strings.Lines(string(out)) {
			k, v, _ := strings.Cut(strings.TrimSpace(line), " ")
			said[k] = must(strconv.ParseFloat(v, 64))
		}
		m := part(all, x.in)
		if m["passed"] != nil {
			same(t, x.in+" passed", m["passed"], said["numerator"])
			same(t, x.in+" n", m["n"], said["denominator"])
			delete(m, "failed") // here what did not pass
		}
		for field, name := range map[string]string{"deployments": "numerator", "failed": "numerator", "counted": "denominator", "ratio": "ratio", "p50": "p50", "p75": "p75", "p90": "p90", "p95": "p95", "mean": "mean", "open": "open"} {
			if m[field] != nil {
				same(t, x.in+" "+field, m[field], said[name])
			}
		}
	}
}
