package views

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"tavolo/pkg/domain/aggregate"
	"tavolo/pkg/domain/decision"
	"tavolo/pkg/domain/evidence"
	"tavolo/pkg/domain/item"
	"tavolo/pkg/domain/role"
	"tavolo/pkg/domain/session"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// This chapter reads the record as it stood at an instant. What was decided by then and knows of something later is folded and judged again.

// past is a workspace as it stood at an instant, for one question. Many decisions stand on the same session, and some on the same item: each is folded once,
// and many with one query. It is used by one goroutine and goes with the question.
type past struct {
	v     *Views
	ws    string
	asOf  time.Time
	folds map[aggregate.Key]folded // without an aggregate: there is none
	keys  map[int64]aggregate.Key
}

// pastMax is how many aggregates are gathered at once, not counting what they stand on.
const pastMax = 256

func (v *Views) past(ws string, asOf time.Time) *past {
	return &past{v, ws, asOf, map[aggregate.Key]folded{}, map[int64]aggregate.Key{}}
}

// until keeps what had happened by an instant.
func until(asOf time.Time) keeping {
	return func(_ uint64, e *eventv1.Event) bool { return !e.OccurredAt.AsTime().After(asOf) }
}

// gather folds aggregates, by their numbers, and the items and sessions that decisions among them stand on. What was gathered before goes.
func (p *past) gather(ctx context.Context, ids []int64) error {
	clear(p.folds)
	clear(p.keys)
	list, err := json.Marshal(ids)
	if err != nil {
		return err
	}
	rows, err := p.v.read(p.ws).QueryContext(ctx, `WITH wanted (id) AS (SELECT value FROM json_each(?)), on_what (item, session) AS (SELECT d.item, d.session FROM wanted w JOIN decision d ON d.aggregate = w.id)
		SELECT a.id, a.kind, a.key, r.seq, r.body
		FROM (SELECT id FROM wanted UNION SELECT item FROM on_what UNION SELECT s.id FROM on_what o JOIN aggregate s ON s.kind = 'session' AND s.key = o.session) n
		JOIN aggregate a ON a.id = n.id JOIN record r ON r.aggregate = a.id ORDER BY a.id, r.seq`, string(list))
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	var f folded
	keep, last := until(p.asOf), int64(0)
	for rows.Next() {
		var id, seq int64
		var kind, key, body sql.RawBytes
		if err := rows.Scan(&id, &kind, &key, &seq, &body); err != nil {
			return err
		}
		if id != last {
			k := aggregate.Key{Kind: aggregate.Kind(kind), ID: string(key)}
			f, last = folded{aggregate.New(k), &evidence.Charters{}}, id
			p.folds[k], p.keys[id] = f, k
		}
		c := &eventv1.Commit{}
		if err := proto.Unmarshal(body, c); err != nil {
			return err
		}
		c.Events = slices.DeleteFunc(c.Events, func(e *eventv1.Event) bool { return !keep(uint64(seq), e) })
		for _, e := range c.Events {
			f.charters.Note(uint64(seq), e)
		}
		if err := f.Apply(uint64(seq), c); err != nil {
			return err
		}
	}
	return rows.Err()
}

// fold gives an aggregate, nil when there is none.
func (p *past) fold(ctx context.Context, key aggregate.Key) (*aggregate.Aggregate, error) {
	if f, done := p.folds[key]; done {
		return f.Aggregate, nil
	}
	a, err := p.v.foldOf(ctx, p.ws, key, until(p.asOf))
	if err == nil {
		p.folds[key] = folded{Aggregate: a}
	}
	return a, err
}

// caseOf gives the case of a decision. It is nil when the decision was not closed by then.
func (p *past) caseOf(ctx context.Context, id string) (*role.Case, error) {
	a, err := p.fold(ctx, aggregate.Key{Kind: aggregate.Decision, ID: id})
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

// part reads the part of an aggregate that was gathered.
func (p *past) part(ctx context.Context, id int64, session string) (evidence.Part, error) {
	f := p.folds[p.keys[id]]
	if f.Aggregate == nil || f.Seq == 0 {
		return evidence.Part{}, nil
	}
	if f.Kind != aggregate.Decision {
		return partOf(f.Aggregate, session), nil
	}
	c, err := p.caseOf(ctx, f.ID)
	if err != nil || c == nil {
		return evidence.Part{}, err
	}
	i, s, err := p.place(ctx, f.ID, f.Decision)
	if err != nil {
		return evidence.Part{}, err
	}
	home, _, _ := strings.Cut(f.ID, ":")
	db := p.v.read(p.ws)
	b, err := before(ctx, db, home, f.Decision, f.charters, func() (int64, error) { return firstVote(ctx, db, home) })
	if err != nil {
		return evidence.Part{}, err
	}
	return evidence.OfDecision(f.Aggregate, i, s, c, role.Judge(c), b), nil
}
