package history

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/plimsoll-dev/plimsoll"
)

// release is a deployment in short: there can be as many as commits.
type release struct {
	name    string // unique within service and environment, and lasting: the end of the id
	version string
	sha     string
	at      plimsoll.Time
	tagType string

	// Only a file of deployments states these.
	started     plimsoll.Time
	result      plimsoll.Result
	environment string
}

func (r *run) deployment(x release) plimsoll.DeploymentReport {
	d := plimsoll.DeploymentReport{
		Service:     r.Service,
		Environment: cmp.Or(x.environment, r.Environment),
		Version:     x.version,
		CommitSHA:   x.sha,
		Repository:  r.clone.name,
		StartedAt:   x.started,
		FinishedAt:  x.at,
		Result:      cmp.Or(x.result, plimsoll.ResultSuccess),
	}
	d.ID = boundedID("git:" + r.clone.name + ":" + d.Service + ":" + d.Environment + ":" + x.name)
	if x.tagType != "" {
		d.Labels = map[string]string{"tag_type": x.tagType}
	}
	return d
}

// boundedID keeps an id within the 200 characters an id may have, and unique.
func boundedID(id string) string {
	const most, kept = 200, 160
	if len(id) <= most {
		return id
	}
	sum := sha256.Sum256([]byte(id))
	return strings.ToValidUTF8(id[:kept], "") + "~" + hex.EncodeToString(sum[:12])
}

// orderReleases sorts by time and drops what is before Since, except the last:
// from that one on the contents of all others are known.
func (r *run) orderReleases() {
	slices.SortStableFunc(r.releases, func(a, b release) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.name, b.name))
	})
	if r.Since.Known() {
		at, _ := slices.BinarySearchFunc(r.releases, r.Since, func(x release, t plimsoll.Time) int {
			return cmp.Compare(x.at, t)
		})
		if at > 0 {
			r.base = r.releases[at-1].sha
			r.releases = r.releases[at-1:]
		}
	}
	if n := len(r.releases); n > 0 {
		r.sum.FirstVersion, r.sum.FirstAt = r.releases[0].version, r.releases[0].at
		r.sum.LastAt = r.releases[n-1].at
	}
}

func (r *run) sendDeployments(ctx context.Context) error {
	releases := r.releases
	if r.FirstParent {
		fresh, err := r.freshFirstParents(ctx)
		if err != nil {
			return err
		}
		releases = releases[max(0, len(releases)-fresh):]
	}
	for _, x := range releases {
		raw, err := marshalDeployment(r.deployment(x))
		if err != nil {
			return err
		}
		r.sum.Deployments++
		if err := r.out.add(ctx, raw, place{name: "deployment " + x.name}); err != nil {
			return err
		}
	}
	return r.out.flush(ctx)
}
