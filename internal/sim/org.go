package sim

import (
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// Org is a simulated organisation on its way through time. It is not safe for
// concurrent use.
type Org struct {
	cfg      Config
	now      plimsoll.Time // everything up to here has happened
	agenda   agenda
	emit     func(*Item) error
	err      error // of emit
	seq      int64
	teams    []*team
	repos    []*repo
	services []*service
	byName   map[string]*service
	freezes  []Freeze
	truth    *Truth
	serial   int // of incidents
}

// New returns an organisation that has not begun: nothing happens before the
// first Until.
func New(cfg Config) (*Org, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	o := &Org{cfg: cfg, byName: map[string]*service{}, freezes: freezes(cfg.Start, cfg.End)}
	if !cfg.NoTruth {
		o.truth = newTruth()
	}
	o.found()
	for _, s := range o.services {
		s.begin()
	}
	return o, nil
}

// Until lets time pass up to and including t, but never beyond the end of the
// Config, and hands over what is reported meanwhile, in the order of time. The
// parts of the time may be cut in any way; the stream is the same. After an
// error of emit the organisation is of no more use.
func (o *Org) Until(t plimsoll.Time, emit func(*Item) error) error {
	t = min(t, o.cfg.End)
	o.emit = emit
	for o.err == nil {
		a, ok := o.agenda.next(t)
		if !ok {
			break
		}
		a.do(a.at)
	}
	o.now = max(o.now, t)
	return o.err
}

// Config is what the organisation was made from, with what was left out filled
// in.
func (o *Org) Config() Config { return o.cfg }

// Freezes lists the spans in which nothing but repairs is deployed.
func (o *Org) Freezes() []Freeze { return o.freezes }

// Services is the catalogue.
func (o *Org) Services() []plimsoll.ServiceReport {
	out := make([]plimsoll.ServiceReport, len(o.services))
	for i, s := range o.services {
		out[i] = s.report()
	}
	return out
}

// send hands an item over.
func (o *Org) send(now plimsoll.Time, i Item) {
	if o.err != nil {
		return
	}
	o.seq++
	i.At, i.Seq = now, o.seq
	o.err = o.emit(&i)
}

// team is a group with habits of its own.
type team struct {
	name      string
	calendar  calendar
	character character
}

// repo is the history of one repository. Its main line is a list of entries;
// an entry reaches all before it.
type repo struct {
	org      *Org
	name     string
	seed     uint64
	services []*service
	dice     dice

	line    []entry // those that may still be needed
	first   int     // position of line[0]
	commits int     // made so far
	pulls   int
}

// entry is one step of the main line: a commit that was pushed, a squash, or a
// merge with the commits that it brought.
type entry struct {
	head     int // number of the commit that the line stands at
	pull     int
	commits  []commit // changes only, no merges
	owners   uint64   // of any of its commits
	hotfix   bool     // its branch is named like one
	reverts  bool
	merged   plimsoll.Time
	pullFrom plimsoll.Time // first commit of the pull request
	pullEnds plimsoll.Stamps
	built    plimsoll.Time
}

// commit is one change.
type commit struct {
	number int
	start  plimsoll.Time // where its clock starts
	owners uint64        // services of the repository it belongs to, by bit
}

// head is the number of the latest commit of the main line, −1 at the start.
func (r *repo) head() int {
	if len(r.line) == 0 {
		return -1
	}
	return r.line[len(r.line)-1].head
}

// last is the position of the latest entry.
func (r *repo) last() int { return r.first + len(r.line) - 1 }

func (r *repo) at(pos int) *entry { return &r.line[pos-r.first] }

// trim forgets what every service has long delivered.
func (r *repo) trim() {
	const kept = 64 // builds under way may still look back at what is delivered
	floor := r.last()
	for _, s := range r.services {
		floor = min(floor, s.floor-kept)
		for _, l := range s.lanes { // a region may be behind the others
			floor = min(floor, l.cur.pos-kept, l.prev.pos-kept)
		}
	}
	if n := floor - r.first; n > kept {
		r.line = append(r.line[:0:0], r.line[n:]...)
		r.first = floor
	}
}

// sha is the name of commit n: forty hexadecimal digits.
func (r *repo) sha(n int) string {
	var b [40]byte
	const digits = "0123456789abcdef"
	var x uint64
	for i := range b {
		if i%16 == 0 {
			x = mix(r.seed + mix(uint64(n)*3+uint64(i/16)))
		}
		b[i] = digits[x>>60]
		x <<= 4
	}
	return string(b[:])
}

// service is one deployable thing.
type service struct {
	org    *Org
	index  int
	bit    uint64 // of the repository
	name   string
	team   *team
	repo   *repo
	path   string // of a monorepo
	tier   string
	needs  []*service
	needed []*service
	dice   dice
	habits habits

	lanes  []*lane // production environments, the first goes first
	busy   bool    // a roll-out or a repair is under way
	owed   int     // roll-outs that are due
	number int     // of roll-outs so far
	runs   int     // of versions so far
	flags  int

	built, staged, ready int // positions on the main line
	readyAt              plimsoll.Time
	staging              bool
	stagings             []staging // of those that truth is kept of
	versioned            int       // position that the latest version names
	version              string

	least     int // position that the next release must have at least
	delivered int // position up to which changes have arrived
	floor     int // … before the latest roll-out that may still be taken back
	mending   *trouble
	effects   []effect
	base      baseline
}

// staging is one deployment below production.
type staging struct {
	pos            int
	started, ready plimsoll.Time
}

// lane is one production environment of a service.
type lane struct {
	env       string
	cur, prev build
}

// build is what runs.
type build struct {
	pos     int
	version string
	by      *rollout
}

func (s *service) report() plimsoll.ServiceReport {
	r := plimsoll.ServiceReport{Name: s.name, Team: s.team.name, Tier: s.tier, Repository: s.repo.name, Slack: "#" + s.team.name}
	if s.path != "" {
		r.Paths = []string{s.path}
	}
	for _, n := range s.needs {
		r.DependsOn = append(r.DependsOn, n.name)
	}
	return r
}

// begin plans the first of everything that happens again and again.
func (s *service) begin() {
	o, start := s.org, s.org.cfg.Start
	o.agenda.plan(start, func(now plimsoll.Time) {
		r := s.report()
		o.send(now, Item{Type: plimsoll.TypeService, Source: "catalogue", OccurredAt: now, Service: &r})
		if len(s.repo.line) == 0 {
			s.repo.found(now, s)
		}
		s.built, s.ready, s.readyAt = s.repo.last(), s.repo.last(), now
	})
	soon := start.Add(s.dice.between(time.Minute, time.Hour))
	o.agenda.plan(s.team.calendar.after(soon, s.dice.between(time.Minute, 6*time.Hour)), s.initial)
	s.planPull(soon)
	s.planSlot(soon)
	s.planFlag(soon)
	s.planOutside(soon)
}
