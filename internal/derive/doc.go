// Package derive says what follows from a set of reports: which deployment is
// a roll-back, what each one brought, which failed, which incident it caused
// and when the service was whole again. It is pure: it takes values, returns
// values, and knows neither clock nor store, so the same reports give the same
// facts in whatever order they arrived.
//
// The clauses it implements stand in docs/definitions.md; each function names
// its own.
//
// The work has three steps, since an incident may concern several services:
// Timeline for one service, Attribute for one incident, Outcome for one
// service again.
package derive
