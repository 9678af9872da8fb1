package store

import (
	"strings"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// ofPostgres are the examinations of a database that several servers share.
var ofPostgres = []examination{
	{"durability", false, (*patient).durability},
	{"connections", false, (*patient).connections},
	{"folder", false, (*patient).leases},
	{"old transactions", false, (*patient).oldTransactions},
	{"size", true, (*patient).relationSizes},
}

// durability looks at the settings under which a commit is on disk.
func (p *patient) durability() ([]plimsoll.Finding, error) {
	var version, fsync, pages, checksums string
	err := p.s.row(p.ctx, `SELECT current_setting('server_version'), current_setting('fsync'), current_setting('full_page_writes'), current_setting('data_checksums')`).
		Scan(&version, &fsync, &pages, &checksums)
	if err != nil {
		return nil, err
	}
	var off []string
	for _, x := range []struct{ name, value string }{{"fsync", fsync}, {"full_page_writes", pages}} {
		if x.value != "on" {
			off = append(off, x.name)
		}
	}
	switch {
	case len(off) > 0:
		return faulty("turn it on: what was acknowledged may be lost, or the database damaged, when its machine fails", "PostgreSQL %s with %s off", version, strings.Join(off, " and ")), nil
	case checksums != "on":
		return warned("stop PostgreSQL and run pg_checksums --enable: a disk that returns other bytes than were written is found then", "PostgreSQL %s without data_checksums", version), nil
	}
	return fine("PostgreSQL %s, with fsync and checksums", version), nil
}

func (p *patient) connections() ([]plimsoll.Finding, error) {
	var used, most int64
	err := p.s.row(p.ctx, `SELECT count(*), CAST(current_setting('max_connections') AS BIGINT) FROM pg_stat_activity WHERE backend_type = 'client backend'`).Scan(&used, &most)
	if err != nil {
		return nil, err
	}
	if used*10 > most*9 {
		return warned("raise max_connections, or find who holds them in pg_stat_activity: a server that restarts finds none", "%d of %d are in use", used, most), nil
	}
	return fine("%d of %d are in use", used, most), nil
}

// leases says which server folds.
func (p *patient) leases() ([]plimsoll.Finding, error) {
	return p.each(func(o orgOf) ([]plimsoll.Finding, error) {
		var holder string
		var epoch, until, left int64
		there, err := o.tx.one(`SELECT holder, epoch, until, until - `+p.s.db.say.clock+` FROM leases WHERE org = ? AND name = 'fold'`, o.tx.args(), &holder, &epoch, &until, &left)
		switch {
		case err != nil:
			return nil, err
		case !there:
			return warned("start a server", "no server has folded the log yet"), nil
		case until == 0:
			return warned("start a server", "no server folds the log now; the last gave the work up"), nil
		case left < 0:
			return warned("start a server; if one runs, its log says why it cannot take the work", "nobody folds the log, since %s", ago(time.Duration(-left)*time.Microsecond)), nil
		}
		return fine("server %s folds the log, in epoch %d", holder, epoch), nil
	})
}

// oldTransactions keep the database from clearing up behind us.
func (p *patient) oldTransactions() ([]plimsoll.Finding, error) {
	const long = 15 * time.Minute
	var seconds int64
	var name string
	there, err := (&Tx{ctx: p.ctx, s: p.s, db: p.s.db}).one(`SELECT CAST(extract(epoch FROM clock_timestamp() - xact_start) AS BIGINT), application_name
		FROM pg_stat_activity WHERE xact_start IS NOT NULL AND datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
		ORDER BY xact_start LIMIT 1`, nil, &seconds, &name)
	if err != nil || !there {
		return fine("none"), err
	}
	age := time.Duration(seconds) * time.Second
	if age > long {
		return warned("end it, or ask its owner to: what we replace cannot be cleared away meanwhile, and the tables grow", "%q has one open for %s", plimsoll.OneLine(name, 60), ago(age)), nil
	}
	return fine("the oldest is %s old", ago(age)), nil
}

// relationSizes says what takes how much room, tables and indexes together.
func (p *patient) relationSizes() ([]plimsoll.Finding, error) {
	rows, err := p.s.conn.QueryContext(p.ctx, `SELECT c.relname, pg_total_relation_size(c.oid) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p') ORDER BY 2 DESC, 1`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	return sizesOf(rows)
}
