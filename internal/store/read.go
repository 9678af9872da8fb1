package store

import (
	"database/sql"
	"encoding/json"
	"slices"
	"strings"

	"github.com/plimsoll-dev/plimsoll"
)

// Filter selects facts. Empty fields select everything.
type Filter struct {
	Service     string
	Team        string
	Environment string // the name of one environment
	Production  bool   // only the production class
	LabelName   string // with LabelValue: what carries the label
	LabelValue  string
	Window      plimsoll.Window // of the time a fact counts at; the zero window is all time
}

// where renders the filter for a table with the named columns; time "" means
// that the table's time is not filtered here.
func (f Filter) where(time string, environments bool) (string, []any) {
	var b strings.Builder
	var args []any
	add := func(clause string, arg any) {
		b.WriteString(" AND " + clause)
		args = append(args, arg)
	}
	if f.Service != "" {
		add("service = ?", f.Service)
	}
	if f.Team != "" {
		add("team = ?", f.Team)
	}
	if environments && f.Environment != "" {
		add("environment = ?", f.Environment)
	}
	if environments && f.Production {
		b.WriteString(" AND production = 1")
	}
	if time != "" && f.Window.From != 0 {
		add(time+" >= ?", f.Window.From)
	}
	if time != "" && f.Window.To != 0 {
		add(time+" < ?", f.Window.To)
	}
	return b.String(), args
}

// DeploymentPoint is what the measures need of a deployment.
type DeploymentPoint struct {
	ID, Service     string
	Kind            plimsoll.Kind
	Result          plimsoll.Result
	Counted, Judged bool
	BegunAt         plimsoll.Time
	EndedAt         plimsoll.Time
	OldestAt        plimsoll.Time
	Commit          bool // its commit is known
	Coverage        plimsoll.Coverage
	Repairs         bool // named as the fix of an incident
	Planned         bool
	Started         bool // its start is known
}

// DeploymentPoints hands every current deployment of the filter to fn, by the
// time they ended.
func (tx *Tx) DeploymentPoints(f Filter, fn func(DeploymentPoint)) error {
	where, args := tx.where(f, "deployments", "ended_at")
	held, at := tx.held("")
	return tx.each(`SELECT id, service, kind, result, counted, judged, begun_at, ended_at, oldest_at, commit_sha <> '',
		coverage, repairs, planned, started FROM deployments
		WHERE org = ? AND `+held+where+` ORDER BY ended_at, id`, append(tx.args(at...), args...), func(rows *sql.Rows) error {
		var p DeploymentPoint
		err := rows.Scan(&p.ID, &p.Service, &p.Kind, &p.Result, &p.Counted, &p.Judged, &p.BegunAt, &p.EndedAt, &p.OldestAt, &p.Commit,
			&p.Coverage, &p.Repairs, &p.Planned, &p.Started)
		fn(p)
		return err
	})
}

// FirstDeployment returns when the first counted deployment of the filter
// ended, whatever its window; unknown when there is none.
func (tx *Tx) FirstDeployment(f Filter) (plimsoll.Time, error) {
	f.Window = plimsoll.Window{}
	where, args := tx.where(f, "deployments", "")
	held, at := tx.held("")
	var first sql.NullInt64
	_, err := tx.one(`SELECT min(ended_at) FROM deployments WHERE org = ? AND `+held+` AND counted = 1`+where,
		append(tx.args(at...), args...), &first)
	return plimsoll.Time(first.Int64), err
}

// FirstDeployments returns the same for each service of the filter.
func (tx *Tx) FirstDeployments(f Filter) (map[string]plimsoll.Time, error) {
	f.Window = plimsoll.Window{}
	where, args := tx.where(f, "deployments", "")
	held, at := tx.held("")
	out := map[string]plimsoll.Time{}
	err := tx.each(`SELECT service, min(ended_at) FROM deployments WHERE org = ? AND `+held+` AND counted = 1`+where+` GROUP BY service`,
		append(tx.args(at...), args...), func(rows *sql.Rows) error {
			var s string
			var t plimsoll.Time
			err := rows.Scan(&s, &t)
			out[s] = t
			return err
		})
	return out, err
}

// EvidenceMark says that a deployment has evidence of a kind against it.
type EvidenceMark struct {
	Deployment string
	Kind       plimsoll.EvidenceKind
	Accepted   bool
	Suspected  bool // nobody accepted or rejected it yet
}

// EvidenceMarks hands every current piece of evidence to fn.
func (tx *Tx) EvidenceMarks(service string, fn func(EvidenceMark)) error {
	where, args := Filter{Service: service}.where("", false)
	held, at := tx.held("")
	return tx.each(`SELECT deployment, kind, accepted, status = 'suspected' FROM evidence WHERE org = ? AND `+held+where,
		append(tx.args(at...), args...), func(rows *sql.Rows) error {
			var m EvidenceMark
			err := rows.Scan(&m.Deployment, &m.Kind, &m.Accepted, &m.Suspected)
			fn(m)
			return err
		})
}

// LeadPoints hands to fn the three times of each pair of change and service, or
// pull request and service, that was delivered at or after the window's start
// or is still open, and began before its end. delivered is unknown while open.
func (tx *Tx) LeadPoints(f Filter, basis plimsoll.Basis, fn func(start, committed, delivered plimsoll.Time)) error {
	where, args := tx.leadWhere(f)
	scan := func(rows *sql.Rows) error {
		var start, committed, delivered plimsoll.Time
		err := rows.Scan(&start, &committed, &delivered)
		fn(start, committed, delivered)
		return err
	}
	to := f.Window.To
	if to == 0 {
		to = plimsoll.Forever
	}
	held, at := tx.held("")
	columns := `SELECT start_at, committed_at, delivered_at FROM lead_times WHERE org = ? AND basis = ? AND ` + held
	given := append(tx.args(string(basis)), at...)
	// Skewed clocks let something begin after it was delivered.
	err := tx.each(columns+` AND delivered_at >= ? AND (start_at < ? OR delivered_at < ?)`+where,
		append(append(slices.Clip(given), max(f.Window.From, 1), to, to), args...), scan)
	if err != nil {
		return err
	}
	return tx.each(columns+` AND delivered_at = 0 AND start_at < ?`+where,
		append(append(slices.Clip(given), to), args...), scan)
}

// FailurePoints hands the start, end and severity of each current failure of
// the filter to fn; end is unknown while it lasts.
func (tx *Tx) FailurePoints(f Filter, fn func(failed, restored plimsoll.Time, severity string)) error {
	where, args := tx.where(f, "failures", "failed_at")
	held, at := tx.held("")
	return tx.each(`SELECT failed_at, restored_at, severity FROM failures WHERE org = ? AND `+held+where+` ORDER BY failed_at`,
		append(tx.args(at...), args...), func(rows *sql.Rows) error {
			var failed, restored plimsoll.Time
			var severity string
			err := rows.Scan(&failed, &restored, &severity)
			fn(failed, restored, severity)
			return err
		})
}

// Page asks for one page of a list, newest first.
type Page struct {
	Limit  int
	Before plimsoll.Time // with ID: the last fact of the page before
	ID     string        // the fact's id; of a change, its Lead.PageID
}

// where selects what comes after the page before. id is the expression that
// tells facts of one time apart.
func (p Page) where(time, id string) (string, []any) {
	if p.ID == "" && p.Before == 0 {
		return "", nil
	}
	// The first condition is the one that an index can serve.
	return " AND " + time + " <= ? AND (" + time + " < ? OR " + id + " < ?)", []any{p.Before, p.Before, p.ID}
}

// Deployments returns a page of current deployments, the latest first.
func (tx *Tx) Deployments(f Filter, p Page) ([]plimsoll.Deployment, error) {
	where, args := tx.where(f, "deployments", "ended_at")
	after, more := p.where("ended_at", "id")
	args = append(append(args, more...), p.Limit)
	held, at := tx.held("")
	return docs[plimsoll.Deployment](tx, `SELECT doc FROM deployments WHERE org = ? AND `+held+where+after+
		` ORDER BY ended_at DESC, id DESC LIMIT ?`, append(at, args...)...)
}

// ServiceDeployments returns all current deployments of a service, by time.
func (tx *Tx) ServiceDeployments(service string) ([]plimsoll.Deployment, error) {
	held, at := tx.held("")
	return docs[plimsoll.Deployment](tx, `SELECT doc FROM deployments WHERE org = ? AND service = ? AND `+held+` ORDER BY ended_at, id`,
		append([]any{service}, at...)...)
}

// DeploymentsAround returns the current deployments of a service that ended at
// or after from and began no later than to.
func (tx *Tx) DeploymentsAround(service string, from, to plimsoll.Time) ([]plimsoll.Deployment, error) {
	held, at := tx.held("")
	return docs[plimsoll.Deployment](tx, `SELECT doc FROM deployments WHERE org = ? AND service = ? AND `+held+` AND ended_at >= ? AND begun_at <= ?`,
		append(append([]any{service}, at...), from, to)...)
}

// DeploymentsNamed returns the current deployments with an id, commit or
// version of that name.
func (tx *Tx) DeploymentsNamed(name string) ([]plimsoll.Deployment, error) {
	held, at := tx.held("")
	return docs[plimsoll.Deployment](tx, `SELECT doc FROM deployments WHERE org = ? AND id IN (
			SELECT d.id FROM deployments d WHERE d.org = ? AND d.id = ? UNION SELECT d.id FROM deployments d WHERE d.org = ? AND d.commit_sha = ?
			UNION SELECT d.id FROM deployments d WHERE d.org = ? AND d.version = ? UNION SELECT a.id FROM deployment_ids a WHERE a.org = ? AND a.alias = ?)
		AND `+held, append([]any{tx.org, name, tx.org, name, tx.org, name, tx.org, name}, at...)...)
}

// Deployment returns a current deployment by any id under which it was
// reported, and whether there is one.
func (tx *Tx) Deployment(id string) (plimsoll.Deployment, bool, error) {
	held, at := tx.held("")
	for range 2 {
		ds, err := docs[plimsoll.Deployment](tx, `SELECT doc FROM deployments WHERE org = ? AND id = ? AND `+held, append([]any{id}, at...)...)
		if err != nil || len(ds) > 0 {
			return first(ds), len(ds) > 0, err
		}
		if ok, err := tx.one(`SELECT id FROM deployment_ids WHERE org = ? AND alias = ?`, tx.args(id), &id); err != nil || !ok {
			return plimsoll.Deployment{}, false, err
		}
	}
	return plimsoll.Deployment{}, false, nil
}

func first[T any](s []T) (v T) {
	if len(s) > 0 {
		v = s[0]
	}
	return v
}

// EvidenceOf returns the current evidence against a deployment.
func (tx *Tx) EvidenceOf(deployment string) ([]plimsoll.Evidence, error) {
	held, at := tx.held("")
	return docs[plimsoll.Evidence](tx, `SELECT doc FROM evidence WHERE org = ? AND `+held+` AND deployment = ? ORDER BY id`,
		append(at, deployment)...)
}

// TimelineEvidence returns the evidence against a service's deployments that
// its timeline gave.
func (tx *Tx) TimelineEvidence(service string) ([]plimsoll.Evidence, error) {
	held, at := tx.held("")
	return docs[plimsoll.Evidence](tx, `SELECT doc FROM evidence WHERE org = ? AND service = ? AND `+held+` AND step = 'timeline' ORDER BY id`,
		append([]any{service}, at...)...)
}

// incidentWhere renders the filter for incidents. One belongs to the services
// it names and to the one whose deployment caused it.
func (tx *Tx) incidentWhere(f Filter) (string, []any) {
	where, args := Filter{Window: f.Window}.where("begun_at", false)
	// incident_services says which services an incident names now. Which ones it
	// named at some time stands in the version of that time.
	named := "id IN (SELECT s.id FROM incident_services s WHERE s.org = incidents.org AND s.service"
	if tx.asOf != 0 {
		named = "EXISTS (SELECT 1 FROM json_each(incidents.doc, '$.services') s WHERE s.value"
	}
	if f.Service != "" {
		where += " AND (cause_service = ? OR " + named + " = ?))"
		args = append(args, f.Service, f.Service)
	}
	if f.Team != "" {
		ofTeam, of := "(SELECT DISTINCT d.service FROM deployments d WHERE d.org = incidents.org AND d.to_seq = 9223372036854775807 AND d.team = ?)", []any{f.Team}
		if tx.asOf != 0 {
			held, at := tx.held("d.")
			ofTeam, of = "(SELECT DISTINCT d.service FROM deployments d WHERE d.org = incidents.org AND "+held+" AND d.team = ?)", append(at, f.Team)
		}
		where += " AND (cause_service IN " + ofTeam + " OR " + named + " IN " + ofTeam + "))"
		args = append(append(args, of...), of...)
	}
	if f.Production {
		where += " AND production = 1"
	}
	label, more := tx.labelWhere(f, "incidents")
	return where + label, append(args, more...)
}

// IncidentPoints hands the start, end and severity of each current incident of
// the filter to fn; end is unknown while it lasts.
func (tx *Tx) IncidentPoints(f Filter, fn func(begun, resolved plimsoll.Time, severity string)) error {
	where, args := tx.incidentWhere(f)
	held, at := tx.held("")
	return tx.each(`SELECT begun_at, resolved_at, severity FROM incidents WHERE org = ? AND `+held+where+` ORDER BY begun_at`,
		append(tx.args(at...), args...), func(rows *sql.Rows) error {
			var begun, resolved plimsoll.Time
			var severity string
			err := rows.Scan(&begun, &resolved, &severity)
			fn(begun, resolved, severity)
			return err
		})
}

// Incidents returns a page of current incidents, the latest first.
func (tx *Tx) Incidents(f Filter, p Page) ([]plimsoll.Incident, error) {
	where, args := tx.incidentWhere(f)
	after, more := p.where("begun_at", "id")
	args = append(append(args, more...), p.Limit)
	held, at := tx.held("")
	return docs[plimsoll.Incident](tx, `SELECT doc FROM incidents WHERE org = ? AND `+held+where+after+
		` ORDER BY begun_at DESC, id DESC LIMIT ?`, append(at, args...)...)
}

// Incident returns a current incident and whether there is one.
func (tx *Tx) Incident(id string) (plimsoll.Incident, bool, error) {
	held, at := tx.held("")
	is, err := docs[plimsoll.Incident](tx, `SELECT doc FROM incidents WHERE org = ? AND id = ? AND `+held, append([]any{id}, at...)...)
	return first(is), len(is) > 0, err
}

// IncidentsOf returns the current incidents that have a deployment of a service
// among their candidates.
func (tx *Tx) IncidentsOf(service string) ([]plimsoll.Incident, error) {
	held, at := tx.held("i.")
	return docs[plimsoll.Incident](tx, `SELECT i.doc FROM incident_candidates c CROSS JOIN incidents i ON i.org = c.org AND i.id = c.id
		WHERE c.org = ? AND c.service = ? AND `+held+` ORDER BY i.begun_at, i.id`, append([]any{service}, at...)...)
}

// Failures returns the current failures of a service, by time.
func (tx *Tx) Failures(service string) ([]plimsoll.Failure, error) {
	held, at := tx.held("")
	return docs[plimsoll.Failure](tx, `SELECT doc FROM failures WHERE org = ? AND service = ? AND `+held+` ORDER BY failed_at, id`,
		append([]any{service}, at...)...)
}

// Lead is a pair of change and service with what is known of the change.
type Lead struct {
	plimsoll.Delivery
	AuthoredAt plimsoll.Time
	Subject    string
}

// PageID tells a lead apart from others of the same time, for Page.
func (l Lead) PageID() string { return l.Key + " " + l.Service + pageSep + l.Repository }

// pageSep stands in no name: control characters are refused at the door.
const pageSep = "\x01"

const leadPageID = "l.key || ' ' || l.service || '" + pageSep + "' || l.repository"

const leadColumns = `l.service, l.basis, l.repository, l.key, l.start_at, l.committed_at, l.delivered_at, l.exposed_at,
	l.deployment, l.pull_request, l.bot, l.team,
	l.first_commit_at, l.opened_at, l.first_review_at, l.approved_at, l.merged_at, l.built_at, l.staged_at, l.ready_at, l.deploy_started_at, coalesce(c.authored_at, 0), coalesce(c.subject, '')
	FROM lead_times l LEFT JOIN changes c ON c.org = l.org AND c.repository = l.repository AND c.sha = l.key`

func (tx *Tx) leads(query string, args ...any) ([]Lead, error) {
	var out []Lead
	err := tx.each(query, tx.args(args...), func(rows *sql.Rows) error {
		var l Lead
		err := rows.Scan(&l.Service, &l.Basis, &l.Repository, &l.Key, &l.StartAt, &l.CommittedAt, &l.DeliveredAt, &l.ExposedAt,
			&l.Deployment, &l.PullRequest, &l.Bot, &l.Team,
			&l.FirstCommitAt, &l.OpenedAt, &l.FirstReviewAt, &l.ApprovedAt, &l.MergedAt, &l.BuiltAt, &l.StagedAt, &l.ReadyAt, &l.DeployStartedAt, &l.AuthoredAt, &l.Subject)
		out = append(out, l)
		return err
	})
	return out, err
}

// BroughtBy returns the changes that a deployment delivered, the oldest first.
func (tx *Tx) BroughtBy(deployment string) ([]Lead, error) {
	held, at := tx.held("l.")
	return tx.leads(`SELECT `+leadColumns+` WHERE l.org = ? AND l.deployment = ? AND l.basis = 'change' AND `+held+`
		ORDER BY l.start_at, l.key`, append([]any{deployment}, at...)...)
}

// ChangesPage returns a page of changes, the latest delivered first; open ones
// only when asked for.
func (tx *Tx) ChangesPage(f Filter, open bool, p Page) ([]Lead, error) {
	where, args := tx.leadWhere(f)
	time := "l.delivered_at"
	if open {
		time = "l.start_at"
		where += " AND l.delivered_at = 0"
	} else {
		where += " AND l.delivered_at >= ? AND l.delivered_at < ?"
		to := f.Window.To
		if to == 0 {
			to = plimsoll.Forever
		}
		args = append(args, max(f.Window.From, 1), to)
	}
	after, more := p.where(time, leadPageID)
	args = append(append(args, more...), p.Limit)
	held, at := tx.held("l.")
	return tx.leads(`SELECT `+leadColumns+` WHERE l.org = ? AND l.basis = 'change' AND `+held+where+after+
		` ORDER BY `+time+` DESC, `+leadPageID+` DESC LIMIT ?`, append(at, args...)...)
}

// LatestServices returns the services deployed to production last, the latest
// first.
func (tx *Tx) LatestServices(limit int) ([]string, error) {
	held, at := tx.held("")
	return tx.strings(`SELECT service FROM deployments WHERE org = ? AND `+held+` AND production = 1
		GROUP BY service ORDER BY max(ended_at) DESC, service LIMIT ?`, append(at, limit)...)
}

// Teams returns every team that deployed or stands in the catalogue.
func (tx *Tx) Teams() ([]string, error) {
	held, at := tx.held("")
	names, err := tx.strings(`SELECT DISTINCT team FROM deployments WHERE org = ? AND `+held+` AND team <> '' ORDER BY team`, at...)
	if err != nil {
		return nil, err
	}
	services, err := tx.Services()
	if err != nil {
		return nil, err
	}
	return mergeTeams(names, services), nil
}

// Counts says how much the store holds.
type Counts struct {
	Deliveries, Events, Deployments, Changes, Incidents, Parked int64
}

// Counts counts the rows of the main tables.
func (tx *Tx) Counts() (Counts, error) {
	var c Counts
	_, err := tx.one(`SELECT (SELECT count(*) FROM deliveries WHERE org = ?), (SELECT count(*) FROM events WHERE org = ?),
		(SELECT count(*) FROM deployments WHERE org = ? AND to_seq = 9223372036854775807),
		(SELECT count(*) FROM changes WHERE org = ?), (SELECT count(*) FROM incident_reports WHERE org = ?),
		(SELECT count(*) FROM parked WHERE org = ?)`,
		tx.args(tx.org, tx.org, tx.org, tx.org, tx.org), &c.Deliveries, &c.Events, &c.Deployments, &c.Changes, &c.Incidents, &c.Parked)
	return c, err
}

// Facts writes every current fact as one line of canonical JSON, sorted: two
// stores with the same facts write the same lines, however they came by them.
func (tx *Tx) Facts(emit func(line string)) error {
	held, at := tx.held("")
	for _, table := range []string{"deployments", "evidence", "incidents", "failures", "analyses"} {
		err := tx.each(`SELECT doc FROM `+table+` WHERE org = ? AND `+held+` ORDER BY doc`, tx.args(at...),
			func(rows *sql.Rows) error {
				var doc string
				err := rows.Scan(&doc)
				emit(table + " " + doc)
				return err
			})
		if err != nil {
			return err
		}
	}
	held, at = tx.held("l.")
	leads, err := tx.leads(`SELECT `+leadColumns+` WHERE l.org = ? AND `+held+`
		ORDER BY l.service, l.basis, l.repository, l.key`, at...)
	if err != nil {
		return err
	}
	for _, l := range leads {
		doc, err := json.Marshal(l)
		if err != nil {
			return err
		}
		emit("lead_times " + string(doc))
	}
	return nil
}
