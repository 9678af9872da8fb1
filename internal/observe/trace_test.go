package observe

import (
	"net/http/httptest"
	"testing"
	"time"
)

func TestWithoutATracerASpanCostsNothing(t *testing.T) {
	var none *Tracer
	ctx, r, now := t.Context(), httptest.NewRequest("GET", "/", nil), time.Now()
	n := testing.AllocsPerRun(100, func() {
		c, end := none.Start(ctx, "x")
		none.Past(c, "x", now, now, nil)
		none.Within(c, "x", now, now, nil)
		_, span := none.Request(c, r)
		span.End("/", 200)
		end(nil)
	})
	if n != 0 {
		t.Errorf("%g allocations", n)
	}
	if err := none.Close(ctx); err != nil {
		t.Error(err)
	}
}
