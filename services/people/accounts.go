package people

// Accounts: who has come in, on which devices, and what they may do where. They lie in accounts.db, beside the keys and apart from them: a key is
// destroyed when somebody is erased, a device is forgotten when somebody signs out.
//
//	invitation ──enter──► account ──► memberships (workspace, initiative, pseudonym, grant)
//	                         ▲
//	device (token) ──────────┘  one person, or several who take turns
//
// Secrets and tokens are never here, only their SHA-256: they are random and long, so a hash hides them. A six-character code is short; it is kept
// under the secret key of the blind indexes. A name is sealed, under a key of its own that is wrapped like those of keys.db.

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"

	"tavolo/pkg/bus"
	"tavolo/pkg/decider"
	"tavolo/pkg/sqlite"
	"tavolo/pkg/vault"
	apiv1 "tavolo/proto/tavolo/api/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
	peoplev1 "tavolo/proto/tavolo/people/v1"
)

// accountsSchema of accounts.db. Times are Unix seconds.
const accountsSchema = `
CREATE TABLE account (
	id          TEXT PRIMARY KEY,  -- UUIDv7
	name        BLOB NOT NULL,     -- sealed
	administers INTEGER NOT NULL,  -- 1: everything in every workspace
	created     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE membership (
	account     TEXT NOT NULL REFERENCES account (id),
	workspace   TEXT NOT NULL,
	initiative  TEXT NOT NULL,     -- '': the whole workspace
	participant TEXT NOT NULL,     -- pseudonym; '': no seat
	may         INTEGER NOT NULL,  -- grant; 0: shut out
	owed        BLOB,              -- sealed: what the record does not hold yet
	created     INTEGER NOT NULL,
	PRIMARY KEY (account, workspace, initiative)
) STRICT, WITHOUT ROWID;
CREATE INDEX membership_by_place ON membership (workspace, initiative);

CREATE TABLE invitation (
	id           TEXT PRIMARY KEY, -- UUIDv7
	secret       BLOB NOT NULL UNIQUE, -- SHA-256
	code         BLOB UNIQUE,      -- keyed hash; NULL once it is over
	code_expires INTEGER NOT NULL,
	workspace    TEXT NOT NULL,    -- '': of the first facilitator
	initiative   TEXT NOT NULL,
	session      TEXT NOT NULL,
	may          INTEGER NOT NULL,
	expires      INTEGER NOT NULL,
	uses         INTEGER NOT NULL, -- 0: any number
	used         INTEGER NOT NULL,
	revoked      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX invitation_by_place ON invitation (workspace, initiative);

CREATE TABLE device (
	id      TEXT PRIMARY KEY,      -- UUIDv7
	token   BLOB NOT NULL UNIQUE,  -- SHA-256
	kind    TEXT NOT NULL,
	shared  INTEGER NOT NULL,
	account TEXT REFERENCES account (id), -- who is at it; NULL: nobody
	since   INTEGER NOT NULL,
	seen    INTEGER NOT NULL       -- to the hour
) STRICT, WITHOUT ROWID;

CREATE TABLE device_person (
	device  TEXT NOT NULL REFERENCES device (id) ON DELETE CASCADE,
	account TEXT NOT NULL REFERENCES account (id),
	PRIMARY KEY (device, account)
) STRICT, WITHOUT ROWID;
CREATE INDEX device_person_by_account ON device_person (account);

CREATE TABLE entry (
	id         BLOB PRIMARY KEY,   -- SHA-256 of what the client chose: the same again enters once
	invitation TEXT NOT NULL,
	account    TEXT NOT NULL,
	device     TEXT NOT NULL,
	created    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`

const (
	accountsFile = "accounts.db"
	// nameCharactersMax is the longest name of a person.
	nameCharactersMax = 80
	// deviceForgotten is how long a device may stay away before it has to be signed in anew.
	deviceForgotten = 366 * 24 * time.Hour
	// hashBytes is the length of a SHA-256.
	hashBytes = 32
)

// accounts is the open store. Safe for concurrent use.
type accounts struct {
	db   *sqlite.DB
	keys *keyStore
	nc   *nats.Conn
	now  func() time.Time
	log  *slog.Logger
}

func openAccounts(o Options, keys *keyStore, log *slog.Logger) (*accounts, error) {
	db, err := sqlite.Open(filepath.Join(o.Dir, accountsFile), sqlite.Options{Durable: true, SecureDelete: true, Schema: accountsSchema})
	if err != nil {
		return nil, err
	}
	now := o.Now
	if now == nil {
		now = time.Now
	}
	return &accounts{db, keys, o.Conn, now, log}, nil
}

func (a *accounts) close() error { return a.db.Close() }

// endpoints are the questions about accounts.
func (a *accounts) endpoints() map[string]bus.Handler {
	return map[string]bus.Handler{
		"people.identify": answer(a.identify), "people.me": answer(a.me), "people.paid": answer(a.paid),
		"people.first": answer(a.first), "people.look_at_invitation": answer(a.look), "people.enter": answer(a.enter), "people.become": answer(a.become),
		"people.rename": answer(a.rename), "people.switch": answer(a.switchPerson), "people.sign_out": answer(a.signOut), "people.devices": answer(a.devices),
		"people.invite": answer(a.invite), "people.invitations": answer(a.invitations), "people.revoke": answer(a.revoke),
		"people.grants": answer(a.grants), "people.set_grant": answer(a.setGrant), "people.belong": answer(a.belong),
	}
}

// identify says who is at a device. Nothing of it is kept in memory: who was signed out is out with the next request.
func (a *accounts) identify(ctx context.Context, req *peoplev1.IdentifyRequest) (*peoplev1.IdentifyResponse, error) {
	resp := &peoplev1.IdentifyResponse{}
	if len(req.Token) != hashBytes {
		return resp, nil
	}
	var seen int64
	err := a.db.Read().QueryRowContext(ctx, `SELECT device.id, coalesce(account, ''), seen, coalesce(administers, 0)
		FROM device LEFT JOIN account ON account.id = account WHERE token = ?`, req.Token).Scan(&resp.Device, &resp.Account, &seen, &resp.Administers)
	now := a.now()
	if errors.Is(err, sql.ErrNoRows) || err == nil && now.Sub(time.Unix(seen, 0)) > deviceForgotten {
		return &peoplev1.IdentifyResponse{}, nil
	}
	if err != nil {
		return nil, err
	}
	if hour := now.Truncate(time.Hour).Unix(); hour > seen {
		err := a.db.Write(ctx, func(tx *sql.Tx) error {
			_, err := tx.Exec(`UPDATE device SET seen = ? WHERE id = ?`, hour, resp.Device)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	resp.Memberships, err = memberships(ctx, a.db.Read(), resp.Account)
	return resp, err
}

// reader is a database or a transaction.
type reader interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// each calls scan for every row of a query.
func each(ctx context.Context, r reader, scan func(*sql.Rows) error, query string, args ...any) error {
	rows, err := r.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// memberships lists where an account belongs; where it is shut out it does not.
func memberships(ctx context.Context, r reader, account string) (all []*apiv1.Membership, err error) {
	if account == "" {
		return nil, nil
	}
	err = each(ctx, r, func(rows *sql.Rows) error {
		m := &apiv1.Membership{}
		all = append(all, m)
		return rows.Scan(&m.Workspace, &m.Initiative, &m.Participant, &m.Grant)
	}, `SELECT workspace, initiative, participant, may FROM membership WHERE account = ? AND may > 0 ORDER BY workspace, initiative`, account)
	return all, err
}

// me gives what a person is shown of themself, and what the record still owes them.
func (a *accounts) me(ctx context.Context, req *peoplev1.MeRequest) (*peoplev1.MeResponse, error) {
	me := &apiv1.MeView{}
	resp := &peoplev1.MeResponse{Me: me}
	db := a.db.Read()
	if err := db.QueryRowContext(ctx, `SELECT NOT EXISTS (SELECT 1 FROM account)`).Scan(&me.Empty); err != nil {
		return nil, err
	}
	err := db.QueryRowContext(ctx, `SELECT coalesce(account, ''), shared, coalesce(administers, 0) FROM device LEFT JOIN account ON account.id = account WHERE device.id = ?`,
		req.Device).Scan(&me.Account, &me.Shared, &me.Administers)
	if errors.Is(err, sql.ErrNoRows) {
		return resp, nil
	}
	if err != nil {
		return nil, err
	}
	err = each(ctx, db, func(rows *sql.Rows) error {
		var id string
		var sealed []byte
		if err := rows.Scan(&id, &sealed); err != nil {
			return err
		}
		name := a.nameOf(id, sealed)
		if id == me.Account {
			me.Name = name
		}
		if me.Shared {
			me.People = append(me.People, &apiv1.DevicePerson{Account: id, Name: name})
		}
		return nil
	}, `SELECT account.id, name FROM device_person JOIN account ON account.id = account WHERE device = ? ORDER BY account.id`, req.Device)
	if err != nil {
		return nil, err
	}
	if me.Memberships, err = memberships(ctx, db, me.Account); err != nil {
		return nil, err
	}
	resp.Owed, err = a.owedTo(ctx, db, me.Account)
	return resp, err
}

// keep seals what must not lie in clear, under a key of its own: epoch of the KEK (4 bytes, big endian), wrapped key (60 bytes), sealed text.
func (a *accounts) keep(account, field, text string) ([]byte, error) {
	key := vault.NewKey()
	sealed, err := vault.Seal(key, vault.Place{Commit: account, Field: field}, text)
	if err != nil {
		return nil, err
	}
	kept := binary.BigEndian.AppendUint32(nil, a.keys.kek.Epoch())
	kept = append(kept, a.keys.kek.Wrap(vault.Owner{Subject: account, Record: field}, key.ID(), key)...)
	return proto.MarshalOptions{}.MarshalAppend(kept, sealed)
}

// keptHead is the length of what stands before the sealed text: 4 for the epoch; nonce, key and tag for the wrapped key.
const keptHead = 4 + 12 + 32 + 16

// kept opens it again (vault/does-not-open).
func (a *accounts) kept(account, field string, kept []byte) (string, error) {
	sealed := &eventv1.Sealed{}
	if len(kept) < keptHead || proto.Unmarshal(kept[keptHead:], sealed) != nil || len(sealed.KeyId) != len(vault.KeyID{}) {
		return "", decider.Refuse("vault/does-not-open")
	}
	key, err := a.keys.kek.Unwrap(vault.Owner{Subject: account, Record: field}, vault.KeyID(sealed.KeyId), kept[4:keptHead])
	if err != nil {
		return "", err
	}
	return vault.Open(key, vault.Place{Commit: account, Field: field}, sealed)
}

// nameOf opens a name. One that does not open is shown as empty and told to the operator: it must not shut its owner out.
func (a *accounts) nameOf(account string, sealed []byte) string {
	name, err := a.kept(account, "name", sealed)
	if err != nil {
		a.log.Error("people: a name does not open: accounts.db or the key file was changed", "account", account)
	}
	return name
}

// checkName trims a name and refuses none, and one that is too long (account/name-missing, account/name-too-long).
func checkName(name string) (string, error) {
	name = strings.TrimSpace(name)
	switch {
	case name == "" || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		return "", decider.Refuse("account/name-missing")
	case utf8.RuneCountInString(name) > nameCharactersMax:
		return "", decider.Refuse("account/name-too-long")
	}
	return name, nil
}

// devicesOf lists the devices that somebody is at now.
func devicesOf(ctx context.Context, r reader, account string) (ids []string, err error) {
	err = each(ctx, r, func(rows *sql.Rows) error {
		var id string
		err := rows.Scan(&id)
		ids = append(ids, id)
		return err
	}, `SELECT id FROM device WHERE account = ?`, account)
	return ids, err
}

// left tells the gateways that who is at a device, or what they may do, is no longer what it was: their live connections begin anew. One that misses it
// asks by itself within a minute.
func (a *accounts) left(devices ...string) {
	for _, id := range slices.Compact(devices) {
		if err := a.nc.Publish("left."+id, nil); err != nil {
			a.log.Warn("people: a change of who is at a device was not announced", "device", id, "error", err)
		}
	}
}
