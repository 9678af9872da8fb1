package cells

import "github.com/plimsoll-dev/plimsoll/internal/metric"

// mark is everything that a tally counts of one deployment, in two bytes.
type mark uint16

const (
	markCounted mark = 1 << iota
	markJudged
	markSuspected
	markRolledBack
	markFirst  // counted: successful; else: a redeploy
	markSecond // counted: rework; else: canceled
	markCommit // counted: its commit is known; else: it came to its users
	markContents
	markEvidence                // the first of six kinds
	markFailed   mark = 1 << 14 // by evidence of no known kind
	markStarted  mark = 1 << 15 // its start is known
)

// markOf packs what one deployment adds to a tally.
func markOf(d *metric.Deployment) (m mark) {
	var t metric.Tally
	t.Add(d)
	set := func(n int, bit mark) {
		if n > 0 {
			m |= bit
		}
	}
	set(t.Counted, markCounted)
	set(t.Judged, markJudged)
	set(t.Suspected, markSuspected)
	set(t.RolledBack, markRolledBack)
	set(t.Successful+t.Redeploys, markFirst)
	set(t.Rework+t.Canceled, markSecond)
	set(t.WithCommit+one(!d.Counted && d.Reached()), markCommit)
	set(t.WithContents, markContents)
	for k, n := range t.ByEvidence {
		set(n, markEvidence<<k)
	}
	if t.Failed > 0 && m < markEvidence {
		m |= markFailed
	}
	set(t.WithStart, markStarted)
	return m
}

// reached reports whether the deployment came to its users.
func (m mark) reached() bool { return m&(markCounted|markCommit) != 0 }

// tallyOf adds up marks. It counts how often each byte occurs, and only then looks into the bytes.
func tallyOf(marks []mark) (t metric.Tally) {
	if len(marks) < 64 {
		for _, m := range marks {
			addLow(&t, m&0xff, 1)
			addHigh(&t, m>>8, 1)
		}
		return t
	}
	var low, high [256]int32
	for _, m := range marks {
		low[m&0xff]++
		high[m>>8]++
	}
	for m := range low {
		if n := low[m]; n > 0 {
			addLow(&t, mark(m), int(n))
		}
		if n := high[m]; n > 0 {
			addHigh(&t, mark(m), int(n))
		}
	}
	return t
}

func addLow(t *metric.Tally, m mark, n int) {
	first, second := &t.Redeploys, &t.Canceled
	if m&markCounted != 0 {
		t.Counted += n
		first, second = &t.Successful, &t.Rework
		if m&markCommit != 0 {
			t.WithCommit += n
		}
	}
	if m&markFirst != 0 {
		*first += n
	}
	if m&markSecond != 0 {
		*second += n
	}
	if m&markJudged != 0 {
		t.Judged += n
	}
	if m&markSuspected != 0 {
		t.Suspected += n
	}
	if m&markRolledBack != 0 {
		t.RolledBack += n
	}
	if m&markContents != 0 {
		t.WithContents += n
	}
}

// addHigh wants the upper byte of a mark.
func addHigh(t *metric.Tally, m mark, n int) {
	if m&(markStarted>>8) != 0 {
		t.WithStart += n
		m &^= markStarted >> 8
	}
	if m == 0 {
		return
	}
	t.Failed += n
	for k := range t.ByEvidence {
		if m>>k&1 != 0 {
			t.ByEvidence[k] += n
		}
	}
}
