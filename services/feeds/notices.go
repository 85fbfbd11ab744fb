package feeds

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"errors"
	"path/filepath"
	"sync"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"tavolo/pkg/decider"
	"tavolo/pkg/sqlite"
	feedv1 "tavolo/proto/tavolo/feed/v1"
)

// This chapter notices what is unusual in the use of a token, so that whoever manages the subscription sees it: facts with a day, from which nothing
// follows by itself. They lie in a database of their own, which may be lost: then every network is a first one again.

const noticesFile = "notices.db"

const noticesSchema = `
-- Networks that a token was used from, as keyed hashes.
CREATE TABLE network (
	subscription TEXT NOT NULL,
	hash         BLOB NOT NULL,
	PRIMARY KEY (subscription, hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE day (
	subscription TEXT NOT NULL,
	day          INTEGER NOT NULL,  -- Unix days
	uses         INTEGER NOT NULL,
	PRIMARY KEY (subscription, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE notice (
	subscription TEXT NOT NULL,
	day          INTEGER NOT NULL,
	kind         INTEGER NOT NULL,  -- tavolo.feed.v1.NoticeKind
	at           INTEGER NOT NULL,  -- Unix seconds, to the hour
	times        INTEGER NOT NULL,
	PRIMARY KEY (subscription, day, kind)
) STRICT, WITHOUT ROWID;
`

const (
	// manyTimes and manyAtLeast are what makes the uses of a day many: so many times those of the busiest day before, and so many at least.
	manyTimes, manyAtLeast = 10, 1000
	// noticesMost is how many are shown of a subscription, noticesDays for how long they and its days are kept.
	noticesMost, noticesDays = 100, 366
	// hashKept is how many bytes of a network's hash are kept: enough to tell a few thousand apart.
	hashKept = 8
	// networksMost is how many networks of a subscription are known; later ones are noticed each day anew.
	networksMost  = 1000
	secondsPerDay = 24 * 60 * 60
)

// odd is one kind of unusual use of a subscription, not written yet.
type odd struct {
	subscription string
	kind         feedv1.NoticeKind
}

// notices keeps what was noticed.
type notices struct {
	db  *sqlite.DB
	key []byte

	mu    sync.Mutex
	waits map[odd]uint64             // how often, since it was written last
	from  map[string]map[string]bool // by subscription, by hash: the networks seen since then
}

func openNotices(dir string, key []byte) (*notices, error) {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("networks"))
	n := &notices{key: mac.Sum(nil), waits: map[odd]uint64{}, from: map[string]map[string]bool{}}
	var err error
	n.db, err = sqlite.Open(filepath.Join(dir, noticesFile), sqlite.Options{SecureDelete: true, Schema: noticesSchema})
	return n, err
}

// note takes note of something unusual.
func (n *notices) note(subscription string, kind feedv1.NoticeKind) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.waits[odd{subscription, kind}]++
}

// used takes note of a use from a network, as feed.Network gives it; of the network, only a hash is remembered.
func (n *notices) used(subscription, network string) {
	if network == "" {
		return
	}
	mac := hmac.New(sha256.New, n.key)
	mac.Write([]byte(subscription + " " + network))
	hash := string(mac.Sum(nil)[:hashKept])
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.from[subscription] == nil {
		n.from[subscription] = map[string]bool{}
	}
	n.from[subscription][hash] = true
}

// tried takes note of how a token was shown: from where, or after its end. err is what readerOf said of it.
func (s *Service) tried(r reader, network string, err error) {
	switch decider.CodeOf(err) {
	case "feeds/token-revoked", "feeds/token-expired":
		s.notices.note(r.id, feedv1.NoticeKind_NOTICE_KIND_AFTER_END)
	case "":
		if err == nil {
			s.notices.used(r.id, network)
		}
	}
}

// refused takes note that the gateway refused a token because it was used too fast.
func (s *Service) refused(ctx context.Context, q *feedv1.RefusedRequest) (*feedv1.RefusedResponse, error) {
	r, err := s.readerOf(ctx, `token = ?`, q.Token)
	if r.id != "" && (err == nil || fatal(err)) {
		s.notices.note(r.id, feedv1.NoticeKind_NOTICE_KIND_TOO_FAST)
	}
	return &feedv1.RefusedResponse{}, nil
}

// write writes what was noticed, with the uses since the last time.
func (n *notices) write(ctx context.Context, now time.Time, used map[string]use) error {
	n.mu.Lock()
	waits, from := n.waits, n.from
	n.waits, n.from = map[odd]uint64{}, map[string]map[string]bool{}
	n.mu.Unlock()
	if len(waits) == 0 && len(from) == 0 && len(used) == 0 {
		return nil
	}
	day := now.Unix() / secondsPerDay
	return n.db.Write(ctx, func(tx *sql.Tx) error {
		for id, hashes := range from {
			for hash := range hashes {
				fresh, err := newNetwork(ctx, tx, id, hash)
				if err != nil {
					return err
				}
				if fresh {
					waits[odd{id, feedv1.NoticeKind_NOTICE_KIND_NEW_NETWORK}]++
				}
			}
		}
		for id, u := range used {
			many, err := manyUses(ctx, tx, id, day, u.times)
			if err != nil {
				return err
			}
			if many {
				waits[odd{id, feedv1.NoticeKind_NOTICE_KIND_MANY_USES}]++
			}
		}
		for o, times := range waits {
			_, err := tx.ExecContext(ctx, `INSERT INTO notice (subscription, day, kind, at, times) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET times = times + excluded.times`,
				o.subscription, day, int64(o.kind), now.Truncate(time.Hour).Unix(), int64(times))
			if err != nil {
				return err
			}
		}
		for _, table := range []string{"notice", "day"} {
			if _, err := tx.ExecContext(ctx, `DELETE FROM `+table+` WHERE day < ?`, day-noticesDays); err != nil {
				return err
			}
		}
		return nil
	})
}

// newNetwork keeps a network and reports whether it is another than those before. The first one of a subscription is not.
func newNetwork(ctx context.Context, tx *sql.Tx, id, hash string) (bool, error) {
	var known, this int
	err := tx.QueryRowContext(ctx, `SELECT count(*), count(*) FILTER (WHERE hash = ?) FROM network WHERE subscription = ?`, []byte(hash), id).Scan(&known, &this)
	if err != nil || this > 0 {
		return false, err
	}
	if known < networksMost {
		_, err = tx.ExecContext(ctx, `INSERT INTO network (subscription, hash) VALUES (?, ?)`, id, []byte(hash))
	}
	return known > 0, err
}

// manyUses counts uses of a day and reports whether that made them many. The first day of a subscription has none to be compared with.
func manyUses(ctx context.Context, tx *sql.Tx, id string, day int64, times uint64) (bool, error) {
	var busiest, today sql.NullInt64
	err := tx.QueryRowContext(ctx, `SELECT max(uses) FILTER (WHERE day < ?), max(uses) FILTER (WHERE day = ?) FROM day WHERE subscription = ?`, day, day, id).Scan(&busiest, &today)
	if err != nil {
		return false, err
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO day (subscription, day, uses) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET uses = uses + excluded.uses`, id, day, int64(times)); err != nil {
		return false, err
	}
	limit := max(manyTimes*busiest.Int64, manyAtLeast)
	return busiest.Valid && today.Int64 < limit && today.Int64+int64(times) >= limit, nil
}

// of gives what was noticed of a subscription, newest first.
func (n *notices) of(ctx context.Context, subscription string) (all []*feedv1.Notice, err error) {
	rows, err := n.db.Read().QueryContext(ctx, `SELECT kind, at, times FROM notice WHERE subscription = ? ORDER BY day DESC, kind LIMIT ?`, subscription, noticesMost)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var kind int32
		var at, times int64
		if err := rows.Scan(&kind, &at, &times); err != nil {
			return nil, err
		}
		all = append(all, &feedv1.Notice{Kind: feedv1.NoticeKind(kind), At: timestamppb.New(time.Unix(at, 0)), Times: uint64(times)})
	}
	return all, rows.Err()
}
