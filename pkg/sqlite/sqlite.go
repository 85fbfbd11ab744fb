// Package sqlite opens SQLite the one right way. It is the only package that knows the driver.
//
//	Open ──► one writer connection (BEGIN IMMEDIATE, one at a time) ──► Write
//	     └─► a few read-only connections (each sees the last commit)  ──► Read
//
// Every database has a write-ahead log, so that readers never wait for the writer, and foreign keys that hold. Two kinds differ by Options:
//   - a store of keys is Durable and has SecureDelete: a commit is on disk before Write returns, and what is deleted is overwritten;
//   - a view is neither: a power cut may take its last transactions, never half of one. Its position lies in the same transaction,
//     so it reads again from there.
//
// Not here: what the tables are (their owner says so in Options.Schema), copies of a database (a store is never copied while it runs).
package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/mattn/go-sqlite3"

	"tavolo/pkg/decider"
)

// The whole program has 64 MiB when idle and opens about six databases, hence small caches, and no memory map: pages of a map count as ours,
// and an error of the disk would end the process instead of being returned.
const (
	// writerCacheKiB is the page cache of the writer; beyond it a long transaction spills into the write-ahead log.
	writerCacheKiB = 2048
	// readerCacheKiB is the page cache of each reader; the system's own file cache stands behind it.
	readerCacheKiB = 512
	// readersMax is how many reads run at once; the next one waits for its turn.
	readersMax = 4
	// readersIdleMax is how many readers stay open with nothing to do.
	readersIdleMax = 2
	// readerIdle is how long an unused reader keeps its memory.
	readerIdle = time.Minute
	// statementsKept is how many prepared statements each connection remembers; a projector uses about twenty.
	statementsKept = 32
	// busyTimeout is how long a connection waits for another process that holds the file, an operator's shell for example.
	busyTimeout = 5 * time.Second
	// checkpointPages is how many pages of 4 KiB the write-ahead log collects before they are moved into the database. Four times SQLite's own
	// number: pages that many transactions change are moved once (a third less to write for the key store, measured).
	checkpointPages = 4000
	// walBytesMax is what the write-ahead log shrinks to after a checkpoint; one long read can make it grow.
	walBytesMax = 16 << 20
)

// Options say what kind of database it is. The zero value is a view's.
type Options struct {
	// Durable has every commit on disk before Write returns (synchronous=FULL). For what cannot be computed again: keys.
	Durable bool
	// SecureDelete overwrites deleted content with zeros. The write-ahead log keeps old pages until Checkpoint.
	SecureDelete bool
	// Schema makes the tables, once, when the file is new. A file made by another schema is refused. Empty: tables are not looked at.
	Schema string
}

// DB is one open database. Safe for concurrent use.
type DB struct {
	writer  *sql.DB
	readers *sql.DB
}

// Open opens the database at path, or makes it: the file with mode 0600, missing folders with 0700.
//
// Refused are a store of keys that others may read (sqlite/open-to-others), a file that another schema made (sqlite/other-schema) and
// one that is not a database or is broken (sqlite/damaged). After an error nothing stays open.
func Open(path string, opt Options) (*DB, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	if err := prepareFile(path, opt); err != nil {
		return nil, err
	}
	db := &DB{
		writer:  connect(path, url.Values{"mode": {"rw"}, "_txlock": {"immediate"}}, pragmas(opt, writerCacheKiB)),
		readers: connect(path, url.Values{"mode": {"ro"}}, pragmas(opt, readerCacheKiB)),
	}
	db.writer.SetMaxOpenConns(1)
	db.readers.SetMaxOpenConns(readersMax)
	db.readers.SetMaxIdleConns(readersIdleMax)
	db.readers.SetConnMaxIdleTime(readerIdle)
	if err := db.settle(opt); err != nil {
		db.Close()
		return nil, openError(path, err)
	}
	if opt.Durable {
		if err := syncFolders(path); err != nil {
			db.Close()
			return nil, fmt.Errorf("sqlite: %w", err)
		}
	}
	return db, nil
}

// settle turns the write-ahead log on and makes the tables.
func (db *DB) settle(opt Options) error {
	var mode string
	if err := db.writer.QueryRow("PRAGMA journal_mode = WAL").Scan(&mode); err != nil {
		return err
	}
	if mode != "wal" {
		return fmt.Errorf("the file system cannot hold a write-ahead log (journal mode %s): keep the data on a local disk", mode)
	}
	if opt.Schema == "" {
		return nil
	}
	return db.Write(context.Background(), func(tx *sql.Tx) error { return applySchema(tx, opt.Schema) })
}

// Write runs fn in one write transaction. It commits when fn returns nil and leaves no trace when fn returns an error or panics, or when
// ctx ends before. Writes take turns; fn must not call Write, nor keep tx. An error of fn comes back as it is.
func (db *DB) Write(ctx context.Context, fn func(tx *sql.Tx) error) error {
	tx, err := db.writer.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("sqlite: begin: %w", err)
	}
	defer tx.Rollback() // Does nothing after Commit.
	if err := fn(tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("sqlite: commit: %w", errors.Join(err, ctx.Err())) // An ended context shows as a closed transaction.
	}
	return nil
}

// Read gives the read-only connections. For several queries of the same state, begin a transaction on it. Rows left open hold a connection
// and keep the write-ahead log from shrinking.
func (db *DB) Read() *sql.DB { return db.readers }

// Checkpoint moves the write-ahead log into the database and cuts it to nothing, so that deleted content is in no file any more.
// Refused with sqlite/checkpoint-busy when a reader held it back; asking again is right.
func (db *DB) Checkpoint(ctx context.Context) error {
	var busy, pages, moved int
	if err := db.writer.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &pages, &moved); err != nil {
		return fmt.Errorf("sqlite: checkpoint: %w", err)
	}
	if busy != 0 {
		return decider.Refuse("sqlite/checkpoint-busy")
	}
	return nil
}

// Close ends all connections; the last one empties the write-ahead log. Closing again is ok.
func (db *DB) Close() error {
	// The writer last: a read-only connection cannot empty the log.
	return errors.Join(db.readers.Close(), db.writer.Close())
}

// pragmas are what every connection is told before its first statement.
func pragmas(opt Options, cacheKiB int) []string {
	list := []string{
		"foreign_keys = ON",
		"trusted_schema = OFF",
		fmt.Sprintf("cache_size = -%d", cacheKiB),
		"mmap_size = 0",
		// What does not fit while sorting stays in memory: it may hold words in clear and must not reach a temporary folder.
		"temp_store = MEMORY",
		fmt.Sprintf("wal_autocheckpoint = %d", checkpointPages),
		fmt.Sprintf("journal_size_limit = %d", walBytesMax),
	}
	if opt.Durable {
		// fullfsync: on macOS an ordinary fsync stops at the drive's cache.
		list = append(list, "synchronous = FULL", "fullfsync = ON", "checkpoint_fullfsync = ON")
	} else {
		list = append(list, "synchronous = NORMAL")
	}
	if opt.SecureDelete {
		list = append(list, "secure_delete = ON")
	} else {
		list = append(list, "secure_delete = OFF")
	}
	return list
}

// connector opens connections of one kind to one file.
type connector struct {
	sqlite *sqlite3.SQLiteDriver
	name   string
}

func (c connector) Connect(context.Context) (driver.Conn, error) { return c.sqlite.Open(c.name) }
func (c connector) Driver() driver.Driver                        { return c.sqlite }

// connect makes a pool that opens its first connection when it is needed.
func connect(path string, query url.Values, pragmas []string) *sql.DB {
	query.Set("_busy_timeout", fmt.Sprint(busyTimeout.Milliseconds()))
	query.Set("_stmt_cache_size", fmt.Sprint(statementsKept))
	name := url.URL{Scheme: "file", Path: path, RawQuery: query.Encode()}
	hook := func(c *sqlite3.SQLiteConn) error {
		for _, p := range pragmas {
			if _, err := c.Exec("PRAGMA "+p, nil); err != nil {
				return fmt.Errorf("pragma %s: %w", p, err)
			}
		}
		return nil
	}
	return sql.OpenDB(connector{&sqlite3.SQLiteDriver{ConnectHook: hook}, name.String()})
}

// prepareFile makes a missing file, and looks who may read an existing one. An existing file is never opened here: closing it again would
// drop the locks that SQLite holds on it in this process.
func prepareFile(path string, opt Options) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err == nil {
		return f.Close()
	}
	if !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("sqlite: %w", err)
	}
	if !opt.Durable || !opt.SecureDelete {
		return nil
	}
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		info, err := os.Stat(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("sqlite: %w", err)
		}
		if info.Mode().Perm()&0o077 != 0 {
			return decider.Refuse("sqlite/open-to-others", "file", filepath.Base(name))
		}
	}
	return nil
}

// syncFolders makes the names of file, write-ahead log and folder durable.
func syncFolders(path string) error {
	folder := filepath.Dir(path)
	for _, name := range []string{folder, filepath.Dir(folder)} {
		d, err := os.Open(name)
		if err != nil {
			return err
		}
		if err := errors.Join(d.Sync(), d.Close()); err != nil {
			return err
		}
	}
	return nil
}

// openError says of a broken file that it is one.
func openError(path string, err error) error {
	var e sqlite3.Error
	if errors.As(err, &e) && (e.Code == sqlite3.ErrNotADB || e.Code == sqlite3.ErrCorrupt) {
		return decider.Refuse("sqlite/damaged", "file", filepath.Base(path))
	}
	return fmt.Errorf("sqlite: open %s: %w", filepath.Base(path), err)
}
