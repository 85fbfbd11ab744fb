package views

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"tavolo/pkg/bus"
	"tavolo/pkg/domain/evidence"
	apiv1 "tavolo/proto/tavolo/api/v1"
)

// This chapter is what the views do after a start before anybody asks: they open every department's tables and make its readings. Whoever does ask goes first.

// courtesy is how long the warming of one department lets questions go first: a room that never rests must not keep the others cold.
const courtesy = 200 * time.Millisecond

// warm reads every department once after the start, so that the first question finds the tables open and the readings made.
func (v *Views) warm() {
	v.mu.RLock()
	workspaces := slices.Sorted(maps.Keys(v.shelves))
	v.mu.RUnlock()
	s := &scene{ListRoleLedgerRequest: &apiv1.ListRoleLedgerRequest{}, who: evidence.Strict, asOf: v.clock()}
	for _, ws := range workspaces {
		v.asked.giveWay(v.ctx, courtesy)
		_, err := v.readingOf(v.ctx, s, ws)
		if err == nil {
			_, err = v.aggregates(v.ctx, s, department{workspace: ws}, evidence.ByWorkspace, 0)
		}
		if err != nil {
			if v.ctx.Err() == nil {
				v.logger.Warn("views: the readings of a workspace could not be made after the start", "workspace", ws, "error", err)
			}
			return
		}
	}
}

// attendance counts the questions that are being answered.
type attendance struct {
	mu   sync.Mutex // guards what follows
	n    int
	rest chan struct{} // closed when n is 0 again; nil while nobody waits for that
}

// during counts a question while it is answered.
func (a *attendance) during(answer bus.Handler) bus.Handler {
	return func(ctx context.Context, data []byte) ([]byte, error) {
		a.mu.Lock()
		a.n++
		a.mu.Unlock()
		defer a.leave()
		return answer(ctx, data)
	}
}

func (a *attendance) leave() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.n--; a.n == 0 && a.rest != nil {
		close(a.rest)
		a.rest = nil
	}
}

// giveWay waits until no question is being answered, or for as long as is polite.
func (a *attendance) giveWay(ctx context.Context, most time.Duration) {
	a.mu.Lock()
	if a.n == 0 {
		a.mu.Unlock()
		return
	}
	if a.rest == nil {
		a.rest = make(chan struct{})
	}
	rest := a.rest
	a.mu.Unlock()
	late := time.NewTimer(most)
	defer late.Stop()
	select {
	case <-rest:
	case <-late.C:
	case <-ctx.Done():
	}
}
