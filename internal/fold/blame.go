package fold

import (
	"cmp"
	"math"
	"slices"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/derive"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// mostBeside bounds how many incidents at the same time are looked at; when
// there are more, all of them have one cause or nobody can tell.
const mostBeside = 10

// incident derives which deployment an incident is held against.
func (f *Folder) incident(tx *store.Tx, id string) (*work, error) {
	report, known, err := tx.ReportedIncident(id)
	if err != nil || !known {
		return nil, err
	}
	in, err := incidentInput(tx, report)
	if err != nil {
		return nil, err
	}
	fact := derive.Attribute(in)
	before, _, err := tx.Incident(id)
	if err != nil {
		return nil, err
	}
	return &work{rows: 10, write: func(tx *store.Tx, w *work, seq int64) error {
		changed, err := tx.PutIncidentFact(fact, seq)
		if err != nil || !changed {
			return err
		}
		for _, c := range append(slices.Clone(before.Candidates), fact.Candidates...) {
			if c.Deployment == "" {
				continue
			}
			if err := tx.MarkDirty(stepOutcome, c.Service, w.since); err != nil {
				return err
			}
		}
		return nil
	}}, nil
}

// incidentInput reads what an incident may be held against, and the signs for
// and against each.
func incidentInput(tx *store.Tx, r plimsoll.IncidentReport) (in derive.IncidentInput, err error) {
	in.Report = r
	if in.Settings, err = tx.Settings(); err != nil {
		return in, err
	}
	if in.Words, err = tx.WordsOn(r.ID); err != nil {
		return in, err
	}
	begun := r.BegunAt()
	if r.CausedBy != "" {
		if in.Deployments, err = tx.DeploymentsNamed(r.CausedBy); err != nil || !derive.IsAddress(r.CausedBy) {
			return in, err
		}
	}
	if !begun.Known() {
		return in, nil
	}
	if in.Reach, err = reach(r.Services, mostReached, tx.DependenciesOf); err != nil {
		return in, err
	}
	earliest, latest := begun.Add(-in.Settings.AttributeLimit()), begun.Add(derive.Aftermath)
	for _, service := range sortedNames(in.Reach) {
		ds, err := tx.DeploymentsAround(service, earliest, latest)
		if err != nil {
			return in, err
		}
		in.Deployments = append(in.Deployments, ds...)
	}
	if r.CausedBy != "" {
		return in, nil
	}
	for _, d := range in.Deployments {
		es, err := tx.EvidenceOf(d.ID)
		if err != nil {
			return in, err
		}
		for _, e := range es {
			// That of incidents follows from this very step.
			if e.Kind != plimsoll.EvidenceIncident {
				in.Evidence = append(in.Evidence, e)
			}
		}
	}
	if in.Flags, err = tx.Flags(earliest, latest); err != nil {
		return in, err
	}
	in.Beside, err = beside(tx, r)
	return in, err
}

// beside returns the reach of the other incidents that began when r did.
func beside(tx *store.Tx, r plimsoll.IncidentReport) (out []map[string]int, err error) {
	begun := r.BegunAt()
	ids, err := tx.IncidentsBetween(begun.Add(-derive.Together), begun.Add(derive.Together))
	if err != nil || len(ids) > mostBeside {
		return nil, err
	}
	for _, id := range ids {
		if id == r.ID {
			continue
		}
		other, _, err := tx.ReportedIncident(id)
		if err != nil {
			return nil, err
		}
		// A second report of the same trouble says nothing new.
		if len(other.Services) == 0 || slices.ContainsFunc(other.Services, func(s string) bool { return slices.Contains(r.Services, s) }) {
			continue
		}
		far, err := reach(other.Services, mostReached, tx.DependenciesOf)
		if err != nil {
			return nil, err
		}
		out = append(out, far)
	}
	return out, nil
}

// mostReached bounds the services that are looked at for one incident.
const mostReached = 200

// reach walks from services along next, step by step, to at most most services,
// and returns how many steps away each one is.
func reach(from []string, most int, next func(string) ([]string, error)) (map[string]int, error) {
	out := map[string]int{}
	for _, s := range from {
		out[s] = 0
	}
	edge := slices.Compact(slices.Sorted(slices.Values(from)))
	for distance := 1; distance <= derive.MostDistance && len(edge) > 0; distance++ {
		var following []string
		for _, s := range edge {
			names, err := next(s)
			if err != nil {
				return nil, err
			}
			for _, n := range names {
				if _, known := out[n]; !known && len(out) < most {
					out[n] = distance
					following = append(following, n)
				}
			}
		}
		slices.Sort(following)
		edge = following
	}
	return out, nil
}

func sortedNames(m map[string]int) []string {
	names := make([]string, 0, len(m))
	for n := range m {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// touchAll notes the incidents of which nobody remembers what changed at a
// service: those of it and of what depends on it, from the aftermath of the
// first deployment that did, those that name a deployment of it, and those that
// have one of it among their candidates now, whatever they named it by.
func touchAll(tx *store.Tx, service string, span plimsoll.Window, since int64) error {
	ids, err := inReach(tx, service, span.From)
	if err != nil {
		return err
	}
	naming, err := tx.IncidentsNamingDeploymentsOf(service)
	if err != nil {
		return err
	}
	held, err := tx.IncidentsOf(service)
	if err != nil {
		return err
	}
	ids = append(ids, naming...)
	for _, i := range held {
		ids = append(ids, i.ID)
	}
	return markIncidents(tx, ids, since)
}

// touchChanged notes the incidents that began from the aftermath of the first
// deployment that changed, at the service and at what depends on it, and those
// that name one that changed by anything it was or is called.
func touchChanged(tx *store.Tx, service string, span plimsoll.Window, changed []plimsoll.Deployment, since int64) error {
	ids, err := inReach(tx, service, span.From)
	if err != nil {
		return err
	}
	asked := map[string]bool{"": true}
	for _, d := range changed {
		for _, name := range append([]string{d.ID, d.CommitSHA, d.Version}, d.Aliases...) {
			if asked[name] {
				continue
			}
			asked[name] = true
			naming, err := tx.IncidentsNaming(name)
			if err != nil {
				return err
			}
			ids = append(ids, naming...)
		}
	}
	return markIncidents(tx, ids, since)
}

// inReach returns the incidents that a deployment of a service may explain if
// it changed at from or later. What is done about an incident comes after it,
// so they begin the aftermath before.
func inReach(tx *store.Tx, service string, from plimsoll.Time) ([]string, error) {
	services, err := reach([]string{service}, math.MaxInt, tx.Dependents)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, s := range sortedNames(services) {
		later, err := tx.IncidentsSince(s, from.Add(-derive.Aftermath))
		if err != nil {
			return nil, err
		}
		ids = append(ids, later...)
	}
	return ids, nil
}

func markIncidents(tx *store.Tx, ids []string, since int64) error {
	slices.Sort(ids)
	for _, id := range slices.Compact(ids) {
		if err := tx.MarkDirty(stepIncident, id, since); err != nil {
			return err
		}
	}
	return nil
}

// outcome derives which deployments of a service failed, and for how long.
func (f *Folder) outcome(tx *store.Tx, service string) (*work, error) {
	var in derive.OutcomeInput
	var err error
	if in.Settings, err = tx.Settings(); err != nil {
		return nil, err
	}
	if r := f.mem.services[service]; r != nil && r.written != nil {
		in.Deployments, in.Evidence = slices.Clone(r.written.Deployments), r.written.Evidence
	} else {
		if in.Deployments, err = tx.ServiceDeployments(service); err != nil {
			return nil, err
		}
		if in.Evidence, err = tx.TimelineEvidence(service); err != nil {
			return nil, err
		}
	}
	if in.Incidents, err = tx.IncidentsOf(service); err != nil {
		return nil, err
	}
	if in.Words, err = tx.WordsOf(service); err != nil {
		return nil, err
	}
	out := derive.Outcome(in)
	return &work{rows: len(in.Deployments), write: func(tx *store.Tx, w *work, seq int64) error {
		return tx.PutOutcome(service, out.Evidence, out.Failures, seq)
	}}, nil
}

// flag takes a change of a flag: every incident near it may have it as a
// candidate, and those before it may have it as their end.
func (b *batch) flag(r *plimsoll.Record) error {
	rs, err := reports[plimsoll.FlagReport](b, r, nil)
	if err != nil || len(rs) == 0 {
		return err
	}
	f := plimsoll.Combine(rs)
	f.ID = r.Subject
	before, err := b.tx.PutFlag(f)
	if err != nil {
		return err
	}
	set, err := b.tx.Settings()
	if err != nil {
		return err
	}
	for _, at := range []plimsoll.Time{before, f.At} {
		if !at.Known() {
			continue
		}
		ids, err := b.tx.IncidentsBetween(at.Add(-derive.Aftermath), at.Add(set.AttributeLimit()))
		if err != nil {
			return err
		}
		if err := b.dirty(stepIncident, ids...); err != nil {
			return err
		}
	}
	return nil
}

// verdict takes a verdict: what a deployment is known for has changed.
func (b *batch) verdict(r *plimsoll.Record) error {
	rs, err := reports[plimsoll.VerdictReport](b, r, nil)
	if err != nil || len(rs) == 0 {
		return err
	}
	v := plimsoll.Combine(rs)
	if err := b.tx.PutVerdict(r.Subject, v); err != nil {
		return err
	}
	service, err := b.tx.ServiceOf(v.Deployment)
	if err != nil || service == "" {
		return err
	}
	return b.dirty(stepTimeline, service)
}

// confirmation takes the words of persons on a piece of evidence: all of them,
// the latest last.
func (b *batch) confirmation(r *plimsoll.Record) error {
	rs, err := reports[plimsoll.ConfirmationReport](b, r, nil)
	if err != nil || len(rs) == 0 {
		return err
	}
	slices.SortFunc(rs, func(a, c plimsoll.Stamped[plimsoll.ConfirmationReport]) int {
		return cmp.Or(cmp.Compare(a.At, c.At), slices.Compare(a.Hash[:], c.Hash[:]))
	})
	// The same word that came under two names is one word.
	rs = slices.CompactFunc(rs, func(a, c plimsoll.Stamped[plimsoll.ConfirmationReport]) bool { return a.Hash == c.Hash })
	words := make([]plimsoll.Word, len(rs))
	for i, s := range rs {
		words[i] = plimsoll.Word{ConfirmationReport: s.Report, At: s.At}
		words[i].Evidence = r.Subject
	}
	if err := b.tx.PutWords(r.Subject, words); err != nil {
		return err
	}
	last := words[len(words)-1]
	if last.Kind == plimsoll.EvidenceIncident {
		if err := b.dirty(stepIncident, last.Cause); err != nil {
			return err
		}
	}
	service, err := b.tx.ServiceOf(last.Deployment)
	if err != nil || service == "" {
		return err
	}
	if err := b.dirty(stepTimeline, service); err != nil {
		return err
	}
	return b.dirty(stepOutcome, service)
}
