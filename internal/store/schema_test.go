package store

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/internal/store/storetest"
)

func columnsOf(t *testing.T, db *DB) (out []string) {
	t.Helper()
	rows, err := db.door.s.conn.QueryContext(context.Background(), db.say.schema)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var table, column string
		if err := rows.Scan(&table, &column); err != nil {
			t.Fatal(err)
		}
		out = append(out, table+"."+column)
	}
	slices.Sort(out)
	return out
}

func TestBothDatabasesHaveTheSameColumns(t *testing.T) {
	t.Parallel()
	one := columnsOf(t, mustOpen(t, Options{}))
	other := columnsOf(t, mustOpen(t, Options{Database: storetest.Postgres(t)}))
	for _, c := range one {
		if !slices.Contains(other, c) {
			t.Errorf("PostgreSQL has no %s", c)
		}
	}
	for _, c := range other {
		if !slices.Contains(one, c) {
			t.Errorf("SQLite has no %s", c)
		}
	}
	if len(one) < 100 {
		t.Errorf("only %d columns were found", len(one))
	}
}

// Citus and its like can only distribute a table by a column that every unique
// key holds.
func TestEveryKeyOfPostgreSQLHoldsTheOrganisation(t *testing.T) {
	t.Parallel()
	db := mustOpen(t, Options{Database: storetest.Postgres(t)})
	rows, err := db.door.s.conn.QueryContext(context.Background(), `SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = current_schema()`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	n := 0
	for rows.Next() {
		var table, def string
		if err := rows.Scan(&table, &def); err != nil {
			t.Fatal(err)
		}
		n++
		// Those are the same everywhere: reference tables.
		everywhere := slices.Contains([]string{"orgs", "secrets", "schema_migrations"}, table)
		if !everywhere && !strings.Contains(def, "(org") {
			t.Errorf("%s does not begin with the organisation: %s", table, def)
		}
	}
	if n < 50 {
		t.Errorf("only %d indexes were found", n)
	}
}

func TestSpellingForPostgreSQL(t *testing.T) {
	for query, want := range map[string]string{
		`SELECT 1`:                           `SELECT 1`,
		`a = ? AND b = ?`:                    `a = $1 AND b = $2`,
		`a = ?1 AND b = ?2 AND c = ?1`:       `a = $1 AND b = $2 AND c = $1`,
		`a = '?' AND b = ? AND c = 'it''s?'`: `a = '?' AND b = $1 AND c = 'it''s?'`,
		`x CROSS JOIN y ON z = ?`:            `x JOIN y ON z = $1`,
	} {
		if got := spellPostgres(query); got != want {
			t.Errorf("%s\nbecame %s\nwant   %s", query, got, want)
		}
	}
}
