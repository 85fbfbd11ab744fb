package feeds

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"

	"tavolo/pkg/decider"
	"tavolo/pkg/feed"
	feedv1 "tavolo/proto/tavolo/feed/v1"
)

// This chapter delivers to webhooks: one goroutine each, one entry after the other, in order. An entry that does not get through holds back those after
// it, of this webhook alone, and is tried again ever later; in the end the webhook is disabled and says why, and goes on from there when it is enabled.
// Only an entry that the address itself refuses, again and again, is put aside, for it would hold back the others for ever.

const (
	// attemptsMax is how often one entry is tried before the webhook is disabled: about a day (see backoff).
	attemptsMax = 16
	// refusalsMax is how often an address may refuse one entry before it is put aside.
	refusalsMax = 3
	// deadLettersMax is how many may be put aside before the webhook is disabled.
	deadLettersMax = 1000
	// firstRetry doubles with each failure up to longestRetry; the wait is somewhere between half of that and all of it.
	firstRetry, longestRetry = 5 * time.Second, 6 * time.Hour
)

// backoff is how long to wait after so many failures.
func backoff(failures int) time.Duration {
	wait := min(longestRetry, firstRetry<<min(failures-1, 20))
	return wait/2 + rand.N(wait/2)
}

// delivery is the goroutine of a webhook.
type delivery struct {
	wake   chan struct{}
	cancel context.CancelFunc
	done   chan struct{} // closed when it has ended
}

// errOver: nothing is sent to this webhook ever again.
var errOver = errors.New("feeds: this webhook has ended")

func (d *delivery) nudge() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// resume begins the deliveries of every webhook that has its secret. Those whose subscription ended meanwhile lose it at their first step.
func (s *Service) resume() error {
	rows, err := s.store.db.Read().QueryContext(s.ctx, `SELECT id FROM webhook WHERE length(secret) > 0`)
	if err != nil {
		return err
	}
	var ids []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return errors.Join(err, rows.Close())
		}
		ids = append(ids, id)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for _, id := range ids {
		s.deliver(id)
	}
	return nil
}

// deliver begins the deliveries of a webhook, or wakes them.
func (s *Service) deliver(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d := s.delivery[id]; d != nil {
		d.nudge()
		return
	}
	if s.ctx.Err() != nil {
		return
	}
	ctx, cancel := context.WithCancel(s.ctx)
	d := &delivery{wake: make(chan struct{}, 1), cancel: cancel, done: make(chan struct{})}
	s.delivery[id] = d
	s.work.Go(func() {
		defer close(d.done)
		s.serve(ctx, id, d)
		cancel()
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.delivery[id] == d {
			delete(s.delivery, id)
		}
	})
}

// serve delivers to a webhook until it has ended.
func (s *Service) serve(ctx context.Context, id string, d *delivery) {
	for {
		wait, err := s.step(ctx, id)
		if ctx.Err() != nil || errors.Is(err, errOver) {
			return
		}
		if err != nil {
			s.log.Warn("feeds: a webhook could not be served; tried again in a moment", "webhook", id, "error", err)
			wait = lookout
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-d.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// halt ends the deliveries to a webhook that has ended; what is being sent is cut off.
func (s *Service) halt(id string) {
	s.mu.Lock()
	d := s.delivery[id]
	s.mu.Unlock()
	if d != nil {
		d.cancel()
		<-d.done
	}
}

// target is where something is sent, and the state of its webhook.
type target struct {
	id, subscription, url, secret string
	enabled                       bool
	cursor                        uint64
	failures                      int
	next                          time.Time
}

func (s *Service) target(ctx context.Context, id string) (t target, err error) {
	var address, secret []byte
	var next int64
	err = s.store.db.Read().QueryRowContext(ctx, `SELECT id, subscription, url, secret, enabled, cursor, failures, next_try FROM webhook WHERE id = ?`, id).
		Scan(&t.id, &t.subscription, &address, &secret, &t.enabled, &t.cursor, &t.failures, &next)
	if errors.Is(err, sql.ErrNoRows) {
		return t, decider.Refuse("feeds/unknown")
	}
	if err != nil {
		return t, err
	}
	t.next = time.UnixMilli(next)
	if t.url, err = s.store.open(id, "url", address); err != nil {
		return t, err
	}
	t.secret, err = s.store.open(id, "secret", secret)
	return t, err
}

// step sends what is to be sent now and says how long to wait, unless something happens before.
func (s *Service) step(ctx context.Context, id string) (wait time.Duration, err error) {
	for ctx.Err() == nil {
		t, err := s.target(ctx, id)
		if decider.CodeOf(err) == "feeds/unknown" {
			return 0, errOver
		}
		if err != nil {
			return 0, err
		}
		r, err := s.readerOf(ctx, `id = ?`, t.subscription)
		if fatal(err) {
			return 0, s.over(ctx, t, decider.CodeOf(err))
		}
		if err != nil {
			return 0, err
		}
		idle := min(longestRetry, r.until.Sub(s.clock())) // at its end the secret goes
		if !t.enabled {
			return idle, nil
		}
		if wait := t.next.Sub(s.clock()); wait > 0 {
			return min(wait, idle), nil
		}
		if more, err := s.again(ctx, t); err != nil || more {
			if err != nil {
				return 0, err
			}
			continue
		}
		p, err := s.order.after(ctx, r.scope, t.cursor, 1)
		if err != nil {
			return 0, err
		}
		if len(p.entries) == 0 {
			if p.completeTo > t.cursor { // entries that are none of its business
				if err := s.advance(ctx, t, p.completeTo, 0); err != nil {
					return 0, err
				}
			}
			if p.more {
				continue
			}
			return idle, nil
		}
		if err := s.sendNext(ctx, t, p.entries[0]); err != nil {
			return 0, err
		}
	}
	return 0, ctx.Err()
}

// again sends one dead letter that is to be sent again, and reports whether there was one.
func (s *Service) again(ctx context.Context, t target) (bool, error) {
	var p place
	var asked int
	err := s.store.db.Read().QueryRowContext(ctx, `SELECT e.n, e.workspace, e.seq, d.again FROM dead_letter d JOIN entry e ON e.n = d.n WHERE webhook = ? AND again > 0 ORDER BY d.n LIMIT 1`, t.id).
		Scan(&p.n, &p.workspace, &p.seq, &asked)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	entries, err := s.order.read(ctx, []place{p})
	if err != nil || len(entries) == 0 {
		return false, err
	}
	status, failed := s.sendEntry(ctx, t, entries[0])
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	switch verdictOf(status, failed) {
	case arrived:
		return true, s.write(ctx, `DELETE FROM dead_letter WHERE webhook = ? AND n = ?`, t.id, int64(p.n))
	case refused: // what was asked for since then stands
		return true, s.write(ctx, `UPDATE dead_letter SET again = again - ?, status = ?, at = ? WHERE webhook = ? AND n = ?`, asked, status, s.clock().Unix(), t.id, int64(p.n))
	default:
		return true, s.fail(ctx, t, status, failed)
	}
}

// sendNext sends the next entry and notes what came of it.
func (s *Service) sendNext(ctx context.Context, t target, e *feedv1.NumberedEntry) error {
	status, failed := s.sendEntry(ctx, t, e)
	if ctx.Err() != nil {
		return ctx.Err() // cut off by the stop: it is sent again
	}
	switch v := verdictOf(status, failed); {
	case v == arrived:
		return s.advance(ctx, t, e.N, status)
	case v == gone:
		return s.disable(ctx, t, reasonOf(status, failed), status)
	case v == refused && t.failures+1 >= refusalsMax:
		return s.putAside(ctx, t, e.N, status)
	default:
		return s.fail(ctx, t, status, failed)
	}
}

func (s *Service) sendEntry(ctx context.Context, t target, e *feedv1.NumberedEntry) (int, error) {
	site, err := s.site(ctx)
	if err != nil {
		return 0, err
	}
	body, err := feed.CloudEvent(site, e)
	if err != nil {
		return 0, err
	}
	// The message has the id without the name: it has no dots, which stand between the parts of what is signed.
	return s.send(ctx, t, feed.ID(e.Entry.Workspace, e.Entry.Sequence), body)
}

// send posts a message and gives the HTTP status; 0 with an error when there was no answer.
func (s *Service) send(ctx context.Context, t target, id string, body []byte) (int, error) {
	key, err := s.store.signing(ctx)
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, postWithin)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, t.url, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Content-Type", feed.CloudEventType)
	r.Header.Set("User-Agent", "Tavolo")
	if err := sign(r.Header, id, s.clock(), body, t.secret, key); err != nil {
		return 0, err
	}
	answer, err := s.post.Do(r)
	if err != nil {
		return 0, err
	}
	_, _ = io.CopyN(io.Discard, answer.Body, answerMax) // so that the connection can be used again
	return answer.StatusCode, answer.Body.Close()
}

// verdict is what an attempt came to.
type verdict int

const (
	arrived verdict = iota // 2xx
	refused                // 4xx: this message is not wanted
	failed                 // no answer, 5xx, a redirect, too many: the address is not able to now
	gone                   // 410: no message is wanted any more
)

func verdictOf(status int, err error) verdict {
	later := []int{http.StatusRequestTimeout, http.StatusConflict, http.StatusTooEarly, http.StatusTooManyRequests, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound}
	switch {
	case status == 0:
		return failed
	case status >= 200 && status < 300:
		return arrived
	case status == http.StatusGone:
		return gone
	case status >= 400 && status < 500 && !slices.Contains(later, status):
		return refused
	}
	return failed
}

// reasonOf says why an attempt did not arrive, as a stable code; "" when it did.
func reasonOf(status int, err error) string {
	switch v := verdictOf(status, err); {
	case v == arrived:
		return ""
	case v == gone:
		return "feeds/webhook-gone"
	case v == refused:
		return "feeds/webhook-refuses"
	case decider.CodeOf(err) != "":
		return decider.CodeOf(err)
	case status >= 300 && status < 400:
		return "feeds/webhook-redirects"
	case status == 0:
		return "feeds/webhook-unreachable"
	}
	return "feeds/webhook-fails"
}

// over has the webhooks of a subscription that has ended forget their secrets.
func (s *Service) over(ctx context.Context, t target, reason string) error {
	err := s.store.db.Write(ctx, func(tx *sql.Tx) error {
		_, err := s.wipe(ctx, tx, t.subscription, reason)
		return err
	})
	return cmp.Or(err, errOver)
}

func (s *Service) write(ctx context.Context, query string, args ...any) error {
	return s.store.db.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, query, args...)
		return err
	})
}

func (s *Service) advance(ctx context.Context, t target, n uint64, status int) error {
	return s.write(ctx, `UPDATE webhook SET cursor = ?, failures = 0, next_try = 0, status = CASE ? WHEN 0 THEN status ELSE ? END WHERE id = ?`, int64(n), status, status, t.id)
}

// fail plans another attempt, or disables the webhook when there were enough.
func (s *Service) fail(ctx context.Context, t target, status int, err error) error {
	if t.failures+1 >= attemptsMax {
		return s.disable(ctx, t, reasonOf(status, err), status)
	}
	next := s.clock().Add(s.o.Retry(t.failures + 1))
	return s.write(ctx, `UPDATE webhook SET failures = failures + 1, next_try = ?, status = ? WHERE id = ?`, next.UnixMilli(), status, t.id)
}

func (s *Service) disable(ctx context.Context, t target, reason string, status int) error {
	s.log.Warn("feeds: a webhook was disabled", "webhook", t.id, "reason", reason, "status", status)
	return s.write(ctx, `UPDATE webhook SET enabled = 0, reason = ?, next_try = 0, status = ? WHERE id = ? AND length(secret) > 0`, reason, status, t.id)
}

// putAside makes an entry a dead letter and goes on with the next.
func (s *Service) putAside(ctx context.Context, t target, n uint64, status int) error {
	var letters int
	err := s.store.db.Write(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO dead_letter (webhook, n, status, at, again) SELECT id, ?, ?, ?, 0 FROM webhook WHERE id = ? ON CONFLICT DO NOTHING`, int64(n), status, s.clock().Unix(), t.id); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE webhook SET cursor = ?, failures = 0, next_try = 0, status = ? WHERE id = ?`, int64(n), status, t.id); err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, `SELECT count(*) FROM dead_letter WHERE webhook = ?`, t.id).Scan(&letters)
	})
	if err == nil && letters >= deadLettersMax {
		return s.disable(ctx, t, "feeds/webhook-refuses", status)
	}
	return err
}
