package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/ingest"
	"github.com/plimsoll-dev/plimsoll/internal/sim"
	"github.com/plimsoll-dev/plimsoll/internal/source/native"
)

// Demo asks for a simulated organisation: a year of history, and then life. It
// needs a data folder of its own, and goes on where it was when the folder is
// served again.
type Demo struct {
	Seed     uint64  // 0: that of the folder, else 1
	Services int     // 0: those of the folder, else 12
	Speed    float64 // of the organisation's clock against ours; 0: 1

	// Progress is told how far the history is, and once more when the
	// organisation lives. May be nil. Calls come from one other goroutine.
	Progress func(DemoProgress)
}

// DemoProgress is how far the history of a simulated organisation is.
type DemoProgress struct {
	Share  float64 // of the time that is to be caught up, 0..1
	Events int64   // since the record began
	Lives  bool    // from now on it goes on with the clock
}

// The demo where nothing else was asked for.
const (
	demoSeed     = 1
	demoServices = 12
	demoRollouts = 180 // of a service a year
	demoYear     = 365 * 24 * time.Hour
	demoTick     = time.Second // between two looks at what has happened
	demoBatch    = native.MaxEvents
	mostSpeed    = 100_000
)

// demoFile says what the data folder was made from.
const demoFile = "demo.json"

// demoState is the content of demoFile.
type demoState struct {
	Version  int           `json:"version"` // of the simulation
	Seed     uint64        `json:"seed"`
	Services int           `json:"services"`
	Start    plimsoll.Time `json:"start"`
	Reached  plimsoll.Time `json:"reached"` // all events up to here are in the log
}

// demo is a simulated organisation that is being served.
type demo struct {
	Demo
	path  string
	state demoState
	org   *sim.Org
	real  func() time.Time
	began time.Time // by our clock
	base  time.Time // the same moment by the clock of the organisation
}

// newDemo reads or begins the demo of a data folder. Nothing is written yet.
func newDemo(opt Options) (*demo, error) {
	d := &demo{Demo: *opt.Demo, path: filepath.Join(opt.Data, demoFile), real: opt.Now}
	if d.Speed == 0 {
		d.Speed = 1
	}
	if d.Speed < 0.01 || d.Speed > mostSpeed {
		return nil, plimsoll.FieldErrorf("--speed", "%g; expected 0.01 to %d times our clock", d.Speed, mostSpeed)
	}
	d.began = d.real()
	if err := d.read(opt.Data); err != nil {
		return nil, err
	}
	d.base = d.began
	if reached := d.state.Reached.Std(); reached.After(d.base) {
		d.base = reached // it ran ahead of our clock
	}
	var err error
	d.org, err = sim.New(sim.Config{Seed: d.state.Seed, Start: d.state.Start, Services: d.state.Services, Deployments: demoRollouts, Gaming: true})
	var e *plimsoll.Error
	if errors.As(err, &e) {
		return nil, plimsoll.FieldErrorf("--"+e.Field, "%s", e.Message)
	}
	return d, err
}

// read takes the state from the folder, or makes a new one. What was asked for
// and is not what the folder holds is refused, so that two organisations cannot
// be mixed.
func (d *demo) read(folder string) error {
	body, err := os.ReadFile(d.path)
	if errors.Is(err, os.ErrNotExist) {
		if _, err := os.Stat(filepath.Join(folder, "plimsoll.db")); err == nil {
			return plimsoll.FieldErrorf("--data", "%s holds data of its own; the demo needs another folder", folder)
		}
		d.state = demoState{Version: sim.Version, Seed: d.Seed, Services: d.Services}
		if d.state.Seed == 0 {
			d.state.Seed = demoSeed
		}
		if d.state.Services == 0 {
			d.state.Services = demoServices
		}
		d.state.Start = plimsoll.TimeOf(d.began.Add(-demoYear).Truncate(time.Second))
		return nil
	}
	if err == nil {
		err = json.Unmarshal(body, &d.state)
	}
	switch s := d.state; {
	case err != nil:
		return plimsoll.FieldErrorf("--data", "%s cannot be read: %v", d.path, err)
	case s.Version != sim.Version:
		return plimsoll.FieldErrorf("--data", "%s holds the demo of another version of Plimsoll; remove it, or name another folder", folder)
	case d.Seed != 0 && d.Seed != s.Seed:
		return plimsoll.FieldErrorf("--seed", "%s holds the demo of seed %d; leave the seed out, or name another folder with --data", folder, s.Seed)
	case d.Services != 0 && d.Services != s.Services:
		return plimsoll.FieldErrorf("--services", "%s holds a demo of %d services; leave the number out, or name another folder with --data", folder, s.Services)
	}
	return nil
}

// now is the clock of the organisation.
func (d *demo) now() time.Time {
	return d.base.Add(time.Duration(float64(d.real().Sub(d.began)) * d.Speed))
}

// write keeps how far the log is. It replaces the file as a whole.
func (d *demo) write() error {
	body, err := json.Marshal(d.state)
	if err != nil {
		return err
	}
	if err := os.WriteFile(d.path+".new", append(body, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(d.path+".new", d.path)
}

// live appends what the organisation reports: first all until now, then what
// happens from one tick to the next.
func (d *demo) live(ctx context.Context, a *App) error {
	if err := d.write(); err != nil { // from now on the folder is known as a demo
		return err
	}
	var events int64
	skip := func(i *sim.Item) error { events = i.Seq; return ctx.Err() }
	if err := d.org.Until(d.state.Reached, skip); err != nil {
		return err
	}
	for behind := true; behind; {
		to := d.moment()
		n, err := d.pass(ctx, a, to)
		if err != nil {
			return err
		}
		events = max(events, n)
		behind = d.moment().Sub(to) > time.Duration(2*d.Speed*float64(demoTick))
	}
	if err := a.folded(ctx); err != nil {
		return err
	}
	d.tell(a, DemoProgress{Share: 1, Events: events, Lives: true})
	tick := time.NewTicker(demoTick)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		if _, err := d.pass(ctx, a, d.moment()); err != nil {
			return err
		}
	}
}

// moment is now in whole seconds.
func (d *demo) moment() plimsoll.Time { return plimsoll.TimeOf(d.now().Truncate(time.Second)) }

// pass lets time pass until to and appends what is reported. It returns the
// number of the last event, 0 if there was none. Large batches follow each other
// without a break, so that the facts are derived when most of them are in.
func (d *demo) pass(ctx context.Context, a *App, to plimsoll.Time) (last int64, err error) {
	var batch []byte
	n := 0
	// Each event names its delivery, so what comes twice is known for it.
	flush := func() error {
		if n == 0 {
			return nil
		}
		_, err := a.door.Accept(ctx, ingest.Body{Reader: bytes.NewReader(batch)})
		batch, n = batch[:0], 0
		return err
	}
	began := max(d.state.Reached, d.state.Start)
	err = d.org.Until(to, func(i *sim.Item) error {
		batch = append(i.AppendJSON(batch, i.DeliveryID()), '\n')
		last = i.Seq
		if n++; n < demoBatch {
			return nil
		}
		if err := flush(); err != nil {
			return err
		}
		// More may come of the same time.
		d.state.Reached = max(began, i.At-1)
		d.tell(a, DemoProgress{Share: float64(i.At-began) / float64(to-began), Events: last})
		return d.write()
	})
	if err == nil {
		err = flush()
	}
	if err != nil {
		return last, err
	}
	d.state.Reached = to
	return last, d.write()
}

// folded waits until the facts include everything that is in the log now.
func (a *App) folded(ctx context.Context) error {
	_, target, err := a.desk.Position(ctx)
	for err == nil {
		changed := a.db.Changed()
		var facts int64
		if facts, _, err = a.desk.Position(ctx); err != nil || facts >= target {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return err
}

func (d *demo) tell(a *App, p DemoProgress) {
	text := fmt.Sprintf("Simulated: an organisation of %d services that does not exist (seed %d). ", d.state.Services, d.state.Seed)
	switch {
	case !p.Lives:
		text += fmt.Sprintf("Its history is being made: %.0f %%.", 100*p.Share)
	case d.Speed != 1:
		text += fmt.Sprintf("Its clock runs %g times as fast as yours.", d.Speed)
	}
	a.notice(text)
	if d.Progress != nil {
		d.Progress(p)
	}
}

// demonstrate runs the demo until the server stops. When something goes wrong
// the server goes on with what is there.
func (a *App) demonstrate(ctx context.Context) {
	err := a.demo.live(ctx, a)
	if err == nil || ctx.Err() != nil {
		return
	}
	a.opt.Log.Error("the simulated organisation has stopped", "err", err)
	a.notice("Simulated, and at a standstill: " + plimsoll.PublicMessage(err))
}
