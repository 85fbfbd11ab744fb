package feeds

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"google.golang.org/protobuf/types/known/timestamppb"

	"tavolo/pkg/decider"
	"tavolo/pkg/feed"
	feedv1 "tavolo/proto/tavolo/feed/v1"
)

// This chapter manages the addresses that entries are sent to.

// replayMax is how many dead letters one request has sent again.
const replayMax = 1000

// addWebhook adds an address. Its secret is told once.
//
// Refusals: feeds/unknown, feeds/webhook-url, feeds/webhook-address, and those of roomForWebhook.
func (s *Service) addWebhook(ctx context.Context, q *feedv1.WebhookRequest) (*feedv1.WebhookAdded, error) {
	if err := checkURL(q.Url, s.o.Loopback); err != nil {
		return nil, err
	}
	if _, err := s.subscription(ctx, q.Subscription); err != nil {
		return nil, err
	}
	key, err := s.store.signing(ctx)
	if err != nil {
		return nil, err
	}
	id, secret := uuid.Must(uuid.NewV7()).String(), newSecret()
	address, err := s.store.seal(id, "url", q.Url)
	if err != nil {
		return nil, err
	}
	sealed, err := s.store.seal(id, "secret", secret)
	if err != nil {
		return nil, err
	}
	err = s.store.db.Write(ctx, func(tx *sql.Tx) error {
		if err := s.roomForWebhook(ctx, tx, q.Subscription); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO webhook (id, subscription, url, secret, enabled, reason, cursor, failures, next_try, status) VALUES (?, ?, ?, ?, 1, '', ?, 0, 0, 0)`,
			id, q.Subscription, address, sealed, int64(min(q.After, 1<<62)))
		return err
	})
	if err != nil {
		return nil, err
	}
	s.deliver(id)
	w, err := s.webhook(ctx, id)
	return &feedv1.WebhookAdded{Webhook: w, Secret: secret, PublicKey: publicKey(key)}, err
}

func (s *Service) webhooksOf(ctx context.Context, subscription string) ([]*feedv1.Webhook, error) {
	return s.listWebhooks(ctx, `subscription = ? ORDER BY id`, subscription)
}

func (s *Service) webhook(ctx context.Context, id string) (*feedv1.Webhook, error) {
	all, err := s.listWebhooks(ctx, `id = ?`, id)
	if err == nil && len(all) == 0 {
		err = decider.Refuse("feeds/unknown")
	}
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

func (s *Service) listWebhooks(ctx context.Context, where string, arg any) (all []*feedv1.Webhook, err error) {
	rows, err := s.store.db.Read().QueryContext(ctx, `SELECT id, subscription, url, enabled, reason, cursor, failures, next_try, status,
		(SELECT count(*) FROM dead_letter WHERE webhook = webhook.id) FROM webhook WHERE `+where, arg)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		w := &feedv1.Webhook{}
		var sealed []byte
		var next int64
		if err := rows.Scan(&w.Id, &w.Subscription, &sealed, &w.Enabled, &w.Reason, &w.Cursor, &w.Failures, &next, &w.Status, &w.DeadLetters); err != nil {
			return nil, err
		}
		address, err := s.store.open(w.Id, "url", sealed)
		if err != nil {
			return nil, err
		}
		w.Url = withoutParameters(address)
		if next > 0 {
			w.NextTryAt = &timestamppb.Timestamp{Seconds: next / 1000, Nanos: int32(next%1000) * 1e6}
		}
		all = append(all, w)
	}
	return all, rows.Err()
}

// testWebhook sends a test message now.
//
// Refusals: those of lives.
func (s *Service) testWebhook(ctx context.Context, q *feedv1.WebhookActRequest) (*feedv1.WebhookTested, error) {
	if err := s.lives(ctx, q.Webhook); err != nil {
		return nil, err
	}
	to, err := s.target(ctx, q.Webhook)
	if err != nil {
		return nil, err
	}
	id := "test-" + uuid.Must(uuid.NewV7()).String()
	site, err := s.site(ctx)
	if err != nil {
		return nil, err
	}
	body, err := feed.TestEvent(site, id)
	if err != nil {
		return nil, err
	}
	status, err := s.send(ctx, to, id, body)
	return &feedv1.WebhookTested{Status: uint32(status), Reason: reasonOf(status, err)}, nil
}

// enableWebhook has a webhook go on after the last entry that arrived.
//
// Refusals: those of lives.
func (s *Service) enableWebhook(ctx context.Context, q *feedv1.WebhookActRequest) (*feedv1.Webhook, error) {
	if err := s.lives(ctx, q.Webhook); err != nil {
		return nil, err
	}
	err := s.store.db.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE webhook SET enabled = 1, reason = '', failures = 0, next_try = 0 WHERE id = ? AND length(secret) > 0`, q.Webhook)
		return err
	})
	if err != nil {
		return nil, err
	}
	w, err := s.webhook(ctx, q.Webhook)
	if err == nil {
		s.deliver(q.Webhook)
	}
	return w, err
}

// endWebhook forgets a webhook with its secret and its dead letters. When it returns nothing is being sent to it. Who asks again is told that it is not there.
func (s *Service) endWebhook(ctx context.Context, q *feedv1.WebhookActRequest) (*feedv1.WebhookEnded, error) {
	if _, err := s.webhook(ctx, q.Webhook); err != nil {
		return nil, err
	}
	err := s.store.db.Write(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM dead_letter WHERE webhook = ?`, q.Webhook); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM webhook WHERE id = ?`, q.Webhook)
		return err
	})
	if err != nil {
		return nil, err
	}
	s.halt(q.Webhook)
	return &feedv1.WebhookEnded{}, nil
}

// deadLetters lists what an address refused.
func (s *Service) deadLetters(ctx context.Context, q *feedv1.WebhookActRequest) (out *feedv1.DeadLettersResponse, err error) {
	if _, err := s.webhook(ctx, q.Webhook); err != nil {
		return nil, err
	}
	rows, err := s.store.db.Read().QueryContext(ctx, `SELECT d.n, d.status, d.at, e.workspace || ':' || e.seq FROM dead_letter d JOIN entry e ON e.n = d.n WHERE webhook = ? ORDER BY d.n`, q.Webhook)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	out = &feedv1.DeadLettersResponse{}
	for rows.Next() {
		d := &feedv1.DeadLetter{}
		var at int64
		if err := rows.Scan(&d.N, &d.Status, &at, &d.Entry); err != nil {
			return nil, err
		}
		d.At = second(at)
		out.DeadLetters = append(out.DeadLetters, d)
	}
	return out, rows.Err()
}

// replay has dead letters sent again, before what is new.
//
// Refusals: feeds/replay-too-many, and those of lives.
func (s *Service) replay(ctx context.Context, q *feedv1.WebhookActRequest) (*feedv1.ReplayResponse, error) {
	if err := s.lives(ctx, q.Webhook); err != nil {
		return nil, err
	}
	if len(q.Numbers) > replayMax {
		return nil, decider.Refuse("feeds/replay-too-many", "most", strconv.Itoa(replayMax))
	}
	where, args := `webhook = ?`, []any{q.Webhook}
	if len(q.Numbers) > 0 {
		where += ` AND n IN (` + strings.TrimSuffix(strings.Repeat("?,", len(q.Numbers)), ",") + `)`
		for _, n := range q.Numbers {
			args = append(args, int64(n))
		}
	}
	out := &feedv1.ReplayResponse{}
	err := s.store.db.Write(ctx, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, `UPDATE dead_letter SET again = again + 1 WHERE `+where, args...)
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		out.Replayed = uint32(n)
		return err
	})
	s.deliver(q.Webhook)
	return out, err
}

// keys gives the public key of v1a signatures.
func (s *Service) keys(ctx context.Context, _ *feedv1.KeysRequest) (*feedv1.KeysResponse, error) {
	key, err := s.store.signing(ctx)
	if err != nil {
		return nil, err
	}
	return &feedv1.KeysResponse{Keys: []string{publicKey(key)}}, nil
}

func (s *Service) site(ctx context.Context) (feed.Site, error) {
	authority, err := s.authority(ctx)
	return feed.Site{Base: strings.TrimRight(s.o.PublicURL, "/"), Authority: authority}, err
}
