package store

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// The kinds of fact that fact_changes tells apart.
const (
	FactDeployments = "deployments"
	FactLeadTimes   = "lead_times"
	FactEvidence    = "evidence"
	FactIncidents   = "incidents"
	FactFailures    = "failures"
	FactAnalyses    = "analyses"
)

// PutTimeline makes deployments, lead times and evidence the current facts of a
// service as of event seq. It returns the span of time in which deployments
// changed; ok is false when none did.
func (tx *Tx) PutTimeline(service string, deployments []plimsoll.Deployment, leads []plimsoll.Delivery, evidence []plimsoll.Evidence, seq int64) (span plimsoll.Window, ok bool, err error) {
	rows, err := deploymentRows(deployments)
	if err != nil {
		return span, false, err
	}
	span, ok, err = tx.replace(deploymentTable, []any{service}, rows, seq)
	if err != nil {
		return span, ok, err
	}
	err = tx.deploymentsWritten(service, span, ok, seq, func() error { return tx.putAliases(service, deployments) })
	if err != nil {
		return span, ok, err
	}
	if err := tx.putLeads(service, leads, seq); err != nil {
		return span, ok, err
	}
	changed, err := tx.putEvidence(service, "timeline", evidence, seq)
	return span, ok || changed, err
}

// deploymentsWritten notes the change, if there was one, and writes the aliases.
func (tx *Tx) deploymentsWritten(service string, span plimsoll.Window, changed bool, seq int64, aliases func() error) error {
	if changed {
		if err := tx.noteChange(service, FactDeployments, span, seq); err != nil {
			return err
		}
		if err := aliases(); err != nil {
			return err
		}
	}
	return tx.Fault("derive:deployments")
}

func deploymentRows(deployments []plimsoll.Deployment) ([]version, error) {
	rows := make([]version, 0, len(deployments))
	for _, d := range deployments {
		doc, err := json.Marshal(d)
		if err != nil {
			return nil, err
		}
		rows = append(rows, version{
			key: []any{d.ID},
			rest: []any{d.Environment, d.Production, d.Team, string(d.Kind), string(d.Result), d.Counted, d.Judged,
				d.BegunAt(), d.EndedAt(), d.OldestAt, d.Version, d.CommitSHA, string(d.Coverage), d.Fixes != "", d.IsPlanned(), d.StartedAt.Known(),
				micros(d.Took()), micros(d.Stood()), micros(d.ToFull()), d.GroupID, string(doc)},
			from: d.BegunAt(), to: d.EndedAt(), labels: d.Labels,
		})
	}
	return rows, nil
}

// micros is a duration as the tables keep it, −1 when it is not known.
func micros(d time.Duration, known bool) int64 {
	if !known {
		return -1
	}
	return d.Microseconds()
}

func (tx *Tx) putAliases(service string, deployments []plimsoll.Deployment) error {
	if err := tx.write(`DELETE FROM deployment_ids WHERE org = ? AND service = ?`, tx.org, service); err != nil {
		return err
	}
	return tx.addAliases(service, deployments)
}

func (tx *Tx) addAliases(service string, deployments []plimsoll.Deployment) error {
	for _, d := range deployments {
		for _, a := range d.Aliases {
			if err := tx.write(`INSERT INTO deployment_ids (org, alias, id, service) VALUES (?, ?, ?, ?)
				ON CONFLICT (org, alias) DO UPDATE SET id = excluded.id, service = excluded.service`, tx.org, a, d.ID, service); err != nil {
				return err
			}
		}
	}
	return nil
}

func (tx *Tx) putLeads(service string, leads []plimsoll.Delivery, seq int64) error {
	span, ok, err := tx.replace(leadTable, []any{service}, leadRows(leads), seq)
	if err != nil || !ok {
		return err
	}
	return tx.noteChange(service, FactLeadTimes, span, seq)
}

func leadRows(leads []plimsoll.Delivery) []version {
	rows := make([]version, 0, len(leads))
	for _, l := range leads {
		rows = append(rows, version{
			key: []any{string(l.Basis), l.Repository, l.Key},
			rest: []any{l.StartAt, l.CommittedAt, l.DeliveredAt, l.ExposedAt, l.Deployment, l.PullRequest, l.Bot, l.Team,
				l.FirstCommitAt, l.OpenedAt, l.FirstReviewAt, l.ApprovedAt, l.MergedAt, l.BuiltAt, l.StagedAt, l.ReadyAt, l.DeployStartedAt},
			from: l.StartAt, to: l.DeliveredAt,
		})
	}
	return rows
}

func (tx *Tx) putEvidence(service, step string, evidence []plimsoll.Evidence, seq int64) (bool, error) {
	rows, err := evidenceRows(evidence)
	if err != nil {
		return false, err
	}
	span, ok, err := tx.replace(evidenceTable, []any{service, step}, rows, seq)
	if err != nil || !ok {
		return ok, err
	}
	return true, tx.noteChange(service, FactEvidence, span, seq)
}

func evidenceRows(evidence []plimsoll.Evidence) ([]version, error) {
	rows := make([]version, 0, len(evidence))
	for _, e := range evidence {
		doc, err := json.Marshal(e)
		if err != nil {
			return nil, err
		}
		rows = append(rows, version{
			key:  []any{e.ID},
			rest: []any{e.Deployment, string(e.Kind), e.Accepted, string(e.Status), e.At, string(doc)},
			from: e.At, to: e.At,
		})
	}
	return rows, nil
}

// PutIncidentFact makes an incident a current fact as of event seq; ok is false
// when it was that already.
func (tx *Tx) PutIncidentFact(i plimsoll.Incident, seq int64) (ok bool, err error) {
	before, existed, err := tx.Incident(i.ID)
	if err != nil {
		return false, err
	}
	doc, err := json.Marshal(i)
	if err != nil {
		return false, err
	}
	span, ok, err := tx.replace(incidentTable, []any{i.ID}, []version{{
		rest: []any{i.Production, i.BegunAt(), i.RestoredAt, i.Severity, i.AttributedTo, i.CauseService, string(doc)},
		from: i.BegunAt(), to: i.RestoredAt, labels: i.Labels,
	}}, seq)
	if err != nil || !ok {
		return ok, err
	}
	if err := tx.putCandidates(i); err != nil {
		return true, err
	}
	// It changes for every service that it belongs to or belonged to, and for "" if that was none.
	services := belongsTo(i)
	if existed {
		services = append(services, belongsTo(before)...)
	}
	slices.Sort(services)
	services = slices.Compact(services)
	for _, s := range services {
		if err := tx.noteChange(s, FactIncidents, span, seq); err != nil {
			return true, err
		}
	}
	return true, nil
}

// belongsTo are the services of an incident, or "" when it has none.
func belongsTo(i plimsoll.Incident) []string {
	out := slices.Clone(i.Services)
	if i.CauseService != "" || len(out) == 0 {
		out = append(out, i.CauseService)
	}
	return out
}

// PutOutcome makes the failures of a service, and the evidence that incidents
// give, current facts as of event seq.
func (tx *Tx) PutOutcome(service string, evidence []plimsoll.Evidence, failures []plimsoll.Failure, seq int64) error {
	if _, err := tx.putEvidence(service, "outcome", evidence, seq); err != nil {
		return err
	}
	rows := make([]version, 0, len(failures))
	for _, f := range failures {
		doc, err := json.Marshal(f)
		if err != nil {
			return err
		}
		rows = append(rows, version{
			key:  []any{f.ID},
			rest: []any{f.Team, f.FailedAt, f.RestoredAt, f.Severity, f.DetectedAt, f.DiagnosedAt, f.FixBegunAt, f.FixEndedAt, f.ResolvedAt, string(doc)},
			from: f.FailedAt, to: f.RestoredAt, parts: f.Deployments,
		})
	}
	span, ok, err := tx.replace(failureTable, []any{service}, rows, seq)
	if err != nil || !ok {
		return err
	}
	return tx.noteChange(service, FactFailures, span, seq)
}

// keptChanges is how many changes of facts are kept for whoever follows them. To follow more would take
// longer than to begin anew.
const keptChanges = 200_000

func (tx *Tx) noteChange(service, kind string, span plimsoll.Window, seq int64) error {
	num, err := tx.next("fact_change")
	if err != nil {
		return err
	}
	if err := tx.write(`INSERT INTO fact_changes (org, num, seq, service, kind, from_at, to_at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		tx.org, num, seq, service, kind, span.From, span.To); err != nil {
		return err
	}
	err = tx.write(`DELETE FROM fact_changes WHERE org = ? AND num <= ?`, tx.org, num-keptChanges)
	return err
}

// Forget removes every fact and report, and puts the cursor back to the start,
// so that all of it is folded again from the log.
func (tx *Tx) Forget(cursor string) error {
	for _, t := range []string{
		"deployment_reports", "changes", "pull_requests", "incident_reports", "incident_services", "services", "settings",
		"service_repositories", "wanted_commits", "deployments", "deployment_ids", "lead_times", "evidence", "incidents",
		"failures", "fact_changes", "moments", "dirty", "targets", "flag_reports", "verdict_reports", "confirmations",
		"service_dependencies", "incident_candidates", "analysis_reports", "analyses",
		"fact_marks", "service_labels",
	} {
		if err := tx.write(`DELETE FROM `+t+` WHERE org = ?`, tx.org); err != nil {
			return err
		}
	}
	if err := tx.write(`DELETE FROM parked WHERE org = ? AND cursor = ?`, tx.org, cursor); err != nil {
		return err
	}
	// The numbers go on, with one that nobody will find: who follows the changes
	// must see that some are gone.
	if _, err := tx.next("fact_change"); err != nil {
		return err
	}
	return tx.SetCursor(cursor, 0)
}
