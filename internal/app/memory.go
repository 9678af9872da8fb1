package app

import (
	"os"
	"runtime/debug"

	"github.com/plimsoll-dev/plimsoll"
)

// leastMemory is what a server needs to make progress, in MiB.
const leastMemory = 64

// LimitMemory tells the runtime of this process how much memory it should stay below, in MiB; 0 leaves it
// without a limit. It is a goal and not a wall: near it the collector works harder, and nothing is
// refused. GOMEMLIMIT in the environment has the last word, and so has GOGC.
//
// What is kept in memory lives long, so that the usual habit of doubling the heap before collecting would
// waste as much as there is: the collector starts at half of that.
func LimitMemory(mib int64) error {
	if mib != 0 && mib < leastMemory {
		return plimsoll.FieldErrorf("--memory-limit", "%d MiB is too little; expected 0 for none, or %d and more", mib, leastMemory)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(50)
	}
	if mib != 0 && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(mib << 20)
	}
	return nil
}
