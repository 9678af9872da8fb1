package store

import (
	"sync"
	"testing"

	"github.com/plimsoll-dev/plimsoll/internal/store/storetest"
)

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

func TestPostgreSQLHolds(t *testing.T) {
	addresses := map[string]string{} // by the folder that the test thinks it has
	conformance(t, func(tb testing.TB, opt Options) *DB {
		tb.Helper()
		if opt.Dir == "" {
			opt.Dir = tb.TempDir()
		}
		mu.Lock()
		if addresses[opt.Dir] == "" {
			addresses[opt.Dir] = storetest.Postgres(tb)
		}
		opt.Database = addresses[opt.Dir]
		mu.Unlock()
		return mustOpen(tb, opt)
	})
}

var mu sync.Mutex

// conformance checks every property of a store against one backend.
func conformance(t *testing.T, open opener) {
	for _, list := range conformanceLists() {
		for _, p := range list {
			t.Run(p.name, func(t *testing.T) {
				t.Parallel()
				p.check(t, open)
			})
		}
	}
}

// conformanceLists are all properties.
func conformanceLists() [][]property {
	return [][]property{
		logProperties, groupProperties, followProperties, versionProperties, readProperties,
		asOfProperties, orgProperties, labelProperties, leaseProperties, tokenProperties,
		rowProperties, watchProperties, keepProperties,
	}
}
