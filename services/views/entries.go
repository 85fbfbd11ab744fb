package views

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"
	"strconv"
	"strings"

	"tavolo/pkg/decider"
	"tavolo/pkg/domain/aggregate"
	"tavolo/pkg/domain/decision"
	"tavolo/pkg/eventlog"
	eventv1 "tavolo/proto/tavolo/event/v1"
	feedv1 "tavolo/proto/tavolo/feed/v1"
)

// This chapter is what feeds tell of. The projector notes each commit of a decision that matters to who follows from outside, and by which commit it was
// released: its own while the initiative is public, or the one that made the initiative public, which releases one entry for each decision closed
// before. What an entry says is folded when it is asked for (entry.go), from the commits up to its own: the same whenever and in whatever batches.

// tell notes what a commit is to the feeds. a is the fold with the commit in it.
func (p *projector) tell(ctx context.Context, tx *sql.Tx, id int64, a *aggregate.Aggregate, r eventlog.Recorded) error {
	switch a.Kind {
	case aggregate.Decision:
		return p.tellDecision(ctx, tx, id, a, r)
	case aggregate.Initiative:
		if slices.ContainsFunc(r.Commit.Events, func(e *eventv1.Event) bool { return e.GetPublicationSet().GetPublic() }) {
			return release(ctx, tx, id, int64(r.Seq))
		}
	}
	return nil
}

func (p *projector) tellDecision(ctx context.Context, tx *sql.Tx, id int64, a *aggregate.Aggregate, r eventlog.Recorded) error {
	kind := kindOf(r.Commit)
	if kind == feedv1.EntryKind_ENTRY_KIND_UNSPECIFIED {
		return nil
	}
	var before int
	if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM entry WHERE decision = ?`, id).Scan(&before); err != nil {
		return err
	}
	stands := a.Decision.Phase == decision.Closed
	switch {
	case before == 0 && !stands: // corrected or struck before it was ever closed: nobody heard of it
		return nil
	case before == 0:
		kind = feedv1.EntryKind_ENTRY_KIND_RECORDED
	}
	home, _ := a.InitiativeKey()
	initiative, i, err := p.known(ctx, tx, home)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO entry (seq, decision, initiative, kind, stands, released, about) VALUES (?, ?, ?, ?, ?, 0, 0)`,
		int64(r.Seq), id, initiative, int(kind), stands); err != nil {
		return err
	}
	if !i.Initiative.Public {
		return nil
	}
	return releaseDecision(ctx, tx, id, int64(r.Seq))
}

// kindOf says what a commit of a decision is to the feeds; unspecified when it is nothing.
func kindOf(c *eventv1.Commit) (kind feedv1.EntryKind) {
	for _, e := range c.Events {
		switch f := e.Fact.(type) {
		case *eventv1.Event_DecisionCorrected:
			return feedv1.EntryKind_ENTRY_KIND_CORRECTED // whatever follows in the commit is the correction
		case *eventv1.Event_DecisionStruck:
			return feedv1.EntryKind_ENTRY_KIND_STRUCK
		case *eventv1.Event_VotingClosed:
			return feedv1.EntryKind_ENTRY_KIND_RECORDED
		case *eventv1.Event_MinutesContested:
			kind = feedv1.EntryKind_ENTRY_KIND_CONTESTED
		case *eventv1.Event_DisputeSettled:
			kind = feedv1.EntryKind_ENTRY_KIND_SETTLED
		case *eventv1.Event_ActRecorded:
			kind = max(kind, kindOfAct(f.ActRecorded))
		}
	}
	return kind
}

// kindOfAct: objections are not told, for an objection is a person's; that a question is put off before the close is told by the close.
func kindOfAct(a *eventv1.ActRecorded) feedv1.EntryKind {
	switch a.Kind {
	case eventv1.ActKind_ACT_KIND_REVERSED:
		return feedv1.EntryKind_ENTRY_KIND_REVERSED
	case eventv1.ActKind_ACT_KIND_FINAL_ACT:
		if !a.SameAsOutcome {
			return feedv1.EntryKind_ENTRY_KIND_REVERSED
		}
		return feedv1.EntryKind_ENTRY_KIND_FOLLOWED_UP
	case eventv1.ActKind_ACT_KIND_DEFERRED, eventv1.ActKind_ACT_KIND_IMPLEMENTATION_DUE, eventv1.ActKind_ACT_KIND_IMPLEMENTED,
		eventv1.ActKind_ACT_KIND_IMPLEMENTATION_REFUSED, eventv1.ActKind_ACT_KIND_IMPLEMENTATION_EXPLAINED:
		return feedv1.EntryKind_ENTRY_KIND_FOLLOWED_UP
	}
	return feedv1.EntryKind_ENTRY_KIND_UNSPECIFIED
}

// release releases the latest entry of each decision of an initiative that is public from this commit on.
func release(ctx context.Context, tx *sql.Tx, initiative, by int64) error {
	ids := map[int64]bool{}
	if err := collect(ctx, tx, ids, `SELECT DISTINCT decision FROM entry WHERE initiative = ?`, initiative); err != nil {
		return err
	}
	for _, id := range sorted(ids) {
		if err := releaseDecision(ctx, tx, id, by); err != nil {
			return err
		}
	}
	return nil
}

// releaseDecision releases the latest entry of a decision, unless it is released already, or tells of a decision that does not stand to readers who
// never heard of it.
func releaseDecision(ctx context.Context, tx *sql.Tx, id, by int64) error {
	var seq, released, about int64
	var stands bool
	err := tx.QueryRowContext(ctx, `SELECT seq, stands, released, (SELECT coalesce(min(about), 0) FROM entry WHERE decision = e.decision AND released > 0)
		FROM entry e WHERE decision = ? ORDER BY seq DESC LIMIT 1`, id).Scan(&seq, &stands, &released, &about)
	if err != nil || released > 0 || about == 0 && !stands {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE entry SET released = ?, about = ? WHERE seq = ?`, by, cmp.Or(about, seq), seq)
	return err
}

// telling is a line of the table.
type telling struct {
	seq, decision, released, about int64
	kind                           feedv1.EntryKind
	key                            string // the decision's full id
}

const (
	entriesUnlessSaid = 100
	// entriesMax bounds an answer: at most so many entries, of about 2 kB each.
	entriesMax = 500
)

// feedEntries answers the question of the feeds: the entries after a place, or those of the given sequences that are released.
func (v *Views) feedEntries(ctx context.Context, q *feedv1.FeedEntriesRequest) (*feedv1.FeedEntriesResponse, error) {
	if err := v.readyIn(ctx, q.Workspace, 0, false); err != nil {
		return nil, err
	}
	out := &feedv1.FeedEntriesResponse{Sequence: v.sequence(q.Workspace)}
	lines, err := v.toldAfter(ctx, q)
	if err != nil || len(lines) == 0 {
		return out, err
	}
	w := v.words(q.Workspace)
	for range 2 { // the first time it learns which words are needed
		out.Entries = nil
		for _, l := range lines {
			e, err := v.entryOf(ctx, q.Workspace, l, func(t decider.Words) string { w.want(t); return w.get(t) })
			if err != nil {
				return nil, err
			}
			out.Entries = append(out.Entries, &feedv1.ReleasedEntry{Released: uint64(l.released), Entry: e})
		}
		if err := w.open(ctx); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// toldAfter reads the lines that a question is about.
func (v *Views) toldAfter(ctx context.Context, q *feedv1.FeedEntriesRequest) (lines []telling, err error) {
	where, args := `released > 0 AND (released, seq) > (?, ?) ORDER BY released, seq LIMIT ?`,
		[]any{int64(q.AfterReleased), int64(q.AfterSequence), min(cmp.Or(int64(q.Limit), entriesUnlessSaid), entriesMax)}
	if len(q.Sequences) > entriesMax {
		return nil, decider.Refuse("query/too-many", "most", strconv.Itoa(entriesMax))
	}
	if len(q.Sequences) > 0 {
		args = nil
		for _, s := range q.Sequences {
			args = append(args, int64(s))
		}
		where = `released > 0 AND seq IN (` + strings.TrimSuffix(strings.Repeat("?,", len(args)), ",") + `) ORDER BY seq`
	}
	rows, err := v.read(q.Workspace).QueryContext(ctx, `SELECT entry.seq, decision, entry.kind, released, about, key FROM entry JOIN aggregate ON aggregate.id = decision WHERE `+where, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var l telling
		if err := rows.Scan(&l.seq, &l.decision, &l.kind, &l.released, &l.about, &l.key); err != nil {
			return nil, err
		}
		if l.seq == l.about { // the first that anybody reads of it
			l.kind = feedv1.EntryKind_ENTRY_KIND_RECORDED
		}
		lines = append(lines, l)
	}
	if len(q.Sequences) > 0 {
		slices.SortStableFunc(lines, func(a, b telling) int {
			return cmp.Compare(slices.Index(q.Sequences, uint64(a.seq)), slices.Index(q.Sequences, uint64(b.seq)))
		})
	}
	return lines, rows.Err()
}
