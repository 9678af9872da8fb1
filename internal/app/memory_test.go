package app

import (
	"math"
	"runtime/debug"
	"testing"
)

func TestLimitMemory(t *testing.T) {
	before, percent := debug.SetMemoryLimit(-1), debug.SetGCPercent(100)
	t.Cleanup(func() {
		debug.SetMemoryLimit(before)
		debug.SetGCPercent(percent)
	})
	t.Setenv("GOGC", "")
	t.Setenv("GOMEMLIMIT", "")
	debug.SetMemoryLimit(math.MaxInt64)
	for _, c := range []struct {
		mib, want int64
		bad       bool
	}{{0, math.MaxInt64, false}, {63, math.MaxInt64, true}, {-1, math.MaxInt64, true}, {64, 64 << 20, false}} {
		if err := LimitMemory(c.mib); (err != nil) != c.bad {
			t.Errorf("%d MiB: %v", c.mib, err)
		}
		if got := debug.SetMemoryLimit(-1); got != c.want {
			t.Errorf("%d MiB sets %d bytes, want %d", c.mib, got, c.want)
		}
	}
	if p := debug.SetGCPercent(100); p != 50 {
		t.Errorf("the collector starts at %d %%", p)
	}
	t.Setenv("GOMEMLIMIT", "1GiB")
	t.Setenv("GOGC", "100")
	if err := LimitMemory(128); err != nil || debug.SetMemoryLimit(-1) != 64<<20 || debug.SetGCPercent(100) != 100 {
		t.Errorf("the environment was overruled: %v", err)
	}
}
