package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// statusOf is the worst status of one check, with what was found.
func statusOf(findings []plimsoll.Finding, check string) (status, text string) {
	var of []plimsoll.Finding
	for _, f := range findings {
		if f.Check == check {
			of = append(of, f)
			text += f.Found + " → " + f.Advice + "\n"
		}
	}
	if len(of) == 0 {
		return "missing", ""
	}
	return plimsoll.WorstFinding(of), text
}

func look(t *testing.T, dir string, now time.Time) []plimsoll.Finding {
	t.Helper()
	found, err := ExamineFolder(t.Context(), dir, Exam{Cursor: "facts", Now: clockAt(now)})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// wants is what each check must say.
func wants(t *testing.T, findings []plimsoll.Finding, want map[string]string) {
	t.Helper()
	for _, f := range findings {
		if f.Found == "" || strings.ContainsAny(f.Found, "\n\r") || f.Status == plimsoll.FindingWarn && f.Advice == "" {
			t.Errorf("finding %+v", f)
		}
	}
	for check, say := range want {
		status, text := statusOf(findings, check)
		level, words, _ := strings.Cut(say, " ")
		if status != level || !strings.Contains(text, words) {
			t.Errorf("%s: %s: %s; want %s", check, status, text, say)
		}
	}
}

func TestAHealthyStoreIsLookedAtBesideItsServer(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	db := mustOpen(t, Options{Dir: dir})
	o := mustOrg(t, db, "default")
	mustAppend(t, o, sampleDelivery(sampleEvent("d-1", "1"), sampleEvent("d-2", "1")))
	mustUpdate(t, o, func(tx *Tx) error { return tx.SetCursor("facts", 2) })
	if err := db.Announce("http://127.0.0.1:8080"); err != nil {
		t.Fatal(err)
	}
	for _, found := range [][]plimsoll.Finding{look(t, dir, testTime), func() []plimsoll.Finding {
		found, err := db.Examine(t.Context(), Exam{Cursor: "facts"})
		if err != nil {
			t.Fatal(err)
		}
		return found
	}()} {
		wants(t, found, map[string]string{
			"schema": "ok schema", "log": "ok 2 events in 1 delivery", "facts": "ok complete up to event 2", "parked events": "ok none",
			"set aside": "ok nothing", "sources": "ok api: 2 events", "clock": "ok 2026-03-24", "integrity": "ok agree", "log of writes": "ok iB",
			"permissions": "ok only its owner", "in use": "ok http://127.0.0.1:8080", "size": "ok deployments: ", "disk": "ok free",
		})
	}
	// Nothing was disturbed.
	mustAppend(t, o, sampleDelivery(sampleEvent("d-3", "1")))
	quick, err := db.Examine(t.Context(), Exam{Cursor: "facts", Quick: true})
	if err != nil {
		t.Fatal(err)
	}
	wants(t, quick, map[string]string{"integrity": "missing", "log": "missing", "size": "missing", "facts": "ok 1 event behind"})
}

func TestAStoppedStoreIsLookedAtWithoutChangingIt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db, err := Open(t.Context(), Options{Dir: dir, Now: clockAt(testTime)})
	if err != nil {
		t.Fatal(err)
	}
	o := mustOrg(t, db, "default")
	mustAppend(t, o, sampleDelivery(sampleEvent("d-1", "1")))
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(filepath.Join(dir, "plimsoll.db"))
	if err != nil {
		t.Fatal(err)
	}
	wants(t, look(t, dir, testTime.Add(time.Hour)), map[string]string{"in use": "ok no server", "facts": "warn start the server", "integrity": "ok "})
	if after, err := os.ReadFile(filepath.Join(dir, "plimsoll.db")); err != nil || string(after) != string(before) {
		t.Errorf("the database changed: %v", err)
	}
	mustOpen(t, Options{Dir: dir}) // the lock is free
}

func TestWhatIsWrongWithAStoreIsSaidWithWhatToDo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := mustOpen(t, Options{Dir: dir})
	o := mustOrg(t, db, "default")
	evil := sampleEvent("d-1", "1")
	evil.Source = "a\nb\x1b[31m" + strings.Repeat("x", 500)
	mustAppend(t, o, sampleDelivery(evil, sampleEvent("d-2", "1"), sampleEvent("d-3", "1")))
	mustUpdate(t, o, func(tx *Tx) error {
		errs := []error{tx.SetCursor("facts", 3)}
		for i := range 7 {
			errs = append(errs, tx.Park("facts", int64(i+1), 3, fmt.Errorf("no field %d\nsecond line", i)),
				tx.MarkDirty("outcome", fmt.Sprintf("service-%d", i), 2), tx.SetAside("outcome", fmt.Sprintf("service-%d", i)))
		}
		_, err := tx.exec(`DELETE FROM events WHERE org = ? AND seq = 2`, tx.org)
		return errors.Join(append(errs, err)...)
	})
	// A database that an older program left, on a machine whose clock went back.
	mustUpdate(t, o, func(tx *Tx) error {
		_, err := tx.exec(`DELETE FROM schema_migrations WHERE version = (SELECT max(version) FROM schema_migrations)`)
		return err
	})
	found := look(t, dir, testTime.Add(-time.Hour))
	wants(t, found, map[string]string{
		"schema": "warn the next start", "log": "fail 1 of 3 events are missing", "parked events": "warn and 2 more",
		"set aside": "fail outcome of service-0 cannot be derived since event 2", "clock": "fail 1 h 0 min later",
	})
	if _, text := statusOf(found, "parked events"); !strings.Contains(text, "event 1, since 2026-03-24T10:15:00Z: no field 0 second line") {
		t.Errorf("parked: %s", text)
	}
	wants(t, look(t, dir, testTime.Add(30*24*time.Hour)), map[string]string{"sources": "warn 30 days ago", "facts": "warn complete up to event 1"})
	mustUpdate(t, o, func(tx *Tx) error {
		return errors.Join(tx.setCounter("log", 2), func() error {
			_, err := tx.exec(`INSERT INTO schema_migrations (version, name, applied_at) VALUES (99, 'x', 0)`)
			return err
		}())
	})
	wants(t, look(t, dir, testTime), map[string]string{"schema": "fail run the newer program", "log": "fail ends at event 3 and should end at 2"})
	mustUpdate(t, o, func(tx *Tx) error { return tx.setCounter("log", 3) })
}

func TestOtherUsersOfTheMachineAreNoticed(t *testing.T) {
	t.Parallel()
	for mode, want := range map[os.FileMode]string{
		0o700: "ok only its owner", 0o755: "warn others can read plimsoll.db", 0o777: "fail others can write into", 0o770: "fail chmod 700",
	} {
		dir := t.TempDir()
		mustOpen(t, Options{Dir: dir})
		if err := os.Chmod(filepath.Join(dir, "plimsoll.db"), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
		wants(t, look(t, dir, testTime), map[string]string{"permissions": want})
	}
}

func TestDamageIsFoundAndTheRestIsStillLookedAt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db, err := Open(t.Context(), Options{Dir: dir, Now: clockAt(testTime)})
	if err != nil {
		t.Fatal(err)
	}
	o := mustOrg(t, db, "default")
	for i := range 300 {
		mustAppend(t, o, sampleDelivery(sampleEvent(fmt.Sprintf("d-%d", i), strings.Repeat("x", 1000))))
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "plimsoll.db")
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	for at := info.Size() / 2; at < info.Size()-4096; at += 4096 {
		if _, err := f.WriteAt([]byte(strings.Repeat("\xff", 64)), at); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	wants(t, look(t, dir, testTime), map[string]string{"integrity": "fail restore a backup", "disk": "ok free"})
}

func TestAFolderWithoutAStoreIsNotMadeOne(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := ExamineFolder(t.Context(), dir, Exam{Cursor: "facts"}); plimsoll.ErrorCode(err) != plimsoll.CodeNotFound {
		t.Errorf("%v", err)
	}
	if list, err := os.ReadDir(dir); err != nil || len(list) > 0 {
		t.Errorf("%v %v", list, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "plimsoll.db"), []byte("this is no database, and long enough to be looked at"), 0o600); err != nil {
		t.Fatal(err)
	}
	if found, err := ExamineFolder(t.Context(), dir, Exam{Cursor: "facts"}); err == nil && plimsoll.WorstFinding(found) != plimsoll.FindingFail {
		t.Errorf("%+v", found)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	mustOpen(t, Options{Dir: filepath.Join(dir, "b")})
	if _, err := ExamineFolder(ctx, filepath.Join(dir, "b"), Exam{Cursor: "facts"}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
