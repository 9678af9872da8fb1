// Package auth says who asks: it makes tokens, recognises them and ends them.
// It refuses to decide what anybody may do; that stands in one table in the
// root. It refuses to know a secret longer than it takes to hand it out.
//
// All tokens of an organisation are remembered together, so that a request
// costs no read of the store. What is remembered is looked through again at
// most a second after somebody, in whatever process, changed it.
package auth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"log/slog"
	"sync"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// What is remembered is used without a question for lazy. Then somebody asks
// the store while the others go on, until it is old: those who come later wait.
// A revocation holds for every request that comes old after it.
const (
	lazy = 300 * time.Millisecond
	old  = 900 * time.Millisecond
)

// readTimeout bounds one look at the store.
const readTimeout = 10 * time.Second

// Most is how many tokens an organisation can have: what bounds the memory.
// Those that have ended make room for new ones.
const Most = 10_000

// Options are what a Guard needs.
type Options struct {
	Now func() time.Time // when tokens expire; time.Now if nil
	Log *slog.Logger     // discarded if nil
}

// Guard recognises the tokens of one organisation. It is safe for concurrent
// use.
type Guard struct {
	org  *store.Org
	opt  Options
	mono func() time.Time // measures the age of what is remembered: a clock that nobody sets

	mu    sync.Mutex
	known *known                   // nil before the first look
	look  *look                    // under way, nil if none is
	epoch int                      // grows with each change of our own
	used  map[string]plimsoll.Time // not yet noted in the store
	told  map[string]plimsoll.Time // when the log was told that one is used though it has ended
}

// known is what was found at one look at the store.
type known struct {
	at      time.Time // no later than the look
	epoch   int
	changes int64 // as the store counts them
	tokens  map[string]store.Token
}

// look is a look at the store that somebody waits for.
type look struct {
	done chan struct{}
	err  error // readable when done is closed
}

// New returns the guard of an organisation.
func New(org *store.Org, opt Options) *Guard {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	return &Guard{org: org, opt: opt, mono: time.Now, used: map[string]plimsoll.Time{}, told: map[string]plimsoll.Time{}}
}

func (g *Guard) now() plimsoll.Time { return plimsoll.TimeOf(g.opt.Now()) }

// errRefused is the same for a token that is unknown, wrong, expired or
// revoked: whoever guesses learns nothing.
var errRefused = plimsoll.Errorf(plimsoll.CodeUnauthorized, "no valid token; send Authorization: Bearer TOKEN")

// Refused returns the error of a request without a valid token.
func Refused() error { return errRefused }

// noSecret is compared with where there is no token of that id.
var noSecret [sha256.Size]byte

// Identify returns who holds a token, or CodeUnauthorized. CodeUnavailable says
// that the store cannot be asked; then nobody is let in.
func (g *Guard) Identify(ctx context.Context, text string) (plimsoll.Actor, error) {
	id, secret := split(text)
	k, err := g.fresh(ctx)
	if err != nil {
		return plimsoll.Actor{}, err
	}
	t, found := k.tokens[id]
	want := t.Hash
	if !found {
		want = noSecret[:]
	}
	have := sha256.Sum256([]byte(secret))
	same := subtle.ConstantTimeCompare(have[:], want) == 1
	now := g.now()
	if !found || !same {
		return plimsoll.Actor{}, errRefused
	}
	if !t.Live(now) {
		g.tell(t, now)
		return plimsoll.Actor{}, errRefused
	}
	g.mu.Lock()
	g.used[id] = now
	g.mu.Unlock()
	return t.Actor(), nil
}

// tell writes down, once an hour, that a token is used though it has ended: its
// holder is told no more than a stranger, so somebody here must know. He knew
// the secret, so strangers cannot fill the log.
func (g *Guard) tell(t store.Token, now plimsoll.Time) {
	g.mu.Lock()
	last, ok := g.told[t.ID]
	again := !ok || now.Sub(last) >= time.Hour
	if again {
		g.told[t.ID] = now
	}
	g.mu.Unlock()
	if again {
		g.opt.Log.Warn("a token that has ended is used", "id", t.ID, "name", t.Name, "expires", t.ExpiresAt, "revoked", t.RevokedAt)
	}
}

// fresh returns what is known of tokens, no older than old when it was asked.
func (g *Guard) fresh(ctx context.Context) (*known, error) {
	arrived := g.mono()
	for {
		g.mu.Lock()
		k := g.known
		if k != nil && k.epoch != g.epoch {
			k = nil
		}
		if k != nil && arrived.Sub(k.at) <= lazy {
			g.mu.Unlock()
			return k, nil
		}
		l := g.look
		if l == nil {
			l = &look{done: make(chan struct{})}
			g.look = l
			go g.see(l, g.epoch, g.known)
		}
		g.mu.Unlock()
		if k != nil && arrived.Sub(k.at) <= old {
			return k, nil
		}
		select {
		case <-l.done:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if l.err != nil {
			e := plimsoll.Errorf(plimsoll.CodeUnavailable, "tokens cannot be looked up now; try again")
			e.Cause = l.err
			return nil, e
		}
	}
}

// see looks at the store. It is nobody's request: who asked first may leave.
func (g *Guard) see(l *look, epoch int, before *known) {
	ctx, cancel := context.WithTimeout(context.Background(), readTimeout)
	defer cancel()
	k := &known{at: g.mono(), epoch: epoch}
	err := g.org.View(ctx, func(tx *store.Tx) (err error) {
		if k.changes, err = tx.TokenChanges(); err != nil {
			return err
		}
		if before != nil && before.changes == k.changes {
			k.tokens = before.tokens
			return nil
		}
		list, err := tx.Tokens()
		k.tokens = make(map[string]store.Token, len(list))
		for _, t := range list {
			k.tokens[t.ID] = t
		}
		return err
	})
	g.mu.Lock()
	if l.err = err; err == nil {
		g.known = k
	}
	g.look = nil
	g.mu.Unlock()
	close(l.done)
}

// changed makes a change of our own be seen by the next request.
func (g *Guard) changed() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.epoch++
}

// usedEvery is how often the store learns which tokens were used: a note is a
// durable write, and a request must not cost one.
const usedEvery = 5 * time.Minute

// Run notes which tokens were used, until ctx ends and once more then.
func (g *Guard) Run(ctx context.Context) {
	tick := time.NewTicker(usedEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), readTimeout)
			defer cancel()
			g.note(last)
			return
		}
		g.note(ctx)
	}
}

// note writes down which tokens were used since the last time.
func (g *Guard) note(ctx context.Context) {
	g.mu.Lock()
	used := g.used
	g.used = map[string]plimsoll.Time{}
	g.mu.Unlock()
	if len(used) == 0 {
		return
	}
	err := g.org.Update(ctx, func(tx *store.Tx) error {
		for id, at := range used {
			if err := tx.TokenUsed(id, at); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		return
	}
	g.opt.Log.Warn("the use of tokens was not noted", "err", err)
	g.mu.Lock()
	defer g.mu.Unlock()
	for id, at := range used {
		g.used[id] = max(at, g.used[id])
	}
}
