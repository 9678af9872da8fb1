package storetest

import (
	"database/sql"
	"errors"
	"fmt"
	"testing"
)

// versioned are the tables of facts with their keys: of one key there is at no
// event more than one version.
var versioned = map[string]string{
	"deployments": "id", "evidence": "id", "incidents": "id", "failures": "service, id", "analyses": "service, id",
	"lead_times": "service, basis, repository, key",
}

// Whole checks in a database what holds whoever wrote there and however they
// ended: the log has no gaps and ends where its counter says, nothing is there
// twice, and the versions of a fact follow one another. It returns the length of
// the log.
func Whole(tb testing.TB, address string) (events int64) {
	tb.Helper()
	db, err := sql.Open("pgx", address)
	if err != nil {
		tb.Fatal(err)
	}
	defer db.Close()
	var first, last, counted, named int64
	err = errors.Join(
		db.QueryRow(`SELECT count(*), coalesce(min(seq), 1), coalesce(max(seq), 0) FROM events`).Scan(&events, &first, &last),
		db.QueryRow(`SELECT coalesce(max(value), 0) FROM counters WHERE name = 'log'`).Scan(&counted),
		db.QueryRow(`SELECT count(*) FROM (SELECT source, delivery_id, idx FROM events WHERE delivery_id <> '' GROUP BY 1, 2, 3 HAVING count(*) > 1) d`).Scan(&named),
	)
	if err != nil {
		tb.Fatal(err)
	}
	if first != 1 || last != events || counted != events || named != 0 {
		tb.Errorf("the log holds %d events from %d to %d, its counter is at %d, and %d are there twice", events, first, last, counted, named)
	}
	for table, key := range versioned {
		var bad int64
		err := db.QueryRow(fmt.Sprintf(`SELECT count(*) FROM (SELECT from_seq, to_seq, lead(from_seq) OVER (PARTITION BY org, %s ORDER BY from_seq) AS next FROM %s) v
			WHERE to_seq <= from_seq OR next < to_seq`, key, table)).Scan(&bad)
		if err != nil {
			tb.Fatal(err)
		}
		if bad != 0 {
			tb.Errorf("%d versions in %s overlap: two folded at once", bad, table)
		}
	}
	return events
}
