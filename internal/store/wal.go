package store

import (
	"context"
	"os"
	"time"
)

// SQLite copies its log of writes (the WAL) into the database now and then, and
// begins it anew once no reader needs it. Readers that overlap without end
// never let it come to that, and the file grows for as long as they do. So when
// it is large the writer waits for a moment in which nobody reads.
const (
	checkpointPages = 4000                   // written between two copies: more cost less, and recover slower
	keptWAL         = 16 << 20               // size the file keeps when begun anew
	mostWAL         = 64 << 20               // size from which on it is shortened
	quietWait       = 250 * time.Millisecond // how long the writer waits for readers to end
)

// shortenLog begins the log of writes anew when it has become large. A reader
// that takes longer than we wait puts it off until the file has grown again by
// as much.
func (e *sqliteEngine) shortenLog(db *DB) {
	info, err := os.Stat(e.path + "-wal")
	if err != nil || info.Size() < e.walBound {
		return
	}
	var held []*session
	defer func() {
		for _, s := range held {
			db.readers <- s
		}
	}()
	late := time.NewTimer(quietWait)
	defer late.Stop()
	for range db.opened {
		select {
		case s := <-db.readers:
			held = append(held, s)
		case <-late.C:
			e.walBound = info.Size() + mostWAL
			return
		}
	}
	// A reader of another process, such as a backup, is not waited for: it may
	// take minutes. When this fails for any other reason the next commit does
	// too, and somebody hears of it.
	ctx := context.Background()
	_ = db.door.s.exec(ctx, `PRAGMA busy_timeout = 0`)
	var busy, pages, copied int
	err = db.door.s.row(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &pages, &copied)
	_ = db.door.s.exec(ctx, `PRAGMA busy_timeout = 10000`)
	if e.walBound = mostWAL; err != nil || busy != 0 {
		e.walBound = info.Size() + mostWAL
	}
}
