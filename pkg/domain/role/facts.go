package role

import (
	"math/big"
	"slices"

	"tavolo/pkg/domain/decision"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// facts are what the log says of one party in one decision: the questions that the rules ask.
type facts struct {
	c       *Case
	d       *decision.State
	party   Party
	poll    *decision.Poll
	outcome eventv1.Outcome
	b       []int // voters of the party, as positions in poll.Voters
	x       []int // those of them who took part
	flags   []string
	seqs    map[uint64]bool
}

func (c *Case) facts(party Party) *facts {
	f := &facts{c: c, d: c.Decision, party: party, poll: c.poll(), outcome: c.Decision.Final(), seqs: map[uint64]bool{}}
	claim := f.claimedOnly()
	for _, id := range party.Members {
		e := f.d.Standing(id)
		if e.GetRecused() {
			f.addFlag("recused")
		}
		i := f.poll.Index(id)
		if i < 0 {
			continue
		}
		f.b = append(f.b, i)
		if f.tookPart(id) || claim && f.poll.Voters[i].Here {
			f.x = append(f.x, i)
		}
	}
	f.prove(f.d.OpenedSeq, f.d.CharterSeq, f.d.ClosedSeq)
	return f
}

// tookPart: cast a ballot (abstention counts), took part in a secret ballot, had a proxy used, or objected.
func (f *facts) tookPart(participant string) bool {
	if b, ok := f.d.Ballots[participant]; ok {
		f.prove(b.Seq)
		return true
	}
	if slices.Contains(f.d.Secret.GetTookPart(), participant) {
		f.prove(f.d.SecretSeq)
		return true
	}
	for _, a := range f.d.Acts {
		if isObjection(a.Kind) && a.Objector == participant {
			f.prove(a.Seq)
			return true
		}
	}
	return false
}

func isObjection(k eventv1.ActKind) bool {
	switch k {
	case eventv1.ActKind_ACT_KIND_OBJECTION_RAISED, eventv1.ActKind_ACT_KIND_OBJECTION_INTEGRATED, eventv1.ActKind_ACT_KIND_OBJECTION_WITHDRAWN, eventv1.ActKind_ACT_KIND_OBJECTION_DISMISSED:
		return true
	}
	return false
}

// claimedOnly: the minutes say "by consensus", nobody's assent and no call for objections is recorded.
func (f *facts) claimedOnly() bool {
	return f.d.Claimed != eventv1.Outcome_OUTCOME_UNSPECIFIED && len(f.d.Ballots) == 0 && f.d.Secret == nil &&
		!slices.ContainsFunc(f.d.Acts, func(a decision.Act) bool { return isObjection(a.Kind) })
}

func (f *facts) allErased() bool {
	if len(f.party.Members) == 0 || f.c.Erased == nil {
		return false
	}
	return !slices.ContainsFunc(f.party.Members, func(id string) bool { return !f.c.Erased[id] })
}

// onlyOrganisationsVoted: every voter is an organisation whose composition is not known.
func (f *facts) onlyOrganisationsVoted() bool {
	return len(f.poll.Voters) > 0 && !slices.ContainsFunc(f.poll.Voters, func(v decision.Voter) bool { return v.Constituency != Association })
}

// withoutVote is rule 4: nobody of S had a binding standing.
func (f *facts) withoutVote() Reason {
	if len(f.b) > 0 {
		return ""
	}
	var asked, gave, informed, here bool
	for _, id := range f.party.Members {
		e := f.d.Standing(id)
		consulted := e.GetStanding() == eventv1.Standing_STANDING_CONSULTED
		asked = asked || consulted
		if a, ok := f.d.Advice[id]; ok && consulted {
			gave = true
			f.prove(a.Seq)
		}
		for _, said := range f.said(id) {
			gave = gave || consulted && said.Kind == eventv1.ContributionKind_CONTRIBUTION_KIND_ADVICE
		}
		informed = informed || e.GetStanding() == eventv1.Standing_STANDING_INFORMED
		here = here || e != nil && e.Present
	}
	switch {
	case asked && gave && f.adviceAdopted():
		return AdviceAdopted
	case asked && gave:
		return AdviceGiven
	case f.contributed():
		return VoiceOnly
	case informed:
		return InformedOnly
	case here:
		return Silent
	default:
		return NotInvited
	}
}

// adviceAdopted: the final act says what most of S's advice said. Advice without a direction (a contribution) was adopted when most of it
// was answered with "accepted".
func (f *facts) adviceAdopted() bool {
	adopted := f.finallyAdopted()
	var yes, no, accepted, given int
	for _, id := range f.party.Members {
		switch f.d.Advice[id].Choice {
		case eventv1.Choice_CHOICE_FOR:
			yes++
		case eventv1.Choice_CHOICE_AGAINST:
			no++
		}
		for _, said := range f.said(id) {
			if said.Kind != eventv1.ContributionKind_CONTRIBUTION_KIND_ADVICE {
				continue
			}
			given++
			if f.c.answered(said) == eventv1.Reply_REPLY_ACCEPTED {
				accepted++
			}
		}
	}
	if yes == no {
		return yes == 0 && 2*accepted > given
	}
	return (yes > no) == adopted
}

// finallyAdopted: what holds after the authority's final act, the last one when there are several.
func (f *facts) finallyAdopted() bool {
	adopted := f.outcome == eventv1.Outcome_OUTCOME_ADOPTED
	holds := adopted
	for _, a := range f.d.Acts {
		if a.Kind == eventv1.ActKind_ACT_KIND_FINAL_ACT {
			f.prove(a.Seq)
			holds = adopted == a.SameAsOutcome
		}
	}
	return holds
}

func (f *facts) contributed() bool {
	return slices.ContainsFunc(f.party.Members, func(id string) bool { return len(f.said(id)) > 0 })
}

// said gives what a participant contributed to the item before the decision was closed.
func (f *facts) said(participant string) []Contribution {
	var mine []Contribution
	for _, c := range f.c.Contributions {
		if c.By == participant {
			f.prove(c.Seq, c.SortedSeq)
			mine = append(mine, c)
		}
	}
	return mine
}

func (f *facts) everyVote(is func(i int) bool) bool {
	return len(f.x) > 0 && !slices.ContainsFunc(f.x, func(i int) bool { return !is(i) })
}

func (f *facts) proxy(i int) *eventv1.Proxy {
	return f.d.Standing(f.poll.Voters[i].Participant).GetProxy()
}

// heldOutside: the vote was cast, uninstructed, by somebody of another constituency than S's.
func (f *facts) heldOutside(i int) bool {
	p := f.proxy(i)
	if p == nil || p.Instructed {
		return false
	}
	holder := p.Constituency // who casts it need not be in the room or in the electorate
	if f.c.participant(p.To) != nil {
		holder = f.c.constituency(p.To)
	}
	return !f.party.sitsFor(holder, f.poll.Voters[i].Constituency)
}

// powerless is rule 8. Where what is needed depends on who takes part, the same is asked among those who actually took part: others may
// abstain or stay away and leave S the decision.
func (f *facts) powerless() bool {
	index, ok := f.c.index(f.poll, f.x)
	if !ok || !index.Null() {
		return false
	}
	if !f.poll.DependsOnTurnout() {
		return true
	}
	voted := func(i int) bool { return slices.Contains(f.x, i) || f.c.votedYesOrNo(f.poll, i) }
	among := f.poll.Among(voted)
	there := func(all []int) (some []int) {
		for _, i := range all {
			if voted(i) {
				some = append(some, among.Index(f.poll.Voters[i].Participant))
			}
		}
		return some
	}
	var blocs [][]int
	for _, bloc := range f.c.blocs() {
		blocs = append(blocs, there(bloc))
	}
	byParticipation, err := among.Power(there(f.x), blocs)
	if decision.OutOfReach(err) || err == nil && byParticipation.Null() {
		return true
	}
	f.addFlag("power_by_participation")
	return false
}

// act reports whether some act is of a kind; each that is proves it.
func (f *facts) act(is func(a decision.Act) bool) bool {
	found := false
	for _, a := range f.d.Acts {
		if is(a) {
			f.prove(a.Seq)
			found = true
		}
	}
	return found
}

func (f *facts) dismissed(a decision.Act) bool {
	return a.Kind == eventv1.ActKind_ACT_KIND_OBJECTION_DISMISSED && !a.AllowedByRule && !a.ByElectorate && !f.d.Superseded(a) && slices.Contains(f.party.Members, a.Objector)
}

// byOwnElectorate: the same electorate did it, or the one in it who decides alone, everybody else being without power.
func (f *facts) byOwnElectorate(a decision.Act) bool {
	if a.ByElectorate {
		return true
	}
	i := f.poll.Index(a.By)
	if i < 0 {
		return false
	}
	index, ok := f.c.index(f.poll, []int{i})
	return ok && index.Banzhaf.Cmp(everything) == 0
}

// replacing: a reversal, or a final act that says something else.
func replacing(a decision.Act) bool {
	return a.Kind == eventv1.ActKind_ACT_KIND_REVERSED || a.Kind == eventv1.ActKind_ACT_KIND_FINAL_ACT && !a.SameAsOutcome
}

// own: the act is this person's; nobody is overridden by what they did themselves.
func (f *facts) own(a decision.Act) bool {
	return len(f.party.Members) == 1 && a.By == f.party.Members[0]
}

func (f *facts) overriding(a decision.Act) bool {
	return replacing(a) && !f.byOwnElectorate(a) && !f.own(a)
}

func (f *facts) superseded(a decision.Act) bool {
	if !replacing(a) || !f.byOwnElectorate(a) {
		return false
	}
	f.addFlag("superseded_by_electorate")
	return true
}

func (f *facts) refusing(a decision.Act) bool {
	return a.Kind == eventv1.ActKind_ACT_KIND_IMPLEMENTATION_REFUSED && f.outcome == eventv1.Outcome_OUTCOME_ADOPTED && !f.own(a)
}

// decisive is rule 13: which of S's entitlements decided, the strongest first.
func (f *facts) decisive() Reason {
	holds := func(s eventv1.Standing) bool {
		return slices.ContainsFunc(f.x, func(i int) bool { return f.d.Standing(f.poll.Voters[i].Participant).GetStanding() == s })
	}
	method := f.d.Charter.GetRule().GetMethod()
	vetoes := holds(eventv1.Standing_STANDING_VETO) || slices.ContainsFunc(f.x, func(i int) bool {
		return slices.Contains(f.d.Charter.Rule.Veto, f.poll.Voters[i].Participant)
	})
	switch {
	case holds(eventv1.Standing_STANDING_DELEGATED):
		return DelegatedPower
	case holds(eventv1.Standing_STANDING_CONSENT), method == eventv1.Method_METHOD_CONSENT, method == eventv1.Method_METHOD_CONSENSUS:
		return ByConsent
	case vetoes:
		return ByVeto
	case f.d.Charter.GetPrecommittedBy() != "":
		return Precommitted
	case f.everyVote(func(i int) bool { return f.proxy(i) != nil }):
		return ThroughDelegate
	default:
		return BindingVote
	}
}

func (f *facts) prove(seqs ...uint64) {
	for _, s := range seqs {
		if s != 0 {
			f.seqs[s] = true
		}
	}
}

func (f *facts) cite(seq uint64) effect { return func() { f.prove(seq) } }

func (f *facts) citeActs(kind eventv1.ActKind) effect {
	return func() { f.act(func(a decision.Act) bool { return a.Kind == kind }) }
}

func (f *facts) flag(name string) effect { return func() { f.addFlag(name) } }

func (f *facts) addFlag(name string) {
	if !slices.Contains(f.flags, name) {
		f.flags = append(f.flags, name)
	}
}

// everything is the absolute Banzhaf power of one who decides alone.
var everything = big.NewRat(1, 1)

// weak is the absolute Banzhaf power below which a vote is flagged as weak.
var weak = big.NewRat(1, 20)
