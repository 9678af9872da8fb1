package sim

import (
	"container/heap"
	"math"
)

// Disorder is how a stream is disturbed on its way to the receiver. The zero
// value leaves it as it is.
type Disorder struct {
	Seed   uint64
	Window int     // by how many places an item may come late; below 0: any order at all, which takes all into memory
	Again  float64 // share of the items that come a second time, as the same delivery
	Anew   float64 // share that come a second time, as another delivery of the same content
}

// Sending is one item on its way, under the name of its delivery.
type Sending struct {
	*Item
	Delivery string
}

// Mixer passes a stream on in disorder.
type Mixer struct {
	disorder Disorder
	dice     dice
	emit     func(Sending) error
	waiting  sendings
	place    int
}

// Mix returns a Mixer that passes on to emit.
func (d Disorder) Mix(emit func(Sending) error) *Mixer {
	return &Mixer{disorder: d, dice: newDice(d.Seed, "disorder"), emit: emit}
}

// Take takes the next item of the stream.
func (m *Mixer) Take(i *Item) error {
	m.place++
	m.put(Sending{i, i.DeliveryID()})
	if m.dice.chance(m.disorder.Again) {
		m.put(Sending{i, i.DeliveryID()})
	}
	if m.dice.chance(m.disorder.Anew) {
		m.put(Sending{i, i.DeliveryID() + "-anew"})
	}
	if m.disorder.Window < 0 {
		return nil
	}
	return m.pass(m.place)
}

// Flush passes on what still waits. It must be called at the end.
func (m *Mixer) Flush() error { return m.pass(math.MaxInt) }

func (m *Mixer) put(s Sending) {
	due := m.place
	switch w := m.disorder.Window; {
	case w < 0:
		due = m.dice.Int()
	case w > 0:
		due += m.dice.IntN(w + 1)
	}
	heap.Push(&m.waiting, waiting{s, due})
}

func (m *Mixer) pass(place int) error {
	for len(m.waiting) > 0 && m.waiting[0].due <= place {
		if err := m.emit(heap.Pop(&m.waiting).(waiting).Sending); err != nil {
			return err
		}
	}
	return nil
}

// waiting is a sending that is due once the stream has come to a place.
type waiting struct {
	Sending
	due int
}

type sendings []waiting

func (s sendings) Len() int { return len(s) }
func (s sendings) Less(i, j int) bool {
	if s[i].due != s[j].due {
		return s[i].due < s[j].due
	}
	return s[i].Seq < s[j].Seq
}
func (s sendings) Swap(i, j int) { s[i], s[j] = s[j], s[i] }
func (s *sendings) Push(x any)   { *s = append(*s, x.(waiting)) }
func (s *sendings) Pop() any {
	last := len(*s) - 1
	x := (*s)[last]
	(*s)[last] = waiting{}
	*s = (*s)[:last]
	return x
}
