package derive

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// weighing is the model behind attribution: how much likelier each sign makes
// a candidate. Each number is a likelihood ratio, so the signs of a candidate
// are multiplied (their logarithms are added), and the probability of one is
// its share of all, that of "none of these" included. docs/attribution.md says
// where the numbers come from and how well they do.
type weighing struct {
	none        float64       // "none of these", against a deployment of the service that ended at the limit of time
	calm        time.Duration // after its end, until a deployment is half as suspect as in its roll-out
	superseded  float64       // for each later deployment of the service before the incident
	dependency  float64       // for each step from the services of the incident
	elsewhere   float64       // the incident names another environment
	rolling     float64       // the roll-out was under way
	broken      float64       // the roll-out failed or was aborted
	gone        float64       // taken back before the incident began
	takenBack   float64       // taken back after the incident began
	repaired    float64       // a hotfix followed
	fixedBy     float64       // … and that deployment is said to fix this incident
	fixedThere  float64       // a later deployment of the service is said to fix this incident
	harmful     float64       // by verdict
	suspicious  float64
	harmless    float64
	noEffect    float64 // configuration that users cannot notice
	mentioned   float64 // its id, commit, version or address stands in the title or the address
	together    float64 // for each other incident at that time whose services it could break
	flag        float64 // a change of a flag, against a deployment
	flagAnyone  float64 // … that names no service
	flagUndone  float64 // … that was put back, or is said to be fixed, after the incident began
	mostBesides int
}

var weights = weighing{
	none: 0.9, calm: 15 * time.Minute, superseded: 0.35, dependency: 0.1, elsewhere: 0.05, rolling: 3, broken: 1.5, gone: 0.3,
	takenBack: 10, repaired: 5, fixedBy: 20, fixedThere: 10, harmful: 12, suspicious: 3, harmless: 0.15, noEffect: 0.05,
	mentioned: 500, together: 3, flag: 1, flagAnyone: 0.2, flagUndone: 20, mostBesides: 2,
}

// suspect is a candidate on its way to a probability.
type suspect struct {
	plimsoll.Candidate
	begun plimsoll.Time
	score float64
}

// sign multiplies in what a sign says, and says so.
func (s *suspect) sign(ratio float64, format string, args ...any) {
	s.score *= ratio
	s.Reasons = append(s.Reasons, fmt.Sprintf(format, args...))
}

// suspects ranks what may have caused an incident without a stated cause, and
// says how likely it is none of that. (definitions 5.2)
func suspects(in IncidentInput, w *weighing) ([]plimsoll.Candidate, *float64) {
	found := append(in.deployments(w), in.flags(w)...)
	none := w.none * w.fading(in.Settings.AttributeLimit())
	total := none
	for _, s := range found {
		total += s.score
	}
	slices.SortStableFunc(found, func(a, b suspect) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(b.begun, a.begun), cmp.Compare(a.Deployment+a.Flag, b.Deployment+b.Flag))
	})
	var out []plimsoll.Candidate
	for _, s := range found {
		if s.Probability = rounded(s.score / total); s.Probability >= leastProbability {
			out = append(out, s.Candidate)
		}
	}
	none = rounded(none / total)
	return out, &none
}

// rounded cuts a probability to four digits, downwards, so that no sum exceeds 1.
func rounded(p float64) float64 { return math.Floor(p*1e4+1e-6) / 1e4 }

// fading is how suspect a change is some time after its end, against one that
// is being rolled out: harm shows soon or takes long, so it falls like 1/t.
func (w *weighing) fading(since time.Duration) float64 {
	return float64(w.calm) / float64(w.calm+max(since, 0))
}

// deployments weighs the deployments in reach that began before the incident.
func (in *IncidentInput) deployments(w *weighing) []suspect {
	r, begun := in.Report, in.Report.BegunAt()
	limit := plimsoll.Time(in.Settings.AttributeLimit().Microseconds())
	against := map[string][]plimsoll.Evidence{}
	for _, e := range in.Evidence {
		against[e.Deployment] = append(against[e.Deployment], e)
	}
	var out []suspect
	after := map[string]int{} // deployments of a service since, by service
	fixed := map[string]bool{}
	for _, d := range slices.Backward(in.Deployments) {
		distance, reached := in.Reach[d.Service]
		if !reached || !d.Production {
			continue
		}
		if d.BegunAt() > begun {
			fixed[d.Service] = fixed[d.Service] || d.Fixes == r.ID && d.BegunAt() <= begun.Add(Aftermath)
			continue
		}
		running := d.Result == plimsoll.ResultRunning && d.Kind != plimsoll.KindRollback && d.Kind != plimsoll.KindRedeploy
		if !d.Judged && !running || begun-d.EndedAt() > limit {
			continue
		}
		s := suspect{begun: d.BegunAt(), score: 1}
		s.Kind, s.Deployment, s.Service = plimsoll.CandidateDeployment, d.ID, d.Service
		s.placed(&d, after[d.Service], begun, w)
		if distance > 0 {
			s.sign(math.Pow(w.dependency, float64(distance)), "%s depends on %s%s", strings.Join(r.Services, ", "), d.Service, steps(distance))
		}
		switch {
		case r.Environment == "" || d.Environment == r.Environment || isClass(r.Environment):
			after[d.Service]++
		default:
			s.sign(w.elsewhere, "it went to %s, the incident is in %s", d.Environment, r.Environment)
		}
		in.judge(&s, &d, w)
		in.aftermath(&s, against[d.ID], fixed[d.Service], w)
		if what := mentioned(r, &d); what != "" {
			s.sign(w.mentioned, "the incident mentions %s", what)
		}
		in.besides(&s, w)
		out = append(out, s)
	}
	return out
}

// isClass reports whether the name of an environment is that of all production,
// not of one region.
func isClass(environment string) bool {
	e := strings.ToLower(environment)
	return e == "production" || e == "prod" || e == "prd" || e == "live"
}

func steps(n int) string {
	if n == 1 {
		return ""
	}
	return fmt.Sprintf(" over %d steps", n)
}

// placed weighs where in time a deployment stands.
func (s *suspect) placed(d *plimsoll.Deployment, later int, begun plimsoll.Time, w *weighing) {
	which := "last deployment"
	if later > 0 {
		which = fmt.Sprintf("deployment %d before the last", later)
		s.score *= math.Pow(w.superseded, float64(later))
	}
	s.sign(w.fading(begun.Sub(d.EndedAt())), "%s of %s before the incident, %s", which, d.Service, since(d.BegunAt(), begun))
	if d.Result == plimsoll.ResultRunning || d.EndedAt() > d.BegunAt() && d.EndedAt() >= begun {
		s.sign(w.rolling, "its roll-out was under way")
	}
}

// judge weighs what is known of the deployment itself.
func (in *IncidentInput) judge(s *suspect, d *plimsoll.Deployment, w *weighing) {
	switch d.Result {
	case plimsoll.ResultFailure:
		s.sign(w.broken, "its roll-out failed")
	case plimsoll.ResultAborted:
		s.sign(w.broken, "its roll-out was aborted")
	}
	switch {
	case d.Kind == plimsoll.KindConfig && d.Labels[plimsoll.LabelUserEffect] == "none":
		s.sign(w.noEffect, "it is labelled as without effect on users")
	case d.Verdict == plimsoll.VerdictHarmful:
		s.sign(w.harmful, "its verdict is harmful")
	case d.Verdict == plimsoll.VerdictSuspicious:
		s.sign(w.suspicious, "its verdict is suspicious")
	case d.Verdict == plimsoll.VerdictHarmless:
		s.sign(w.harmless, "its verdict is harmless")
	}
}

// aftermath weighs what was done about the deployment since. Each kind of sign
// counts once.
func (in *IncidentInput) aftermath(s *suspect, against []plimsoll.Evidence, fixed bool, w *weighing) {
	begun := in.Report.BegunAt()
	slices.SortFunc(against, func(a, b plimsoll.Evidence) int { return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.ID, b.ID)) })
	seen := map[string]bool{}
	once := func(name string) bool { first := !seen[name]; seen[name] = true; return first }
	for _, e := range against {
		if !e.Accepted || e.Kind != plimsoll.EvidenceRollback && e.Kind != plimsoll.EvidenceHotfix || e.At > begun.Add(Aftermath) {
			continue
		}
		switch {
		case e.At < begun && e.Kind == plimsoll.EvidenceRollback && once("gone"):
			s.sign(w.gone, "it had been taken back before, %s", e.At)
		case e.At < begun:
		case e.Kind == plimsoll.EvidenceRollback && once("taken back"):
			s.sign(w.takenBack, "it was taken back %s later", length(begun, e.At))
		case e.Kind == plimsoll.EvidenceHotfix && once("repaired"):
			s.sign(w.repaired, "a hotfix followed %s later", length(begun, e.At))
		}
		if e.At >= begun && in.fixes(e.Cause) && once("fixed") {
			s.sign(w.fixedBy, "by %s, which is said to fix this incident", e.Cause)
		}
	}
	if fixed && once("fixed") {
		s.sign(w.fixedThere, "a later deployment of %s is said to fix this incident", s.Service)
	}
}

// fixes reports whether a deployment is said to fix the incident.
func (in *IncidentInput) fixes(id string) bool {
	return slices.ContainsFunc(in.Deployments, func(d plimsoll.Deployment) bool { return d.ID == id && d.Fixes == in.Report.ID })
}

// besides weighs other incidents that began at the same time.
func (in *IncidentInput) besides(s *suspect, w *weighing) {
	n := 0
	for _, reach := range in.Beside {
		if _, ok := reach[s.Service]; ok && n < w.mostBesides {
			n++
		}
	}
	if n > 0 {
		s.sign(math.Pow(w.together, float64(n)), "%d other incident(s) at that time are in its reach", n)
	}
}

func since(from, to plimsoll.Time) string { return length(from, to) + " after it began" }

// length is a span in words.
func length(from, to plimsoll.Time) string {
	d := to.Sub(from).Round(time.Minute)
	if d < time.Hour {
		return fmt.Sprintf("%d min", int(d.Minutes()))
	}
	return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
}
