package fold

import (
	"fmt"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// depend invents what a service depends on.
func (w *world) depend(entry fields, name string) {
	if !w.chance(60) {
		return
	}
	others := map[string][]string{"web": {"api"}, "api": {"jobs", "nobody"}, "jobs": {"web", "api"}}[name]
	entry["depends_on"] = others[:1+w.r.IntN(len(others))]
	w.made["dependency"]++
}

// flags invents changes of flags, and corrects some of them.
func (w *world) flags() {
	for range 2 + w.r.IntN(6) {
		at := w.moment()
		f := fields{"id": w.next("f"), "key": pick(w, "checkout", "search"), "environment": pick(w, "production-eu", "production-us", "staging"), "at": at, "from": "off", "to": "on"}
		switch {
		case w.chance(60):
			f["services"] = []string{pick(w, "web", "api", "jobs")}
		case w.chance(50):
			f["services"] = []string{"nobody", "web"}
		}
		w.say("flag", f)
		if w.chance(40) {
			back := fields{"id": w.next("f"), "key": f["key"], "environment": f["environment"], "at": at.Add(time.Duration(w.r.IntN(40)) * time.Hour), "from": "on", "to": "off"}
			if w.chance(40) {
				back["fixes"] = pick(w, w.troubles...)
			}
			w.say("flag", back)
		}
		if w.chance(15) {
			w.say("flag", fields{"id": f["id"], "key": f["key"], "environment": f["environment"], "at": w.moment(), "occurred_at": at.Add(300 * time.Hour)})
		}
	}
}

// act is an event of our own.
func (w *world) act(typ plimsoll.Type, subject string, at time.Time, report any) {
	e := actEvent(w.tb, typ, subject, plimsoll.TimeOf(at), report)
	w.events = append(w.events, e)
	w.made[string(typ)]++
}

// verdicts invents verdicts on deployments, some of them twice.
func (w *world) verdicts() {
	for range 4 + w.r.IntN(10) {
		at := w.moment()
		v := plimsoll.VerdictReport{Deployment: pick(w, w.ids...), Indicator: pick(w, "errors", "latency"), Verdict: pick(w, plimsoll.Verdicts...), Method: "counts/1", At: plimsoll.TimeOf(at)}
		if w.chance(80) {
			q := float64(w.r.IntN(20)) / 100
			v.Q = &q
		}
		w.act(plimsoll.TypeVerdict, v.Deployment+" "+v.Indicator, at, v)
	}
}

// words invents what persons said of the evidence there is, and of some that
// there is not.
func (w *world) words(facts []string) {
	var known []plimsoll.Evidence
	for _, f := range parse(facts) {
		if f.table == "evidence" {
			known = append(known, f.evidence)
		}
	}
	for range 2 {
		e := plimsoll.Evidence{Deployment: pick(w, w.ids...), Kind: plimsoll.EvidenceIncident, Cause: pick(w, w.troubles...)}
		e.ID = plimsoll.EvidenceID(e.Deployment, e.Kind, e.Cause)
		known = append(known, e)
	}
	for _, e := range known {
		for range w.r.IntN(4) / 2 * (1 + w.r.IntN(2)) {
			w.act(plimsoll.TypeConfirmation, e.ID, w.moment(), plimsoll.ConfirmationReport{
				Evidence: e.ID, Deployment: e.Deployment, Kind: e.Kind, Cause: e.Cause,
				Says: pick(w, plimsoll.EvidenceConfirmed, plimsoll.EvidenceRejected), Reason: pick(w, "seen on the dashboard", "a drill", "the database was down"),
			})
			w.made["word"]++
		}
	}
}

// contradictions checks what must hold of any evidence.
func contradictions(e plimsoll.Evidence) (found []string) {
	counts := e.Status == plimsoll.EvidenceAccepted || e.Status == plimsoll.EvidenceConfirmed
	decided := e.Status == plimsoll.EvidenceConfirmed || e.Status == plimsoll.EvidenceRejected
	switch {
	case counts != e.Accepted:
		found = append(found, fmt.Sprintf("%s is %s and accepted is %v", e.ID, e.Status, e.Accepted))
	case decided != (e.Reason != ""):
		found = append(found, fmt.Sprintf("%s is %s with the reason %q", e.ID, e.Status, e.Reason))
	case e.Confidence < 0 || e.Confidence > 1:
		found = append(found, fmt.Sprintf("%s has confidence %v", e.ID, e.Confidence))
	case e.ID != plimsoll.EvidenceID(e.Deployment, e.Kind, e.Cause):
		found = append(found, e.ID+" is not named by what it says")
	}
	return found
}

// excess checks that the probabilities of an incident add to at most one, and
// come in order.
func excess(i plimsoll.Incident) (found []string) {
	sum, last := 0.0, 1.0
	if i.NoneProbability != nil {
		sum = *i.NoneProbability
	}
	for _, c := range i.Candidates {
		sum += c.Probability
		if c.Probability > last {
			found = append(found, i.ID+" has candidates out of order")
		}
		last = c.Probability
		if len(c.Reasons) == 0 {
			found = append(found, i.ID+" has a candidate without a reason")
		}
	}
	if sum > 1+1e-9 {
		found = append(found, fmt.Sprintf("the probabilities of %s add to %v", i.ID, sum))
	}
	return found
}
