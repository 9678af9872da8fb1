package cells

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// format names the layout of a snapshot. Whoever changes that, or what a number in it means, changes it.
const format = "plimsoll cells 3"

// label says what a snapshot is of. One with another label is of no use.
type label struct {
	format, definitions, zone string
	trail                     string // of the last changes before num
	num                       int64
}

func (c *Cells) label(tx *store.Tx, num int64) (label, error) {
	trail, err := tx.FactTrail(num)
	return label{format, c.opt.Definitions, c.opt.Zone.String(), trail, num}, err
}

func (c *Cells) path() string { return filepath.Join(c.opt.Dir, "cells.snapshot") }

// Save writes the state to the data folder, so that the next start need not read every fact. It does
// nothing without a folder, before anything was built, and when the last snapshot is as good.
func (c *Cells) Save(ctx context.Context) error {
	s := c.state.Load()
	if c.opt.Dir == "" || s == nil {
		return nil
	}
	c.saving.Lock()
	defer c.saving.Unlock()
	if c.saved == s.num {
		return nil
	}
	var l label
	err := c.org.View(ctx, func(tx *store.Tx) (err error) {
		l, err = c.label(tx, s.num)
		return err
	})
	if err != nil || l.trail == "" {
		return err // without a trail nobody could tell later what it is a snapshot of
	}
	if err := writeFile(c.path(), func(w io.Writer) error { return s.encode(w, l) }); err != nil {
		return fmt.Errorf("snapshot of the cells: %w", err)
	}
	c.saved = s.num
	return nil
}

// restore takes the state from the snapshot if that is of this store, zone and version and whole. In any
// other case there is no state, and no error: it can all be built again.
func (c *Cells) restore(tx *store.Tx) *State {
	if c.opt.Dir == "" {
		return nil
	}
	b, err := os.ReadFile(c.path())
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			c.opt.Log.Warn("the snapshot of the cells cannot be read; they are built anew", "err", err)
		}
		return nil
	}
	s, err := c.decode(tx, b)
	if err != nil {
		c.opt.Log.Info("the snapshot of the cells is of no use; they are built anew", "why", err)
		return nil
	}
	c.saved = s.num
	return s
}

func (c *Cells) decode(tx *store.Tx, b []byte) (*State, error) {
	d, ok := checked(b)
	if !ok {
		return nil, errors.New("its checksum is wrong")
	}
	have := label{d.string(), d.string(), d.string(), d.string(), d.int()}
	if want, err := c.label(tx, have.num); err != nil {
		return nil, err
	} else if have != want || want.trail == "" {
		return nil, fmt.Errorf("it is of %v; expected %v", have, want)
	}
	s := &State{num: have.num, calendar: calendar{zone: c.opt.Zone}}
	s.decode(d)
	if d.bad || len(d.b) > 0 {
		return nil, errors.New("it ends too soon or too late")
	}
	return s, nil
}

func (s *State) encode(w io.Writer, l label) error {
	e := newEncoder(w)
	for _, text := range []string{l.format, l.definitions, l.zone, l.trail} {
		e.string(text)
	}
	e.int(l.num)
	e.micros(s.calendar.starts)
	e.int(int64(len(s.calendar.months)))
	for _, m := range s.calendar.months {
		e.int(int64(m))
	}
	e.int(int64(len(s.blocks)))
	for _, b := range s.blocks {
		b.encode(e)
	}
	e.int(int64(len(s.cells)))
	for _, c := range s.cells {
		c.encode(e)
	}
	return e.finish()
}

func (s *State) decode(d *decoder) {
	s.calendar.starts = d.micros()
	for range d.length(8) {
		s.calendar.months = append(s.calendar.months, int(d.int()))
	}
	for range d.length(8) {
		s.blocks = append(s.blocks, decodeBlock(d))
	}
	n := d.length(8)
	if d.bad || n != s.calendar.days() {
		d.bad = true
		return
	}
	s.cells = make([]*cell, n)
	for i := range s.cells {
		s.cells[i] = decodeCell(d)
	}
	if !d.bad {
		s.group(nil, nil)
	}
}

func (b *block) encode(e *encoder) {
	e.string(b.name)
	e.strings(b.teams)
	c := &b.deployments
	e.column(&c.ended)
	e.column(&c.oldest)
	encodeShorts(e, c.mark)
	encodeShorts(e, c.trait)
	encodeShorts(e, c.team)
	for _, s := range []*spansOf{&c.took, &c.waited, &c.full} {
		e.column(&s.column)
	}
	e.micros(c.release)
	for i := range b.leads {
		l := &b.leads[i]
		e.column(&l.at)
		encodeShorts(e, l.team)
		e.seconds(l.first)
		e.column(&l.span)
		e.column(&l.open)
		encodeShorts(e, l.waits)
		e.int(int64(len(l.odd)))
		for _, o := range l.odd {
			e.int(o.at)
			e.int(int64(one(o.negative)))
			e.int(int64(o.team))
		}
	}
	e.int(int64(len(b.failures)))
	for _, f := range b.failures {
		f.encode(e)
	}
	e.int(int64(len(b.incidents)))
	for _, x := range b.incidents {
		x.failure.encode(e)
		e.string(x.id)
		e.strings(x.services)
		e.int(int64(one(x.named)))
	}
	e.int(int64(len(b.marked)))
	for _, id := range slices.Sorted(maps.Keys(b.marked)) {
		m := b.marked[id]
		e.string(id)
		e.int(int64(m.Accepted))
		e.int(int64(one(m.Suspected)))
	}
	e.column(&b.elsewhere.ended)
	encodeShorts(e, b.elsewhere.team)
	e.column(&b.ways.at)
	encodeShorts(e, b.ways.team)
	e.seconds(b.ways.first)
	e.bytes(b.ways.packed)
	e.column(&b.analyses.at)
	encodeShorts(e, b.analyses.phase)
	encodeShorts(e, b.analyses.team)
}

func (f *failure) encode(e *encoder) {
	e.int(f.at)
	e.int(f.over)
	e.string(f.severity)
	e.int(int64(f.team))
	e.int(int64(f.shared))
	for _, t := range f.stamps {
		e.int(int64(t))
	}
}

func decodeFailure(d *decoder) failure {
	f := failure{at: d.int(), over: d.int(), severity: d.string(), team: uint16(d.int()), shared: int32(d.int())}
	for i := range f.stamps {
		f.stamps[i] = plimsoll.Time(d.int())
	}
	return f
}

func decodeBlock(d *decoder) *block {
	b := &block{name: d.string(), teams: d.strings()}
	c := &b.deployments
	c.ended, c.oldest, c.mark = d.column(), d.column(), decodeShorts[mark](d)
	c.trait, c.team = decodeShorts[trait](d), decodeShorts[uint16](d)
	c.took.column, c.waited.column, c.full.column, c.release = d.column(), d.column(), d.column(), d.micros()
	for i := range b.leads {
		l := &b.leads[i]
		l.at, l.team, l.first, l.span = d.column(), decodeShorts[uint16](d), d.seconds(), d.column()
		l.open, l.waits = d.column(), decodeShorts[uint16](d)
		for range d.length(24) {
			l.odd = append(l.odd, odd{at: d.int(), negative: d.int() != 0, team: uint16(d.int())})
		}
	}
	for range d.length(80) {
		b.failures = append(b.failures, decodeFailure(d))
	}
	for range d.length(104) {
		b.incidents = append(b.incidents, incident{failure: decodeFailure(d), id: d.string(), services: d.strings(), named: d.int() != 0})
	}
	b.marked = map[string]evidence{}
	for range d.length(24) {
		id := d.string()
		b.marked[id] = evidence{Accepted: metric.EvidenceSet(d.int()), Suspected: d.int() != 0}
	}
	b.elsewhere.ended, b.elsewhere.team = d.column(), decodeShorts[uint16](d)
	b.ways = ways{d.column(), decodeShorts[uint16](d), d.seconds(), d.bytes()}
	b.analyses = analyses{d.column(), decodeShorts[uint16](d), decodeShorts[uint16](d)}
	if !b.sound() {
		d.bad = true
		return b
	}
	b.derive()
	return b
}

// sound reports whether the columns fit each other.
func (b *block) sound() bool {
	c := &b.deployments
	n := c.ended.len()
	ok := c.oldest.len() == n && len(c.mark) == n && len(c.trait) == n && len(c.team) == n && b.elsewhere.ended.len() == len(b.elsewhere.team)
	y, a := &b.ways, &b.analyses
	ok = ok && c.rollouts.fits(n) && len(y.team) == y.at.len() && len(y.first) == y.at.len()+1 && int(y.first[y.at.len()]) == len(y.packed)
	ok = ok && slices.IsSorted(y.first) && len(a.phase) == a.at.len() && len(a.team) == a.at.len()
	teams := [][]uint16{c.team, b.elsewhere.team, y.team, a.team}
	for i := range b.leads {
		l := &b.leads[i]
		n := l.at.len()
		ok = ok && len(l.team) == n && len(l.first) == n+1 && l.open.len() == len(l.waits) && int(l.first[n]) == l.span.len()
		teams = append(teams, l.team, l.waits)
	}
	for _, list := range teams {
		for _, t := range list {
			ok = ok && int(t) < len(b.teams)
		}
	}
	for _, f := range b.failures {
		ok = ok && int(f.team) < len(b.teams)
	}
	return ok
}

func (c *cell) encode(e *encoder) {
	e.int(int64(one(c != nil)))
	if c == nil {
		return
	}
	t := &c.tally
	for _, n := range append([]int{t.Counted, t.Successful, t.Redeploys, t.Canceled, t.Judged, t.Failed, t.Suspected, t.RolledBack, t.Rework,
		t.WithCommit, t.WithContents, t.WithStart}, t.ByEvidence[:]...) {
		e.int(int64(n))
	}
	e.bytes(c.ends)
	e.int(c.first)
	e.int(c.last)
	e.int(c.latest)
	e.int(int64(c.reached))
	e.run(c.gaps)
	e.run(c.oldest)
	e.int(int64(c.oldestNegative))
	for i := range c.leads {
		l := &c.leads[i]
		e.run(l.spans)
		e.int(int64(l.negative))
		e.int(int64(l.unstamped))
		e.bytes(l.begun)
	}
}

func decodeCell(d *decoder) *cell {
	if d.int() == 0 {
		return nil
	}
	c := &cell{summary: &lazy[summary]{}}
	t := &c.tally
	for _, n := range []*int{&t.Counted, &t.Successful, &t.Redeploys, &t.Canceled, &t.Judged, &t.Failed, &t.Suspected, &t.RolledBack, &t.Rework,
		&t.WithCommit, &t.WithContents, &t.WithStart} {
		*n = int(d.int())
	}
	for i := range t.ByEvidence {
		t.ByEvidence[i] = int(d.int())
	}
	c.ends, c.first, c.last, c.latest, c.reached = d.bytes(), d.int(), d.int(), d.int(), int(d.int())
	c.gaps, c.oldest, c.oldestNegative = d.run(), d.run(), int(d.int())
	for i := range c.leads {
		l := &c.leads[i]
		l.spans, l.negative, l.unstamped, l.begun = d.run(), int(d.int()), int(d.int()), d.bytes()
	}
	return c
}
