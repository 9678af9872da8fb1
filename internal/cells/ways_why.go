package cells

import (
	"encoding/binary"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// whyUnknown is of how many changes it is not known how long a stage took, by metric.UnknownStage.
type whyUnknown [stages][len(metric.UnknownStage)]int

func (y *whyUnknown) add(w *metric.Way) {
	for k := range y {
		reason := w.Stage(k).Reason
		for i, r := range metric.UnknownStage {
			if r == reason {
				y[k][i]++
			}
		}
	}
}

// pack appends for each stage which reasons there are, and for each of these how many have it. Mostly that
// is a byte or two.
func (y *whyUnknown) pack(b []byte) []byte {
	for k := range y {
		some := 0
		for i, n := range y[k] {
			some |= one(n > 0) << i
		}
		b = binary.AppendUvarint(b, uint64(some))
		for _, n := range y[k] {
			if n > 0 {
				b = binary.AppendUvarint(b, uint64(n))
			}
		}
	}
	return b
}

// addUnknown adds those of one stage out of what pack wrote.
func addUnknown(b []byte, stage int, to *metric.Standings) {
	take := func() int {
		v, size := binary.Uvarint(b)
		b = b[size:]
		return int(v)
	}
	for k := range stage + 1 {
		some := take()
		for i, r := range metric.UnknownStage {
			if some>>i&1 == 0 {
				continue
			}
			if n := take(); k == stage {
				to.AddSame(r, n)
			}
		}
	}
}

// explain counts the changes of a window by how they stand to a stage.
func (c *ways) explain(p pick, w plimsoll.Window, stage int, spans *gathered, to *metric.Standings) {
	for i, end := c.at.search(int64(w.From)), c.at.search(int64(w.To)); i < end; i++ {
		if p.has(c.team[i]) {
			addUnknown(unpackStages(c.packed[c.first[i]:c.first[i+1]], spans), stage, to)
		}
	}
}

// explainWays counts the delivered changes by how they stand to a stage of lead time.
func (v *view) explainWays(stage int, t *metric.Standings) {
	w := v.observed()
	if w.From >= w.To {
		return
	}
	g := gathered{only: stage}
	for _, p := range v.picks {
		p.ways.explain(p, w, stage, &g, t)
	}
	t.AddSeconds(metric.StageKnown, g.spans[stage].seconds)
	for _, span := range g.spans[stage].micros {
		t.Add(metric.Standing{Reason: metric.StageKnown, Timed: true, Span: span})
	}
}
