package web_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// recountedDetail holds the rows of a measure beside the four keys against what
// measures says of it. Not every one of them has every number.
func recountedDetail(t *testing.T, name string, m map[string]any, rows []row, values []float64) {
	t.Helper()
	slices.Sort(values)
	reasons, types := map[string]int{}, map[string]int{}
	var waited, active []float64
	for _, r := range rows {
		reasons[r["reason"]]++
		types[r["type"]]++
		if r["waited_seconds"] != "" {
			v := must(strconv.ParseFloat(r["waited_seconds"], 64))
			waited, active = append(waited, v), append(active, must(strconv.ParseFloat(r["value_seconds"], 64))-v)
		}
	}
	same(t, name+" n", m["n"], float64(len(values)))
	for q, p := range map[string]float64{"p50": .5, "p90": .9, "p95": .95} {
		switch v, ok := m[q]; {
		case ok && len(values) > 0:
			same(t, name+" "+q, v, quantileAgain(values, p))
		case v != nil:
			t.Errorf("%s: a quantile of nothing: %v", name, v)
		}
	}
	negative, _ := m["negative"].(float64) // left out where there is none
	if int(negative) != reasons["negative"] {
		t.Errorf("%s: %v negative, counted again %d", name, m["negative"], reasons["negative"])
	}
	covered, of := 0, 0
	switch {
	case strings.Contains(name, "deployment_duration"):
		covered, of = len(values), len(values)+reasons["no_times"]
		slices.Sort(waited)
		slices.Sort(active)
		same(t, name+" waiting_n", m["waiting_n"], float64(len(waited)))
		if len(waited) > 0 {
			same(t, name+" waiting_p50", m["waiting_p50"], quantileAgain(waited, .5))
			same(t, name+" active_p50", m["active_p50"], quantileAgain(active, .5))
		}
	case strings.Contains(name, "lead_time"):
		covered = len(values) + reasons["negative"] + reasons["before_clock"]
		of = types["change"] - reasons["no_clock"] - reasons["negative_lead"]
	case strings.Contains(name, "time_to_restore"):
		covered, of = len(values), types["failure"]
	default:
		return
	}
	if of > 0 {
		same(t, name+" coverage", m["coverage"], float64(covered)/float64(of))
	} else if m["coverage"] != nil {
		t.Errorf("%s: a coverage of nothing", name)
	}
}

// shareAgain counts the share of a stage in the lead time of all changes.
func (s *site) shareAgain(name string, m map[string]any, rows []row, lead map[string]any) {
	s.t.Helper()
	mean, ok := lead["mean"].(float64)
	if total := mean * lead["n"].(float64); ok && total > 0 && m["n"] != 0.0 {
		sum := 0.0
		for _, r := range rows {
			if r["role"] == "sample" {
				sum += must(strconv.ParseFloat(r["value_seconds"], 64))
			}
		}
		if v, ok := m["share"].(float64); !ok || math.Abs(v-sum/total) > 1e-6 {
			s.t.Errorf("%s share: %v, counted again %v", name, m["share"], sum/total)
		}
	}
}

// The measures of canaries and roll-outs are counted once more from what was
// sent, without any answer of the server.
func TestCanariesAndRolloutsAddUpFromWhatWasSent(t *testing.T) {
	for seed := range uint64(2) {
		s := start(t)
		sent := explainWorld(rand.New(rand.NewPCG(seed, 5)))
		s.send(sent)
		s.settle()
		for _, service := range []string{"s0", "s2", "s4"} {
			for _, w := range [][2]time.Time{{day(1, 1), day(5, 1)}, {day(1, 20), day(2, 10)}} {
				var m map[string]any
				s.get("/api/v1/measures?"+url.Values{"scope": {"service:" + service}, "from": {w[0].Format(time.RFC3339)}, "to": {w[1].Format(time.RFC3339)}}.Encode(), &m)
				passed, decided, took, full := sentAgain(sent, service, w)
				same(t, service+" passed", part(m, "canary_pass_rate")["passed"], float64(passed))
				same(t, service+" decided", part(m, "canary_pass_rate")["n"], float64(decided))
				for name, values := range map[string][]float64{"deployment_duration": took, "time_to_full_rollout": full} {
					slices.Sort(values)
					same(t, service+" "+name, part(m, name)["n"], float64(len(values)))
					if len(values) > 0 {
						same(t, service+" "+name+" p50", part(m, name)["p50"], quantileAgain(values, .5))
					}
				}
			}
		}
	}
}

// sentAgain counts the analyses of a service in production, and how long its
// deployments took.
func sentAgain(sent, service string, w [2]time.Time) (passed, decided int, took, full []float64) {
	for line := range strings.Lines(sent) {
		var e struct {
			Type, Service, Environment, Phase, Result, Strategy string
			Started                                             time.Time `json:"started_at"`
			Finished                                            time.Time `json:"finished_at"`
			Full                                                time.Time `json:"full_rollout_at"`
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			panic(err)
		}
		if e.Service != service || e.Environment == "staging" || e.Finished.Before(w[0]) || !e.Finished.Before(earlier(w[1], now)) {
			continue
		}
		switch {
		case e.Type == "analysis" && e.Phase == "successful":
			passed++
			decided++
		case e.Type == "analysis" && (e.Phase == "failed" || e.Phase == "error"):
			decided++
		case e.Type == "deployment" && !e.Started.IsZero() && e.Result != "canceled" && (e.Result != "superseded" || !e.Full.IsZero()):
			took = append(took, e.Finished.Sub(e.Started).Seconds())
			if e.Full.IsZero() && (e.Strategy == "canary" || e.Strategy == "blue_green") {
				e.Full = e.Finished
			}
			if e.Result == "success" && !e.Full.Before(e.Started) {
				full = append(full, e.Full.Sub(e.Started).Seconds())
			}
		}
	}
	return passed, decided, took, full
}
