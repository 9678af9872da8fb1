package chart

import (
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 3, 24, 12, 0, 0, 0, time.UTC)

// sample is a day of n points and m markers, the same on every run.
func sample(n, m int) Lines {
	r := rand.New(rand.NewPCG(1, 2))
	l := Lines{ID: "lead", Title: "Lead time of webapp", Unit: Seconds, From: noon.Add(-24 * time.Hour), To: noon}
	s := Series{Name: "p50"}
	for i := range n {
		at := l.From.Add(time.Duration(i) * 24 * time.Hour / time.Duration(n))
		s.Points = append(s.Points, Point{at, 3600 * (1 + r.Float64())})
	}
	l.Series = []Series{s}
	for i := range m {
		st := Succeeded
		if i%5 == 0 {
			st = []Status{Failed, RolledBack, Running, Aborted}[i/5%4]
		}
		l.Markers = append(l.Markers, Marker{At: l.From.Add(time.Duration(i) * 24 * time.Hour / time.Duration(max(m, 1))),
			Status: st, Label: fmt.Sprintf("webapp v2.%d", i), Href: fmt.Sprintf("/deployments/%d", i)})
	}
	return l
}

// nodes fails the test if the drawing is not well-formed and counts its elements.
func nodes(t *testing.T, svg string) int {
	t.Helper()
	d, n := xml.NewDecoder(strings.NewReader(svg)), 0
	for {
		tok, err := d.Token()
		if err == io.EOF {
			return n
		}
		if err != nil {
			t.Fatalf("malformed: %v\n%.2000s", err, svg)
		}
		if _, ok := tok.(xml.StartElement); ok {
			n++
		}
	}
}

func TestEveryChartIsWellFormed(t *testing.T) {
	at := func(h int, v float64) Point { return Point{noon.Add(time.Duration(h) * time.Hour), v} }
	reversed := sample(100, 20)
	reversed.From, reversed.To = reversed.To, reversed.From
	cases := map[string]struct {
		lines Lines
		want  string
	}{
		"empty":          {Lines{}, "No data"},
		"single point":   {Lines{Unit: Seconds, Series: []Series{{Points: []Point{at(0, 60)}}}}, "M720 0h0"},
		"all equal":      {Lines{Unit: Count, Series: []Series{{Points: []Point{at(0, 4), at(1, 4)}}}}, "M0 0l1440 0"},
		"all zero":       {Lines{Unit: Ratio, Series: []Series{{Points: []Point{at(0, 0), at(1, 0)}}}}, "M0 1000l1440 0"},
		"only NaN":       {Lines{Series: []Series{{Points: []Point{at(0, math.NaN()), at(1, math.Inf(1))}}}}, "No data"},
		"gap":            {Lines{Series: []Series{{Points: []Point{at(0, 4), at(1, math.NaN()), at(2, 4)}}}}, "M0 0h0M1440 0h0"},
		"unsorted":       {Lines{Series: []Series{{Points: []Point{at(2, 4), at(0, 0)}}}}, "M0 1000l1440-1000"},
		"reversed time":  {reversed, "M0 "},
		"negative":       {Lines{Series: []Series{{Points: []Point{at(0, -4), at(1, 4)}}}}, "−4"},
		"huge":           {Lines{Series: []Series{{Points: []Point{at(0, 1e300), at(1, 1)}}}}, "e+"},
		"tiny":           {Lines{Unit: PerDay, Series: []Series{{Points: []Point{at(0, 1e-300), at(1, 0)}}}}, "<path"},
		"year 1 to 9999": {Lines{From: time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), To: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)}, "No data"},
		"log":            {Lines{Unit: Seconds, Log: true, Series: []Series{{Points: []Point{at(0, 0), at(1, 60), at(2, 1e6)}}}}, ">1 d<"},
		"log of zeros":   {Lines{Unit: Seconds, Log: true, Series: []Series{{Points: []Point{at(0, 0)}}}}, "<path"},
		"unknown kinds":  {Lines{Markers: []Marker{{At: noon, Status: 99}}, Regions: []Region{{From: noon, To: noon.Add(time.Hour), Kind: 99}}}, "incident"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			svg := c.lines.SVG()
			nodes(t, svg)
			if !strings.Contains(svg, c.want) {
				t.Errorf("no %q in\n%s", c.want, svg)
			}
			if strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") {
				t.Errorf("a value that is no number reached the drawing:\n%s", svg)
			}
			c.lines.Table(10)
		})
	}
}

func TestHostileTextIsEscaped(t *testing.T) {
	evil := "\"><script>alert(1)</script>\x00\xff"
	l := sample(10, 0)
	l.ID, l.Title, l.Series[0].Name = evil, evil, evil
	l.Markers = []Marker{{At: noon, Status: Failed, Label: evil, Href: "javascript:alert(1)"}, {At: noon, Label: evil, Href: "/x?" + evil}}
	l.Regions = []Region{{From: noon.Add(-time.Hour), To: noon, Label: evil}}
	svg := l.SVG() + Sparkline{Title: evil}.SVG()
	nodes(t, "<x>"+svg+"</x>")
	for _, bad := range []string{"<script", "javascript:", "style="} {
		if strings.Contains(svg, bad) {
			t.Errorf("%q in\n%s", bad, svg)
		}
	}
}

func TestAPictureHoldsNoLinks(t *testing.T) {
	if svg := sample(10, 0).SVG(); !strings.Contains(svg, `role="img" aria-label="Lead time of webapp"`) {
		t.Error("without markers the whole svg is the picture")
	}
	d, inside := xml.NewDecoder(strings.NewReader(sample(10, 30).SVG())), 0
	for {
		tok, err := d.Token()
		if err != nil {
			break
		}
		switch e := tok.(type) {
		case xml.StartElement:
			if inside > 0 {
				inside++
			}
			for _, a := range e.Attr {
				if a.Name.Local == "role" && a.Value == "img" {
					inside = 1
				}
			}
			if e.Name.Local == "a" && inside > 0 {
				t.Fatal("a link inside role=img cannot be reached")
			}
		case xml.EndElement:
			if inside > 0 {
				inside--
			}
		}
	}
}

func TestExactMarkersAreNeverClusteredAndStackAtOnePlace(t *testing.T) {
	l := sample(0, 0)
	for i := range 3 {
		l.Markers = append(l.Markers, Marker{At: noon.Add(-time.Hour), Status: Failed, Label: fmt.Sprint(i)})
	}
	ls := newLanes(l.Markers, l.window())
	if len(ls.exact) != 3 || ls.depth != 3 {
		t.Errorf("exact %d, rows %d; want 3, 3", len(ls.exact), ls.depth)
	}
	if got := strings.Count(l.SVG(), "<use"); got != 3 {
		t.Errorf("%d glyphs, want 3", got)
	}
}

func TestRoutineMarkersClusterWithACount(t *testing.T) {
	l := sample(0, 0)
	for i := range 12 {
		l.Markers = append(l.Markers, Marker{At: noon.Add(-2*time.Hour + time.Duration(i)*time.Minute)})
	}
	svg := l.SVG()
	if !strings.Contains(svg, "12 succeeded, 24 Mar 10:00 to 24 Mar 10:11") || !strings.Contains(svg, ">12</text>") {
		t.Error(svg)
	}
}

func TestRoutineLinesShrinkToTicksOverSixty(t *testing.T) {
	for n, want := range map[int]string{60: "M0 0V1000", 61: "M0 950V1000"} {
		l := sample(0, 0)
		for i := range n {
			l.Markers = append(l.Markers, Marker{At: l.From.Add(time.Duration(i) * time.Minute)})
		}
		if !strings.Contains(l.SVG(), want) {
			t.Errorf("%d markers: no %s", n, want)
		}
	}
}

func TestFiveHundredMarkersStayUnderAThousandNodes(t *testing.T) {
	svg := sample(50000, 500).SVG()
	if n := nodes(t, svg); n > 1000 {
		t.Errorf("%d nodes", n)
	}
	if len(svg) > 90_000 {
		t.Errorf("%d bytes", len(svg))
	}
}

func TestDownsamplingKeepsEveryPeak(t *testing.T) {
	l := sample(50000, 0)
	l.Series[0].Points[31234].Value = 9 * 3600
	l.Series[0].Points[31235].Value = 0
	rs := runs(l.Series[0].Points, l.window(), newValueAxis(Seconds, 0, 9*3600, 4, false))
	top, bottom := gridHeight, 0
	for _, s := range rs[0] {
		top, bottom = min(top, s.y), max(bottom, s.y)
	}
	if len(rs) != 1 || len(rs[0]) > 2*columns+2 || bottom != gridHeight || top > 250 {
		t.Errorf("%d runs, %d spots, y from %d to %d", len(rs), len(rs[0]), top, bottom)
	}
}

func TestDownsamplingKeepsWideGapsOnly(t *testing.T) {
	l := sample(50000, 0)
	pts := l.Series[0].Points
	pts[100].Value = math.NaN()
	for i := 20000; i < 21000; i++ {
		pts[i].Value = math.NaN()
	}
	if rs := runs(pts, l.window(), newValueAxis(Seconds, 0, 9000, 4, false)); len(rs) != 2 {
		t.Errorf("%d runs, want 2", len(rs))
	}
}

func TestTheTableSaysWhatTheChartShows(t *testing.T) {
	l := sample(5, 0)
	tb := l.Table(10)
	if tb.Summarised || len(tb.Rows) != 5 || tb.Rows[0][0] != "2026-03-23 12:00" || tb.Head[1] != "p50" {
		t.Errorf("%+v", tb)
	}
	tb = sample(5000, 0).Table(10)
	if !tb.Summarised || len(tb.Rows) != 10 || !strings.Contains(tb.Rows[3][1], " – ") {
		t.Errorf("%+v", tb)
	}
}

func TestASparklineSkipsWhatIsUnknown(t *testing.T) {
	v := func(f float64) *float64 { return &f }
	svg := Sparkline{Title: "x", Values: []*float64{v(1), nil, v(2), v(3)}, Previous: []*float64{v(1), v(1)}}.SVG()
	nodes(t, svg)
	if strings.Count(svg, "M") != 5 || !strings.Contains(svg, "previous") {
		t.Error(svg)
	}
	for _, s := range []Sparkline{{}, {Values: []*float64{nil}}, {Values: []*float64{v(math.NaN())}}, {Values: []*float64{v(0)}}} {
		nodes(t, s.SVG())
	}
}

func BenchmarkLines(b *testing.B) {
	for _, size := range [][2]int{{5000, 40}, {50000, 500}} {
		l := sample(size[0], size[1])
		b.Run(fmt.Sprintf("%d points and %d markers", size[0], size[1]), func(b *testing.B) {
			for b.Loop() {
				l.SVG()
			}
		})
	}
}
