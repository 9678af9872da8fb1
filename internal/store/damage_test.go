//go:build unix

package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll"
)

// crashed returns the files of a store whose process ended between two writes:
// everything was acknowledged, and part of it stands in the log of writes only.
func crashed(t *testing.T, events int) (data, wal []byte) {
	t.Helper()
	dir := t.TempDir()
	db := mustOpen(t, Options{Dir: dir})
	o := mustOrg(t, db, "default")
	for i := range events {
		if i == events/3 { // what was written by now is copied, nothing after it
			mustUpdate(t, o, func(*Tx) error { sqliteOf(db).walBound = 1; return nil })
			pragma(t, db, "wal_autocheckpoint = 0")
		}
		mustAppend(t, o, sampleDelivery(sampleEvent(fmt.Sprintf("d-%d", i), strings.Repeat("x", 1500))))
	}
	read := func(name string) []byte {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	return read("plimsoll.db"), read("plimsoll.db-wal")
}

func lay(t *testing.T, data, wal []byte) string {
	t.Helper()
	files := map[string][]byte{}
	if data != nil {
		files["plimsoll.db"] = data
	}
	if wal != nil {
		files["plimsoll.db-wal"] = wal
	}
	dir := t.TempDir()
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// lastFrame returns where the newest frames of a log of writes end.
func lastFrame(wal []byte) int {
	page := int(binary.BigEndian.Uint32(wal[8:]))
	at := walHeader
	for at+frameHeader+page <= len(wal) && bytes.Equal(wal[at+8:at+16], wal[16:24]) {
		at += frameHeader + page
	}
	return at
}

// What start finds, and what it tells the person who reads it.
func TestDamageIsFoundAtStartAndTheMessageSaysWhatToDo(t *testing.T) {
	t.Parallel()
	data, wal := crashed(t, 120)
	if lastFrame(wal) < 30*4000 {
		t.Fatalf("only %d bytes of writes are new", lastFrame(wal))
	}
	flip := func(b []byte, at int) []byte {
		b = bytes.Clone(b)
		b[at] ^= 0x10
		return b
	}
	const restore = "delete nothing, restore a backup with plimsoll restore FILE --force --data "
	for name, c := range map[string]struct {
		data, wal []byte
		says      []string
	}{
		"the magic":                       {flip(data, 3), nil, []string{restore, "is not a database"}},
		"the size of a page":              {flip(data, 16), nil, []string{restore}},
		"the schema":                      {flip(flip(data, 100), 105), nil, []string{restore}},
		"cut off":                         {data[:len(data)/2], nil, []string{restore}},
		"cut within a page":               {data[:len(data)-100], nil, []string{restore, "is cut off"}},
		"a log of writes without data":    {nil, wal, []string{restore, "copied in part"}},
		"a log of writes and an empty":    {[]byte{}, wal, []string{restore, "copied in part"}},
		"head of the log of writes":       {data, flip(wal, 17), []string{restore, "the head of"}},
		"a write with commits behind it":  {data, flip(wal, walHeader+5*(frameHeader+4096)+100), []string{restore, "acknowledged and would be lost"}},
		"its checksum":                    {data, flip(wal, walHeader+5*(frameHeader+4096)+17), []string{restore, "acknowledged and would be lost"}},
		"its salt":                        {data, flip(wal, walHeader+frameHeader+4096+9), []string{restore}},
		"zeroes within the log of writes": {data, append(append(bytes.Clone(wal[:walHeader+5*(frameHeader+4096)]), make([]byte, 2*(frameHeader+4096))...), wal[walHeader+7*(frameHeader+4096):]...), []string{restore}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := lay(t, c.data, c.wal)
			_, err := Open(t.Context(), Options{Dir: dir})
			code(t, err, plimsoll.CodeUnavailable)
			for _, words := range append(c.says, dir) {
				if !strings.Contains(err.Error(), words) {
					t.Errorf("it does not say %q: %v", words, err)
				}
			}
			t.Log(err)
			for name, want := range map[string][]byte{"plimsoll.db": c.data, "plimsoll.db-wal": c.wal} {
				if after, err := os.ReadFile(filepath.Join(dir, name)); err == nil && !bytes.Equal(after, want) {
					t.Errorf("%s was changed", name)
				}
			}
		})
	}
	// Whole, it opens.
	if n := len(allEvents(t, mustOrg(t, mustOpen(t, Options{Dir: lay(t, data, wal)}), "default"))); n != 120 {
		t.Errorf("%d events are there", n)
	}
}

// A byte that is turned anywhere is found at start, or else by Check; or it
// stands where nothing is stored, and nothing is lost.
func TestATurnedByteIsFoundSoonerOrLater(t *testing.T) {
	t.Parallel()
	dir, data := filled(t)
	whole := wholeLog(t, mustOrg(t, mustOpen(t, Options{Dir: dir}), "default"))
	seed := rand.Uint64()
	dice := rand.New(rand.NewPCG(seed, 7))
	found := map[string]int{}
	for round := range 60 {
		at := dice.IntN(len(data))
		if round%2 == 0 { // most of so small a database is empty
			at = bytes.LastIndex(data, []byte("xxxxxxxx")) - dice.IntN(20_000)
		}
		bad := bytes.Clone(data)
		bad[at] ^= 1 << dice.IntN(8)
		dir := lay(t, bad, nil)
		by := func() string {
			db, err := Open(t.Context(), Options{Dir: dir})
			if err != nil {
				return "start"
			}
			err = db.Check(t.Context())
			if err := db.Close(); err != nil {
				return "close"
			}
			if err != nil {
				return "check"
			}
			if _, err := Backup(t.Context(), dir, filepath.Join(dir, "b"), BackupOptions{}); err != nil {
				t.Errorf("byte %d of seed %d: the backup finds what Check does not: %v", at, seed, err)
			}
			again := mustOpen(t, Options{Dir: dir})
			if n := len(wholeLog(t, mustOrg(t, again, "default"))); n != len(whole) {
				t.Errorf("byte %d of seed %d: %d events are left of %d, and nobody said so", at, seed, n, len(whole))
			}
			return "nobody"
		}()
		found[by]++
	}
	t.Logf("found by %v", found)
	if found["start"]+found["check"] == 0 {
		t.Errorf("nothing was found: %v", found)
	}
}

// The log of writes is cut anywhere. What stands before the cut is there, and
// it is a beginning of the log.
func TestALogOfWritesThatIsCutHoldsABeginning(t *testing.T) {
	t.Parallel()
	data, wal := crashed(t, 120)
	end := lastFrame(wal)
	sizes := map[int]int{}
	count := func(cut int, wal []byte) int {
		t.Helper()
		dir := lay(t, data, wal[:cut])
		db, err := Open(t.Context(), Options{Dir: dir})
		if err != nil {
			t.Fatalf("cut at %d of %d: %v", cut, end, err)
		}
		defer db.Close()
		if err := db.Check(t.Context()); err != nil {
			t.Errorf("cut at %d of %d: %v", cut, end, err)
		}
		seen := wholeLog(t, mustOrg(t, db, "default"))
		for i := range len(seen) {
			if seen[fmt.Sprintf("d-%d", i)] != 1 {
				t.Fatalf("cut at %d of %d: event %d of %d is not there", cut, end, i, len(seen))
			}
		}
		return len(seen)
	}
	// commits counts those of which every frame stands before the cut.
	commits := func(cut int) (n int) {
		for at := walHeader; at+frameHeader+4096 <= min(cut, end); at += frameHeader + 4096 {
			if binary.BigEndian.Uint32(wal[at+4:]) != 0 {
				n++
			}
		}
		return n
	}
	least := count(walHeader, wal) // what had been copied into the database
	seed := rand.Uint64()
	dice := rand.New(rand.NewPCG(seed, 5))
	for range 40 {
		cut := dice.IntN(end + 1)
		n := count(cut, wal)
		// Every commit but those that only changed settings is of one event.
		if want := least + commits(cut) - (commits(end) - (120 - least)); n < want {
			t.Errorf("cut at %d of seed %d: %d events are there, %d were synced before it", cut, seed, n, want)
		}
		sizes[n]++
	}
	if len(sizes) < 5 {
		t.Errorf("whatever the cut, these are left: %v", sizes)
	}
}

func TestALogOfWritesOfAnotherDay(t *testing.T) {
	t.Parallel()
	early, _ := filled(t) // 40 events, closed
	data, err := os.ReadFile(filepath.Join(early, "plimsoll.db"))
	if err != nil {
		t.Fatal(err)
	}
	_, wal := crashed(t, 120)
	_, err = Open(t.Context(), Options{Dir: lay(t, data, wal)})
	if err == nil {
		t.Fatal("a database with the log of writes of another opens")
	}
	code(t, err, plimsoll.CodeUnavailable)
	if !strings.Contains(err.Error(), "restore a backup") {
		t.Errorf("the error does not say what to do: %v", err)
	}
}

func TestADatabaseThatIsGoneIsMissed(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "plimsoll.db"} {
		dir := t.TempDir()
		for _, f := range []string{name, "cells.snapshot"} {
			if f != "" {
				if err := os.WriteFile(filepath.Join(dir, f), []byte(strings.Repeat("x", len(f)-len("plimsoll.db"))), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
		_, err := Open(t.Context(), Options{Dir: dir})
		code(t, err, plimsoll.CodeUnavailable)
		if !strings.Contains(err.Error(), "restore a backup") || !strings.Contains(err.Error(), "to begin anew, move cells.snapshot away") {
			t.Errorf("the error does not say what to do: %v", err)
		}
	}
	// One that a power cut left empty while it was made is begun again.
	dir := lay(t, []byte{}, nil)
	mustOpen(t, Options{Dir: dir})
}
