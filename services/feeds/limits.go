package feeds

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"slices"
	"strconv"

	"google.golang.org/protobuf/proto"

	"tavolo/pkg/decider"
	feedv1 "tavolo/proto/tavolo/feed/v1"
)

// This chapter is how much of this installation one department may take, and what becomes of the webhooks of a subscription that has ended. Limits are per
// workspace and nothing is limited for all of them together: whatever one department does, the others have as much as before. Only what lives counts.

const (
	// subscriptionsPerWorkspace: a department has a dozen associations around it, each with a token for its feed reader and one for its program, and at the
	// change of a token, every 90 days, the old one beside the new one.
	subscriptionsPerWorkspace = 50
	// webhooksPerWorkspace: one for each subscription. Each is a goroutine that looks at the order when there is news: all 61 departments of the survey, full,
	// are 3,050 of them.
	webhooksPerWorkspace = 50
	// webhooksPerSubscription: an association's programs, and one that is being replaced.
	webhooksPerSubscription = 10
)

// holding is a subscription that lives, and how many webhooks it has.
type holding struct {
	id         string
	workspaces map[string]bool
	webhooks   int
}

// workspacesOf lists what a scope counts for. What is about everything counts for no department, but as a place of its own.
func workspacesOf(s *feedv1.FeedScope) map[string]bool {
	all := map[string]bool{}
	for _, p := range s.GetPlaces() {
		all[p.Workspace] = true
	}
	if len(all) == 0 {
		all[""] = true
	}
	return all
}

// held lists the subscriptions that live.
func (s *Service) held(ctx context.Context, tx *sql.Tx) (all []holding, err error) {
	rows, err := tx.QueryContext(ctx, `SELECT s.id, s.scope, count(w.id) FROM subscription s LEFT JOIN webhook w ON w.subscription = s.id WHERE s.revoked = 0 AND s.expires > ? GROUP BY s.id`, s.clock().Unix())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		h, kept, scope := holding{}, []byte(nil), &feedv1.FeedScope{}
		if err := rows.Scan(&h.id, &kept, &h.webhooks); err != nil {
			return nil, err
		}
		if err := proto.Unmarshal(kept, scope); err != nil {
			return nil, err
		}
		h.workspaces = workspacesOf(scope)
		all = append(all, h)
	}
	return all, rows.Err()
}

// full reports whether one of the workspaces has the most already.
func full(all []holding, workspaces map[string]bool, count func(holding) int, most int) bool {
	for ws := range workspaces {
		n := 0
		for _, h := range all {
			if h.workspaces[ws] {
				n += count(h)
			}
		}
		if n >= most {
			return true
		}
	}
	return false
}

// roomForSubscription is asked in the transaction that adds one.
//
// Refusals: feeds/subscriptions-too-many.
func (s *Service) roomForSubscription(ctx context.Context, tx *sql.Tx, scope *feedv1.FeedScope) error {
	all, err := s.held(ctx, tx)
	if err == nil && full(all, workspacesOf(scope), func(holding) int { return 1 }, subscriptionsPerWorkspace) {
		err = decider.Refuse("feeds/subscriptions-too-many", "most", strconv.Itoa(subscriptionsPerWorkspace))
	}
	return err
}

// roomForWebhook is asked in the transaction that adds one.
//
// Refusals: feeds/subscription-ended, feeds/webhooks-too-many, feeds/webhooks-too-many-here.
func (s *Service) roomForWebhook(ctx context.Context, tx *sql.Tx, subscription string) error {
	all, err := s.held(ctx, tx)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(all, func(h holding) bool { return h.id == subscription })
	switch {
	case at < 0:
		return decider.Refuse("feeds/subscription-ended")
	case all[at].webhooks >= webhooksPerSubscription:
		return decider.Refuse("feeds/webhooks-too-many", "most", strconv.Itoa(webhooksPerSubscription))
	case full(all, all[at].workspaces, func(h holding) int { return h.webhooks }, webhooksPerWorkspace):
		return decider.Refuse("feeds/webhooks-too-many-here", "most", strconv.Itoa(webhooksPerWorkspace))
	}
	return nil
}

// lives refuses a webhook whose subscription has ended: nothing is sent to it any more.
//
// Refusals: feeds/unknown, feeds/subscription-ended.
func (s *Service) lives(ctx context.Context, webhook string) error {
	t, err := s.target(ctx, webhook)
	if err != nil {
		return err
	}
	if _, err = s.readerOf(ctx, `id = ?`, t.subscription); fatal(err) {
		return decider.Refuse("feeds/subscription-ended")
	}
	return err
}

// wipe has the webhooks of a subscription that has ended forget what is secret: the secret, and the parameters of the address, which may be one too. Where
// its entries went remains to be read. It gives the webhooks; doing it again finds none.
func (s *Service) wipe(ctx context.Context, tx *sql.Tx, subscription, reason string) ([]string, error) {
	addresses, err := s.secretive(ctx, tx, subscription)
	if err != nil {
		return nil, err
	}
	var ids []string
	for id, sealed := range addresses {
		address, err := s.store.open(id, "url", sealed)
		if err != nil {
			return nil, err
		}
		if sealed, err = s.store.seal(id, "url", withoutParameters(address)); err != nil {
			return nil, err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE webhook SET enabled = 0, reason = ?, next_try = 0, failures = 0, secret = x'', url = ? WHERE id = ?`, reason, sealed, id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// secretive gives the webhooks of a subscription that have a secret, with their sealed addresses.
func (s *Service) secretive(ctx context.Context, tx *sql.Tx, subscription string) (all map[string][]byte, err error) {
	rows, err := tx.QueryContext(ctx, `SELECT id, url FROM webhook WHERE subscription = ? AND length(secret) > 0`, subscription)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	all = map[string][]byte{}
	for rows.Next() {
		var id string
		var sealed []byte
		if err := rows.Scan(&id, &sealed); err != nil {
			return nil, err
		}
		all[id] = sealed
	}
	return all, rows.Err()
}

func withoutParameters(address string) string {
	u, err := url.Parse(address)
	if err != nil { // it was looked at when it came; what cannot be read is not kept
		return ""
	}
	u.RawQuery, u.Fragment = "", ""
	return u.String()
}
