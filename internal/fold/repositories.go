package fold

import (
	"cmp"
	"slices"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/derive"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// mostCommits bounds the commits that are kept in memory between derivations;
// about 450 bytes each.
const mostCommits = 200_000

// repositories keeps the commit graphs that were used last, so that one push
// does not load a whole history again.
type repositories struct {
	byName map[string]*derive.Repository
	used   []string // the last used at the end

	absent map[string]bool // commits that no repository holds
}

// mostAbsent bounds the commits that are known to be held by none.
const mostAbsent = 200_000

func newRepositories() *repositories {
	return &repositories{byName: map[string]*derive.Repository{}, absent: map[string]bool{}}
}

func (rs *repositories) addChange(c plimsoll.ChangeReport) {
	delete(rs.absent, c.SHA)
	if r := rs.byName[c.Repository]; r != nil {
		r.AddChange(c)
	}
}

func (rs *repositories) addPullRequest(p plimsoll.PullRequestReport) {
	if r := rs.byName[p.Repository]; r != nil {
		r.AddPullRequest(p)
	}
}

// get returns the repositories of those names, loading what is not in memory.
func (rs *repositories) get(tx *store.Tx, names []string) (map[string]*derive.Repository, error) {
	out := map[string]*derive.Repository{}
	for _, name := range names {
		r := rs.byName[name]
		if r == nil {
			var err error
			if r, err = load(tx, name); err != nil {
				return nil, err
			}
			rs.byName[name] = r
		}
		out[name] = r
		rs.used = append(slices.DeleteFunc(rs.used, func(u string) bool { return u == name }), name)
	}
	rs.shrink(len(names))
	return out, nil
}

// shrink lets go of the repositories used longest ago, but never of the keep
// last ones.
func (rs *repositories) shrink(keep int) {
	total := 0
	for _, r := range rs.byName {
		total += r.Graph.Len()
	}
	for total > mostCommits && len(rs.used) > keep {
		total -= rs.byName[rs.used[0]].Graph.Len()
		delete(rs.byName, rs.used[0])
		rs.used = rs.used[1:]
	}
}

func load(tx *store.Tx, name string) (*derive.Repository, error) {
	r := derive.NewRepository(name)
	err := tx.Changes(name, func(c plimsoll.ChangeReport) error {
		r.AddChange(c)
		return nil
	})
	if err != nil {
		return nil, err
	}
	pulls, err := tx.PullRequests(name)
	if err != nil {
		return nil, err
	}
	for _, p := range pulls {
		r.AddPullRequest(p)
	}
	return r, nil
}

// following is where the commits of a service come from.
type following struct {
	home   string   // repository of deployments that name none
	names  []string // every repository of the service, sorted
	wanted []string // commits whose repository decides where home is, sorted
}

func (f following) equal(g following) bool {
	return f.home == g.home && slices.Equal(f.names, g.names) && slices.Equal(f.wanted, g.wanted)
}

// find says which repositories a service is built from: the one in
// the catalogue, those its deployments name, and where none is named the one
// that holds a deployed commit.
func (rs *repositories) find(tx *store.Tx, service plimsoll.ServiceReport, deployments []plimsoll.Reported) (following, error) {
	var f following
	add := func(name string) {
		if name != "" && !slices.Contains(f.names, name) {
			f.names = append(f.names, name)
		}
	}
	latest := slices.SortedFunc(slices.Values(deployments), func(a, b plimsoll.Reported) int {
		return cmp.Or(cmp.Compare(b.EndedAt(), a.EndedAt()), cmp.Compare(b.ID, a.ID))
	})
	f.home = service.Repository
	add(f.home)
	for _, d := range latest {
		add(d.Repository)
		f.home = cmp.Or(f.home, d.Repository)
	}
	if f.home == "" {
		if err := rs.findHolder(tx, &f, latest); err != nil {
			return f, err
		}
		add(f.home)
	}
	slices.Sort(f.names)
	slices.Sort(f.wanted)
	f.wanted = slices.Compact(f.wanted)
	return f, nil
}

// findHolder takes for home the repository that holds a deployed commit, of the
// latest deployment for which there is one; of several the first by name.
func (rs *repositories) findHolder(tx *store.Tx, f *following, latest []plimsoll.Reported) error {
	for _, d := range latest {
		for _, sha := range append([]string{d.CommitSHA}, d.Changes...) {
			if sha == "" {
				continue
			}
			// Another repository may come to hold it, so it stays wanted.
			f.wanted = append(f.wanted, sha)
			if rs.absent[sha] {
				continue
			}
			holders, err := tx.RepositoriesOf(sha)
			if err != nil {
				return err
			}
			if len(holders) > 0 {
				f.home = cmp.Or(f.home, holders[0])
			} else if len(rs.absent) < mostAbsent {
				rs.absent[sha] = true
			}
		}
		if f.home != "" {
			return nil
		}
	}
	return nil
}
