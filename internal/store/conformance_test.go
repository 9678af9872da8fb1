package store

import "testing"

// opener opens a store of one backend. The same folder again is the same store.
type opener func(tb testing.TB, opt Options) *DB

// property is something that every backend must hold.
type property struct {
	name  string
	check func(t *testing.T, open opener)
}

func TestSQLiteHolds(t *testing.T) {
	conformance(t, func(tb testing.TB, opt Options) *DB { return mustOpen(tb, opt) })
}

// conformance checks every property of a store against one backend.
func conformance(t *testing.T, open opener) {
	for _, list := range [][]property{logProperties, groupProperties, followProperties, versionProperties, readProperties, asOfProperties, orgProperties, labelProperties, keepProperties} {
		for _, p := range list {
			t.Run(p.name, func(t *testing.T) {
				t.Parallel()
				p.check(t, open)
			})
		}
	}
}
