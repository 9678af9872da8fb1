package store

import (
	"cmp"
	"slices"
	"strings"

	"github.com/plimsoll-dev/plimsoll"
)

// into says where rows are inserted.
type into struct {
	table    string
	columns  []string // org first
	conflict string   // what to do with a row that is there already; "" makes it an error
}

// How many rows one statement inserts. SQLite takes one argument for each value,
// so a statement is prepared for each of a few sizes. Each statement of several
// rows walks through all pages that its transaction has set aside, to be able to
// undo it alone, so it pays to have few. PostgreSQL takes one array for each
// column, whatever its length.
var (
	rowsAtOnce  = []int{256, 16, 1}
	arrayAtOnce = 2000
)

// insertRows inserts rows of values in the order of the columns. Values of one
// column must be all text, all bytes or all integers; flags and times count as
// integers.
func (tx *Tx) insertRows(t into, rows [][]any) error {
	if tx.db.say.arrays {
		for chunk := range slices.Chunk(rows, arrayAtOnce) {
			if err := tx.insertArrays(t, chunk); err != nil {
				return err
			}
		}
		return nil
	}
	for _, n := range rowsAtOnce {
		if len(rows) < n {
			continue
		}
		query := t.values(n)
		args := make([]any, 0, n*len(t.columns))
		for ; len(rows) >= n; rows = rows[n:] {
			args = args[:0]
			for _, r := range rows[:n] {
				args = append(args, r...)
			}
			if err := tx.write(query, args...); err != nil {
				return err
			}
		}
	}
	return nil
}

func (tx *Tx) insertArrays(t into, rows [][]any) error {
	args := make([]any, len(t.columns))
	types := make([]string, len(t.columns))
	for i := range t.columns {
		if _, text := rows[0][i].(string); text {
			types[i] = "CAST(? AS TEXT[])"
			list := make([]string, len(rows))
			for j, r := range rows {
				list[j] = r[i].(string)
			}
			args[i] = list
			continue
		}
		if _, bytes := rows[0][i].([]byte); bytes {
			types[i] = "CAST(? AS BYTEA[])"
			list := make([][]byte, len(rows))
			for j, r := range rows {
				list[j] = r[i].([]byte)
			}
			args[i] = list
			continue
		}
		types[i] = "CAST(? AS BIGINT[])"
		list := make([]int64, len(rows))
		for j, r := range rows {
			list[j] = integer(r[i])
		}
		args[i] = list
	}
	return tx.write(`INSERT INTO `+t.table+` (`+strings.Join(t.columns, ", ")+`) SELECT * FROM unnest(`+strings.Join(types, ", ")+`) `+t.conflict, args...)
}

// integer is a value as a column of integers keeps it.
func integer(v any) int64 {
	switch v := v.(type) {
	case int64:
		return v
	case int:
		return int64(v)
	case plimsoll.Time:
		return int64(v)
	case bool:
		if v {
			return 1
		}
	}
	return 0
}

// values renders the statement that inserts n rows, for SQLite. With OR FAIL it
// need not be able to undo one row that fails: that undoes the whole request.
func (t into) values(n int) string {
	row := "(?" + strings.Repeat(", ?", len(t.columns)-1) + ")"
	insert := `INSERT INTO `
	if t.conflict == "" {
		insert = `INSERT OR FAIL INTO `
	}
	return insert + t.table + ` (` + strings.Join(t.columns, ", ") + `) VALUES ` +
		row + strings.Repeat(", "+row, n-1) + " " + t.conflict
}

// lastOfEach puts rows in the order of the key, which is the first columns
// behind org, and keeps the last of those that share one: a statement can write
// a row only once. In the order of the key neighbours are written together.
func lastOfEach(rows [][]any, key int) [][]any {
	slices.SortStableFunc(rows, func(a, b []any) int { return compareKeys(a, b, key) })
	out := rows[:0]
	for i, r := range rows {
		if i+1 < len(rows) && compareKeys(r, rows[i+1], key) == 0 {
			continue
		}
		out = append(out, r)
	}
	return out
}

func compareKeys(a, b []any, key int) int {
	for i := 1; i <= key; i++ {
		var c int
		if s, text := a[i].(string); text {
			c = cmp.Compare(s, b[i].(string))
		} else {
			c = cmp.Compare(integer(a[i]), integer(b[i]))
		}
		if c != 0 {
			return c
		}
	}
	return 0
}
