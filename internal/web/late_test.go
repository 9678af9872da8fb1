package web_test

import (
	"fmt"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"
)

type lateAnswer struct {
	Then, Now      map[string]any
	Events, Others []struct {
		Seq     int64
		Type    string
		Subject string
		Changed []struct{ Fact, ID, How string }
	}
	LeftOut int `json:"left_out"`
}

// figures takes off an answer what says where it was read.
func figures(m map[string]any) map[string]any {
	for _, k := range []string{"as_of", "known_up_to", "missing_events", "position"} {
		delete(m, k)
	}
	return m
}

// Two reports of one month differ only by the events that are named.
func TestTwoReportsOfOneMonthDifferOnlyByNamedEvents(t *testing.T) {
	begin := time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	named, all := 0, 0
	for seed := range uint64(1) {
		live, clock := startAt(t, begin)
		var log []string
		var asOf string
		for i, portion := range shuffled(40+seed, 30) {
			if i == 20 {
				asOf = clock.now().Format(time.RFC3339)
			}
			clock.set(begin.Add(time.Duration(i+1) * 9 * time.Hour))
			if r := live.send(portion); r.Duplicates > 0 {
				t.Fatalf("%d duplicates", r.Duplicates)
			}
			log = append(log, strings.SplitAfter(strings.TrimSpace(portion)+"\n", "\n")...)
			log = log[:len(log)-1]
			live.whole("/api/v1/measures", url.Values{}) // folded now
		}
		clock.set(now)
		for _, scope := range []string{"org", "team:t1", "service:s5"} {
			for _, w := range [][2]string{{"2026-02-01", "2026-03-01"}, {"2026-03-20", "2026-03-21"}} {
				v := url.Values{"scope": {scope}, "from": {w[0]}, "to": {w[1]}}
				want := figures(live.whole("/api/v1/measures", v))
				v.Del("min_seq")
				v.Set("as_of", asOf)
				var late lateAnswer
				live.get("/api/v1/late?"+v.Encode(), &late)
				old := live.whole("/api/v1/measures", v)
				if !reflect.DeepEqual(figures(late.Now), want) || !reflect.DeepEqual(figures(late.Then), figures(old)) {
					t.Fatalf("%s %v: the measures are not those that measures answers", scope, w)
				}
				known := 20 * len(log) / 30 // the first 20 portions of 30
				// From the old state, with nothing but the named events.
				replay := func(with ...int64) map[string]any {
					b := start(t)
					b.send(strings.Join(log[:known], ""))
					lines := ""
					for _, seq := range with {
						lines += log[seq-1]
					}
					if lines != "" {
						b.send(lines)
					}
					v.Del("as_of")
					return figures(b.whole("/api/v1/measures", v))
				}
				var events, both []int64
				for _, e := range late.Events {
					if len(e.Changed) == 0 || e.Seq <= int64(known) {
						t.Errorf("event %d is named and changed nothing late", e.Seq)
					}
					events = append(events, e.Seq)
				}
				both = append(both, events...)
				for _, e := range late.Others {
					both = append(both, e.Seq)
				}
				if late.LeftOut != 0 {
					t.Fatalf("%d events are left out", late.LeftOut)
				}
				if got := replay(both...); !reflect.DeepEqual(got, want) {
					t.Errorf("seed %d, %s, %v: from %d events and %d named ones\n%s\nwant\n%s", seed, scope, w, known, len(both), brief(got), brief(want))
				}
				named, all = named+len(events), all+len(log)-known
			}
		}
	}
	t.Logf("%d of %d late events changed something", named, all)
	if named == 0 || named == all {
		t.Error("nothing was told apart")
	}
}

func TestLateNamesWhatChangedAndWhat(t *testing.T) {
	begin := time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	s, clock := startAt(t, begin)
	deployment := func(id, at, more string) string {
		return fmt.Sprintf(`{"type":"deployment","id":%q,"service":"web","environment":"production","version":%q,"finished_at":%q,"result":"success"%s}`+"\n", id, id, at, more)
	}
	s.send(deployment("d1", "2026-03-02T10:00:00Z", "") + deployment("d2", "2026-03-20T10:00:00Z", ""))
	s.whole("/api/v1/measures", url.Values{})
	for i, line := range []string{
		deployment("d3", "2026-04-01T10:00:00Z", ""), // of the next month
		`{"type":"incident","id":"I-1","services":["web"],"started_at":"2026-03-20T11:00:00Z","resolved_at":"2026-03-20T12:00:00Z"}`,
		deployment("d4", "2026-03-25T10:00:00Z", ""),
		deployment("d5", "2026-04-04T10:00:00Z", ""),
	} {
		clock.set(begin.Add(time.Duration(i+1) * 24 * time.Hour))
		s.send(line)
		s.whole("/api/v1/measures", url.Values{})
	}
	clock.set(now)
	ask := func(more string) string {
		var l lateAnswer
		s.get("/api/v1/late?from=2026-03-01&to=2026-04-01&as_of=2026-04-01T00:00:00Z"+more, &l)
		var out []string
		for _, e := range l.Events {
			facts := ""
			for _, c := range e.Changed {
				facts += " " + c.Fact + ":" + c.ID + ":" + c.How
			}
			out = append(out, e.Type+" "+e.Subject+facts)
		}
		for _, e := range l.Others {
			out = append(out, "other "+e.Subject)
		}
		return strings.Join(out, "\n")
	}
	want := "incident I-1 evidence:incident:d2:I-1:began failures:d2:began incidents:I-1:began\ndeployment d4 deployments:d4:began\nother d3"
	if got := ask(""); !strings.Contains(got, "deployment d4 deployments:d4:began") || !strings.HasSuffix(got, "other d3") || strings.Contains(got, "d5") {
		t.Errorf("late:\n%s\nwant something like\n%s", got, want)
	}
	if got := ask("&until=2026-04-02T12:00:00Z"); got != "" {
		t.Errorf("nothing of March was learnt by 2 April, and late says:\n%s", got)
	}
	for params, field := range map[string]string{
		"from=2026-03-01&to=2026-04-01":                            "as_of",
		"as_of=2026-04-01T00:00:00Z&until=2026-04-01T00:00:00Z":    "until",
		"as_of=2026-04-01T00:00:00Z&until=2026-07-01T00:00:00Z":    "until",
		"as_of=2026-04-01T00:00:00Z&until=soon":                    "until",
		"as_of=2026-04-01T00:00:00Z&from=2026-04-02&to=2026-04-03": "from",
		"as_of=2026-04-01T00:00:00Z&benchmark=dora-1999":           "benchmark",
		"as_of=2026-04-01T00:00:00Z&limit=1":                       "limit",
	} {
		if e := s.refused(s.ask("GET", "/api/v1/late?"+params, nil), 400, "invalid"); e.Error.Field != field {
			t.Errorf("%s: %+v", params, e.Error)
		}
	}
}
