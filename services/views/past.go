package views

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
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

// judging is a question about a line of the past, and judgedLine its answer, which holds until something is written in the workspace: whoever looks at a day
// in the past asks several pages about it.
type judging struct {
	workspace, decision, who string
	at                       int64 // in ms
}

type judgedLine struct {
	seq   uint64 // how far the views had read the workspace
	known bool
	standing
}

// judgedMax bounds the lines that are kept, of about 200 bytes each.
const judgedMax = 32768

func newJudged() *lru.Cache[judging, judgedLine] {
	cache, err := lru.New[judging, judgedLine](judgedMax)
	if err != nil {
		panic(err) // only for a size that is not positive
	}
	return cache
}

// doubt is a line whose role knows of something later: its place, and the number of its decision.
type doubt struct {
	line int
	id   int64
}

// judgeAgain gives lines the role that was known at the question's instant. Those of which there was no role by then go.
func (v *Views) judgeAgain(ctx context.Context, s *scene, d department, lines []evidence.Line, again []doubt) ([]evidence.Line, error) {
	if len(again) == 0 {
		return lines, nil
	}
	seq, then, gone := v.sequence(d.workspace), v.past(d.workspace, s.asOf), map[string]bool{}
	key := func(n int) judging { return judging{d.workspace, lines[n].Decision, s.who, s.asOf.UnixMilli()} }
	take := func(n int, k judgedLine) {
		lines[n].Role, lines[n].Reason, gone[lines[n].Decision] = k.role, k.reason, !k.known
	}
	again = slices.DeleteFunc(again, func(x doubt) bool {
		k, ok := v.judged.Get(key(x.line))
		if ok = ok && k.seq == seq; ok {
			take(x.line, k)
		}
		return ok
	})
	for some := range slices.Chunk(again, pastMax) {
		ids := make([]int64, len(some))
		for n, x := range some {
			ids[n] = x.id
		}
		if err := then.gather(ctx, ids); err != nil {
			return nil, err
		}
		for _, x := range some {
			k := judgedLine{seq: seq}
			c, err := then.caseOf(ctx, lines[x.line].Decision)
			if err != nil {
				return nil, err
			}
			if c != nil {
				var j role.Judgement
				j, k.known = role.JudgeOf(c, s.who)
				k.standing = standing{j.Role, j.Reason}
			}
			v.judged.Add(key(x.line), k)
			take(x.line, k)
		}
	}
	return slices.DeleteFunc(lines, func(l evidence.Line) bool { return gone[l.Decision] }), nil
}
