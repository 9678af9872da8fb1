package store

import (
	"database/sql"
	"fmt"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// schema compares the steps that the data went through with those of this
// program.
func (p *patient) schema() ([]plimsoll.Finding, error) {
	steps, err := migrations(p.s.db.engine.migrations())
	if err != nil {
		return nil, err
	}
	var have int
	if err := p.s.row(p.ctx, `SELECT coalesce(max(version), 0) FROM schema_migrations`).Scan(&have); err != nil {
		return nil, err
	}
	switch {
	case have > len(steps):
		return faulty("run the newer program, or restore a backup made before the upgrade", "schema %d, and this program knows %d", have, len(steps)), nil
	case have < len(steps):
		return warned("the next start of the server migrates it; make a backup first", "schema %d, and this program makes %d of it", have, len(steps)), nil
	}
	return fine("schema %d", have), nil
}

// log counts the log and compares it with its counters.
func (p *patient) log() ([]plimsoll.Finding, error) {
	return p.each(func(o orgOf) ([]plimsoll.Finding, error) {
		var n, last, num, lastNum int64
		if _, err := o.tx.one(`SELECT count(*), coalesce(max(seq), 0) FROM events WHERE org = ?`, o.tx.args(), &n, &last); err != nil {
			return nil, err
		}
		if _, err := o.tx.one(`SELECT count(*), coalesce(max(num), 0) FROM deliveries WHERE org = ?`, o.tx.args(), &num, &lastNum); err != nil {
			return nil, err
		}
		head, err := o.tx.Head()
		if err != nil {
			return nil, err
		}
		delivered, err := o.tx.counter("delivery")
		if err != nil {
			return nil, err
		}
		const advice = "restore a backup: the database was put together from two, or damaged"
		switch {
		case last != head:
			return faulty(advice, "the log ends at event %d and should end at %d", last, head), nil
		case n != last:
			return faulty(advice, "%d of %d events are missing", last-n, last), nil
		case lastNum > delivered:
			return faulty(advice, "deliveries end at %d and should end at %d", lastNum, delivered), nil
		}
		return fine("%s in %s, none missing", counted(n, "event", "events"), counted(num, "delivery", "deliveries")), nil
	})
}

// lag says how far the facts are behind the log.
func (p *patient) lag() ([]plimsoll.Finding, error) {
	const soon = time.Minute // a server has that long to follow
	return p.each(func(o orgOf) ([]plimsoll.Finding, error) {
		v, err := o.tx.Vitals(p.Cursor)
		if err != nil {
			return nil, err
		}
		behind := v.Head - v.Facts
		switch {
		case v.Head == 0:
			return fine("the log is empty"), nil
		case behind == 0:
			return fine("complete up to event %d, the last", v.Facts), nil
		case p.now.Sub(v.ReceivedAt) < soon:
			return fine("%s behind, which came within the last minute", counted(behind, "event", "events")), nil
		}
		return warned("start the server if it is stopped; if it runs, its log names the event or the service that holds it up",
			"complete up to event %d, %d behind the log, the last of which came %s ago", v.Facts, behind, ago(p.now.Sub(v.ReceivedAt))), nil
	})
}

// mostNamed bounds how many of a kind are named one by one.
const mostNamed = 5

func (p *patient) parked() ([]plimsoll.Finding, error) {
	return p.each(func(o orgOf) ([]plimsoll.Finding, error) {
		list, err := o.tx.ParkedEvents(p.Cursor)
		if err != nil {
			return nil, err
		}
		if len(list) == 0 {
			return fine("none"), nil
		}
		const advice = "upgrade, then run plimsoll refold; until then the facts leave it out"
		var out []plimsoll.Finding
		for i, e := range list {
			if i == mostNamed {
				return append(out, warned(advice, "and %d more", len(list)-i)...), nil
			}
			out = append(out, warned(advice, "event %d, since %s: %s", e.Seq, e.ParkedAt, plimsoll.OneLine(e.Error, 200))...)
		}
		return out, nil
	})
}

// setAside names what could not be derived, and holds back the position.
func (p *patient) setAside() ([]plimsoll.Finding, error) {
	return p.each(func(o orgOf) ([]plimsoll.Finding, error) {
		var out []plimsoll.Finding
		n := 0
		err := o.tx.each(`SELECT step, key, since FROM dirty WHERE org = ? AND step >= ? AND step < ? ORDER BY step, key`,
			o.tx.args(aside, aside+"~"), func(rows *sql.Rows) error {
				var step, key string
				var since int64
				err := rows.Scan(&step, &key, &since)
				if n++; n <= mostNamed {
					out = append(out, faulty("its facts stay as they were; upgrade, and report it with the stack trace in the log of the server",
						"%s of %s cannot be derived since event %d", step[len(aside):], plimsoll.OneLine(key, 100), since)...)
				}
				return err
			})
		if n > mostNamed {
			out = append(out, faulty("", "and %d more", n-mostNamed)...)
		}
		if n == 0 && err == nil {
			return fine("nothing"), nil
		}
		return out, err
	})
}

// mostQuiet is for how long a source may be silent before somebody should look.
const mostQuiet = 7 * 24 * time.Hour

// sources says when each source was last heard of.
func (p *patient) sources() ([]plimsoll.Finding, error) {
	const most = 20
	return p.each(func(o orgOf) ([]plimsoll.Finding, error) {
		var out []plimsoll.Finding
		err := o.tx.each(`SELECT source, count(*), max(recorded_at) AS last FROM events WHERE org = ? GROUP BY source ORDER BY last DESC, source LIMIT ?`,
			o.tx.args(most), func(rows *sql.Rows) error {
				var name string
				var n int64
				var last plimsoll.Time
				err := rows.Scan(&name, &n, &last)
				quiet := p.now.Sub(last)
				found := fmt.Sprintf("%s: %s, the last %s ago", plimsoll.OneLine(name, 60), counted(n, "event", "events"), ago(quiet))
				switch {
				case quiet > mostQuiet && name != "configuration" && name != "plimsoll":
					out = append(out, warned("if it should still report, look at the step that sends it, and at plimsoll_deliveries_total", "%s", found)...)
				default:
					out = append(out, fine("%s", found)...)
				}
				return err
			})
		if err != nil {
			return nil, err
		}
		if len(out) == 0 {
			out = warned("send a first event: see the README", "nothing was ever received")
		}
		err = o.tx.each(`SELECT source, count(*), max(received_at) FROM deliveries WHERE org = ? AND outcome = 'undecodable' AND received_at > ?
			GROUP BY source ORDER BY source LIMIT ?`, o.tx.args(plimsoll.TimeOf(p.now.Std().Add(-mostQuiet)), most), func(rows *sql.Rows) error {
			var name string
			var n int64
			var last plimsoll.Time
			err := rows.Scan(&name, &n, &last)
			out = append(out, warned("the answer to each said why; mend the source in the configuration or upgrade, then run plimsoll refold --config FILE",
				"%s: %s of the last 7 days could not be decoded, the last %s ago", plimsoll.OneLine(name, 60), counted(n, "delivery", "deliveries"), ago(p.now.Sub(last)))...)
			return err
		})
		return out, err
	})
}

// clock compares our clock with what the log says.
func (p *patient) clock() ([]plimsoll.Finding, error) {
	const slack = time.Minute
	return p.each(func(o orgOf) ([]plimsoll.Finding, error) {
		v, err := o.tx.Vitals(p.Cursor)
		if err != nil {
			return nil, err
		}
		if ahead := v.ReceivedAt.Sub(p.now); v.ReceivedAt.Known() && ahead > slack {
			return faulty("set the clock, by NTP: events with a time more than an hour ahead of it are refused",
				"this machine says %s, and the last event was received at %s, %s later", p.now.Std().Truncate(time.Second).Format(time.RFC3339), v.ReceivedAt, ago(ahead)), nil
		}
		return fine("%s, not before the last event", p.now.Std().Truncate(time.Second).Format(time.RFC3339)), nil
	})
}

// counted writes a number of things.
func counted(n int64, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}

// ago writes a span of time to its two greatest units.
func ago(d time.Duration) string {
	switch d = max(0, d); {
	case d < time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
	}
	return fmt.Sprintf("%d days", d/(24*time.Hour))
}
