package views

import (
	"cmp"
	"context"
	"database/sql"
	"maps"
	"slices"
	"strings"
	"time"

	"tavolo/pkg/domain/evidence"
	"tavolo/pkg/domain/role"
	apiv1 "tavolo/proto/tavolo/api/v1"
)

// This chapter keeps the role ledger counted (written with each decision, in its transaction) and answers from the counts: a median over a million
// decisions reads the months, not the decisions.

// posted is what the ledger holds of one decision: the zero value is a decision that is in it with nothing.
type posted struct {
	initiative string
	closedAt   int64
	kind       int32
	groups     map[string]standing
}

// standing is the role of one group, as the ledger keeps it.
type standing struct {
	role   role.Role
	reason role.Reason
}

func groupsOf(judgements []role.Judgement) map[string]standing {
	groups := map[string]standing{}
	for _, j := range judgements {
		if role.IsGroup(j.Who) {
			groups[j.Who] = standing{j.Role, j.Reason}
		}
	}
	return groups
}

// postedOf reads what the ledger holds of a decision, from the lines of the decision and its roles as they stand before they are written anew.
func postedOf(ctx context.Context, tx *sql.Tx, id int64) (posted, error) {
	p := posted{groups: map[string]standing{}}
	rows, err := tx.QueryContext(ctx, `SELECT d.initiative, d.closed_at, d.kind, r.who, r.role, r.reason FROM decision d JOIN role r ON r.decision = d.aggregate WHERE d.aggregate = ? AND instr(r.who, ':') > 0`, id)
	if err != nil {
		return p, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var who string
		var s standing
		if err := rows.Scan(&p.initiative, &p.closedAt, &p.kind, &who, &s.role, &s.reason); err != nil {
			return p, err
		}
		p.groups[who] = s
	}
	return p, rows.Err()
}

// repost brings the ledger and its counts from what a decision was to what it is. Most commits change nothing here.
func repost(ctx context.Context, tx *sql.Tx, id int64, was, now posted) error {
	moved := was.initiative != now.initiative || was.closedAt != now.closedAt || was.kind != now.kind
	for _, who := range slices.Sorted(maps.Keys(was.groups)) {
		s := was.groups[who]
		if still, there := now.groups[who]; there && still == s && !moved {
			continue
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM ledger WHERE who = ? AND closed_at = ? AND decision = ?`, who, was.closedAt, id); err != nil {
			return err
		}
		for _, initiative := range []string{was.initiative, together} {
			at := []any{who, initiative, monthOf(was.closedAt), was.kind, string(s.role), string(s.reason)}
			if _, err := tx.ExecContext(ctx, `UPDATE tally SET n = n - 1 WHERE who = ? AND initiative = ? AND month = ? AND kind = ? AND role = ? AND reason = ?`, at...); err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, `DELETE FROM tally WHERE who = ? AND initiative = ? AND month = ? AND kind = ? AND role = ? AND reason = ? AND n = 0`, at...); err != nil {
				return err
			}
		}
	}
	for _, who := range slices.Sorted(maps.Keys(now.groups)) {
		s := now.groups[who]
		if before, there := was.groups[who]; there && before == s && !moved {
			continue
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO ledger (who, closed_at, decision, initiative, kind, role, reason) VALUES (?, ?, ?, ?, ?, ?, ?)`, who, now.closedAt, id, now.initiative, now.kind, string(s.role), string(s.reason)); err != nil {
			return err
		}
		for _, initiative := range []string{now.initiative, together} {
			if _, err := tx.ExecContext(ctx, `INSERT INTO tally (who, initiative, month, kind, role, reason, n) VALUES (?, ?, ?, ?, ?, ?, 1) ON CONFLICT DO UPDATE SET n = n + 1`, who, initiative, monthOf(now.closedAt), now.kind, string(s.role), string(s.reason)); err != nil {
				return err
			}
		}
	}
	return nil
}

// together stands for all initiatives of a workspace in the counts: most questions choose none, and need not add them up.
const together = ""

// monthOf numbers the months of UTC.
func monthOf(milli int64) int64 {
	at := time.UnixMilli(milli).UTC()
	return int64(at.Year())*12 + int64(at.Month()) - 1
}

// beginOf is the first millisecond of a month.
func beginOf(month int64) int64 {
	return time.Date(int(month/12), time.Month(month%12+1), 1, 0, 0, 0, 0, time.UTC).UnixMilli()
}

// stretch is the part of a department's ledger that a question is about, as far as the counts can answer it.
type stretch struct {
	who         string
	initiatives []string // all that match
	some        bool     // there are others, which do not
	kind        int32
	from, to    int64 // closed at or after, closed before; in ms
}

// ever is later than anything that can be closed.
const ever = int64(1) << 60

// stretchOf prepares a question for the counts. It is not ok where they cannot answer: they know the record as it stands, and no sessions.
func (v *Views) stretchOf(ctx context.Context, s *scene, d department) (stretch, bool, error) {
	st := stretch{who: s.who, kind: int32(s.Kind), to: ever}
	if s.Session != "" || s.WithDecisions {
		return st, false, nil
	}
	db, asOf := v.read(d.workspace), s.asOf.UnixMilli()
	var changed bool // the index is named: nobody tells SQLite how few lines lie in the future
	if err := db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM decision INDEXED BY decision_by_last WHERE last_at > ? AND closed_at <= ? AND closed_at > 0)`, asOf, asOf).Scan(&changed); err != nil || changed {
		return st, false, err
	}
	var last sql.NullInt64
	if err := db.QueryRowContext(ctx, `SELECT max(closed_at) FROM ledger WHERE who = ?`, s.who).Scan(&last); err != nil {
		return st, false, err
	}
	if last.Int64 > asOf {
		st.to = asOf + 1
	}
	if !s.from.IsZero() {
		st.from = s.from.UnixMilli()
	}
	if !s.to.IsZero() {
		st.to = min(st.to, s.to.UnixMilli())
	}
	if st.to > last.Int64 {
		st.to = ever
	}
	rows, err := db.QueryContext(ctx, `SELECT key, scope, area, stage FROM facet WHERE kind = 0 AND key = initiative ORDER BY key`)
	if err != nil {
		return st, false, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var key string
		var scope, area, stage int32
		if err := rows.Scan(&key, &scope, &area, &stage); err != nil {
			return st, false, err
		}
		matches := func(asked, is int32) bool { return asked == 0 || asked == is }
		if (s.Initiative == "" || s.Initiative == key) && matches(int32(s.Scope), scope) && matches(int32(s.Area), area) && matches(int32(s.Stage), stage) {
			st.initiatives = append(st.initiatives, key)
		} else {
			st.some = true
		}
	}
	return st, true, rows.Err()
}

// by says what counts are told apart by, besides role and reason: reading less is faster.
type by struct{ initiative, month bool }

// counted is a number of decisions, of one initiative and of one month where these are told apart.
type counted struct {
	initiative string
	month      int64
	evidence.Tally
}

// count reads whole months from the counts, and the lines of the months of which the stretch has a part only.
func (v *Views) count(ctx context.Context, ws string, st stretch, apart by) ([]counted, error) {
	if len(st.initiatives) == 0 || st.from >= st.to {
		return nil, nil
	}
	first, after := int64(0), ever
	if st.from > 0 {
		if first = monthOf(st.from); beginOf(first) < st.from {
			first++
		}
	}
	if st.to < ever {
		after = max(monthOf(st.to), first)
	}
	initiative, month, rows := "''", "0", " AND initiative <> ''"
	if apart.initiative {
		initiative = "initiative"
	} else if !st.some {
		rows = " AND initiative = ''"
	}
	if apart.month {
		month = "month"
	}
	all, err := v.sums(ctx, ws, st, `SELECT `+initiative+`, `+month+`, role, reason, sum(n) FROM tally WHERE who = ?`+rows+` AND month >= ? AND month < ?`, st.who, first, after)
	if err != nil {
		return nil, err
	}
	edge := func(from, to int64) error {
		if from >= to {
			return nil
		}
		more, err := v.sums(ctx, ws, st, `SELECT `+initiative+`, ?, role, reason, count(*) FROM ledger WHERE who = ? AND closed_at >= ? AND closed_at < ?`, monthOf(from), st.who, from, to)
		all = append(all, more...)
		return err
	}
	if st.from > 0 {
		if err := edge(st.from, min(st.to, beginOf(first))); err != nil {
			return nil, err
		}
	}
	if st.to < ever {
		return all, edge(max(st.from, beginOf(after)), st.to)
	}
	return all, nil
}

func (v *Views) sums(ctx context.Context, ws string, st stretch, query string, args ...any) ([]counted, error) {
	more, plus := st.among()
	rows, err := v.read(ws).QueryContext(ctx, query+more+" GROUP BY 1, 2, 3, 4", append(args, plus...)...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var all []counted
	for rows.Next() {
		var c counted
		if err := rows.Scan(&c.initiative, &c.month, &c.Role, &c.Reason, &c.N); err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, rows.Err()
}

// among writes which initiatives and which kind of session count.
func (st *stretch) among() (string, []any) {
	where, args := "", []any(nil)
	if st.some {
		where = " AND initiative IN (?" + strings.Repeat(", ?", len(st.initiatives)-1) + ")"
		for _, i := range st.initiatives {
			args = append(args, i)
		}
	}
	if st.kind != 0 {
		where, args = where+" AND kind = ?", append(args, st.kind)
	}
	return where, args
}

// keyAt names the aggregate that a count belongs to.
func (c *counted) keyAt(level evidence.Level, ws string) string {
	switch level {
	case evidence.ByInitiative:
		return ws + "/" + c.initiative
	case evidence.ByQuarter:
		return ws + "/" + evidence.Quarter(time.UnixMilli(beginOf(c.month)).UTC())
	}
	return ws
}

// fromCounts aggregates one department at a level from the counts; ok is false where they cannot answer.
func (v *Views) fromCounts(ctx context.Context, s *scene, d department, level evidence.Level, least int) (all []evidence.Aggregate, ok bool, err error) {
	if level != evidence.ByWorkspace && level != evidence.ByInitiative && level != evidence.ByQuarter {
		return nil, false, nil
	}
	st, ok, err := v.stretchOf(ctx, s, d)
	if err != nil || !ok {
		return nil, false, err
	}
	counts, err := v.count(ctx, d.workspace, st, by{initiative: level == evidence.ByInitiative, month: level == evidence.ByQuarter})
	if err != nil {
		return nil, false, err
	}
	groups, months := map[string][]evidence.Tally{}, map[string][]int64{}
	for _, c := range counts {
		key := c.keyAt(level, d.workspace)
		groups[key] = append(groups[key], c.Tally)
		if !slices.Contains(months[key], c.month) {
			months[key] = append(months[key], c.month)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(groups)) {
		a := evidence.OverTallies(key, groups[key], least)
		within := st
		switch level {
		case evidence.ByInitiative:
			within.initiatives = []string{strings.TrimPrefix(key, d.workspace+"/")}
		case evidence.ByQuarter:
			within.from, within.to = max(st.from, beginOf(slices.Min(months[key]))), min(st.to, beginOf(slices.Max(months[key])+1))
		}
		if a.BestDecision, err = v.latestWith(ctx, d.workspace, within, a.Best); err != nil {
			return nil, false, err
		}
		if a.WorstDecision, err = v.latestWith(ctx, d.workspace, within, a.Worst); err != nil {
			return nil, false, err
		}
		all = append(all, a)
	}
	return all, true, nil
}

// latestWith gives the decision that was closed last among those with a role, as workspace/id.
func (v *Views) latestWith(ctx context.Context, ws string, st stretch, r role.Role) (string, error) {
	if r == "" {
		return "", nil
	}
	var best struct{ closedAt, decision int64 }
	initiatives := st.initiatives
	for _, i := range initiatives { // each is one step down an index; together they would be a scan
		st.initiatives, st.some = []string{i}, true
		more, args := st.among()
		var closedAt, id int64
		err := v.read(ws).QueryRowContext(ctx, `SELECT closed_at, decision FROM ledger INDEXED BY ledger_by_role WHERE who = ? AND role = ? AND closed_at >= ? AND closed_at < ?`+more+` ORDER BY closed_at DESC, decision LIMIT 1`, append([]any{st.who, string(r), st.from, st.to}, args...)...).Scan(&closedAt, &id)
		if err == sql.ErrNoRows {
			continue
		}
		if err != nil {
			return "", err
		}
		if closedAt > best.closedAt || closedAt == best.closedAt && id < best.decision {
			best.closedAt, best.decision = closedAt, id
		}
	}
	if best.decision == 0 {
		return "", nil
	}
	var key string
	err := v.read(ws).QueryRowContext(ctx, `SELECT key FROM aggregate WHERE id = ?`, best.decision).Scan(&key)
	return ws + "/" + key, err
}

// pageOf reads the rows of a page of decisions, the latest first, and says how many there are. ok is false where the counts cannot answer.
func (v *Views) pageOf(ctx context.Context, s *scene) (rows []*apiv1.LedgerRow, decisions, total int, ok bool, err error) {
	type place struct {
		workspace    string
		closedAt, id int64
		key          string
		evidence.Tally
	}
	var places []place
	for _, d := range s.departments {
		st, ok, err := v.stretchOf(ctx, s, d)
		if err != nil || !ok {
			return nil, 0, 0, false, err
		}
		counts, err := v.count(ctx, d.workspace, st, by{month: true})
		if err != nil {
			return nil, 0, 0, false, err
		}
		before := 0 // decisions in later months, which a page far back need not step over one by one
		byMonth, wanted := map[int64]int{}, map[standing]bool{}
		for _, c := range counts {
			decisions += c.N
			if s.countedAs(c.Role, !c.Reason.Excludes()) {
				total += c.N
				byMonth[c.month] += c.N
				wanted[standing{c.Role, c.Reason}] = true
			}
		}
		if len(wanted) == 0 {
			continue
		}
		if len(s.departments) == 1 {
			for _, m := range slices.Backward(slices.Sorted(maps.Keys(byMonth))) {
				if before+byMonth[m] > int(s.Skip) {
					break
				}
				before += byMonth[m]
				st.to = min(st.to, beginOf(m))
			}
		}
		more, args := st.among()
		if s.ListRoleLedgerRequest.Role != "" {
			more += " AND (role, reason) IN (VALUES (?, ?)" + strings.Repeat(", (?, ?)", len(wanted)-1) + ")"
			for x := range wanted {
				args = append(args, string(x.role), string(x.reason))
			}
		}
		args = append(append([]any{st.who, st.from, st.to}, args...), int(s.Skip)+int(s.Limit)-before, 0)
		if len(s.departments) == 1 {
			args[len(args)-2], args[len(args)-1] = int(s.Limit), int(s.Skip)-before
		}
		found, err := v.read(d.workspace).QueryContext(ctx, `SELECT l.closed_at, l.decision, a.key, l.role, l.reason
			FROM (SELECT * FROM ledger WHERE who = ? AND closed_at >= ? AND closed_at < ?`+more+` ORDER BY closed_at DESC, decision LIMIT ? OFFSET ?) l JOIN aggregate a ON a.id = l.decision ORDER BY l.closed_at DESC, l.decision`, args...)
		if err != nil {
			return nil, 0, 0, false, err
		}
		for found.Next() {
			p := place{workspace: d.workspace, Tally: evidence.Tally{N: 1}}
			if err := found.Scan(&p.closedAt, &p.id, &p.key, &p.Role, &p.Reason); err != nil {
				return nil, 0, 0, false, cmp.Or(err, found.Close())
			}
			places = append(places, p)
		}
		if err := cmp.Or(found.Err(), found.Close()); err != nil {
			return nil, 0, 0, false, err
		}
	}
	slices.SortStableFunc(places, func(a, b place) int {
		return cmp.Or(cmp.Compare(b.closedAt, a.closedAt), cmp.Compare(a.workspace, b.workspace), cmp.Compare(a.id, b.id))
	})
	if len(s.departments) > 1 {
		places = places[min(int(s.Skip), len(places)):]
	}
	for _, p := range places[:min(int(s.Limit), len(places))] {
		a := evidence.OverTallies(p.workspace+"/"+p.key, []evidence.Tally{p.Tally}, 1)
		if a.Best != "" {
			a.BestDecision, a.WorstDecision = a.Key, a.Key
		}
		rows = append(rows, row(a, false))
	}
	return rows, decisions, total, true, nil
}

// talliesOf counts the decisions of one department by role and reason.
func (v *Views) talliesOf(ctx context.Context, s *scene, d department) ([]evidence.Tally, error) {
	st, ok, err := v.stretchOf(ctx, s, d)
	if err != nil {
		return nil, err
	}
	if !ok {
		lines, err := v.ledgerOf(ctx, s, d)
		return evidence.Tallies(lines), err
	}
	counts, err := v.count(ctx, d.workspace, st, by{})
	if err != nil {
		return nil, err
	}
	var all []evidence.Tally
	for _, c := range counts {
		all = append(all, c.Tally)
	}
	return evidence.Add(all), nil
}
