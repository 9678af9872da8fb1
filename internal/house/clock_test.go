package house

import (
	"go/ast"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestPureRoomsHaveNoClockAndNoChance(t *testing.T) {
	report(t, sources(checkClocks)(tree(t)))
}

func TestNoTestSleeps(t *testing.T) {
	report(t, sources(checkSleeps)(tree(t)))
}

func checkClocks(files []goFile) []finding {
	const because = "a number must be reproducible from its inputs: take the time, the zone or the random source as an argument"
	var found []finding
	for _, f := range files {
		if f.test || !slices.Contains(clockless, f.room) {
			continue
		}
		for _, u := range uses(f) {
			rule, ok := clocks[u.pkg]
			allowed := rule.only == nil && !slices.Contains(rule.forbidden, u.name) || slices.Contains(rule.only, u.name)
			if !ok || allowed && u.name != "." {
				continue
			}
			found = append(found, finding{u.at, "uses " + path.Base(strings.TrimSuffix(u.pkg, "/v2")) + "." + u.name, because})
		}
	}
	return found
}

func checkSleeps(files []goFile) []finding {
	const because = "a test that waits for a clock is slow on a good day and wrong on a bad one: use testing/synctest, a channel or a clock field"
	var found []finding
	for _, f := range files {
		for _, u := range uses(f) {
			if !f.shipped() && u.pkg == "time" && (u.name == "Sleep" || u.name == ".") {
				found = append(found, finding{u.at, "uses time." + u.name + " in a test", because})
			}
		}
	}
	return found
}

// use is one reference to a name of another package.
type use struct{ at, pkg, name string }

// uses lists what a file takes from the packages it imports, whatever it calls
// them. A dot import hides that, and so counts as the use of a name ".".
func uses(f goFile) []use {
	var list []use
	called := map[string]string{}
	for _, spec := range f.ast.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		name := path.Base(strings.TrimSuffix(p, "/v2"))
		if spec.Name != nil {
			name = spec.Name.Name
		}
		if _, watched := clocks[p]; watched && name == "." {
			list = append(list, use{f.at(spec.Pos()), p, "."})
		}
		called[name] = p
	}
	ast.Inspect(f.ast, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := sel.X.(*ast.Ident); ok && called[x.Name] != "" {
				list = append(list, use{f.at(sel.Pos()), called[x.Name], sel.Sel.Name})
			}
		}
		return true
	})
	return list
}
