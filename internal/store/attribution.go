package store

import (
	"encoding/json"

	"github.com/plimsoll-dev/plimsoll"
)

// PutFlag keeps a change of a flag as all its reports add up to it, and returns
// when it was said to be before, unknown if it is new.
func (tx *Tx) PutFlag(f plimsoll.FlagReport) (before plimsoll.Time, err error) {
	if _, err := tx.one(`SELECT at FROM flag_reports WHERE org = ? AND id = ?`, tx.args(f.ID), &before); err != nil {
		return 0, err
	}
	doc, err := json.Marshal(f)
	if err != nil {
		return 0, err
	}
	err = tx.write(`INSERT INTO flag_reports (org, id, at, doc) VALUES (?, ?, ?, ?)
		ON CONFLICT (org, id) DO UPDATE SET at = excluded.at, doc = excluded.doc`, tx.org, f.ID, f.At, doc)
	return before, err
}

// Flags returns the changes of flags within a span, both ends included.
func (tx *Tx) Flags(from, to plimsoll.Time) ([]plimsoll.FlagReport, error) {
	return docs[plimsoll.FlagReport](tx, `SELECT doc FROM flag_reports WHERE org = ? AND at >= ? AND at <= ? ORDER BY id`, max(from, 1), to)
}

// PutVerdict keeps the latest verdict of a subject, which is one deployment and
// one indicator.
func (tx *Tx) PutVerdict(subject string, v plimsoll.VerdictReport) error {
	doc, err := json.Marshal(v)
	if err != nil {
		return err
	}
	err = tx.write(`INSERT INTO verdict_reports (org, subject, deployment, doc) VALUES (?, ?, ?, ?)
		ON CONFLICT (org, subject) DO UPDATE SET deployment = excluded.deployment, doc = excluded.doc`, tx.org, subject, v.Deployment, doc)
	return err
}

// VerdictsOf returns the verdicts on deployments that were reported of a
// service.
func (tx *Tx) VerdictsOf(service string) ([]plimsoll.VerdictReport, error) {
	return docs[plimsoll.VerdictReport](tx, `SELECT v.doc FROM deployment_reports d CROSS JOIN verdict_reports v ON v.org = d.org AND v.deployment = d.id
		WHERE d.org = ? AND d.service = ? ORDER BY v.subject`, service)
}

// VerdictsOn returns the verdicts that name a deployment.
func (tx *Tx) VerdictsOn(deployment string) ([]plimsoll.VerdictReport, error) {
	return docs[plimsoll.VerdictReport](tx, `SELECT doc FROM verdict_reports WHERE org = ? AND deployment = ? ORDER BY subject`, deployment)
}

// ServiceOf returns the service under which a deployment was reported, "" if
// it never was.
func (tx *Tx) ServiceOf(deployment string) (service string, err error) {
	_, err = tx.one(`SELECT service FROM deployment_reports WHERE org = ? AND id = ?`, tx.args(deployment), &service)
	return service, err
}

// PutWords keeps all that persons said of a piece of evidence, the latest last.
func (tx *Tx) PutWords(evidence string, words []plimsoll.Word) error {
	doc, err := json.Marshal(words)
	if err != nil {
		return err
	}
	last := words[len(words)-1]
	err = tx.write(`INSERT INTO confirmations (org, evidence, deployment, cause, doc) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (org, evidence) DO UPDATE SET deployment = excluded.deployment, cause = excluded.cause, doc = excluded.doc`,
		tx.org, evidence, last.Deployment, last.Cause, doc)
	return err
}

// Words returns all that persons said of a piece of evidence, the latest last.
func (tx *Tx) Words(evidence string) ([]plimsoll.Word, error) {
	all, err := docs[[]plimsoll.Word](tx, `SELECT doc FROM confirmations WHERE org = ? AND evidence = ?`, evidence)
	return first(all), err
}

// WordsOf returns the latest word on each piece of evidence against deployments
// that were reported of a service. Words are few: persons say them.
func (tx *Tx) WordsOf(service string) (map[string]plimsoll.Word, error) {
	return tx.latestWords(`SELECT c.doc FROM confirmations c CROSS JOIN deployment_reports d ON d.org = c.org AND d.id = c.deployment
		WHERE c.org = ? AND d.service = ?`, service)
}

// WordsOn returns the latest word on each piece of evidence with a cause.
func (tx *Tx) WordsOn(cause string) (map[string]plimsoll.Word, error) {
	return tx.latestWords(`SELECT doc FROM confirmations WHERE org = ? AND cause = ?`, cause)
}

func (tx *Tx) latestWords(query string, args ...any) (map[string]plimsoll.Word, error) {
	all, err := docs[[]plimsoll.Word](tx, query, args...)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	out := make(map[string]plimsoll.Word, len(all))
	for _, words := range all {
		last := words[len(words)-1]
		out[last.Evidence] = last
	}
	return out, nil
}

// PutDependencies keeps what a service depends on, and reports whether that is
// news.
func (tx *Tx) PutDependencies(service string, on []string) (changed bool, err error) {
	had, err := tx.DependenciesOf(service)
	if err != nil {
		return false, err
	}
	gone := map[string]bool{}
	for _, n := range had {
		gone[n] = true
	}
	for _, n := range on {
		if had, known := gone[n]; known {
			if had {
				gone[n] = false
			}
			continue
		}
		gone[n], changed = false, true
		if err := tx.write(`INSERT INTO service_dependencies (org, depends_on, service) VALUES (?, ?, ?)`, tx.org, n, service); err != nil {
			return false, err
		}
	}
	for n, old := range gone {
		if !old {
			continue
		}
		changed = true
		if err := tx.write(`DELETE FROM service_dependencies WHERE org = ? AND depends_on = ? AND service = ?`, tx.org, n, service); err != nil {
			return false, err
		}
	}
	return changed, nil
}

// DependenciesOf returns what a service depends on directly.
func (tx *Tx) DependenciesOf(service string) ([]string, error) {
	return tx.strings(`SELECT depends_on FROM service_dependencies WHERE org = ? AND service = ? ORDER BY depends_on`, service)
}

// Dependents returns the services that depend directly on a service.
func (tx *Tx) Dependents(service string) ([]string, error) {
	return tx.strings(`SELECT service FROM service_dependencies WHERE org = ? AND depends_on = ? ORDER BY service`, service)
}

// IncidentsBetween returns the ids of the incidents that began within a span,
// both ends included.
func (tx *Tx) IncidentsBetween(from, to plimsoll.Time) ([]string, error) {
	return tx.strings(`SELECT id FROM incident_reports WHERE org = ? AND begun_at >= ? AND begun_at <= ? ORDER BY id`, max(from, 1), to)
}

// EvidencePage returns a page of current evidence, the latest first. status ""
// selects every status.
func (tx *Tx) EvidencePage(f Filter, status plimsoll.EvidenceStatus, p Page) ([]plimsoll.Evidence, error) {
	where, args := tx.where(Filter{Service: f.Service, Window: f.Window, LabelName: f.LabelName, LabelValue: f.LabelValue}, "evidence", "at")
	if f.Team != "" {
		held, at := tx.held("d.")
		where += " AND service IN (SELECT DISTINCT d.service FROM deployments d WHERE d.org = evidence.org AND " + held + " AND d.team = ?)"
		args = append(append(args, at...), f.Team)
	}
	if status != "" {
		where += " AND status = ?"
		args = append(args, string(status))
	}
	after, more := p.where("at", "id")
	args = append(append(args, more...), p.Limit)
	held, at := tx.held("")
	return docs[plimsoll.Evidence](tx, `SELECT doc FROM evidence WHERE org = ? AND `+held+where+after+
		` ORDER BY at DESC, id DESC LIMIT ?`, append(at, args...)...)
}

// Evidence returns a current piece of evidence, and whether there is one.
func (tx *Tx) Evidence(id string) (plimsoll.Evidence, bool, error) {
	held, at := tx.held("")
	es, err := docs[plimsoll.Evidence](tx, `SELECT doc FROM evidence WHERE org = ? AND id = ? AND `+held, append([]any{id}, at...)...)
	return first(es), len(es) > 0, err
}

// putCandidates keeps which services have a deployment among the candidates of
// an incident.
func (tx *Tx) putCandidates(i plimsoll.Incident) error {
	if err := tx.write(`DELETE FROM incident_candidates WHERE org = ? AND id = ?`, tx.org, i.ID); err != nil {
		return err
	}
	for _, c := range i.Candidates {
		if c.Deployment == "" {
			continue
		}
		if err := tx.write(`INSERT INTO incident_candidates (org, service, id) VALUES (?, ?, ?) ON CONFLICT (org, service, id) DO NOTHING`, tx.org, c.Service, i.ID); err != nil {
			return err
		}
	}
	return nil
}
