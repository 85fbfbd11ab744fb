package views

import (
	"context"
	"math/big"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"tavolo/pkg/catalogue"
	"tavolo/pkg/domain/aggregate"
	"tavolo/pkg/domain/decision"
	"tavolo/pkg/domain/disclosure"
	"tavolo/pkg/domain/initiative"
	"tavolo/pkg/domain/item"
	"tavolo/pkg/domain/role"
	"tavolo/pkg/domain/session"
	"tavolo/pkg/feed"
	eventv1 "tavolo/proto/tavolo/event/v1"
	feedv1 "tavolo/proto/tavolo/feed/v1"
)

// This chapter says what an entry of a feed says, and above all what it does not: nothing of a person and no figure of a few people, also none that
// could be computed from what is said here, in another entry, or on the public page. What was released cannot be called back.

// moment is the record of a decision as it stood after one commit.
type moment struct {
	d          *decision.State
	item       *item.State
	session    *session.State
	initiative *initiative.State
	commit     *eventv1.Commit
}

// entryOf folds the record up to a commit and says what feeds may tell of it.
func (v *Views) entryOf(ctx context.Context, ws string, l telling, open opener) (*feedv1.Entry, error) {
	m, err := v.momentOf(ctx, ws, l)
	if err != nil {
		return nil, err
	}
	home, in, _ := decision.Split(l.key)
	at := m.commit.Events[0].OccurredAt
	for _, e := range m.commit.Events {
		if e.OccurredAt.AsTime().After(at.AsTime()) {
			at = e.OccurredAt
		}
	}
	e := &feedv1.Entry{
		Id: feed.ID(ws, uint64(l.seq)), About: feed.ID(ws, uint64(l.about)), Kind: l.kind, Workspace: ws, Initiative: home, Session: in, Decision: l.key,
		Scope: m.initiative.Scope, Area: m.initiative.Area, Stage: m.initiative.Stage, OccurredAt: at, RecordedAt: m.commit.RecordedAt,
		Sequence: uint64(l.seq), Proof: []uint64{uint64(l.seq)}, Page: feed.Page(ws, l.key),
	}
	if m.d.Phase == decision.Closed {
		m.tell(e, l.seq == l.about, at.AsTime(), open)
	}
	slices.Sort(e.Proof)
	e.Proof = slices.Compact(e.Proof)
	return e, nil
}

func (v *Views) momentOf(ctx context.Context, ws string, l telling) (*moment, error) {
	m, q := &moment{commit: &eventv1.Commit{}}, v.read(ws)
	fold := func(kind aggregate.Kind, key string) (*aggregate.Aggregate, error) {
		k := aggregate.Key{Kind: kind, ID: key}
		id, err := v.idOf(ctx, ws, k)
		if err != nil || id == 0 {
			return aggregate.New(k), err
		}
		return foldUpTo(ctx, q, id, k, l.seq, nil)
	}
	d, err := fold(aggregate.Decision, l.key)
	if err != nil {
		return nil, err
	}
	home, in, _ := decision.Split(l.key)
	i, err := fold(aggregate.Initiative, home)
	if err != nil {
		return nil, err
	}
	s, err := fold(aggregate.Session, in)
	if err != nil {
		return nil, err
	}
	x, err := fold(aggregate.Item, d.Decision.Item)
	if err != nil {
		return nil, err
	}
	m.d, m.initiative, m.session, m.item = d.Decision, i.Initiative, s.Session, x.Item
	var body []byte
	if err := q.QueryRowContext(ctx, `SELECT body FROM record WHERE aggregate = ? AND seq = ?`, l.decision, l.seq).Scan(&body); err != nil {
		return nil, err
	}
	return m, proto.Unmarshal(body, m.commit)
}

// tell fills in what is true of a decision that stands.
func (m *moment) tell(e *feedv1.Entry, first bool, asOf time.Time, open opener) {
	d := m.d
	e.Question, e.Outcome, e.OutcomeReason = open(d.Question), d.Final(), d.OutcomeReason
	e.ClosedAt, e.Contested = timestamp(d.ClosedAt), d.Disputed
	if e.Rule = m.rule(); e.Rule != nil {
		e.RuleInWords = map[string]string{}
		for _, lang := range []string{catalogue.Italian, catalogue.English} {
			e.RuleInWords[lang] = feed.RuleInWords(lang, e.Rule)
		}
	}
	for _, seq := range []uint64{d.PosedSeq, d.CharterSeq, d.OpenedSeq, d.ClosedSeq, d.DisputedSeq} {
		if seq > 0 {
			e.Proof = append(e.Proof, seq)
		}
	}
	for _, a := range d.Acts {
		if kindOfAct(a.ActRecorded) == feedv1.EntryKind_ENTRY_KIND_UNSPECIFIED || !a.Late && a.Kind == eventv1.ActKind_ACT_KIND_DEFERRED {
			continue
		}
		e.Became = append(e.Became, &feedv1.Became{Kind: a.Kind, At: timestamppb.New(a.At), Due: a.Due, ByElectorate: a.ByElectorate, SameAsOutcome: a.SameAsOutcome})
		e.Proof = append(e.Proof, a.Seq)
	}
	c := role.NewCase(d, m.item, m.session, asOf)
	e.RoleRules = role.Version
	shown := &figures{}
	if first { // figures are told once: two tellings could be compared
		shown = m.figures()
		e.Figures = shown.message()
	}
	parties := c.Parties()
	for n, j := range role.Judge(c) {
		if p := parties[n]; p.Group && tellable(&p) {
			e.Roles = append(e.Roles, &feedv1.GroupRole{Who: j.Who, Role: string(j.Role), Rule: uint32(j.Rule), Reason: string(j.Reason),
				RoleAtDecision: string(j.RoleAtDecision), Power: shown.power(&p, j.Power), Flags: harmless(j.Flags)})
		}
	}
}

// tellable: the role of the users is what is published, unless it is one person's; that of a constituency is told from five people on.
func tellable(p *role.Party) bool {
	if p.Users {
		return len(p.Members) != 1
	}
	return len(p.Members) >= disclosure.People
}

// toldFlags are of the rule and of what came later. The others (outvoted, abstained, absent …) say how somebody voted, or did not.
var toldFlags = []string{"zero_power", "power_by_participation", "weak", "overridden", "implementation_refused", "not_implemented", "superseded_by_electorate",
	"agenda_others", "consensus_unverified"}

func harmless(flags []string) (told []string) {
	for _, f := range flags {
		if slices.Contains(toldFlags, f) {
			told = append(told, f)
		}
	}
	return told
}

// rule is the charter without persons.
func (m *moment) rule() *feedv1.DecisionRule {
	charter, r := m.d.Charter, m.d.Charter.GetRule()
	if r == nil {
		return nil
	}
	return &feedv1.DecisionRule{
		Method: r.Method, Threshold: r.Threshold, Base: r.Base, Tie: r.Tie, Quorum: r.Quorum, Constituencies: r.Constituencies,
		Veto: m.sitFor(r.Veto...), RequiresFor: m.sitFor(r.RequiresFor...), MinMembersFor: r.MinMembersFor,
		Chair: strings.Join(m.sitFor(r.Chair), ""), Holder: strings.Join(m.sitFor(r.Holder), ""),
		Secret: charter.Secret, Ratification: charter.Ratification, Precommitted: charter.PrecommittedBy != "",
		RolePromised: charter.RolePromised, RoleAsked: charter.RoleAsked,
	}
}

// sitFor gives the constituencies of people, each once, sorted: the order of the people says nothing then.
func (m *moment) sitFor(people ...string) (codes []string) {
	for _, p := range people {
		if p == "" {
			continue
		}
		code := ""
		if e := m.d.Standing(p); e != nil {
			code = e.Constituency
		} else if known, ok := m.initiative.Roll(p); ok {
			code = known.Constituency
		}
		if code == "" {
			code = undeclared
		}
		codes = append(codes, code)
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}

// figures are the counts of a vote, and which of them may be told.
type figures struct {
	voters *uint32
	sizes  map[string]uint32 // by constituency, those that may be told
	whole  map[string]int    // by constituency, all
	strict int               // voters of the users in the strict sense
	tally  *eventv1.Tally
	parts  map[string]*eventv1.Tally
}

// figures counts the vote and leaves out what tells of fewer than five people.
func (m *moment) figures() *figures {
	f := &figures{whole: map[string]int{}}
	heads := true
	voters := m.d.Poll().Voters
	for _, v := range voters {
		f.whole[v.Constituency]++
		heads = heads && v.Weight == 1
		if e := m.d.Standing(v.Participant); v.Constituency == role.User && !e.GetEmployedByDepartment() {
			f.strict++
		}
	}
	all, parts := m.tallies()
	told := disclosure.Vote{Voters: f.whole, Weighted: !heads, All: all, Parts: parts}.Figures(disclosure.People)
	if told.Voters != nil {
		count := uint32(*told.Voters)
		f.voters = &count
	}
	if told.Sizes != nil {
		f.sizes = map[string]uint32{}
	}
	for code, n := range told.Sizes {
		f.sizes[code] = uint32(n)
	}
	if told.Tally != nil {
		f.tally = tallyMessage(*told.Tally)
	}
	if told.Parts != nil {
		f.parts = map[string]*eventv1.Tally{}
	}
	for code, t := range told.Parts {
		f.parts[code] = tallyMessage(t)
	}
	return f
}

func tallyMessage(t disclosure.Tally) *eventv1.Tally {
	return &eventv1.Tally{For: uint64(t.For), Against: uint64(t.Against), Abstain: uint64(t.Abstain)}
}

// tallies counts ballots by head, in all and by constituency; of a secret vote as far as the totals were stated, none by constituency when they were
// not stated for all of them.
func (m *moment) tallies() (all disclosure.Tally, parts map[string]disclosure.Tally) {
	voters := m.d.Poll().Voters
	parts = map[string]disclosure.Tally{}
	if t := m.d.Secret; t != nil {
		all = disclosure.Tally{For: int(t.Total.GetFor()), Against: int(t.Total.GetAgainst()), Abstain: int(t.Total.GetAbstain())}
		for _, v := range voters {
			x := t.ByConstituency[v.Constituency]
			if x == nil {
				return all, nil
			}
			parts[v.Constituency] = disclosure.Tally{For: int(x.For), Against: int(x.Against), Abstain: int(x.Abstain)}
		}
		return all, parts
	}
	for _, v := range voters {
		t := parts[v.Constituency]
		for _, into := range []*disclosure.Tally{&all, &t} {
			switch m.d.Choice(v.Participant) {
			case eventv1.Choice_CHOICE_FOR:
				into.For++
			case eventv1.Choice_CHOICE_AGAINST:
				into.Against++
			case eventv1.Choice_CHOICE_ABSTAIN:
				into.Abstain++
			}
		}
		parts[v.Constituency] = t
	}
	return all, parts
}

func (f *figures) message() *feedv1.Figures {
	if f.voters == nil && len(f.sizes) == 0 && f.tally == nil {
		return nil
	}
	return &feedv1.Figures{Voters: f.voters, VotersByConstituency: f.sizes, Tally: f.tally, TallyByConstituency: f.parts}
}

// power tells the power of a group whose size is told: under a known rule the one follows from the other. That of the users in the strict sense is told
// when it does not give away how few of them the department employs.
func (f *figures) power(p *role.Party, power *big.Rat) string {
	if power == nil || f.sizes == nil {
		return ""
	}
	for _, code := range p.Sits {
		if _, told := f.sizes[code]; !told && f.whole[code] > 0 {
			return ""
		}
	}
	if employed := f.whole[role.User] - f.strict; role.Headline(p.Who) && employed > 0 && employed < disclosure.People {
		return ""
	}
	return fraction(power)
}
