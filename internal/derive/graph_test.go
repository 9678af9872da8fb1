package derive

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/plimsoll-dev/plimsoll"
)

// naive is a commit graph done the slow way.
type naive map[string][]string

func (n naive) reach(from string) map[string]bool {
	seen := map[string]bool{}
	stack := []string{from}
	for len(stack) > 0 {
		sha := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if !seen[sha] {
			seen[sha] = true
			stack = append(stack, n[sha]...)
		}
	}
	return seen
}

// randomHistory is a history of n commits, each on top of up to two others.
func randomHistory(r *rand.Rand, n int) (naive, []string) {
	history := naive{}
	var names []string
	for i := range n {
		sha := fmt.Sprintf("c%d", i)
		var parents []string
		for range r.IntN(3) {
			if i > 0 {
				if p := names[max(0, i-1-r.IntN(4))]; !slices.Contains(parents, p) {
					parents = append(parents, p)
				}
			}
		}
		history[sha] = parents
		names = append(names, sha)
	}
	return history, names
}

func names(g *Graph, commits []int32) []string {
	var out []string
	for _, i := range commits {
		out = append(out, g.SHA(i))
	}
	slices.Sort(out)
	return out
}

func TestRangeIsWhatCanBeReachedFromOneAndNotFromTheOther(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		history, shas := randomHistory(r, 3+r.IntN(30))
		g := NewGraph()
		for _, i := range r.Perm(len(shas)) {
			g.Add(shas[i], history[shas[i]])
		}
		for range 20 {
			head, base := shas[r.IntN(len(shas))], shas[r.IntN(len(shas))]
			var want []string
			below := history.reach(base)
			for sha := range history.reach(head) {
				if !below[sha] {
					want = append(want, sha)
				}
			}
			slices.Sort(want)
			h, _ := g.Find(head)
			b, _ := g.Find(base)
			got, whole := g.Range(h, b)
			if !whole || !slices.Equal(names(g, got), want) {
				t.Fatalf("seed %d: %s..%s is %v (whole %v), want %v", seed, base, head, names(g, got), whole, want)
			}
			if g.Ancestor(b, h) != history.reach(head)[base] {
				t.Fatalf("seed %d: Ancestor(%s, %s) is wrong", seed, base, head)
			}
		}
	}
}

// With commits missing Range either says that it does not know, or is right.
func TestRangeWithGapsIsNeverWrongWithoutSayingSo(t *testing.T) {
	unknown := 0
	for seed := range uint64(2000) {
		r := rand.New(rand.NewPCG(seed, 2))
		history, shas := randomHistory(r, 3+r.IntN(20))
		missing := map[string]bool{}
		for range 1 + r.IntN(3) {
			missing[shas[r.IntN(len(shas))]] = true
		}
		first, second := NewGraph(), NewGraph()
		for i, sha := range shas {
			if last := shas[len(shas)-1-i]; !missing[last] {
				second.Add(last, history[last])
			}
			if !missing[sha] {
				first.Add(sha, history[sha])
			}
		}
		head, base := shas[r.IntN(len(shas))], shas[r.IntN(len(shas))]
		if missing[head] || missing[base] {
			continue
		}
		answer := func(g *Graph) ([]string, bool) {
			h, _ := g.Find(head)
			b, _ := g.Find(base)
			commits, whole := g.Range(h, b)
			return names(g, commits), whole
		}
		got, whole := answer(first)
		again, wholeAgain := answer(second)
		if whole != wholeAgain || whole && !slices.Equal(got, again) {
			t.Fatalf("seed %d: %s..%s depends on the order of the commits: %v %v, %v %v", seed, base, head, got, whole, again, wholeAgain)
		}
		if !whole {
			unknown++
			continue
		}
		var want []string
		below := history.reach(base)
		for sha := range history.reach(head) {
			if !below[sha] {
				want = append(want, sha)
			}
		}
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Fatalf("seed %d, without %v: %s..%s is said to be %v, and is %v", seed, missing, base, head, got, want)
		}
	}
	if unknown == 0 {
		t.Error("no history was unknown")
	}
}

func TestACircleOfCommitsIsTakenForAGapInAnyOrder(t *testing.T) {
	history := naive{"a": {"b"}, "b": {"c"}, "c": {"a"}, "self": {"self"}, "root": nil, "x": {"root", "a"}, "y": {"x"}, "z": {"self"}, "top": {"root"}}
	var before []string
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 3))
		shas := sortedKeys(history)
		r.Shuffle(len(shas), func(i, j int) { shas[i], shas[j] = shas[j], shas[i] })
		g := NewGraph()
		var said []string
		for _, sha := range shas {
			g.Add(sha, history[sha])
			g.settle()
		}
		root, _ := g.Find("root")
		for _, sha := range sortedKeys(history) {
			i, _ := g.Find(sha)
			commits, whole := g.Range(i, root)
			said = append(said, fmt.Sprint(sha, g.gen[i], g.looped[i], names(g, commits), whole))
		}
		if before != nil && !slices.Equal(said, before) {
			t.Fatalf("%v\nand in another order\n%v", said, before)
		}
		before = said
		if i, _ := g.Find("y"); !g.looped[i] {
			t.Error("y stands on the circle")
		}
		if i, _ := g.Find("top"); g.looped[i] {
			t.Error("top does not stand on the circle")
		}
	}
}

// A repository that grew commit by commit, with questions in between, answers
// as one that was read at once in another order.
func TestARepositoryThatGrewAnswersLikeAFreshOne(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 4))
		history, shas := randomHistory(r, 3+r.IntN(30))
		var changes []plimsoll.ChangeReport
		var pulls []plimsoll.PullRequestReport
		for i, sha := range shas {
			c := plimsoll.ChangeReport{SHA: sha, Parents: history[sha], CommittedAt: plimsoll.Time(1000 + i)}
			if r.IntN(3) == 0 {
				c.PullRequest = &plimsoll.PullRequestRef{Number: 1 + r.IntN(6), FirstCommitAt: plimsoll.Time(r.IntN(900))}
			}
			changes = append(changes, c)
		}
		for number := range r.IntN(6) {
			p := plimsoll.PullRequestReport{PullRequestRef: plimsoll.PullRequestRef{Number: number + 1, MergeSHA: shas[r.IntN(len(shas))]}}
			if r.IntN(2) == 0 {
				p.Commits = []string{shas[r.IntN(len(shas))], shas[r.IntN(len(shas))], "unknown"}
			}
			pulls = append(pulls, p)
		}
		grown, fresh := NewRepository("r"), NewRepository("r")
		for _, i := range r.Perm(len(changes)) {
			if r.IntN(3) == 0 {
				other := changes[i] // it was said otherwise before
				other.PullRequest, other.Parents = &plimsoll.PullRequestRef{Number: 9}, nil
				grown.AddChange(other)
				grown.link()
			}
			grown.AddChange(changes[i])
			grown.link()
			if i < len(pulls) {
				grown.AddPullRequest(pulls[i])
				grown.link()
			}
		}
		for _, c := range changes {
			fresh.AddChange(c)
		}
		for _, p := range pulls {
			fresh.AddPullRequest(p)
			grown.AddPullRequest(p)
		}
		if a, b := answers(grown, shas), answers(fresh, shas); !slices.Equal(a, b) {
			t.Fatalf("seed %d: it grew to\n%v\nand read at once it is\n%v", seed, a, b)
		}
	}
}

func answers(r *Repository, shas []string) (out []string) {
	for _, sha := range shas {
		i, _ := r.Graph.Find(sha)
		number := r.pull(i)
		var members []string
		for _, m := range r.members[number] {
			members = append(members, r.Graph.SHA(m))
		}
		slices.Sort(members)
		merge := ""
		if m, ok := r.merges[number]; ok {
			merge = r.Graph.SHA(m)
		}
		out = append(out, fmt.Sprint(sha, number, members, merge, r.startOf(i), r.pulls[number], slices.Sorted(slices.Values(r.shared[i]))))
	}
	return out
}

// A release branch brings everything that its own merges had brought: to link
// it must cost by the commits, not by their square.
func BenchmarkLinkNestedMerges(b *testing.B) {
	r := NewRepository("r")
	add := func(sha string, pull int, parents ...string) {
		c := plimsoll.ChangeReport{SHA: sha, Parents: parents, CommittedAt: 1}
		if pull != 0 {
			c.PullRequest = &plimsoll.PullRequestRef{Number: pull}
		}
		r.AddChange(c)
	}
	add("root", 0)
	add("trunk", 0, "root")
	tip := "root"
	for i := range 10_000 {
		side, merge := fmt.Sprint("s", i), fmt.Sprint("m", i)
		add(side, 0, tip)
		add(merge, i+2, tip, side)
		tip = merge
	}
	add("release", 1, "trunk", tip)
	for b.Loop() {
		r.fresh = false
		r.link()
	}
}
