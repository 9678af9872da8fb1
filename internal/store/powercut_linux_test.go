package store

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// powerRounds says how often the power is cut, if not as often as usual.
const powerRounds = "PLIMSOLL_POWER_ROUNDS"

// powerCut lets a process append to a disk until the power goes at an
// operation. It returns what was acknowledged and what is on the disk then.
func powerCut(t *testing.T, d *disk, round int) (acks []string) {
	t.Helper()
	dir := t.TempDir()
	server := d.mount(t, dir)
	defer func() {
		if err := server.Unmount(); err != nil {
			t.Errorf("unmount: %v", err)
		}
	}()
	p := start(t, childRole+"=append", childDir+"="+dir, fmt.Sprintf("%s=%d", childRound, round))
	var other []string
	for p.lines.Scan() {
		line := p.lines.Text()
		if id, ok := strings.CutPrefix(line, "ack "); ok {
			acks = append(acks, id)
		} else {
			other = append(other, line)
		}
	}
	_ = p.cmd.Wait()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.left == nil {
		t.Fatalf("the process ended before the power went: %q", other)
	}
	return acks
}

// laidOut writes what is on a disk into a folder.
func laidOut(t *testing.T, left map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, b := range left {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// The power goes again and again, at any operation on the disk from the very
// first, and what was not synced is gone or there in part. What was
// acknowledged is there, and the store opens by itself.
func TestNothingAcknowledgedIsLostWhenThePowerGoes(t *testing.T) {
	rounds := 24
	if s := os.Getenv(powerRounds); s != "" {
		var err error
		if rounds, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	seed := rand.Uint64()
	dice := rand.New(rand.NewPCG(seed, 1))
	var left map[string][]byte
	var all []string
	cuts, ops := 0, 0
	for round := range rounds {
		if round%8 == 0 { // a new disk now and then
			left, all = nil, nil
		}
		most := 1500
		if round%8 == 0 || round%8 == 4 {
			most = 200 // in the midst of making or of recovering the database
		}
		d := newDisk(dice, left, 1+dice.IntN(most))
		all = append(all, powerCut(t, d, round)...)
		left = d.left
		survives(t, home{dir: laidOut(t, left)}, all)
		cuts++
		ops += d.ops
		if t.Failed() {
			t.Fatalf("round %d of seed %d, power gone at operation %d", round, seed, d.cutAt)
		}
	}
	t.Logf("the power went %d times, %d deliveries were acknowledged on the last disk", cuts, len(all))
}

// A disk that says it synced and did not does lose what was acknowledged: the
// test above would find it.
func TestADiskThatLiesIsFoundOut(t *testing.T) {
	dice := rand.New(rand.NewPCG(1, 2))
	for round := range 30 {
		d := newDisk(dice, nil, 600+dice.IntN(600))
		d.lies = true
		acks := powerCut(t, d, round)
		if len(acks) == 0 {
			continue
		}
		db, err := Open(t.Context(), Options{Dir: laidOut(t, d.left)})
		if err != nil {
			return
		}
		o := mustOrg(t, db, "default")
		seen := map[string]bool{}
		for _, e := range allEvents(t, o) {
			seen[e.Subject] = true
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		for _, id := range acks {
			if !seen[id] {
				return
			}
		}
	}
	t.Error("nothing was lost in 30 power cuts of a disk that syncs nothing")
}
