package native

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkDecode reads deployments as a pipeline writes them, a thousand to a body.
func BenchmarkDecode(b *testing.B) {
	var lines strings.Builder
	const n = 1000
	for i := range n {
		fmt.Fprintf(&lines, `{"type":"deployment","service":"checkout","environment":"production","version":"v2.14.%d",`+
			`"commit_sha":"9f8e7d6c5b4a39281706f5e4d3c2b1a098765432","repository":"github.com/example/checkout",`+
			`"commit_timestamp":"2026-03-24T08:01:02Z","started_at":"2026-03-24T10:11:12Z","finished_at":"2026-03-24T10:15:00Z",`+
			`"result":"success","strategy":"rolling","deployer":"alice","team":"payments",`+
			`"url":"https://ci.example.com/pipelines/%d","region":"eu-1"}`+"\n", i, i)
	}
	body := []byte(lines.String())
	opt := options()
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decode(body, opt); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "events/s")
}
