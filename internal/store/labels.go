package store

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/plimsoll-dev/plimsoll"
)

// A label is asked for in two ways: service_labels says which catalogue entries
// carry it, and fact_marks which versions of facts do. Each mark names the
// version it belongs to, so that none has to be ended with it.

// labelledServices selects the services whose catalogue entry carries the label.
const labelledServices = `(SELECT s.service FROM service_labels s WHERE s.org = ? AND s.name = ? AND s.value = ?)`

// marked selects the versions of a fact that have a mark.
func marked(fact string) string {
	return `(SELECT m.id, m.from_seq FROM fact_marks m WHERE m.org = ? AND m.fact = '` + fact + `' AND m.name = ? AND m.value = ?)`
}

// labelledDeployments selects the current deployments that belong to the label.
func (tx *Tx) labelledDeployments(f Filter) (string, []any) {
	label := []any{tx.org, bounded(f.LabelName), bounded(f.LabelValue)}
	held, at := tx.held("d.")
	return `(SELECT d.id FROM deployments d WHERE d.org = ? AND ` + held + ` AND (d.service IN ` + labelledServices +
		` OR (d.id, d.from_seq) IN ` + marked("deployments") + `))`, repeat([]any{tx.org}, at, label, label)
}

func repeat(lists ...[]any) (out []any) {
	for _, l := range lists {
		out = append(out, l...)
	}
	return out
}

// labelWhere renders the label of the filter for a table of facts. A deployment
// belongs to a label that it or its service carries; a failure and evidence
// belong by their deployment; a change by the deployment that delivered it, and
// while it is open by its service; an incident by its own labels, its services
// and the service of its cause; an analysis by its service or its deployment.
func (tx *Tx) labelWhere(f Filter, table string) (string, []any) {
	if f.LabelName == "" {
		return "", nil
	}
	label := []any{tx.org, bounded(f.LabelName), bounded(f.LabelValue)}
	switch table {
	case "deployments":
		return ` AND (service IN ` + labelledServices + ` OR (id, from_seq) IN ` + marked(table) + `)`, repeat(label, label)
	case "incidents":
		return ` AND ((id, from_seq) IN ` + marked(table) + ` OR cause_service IN ` + labelledServices +
				` OR id IN (SELECT i.id FROM incident_services i WHERE i.org = ? AND i.service IN ` + labelledServices + `))`,
			repeat(label, label, []any{tx.org}, label)
	}
	deployments, args := tx.labelledDeployments(f)
	switch table {
	case "analyses":
		return ` AND (service IN ` + labelledServices + ` OR deployment IN ` + deployments + `)`, repeat(label, args)
	case "lead_times":
		return ` AND CASE WHEN delivered_at > 0 THEN deployment IN ` + deployments + ` ELSE service IN ` + labelledServices + ` END`, repeat(args, label)
	case "failures":
		return ` AND (id, from_seq) IN (SELECT m.id, m.from_seq FROM fact_marks m WHERE m.org = ? AND m.fact = 'failures' AND m.name = ''
			AND m.value IN ` + deployments + `)`, repeat([]any{tx.org}, args)
	}
	return ` AND deployment IN ` + deployments, args
}

// where renders the whole filter for a table of facts, as Filter.where does for
// the rest of it.
func (tx *Tx) where(f Filter, table, time string) (string, []any) {
	where, args := f.where(time, table == "deployments" || table == "analyses")
	label, more := tx.labelWhere(f, table)
	return where + label, append(args, more...)
}

// leadWhere renders the filter for lead_times, but for its time.
func (tx *Tx) leadWhere(f Filter) (string, []any) {
	return tx.where(Filter{Service: f.Service, Team: f.Team, LabelName: f.LabelName, LabelValue: f.LabelValue}, "lead_times", "")
}

// bounded is the name or the value of a label as it is kept to be asked for. An
// index of PostgreSQL takes some two thousand bytes a row, and a label may have
// eight thousand: a long one stands there as its hash.
func bounded(text string) string {
	const most = 400
	if len(text) <= most {
		return text
	}
	sum := sha256.Sum256([]byte(text))
	return "sha256:" + hex.EncodeToString(sum[:])
}

var intoMarks = into{"fact_marks", []string{"org", "fact", "name", "value", "id", "from_seq"},
	`ON CONFLICT (org, fact, name, value, id, from_seq) DO NOTHING`}

// mark adds to marks what a version of a fact can be asked for by.
func (tx *Tx) mark(marks [][]any, t table, v version, group []any, seq int64) [][]any {
	for name, value := range v.labels {
		marks = append(marks, []any{tx.org, t.name, bounded(name), bounded(value), t.markID(group, v.key), seq})
	}
	for _, part := range v.parts {
		marks = append(marks, []any{tx.org, t.name, "", part, t.markID(group, v.key), seq})
	}
	return marks
}

// unmark takes the marks of a version away.
func (tx *Tx) unmark(t table, id string, seq int64) error {
	err := tx.write(`DELETE FROM fact_marks WHERE org = ? AND fact = ? AND id = ? AND from_seq = ?`, tx.org, t.name, id, seq)
	return err
}

// markID is the id under which the fact of a row is marked.
func (t table) markID(group, key []any) string {
	if len(t.key) == 0 {
		return group[0].(string)
	}
	return strings.TrimSuffix(nameOf(key), "\x00")
}

// putServiceLabels keeps the labels of a catalogue entry.
func (tx *Tx) putServiceLabels(s plimsoll.ServiceReport) error {
	if err := tx.write(`DELETE FROM service_labels WHERE org = ? AND service = ?`, tx.org, s.Name); err != nil {
		return err
	}
	for name, value := range s.Labels {
		if err := tx.write(`INSERT INTO service_labels (org, name, value, service) VALUES (?, ?, ?, ?)`, tx.org, bounded(name), bounded(value), s.Name); err != nil {
			return err
		}
	}
	return nil
}
