package fold

import (
	"reflect"
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
	if in.Verdicts, err = r.allVerdicts(tx); err != nil {
		return nil, err
	}
	if in.Words, err = tx.WordsOf(service); err != nil {
		return nil, err
	}
	if in.Analyses, err = tx.ReportedAnalyses(service); err != nil {
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
		if r.written == nil || !slices.EqualFunc(r.written.Analyses, out.Analyses, sameAnalysis) {
			if err := tx.PutAnalyses(service, out.Analyses, seq); err != nil {
				return err
			}
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

func sameAnalysis(a, b plimsoll.Analysis) bool { return reflect.DeepEqual(a, b) }

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
	if err != nil || !changed {
		return changed, err
	}
	// A sign against a deployment is one for an incident, too.
	for _, e := range append(before.Evidence, after.Evidence...) {
		span.From = plimsoll.First(span.From, e.At)
	}
	return true, touchChanged(tx, service, span, append(before.Deployments, after.Deployments...), since)
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
