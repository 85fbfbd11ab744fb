package feeds

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"google.golang.org/protobuf/proto"

	"tavolo/pkg/decider"
	"tavolo/pkg/sqlite"
	"tavolo/pkg/vault"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// This chapter is the database and the key beside it.

// schema of feeds.db. Times are Unix seconds.
const schema = `
CREATE TABLE fixed (
	what  TEXT PRIMARY KEY,        -- authority: the name in tag: URIs; signing: the Ed25519 seed, sealed
	value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- The order of this installation. What an entry says is not here.
CREATE TABLE entry (
	n          INTEGER PRIMARY KEY, -- 1, 2, 3 …
	workspace  TEXT NOT NULL,
	seq        INTEGER NOT NULL,    -- of the commit it tells of
	released   INTEGER NOT NULL,    -- of the commit that released it
	initiative TEXT NOT NULL,
	area       INTEGER NOT NULL,
	outcome    INTEGER NOT NULL,    -- of the first entry about the decision
	UNIQUE (workspace, seq)
) STRICT;
CREATE INDEX entry_by_release ON entry (workspace, released, seq);

CREATE TABLE subscription (
	id      TEXT PRIMARY KEY,       -- UUIDv7
	token   BLOB NOT NULL UNIQUE,   -- SHA-256
	label   BLOB,                   -- sealed
	scope   BLOB NOT NULL,          -- tavolo.feed.v1.FeedScope
	created INTEGER NOT NULL,
	expires INTEGER NOT NULL,
	revoked INTEGER NOT NULL,       -- 0: not
	used    INTEGER NOT NULL,       -- to the minute; 0: never
	uses    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE webhook (
	id           TEXT PRIMARY KEY,  -- UUIDv7
	subscription TEXT NOT NULL REFERENCES subscription (id),
	url          BLOB NOT NULL,     -- sealed: its parameters may be a secret
	secret       BLOB NOT NULL,     -- sealed
	enabled      INTEGER NOT NULL,
	reason       TEXT NOT NULL,     -- why it is not
	cursor       INTEGER NOT NULL,  -- the last n that was delivered or put aside
	failures     INTEGER NOT NULL,  -- for the next one
	next_try     INTEGER NOT NULL,  -- Unix ms; 0: at once
	status       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE dead_letter (
	webhook TEXT NOT NULL REFERENCES webhook (id),
	n       INTEGER NOT NULL,
	status  INTEGER NOT NULL,
	at      INTEGER NOT NULL,
	again   INTEGER NOT NULL,       -- how often it was asked that it be sent again; 0: it is not to be
	PRIMARY KEY (webhook, n)
) STRICT, WITHOUT ROWID;
`

const (
	databaseFile = "feeds.db"
	keyFile      = "key"
)

type store struct {
	db  *sqlite.DB
	key vault.Key

	mu    sync.Mutex
	fixed map[string][]byte // what fix has read: it never changes
}

// openStore opens the database and its key, or makes both.
//
// Refusals: feeds/key-missing (a database without its key), feeds/key-file-open (others may read it), feeds/key-damaged.
func openStore(dir string) (*store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	_, err := os.Stat(filepath.Join(dir, databaseFile))
	made := err == nil
	s := &store{fixed: map[string][]byte{}}
	if s.key, err = openKey(filepath.Join(dir, keyFile), made); err != nil {
		return nil, err
	}
	s.db, err = sqlite.Open(filepath.Join(dir, databaseFile), sqlite.Options{Durable: true, SecureDelete: true, Schema: schema})
	return s, err
}

// openKey reads the key, or makes one when there is no database that another one was made for.
func openKey(path string, made bool) (key vault.Key, err error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && made:
		return key, decider.Refuse("feeds/key-missing", "file", keyFile)
	case errors.Is(err, fs.ErrNotExist):
		key = vault.NewKey()
		return key, writeKey(path, hex.EncodeToString(key[:]))
	case err != nil:
		return key, err
	case info.Mode().Perm()&0o077 != 0:
		return key, decider.Refuse("feeds/key-file-open", "file", keyFile)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return key, err
	}
	raw, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(raw) != len(key) {
		return key, decider.Refuse("feeds/key-damaged", "file", keyFile)
	}
	return vault.Key(raw), nil
}

// writeKey has the key on disk, whole, before anything is sealed with it.
func writeKey(path, line string) error {
	f, err := os.OpenFile(path+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(line + "\n")
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// seal seals a text of one row; "" stays nothing.
func (s *store) seal(row, field, text string) ([]byte, error) {
	if text == "" {
		return nil, nil
	}
	sealed, err := vault.Seal(s.key, vault.Place{Workspace: databaseFile, Commit: row, Field: field}, text)
	if err != nil {
		return nil, err
	}
	return proto.Marshal(sealed)
}

func (s *store) open(row, field string, data []byte) (string, error) {
	if len(data) == 0 {
		return "", nil
	}
	sealed := &eventv1.Sealed{}
	if err := proto.Unmarshal(data, sealed); err != nil {
		return "", err
	}
	return vault.Open(s.key, vault.Place{Workspace: databaseFile, Commit: row, Field: field}, sealed)
}

// fix gives a value that is set once and never changes: the one that is there, or what make says.
func (s *store) fix(ctx context.Context, what string, make func() ([]byte, error)) (value []byte, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if value, known := s.fixed[what]; known {
		return value, nil
	}
	defer func() {
		if err == nil {
			s.fixed[what] = value
		}
	}()
	err = s.db.Write(ctx, func(tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, `SELECT value FROM fixed WHERE what = ?`, what).Scan(&value)
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if value, err = make(); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO fixed (what, value) VALUES (?, ?)`, what, value)
		return err
	})
	return value, err
}

// signing is the key of v1a signatures.
func (s *store) signing(ctx context.Context) (ed25519.PrivateKey, error) {
	const what = "signing"
	sealed, err := s.fix(ctx, what, func() ([]byte, error) {
		_, private, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			return nil, err
		}
		return s.seal(what, what, hex.EncodeToString(private.Seed()))
	})
	if err != nil {
		return nil, err
	}
	text, err := s.open(what, what, sealed)
	if err != nil {
		return nil, err
	}
	seed, err := hex.DecodeString(text)
	if err != nil || len(seed) != ed25519.SeedSize {
		return nil, decider.Refuse("feeds/key-damaged", "file", databaseFile)
	}
	return ed25519.NewKeyFromSeed(seed), nil
}
