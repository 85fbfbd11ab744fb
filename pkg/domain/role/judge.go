package role

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"tavolo/pkg/domain/decision"
	"tavolo/pkg/domain/item"
	"tavolo/pkg/domain/power"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// Codes of constituencies that the rules name. Departments may add others.
const (
	User        = "user"
	Family      = "family"
	PSW         = "psw"
	Association = "association"
)

// Contribution is one thing that was said to the item, and the commit that proves it.
type Contribution = item.Contribution

// Case is one decision as the record shows it up to an instant: what Judge reads. The caller folds only what had happened by then.
type Case struct {
	Decision *decision.State
	// Contributions to the decision's item, made up to the close of the vote.
	Contributions []Contribution
	// Replies are contributions to the item made at any time up to the instant; answers to advice often come later.
	Replies []Contribution
	// ProposedBy is who proposed the item, empty when not recorded, and the commit that proves it.
	ProposedBy  string
	ProposedSeq uint64
	// Participants of the session and of the electorate, in their order.
	Participants []Participant
	// AsOf is the instant that the record is read at: what is overdue depends on it.
	AsOf time.Time
	// Erased participants; nil when nobody is.
	Erased map[string]bool
	// DrawnByLot: the outcome was drawn by lot.
	DrawnByLot bool

	pollCache   *decision.Poll
	blocCache   [][]int
	broken      map[string]bool
	indexCache  []power.Index
	indexFailed bool // the game is too large to be computed exactly
	playerCache []int
	groupCache  map[string]power.Index // by the voters of the group
	pivotCache  []bool
}

// Participant is somebody at the table and for whom they sit.
type Participant struct {
	ID                   string
	Constituency         string
	EmployedByDepartment bool
}

// Party is who is judged: a person or a group.
type Party struct {
	// Who: a participant's id, users:strict, users:broad or constituency:<code>.
	Who     string
	Members []string
	// Sits are the constituencies that the party sits for; empty for a person.
	Sits []string
	// Users marks the two user views, Undeclared the view of those who declared no constituency, Group any of them.
	Users, Undeclared, Group bool
}

func (p *Party) sitsFor(constituency, own string) bool {
	if len(p.Sits) == 0 {
		return constituency == own
	}
	return slices.Contains(p.Sits, constituency)
}

// Pivotal says whether the party's ballots could have changed the outcome (ex post).
type Pivotal string

// The answers. Empty: no ballots are recorded.
const (
	IsPivotal  Pivotal = "true"
	NotPivotal Pivotal = "false"
	Suppressed Pivotal = "suppressed" // secret ballot: the answer would tell who chose what
)

// Judgement is the answer for one party.
type Judgement struct {
	Who            string
	Role           Role
	Rule           int
	Reason         Reason
	RoleAtDecision Role
	// Power is the absolute Banzhaf index, nil where none is defined; Shapley the Shapley-Shubik index of a person.
	Power, Shapley *big.Rat
	Pivotal        Pivotal
	Flags          []string
	// Evidence are the sequences of the commits that decide the answer, ascending.
	Evidence []uint64
}

// Parties lists who is judged: every participant, both user views, and each constituency present.
func (c *Case) Parties() []Party {
	var parties []Party
	var codes []string
	strict, broad := Party{Who: "users:strict", Sits: []string{User}, Users: true, Group: true}, Party{Who: "users:broad", Sits: []string{User, Family, PSW}, Users: true, Group: true}
	byCode := map[string]*Party{}
	for _, p := range c.Participants {
		parties = append(parties, Party{Who: p.ID, Members: []string{p.ID}})
		if p.Constituency == User && !p.EmployedByDepartment {
			strict.Members = append(strict.Members, p.ID)
		}
		if slices.Contains(broad.Sits, p.Constituency) {
			broad.Members = append(broad.Members, p.ID)
		}
		code := p.Constituency
		if code == "" {
			code = "undeclared"
		}
		if byCode[code] == nil {
			byCode[code] = &Party{Who: "constituency:" + code, Sits: []string{p.Constituency}, Undeclared: p.Constituency == "", Group: true}
			codes = append(codes, code)
		}
		byCode[code].Members = append(byCode[code].Members, p.ID)
	}
	parties = append(parties, strict, broad)
	slices.Sort(codes)
	for _, code := range codes {
		parties = append(parties, *byCode[code])
	}
	return parties
}

// Judge says which role each party had. The decision must be closed.
func Judge(c *Case) []Judgement {
	parties := c.Parties()
	judgements := make([]Judgement, len(parties))
	for i, p := range parties {
		judgements[i] = c.judge(p)
	}
	return judgements
}

// JudgeOf is Judge for one party; known is false where the case has no such party.
func JudgeOf(c *Case, who string) (j Judgement, known bool) {
	for _, p := range c.Parties() {
		if p.Who == who {
			return c.judge(p), true
		}
	}
	return Judgement{}, false
}

func (c *Case) judge(p Party) Judgement {
	f := c.facts(p)
	j := Judgement{Who: p.Who}
	for i := range Rules {
		r := &Rules[i]
		if r.ID >= atDecision && j.RoleAtDecision == "" {
			j.RoleAtDecision = Decisive // no rule up to here fired, so rule 13 did at the time
		}
		if reason := r.fires(f); reason != "" {
			j.Rule, j.Reason, j.Role = r.ID, reason, r.roleOf(reason)
			break
		}
	}
	if j.RoleAtDecision == "" {
		j.RoleAtDecision = j.Role
	}
	f.strength(&j)
	f.mark(&j)
	j.Flags = f.flags
	for s := range f.seqs {
		j.Evidence = append(j.Evidence, s)
	}
	slices.Sort(j.Evidence)
	return j
}

// strength adds power and pivotality where they are defined: a rule, and a vote in it.
func (f *facts) strength(j *Judgement) {
	if f.d.Charter.GetRule() == nil || len(f.b) == 0 {
		return
	}
	if index, ok := f.c.index(f.poll, f.acting()); ok {
		j.Power = index.Banzhaf
		if !f.party.Group {
			j.Shapley = index.Shapley
		}
		if index.Banzhaf.Cmp(weak) < 0 {
			f.addFlag("weak")
		}
	}
	if len(f.x) > 0 {
		j.Pivotal = f.pivotal()
	}
}

func (f *facts) pivotal() Pivotal {
	if f.d.Secret != nil {
		return f.pivotalBySecret()
	}
	if len(f.d.Ballots) == 0 {
		return ""
	}
	pivotal := false
	if len(f.x) == 1 {
		pivotal = f.c.pivotalEach(f.poll)[f.x[0]]
	} else {
		pivotal = f.poll.Pivotal(f.c.choice(f.poll), f.x)
	}
	if pivotal {
		return IsPivotal
	}
	return NotPivotal
}

// pivotalBySecret: from constituency totals where they may be published (every constituency of five or more, none unanimous), and only
// for a group that is made of whole constituencies. Anything finer would tell who chose what.
func (f *facts) pivotalBySecret() Pivotal {
	if !f.party.Group || !f.c.Publishable() {
		return Suppressed
	}
	var codes []string
	in := map[int]bool{}
	for _, i := range f.b {
		in[i] = true
		if code := f.poll.Voters[i].Constituency; !slices.Contains(codes, code) {
			codes = append(codes, code)
		}
	}
	for i, v := range f.poll.Voters {
		if slices.Contains(codes, v.Constituency) && !in[i] {
			return Suppressed
		}
	}
	if f.poll.PivotalOfTotals(f.d.Secret, codes) {
		return IsPivotal
	}
	return NotPivotal
}

// smallestPublishable is the size below which a constituency's totals are suppressed (roles.md, small cells).
const smallestPublishable = 5

// Publishable reports whether the totals by constituency of a secret ballot may be shown: all are stated, each constituency has at least
// five voters, and none is unanimous (nor could be derived to be).
func (c *Case) Publishable() bool {
	t := c.Decision.Secret
	if t == nil || len(t.ByConstituency) == 0 {
		return false
	}
	size := map[string]int{}
	for _, v := range c.poll().Voters {
		size[v.Constituency]++
	}
	for code, n := range size {
		part := t.ByConstituency[code]
		if n < smallestPublishable || part == nil {
			return false
		}
		whole := part.For + part.Against + part.Abstain
		if part.For == whole || part.Against == whole || part.Abstain == whole {
			return false
		}
	}
	return true
}

// mark adds the flags that hold whatever the role is.
func (f *facts) mark(j *Judgement) {
	if len(f.x) > 0 && !slices.ContainsFunc(f.x, func(i int) bool {
		return f.d.Ballots[f.poll.Voters[i].Participant].Choice != eventv1.Choice_CHOICE_ABSTAIN
	}) {
		f.addFlag("abstained")
	}
	for _, id := range f.party.Members {
		if p := f.c.participant(id); !f.party.Group && p != nil && p.EmployedByDepartment && (p.Constituency == User || p.Constituency == Family || p.Constituency == PSW) {
			f.addFlag("dual_capacity")
		}
		if e := f.d.Standing(id); e.GetMandate() != "" && f.c.mandateBroken(e.Mandate) {
			f.addFlag("mandate_broken")
		}
	}
	if f.party.Group && f.outvoted() {
		f.addFlag("outvoted")
	}
	if f.c.ProposedBy != "" && !slices.Contains(f.party.Members, f.c.ProposedBy) {
		f.addFlag("agenda_others")
	}
	if len(f.b) > 0 && f.outcome != eventv1.Outcome_OUTCOME_NO_DECISION && !f.poll.Quorate(func(i int) bool { return slices.Contains(f.b, i) }) && f.poll.Quorate(nil) {
		f.addFlag("quorum_critical")
	}
	if f.overdue() {
		f.addFlag("not_implemented")
	}
}

// outvoted: most of the party's weight for or against was on the losing side.
func (f *facts) outvoted() bool {
	yes, no := f.sides()
	return f.outcome == eventv1.Outcome_OUTCOME_ADOPTED && no > yes || f.outcome == eventv1.Outcome_OUTCOME_REJECTED && yes > no
}

// sides is the party's weight for and against.
func (f *facts) sides() (yes, no uint64) {
	for _, i := range f.x {
		switch f.d.Choice(f.poll.Voters[i].Participant) {
		case eventv1.Choice_CHOICE_FOR:
			yes += f.poll.Voters[i].Weight
		case eventv1.Choice_CHOICE_AGAINST:
			no += f.poll.Voters[i].Weight
		}
	}
	return yes, no
}

// overdue: adopted, due before the instant, neither carried out nor explained nor refused.
func (f *facts) overdue() bool {
	if f.outcome != eventv1.Outcome_OUTCOME_ADOPTED {
		return false
	}
	due := ""
	for _, a := range f.d.Acts {
		switch a.Kind {
		case eventv1.ActKind_ACT_KIND_IMPLEMENTATION_DUE:
			due = a.Due
			f.prove(a.Seq)
		case eventv1.ActKind_ACT_KIND_IMPLEMENTED, eventv1.ActKind_ACT_KIND_IMPLEMENTATION_REFUSED, eventv1.ActKind_ACT_KIND_IMPLEMENTATION_EXPLAINED:
			return false
		}
	}
	end, err := decision.DueEnd(due)
	return err == nil && !f.c.AsOf.Before(end)
}

func (c *Case) poll() *decision.Poll {
	if c.pollCache == nil {
		c.pollCache = c.Decision.Poll()
	}
	return c.pollCache
}

func (c *Case) choice(p *decision.Poll) func(i int) eventv1.Choice {
	return func(i int) eventv1.Choice { return c.Decision.Choice(p.Voters[i].Participant) }
}

func (c *Case) pivotalEach(p *decision.Poll) []bool {
	if c.pivotCache == nil {
		c.pivotCache = p.PivotalEach(c.choice(p))
	}
	return c.pivotCache
}

// index is the power of some voters together. A single player's is taken from the table of all, computed once.
func (c *Case) index(p *decision.Poll, who []int) (power.Index, bool) {
	if c.indexFailed {
		return power.Index{}, false
	}
	if c.indexCache == nil {
		game, player := p.Game(c.blocs()...)
		all, err := power.All(game)
		if err != nil {
			c.indexFailed = true
			return power.Index{}, false
		}
		c.indexCache, c.playerCache = all, player
	}
	at := c.playerCache[who[0]]
	if !slices.ContainsFunc(who, func(i int) bool { return c.playerCache[i] != at }) {
		return c.indexCache[at], true
	}
	key := fmt.Sprint(who)
	if index, known := c.groupCache[key]; known {
		return index, true
	}
	index, err := p.Power(who, c.blocs())
	if err != nil {
		return power.Index{}, false
	}
	if c.groupCache == nil {
		c.groupCache = map[string]power.Index{}
	}
	c.groupCache[key] = index
	return index, true
}

// votedYesOrNo: took part with a yes or a no; of a secret ballot, that somebody took part is all that is known.
func (c *Case) votedYesOrNo(p *decision.Poll, i int) bool {
	id := p.Voters[i].Participant
	if c.Decision.Secret != nil {
		return slices.Contains(c.Decision.Secret.TookPart, id)
	}
	switch c.Decision.Choice(id) {
	case eventv1.Choice_CHOICE_FOR, eventv1.Choice_CHOICE_AGAINST:
		return true
	}
	return false
}

func (c *Case) participant(id string) *Participant {
	if i := slices.IndexFunc(c.Participants, func(p Participant) bool { return p.ID == id }); i >= 0 {
		return &c.Participants[i]
	}
	return nil
}

func (c *Case) constituency(id string) string {
	if p := c.participant(id); p != nil {
		return p.Constituency
	}
	return ""
}

// answered gives how a contribution was answered, by whoever answered it last.
func (c *Case) answered(said Contribution) eventv1.Reply {
	reply := eventv1.Reply_REPLY_UNSPECIFIED
	for _, r := range c.Replies {
		if r.Session == said.Session && r.Answers == said.Number {
			reply = r.Reply
		}
	}
	return reply
}

// Headline reports whether who is the headline view of users: the strict one.
func Headline(who string) bool { return who == "users:strict" }

// IsGroup reports whether who names a group and not a person.
func IsGroup(who string) bool { return strings.Contains(who, ":") }
