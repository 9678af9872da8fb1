package fold

import (
	"math"
	"slices"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/derive"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

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
