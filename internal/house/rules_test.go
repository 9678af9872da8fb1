package house

import (
	"slices"
	"strings"
)

// room is a package, or a family of packages, with one reason to exist.
type room struct {
	name    string
	imports []string // rooms that it may import besides the root
}

// rooms is the map of the house, from the ground up. A room need not exist yet.
var rooms = []room{
	{"root", nil},
	{"metric", nil},
	{"slo", nil},
	{"chart", nil},
	{"source", nil},
	{"store", nil},
	{"sim", nil},
	{"client", nil},
	{"observe", nil},
	{"archive", nil},
	{"derive", names("metric")},
	{"verdict", names("metric")},
	{"gate", names("slo")},
	{"rules", names("slo metric")},
	{"report", names("metric slo chart")},
	{"ui", names("metric slo gate chart report")},
	{"ingest", names("source store")},
	{"fold", names("store derive metric")},
	{"cells", names("store metric")},
	{"query", names("store cells metric slo verdict gate")},
	{"keeper", names("query gate store")},
	{"history", names("source")},
	{"signals", names("store slo verdict")},
	{"prom", names("query")},
	{"kube", names("ingest keeper")},
	{"notify", names("store")},
	{"job", names("store")},
	{"auth", names("store")},
	{"web", names("ingest query metric keeper auth rules ui chart report prom observe")},
	{"app", everyRoomBut("client", "app", "cmd/plimsoll")},
	{"cmd/plimsoll", names("app client rules history ui")}, // ui: a figure reads the same in a terminal
}

// pure are the rooms whose results depend on their arguments alone.
var pure = names("metric slo verdict gate chart rules report ui derive archive")

// never forbids imports to rooms. Unlike a missing arrow it has a reason of its
// own, which the message quotes.
type never struct {
	rooms          []string
	imports        []string // import paths; "x/..." is x and all below it
	evenIndirectly bool     // through other packages too, where direct imports are not enough
	because        string
}

// Two kinds of package that have no common path.
const (
	thirdParty  = "(third party)"  // neither ours nor of the standard library
	testSupport = "(test support)" // see isSupport
)

// nevers holds for shipped code and for test support; tests may import anything,
// and test support may import testing.
var nevers = []never{
	{
		rooms:          names("root"),
		imports:        []string{thirdParty, "net/http/...", "database/sql/..."},
		evenIndirectly: true,
		because:        "it is the language, not a mechanism",
	},
	{
		rooms:          pure,
		imports:        []string{"./internal/store/...", "database/sql/...", "k8s.io/...", "log/slog", "net", "net/http/...", "net/rpc/...", "net/smtp"},
		evenIndirectly: true,
		because:        "a number must be reproducible from its inputs",
	},
	{
		// Not indirectly: fmt itself stands upon os.
		rooms:   pure,
		imports: []string{"os/...", "log", "syscall"},
		because: "a number must be reproducible from its inputs, and the machine is none of them",
	},
	{
		rooms:          names("source"),
		imports:        []string{"./internal/store/...", "./internal/web/..."},
		evenIndirectly: true,
		because:        "decoding must be replayable",
	},
	{
		rooms: everyRoomBut("store"),
		imports: []string{
			"database/sql/...", "modernc.org/sqlite/...", "github.com/jackc/pgx/...", "github.com/lib/pq/...",
			"github.com/mattn/go-sqlite3", "github.com/ncruces/go-sqlite3/...",
		},
		because: "there must be one place to lock, migrate, index and break",
	},
	{
		rooms:   everyRoomBut("kube"),
		imports: []string{"k8s.io/...", "sigs.k8s.io/..."},
		because: "the product builds and runs without a cluster",
	},
	{
		rooms:   names("web kube signals"),
		imports: []string{"./internal/web/...", "./internal/kube/...", "./internal/signals/..."},
		because: "edges are siblings",
	},
	{
		rooms:   names("store"),
		imports: []string{"./internal/fold/...", "./internal/query/...", "./internal/metric/...", "./internal/source/..."},
		because: "the log does not know what is made of it",
	},
	{
		rooms:   names("ingest"),
		imports: []string{"./internal/fold/...", "./internal/query/..."},
		because: "accepting stays small and fast",
	},
	{
		rooms:          names("sim"),
		imports:        []string{"./internal/verdict/...", "./internal/fold/...", "./internal/metric/..."},
		evenIndirectly: true,
		because:        "a known truth must not come from the code that it judges",
	},
	{
		rooms:          names("client"),
		imports:        []string{"./internal/...", thirdParty},
		evenIndirectly: true,
		because:        "it is what others hold",
	},
	{
		rooms:   everyRoomBut(),
		imports: []string{"testing/...", "net/http/httptest", testSupport},
		because: "there is no behaviour under test only",
	},
}

// clockless are the rooms in which nothing may read a clock, wait, or draw from
// a random source that the caller did not hand in.
var clockless = append(names("source sim"), pure...)

// clocks are the names that read the clock, the machine's zone or a shared
// random source. Of a package with "only" everything else is forbidden.
var clocks = map[string]struct{ forbidden, only []string }{
	"time":         {forbidden: names("Now Since Until After AfterFunc NewTimer NewTicker Tick Sleep Local")},
	"context":      {forbidden: names("WithTimeout WithTimeoutCause WithDeadline WithDeadlineCause")},
	"math/rand":    {only: names("New NewSource NewZipf Rand Source Source64 Zipf")},
	"math/rand/v2": {only: names("New NewPCG NewChaCha8 NewZipf Rand Source PCG ChaCha8 Zipf")},
	"crypto/rand":  {only: []string{}},
}

func names(s string) []string { return strings.Fields(s) }

// everyRoomBut is spelt out, not derived from rooms: the table of rooms itself
// needs it.
func everyRoomBut(but ...string) []string {
	all := names(`root metric slo chart source store sim client archive derive verdict gate rules report ui ingest fold
		cells query keeper history signals prom kube notify job auth observe web app cmd/plimsoll`)
	return slices.DeleteFunc(all, func(r string) bool { return slices.Contains(but, r) })
}

func roomNamed(name string) *room {
	for i := range rooms {
		if rooms[i].name == name {
			return &rooms[i]
		}
	}
	return nil
}
