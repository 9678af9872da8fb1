package metric

import (
	"embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/plimsoll-dev/plimsoll"
)

// Benchmark is a published set of performance bands, or of percentiles, with its source. It is shared
// and must not be changed. The nil Benchmark has no bands.
type Benchmark struct {
	Name      string             `json:"name"`
	Title     string             `json:"title"`
	Source    string             `json:"source"`
	Year      int                `json:"year,omitempty"`
	Secondary bool               `json:"secondary,omitempty"` // not read from the source itself
	Shares    map[string]float64 `json:"shares,omitempty"`    // of respondents, by band
	Notes     []string           `json:"notes"`
	Tiers     map[Measure][]Tier `json:"tiers,omitempty"`  // best first
	Scales    map[Measure]Scale  `json:"scales,omitempty"` // sets without tiers
}

// Tier is one band of a measure. Its upper end is in days between two deployments, in seconds or as a
// ratio; the last tier has none.
type Tier struct {
	Band      string   `json:"band"`
	Published string   `json:"published"`
	Upper     *float64 `json:"upper"`
	Inclusive bool     `json:"inclusive,omitempty"` // the upper end itself still belongs to the band
}

// Scale is how the answers to one question spread, on a scale from 0 to 10.
type Scale struct {
	Mean         float64 `json:"mean"`
	SD           float64 `json:"sd"`
	LessIsBetter bool    `json:"less_is_better,omitempty"` // a share: 0 to 10 for 0 to 100 %
}

// DefaultBenchmark is the set used when none is asked for.
const DefaultBenchmark = "seed"

//go:embed benchmarks/*.json
var benchmarkFiles embed.FS

// benchmarks holds the sets by name. A broken file is a broken build, which a test finds.
var benchmarks = sync.OnceValue(func() []*Benchmark {
	entries, err := benchmarkFiles.ReadDir("benchmarks")
	if err != nil {
		panic(err)
	}
	var sets []*Benchmark
	for _, e := range entries {
		b := new(Benchmark)
		body, err := benchmarkFiles.ReadFile("benchmarks/" + e.Name())
		if err == nil {
			err = json.Unmarshal(body, b)
		}
		if err != nil {
			panic(fmt.Sprintf("benchmark %s: %v", e.Name(), err))
		}
		sets = append(sets, b)
	}
	slices.SortFunc(sets, func(a, b *Benchmark) int {
		if (a.Name == DefaultBenchmark) != (b.Name == DefaultBenchmark) {
			return map[bool]int{true: -1, false: 1}[a.Name == DefaultBenchmark]
		}
		return strings.Compare(a.Name, b.Name)
	})
	return sets
})

// Benchmarks lists the sets: the default first, then by year.
func Benchmarks() []*Benchmark { return slices.Clone(benchmarks()) }

// BenchmarkNamed finds a set; "" is the default. An unknown name is a CodeInvalid error about the
// field benchmark that lists the known ones.
func BenchmarkNamed(name string) (*Benchmark, error) {
	if name == "" {
		name = DefaultBenchmark
	}
	var known []string
	for _, b := range benchmarks() {
		if b.Name == name {
			return b, nil
		}
		known = append(known, b.Name)
	}
	return nil, plimsoll.FieldErrorf("benchmark", "%q is no benchmark; known are %s", name, strings.Join(known, ", "))
}
