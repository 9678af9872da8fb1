package store

import (
	"strconv"
	"strings"
)

// What PostgreSQL spells differently. SQLite takes CROSS JOIN as an order to
// join in that order, and may have a condition with it; PostgreSQL decides by
// its statistics.
var postgresWords = strings.NewReplacer(
	`CROSS JOIN`, `JOIN`,
	`json_each(incidents.doc, '$.services') s`, `json_array_elements_text(incidents.doc::json -> 'services') s(value)`,
	`json_extract(doc, '$.strategy')`, `(doc::json ->> 'strategy')`,
	`json_array_length(doc, '$.deployments')`, `json_array_length(doc::json -> 'deployments')`,
)

// spellPostgres renders a statement for PostgreSQL: the places for arguments,
// ? in turn or ?3 by number, become $1 and so on.
func spellPostgres(query string) string {
	query = postgresWords.Replace(query)
	var b strings.Builder
	b.Grow(len(query) + 16)
	number, quoted := 0, false
	for i := 0; i < len(query); i++ {
		c := query[i]
		switch {
		case c == '\'':
			quoted = !quoted
		case c == '?' && !quoted:
			b.WriteByte('$')
			if i+1 < len(query) && query[i+1] >= '1' && query[i+1] <= '9' {
				continue // the number follows
			}
			number++
			b.WriteString(strconv.Itoa(number))
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}
