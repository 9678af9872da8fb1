package web_test

import (
	"math/rand/v2"
	"net/url"
	"reflect"
	"testing"
	"time"
)

// An explanation as of a time is the one of a server which was asked then, also
// of what only a world with canaries and stamps has.
func TestAnExplanationAsOfATimeIsTheOneOfThatTime(t *testing.T) {
	begin := time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	s, clock := startAt(t, begin)
	r := rand.New(rand.NewPCG(8, 5))
	answers := func(asOf string) map[string]map[string]any {
		out := map[string]map[string]any{}
		for _, scope := range []string{"org", "service:s1", "label:tier=gold"} {
			for _, x := range explainable {
				v := url.Values{"scope": {scope}, "from": {"2026-02-01"}, "to": {"2026-12-01"}, "basis": {x.basis}, "all": {"true"}}
				if asOf != "" {
					v.Set("as_of", asOf)
				}
				e := s.whole("/api/v1/explain/"+x.measure, v)
				for _, f := range e["facts"].([]any) {
					if f := f.(map[string]any); f["type"] == "change" {
						delete(f, "title") // a subject line is shown as it is known now
					}
				}
				out[scope+" "+x.measure+" "+x.basis] = e
			}
		}
		return out
	}
	var asked []map[string]map[string]any
	var times []time.Time
	for i, portion := range inPortions(r, explainWorld(r), 3) {
		clock.set(begin.Add(time.Duration(i) * 11 * 24 * time.Hour))
		s.send(portion)
		asked, times = append(asked, answers("")), append(times, clock.now())
	}
	clock.set(now)
	for i, at := range times {
		for name, got := range answers(at.Format(time.RFC3339)) {
			if want := asked[i][name]; !reflect.DeepEqual(got, want) {
				t.Errorf("as of %s, %s:\n%s\nand then:\n%s", at, name, brief(got), brief(want))
			}
		}
	}
	for _, x := range explainable {
		name := "org " + x.measure + " " + x.basis
		if len(asked[2][name]["facts"].([]any)) == 0 || reflect.DeepEqual(asked[0][name], asked[2][name]) {
			t.Errorf("%s: nothing changed that a time could tell", name)
		}
	}
}
