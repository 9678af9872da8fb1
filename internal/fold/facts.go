package fold

import (
	"slices"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/derive"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// timeline derives the deployments of a service.
func (f *Folder) timeline(tx *store.Tx, service string) (*work, error) {
	in := derive.TimelineInput{}
	var err error
	if in.Settings, err = tx.Settings(); err != nil {
		return nil, err
	}
	if in.Service, err = tx.Service(service); err != nil {
		return nil, err
	}
	r, err := f.mem.service(tx, service)
	if err != nil {
		return nil, err
	}
	in.Deployments = r.reports
	follow, err := f.mem.repos.find(tx, in.Service, in.Deployments)
	if err != nil {
		return nil, err
	}
	in.Home = follow.home
	if in.Repositories, err = f.mem.repos.get(tx, follow.names); err != nil {
		return nil, err
	}
	out := derive.Timeline(in)
	w := &work{rows: len(out.Deployments) + len(out.Deliveries) + len(out.Evidence)}
	w.write = func(tx *store.Tx, w *work, seq int64) error {
		if err := tx.Fault("derive:timeline"); err != nil {
			return err
		}
		changed, err := writeTimeline(tx, service, r, out, w.since, seq)
		if err != nil {
			return err
		}
		if changed {
			if err := tx.MarkDirty(stepOutcome, service, w.since); err != nil {
				return err
			}
		}
		if r.written != nil && r.follow.equal(follow) {
			return nil
		}
		return tx.Follow(service, follow.names, follow.wanted)
	}
	w.committed = func() { r.written, r.follow = &out, follow }
	return w, nil
}

// writeTimeline writes the facts of a service, and notes every incident that
// may now be held against another deployment.
func writeTimeline(tx *store.Tx, service string, r *remembered, out derive.TimelineOutput, since, seq int64) (bool, error) {
	if r.written == nil {
		span, changed, err := tx.PutTimeline(service, out.Deployments, out.Deliveries, out.Evidence, seq)
		if err != nil || !changed {
			return false, err
		}
		return true, touchAll(tx, service, span, since)
	}
	before, after := r.difference(out)
	span, changed, err := tx.PatchTimeline(service, before, after, seq)
	if err != nil || !changed || len(before.Deployments)+len(after.Deployments) == 0 {
		return changed, err
	}
	return true, touchChanged(tx, service, span, append(before.Deployments, after.Deployments...), since)
}

// touchAll notes the incidents of a service of which nobody remembers what
// changed: those that began after the first deployment that did, those that
// name a deployment of it, and those that are held against one of it now,
// whatever they named it by.
func touchAll(tx *store.Tx, service string, span plimsoll.Window, since int64) error {
	later, err := tx.IncidentsSince(service, span.From)
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
	ids := append(later, naming...)
	for _, i := range held {
		ids = append(ids, i.ID)
	}
	return markIncidents(tx, ids, since)
}

// touchChanged notes the incidents of a service that began after the first
// deployment that changed, and those that name one that changed by anything it
// was or is called.
func touchChanged(tx *store.Tx, service string, span plimsoll.Window, changed []plimsoll.Deployment, since int64) error {
	ids, err := tx.IncidentsSince(service, span.From)
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

func markIncidents(tx *store.Tx, ids []string, since int64) error {
	for _, id := range ids {
		if err := tx.MarkDirty(stepIncident, id, since); err != nil {
			return err
		}
	}
	return nil
}

// incident derives which deployment an incident is held against.
func (f *Folder) incident(tx *store.Tx, id string) (*work, error) {
	report, known, err := tx.ReportedIncident(id)
	if err != nil || !known {
		return nil, err
	}
	settings, err := tx.Settings()
	if err != nil {
		return nil, err
	}
	candidates, err := candidates(tx, report, settings)
	if err != nil {
		return nil, err
	}
	fact := derive.Attribute(report, candidates, settings)
	before, _, err := tx.Incident(id)
	if err != nil {
		return nil, err
	}
	return &work{rows: 10, write: func(tx *store.Tx, w *work, seq int64) error {
		changed, err := tx.PutIncidentFact(fact, seq)
		if err != nil || !changed {
			return err
		}
		for _, service := range []string{before.CauseService, fact.CauseService} {
			if service == "" {
				continue
			}
			if err := tx.MarkDirty(stepOutcome, service, w.since); err != nil {
				return err
			}
		}
		return nil
	}}, nil
}

// candidates returns the deployments that an incident may be held against.
func candidates(tx *store.Tx, r plimsoll.IncidentReport, set plimsoll.Settings) ([]plimsoll.Deployment, error) {
	if r.CausedBy != "" {
		return tx.DeploymentsNamed(r.CausedBy)
	}
	var out []plimsoll.Deployment
	begun := r.BegunAt()
	for _, s := range r.Services {
		ds, err := tx.DeploymentsAround(s, begun.Add(-set.AttributeLimit()), begun)
		if err != nil {
			return nil, err
		}
		out = append(out, ds...)
	}
	return out, nil
}

// outcome derives which deployments of a service failed, and for how long.
func (f *Folder) outcome(tx *store.Tx, service string) (*work, error) {
	var in derive.OutcomeInput
	var err error
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
	out := derive.Outcome(in)
	return &work{rows: len(in.Deployments), write: func(tx *store.Tx, w *work, seq int64) error {
		return tx.PutOutcome(service, out.Evidence, out.Failures, seq)
	}}, nil
}
