package fold

import (
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
