package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// Exam says how a store is looked at.
type Exam struct {
	Cursor string           // of the follower that makes the facts
	Quick  bool             // leave out what reads the whole database
	Now    func() time.Time // time.Now if nil
}

// patient is what an examination looks at: a snapshot of the whole store.
type patient struct {
	Exam
	ctx  context.Context
	s    *session
	now  plimsoll.Time
	dir  string // data folder, "" where the database is elsewhere
	path string // of the database file, "" likewise
	orgs []orgOf
}

type orgOf struct {
	name string
	tx   *Tx
}

// examination looks at one thing. An error means that it could not be looked at,
// which is a finding of its own.
type examination struct {
	name string
	deep bool // it reads the whole database
	run  func(p *patient) ([]plimsoll.Finding, error)
}

// everywhere are the examinations of what every backend holds.
var everywhere = []examination{
	{"schema", false, (*patient).schema},
	{"log", true, (*patient).log},
	{"facts", false, (*patient).lag},
	{"parked events", false, (*patient).parked},
	{"set aside", false, (*patient).setAside},
	{"sources", true, (*patient).sources},
	{"clock", false, (*patient).clock},
}

// Examine looks at the open store and says what it found. It writes nothing and
// holds up nobody but one reader.
func (db *DB) Examine(ctx context.Context, e Exam) ([]plimsoll.Finding, error) {
	s, err := db.reader(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { db.readers <- s }()
	if err := s.fresh(ctx); err != nil {
		return nil, db.unreadable(err)
	}
	if e.Now == nil {
		e.Now = db.opt.Now
	}
	p := &patient{Exam: e}
	if files, ok := db.engine.(*sqliteEngine); ok {
		p.dir, p.path = files.dir, files.path
		if abs, err := filepath.Abs(p.dir); err == nil {
			p.dir = abs // who reads it may stand elsewhere
		}
	}
	return examine(ctx, s, p)
}

// ExamineFolder looks at the store in a data folder, also while a server works on
// it: it opens the database for reading only, and takes no lock. CodeNotFound
// means that there is no store.
func ExamineFolder(ctx context.Context, dir string, e Exam) (_ []plimsoll.Finding, err error) {
	if e.Now == nil {
		e.Now = time.Now
	}
	path, err := filepath.Abs(filepath.Join(dir, "plimsoll.db"))
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, plimsoll.Errorf(plimsoll.CodeNotFound, "%s holds no data", dir)
	}
	engine := newSQLite(dir)
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: path}).String()+"?mode=ro&_pragma=busy_timeout(10000)&_pragma=query_only(ON)&_pragma=temp_store(MEMORY)")
	if err != nil {
		return nil, engine.explain(err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	s, err := newSession(ctx, &DB{engine: engine, say: engine.dialect(), sql: db}, false, patience)
	if err != nil {
		return nil, engine.explain(err)
	}
	defer func() { err = errors.Join(err, s.close()) }()
	found, err := examine(ctx, s, &patient{Exam: e, dir: dir, path: path})
	if err != nil {
		return nil, engine.explain(err)
	}
	return found, nil
}

func examine(ctx context.Context, s *session, p *patient) (out []plimsoll.Finding, err error) {
	p.ctx, p.s, p.now = ctx, s, plimsoll.TimeOf(p.Now())
	uncut := context.WithoutCancel(ctx)
	if _, err := s.run(uncut, s.db.say.beginRead); err != nil {
		return nil, err
	}
	defer func() {
		_, e := s.run(uncut, `ROLLBACK`)
		err = errors.Join(err, e)
		s.shrink()
	}()
	if err := p.readOrgs(); err != nil {
		out = append(out, unseen("organisations", err))
	}
	for _, list := range [][]examination{everywhere, s.db.engine.examinations()} {
		for _, x := range list {
			if x.deep && p.Quick {
				continue
			}
			found, err := x.run(p)
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			for _, f := range found {
				f.Check = x.name
				out = append(out, f)
			}
			if err != nil {
				out = append(out, unseen(x.name, err))
			}
		}
	}
	return out, nil
}

// unseen is the finding that something could not be looked at.
func unseen(check string, err error) plimsoll.Finding {
	return plimsoll.Finding{
		Check: check, Status: plimsoll.FindingFail, Found: "cannot be looked at: " + plimsoll.OneLine(err.Error(), 300),
		Advice: "if this stays so the database is damaged, or of another version: restore a backup, or run the program that made it",
	}
}

func (p *patient) readOrgs() error {
	rows, err := p.s.conn.QueryContext(p.ctx, `SELECT id, name FROM orgs ORDER BY name`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		tx := &Tx{ctx: p.ctx, s: p.s, db: p.s.db, now: p.now}
		var name string
		if err := rows.Scan(&tx.org, &name); err != nil {
			return err
		}
		p.orgs = append(p.orgs, orgOf{name, tx})
	}
	return rows.Err()
}

// each asks every organisation. Where there is more than one the finding says
// which it is about.
func (p *patient) each(look func(o orgOf) ([]plimsoll.Finding, error)) ([]plimsoll.Finding, error) {
	var out []plimsoll.Finding
	for _, o := range p.orgs {
		found, err := look(o)
		if err != nil {
			return out, err
		}
		for _, f := range found {
			if len(p.orgs) > 1 {
				f.Found = o.name + ": " + f.Found
			}
			out = append(out, f)
		}
	}
	return out, nil
}

func fine(format string, args ...any) []plimsoll.Finding {
	return []plimsoll.Finding{{Status: plimsoll.FindingOK, Found: fmt.Sprintf(format, args...)}}
}

func warned(advice, format string, args ...any) []plimsoll.Finding {
	return []plimsoll.Finding{{Status: plimsoll.FindingWarn, Found: fmt.Sprintf(format, args...), Advice: advice}}
}

func faulty(advice, format string, args ...any) []plimsoll.Finding {
	return []plimsoll.Finding{{Status: plimsoll.FindingFail, Found: fmt.Sprintf(format, args...), Advice: advice}}
}
