// Package plimsoll is the language of the product: the nouns of release
// engineering (an event, a deployment, a change, an incident), the rules that
// belong to a noun, and the error codes. It refuses to know how anything is
// stored, sent or shown, and imports nothing but the standard library.
//
// A newcomer reads the rooms in the order in which the data travels:
//
//   - internal/source/native turns our own JSON into events.
//   - internal/ingest is the one door in; it answers only what is durable.
//   - internal/store keeps the log, and is the only room that speaks SQL.
//   - internal/derive says what follows from a set of reports; it is pure.
//   - internal/fold follows the log and keeps the facts.
//   - internal/metric is the arithmetic of every measure; it is pure.
//   - internal/query is the one door out; every number comes from it.
//   - internal/web, internal/ui, internal/chart and client show and carry.
//   - internal/app joins the rooms; cmd/plimsoll is the program.
package plimsoll
