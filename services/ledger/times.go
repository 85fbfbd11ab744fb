package ledger

import (
	"sync"
	"time"
)

// times gives commits their recorded time so that it never decreases in a workspace (INV-07), although the log may store commits that are
// under way together in any order: those share one time, and a later one is given only when none is under way. Two ledgers with different
// clocks can still differ by their skew; order is the sequence, never the time.
type times struct {
	mu         sync.Mutex
	workspaces map[string]*clockhand
}

type clockhand struct {
	at      time.Time
	known   bool // at is not before what the log has
	flying  int  // commands under way with this time
	landing *sync.Cond
}

// staleAfter is how old a shared time may become before newcomers wait for those under way to land: a few syncs of a disk.
const staleAfter = 50 * time.Millisecond

// begin gives the time of a command; done must be called when it is over. last says what the log has, when that is not known yet.
func (t *times) begin(ws string, clock func() time.Time, last func() (time.Time, error)) (at time.Time, done func(), err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.workspaces == nil {
		t.workspaces = map[string]*clockhand{}
	}
	h := t.workspaces[ws]
	if h == nil {
		h = &clockhand{landing: sync.NewCond(&t.mu)}
		t.workspaces[ws] = h
	}
	if !h.known {
		t.mu.Unlock()
		before, err := last()
		t.mu.Lock()
		if err != nil {
			return time.Time{}, nil, err
		}
		if before.After(h.at) {
			h.at = before
		}
		h.known = true
	}
	for h.flying > 0 && clock().Sub(h.at) > staleAfter {
		h.landing.Wait()
	}
	if now := clock().UTC(); h.flying == 0 && now.After(h.at) {
		h.at = now
	}
	h.flying++
	return h.at, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if h.flying--; h.flying == 0 {
			h.landing.Broadcast()
		}
	}, nil
}
