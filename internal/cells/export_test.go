package cells

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// Difference says in what the state that was followed differs from one that is built from nothing; ""
// when in nothing.
func (c *Cells) Difference(ctx context.Context) (out string, err error) {
	err = c.org.View(ctx, func(tx *store.Tx) error {
		s := c.state.Load()
		if s == nil {
			return errors.New("there is no state")
		}
		fresh, err := build(tx, c.opt.Zone)
		if err == nil {
			out = s.difference(fresh)
		}
		return err
	})
	return out, err
}

func (s *State) difference(o *State) string {
	if s.num != o.num {
		return fmt.Sprintf("change %d, want %d", s.num, o.num)
	}
	byName := map[string][]byte{}
	nothing := func(name string) []byte { return encoded((&draft{name: name}).block().encode) }
	for _, b := range o.blocks {
		if have := encoded(b.encode); !bytes.Equal(have, nothing(b.name)) {
			byName[b.name] = have
		}
	}
	for _, b := range s.blocks {
		want := byName[b.name]
		delete(byName, b.name)
		if want == nil {
			want = nothing(b.name) // it has lost all it had
		}
		if !bytes.Equal(encoded(b.encode), want) {
			return "the columns of " + b.name
		}
	}
	for name := range byName {
		return "without " + name
	}
	days := map[int64][]byte{}
	for i, c := range o.cells {
		if c != nil {
			days[o.calendar.start(i)] = c.content()
		}
	}
	summaries := map[int64][]byte{}
	for i, c := range o.cells {
		if c != nil {
			summaries[o.calendar.start(i)] = encoded(o.summary(i, c).encode)
		}
	}
	for i, c := range s.cells {
		at := s.calendar.start(i)
		if c != nil && !bytes.Equal(encoded(s.summary(i, c).encode), summaries[at]) {
			return fmt.Sprintf("the details of the day from %d", at)
		}
		if c != nil && !bytes.Equal(c.content(), days[at]) {
			return fmt.Sprintf("the day from %d", at)
		}
		if c == nil && days[at] != nil {
			return fmt.Sprintf("without the day from %d", at)
		}
		delete(days, at)
	}
	if len(days) > 0 {
		return fmt.Sprintf("%d days are missing", len(days))
	}
	for i := range s.backlog {
		if got, want := s.backlog[i][len(s.cells)], o.backlog[i][len(o.cells)]; got != want {
			return fmt.Sprintf("%d are open at the end, want %d", got, want)
		}
	}
	return ""
}

func encoded(write func(*encoder)) []byte {
	var b bytes.Buffer
	e := newEncoder(&b)
	write(e)
	_ = e.finish()
	return b.Bytes()
}

// Change is the number of the last change that the state includes, -1 without one.
func (c *Cells) Change() int64 {
	if s := c.state.Load(); s != nil {
		return s.num
	}
	return -1
}

// content is the cell without its bound of the latest moment, which need not be tight.
func (c *cell) content() []byte {
	bare := *c
	bare.latest = 0
	return encoded(bare.encode)
}

func (d *summary) encode(e *encoder) {
	e.string(fmt.Sprint(d.StageSample, d.reached))
	for _, r := range d.runs {
		e.run(r)
	}
}

// Locked reports whether somebody makes the next state.
func (c *Cells) Locked() bool {
	if c.mu.TryLock() {
		c.mu.Unlock()
		return false
	}
	return true
}
