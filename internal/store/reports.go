package store

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/plimsoll-dev/plimsoll"
)

// ReportedDeployments returns what was reported of the deployments of a service.
func (tx *Tx) ReportedDeployments(service string) ([]plimsoll.Reported, error) {
	return docs[plimsoll.Reported](tx, `SELECT doc FROM deployment_reports WHERE org = ? AND service = ? ORDER BY id`, service)
}

// DeploymentServices returns the services of the deployments that were reported
// under an id, a commit or a version.
func (tx *Tx) DeploymentServices(name string) ([]string, error) {
	return tx.strings(`SELECT service FROM deployment_reports WHERE org = ? AND id = ?
		UNION SELECT service FROM deployment_reports WHERE org = ? AND commit_sha = ?
		UNION SELECT service FROM deployment_reports WHERE org = ? AND version = ?
		UNION SELECT service FROM deployment_ids WHERE org = ? AND alias = ? ORDER BY 1`,
		name, tx.org, name, tx.org, name, tx.org, name)
}

// changeMore is the part of a change that few have.
type changeMore struct {
	Paths       []string                 `json:"paths,omitempty"`
	PullRequest *plimsoll.PullRequestRef `json:"pull_request,omitempty"`
	AuthorHash  string                   `json:"author_hash,omitempty"`
	BuiltAt     plimsoll.Time            `json:"built_at,omitzero"`
	Builds      []plimsoll.Time          `json:"builds,omitempty"`
	Labels      map[string]string        `json:"labels,omitempty"`
}

// HasChange reports whether a change is known.
func (tx *Tx) HasChange(repository, sha string) (bool, error) {
	var one int
	return tx.one(`SELECT 1 FROM changes WHERE org = ? AND repository = ? AND sha = ?`, tx.args(repository, sha), &one)
}

const changeColumns = `repository, sha, parents, authored_at, committed_at, reverts, bot, subject, more`

func scanChange(rows *sql.Rows) (plimsoll.ChangeReport, error) {
	var c plimsoll.ChangeReport
	var parents, more string
	if err := rows.Scan(&c.Repository, &c.SHA, &parents, &c.AuthoredAt, &c.CommittedAt, &c.Reverts, &c.Bot, &c.Subject, &more); err != nil {
		return c, err
	}
	c.Parents = strings.Fields(parents)
	if more != "" {
		var m changeMore
		if err := json.Unmarshal([]byte(more), &m); err != nil {
			return c, fmt.Errorf("change %s: %w", c.SHA, err)
		}
		c.Paths, c.PullRequest, c.AuthorHash, c.BuiltAt, c.Builds, c.Labels = m.Paths, m.PullRequest, m.AuthorHash, m.BuiltAt, m.Builds, m.Labels
	}
	return c, nil
}

// Changes hands every change of a repository to fn.
func (tx *Tx) Changes(repository string, fn func(plimsoll.ChangeReport) error) error {
	return tx.each(`SELECT `+changeColumns+` FROM changes WHERE org = ? AND repository = ? ORDER BY sha`, tx.args(repository),
		func(rows *sql.Rows) error {
			c, err := scanChange(rows)
			if err != nil {
				return err
			}
			return fn(c)
		})
}

// Change returns one change, and whether it is known.
func (tx *Tx) Change(repository, sha string) (c plimsoll.ChangeReport, ok bool, err error) {
	err = tx.each(`SELECT `+changeColumns+` FROM changes WHERE org = ? AND repository = ? AND sha = ?`, tx.args(repository, sha),
		func(rows *sql.Rows) error {
			c, err = scanChange(rows)
			ok = true
			return err
		})
	return c, ok, err
}

// RepositoriesOf returns the repositories that hold a commit.
func (tx *Tx) RepositoriesOf(sha string) ([]string, error) {
	return tx.strings(`SELECT repository FROM changes WHERE org = ? AND sha = ? ORDER BY repository`, sha)
}

// PullRequests returns the pull requests of a repository.
func (tx *Tx) PullRequests(repository string) ([]plimsoll.PullRequestReport, error) {
	return docs[plimsoll.PullRequestReport](tx, `SELECT doc FROM pull_requests WHERE org = ? AND repository = ? ORDER BY number`, repository)
}

// PutIncident keeps an incident as all its reports add up to it.
func (tx *Tx) PutIncident(r plimsoll.IncidentReport) error {
	doc, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if err := tx.write(`INSERT INTO incident_reports (org, id, caused_by, begun_at, doc) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (org, id) DO UPDATE SET caused_by = excluded.caused_by, begun_at = excluded.begun_at, doc = excluded.doc`,
		tx.org, r.ID, r.CausedBy, r.BegunAt(), doc); err != nil {
		return err
	}
	if err := tx.write(`DELETE FROM incident_services WHERE org = ? AND id = ?`, tx.org, r.ID); err != nil {
		return err
	}
	for _, s := range r.Services {
		if err := tx.write(`INSERT INTO incident_services (org, service, id) VALUES (?, ?, ?) ON CONFLICT (org, service, id) DO NOTHING`, tx.org, s, r.ID); err != nil {
			return err
		}
	}
	return nil
}

// ReportedIncident returns what was reported of an incident, and whether it is
// known.
func (tx *Tx) ReportedIncident(id string) (plimsoll.IncidentReport, bool, error) {
	rs, err := docs[plimsoll.IncidentReport](tx, `SELECT doc FROM incident_reports WHERE org = ? AND id = ?`, id)
	if err != nil || len(rs) == 0 {
		return plimsoll.IncidentReport{}, false, err
	}
	return rs[0], true, nil
}

// IncidentsSince returns the ids of the incidents that name a service and began
// at or after a time.
func (tx *Tx) IncidentsSince(service string, since plimsoll.Time) ([]string, error) {
	return tx.strings(`SELECT s.id FROM incident_services s JOIN incident_reports r ON r.org = s.org AND r.id = s.id
		WHERE s.org = ? AND s.service = ? AND r.begun_at >= ? ORDER BY s.id`, service, since)
}

// IncidentsNamingDeploymentsOf returns the ids of the incidents whose stated
// cause is the id, the commit or the version of a deployment of a service.
func (tx *Tx) IncidentsNamingDeploymentsOf(service string) ([]string, error) {
	const join = ` FROM deployment_reports d JOIN incident_reports r ON r.org = d.org AND r.caused_by <> '' AND r.caused_by = `
	const where = ` WHERE d.org = ? AND d.service = ?`
	return tx.strings(`SELECT r.id`+join+`d.id`+where+` UNION SELECT r.id`+join+`d.commit_sha`+where+
		` UNION SELECT r.id`+join+`d.version`+where+` ORDER BY 1`, service, tx.org, service, tx.org, service)
}

// IncidentIDs returns the id of every incident.
func (tx *Tx) IncidentIDs() ([]string, error) {
	return tx.strings(`SELECT id FROM incident_reports WHERE org = ? ORDER BY id`)
}

// PutService keeps a catalogue entry as all its reports add up to it.
func (tx *Tx) PutService(s plimsoll.ServiceReport) error {
	doc, err := json.Marshal(s)
	if err != nil {
		return err
	}
	err = tx.write(`INSERT INTO services (org, name, repository, doc) VALUES (?, ?, ?, ?)
		ON CONFLICT (org, name) DO UPDATE SET repository = excluded.repository, doc = excluded.doc`, tx.org, s.Name, s.Repository, doc)
	if err != nil {
		return err
	}
	return tx.putServiceLabels(s)
}

// Service returns a catalogue entry; one that nobody reported has only its name.
func (tx *Tx) Service(name string) (plimsoll.ServiceReport, error) {
	rs, err := docs[plimsoll.ServiceReport](tx, `SELECT doc FROM services WHERE org = ? AND name = ?`, name)
	if err != nil || len(rs) == 0 {
		return plimsoll.ServiceReport{Name: name}, err
	}
	return rs[0], nil
}

// Services returns the catalogue.
func (tx *Tx) Services() ([]plimsoll.ServiceReport, error) {
	return docs[plimsoll.ServiceReport](tx, `SELECT doc FROM services WHERE org = ? ORDER BY name`)
}

// ServiceNames returns every service that was deployed or stands in the
// catalogue.
func (tx *Tx) ServiceNames() ([]string, error) {
	return tx.strings(`SELECT name FROM services WHERE org = ? UNION SELECT service FROM deployment_reports WHERE org = ?
		UNION SELECT service FROM analysis_reports WHERE org = ? ORDER BY 1`, tx.org, tx.org)
}

// PutSettings keeps the settings that change facts.
func (tx *Tx) PutSettings(s plimsoll.Settings) error {
	doc, err := json.Marshal(s)
	if err != nil {
		return err
	}
	err = tx.write(`INSERT INTO settings (org, doc) VALUES (?, ?) ON CONFLICT (org) DO UPDATE SET doc = excluded.doc`, tx.org, doc)
	return err
}

// Settings returns the settings that change facts: the defaults, and over them
// what the log says.
func (tx *Tx) Settings() (plimsoll.Settings, error) {
	rs, err := docs[plimsoll.Settings](tx, `SELECT doc FROM settings WHERE org = ?`)
	if err != nil || len(rs) == 0 {
		return plimsoll.DefaultSettings(), err
	}
	return plimsoll.DefaultSettings().Over(rs[0]), nil
}

// Follow notes which repositories and which unknown commits a service follows
// from, in place of what was noted before.
func (tx *Tx) Follow(service string, repositories, wanted []string) error {
	if err := tx.putSet("service_repositories", "repository", service, repositories); err != nil {
		return err
	}
	return tx.putSet("wanted_commits", "sha", service, wanted)
}

// putSet makes names the set of a service, and writes only the difference.
func (tx *Tx) putSet(table, column, service string, names []string) error {
	had, err := tx.strings(`SELECT `+column+` FROM `+table+` WHERE org = ? AND service = ?`, service)
	if err != nil {
		return err
	}
	gone := make(map[string]bool, len(had))
	for _, n := range had {
		gone[n] = true
	}
	for _, n := range names {
		if gone[n] {
			delete(gone, n)
			continue
		}
		if err := tx.write(`INSERT INTO `+table+` (org, `+column+`, service) VALUES (?, ?, ?)`, tx.org, n, service); err != nil {
			return err
		}
	}
	for n := range gone {
		if err := tx.write(`DELETE FROM `+table+` WHERE org = ? AND `+column+` = ? AND service = ?`, tx.org, n, service); err != nil {
			return err
		}
	}
	return nil
}

// Followers returns the services that follow from a repository.
func (tx *Tx) Followers(repository string) ([]string, error) {
	return tx.strings(`SELECT service FROM service_repositories WHERE org = ? AND repository = ? ORDER BY service`, repository)
}

// docs decodes the JSON column of each row.
func docs[T any](tx *Tx, query string, args ...any) ([]T, error) {
	var out []T
	err := tx.each(query, tx.args(args...), func(rows *sql.Rows) error {
		var b sql.RawBytes
		if err := rows.Scan(&b); err != nil {
			return err
		}
		var v T
		if err := json.Unmarshal(b, &v); err != nil {
			return err
		}
		out = append(out, v)
		return nil
	})
	return out, err
}
