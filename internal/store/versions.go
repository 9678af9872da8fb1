package store

import (
	"database/sql"
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/plimsoll-dev/plimsoll"
)

// current is the to_seq of the version of a fact that holds now.
const current = math.MaxInt64

// table describes a table of versioned facts. The rows of a group are written
// together: what is no longer among them has ended.
type table struct {
	name  string
	group []string // columns that select a group; they come first among the key
	key   []string // columns that name a fact, the group's not repeated
	rest  []string
	from  string // columns with the times from and up to which a fact matters
	to    string
	marks bool // its versions may have marks
}

// version is one fact as a row: its key columns and the rest, in the order of
// the table's description, and the span of time that it touches.
type version struct {
	key      []any
	rest     []any
	from, to plimsoll.Time

	labels map[string]string
	parts  []string // of a failure: its deployments
}

var (
	deploymentTable = table{"deployments", []string{"service"}, []string{"id"}, []string{
		"environment", "production", "team", "kind", "result", "counted", "judged", "begun_at", "ended_at", "oldest_at", "version", "commit_sha", "coverage", "repairs", "planned", "started", "took", "waited", "to_full", "release", "doc"}, "begun_at", "ended_at", true}
	leadTable = table{"lead_times", []string{"service"}, []string{"basis", "repository", "key"}, []string{
		"start_at", "committed_at", "delivered_at", "exposed_at", "deployment", "pull_request", "bot", "team",
		"first_commit_at", "opened_at", "first_review_at", "approved_at", "merged_at", "built_at", "staged_at", "ready_at", "deploy_started_at"}, "start_at", "delivered_at", false}
	evidenceTable = table{"evidence", []string{"service", "step"}, []string{"id"}, []string{"deployment", "kind", "accepted", "status", "at", "doc"}, "at", "at", false}
	incidentTable = table{"incidents", []string{"id"}, nil, []string{
		"production", "begun_at", "resolved_at", "severity", "attributed_to", "cause_service", "doc"}, "begun_at", "resolved_at", true}
	analysisTable = table{"analyses", []string{"service"}, []string{"id"}, []string{
		"environment", "production", "team", "phase", "begun_at", "ended_at", "deployment", "doc"}, "begun_at", "ended_at", false}
	failureTable = table{"failures", []string{"service"}, []string{"id"}, []string{
		"team", "failed_at", "restored_at", "severity", "detected_at", "diagnosed_at", "fix_begun_at", "fix_ended_at", "resolved_at", "doc"}, "failed_at", "restored_at", true}
)

type known struct {
	hash  int64
	from  int64 // sequence number
	begun plimsoll.Time
	ended plimsoll.Time
	key   []any
}

// replace makes rows the current facts of a group as of event seq. It returns
// the span of time, both ends included, that what came and what went covers
// together; ok is false when nothing changed.
func (tx *Tx) replace(t table, group []any, rows []version, seq int64) (span plimsoll.Window, ok bool, err error) {
	old, err := tx.currentRows(t, group)
	if err != nil {
		return span, false, err
	}
	return tx.change(t, group, old, rows, seq)
}

// change makes rows take the place of old ones, by name.
func (tx *Tx) change(t table, group []any, old map[string]known, rows []version, seq int64) (span plimsoll.Window, ok bool, err error) {
	touch := func(times ...plimsoll.Time) {
		ok = true
		span.From = plimsoll.First(append(times, span.From)...)
		span.To = plimsoll.Last(append(times, span.To)...)
	}
	var begun, marks [][]any
	for _, v := range rows {
		h := hashOf(v.rest)
		name, was, exists := "", known{}, false
		if len(old) > 0 {
			name = nameOf(v.key)
			was, exists = old[name]
		}
		delete(old, name)
		if exists && was.hash == h {
			continue
		}
		touch(v.from, v.to)
		if exists {
			touch(was.begun, was.ended)
			if err := tx.end(t, group, was, seq); err != nil {
				return span, ok, err
			}
		}
		row := make([]any, 0, 4+len(group)+len(v.key)+len(v.rest))
		row = append(append(append(append(row, tx.org), group...), v.key...), seq, int64(current), h)
		begun = append(begun, append(row, v.rest...))
		marks = tx.mark(marks, t, v, group, seq)
	}
	for _, was := range old {
		touch(was.begun, was.ended)
		if err := tx.end(t, group, was, seq); err != nil {
			return span, ok, err
		}
	}
	// What ends has to be out of the way of what begins with the same event.
	if err := tx.insertRows(t.into(), begun); err != nil {
		return span, ok, err
	}
	return span, ok, tx.insertRows(intoMarks, marks)
}

func (tx *Tx) currentRows(t table, group []any) (map[string]known, error) {
	old := map[string]known{}
	err := tx.readCurrent(t, t.group, group, old)
	return old, err
}

// readCurrent adds to old the current rows that have the values in the columns.
func (tx *Tx) readCurrent(t table, by []string, values []any, old map[string]known) error {
	columns := append([]string{"hash", "from_seq", t.from, t.to}, t.key...)
	query := `SELECT ` + strings.Join(columns, ", ") + ` FROM ` + t.name + ` WHERE org = ? AND ` + t.where(by) + ` AND to_seq = ?`
	return tx.each(query, append(append([]any{tx.org}, values...), int64(current)), func(rows *sql.Rows) error {
		var k known
		parts := make([]string, len(t.key))
		dest := []any{&k.hash, &k.from, &k.begun, &k.ended}
		for i := range parts {
			dest = append(dest, &parts[i])
		}
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		for _, p := range parts {
			k.key = append(k.key, p)
		}
		old[nameOf(k.key)] = k
		return nil
	})
}

// end closes the version of a fact. One that began with the same event never
// held for anybody and goes.
func (tx *Tx) end(t table, group []any, was known, seq int64) error {
	where := ` WHERE org = ? AND ` + t.where(append(append([]string(nil), t.group...), t.key...)) + ` AND from_seq = ?`
	args := append(append(append([]any{tx.org}, group...), was.key...), was.from)
	if was.from >= seq {
		if err := tx.write(`DELETE FROM `+t.name+where, args...); err != nil || !t.marks {
			return err
		}
		return tx.unmark(t, t.markID(group, was.key), was.from)
	}
	err := tx.write(`UPDATE `+t.name+` SET to_seq = ?`+where, append([]any{seq}, args...)...)
	return err
}

// into says where new versions go.
func (t table) into() into {
	columns := append([]string{"org"}, t.group...)
	return into{table: t.name, columns: append(append(append(columns, t.key...), "from_seq", "to_seq", "hash"), t.rest...)}
}

func (t table) where(columns []string) string {
	return strings.Join(columns, " = ? AND ") + " = ?"
}

// nameOf joins the key of a row to one string; all parts are strings.
func nameOf(key []any) string {
	var b strings.Builder
	for _, k := range key {
		b.WriteString(k.(string))
		b.WriteByte(0)
	}
	return b.String()
}

// hashOf names the content of a row, by FNV-1a over each value and a zero byte.
// It finds what changed; it protects nothing. Hashes are stored: another way to
// write a value would make every row look changed.
func hashOf(values []any) int64 {
	h := uint64(14695981039346656037)
	var n [20]byte
	for _, v := range values {
		switch v := v.(type) {
		case string:
			for i := range len(v) {
				h = (h ^ uint64(v[i])) * fnvPrime
			}
		case plimsoll.Time:
			h = hashBytes(h, binary.LittleEndian.AppendUint64(n[:0], uint64(v)))
		case int64:
			h = hashBytes(h, strconv.AppendInt(n[:0], v, 10))
		case int:
			h = hashBytes(h, strconv.AppendInt(n[:0], int64(v), 10))
		case bool:
			h = hashBytes(h, strconv.AppendBool(n[:0], v))
		default:
			h = hashBytes(h, fmt.Append(n[:0], v))
		}
		h *= fnvPrime // a zero byte
	}
	return int64(h)
}

const fnvPrime = 1099511628211

func hashBytes(h uint64, b []byte) uint64 {
	for _, c := range b {
		h = (h ^ uint64(c)) * fnvPrime
	}
	return h
}
