package store

import "github.com/plimsoll-dev/plimsoll"

// Timeline is part of what PutTimeline writes.
type Timeline struct {
	Deployments []plimsoll.Deployment
	Leads       []plimsoll.Delivery
	Evidence    []plimsoll.Evidence
}

// PatchTimeline does what PutTimeline does for a caller who knows what the
// current facts of the service are: before holds those that change or end,
// after those that change or begin. It costs by the difference, not by the
// length of the record.
func (tx *Tx) PatchTimeline(service string, before, after Timeline, seq int64) (span plimsoll.Window, ok bool, err error) {
	old, err := deploymentRows(before.Deployments)
	if err != nil {
		return span, false, err
	}
	rows, err := deploymentRows(after.Deployments)
	if err != nil {
		return span, false, err
	}
	span, ok, err = tx.patch(deploymentTable, []any{service}, old, rows, seq)
	if err != nil {
		return span, ok, err
	}
	err = tx.deploymentsWritten(service, span, ok, seq, func() error {
		return tx.patchAliases(service, before.Deployments, after.Deployments)
	})
	if err != nil {
		return span, ok, err
	}
	leads, moved, err := tx.patch(leadTable, []any{service}, leadRows(before.Leads), leadRows(after.Leads), seq)
	if err == nil && moved {
		err = tx.noteChange(service, FactLeadTimes, leads, seq)
	}
	if err != nil {
		return span, ok, err
	}
	changed, err := tx.patchEvidence(service, before.Evidence, after.Evidence, seq)
	return span, ok || changed, err
}

func (tx *Tx) patchEvidence(service string, before, after []plimsoll.Evidence, seq int64) (bool, error) {
	old, err := evidenceRows(before)
	if err != nil {
		return false, err
	}
	rows, err := evidenceRows(after)
	if err != nil {
		return false, err
	}
	span, ok, err := tx.patch(evidenceTable, []any{service, "timeline"}, old, rows, seq)
	if err != nil || !ok {
		return ok, err
	}
	return true, tx.noteChange(service, FactEvidence, span, seq)
}

// patch makes rows take the place of the current ones that have their names or
// those of old.
func (tx *Tx) patch(t table, group []any, old, rows []version, seq int64) (span plimsoll.Window, ok bool, err error) {
	known := map[string]known{}
	by := append(append([]string(nil), t.group...), t.key...)
	for _, list := range [][]version{old, rows} {
		for _, v := range list {
			if _, read := known[nameOf(v.key)]; read {
				continue
			}
			if err := tx.readCurrent(t, by, append(append([]any(nil), group...), v.key...), known); err != nil {
				return span, false, err
			}
		}
	}
	return tx.change(t, group, known, rows, seq)
}

func (tx *Tx) patchAliases(service string, before, after []plimsoll.Deployment) error {
	for _, d := range before {
		for _, a := range d.Aliases {
			if err := tx.write(`DELETE FROM deployment_ids WHERE org = ? AND alias = ? AND service = ?`, tx.org, a, service); err != nil {
				return err
			}
		}
	}
	return tx.addAliases(service, after)
}

// IncidentsNaming returns the ids of the incidents whose stated cause is that
// name.
func (tx *Tx) IncidentsNaming(name string) ([]string, error) {
	return tx.strings(`SELECT id FROM incident_reports WHERE org = ? AND caused_by = ? ORDER BY id`, name)
}

// AnyWanted reports whether any service waits for a commit.
func (tx *Tx) AnyWanted() (bool, error) {
	var one int
	return tx.one(`SELECT 1 FROM wanted_commits WHERE org = ? LIMIT 1`, tx.args(), &one)
}
