package views

import (
	"context"
	"strings"
	"time"

	"tavolo/pkg/domain/aggregate"
	"tavolo/pkg/domain/decision"
	"tavolo/pkg/domain/evidence"
	"tavolo/pkg/domain/item"
	"tavolo/pkg/domain/role"
	"tavolo/pkg/domain/session"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// This chapter reads the record as it stood at an instant. What was decided by then and knows of something later is folded and judged again.

// past is a workspace as it stood at an instant, for one question: many decisions ask for the same session, and some for the same item, so each is folded once.
// It goes with the question, and is used by one goroutine.
type past struct {
	v     *Views
	ws    string
	asOf  time.Time
	folds map[aggregate.Key]*aggregate.Aggregate // nil: there is none
}

func (v *Views) past(ws string, asOf time.Time) *past {
	return &past{v, ws, asOf, map[aggregate.Key]*aggregate.Aggregate{}}
}

// until keeps what had happened by an instant.
func until(asOf time.Time) keeping {
	return func(_ uint64, e *eventv1.Event) bool { return !e.OccurredAt.AsTime().After(asOf) }
}

// fold gives an aggregate as it stood, nil when there is none.
func (p *past) fold(ctx context.Context, key aggregate.Key) (*aggregate.Aggregate, error) {
	if a, done := p.folds[key]; done {
		return a, nil
	}
	a, err := p.v.foldOf(ctx, p.ws, key, until(p.asOf))
	if err == nil {
		p.folds[key] = a
	}
	return a, err
}

// numbered is fold for an aggregate whose number is known.
func (p *past) numbered(ctx context.Context, id int64, key aggregate.Key) (*aggregate.Aggregate, error) {
	if a, done := p.folds[key]; done {
		return a, nil
	}
	a, err := foldRecord(ctx, p.v.read(p.ws), id, key, until(p.asOf))
	if err == nil {
		p.folds[key] = a
	}
	return a, err
}

// caseOf gives the case of a decision. It is nil when the decision was not closed by then.
func (p *past) caseOf(ctx context.Context, id string) (*role.Case, error) {
	a, err := p.v.foldOf(ctx, p.ws, aggregate.Key{Kind: aggregate.Decision, ID: id}, until(p.asOf))
	if err != nil || a == nil || a.Decision.Phase != decision.Closed {
		return nil, err
	}
	i, s, err := p.place(ctx, id, a.Decision)
	if err != nil {
		return nil, err
	}
	return role.NewCase(a.Decision, i, s, p.asOf), nil
}

// place gives the item and the session of a decision; nil where there is none.
func (p *past) place(ctx context.Context, id string, d *decision.State) (i *item.State, s *session.State, err error) {
	x, err := p.fold(ctx, aggregate.Key{Kind: aggregate.Item, ID: d.Item})
	if err != nil {
		return nil, nil, err
	}
	if x != nil {
		i = x.Item
	}
	_, in, _ := decision.Split(id)
	if x, err = p.fold(ctx, aggregate.Key{Kind: aggregate.Session, ID: in}); err != nil {
		return nil, nil, err
	}
	if x != nil {
		s = x.Session
	}
	return i, s, nil
}

// part reads a part again that knows of something later.
func (p *past) part(ctx context.Context, id int64, session string) (evidence.Part, error) {
	var key aggregate.Key
	if err := p.v.read(p.ws).QueryRowContext(ctx, `SELECT kind, key FROM aggregate WHERE id = ?`, id).Scan(&key.Kind, &key.ID); err != nil {
		return evidence.Part{}, err
	}
	if key.Kind == aggregate.Decision {
		return p.decision(ctx, id, key)
	}
	a, err := p.numbered(ctx, id, key)
	if err != nil || a.Seq == 0 {
		return evidence.Part{}, err
	}
	return partOf(a, session), nil
}

func (p *past) decision(ctx context.Context, id int64, key aggregate.Key) (evidence.Part, error) {
	var charters evidence.Charters
	keep, db := until(p.asOf), p.v.read(p.ws)
	d, err := foldRecord(ctx, db, id, key, func(seq uint64, e *eventv1.Event) bool {
		if !keep(seq, e) {
			return false
		}
		charters.Note(seq, e)
		return true
	})
	if err != nil || d.Decision.Phase != decision.Closed {
		return evidence.Part{}, err
	}
	i, s, err := p.place(ctx, key.ID, d.Decision)
	if err != nil {
		return evidence.Part{}, err
	}
	home, _, _ := strings.Cut(key.ID, ":")
	b, err := before(ctx, db, home, d.Decision, &charters, func() (int64, error) { return firstVote(ctx, db, home) })
	if err != nil {
		return evidence.Part{}, err
	}
	c := role.NewCase(d.Decision, i, s, p.asOf)
	return evidence.OfDecision(d, i, s, c, role.Judge(c), b), nil
}
