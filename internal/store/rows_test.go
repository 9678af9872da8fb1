package store

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"
	"math"
	"testing"

	"github.com/plimsoll-dev/plimsoll"
)

// Hashes are stored, so they must never be made in another way.
func TestHashOfIsFNVOverEachValueAndAZeroByte(t *testing.T) {
	for _, values := range [][]any{
		nil,
		{""},
		{"production", true, false, "team", 0, -12, int64(math.MinInt64), plimsoll.Time(1732723200000000), plimsoll.Time(0)},
		{"ü\x00", int64(7), uint8(3), nil},
	} {
		h := fnv.New64a()
		for _, v := range values {
			switch v := v.(type) {
			case string:
				_, _ = io.WriteString(h, v)
			case plimsoll.Time:
				_, _ = h.Write(binary.LittleEndian.AppendUint64(nil, uint64(v)))
			default:
				fmt.Fprint(h, v)
			}
			_, _ = h.Write([]byte{0})
		}
		if got, want := hashOf(values), int64(h.Sum64()); got != want {
			t.Errorf("hash of %v: %d, expected %d", values, got, want)
		}
	}
}

var rowProperties = []property{
	{"many reports written at once are there one by one", manyReportsAtOnce},
}

// However many rows are written at once, and in whatever order, each is there as
// the last report of it says.
func manyReportsAtOnce(t *testing.T, open opener) {
	db := open(t, Options{})
	for _, n := range []int{1, 15, 16, 255, 256, 257, 300, arrayAtOnce + 1} {
		o := mustOrg(t, db, fmt.Sprint("many-", n))
		var changes []plimsoll.ChangeReport
		var deployments []plimsoll.Reported
		var pulls []plimsoll.PullRequestReport
		for i := range n {
			// Out of order, and the first one twice.
			name := fmt.Sprint((i*7919 + 3) % n)
			changes = append(changes, plimsoll.ChangeReport{Repository: "r", SHA: name, CommittedAt: plimsoll.Time(i + 1), Subject: "it's ? $1", Bot: i%2 == 0})
			deployments = append(deployments, plimsoll.Reported{DeploymentReport: plimsoll.DeploymentReport{ID: name, Service: "s"}})
			pulls = append(pulls, plimsoll.PullRequestReport{Repository: "r", PullRequestRef: plimsoll.PullRequestRef{Number: i + 1}})
		}
		again := changes[0]
		again.Subject = "later"
		changes = append(changes, again)
		for round := range 2 {
			mustUpdate(t, o, func(tx *Tx) error {
				before, err := tx.PutDeployments(deployments)
				if len(before) != round*n {
					t.Errorf("%d deployments: %d were there before round %d", n, len(before), round)
				}
				if err == nil {
					err = tx.PutChange(changes...)
				}
				if err == nil {
					err = tx.PutPullRequest(pulls...)
				}
				return err
			})
		}
		mustView(t, o, func(tx *Tx) error {
			seen := 0
			err := tx.Changes("r", func(c plimsoll.ChangeReport) error {
				seen++
				want := changes[seenAt(changes, c.SHA)]
				if c.Subject != want.Subject || c.CommittedAt != want.CommittedAt || c.Bot != want.Bot {
					t.Errorf("%d changes: %+v, expected %+v", n, c, want)
				}
				return nil
			})
			ds, err2 := tx.ReportedDeployments("s")
			ps, err3 := tx.PullRequests("r")
			if seen != n || len(ds) != n || len(ps) != n {
				t.Errorf("%d changes, %d deployments, %d pull requests; expected %d of each", seen, len(ds), len(ps), n)
			}
			for _, e := range []error{err2, err3} {
				if e != nil {
					err = e
				}
			}
			return err
		})
	}
}

// seenAt is where the last change of a name is.
func seenAt(changes []plimsoll.ChangeReport, sha string) (at int) {
	for i, c := range changes {
		if c.SHA == sha {
			at = i
		}
	}
	return at
}
