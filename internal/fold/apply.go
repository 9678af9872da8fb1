package fold

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/derive"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// attempts is how often an event is tried before it is parked.
const attempts = 3

// apply combines the reports of every subject in the next batch of events, and
// returns how many events it took. cut says that it stopped where the facts have
// to be complete before the next event.
func (f *Folder) apply(ctx context.Context) (n int, cut bool, err error) {
	in, err := f.take(ctx)
	if err != nil || len(in.records) == 0 {
		return 0, in != nil && in.cut, err
	}
	ctx, done := f.began(ctx, "apply")
	defer func() { done(n, err) }()
	records := in.records
	b := &batch{broken: f.broken, single: f.single, followers: map[string]bool{}, seen: map[string]bool{}}
	b.first, b.about, b.decoded = records[0].Seq, in.about, in.decoded
	last := records[len(records)-1].Seq
	ahead := f.readAhead(ctx, in)
	panicked := int64(0)
	err = f.update(ctx, func(tx *store.Tx) (err error) {
		b.tx = tx
		if at, err := tx.Cursor(Cursor); err != nil || at != in.after {
			return errors.Join(err, fmt.Errorf("the cursor stands at event %d, not %d: somebody else folds, too", at, in.after))
		}
		if err := tx.MarkMoment(Cursor); err != nil {
			return err
		}
		if b.wanted, err = tx.AnyWanted(); err != nil {
			return err
		}
		for i := range records {
			if err := b.guarded(&records[i], &panicked); err != nil {
				return fmt.Errorf("event %d: %w", records[i].Seq, err)
			}
		}
		if err := b.settle(); err != nil {
			return err
		}
		if err := tx.Fault("fold:facts"); err != nil {
			return err
		}
		if err := tx.SetCursor(Cursor, last); err != nil {
			return err
		}
		return tx.Fault("fold:cursor")
	})
	f.ahead = <-ahead
	if panicked != 0 {
		// Nothing of the batch was written. The next try parks the event.
		f.broken[panicked] = err.Error()
		f.opt.Log.Error("event parked", "seq", panicked, "err", err)
		done(0, err)
		return f.apply(ctx)
	}
	if b.lost && !f.single {
		f.opt.Log.Error("batch is tried again event by event", "err", err)
		f.single = true
		done(0, err)
		return f.apply(ctx)
	}
	if err != nil {
		return 0, false, err
	}
	f.single = false
	for _, r := range records {
		delete(f.broken, r.Seq)
	}
	f.latest, f.position = in.latest, last
	f.learn(b.learnt)
	return len(records), in.cut, nil
}

// learn brings what is remembered up to what was committed.
func (f *Folder) learn(learnt []func(*memory)) {
	defer func() {
		if p := recover(); p != nil {
			f.opt.Log.Error("memory is dropped", "panic", fmt.Sprint(p))
			f.forget()
		}
	}()
	for _, learn := range learnt {
		learn(f.mem)
	}
}

// subject names what an event is about.
type subject struct {
	typ  plimsoll.Type
	name string
}

func bySubject(records []plimsoll.Record) map[subject][]plimsoll.Record {
	out := make(map[subject][]plimsoll.Record, len(records))
	for _, r := range records {
		k := subject{r.Type, r.Subject}
		out[k] = append(out[k], r)
	}
	return out
}

// batch is the work on a batch of events within its transaction.
type batch struct {
	tx        *store.Tx
	first     int64
	about     map[subject][]plimsoll.Record // all events about the subjects of the batch, in order
	decoded   map[int64]any                 // reports that were decoded before
	broken    map[int64]string
	seen      map[string]bool // subjects and notes that are done: one combination covers all events of the batch
	wanted    bool            // some service waits for a commit
	followers map[string]bool // repositories whose services have their note
	learnt    []func(*memory)

	// What most events are about is written together, unless single says that
	// each is written by itself, to find the one over which that panics.
	single      bool
	lost        bool // it panicked over one that nobody knows
	deployments []plimsoll.Reported
	changes     []plimsoll.ChangeReport
	pulls       []plimsoll.PullRequestReport
}

// guarded applies one event. A panic is a fault of ours; it comes back as an
// error, and panicked says of which event.
func (b *batch) guarded(r *plimsoll.Record, panicked *int64) (err error) {
	if cause, ok := b.broken[r.Seq]; ok {
		return b.park(r.Seq, errors.New(cause))
	}
	defer func() {
		if p := recover(); p != nil {
			*panicked, err = r.Seq, fmt.Errorf("panic: %v", p)
		}
	}()
	return b.record(r)
}

// record applies one event. Only trouble with the store is an error; an event
// that cannot be read is parked.
func (b *batch) record(r *plimsoll.Record) error {
	key := string(r.Type) + " " + r.Subject
	if b.seen[key] {
		return nil
	}
	b.seen[key] = true
	switch r.Type {
	case plimsoll.TypeDeployment:
		return b.deployment(r)
	case plimsoll.TypeChange:
		return b.change(r)
	case plimsoll.TypePullRequest:
		return b.pullRequest(r)
	}
	// What follows may ask for those.
	if err := b.settle(); err != nil {
		return err
	}
	switch r.Type {
	case plimsoll.TypeIncident:
		return b.incident(r)
	case plimsoll.TypeService:
		return b.service(r)
	case plimsoll.TypeConfiguration:
		return b.configuration(r)
	case plimsoll.TypeTarget:
		return b.target(r)
	case plimsoll.TypeFlag:
		return b.flag(r)
	case plimsoll.TypeVerdict:
		return b.verdict(r)
	case plimsoll.TypeConfirmation:
		return b.confirmation(r)
	case plimsoll.TypeAnalysis:
		return b.analysis(r)
	}
	return b.park(r.Seq, fmt.Errorf("type %q is not known to this version", r.Type))
}

func (b *batch) park(seq int64, cause error) error {
	return b.tx.Park(Cursor, seq, attempts, cause)
}

// reports returns all reports about the subject of r. Events of the batch that
// cannot be read are parked; older ones already are.
func reports[R any](b *batch, r *plimsoll.Record, stage func(R) int) ([]plimsoll.Stamped[R], error) {
	records := b.about[subject{r.Type, r.Subject}]
	replaced := map[int64]bool{}
	out := make([]plimsoll.Stamped[R], 0, len(records))
	// The events that replace others come after them.
	for _, x := range slices.Backward(records) {
		if replaced[x.Seq] {
			continue
		}
		s, there := b.decoded[x.Seq].(plimsoll.Stamped[R])
		var err error
		if !there {
			s, err = decode(x, stage)
		}
		if err == nil {
			out = append(out, s)
			if x.Supersedes != 0 {
				replaced[x.Supersedes] = true
			}
			continue
		}
		if x.Seq >= b.first {
			if err := b.park(x.Seq, err); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

func decode[R any](x plimsoll.Record, stage func(R) int) (plimsoll.Stamped[R], error) {
	s := plimsoll.Stamped[R]{At: x.OccurredAt, Rank: x.Rank(), Hash: x.Hash, Source: x.Source}
	if x.SchemaVersion > plimsoll.SchemaVersion {
		return s, fmt.Errorf("schema version %d is newer than this program (%d)", x.SchemaVersion, plimsoll.SchemaVersion)
	}
	if err := json.Unmarshal(x.Body, &s.Report); err != nil {
		return s, fmt.Errorf("body: %w", err)
	}
	if stage != nil {
		s.Stage = stage(s.Report)
	}
	return s, nil
}

func (b *batch) deployment(r *plimsoll.Record) error {
	rs, err := reports(b, r, plimsoll.DeploymentReport.StageOf)
	if err != nil || len(rs) == 0 {
		return err
	}
	d := plimsoll.CombineDeployment(rs)
	d.ID = r.Subject // what the envelope says, whatever the body says
	b.deployments = append(b.deployments, d)
	return b.putSingle()
}

func (b *batch) change(r *plimsoll.Record) error {
	rs, err := reports[plimsoll.ChangeReport](b, r, nil)
	if err != nil || len(rs) == 0 {
		return err
	}
	b.changes = append(b.changes, plimsoll.Combine(rs))
	return b.putSingle()
}

func (b *batch) pullRequest(r *plimsoll.Record) error {
	rs, err := reports[plimsoll.PullRequestReport](b, r, nil)
	if err != nil || len(rs) == 0 {
		return err
	}
	b.pulls = append(b.pulls, plimsoll.Combine(rs))
	return b.putSingle()
}

func (b *batch) analysis(r *plimsoll.Record) error {
	rs, err := reports(b, r, plimsoll.AnalysisReport.StageOf)
	if err != nil || len(rs) == 0 {
		return err
	}
	a := plimsoll.Combine(rs)
	a.ID = r.Subject
	before, err := b.tx.PutAnalysis(a)
	if err != nil {
		return err
	}
	if before != "" && before != a.Service {
		if err := b.dirty(stepTimeline, before); err != nil {
			return err
		}
	}
	return b.dirty(stepTimeline, a.Service)
}

func (b *batch) incident(r *plimsoll.Record) error {
	rs, err := reports[plimsoll.IncidentReport](b, r, nil)
	if err != nil || len(rs) == 0 {
		return err
	}
	i := plimsoll.Combine(rs)
	i.ID = r.Subject
	before, _, err := b.tx.ReportedIncident(i.ID)
	if err != nil {
		return err
	}
	if err := b.tx.PutIncident(i); err != nil {
		return err
	}
	// It is a sign for those that began when it does, or did as it stood before.
	for _, begun := range []plimsoll.Time{before.BegunAt(), i.BegunAt()} {
		if !begun.Known() {
			continue
		}
		beside, err := b.tx.IncidentsBetween(begun.Add(-derive.Together), begun.Add(derive.Together))
		if err != nil {
			return err
		}
		if err := b.dirty(stepIncident, beside...); err != nil {
			return err
		}
	}
	return b.dirty(stepIncident, i.ID)
}

func (b *batch) service(r *plimsoll.Record) error {
	rs, err := reports[plimsoll.ServiceReport](b, r, nil)
	if err != nil || len(rs) == 0 {
		return err
	}
	s := plimsoll.Combine(rs)
	s.Name = r.Subject
	if err := b.tx.PutService(s); err != nil {
		return err
	}
	changed, err := b.tx.PutDependencies(s.Name, s.DependsOn)
	if err != nil {
		return err
	}
	if changed {
		// What an incident can reach has changed, and that of incidents beside it.
		if err := b.allIncidents(); err != nil {
			return err
		}
	}
	return b.dirty(stepTimeline, s.Name)
}

// configuration takes new settings; everything may follow differently from now.
func (b *batch) configuration(r *plimsoll.Record) error {
	rs, err := reports[plimsoll.Settings](b, r, nil)
	if err != nil || len(rs) == 0 {
		return err
	}
	if err := b.tx.PutSettings(plimsoll.Combine(rs)); err != nil {
		return err
	}
	services, err := b.tx.ServiceNames()
	if err != nil {
		return err
	}
	for _, step := range []string{stepTimeline, stepOutcome} {
		if err := b.dirty(step, services...); err != nil {
			return err
		}
	}
	return b.allIncidents()
}

// allIncidents notes every incident, once for the batch.
func (b *batch) allIncidents() error {
	if b.seen["all incidents"] {
		return nil
	}
	b.seen["all incidents"] = true
	incidents, err := b.tx.IncidentIDs()
	if err != nil {
		return err
	}
	return b.dirty(stepIncident, incidents...)
}

func (b *batch) dirty(step string, keys ...string) error {
	for _, k := range keys {
		note := "dirty " + step + " " + k
		if b.seen[note] {
			continue
		}
		b.seen[note] = true
		if err := b.tx.MarkDirty(step, k, b.first); err != nil {
			return err
		}
	}
	return nil
}
