package observe

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

func TestOneCheckThatFailsIsEnough(t *testing.T) {
	h := NewHealth(
		Check{"good", func(context.Context) (string, error) { return "fine", nil }},
		Check{"bad", func(context.Context) (string, error) {
			e := plimsoll.Errorf(plimsoll.CodeUnavailable, "the disk is full")
			e.Cause = errors.New("secret path")
			return "", e
		}},
		Check{"worse", func(context.Context) (string, error) { panic("secret") }},
	)
	r := h.Report()
	if r.Ready || len(r.Checks) != 3 || r.Checks[0] != (Result{"good", "ok", "fine"}) || r.Checks[1] != (Result{"bad", "fail", "the disk is full"}) ||
		r.Checks[2].Status != "fail" || strings.Contains(r.Checks[2].Message, "secret") {
		t.Errorf("%+v", r)
	}
	var none *Health
	if !none.Report().Ready || !NewHealth().Report().Ready {
		t.Error("without checks nothing can fail")
	}
}

func TestManyProbesCostNoMoreThanOne(t *testing.T) {
	var runs atomic.Int64
	h := NewHealth(Check{"counted", func(context.Context) (string, error) { runs.Add(1); return "", nil }})
	began := time.Now()
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			for range 20 {
				h.Report()
			}
		})
	}
	all.Wait()
	if n, most := runs.Load(), int64(time.Since(began)/reportAge)+1; n > most {
		t.Errorf("%d runs in %s", n, time.Since(began))
	}
}

func TestACheckThatHangsIsNotBegunAgain(t *testing.T) {
	var runs atomic.Int64
	on := make(chan struct{})
	h := NewHealth(
		Check{"hangs", func(context.Context) (string, error) { runs.Add(1); <-on; return "", nil }},
		Check{"good", func(context.Context) (string, error) { return "", nil }},
	)
	for range 2 {
		r := h.Report()
		if r.Ready || r.Checks[0].Status != "fail" || !strings.Contains(r.Checks[0].Message, "no answer for") || r.Checks[1].Status != "ok" {
			t.Errorf("%+v", r)
		}
		h.at = time.Time{} // a second passes
	}
	if runs.Load() != 1 {
		t.Errorf("%d runs", runs.Load())
	}
	close(on)
	for !h.Report().Ready {
		h.at = time.Time{}
	}
}
