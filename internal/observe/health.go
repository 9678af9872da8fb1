package observe

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// Check is one thing that must hold for Plimsoll to be of use.
type Check struct {
	Name string

	// Run looks, and says in words what it found. Its error says what is wrong; it
	// is shown to whoever asks, so it holds no more than plimsoll.PublicMessage of
	// a cause.
	Run func(ctx context.Context) (found string, err error)
}

// Result is what a check found.
type Result struct {
	Name    string `json:"name"`
	Status  string `json:"status"` // ok or fail
	Message string `json:"message,omitempty"`
}

// Report is what all checks found.
type Report struct {
	Ready  bool
	Checks []Result
}

// The bounds of checking.
const (
	checkTimeout = 2 * time.Second // of one check; all of them run at once
	reportAge    = time.Second     // for how long a report is given out again
)

// Health runs checks. Each is run at most once a second however many ask, and
// one that does not come back is not begun a second time. It is safe for
// concurrent use.
type Health struct {
	checks []*running
	mu     sync.Mutex
	last   Report
	at     time.Time
}

// running is a check with the run of it that is under way.
type running struct {
	Check
	done  chan Result // nil when none is under way
	since time.Time
}

// NewHealth returns the health that checks make up.
func NewHealth(checks ...Check) *Health {
	h := &Health{}
	for _, c := range checks {
		h.checks = append(h.checks, &running{Check: c})
	}
	return h
}

// Report returns what the checks found within the last second. A nil Health is
// always ready.
func (h *Health) Report() Report {
	if h == nil {
		return Report{Ready: true}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.at.IsZero() && time.Since(h.at) < reportAge {
		return h.last
	}
	out := Report{Ready: true}
	ctx, cancel := context.WithTimeout(context.Background(), checkTimeout)
	defer cancel()
	for _, c := range h.checks {
		c.begin(ctx)
	}
	for _, c := range h.checks {
		r := c.end(ctx)
		out.Checks = append(out.Checks, r)
		out.Ready = out.Ready && r.Status == "ok"
	}
	h.last, h.at = out, time.Now()
	return out
}

// begin runs the check on a goroutine of its own: a disk that hangs holds up
// whoever asks it, and nobody else.
func (c *running) begin(ctx context.Context) {
	if c.done != nil {
		return
	}
	done := make(chan Result, 1)
	c.done, c.since = done, time.Now()
	go func() {
		r := Result{Name: c.Name, Status: "ok"}
		defer func() {
			if p := recover(); p != nil {
				r.Status, r.Message = "fail", "the check itself failed"
			}
			done <- r
		}()
		found, err := c.Run(ctx)
		r.Message = found
		if err != nil {
			r.Status, r.Message = "fail", plimsoll.PublicMessage(err)
		}
	}()
}

func (c *running) end(ctx context.Context) Result {
	select {
	case r := <-c.done:
		c.done = nil
		return r
	default:
	}
	select {
	case r := <-c.done:
		c.done = nil
		return r
	case <-ctx.Done():
		return Result{Name: c.Name, Status: "fail", Message: fmt.Sprintf("no answer for %s", time.Since(c.since).Round(time.Second))}
	}
}
