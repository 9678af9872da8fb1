// Package ingest is the one door in: it bounds a body, decodes it, and stores
// the events. It refuses to answer before they are durable, and to take part of
// a delivery.
//
// Names and addresses of persons end here. Authors become a salted hash that
// only counts; a deployer becomes a reference, and the name behind it goes into
// a table that can be erased.
package ingest

import (
	"compress/gzip"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/source/native"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// MaxBody is the greatest size of a body, before and after decompression.
const MaxBody = 10 << 20

// Door takes deliveries for one organisation. It is safe for concurrent use.
type Door struct {
	org  *store.Org
	salt []byte
	now  func() time.Time

	watch Watch // nil: nobody watches
	hooks hooks // the tools whose deliveries are taken
}

// New returns the door of an organisation. now is time.Now but in tests.
func New(ctx context.Context, db *store.DB, org *store.Org, now func() time.Time) (*Door, error) {
	salt, err := db.Secret(ctx, "author-salt")
	if err != nil {
		return nil, err
	}
	return &Door{org: org, salt: salt, now: now, hooks: hooks{large: make(chan struct{}, 1)}}, nil
}

// Body is what was sent, on its way in.
type Body struct {
	Reader      io.Reader
	ContentType string
	Gzip        bool
	DeliveryID  string // the sender's name for the delivery, "" if it gave none

	// By is who sends it. The zero Actor is a part of this program.
	By plimsoll.Actor

	// Hold is asked before that many more bytes are kept in memory; its error ends
	// the delivery. Nil lets everything be kept.
	Hold func(n int) error

	most int // bytes, MaxBody if zero
}

func (b Body) bound() int {
	if b.most > 0 {
		return b.most
	}
	return MaxBody
}

// Accept reads a body in our own event form and returns when all of it is
// durable. On any error nothing of it is stored. Who may act for one team only
// is refused what speaks of another team's services.
func (d *Door) Accept(ctx context.Context, b Body) (r store.Receipt, err error) {
	ctx, done := d.began(ctx, "api")
	defer func() { done(r, err) }()
	body, err := readAll(b)
	if err != nil {
		return store.Receipt{}, err
	}
	if n := len(b.DeliveryID); n > 200 {
		return store.Receipt{}, plimsoll.FieldErrorf("Idempotency-Key", "%d characters; at most 200 are kept", n)
	}
	res, err := native.Decode(body, native.Options{
		Now: plimsoll.TimeOf(d.now()), DeliveryID: b.DeliveryID, Pseudonym: d.Pseudonym,
	})
	if err != nil {
		return store.Receipt{}, err
	}
	if err := d.answersFor(ctx, b.By, res.Events); err != nil {
		return store.Receipt{}, err
	}
	if b.By.Token != "" {
		// Who reported it, not who did it: that stands in the report if at all.
		if res.People == nil {
			res.People = map[string]string{}
		}
		actor := d.sign(b.By, res.People)
		for i := range res.Events {
			res.Events[i].Actor = actor
		}
	}
	// Our own form is stored as events only: they hold every field of it, so
	// the body would be the same bytes a second time.
	return d.org.Append(ctx, store.Delivery{
		Source: "api", DeliveryID: b.DeliveryID, ContentType: b.ContentType, Size: len(body),
		Outcome: "decoded", Events: res.Events, People: res.People,
	})
}

// Pseudonym turns a personal name into a reference that says nothing without
// the organisation's secret.
func (d *Door) Pseudonym(kind, name string) string {
	mac := hmac.New(sha256.New, d.salt)
	fmt.Fprintf(mac, "%s\x00%s", kind, name)
	return kind[:1] + "-" + hex.EncodeToString(mac.Sum(nil)[:10])
}

// readAll reads a body within its bounds; a compressed one may not grow beyond
// them either.
func readAll(b Body) ([]byte, error) {
	most := b.bound()
	in := io.LimitReader(b.Reader, int64(most)+1)
	var refused *plimsoll.Error // by Hold
	if b.Gzip {
		count := &counter{r: in}
		z, err := gzip.NewReader(count)
		if err != nil {
			return nil, plimsoll.Errorf(plimsoll.CodeInvalid, "the body is not gzip although Content-Encoding says so: %v", err)
		}
		out, err := io.ReadAll(io.LimitReader(b.kept(z), int64(most)+1))
		switch {
		case len(out) > most || count.n > most:
			return nil, tooLarge(most)
		case errors.As(err, &refused):
			return nil, refused
		case errors.Is(err, os.ErrDeadlineExceeded):
			return nil, tooSlow()
		case err != nil:
			return nil, plimsoll.Errorf(plimsoll.CodeInvalid, "the gzip body is damaged: %v", err)
		}
		return out, nil
	}
	out, err := io.ReadAll(b.kept(in))
	switch {
	case len(out) > most:
		return nil, tooLarge(most)
	case errors.As(err, &refused):
		return nil, refused
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, plimsoll.Errorf(plimsoll.CodeInvalid, "the body ended early; send it again")
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, tooSlow()
	case err != nil:
		e := plimsoll.Errorf(plimsoll.CodeInvalid, "the body could not be read")
		e.Cause = err
		return nil, e
	}
	return out, nil
}

func tooLarge(most int) error {
	return plimsoll.Errorf(plimsoll.CodeTooLarge, "the body is larger than %d MiB; send the events in several requests", most>>20)
}

func tooSlow() error {
	return plimsoll.Errorf(plimsoll.CodeUnavailable, "the body came too slowly; nothing was stored, send it again")
}

// kept asks Hold about everything that is read.
func (b Body) kept(r io.Reader) io.Reader {
	if b.Hold == nil {
		return r
	}
	return keeper{r, b.Hold}
}

type keeper struct {
	io.Reader
	hold func(n int) error
}

func (k keeper) Read(p []byte) (int, error) {
	n, err := k.Reader.Read(p)
	if n > 0 {
		if held := k.hold(n); held != nil {
			return 0, held
		}
	}
	return n, err
}

type counter struct {
	r io.Reader
	n int
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += n
	return n, err
}
