package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/plimsoll-dev/plimsoll"
)

//go:embed migrations/postgres/*.sql
var postgresFiles embed.FS

// postgresEngine keeps the data in PostgreSQL, or in what speaks its protocol,
// where several processes share it.
type postgresEngine struct {
	config *pgx.ConnConfig
}

// In PostgreSQL the numbers of events follow the order of commits because an
// appender locks the counter of its organisation until it commits. Readers
// take one snapshot for all their statements.
var postgresDialect = dialect{
	beginWrite: `BEGIN ISOLATION LEVEL READ COMMITTED`,
	beginRead:  `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY`,
	schema:     `SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema() ORDER BY 1, 2`,
	lockSchema: `LOCK TABLE schema_migrations IN EXCLUSIVE MODE`,
	unhurried:  `SELECT set_config(name, '0', true) FROM pg_settings WHERE name IN ('statement_timeout', 'transaction_timeout')`,
	clock:      `CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)`,
	shared:     true,
	spell:      spellPostgres,
	pipeline:   true,
	arrays:     true,
}

// leastPostgres is the oldest version that this is tested with.
const leastPostgres = 150000

// newPostgres reads the address. It may name several hosts and everything else
// that libpq knows, as a URL or as key=value words.
func newPostgres(address string) (*postgresEngine, error) {
	config, err := pgx.ParseConfig(address)
	if err != nil {
		// The text of the error holds the address, and with it perhaps a password.
		return nil, plimsoll.FieldErrorf("--database", "it is no address of a database; expected postgres://USER@HOST:PORT/NAME, the password in PGPASSWORD or a ~/.pgpass file")
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = 10 * time.Second
	}
	// A server that is gone without a word must be noticed.
	dialer := &net.Dialer{Timeout: config.ConnectTimeout, KeepAliveConfig: net.KeepAliveConfig{
		Enable: true, Idle: 10 * time.Second, Interval: 5 * time.Second, Count: 3,
	}}
	config.DialFunc = dialer.DialContext
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "plimsoll"
	}
	return &postgresEngine{config: config}, nil
}

func (e *postgresEngine) dialect() *dialect { return &postgresDialect }

func (e *postgresEngine) migrations() fs.FS { return below(postgresFiles, "migrations/postgres") }

func (e *postgresEngine) open(ctx context.Context) (*sql.DB, error) {
	db := stdlib.OpenDB(*e.config)
	if err := e.suits(ctx, db); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// suits refuses a database in which we would lose something.
func (e *postgresEngine) suits(ctx context.Context, db *sql.DB) error {
	var number, encoding, readOnly string
	err := db.QueryRowContext(ctx, `SELECT current_setting('server_version_num'), current_setting('server_encoding'), current_setting('transaction_read_only')`).
		Scan(&number, &encoding, &readOnly)
	if err != nil {
		return err
	}
	refuse := func(format string, args ...any) error {
		return plimsoll.Errorf(plimsoll.CodeInvalid, "the database %s %s", e.name(), fmt.Sprintf(format, args...))
	}
	switch n, err := strconv.Atoi(number); {
	case err == nil && n < leastPostgres:
		return refuse("is PostgreSQL %d; version %d or newer is needed", n/10000, leastPostgres/10000)
	case encoding != "UTF8":
		return refuse("keeps text as %s; create it with ENCODING 'UTF8' TEMPLATE template0", encoding)
	case readOnly == "on":
		return refuse("is read-only, such as a standby is; name the primary, or all hosts with target_session_attrs=read-write")
	}
	return nil
}

// idleInTransaction is after how long the database ends a writer that stands
// still within a transaction: its process was stopped, or cut off. It holds
// locks that others wait for.
const idleInTransaction = 5 * time.Second

func (e *postgresEngine) ready(ctx context.Context, s *session, writes bool) error {
	settings := []string{
		// In what a statement or a reader may take no bound is meant by the
		// settings of a role or a database.
		`SET statement_timeout = ` + strconv.FormatInt((s.patience-5*time.Second).Milliseconds(), 10),
		// What was acknowledged must be on disk, whatever the database's default.
		`SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') IN ('off', 'local')`,
	}
	if writes {
		// In the middle of statements that are sent together a client that falls
		// silent is not idle for the database; then a sign of life must be asked for.
		settings = append(settings, `SET tcp_keepalives_idle = 5`, `SET tcp_keepalives_interval = 3`, `SET tcp_keepalives_count = 3`,
			`SELECT set_config('transaction_timeout', '`+strconv.FormatInt(s.patience.Milliseconds(), 10)+`', false) WHERE current_setting('server_version_num')::int >= 170000`)
		settings = append(settings, `SET idle_in_transaction_session_timeout = `+strconv.FormatInt(idleInTransaction.Milliseconds(), 10))
	}
	for _, query := range settings {
		if err := s.exec(ctx, query); err != nil {
			return err
		}
	}
	return nil
}

func (e *postgresEngine) inspect(ctx context.Context, s *session) error { return endsOfLogs(ctx, s) }

// check compares what can be compared from outside; the pages are checked by
// the database itself (data_checksums, pg_amcheck).
func (e *postgresEngine) check(ctx context.Context, s *session) error { return endsOfLogs(ctx, s) }

// name says which database it is, without a password.
func (e *postgresEngine) name() string {
	return fmt.Sprintf("%s at %s", e.config.Database, net.JoinHostPort(e.config.Host, strconv.Itoa(int(e.config.Port))))
}

func (e *postgresEngine) explain(err error) error {
	var known *plimsoll.Error
	if errors.As(err, &known) {
		return err
	}
	what := "cannot be opened; check that it runs, and that the address is right"
	var said *pgconn.PgError
	switch {
	case !errors.As(err, &said):
	case said.Code == "28P01" || said.Code == "28000":
		what = fmt.Sprintf("refuses user %s; check the password (PGPASSWORD or ~/.pgpass) and pg_hba.conf", e.config.User)
	case said.Code == "3D000":
		what = fmt.Sprintf("does not exist; create it with: createdb --encoding UTF8 --template template0 %s", e.config.Database)
	case said.Code == "42501":
		what = fmt.Sprintf("does not let user %s make tables; grant CREATE on its schema", e.config.User)
	case said.Code == "53300":
		what = "has no connection left; raise max_connections, or run fewer servers (each takes " + strconv.Itoa(6) + ")"
	}
	known = plimsoll.Errorf(plimsoll.CodeUnavailable, "the database %s %s", e.name(), what)
	known.Cause = errors.New(reasonOf(e.clean(err.Error())))
	return known
}

// clean takes the password out of a text.
func (e *postgresEngine) clean(text string) string {
	if e.config.Password == "" {
		return text
	}
	return strings.ReplaceAll(text, e.config.Password, "xxxxx")
}

// refused knows the errors that are no fault of a statement: a lost connection,
// resources that are used up, a server that goes down, a deadlock, damage.
func (e *postgresEngine) refused(err error) bool {
	var said *pgconn.PgError
	if errors.As(err, &said) {
		switch said.Code[:2] {
		case "08", "25", "40", "53", "57", "58", "XX":
			return true
		}
		return false
	}
	var network net.Error
	return errors.As(err, &network) || pgconn.Timeout(err) || errors.Is(err, net.ErrClosed) || strings.Contains(err.Error(), "conn closed") ||
		errors.Is(err, sql.ErrConnDone) || errors.Is(err, errRolledBack) || errors.Is(err, context.DeadlineExceeded) ||
		errors.Is(err, context.Canceled) || // the store was given up at its end
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// unfit knows data that no column takes, rows that break a constraint, and what
// is beyond a limit of the program.
func (e *postgresEngine) unfit(err error) bool {
	var said *pgconn.PgError
	if !errors.As(err, &said) {
		return false
	}
	switch said.Code[:2] {
	case "22", "23", "54":
		return true
	}
	return false
}

// bytes are none of this machine's disk.
func (e *postgresEngine) bytes() (database, wal int64) { return 0, 0 }

func (e *postgresEngine) examinations() []examination { return ofPostgres }

func (e *postgresEngine) tidy(*DB) {}

func (e *postgresEngine) announce(string) error { return nil }

func (e *postgresEngine) close() error { return nil }
