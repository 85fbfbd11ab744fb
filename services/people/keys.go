package people

// The key store: keys.db, and beside it the file kek that its keys are wrapped under. A copy of one without the other is of no use.

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"tavolo/pkg/decider"
	"tavolo/pkg/sqlite"
	"tavolo/pkg/vault"
)

// schema of keys.db. The key table has a row number of its own, so that new keys fill the last page instead of a page each: their ids are random.
const schema = `
CREATE TABLE key (
	key_id       BLOB PRIMARY KEY,  -- public name of the key, 16 bytes
	workspace    TEXT NOT NULL,
	subject      TEXT NOT NULL,     -- pseudonym of the person whose words it seals; '' for the workspace's own
	record       TEXT NOT NULL,     -- commit id, and number within the request that asked for it
	wrapped_dek  BLOB,              -- the key under the KEK; NULL once destroyed
	kek_epoch    INTEGER NOT NULL,
	created      INTEGER NOT NULL,  -- Unix seconds
	destroyed_at INTEGER,           -- Unix seconds; NULL while the key lives
	CHECK ((wrapped_dek IS NULL) = (destroyed_at IS NOT NULL))
) STRICT;

CREATE TABLE participant (
	workspace   TEXT NOT NULL,
	initiative  TEXT NOT NULL,
	blind_index BLOB NOT NULL,      -- of the short id, under the key below
	pseudonym   TEXT NOT NULL,      -- UUIDv7
	created     INTEGER NOT NULL,   -- Unix seconds
	PRIMARY KEY (workspace, initiative, blind_index)
) STRICT, WITHOUT ROWID;

CREATE TABLE index_key (
	only      INTEGER PRIMARY KEY CHECK (only = 1),
	key_id    BLOB NOT NULL,
	wrapped   BLOB NOT NULL,        -- the key of the blind indexes under the KEK
	kek_epoch INTEGER NOT NULL
) STRICT;
`

const (
	keysFile = "keys.db"
	// lookupMax is how many keys one query asks for.
	lookupMax = 500
)

// indexOwner is what the key of the blind indexes is wrapped for. No text has such a record.
var indexOwner = vault.Owner{Record: "blind index"}

// keyStore is the open store. Safe for concurrent use.
type keyStore struct {
	db    *sqlite.DB
	kek   *vault.KEK
	index vault.Key // of the blind indexes; random, so that it outlives every KEK
}

// newKey is a key that was just made.
type newKey struct {
	id    vault.KeyID
	key   vault.Key
	owner vault.Owner
}

// keptKey is a row of the key table.
type keptKey struct {
	owner   vault.Owner
	wrapped []byte // nil: destroyed
}

// openKeys opens the store in dir, or makes it. keys.db comes first and the KEK second, so that a KEK without keys.db means a lost store at any time.
func openKeys(dir string) (*keyStore, error) {
	if missing(filepath.Join(dir, keysFile)) && !missing(filepath.Join(dir, kekFile)) {
		return nil, decider.Refuse("people/keys-missing", "file", keysFile)
	}
	db, err := sqlite.Open(filepath.Join(dir, keysFile), sqlite.Options{Durable: true, SecureDelete: true, Schema: schema})
	if err != nil {
		return nil, err
	}
	k := &keyStore{db: db}
	if err := db.Write(context.Background(), func(tx *sql.Tx) error { return k.unlock(tx, dir) }); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return k, nil
}

func missing(path string) bool {
	_, err := os.Lstat(path)
	return errors.Is(err, fs.ErrNotExist)
}

// unlock reads the KEK and the key of the blind indexes, and makes both at the first start. It runs inside a write transaction: two processes that
// start at once make one KEK.
func (k *keyStore) unlock(tx *sql.Tx, dir string) error {
	var id, wrapped []byte
	var keys bool
	if err := tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM key)`).Scan(&keys); err != nil {
		return err
	}
	err := tx.QueryRow(`SELECT key_id, wrapped FROM index_key`).Scan(&id, &wrapped)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	first := err != nil && !keys
	if first && missing(filepath.Join(dir, kekFile)) {
		if err := makeKEK(dir); err != nil {
			return err
		}
	}
	if k.kek, err = readKEK(dir); err != nil {
		return err
	}
	if first {
		k.index = vault.NewKey()
		id := k.index.ID()
		_, err := tx.Exec(`INSERT INTO index_key (only, key_id, wrapped, kek_epoch) VALUES (1, ?, ?, ?)`, id[:], k.kek.Wrap(indexOwner, id, k.index), k.kek.Epoch())
		return err
	}
	if len(id) == len(vault.KeyID{}) {
		k.index, err = k.kek.Unwrap(indexOwner, vault.KeyID(id), wrapped)
	}
	if err != nil || k.index == (vault.Key{}) {
		return decider.Refuse("people/kek-wrong", "file", kekFile)
	}
	return nil
}

func (k *keyStore) close() error { return k.db.Close() }

// add stores new keys in one transaction; they are on disk when it returns. It puts them in the order of their ids: each page of the index is then
// visited once, and no page leaves the cache to come back (a fifth less to write at 200,000 keys, measured).
func (k *keyStore) add(ctx context.Context, keys []newKey) error {
	if len(keys) == 0 {
		return nil
	}
	slices.SortFunc(keys, func(a, b newKey) int { return bytes.Compare(a.id[:], b.id[:]) })
	now := time.Now().Unix()
	return k.db.Write(ctx, func(tx *sql.Tx) error {
		insert, err := tx.Prepare(`INSERT INTO key (key_id, workspace, subject, record, wrapped_dek, kek_epoch, created) VALUES (?, ?, ?, ?, ?, ?, ?)`)
		if err != nil {
			return err
		}
		defer insert.Close()
		for _, n := range keys {
			wrapped := k.kek.Wrap(n.owner, n.id, n.key)
			if _, err := insert.Exec(n.id[:], n.owner.Workspace, n.owner.Subject, n.owner.Record, wrapped, k.kek.Epoch(), now); err != nil {
				return err
			}
		}
		return nil
	})
}

// find looks keys up by id; an unknown id is not in the answer. Nothing is kept in memory between requests, so that a destroyed key is gone at once.
func (k *keyStore) find(ctx context.Context, ids [][]byte) (map[string]keptKey, error) {
	kept := make(map[string]keptKey, len(ids))
	for some := range slices.Chunk(ids, lookupMax) {
		args := make([]any, len(some))
		for i, id := range some {
			args[i] = id
		}
		rows, err := k.db.Read().QueryContext(ctx, `SELECT key_id, workspace, subject, record, wrapped_dek FROM key
			WHERE key_id IN (?`+strings.Repeat(", ?", len(some)-1)+`)`, args...)
		if err != nil {
			return nil, err
		}
		for rows.Next() {
			var id []byte
			var r keptKey
			if err := rows.Scan(&id, &r.owner.Workspace, &r.owner.Subject, &r.owner.Record, &r.wrapped); err != nil {
				rows.Close()
				return nil, err
			}
			kept[string(id)] = r
		}
		if err := rows.Err(); err != nil {
			return nil, err
		}
	}
	return kept, nil
}

// unwrap gives the key of a row (vault/does-not-open).
func (k *keyStore) unwrap(id []byte, r keptKey) (vault.Key, error) {
	if len(id) != len(vault.KeyID{}) {
		return vault.Key{}, decider.Refuse("vault/does-not-open")
	}
	return k.kek.Unwrap(r.owner, vault.KeyID(id), r.wrapped)
}

// pseudonyms gives the pseudonym of each short id, making those that are missing.
func (k *keyStore) pseudonyms(ctx context.Context, workspace, initiative string, refs []string) ([]string, error) {
	given := make([]string, len(refs))
	err := k.db.Write(ctx, func(tx *sql.Tx) error {
		known := map[string]string{} // by blind index
		var unknown []string
		for _, ref := range refs {
			index := vault.BlindIndex(k.index, workspace, initiative, ref)
			if _, seen := known[string(index)]; seen {
				continue
			}
			var p string
			err := tx.QueryRow(`SELECT pseudonym FROM participant WHERE workspace = ? AND initiative = ? AND blind_index = ?`, workspace, initiative, index).Scan(&p)
			if errors.Is(err, sql.ErrNoRows) {
				unknown = append(unknown, string(index))
			} else if err != nil {
				return err
			}
			known[string(index)] = p
		}
		if err := register(tx, workspace, initiative, unknown, known); err != nil {
			return err
		}
		for i, ref := range refs {
			given[i] = known[string(vault.BlindIndex(k.index, workspace, initiative, ref))]
		}
		return nil
	})
	return given, err
}

// seat gives the next short id of a letter that nobody has in the initiative, such as u4, with a new pseudonym.
func (k *keyStore) seat(ctx context.Context, workspace, initiative, letter string) (ref, pseudonym string, err error) {
	err = k.db.Write(ctx, func(tx *sql.Tx) error {
		for n, taken := 1, true; taken; n++ {
			ref = letter + strconv.Itoa(n)
			err := tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM participant WHERE workspace = ? AND initiative = ? AND blind_index = ?)`,
				workspace, initiative, vault.BlindIndex(k.index, workspace, initiative, ref)).Scan(&taken)
			if err != nil {
				return err
			}
		}
		index := string(vault.BlindIndex(k.index, workspace, initiative, ref))
		given := map[string]string{}
		err := register(tx, workspace, initiative, []string{index}, given)
		pseudonym = given[index]
		return err
	})
	return ref, pseudonym, err
}

// register makes a pseudonym for each unknown blind index. A UUIDv7 tells when it was made, so they are dealt out in random order: the third
// pseudonym of a list is not the third short id.
func register(tx *sql.Tx, workspace, initiative string, unknown []string, known map[string]string) error {
	rand.Shuffle(len(unknown), func(i, j int) { unknown[i], unknown[j] = unknown[j], unknown[i] })
	now := time.Now().Unix()
	for _, index := range unknown {
		p, err := uuid.NewV7()
		if err != nil {
			return err
		}
		known[index] = p.String()
		_, err = tx.Exec(`INSERT INTO participant (workspace, initiative, blind_index, pseudonym, created) VALUES (?, ?, ?, ?, ?)`,
			workspace, initiative, []byte(index), p.String(), now)
		if err != nil {
			return err
		}
	}
	return nil
}
