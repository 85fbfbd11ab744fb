package feeds

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"tavolo/pkg/decider"
	feedv1 "tavolo/proto/tavolo/feed/v1"
)

// This chapter is who may read what: subscriptions, their tokens, and the answers to them.

const (
	// daysUnlessSaid is how long a token holds; daysMax how long it may.
	daysUnlessSaid, daysMax = 90, 366
	labelCharactersMax      = 80
	placesMax               = 500
	// entriesUnlessSaid and entriesMax are how many entries one answer has.
	entriesUnlessSaid, entriesMax = 50, 500
	hashBytes                     = 32
	// flushEvery is how often the uses of tokens are written.
	flushEvery = 10 * time.Second
)

// use is what is not written yet of a token.
type use struct {
	times uint64
	last  time.Time
}

// subscribe makes a subscription. The token itself was made by who asks; here only its hash is known.
//
// Refusals: feeds/label-too-long, feeds/days-out-of-range, feeds/scope-too-large, feeds/scope-without-workspace, feeds/scope-malformed,
// feeds/subscriptions-too-many.
func (s *Service) subscribe(ctx context.Context, q *feedv1.SubscribeRequest) (*feedv1.Subscription, error) {
	days := cmp.Or(q.Days, daysUnlessSaid)
	switch {
	case len(q.Token) != hashBytes:
		return nil, decider.Refuse("query/unreadable")
	case utf8.RuneCountInString(q.Label) > labelCharactersMax:
		return nil, decider.Refuse("feeds/label-too-long", "most", strconv.Itoa(labelCharactersMax))
	case days > daysMax:
		return nil, decider.Refuse("feeds/days-out-of-range", "most", strconv.Itoa(daysMax))
	case len(q.Scope.GetPlaces()) > placesMax:
		return nil, decider.Refuse("feeds/scope-too-large", "most", strconv.Itoa(placesMax))
	}
	if err := checkScope(q.Scope); err != nil {
		return nil, err
	}
	if _, err := s.authority(ctx); err != nil { // from here on somebody may read ids
		return nil, err
	}
	scope := q.Scope
	if scope == nil {
		scope = &feedv1.FeedScope{}
	}
	id := uuid.Must(uuid.NewV7()).String()
	kept, err := proto.Marshal(scope)
	if err != nil {
		return nil, err
	}
	label, err := s.store.seal(id, "label", strings.TrimSpace(q.Label))
	if err != nil {
		return nil, err
	}
	now := s.clock()
	err = s.store.db.Write(ctx, func(tx *sql.Tx) error {
		if err := s.roomForSubscription(ctx, tx, scope); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO subscription (id, token, label, scope, created, expires, revoked, used, uses) VALUES (?, ?, ?, ?, ?, ?, 0, 0, 0)`,
			id, q.Token, label, kept, now.Unix(), now.AddDate(0, 0, int(days)).Unix())
		return err
	})
	if err != nil {
		return nil, err
	}
	return s.subscription(ctx, id)
}

// authority is the name in tag: URIs: that of the public address when the first subscription is made, and the same ever after.
func (s *Service) authority(ctx context.Context) (string, error) {
	value, err := s.store.fix(ctx, "authority", func() ([]byte, error) {
		if u, err := url.Parse(s.o.PublicURL); err == nil && u.Hostname() != "" {
			return []byte(u.Hostname()), nil
		}
		return []byte("localhost"), nil
	})
	return string(value), err
}

func (s *Service) subscription(ctx context.Context, id string) (*feedv1.Subscription, error) {
	all, err := s.subscriptions(ctx, &feedv1.SubscriptionsRequest{Id: id})
	if err != nil {
		return nil, err
	}
	if len(all.Subscriptions) == 0 {
		return nil, decider.Refuse("feeds/unknown")
	}
	return all.Subscriptions[0], nil
}

// subscriptions lists them with their webhooks.
func (s *Service) subscriptions(ctx context.Context, q *feedv1.SubscriptionsRequest) (out *feedv1.SubscriptionsResponse, err error) {
	if err := s.flush(ctx); err != nil {
		return nil, err
	}
	rows, err := s.store.db.Read().QueryContext(ctx, `SELECT id, label, scope, created, expires, revoked, used, uses FROM subscription
		WHERE (? = '' OR id = ?) AND (? = '' OR id = (SELECT subscription FROM webhook WHERE id = ?)) ORDER BY id`, q.Id, q.Id, q.Webhook, q.Webhook)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	out = &feedv1.SubscriptionsResponse{}
	for rows.Next() {
		x := &feedv1.Subscription{Scope: &feedv1.FeedScope{}}
		var label, scope []byte
		var created, expires, revoked, used int64
		if err := rows.Scan(&x.Id, &label, &scope, &created, &expires, &revoked, &used, &x.Uses); err != nil {
			return nil, err
		}
		if x.Label, err = s.store.open(x.Id, "label", label); err != nil {
			return nil, err
		}
		if err := proto.Unmarshal(scope, x.Scope); err != nil {
			return nil, err
		}
		x.CreatedAt, x.ExpiresAt, x.RevokedAt, x.UsedAt = second(created), second(expires), second(revoked), second(used)
		out.Subscriptions = append(out.Subscriptions, x)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	for _, x := range out.Subscriptions {
		if x.Notices, err = s.notices.of(ctx, x.Id); err != nil {
			return nil, err
		}
		if x.Webhooks, err = s.webhooksOf(ctx, x.Id); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// second gives a moment; nothing for 0.
func second(unix int64) *timestamppb.Timestamp {
	if unix == 0 {
		return nil
	}
	return timestamppb.New(time.Unix(unix, 0))
}

// revoke ends a subscription and its webhooks, whose secrets go, and tells its streams. Doing it again changes nothing.
func (s *Service) revoke(ctx context.Context, q *feedv1.SubscriptionRequest) (*feedv1.Subscription, error) {
	var webhooks []string
	err := s.store.db.Write(ctx, func(tx *sql.Tx) (err error) {
		if _, err = tx.ExecContext(ctx, `UPDATE subscription SET revoked = ? WHERE id = ? AND revoked = 0`, s.clock().Unix(), q.Id); err != nil {
			return err
		}
		webhooks, err = s.wipe(ctx, tx, q.Id, "feeds/token-revoked")
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, id := range webhooks {
		s.halt(id)
	}
	s.tell()
	if s.herald != nil {
		if err := s.herald.door.Dismiss(ctx, q.Id); err != nil { // it is told nothing any more either way
			s.log.Warn("feeds: the connections of a subscription that ended could not be closed", "subscription", q.Id, "error", err)
		}
	}
	return s.subscription(ctx, q.Id)
}

// reader is who has a token.
type reader struct {
	id    string
	until time.Time
	scope *feedv1.FeedScope
}

// readerOf looks a token up.
//
// Refusals: feeds/token-unknown, feeds/token-revoked, feeds/token-expired.
func (s *Service) readerOf(ctx context.Context, where string, arg any) (r reader, err error) {
	var scope []byte
	var expires, revoked int64
	err = s.store.db.Read().QueryRowContext(ctx, `SELECT id, scope, expires, revoked FROM subscription WHERE `+where, arg).Scan(&r.id, &scope, &expires, &revoked)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return r, decider.Refuse("feeds/token-unknown")
	case err != nil:
		return r, err
	case revoked != 0:
		return r, decider.Refuse("feeds/token-revoked")
	case s.clock().Unix() >= expires:
		return r, decider.Refuse("feeds/token-expired")
	}
	r.scope, r.until = &feedv1.FeedScope{}, time.Unix(expires, 0)
	return r, proto.Unmarshal(scope, r.scope)
}

// pull gives the holder of a token what comes after a number, or the newest.
func (s *Service) pull(ctx context.Context, q *feedv1.PullRequest) (*feedv1.PullResponse, error) {
	r, err := s.readerOf(ctx, `token = ?`, q.Token)
	if q.Network != "" { // somebody shows it now; a stream that goes on does not
		s.tried(r, q.Network, err)
	}
	if err != nil {
		return nil, err
	}
	if !q.Uncounted {
		s.note(r.id)
	}
	look := s.order.after
	if q.NewestFirst {
		look = s.order.before
	}
	p, err := look(ctx, r.scope, q.After, limit(q.Limit))
	if err != nil {
		return nil, err
	}
	authority, err := s.authority(ctx)
	return &feedv1.PullResponse{Entries: p.entries, Subscription: r.id, Scope: r.scope, CompleteTo: p.completeTo, More: p.more, Authority: authority}, err
}

// entries gives the same to who manages feeds.
func (s *Service) entries(ctx context.Context, q *feedv1.EntriesRequest) (*feedv1.PullResponse, error) {
	if err := checkScope(q.Scope); err != nil {
		return nil, err
	}
	p, err := s.order.after(ctx, q.Scope, q.After, limit(q.Limit))
	return &feedv1.PullResponse{Entries: p.entries, Scope: q.Scope, CompleteTo: p.completeTo, More: p.more}, err
}

func limit(asked uint32) int { return int(min(cmp.Or(asked, entriesUnlessSaid), entriesMax)) }

// note takes note of a use of a token.
func (s *Service) note(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.used[id]
	s.used[id] = use{u.times + 1, s.clock()}
}

// count writes the uses now and then: a durable write for each would be slower than the answer.
func (s *Service) count() {
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-tick.C:
			if err := s.flush(s.ctx); err != nil && s.ctx.Err() == nil {
				s.log.Warn("feeds: the uses of tokens could not be written; tried again in a moment", "error", err)
			}
		}
	}
}

func (s *Service) flush(ctx context.Context) error {
	s.mu.Lock()
	used := s.used
	s.used = map[string]use{}
	s.mu.Unlock()
	if err := s.notices.write(ctx, s.clock(), used); err != nil { // what it tells may be lost
		s.log.Warn("feeds: unusual uses of tokens could not be written", "error", err)
	}
	if len(used) == 0 {
		return nil
	}
	err := s.store.db.Write(ctx, func(tx *sql.Tx) error {
		for id, u := range used {
			if _, err := tx.ExecContext(ctx, `UPDATE subscription SET uses = uses + ?, used = max(used, ?) WHERE id = ?`, int64(u.times), u.last.Truncate(time.Minute).Unix(), id); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil { // not lost: counted again
		s.mu.Lock()
		for id, u := range used {
			now := s.used[id]
			s.used[id] = use{now.times + u.times, u.last}
		}
		s.mu.Unlock()
	}
	return err
}
