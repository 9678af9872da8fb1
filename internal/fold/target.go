package fold

import "github.com/plimsoll-dev/plimsoll"

// target takes what a scope wants to reach. No other fact follows from it.
func (b *batch) target(r *plimsoll.Record) error {
	rs, err := reports[plimsoll.TargetReport](b, r, nil)
	if err != nil || len(rs) == 0 {
		return err
	}
	t := plimsoll.Combine(rs)
	t.ID = r.Subject
	return b.tx.PutTarget(t)
}
