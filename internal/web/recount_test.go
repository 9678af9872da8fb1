package web_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A world of some 600 deployments: six services of two teams and none, each
// with a main line of commits, deployed to production and staging.
func world(r *rand.Rand) string {
	var b strings.Builder
	stamp := func(t time.Time) string { return t.UTC().Format(time.RFC3339) }
	for s := range 6 {
		service, team := fmt.Sprintf("s%d", s), []string{"t0", "t0", "t1", "t1", "", ""}[s]
		at := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC).Add(time.Duration(r.IntN(72*60)) * time.Minute)
		head, n, failed := "", 0, ""
		for d := range 100 {
			at = at.Add(time.Duration(300+r.IntN(1500)) * time.Minute)
			for range r.IntN(4) {
				n++
				sha := fmt.Sprintf("%sc%d", service, n)
				parents := "[]"
				if head != "" {
					parents = fmt.Sprintf("[%q]", head)
				}
				// Here and there a clock is wrong, and the change is from the future.
				written := at.Add(-time.Duration(r.IntN(5000)-40) * time.Minute)
				fmt.Fprintf(&b, `{"type":"change","sha":%q,"repository":"r/%s","committed_at":%q,"authored_at":%q,"parents":%s}`+"\n", sha, service, stamp(written), stamp(written), parents)
				head = sha
			}
			env, result, more := "production", "success", ""
			switch x := r.IntN(20); {
			case failed != "":
				// What failed is repaired by the next one.
				more = fmt.Sprintf(`,"rollback_of":%q,"kind":"rollback"`, failed)
				failed = ""
			case x < 3:
				env = "staging"
			case x == 3:
				result = "canceled"
			case x == 4:
				more = `,"kind":"config"`
			case x == 5:
				more = `,"kind":"redeploy"`
			case x < 9:
				result = []string{"failure", "rolled_back", "aborted"}[x-6]
			}
			id := fmt.Sprintf("%s-d%d", service, d)
			if result == "rolled_back" {
				failed = id
			}
			if team != "" {
				more += fmt.Sprintf(`,"team":%q`, team)
			}
			if head != "" {
				more += fmt.Sprintf(`,"commit_sha":%q,"repository":"r/%s"`, head, service)
			}
			fmt.Fprintf(&b, `{"type":"deployment","id":%q,"service":%q,"environment":%q,"version":"v%d","started_at":%q,"finished_at":%q,"result":%q%s}`+"\n",
				id, service, env, d, stamp(at.Add(-5*time.Minute)), stamp(at), result, more)
			if env == "production" && result == "success" && r.IntN(8) == 0 {
				end := ""
				if r.IntN(5) > 0 {
					end = fmt.Sprintf(`,"resolved_at":%q`, stamp(at.Add(time.Duration(60+r.IntN(200))*time.Minute)))
				}
				fmt.Fprintf(&b, `{"type":"incident","id":"I-%s","services":[%q],"caused_by":%q,"started_at":%q%s}`+"\n", id, service, id, stamp(at.Add(20*time.Minute)), end)
			}
		}
	}
	return b.String()
}

// What a reader of the API sees of the facts.
type (
	listed struct {
		ID, Service, Environment, Team, Kind, Result string
		FinishedAt                                   time.Time `json:"finished_at"`
		Evidence                                     []struct{ Accepted bool }
	}
	delivered struct {
		Service     string
		DeliveredAt *time.Time `json:"delivered_at"`
		LeadTime    *float64   `json:"lead_time_seconds"`
	}
	began struct {
		Services  []string
		StartedAt time.Time `json:"started_at"`
		Restore   *float64  `json:"time_to_restore_seconds"`
	}
	measured struct {
		Frequency struct {
			PerDay      *float64 `json:"per_day"`
			Deployments int
			Successful  int
			Redeploys   int
			Canceled    int
			Days        float64
		} `json:"deployment_frequency"`
		Lead    spread `json:"lead_time"`
		Failure struct {
			Failed, Counted int
			Ratio           *float64
		} `json:"change_failure_rate"`
		Restore struct {
			spread
			All spread `json:"all_incidents"`
		} `json:"time_to_restore"`
	}
	spread struct {
		N, Open, Negative int
		P50, Mean         *float64
	}
)

// facts are all that the lists say, and nothing else is used to count again.
type facts struct {
	deployments []listed
	changes     []delivered
	incidents   []began
}

func readAll[T any](s *site, noun string, params string) []T {
	s.t.Helper()
	var out []T
	for cursor := ""; ; {
		var page map[string]any
		var rows struct{ Rows []T }
		a := s.ask("GET", "/api/v1/"+noun+"?limit=1000&min_seq="+strconv.FormatInt(s.last, 10)+params+"&cursor="+url.QueryEscape(cursor), nil)
		s.decode(a.body, &page)
		s.decode(strings.Replace(a.body, `"`+noun+`":[`, `"Rows":[`, 1), &rows)
		out = append(out, rows.Rows...)
		next, ok := page["next_cursor"].(string)
		if !ok {
			return out
		}
		cursor = next
	}
}

func near(a *float64, b float64) bool { return a != nil && math.Abs(*a-b) < 1e-6*(1+math.Abs(b)) }

// recount is definitions, section 2, in loops over the lists.
func (f facts) recount(t *testing.T, name string, m measured, from, to time.Time) {
	t.Helper()
	in := func(at time.Time) bool { return !at.Before(from) && at.Before(to) }
	reached := []string{"success", "failure", "rolled_back", "aborted"}
	counted := []string{"change", "hotfix", "config", "initial", "rollback"}
	counts := func(d listed) bool {
		return d.Environment == "production" && slices.Contains(counted, d.Kind) && slices.Contains(reached, d.Result)
	}
	first := time.Time{}
	for _, d := range f.deployments {
		if counts(d) && (first.IsZero() || d.FinishedAt.Before(first)) {
			first = d.FinishedAt
		}
	}
	begin, end := from, to
	if record := first.Truncate(24 * time.Hour); record.After(begin) {
		begin = record
	}
	if end.After(now) {
		end = now
	}
	days := end.Sub(begin).Hours() / 24
	var deployments, successful, redeploys, canceled, judged, failed int
	for _, d := range f.deployments {
		if d.Environment != "production" || !in(d.FinishedAt) || d.FinishedAt.Before(begin) {
			continue
		}
		switch {
		case d.Result == "canceled":
			canceled++
		case d.Kind == "redeploy":
			redeploys++
		case counts(d):
			deployments++
			if d.Result == "success" {
				successful++
			}
			if d.Kind == "rollback" {
				continue
			}
			judged++
			for _, e := range d.Evidence {
				if e.Accepted {
					failed++
					break
				}
			}
		}
	}
	got := m.Frequency
	if got.Deployments != deployments || got.Successful != successful || got.Redeploys != redeploys || got.Canceled != canceled {
		t.Errorf("%s: frequency %+v; counted again %d, successful %d, redeploys %d, canceled %d", name, got, deployments, successful, redeploys, canceled)
	}
	if math.Abs(got.Days-days) > 1e-9 || !near(got.PerDay, float64(deployments)/days) {
		t.Errorf("%s: %v days, %v per day; counted again %v, %v", name, got.Days, *got.PerDay, days, float64(deployments)/days)
	}
	if m.Failure.Counted != judged || m.Failure.Failed != failed || judged >= 5 && !near(m.Failure.Ratio, float64(failed)/float64(judged)) {
		t.Errorf("%s: failure rate %+v; counted again %d of %d", name, m.Failure, failed, judged)
	}
	var leads, restores []float64
	negative, open := 0, 0
	for _, c := range f.changes {
		if c.DeliveredAt == nil || !in(*c.DeliveredAt) {
			continue
		}
		if *c.LeadTime < 0 {
			negative++
		} else {
			leads = append(leads, *c.LeadTime)
		}
	}
	m.Lead.equals(t, name+": lead time", leads)
	if m.Lead.Negative != negative {
		t.Errorf("%s: %d negative, counted again %d", name, m.Lead.Negative, negative)
	}
	for _, i := range f.incidents {
		if !in(i.StartedAt) {
			continue
		}
		if i.Restore == nil {
			open++
		} else {
			restores = append(restores, *i.Restore)
		}
	}
	m.Restore.All.equals(t, name+": incidents", restores)
	if m.Restore.All.Open != open {
		t.Errorf("%s: %d incidents open, counted again %d", name, m.Restore.All.Open, open)
	}
}

// equals compares n, mean and median with those of a list.
func (s spread) equals(t *testing.T, name string, list []float64) {
	t.Helper()
	if s.N != len(list) {
		t.Errorf("%s: n %d, counted again %d", name, s.N, len(list))
		return
	}
	if len(list) < 5 {
		return // too few for a figure
	}
	slices.Sort(list)
	sum := 0.0
	for _, v := range list {
		sum += v
	}
	median := (list[(len(list)-1)/2] + list[len(list)/2]) / 2
	if !near(s.Mean, sum/float64(len(list))) || !near(s.P50, median) {
		t.Errorf("%s: mean %v, p50 %v; counted again %v, %v", name, *s.Mean, *s.P50, sum/float64(len(list)), median)
	}
}

func TestTheMeasuresAreWhatTheListsAddUpTo(t *testing.T) {
	s := start(t)
	s.send(world(rand.New(rand.NewPCG(7, 11))))
	edge := readAll[listed](s, "deployments", "&service=s0&environment=production")[40].FinishedAt
	for _, scope := range []string{"org", "team:t0", "team:t1", "service:s0", "service:s3", "service:s5"} {
		f := facts{
			readAll[listed](s, "deployments", "&scope="+scope), readAll[delivered](s, "changes", "&scope="+scope),
			readAll[began](s, "incidents", "&scope="+scope+"&environment=production"),
		}
		if len(f.deployments) < 80 || len(f.changes) < 80 || len(f.incidents) == 0 {
			t.Fatalf("%s: %d deployments, %d changes, %d incidents", scope, len(f.deployments), len(f.changes), len(f.incidents))
		}
		for _, w := range [][2]time.Time{
			{day(1, 1), day(6, 1)}, {day(2, 1), day(3, 1)}, {day(2, 10), day(2, 11)}, {day(1, 1), day(12, 31)},
			{edge, edge.Add(20 * 24 * time.Hour)}, {edge.Add(-20 * 24 * time.Hour), edge}, {edge.Add(time.Second), edge.Add(10 * 24 * time.Hour)},
		} {
			params := "scope=" + scope + "&from=" + w[0].Format(time.RFC3339) + "&to=" + w[1].Format(time.RFC3339)
			var m measured
			s.get("/api/v1/measures?"+params, &m)
			name := scope + " " + params
			f.recount(t, name, m, w[0], w[1])
			s.addsUp(name, params, m)
		}
	}
}

func day(month time.Month, d int) time.Time { return time.Date(2026, month, d, 0, 0, 0, 0, time.UTC) }

// addsUp wants the buckets of a series to hold together what the window holds.
func (s *site) addsUp(name, params string, m measured) {
	s.t.Helper()
	for measure, want := range map[string]int{
		"deployment_frequency": m.Frequency.Deployments, "lead_time": m.Lead.N, "change_failure_rate": m.Failure.Counted, "time_to_restore": m.Restore.spread.N,
	} {
		for _, bucket := range []string{"day", "week", "month"} {
			var series struct{ Points []struct{ N int } }
			s.get("/api/v1/measures/series?measure="+measure+"&bucket="+bucket+"&"+params, &series)
			sum := 0
			for _, p := range series.Points {
				sum += p.N
			}
			if sum != want {
				s.t.Errorf("%s: %s by %s adds up to %d, the window says %d", name, measure, bucket, sum, want)
			}
		}
	}
}
