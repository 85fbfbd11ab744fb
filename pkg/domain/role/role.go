// Package role derives, from the record of a decision, the role that each person and each group had in it. Version roles/1.
//
// First match wins. S is a person or a group; B are the members of S with a binding standing (binding vote, consent, veto, delegated) who
// did not recuse themselves; X are those of B who took part. The rules, by their ids:
//
//	R0   the minutes are contested and not settled           -> Other        minutes_disputed
//	R0   the outcome was drawn by lot                        -> Other        drawn_by_lot
//	R0   a constituency view of people who declared none     -> Other        capacity_undeclared
//	R0   only mixed organisations voted, S was not there     -> Other        unattributable
//	R1   S is erased and no snapshot was kept                -> Other        erased
//	R2   no rule was recorded before voting opened           -> Other        no_rule
//	R3   no quorum, tie deferred, item withdrawn or deferred -> Other        no_decision
//	R4   B is empty: what S was asked, gave, said, was told  -> Consultative advice_adopted, advice_given, voice_only; None informed_only, silent, not_invited
//	R5   X is empty: entitled, took no part                  -> Consultative voice_only; None absent
//	R6   consensus claimed, no assent or call recorded       -> Consultative unverified_consensus
//	R7   every vote of X was an uninstructed proxy outside   -> Consultative proxy_out_of_constituency
//	R8   under this rule X can never change the outcome      -> Consultative token_vote
//	R9   an authority outside decides on the merits          -> Consultative needs_ratification
//	R10  S's objection was set aside by nobody empowered     -> Consultative objection_dismissed
//	R11  reversed or replaced by an authority outside        -> Consultative overridden
//	R12  implementation formally refused                     -> Consultative implementation_refused
//	R13  else                                                -> Decisive     delegated_power, consent, veto, precommitted, through_delegate, binding_vote
//
// R13 is the rule that makes a vote decisive: an entitlement that was real, was used, and stood. None of the rules asks who voted which
// way, so they work for secret ballots; the strength figures beside the role (power, pivotality, margin …) do.
//
// Judge is a function of the events up to an instant and of the rule version, nothing else (invariants a to g of roles.md are property
// tests). Reason codes are stable API: clients translate them, exports print them.
//
// Not here: the sentences people read (catalogue), the counting of ballots (decision), the indices (power).
package role

import (
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// Version names the rules. A change of any rule is a new version.
const Version = "roles/1"

// Role is the participation role in one decision. The words are stable API.
type Role string

// The four roles of the survey.
const (
	None         Role = "none"
	Consultative Role = "consultative"
	Decisive     Role = "decisive"
	Other        Role = "other"
)

// Reason says why, as a stable code.
type Reason string

// The reasons, by role.
const (
	MinutesDisputed    Reason = "minutes_disputed"
	DrawnByLot         Reason = "drawn_by_lot"
	CapacityUndeclared Reason = "capacity_undeclared"
	Unattributable     Reason = "unattributable"
	Erased             Reason = "erased"
	NoRule             Reason = "no_rule"
	NoDecision         Reason = "no_decision"

	AdviceAdopted          Reason = "advice_adopted"
	AdviceGiven            Reason = "advice_given"
	VoiceOnly              Reason = "voice_only"
	UnverifiedConsensus    Reason = "unverified_consensus"
	ProxyOutOfConstituency Reason = "proxy_out_of_constituency"
	TokenVote              Reason = "token_vote"
	NeedsRatification      Reason = "needs_ratification"
	ObjectionDismissed     Reason = "objection_dismissed"
	Overridden             Reason = "overridden"
	ImplementationRefused  Reason = "implementation_refused"

	InformedOnly Reason = "informed_only"
	Silent       Reason = "silent"
	NotInvited   Reason = "not_invited"
	Absent       Reason = "absent"

	DelegatedPower  Reason = "delegated_power"
	ByConsent       Reason = "consent"
	ByVeto          Reason = "veto"
	Precommitted    Reason = "precommitted"
	ThroughDelegate Reason = "through_delegate"
	BindingVote     Reason = "binding_vote"
)

// Rule is one line of the table: what it says, and when it fires.
type Rule struct {
	// ID is the number in roles/1; 0 for the further reasons that the four words cannot hold.
	ID int
	// Says is the condition in one line of plain English, the line of the package comment.
	Says string
	// Gives maps each reason that the rule can give to its role, in the order they are tried.
	Gives []Given
	fires func(f *facts) Reason
}

// Given is one answer that a rule can give.
type Given struct {
	Role   Role
	Reason Reason
}

// Rules are the role rules, in the order in which they are tried.
var Rules = []Rule{
	{0, "the minutes are contested and not settled", gives(Other, MinutesDisputed), func(f *facts) Reason {
		return when(f.d.Disputed, MinutesDisputed, f.cite(f.d.DisputedSeq))
	}},
	{0, "the outcome was drawn by lot", gives(Other, DrawnByLot), func(f *facts) Reason {
		return when(f.c.DrawnByLot, DrawnByLot)
	}},
	{0, "a constituency view of people who declared none", gives(Other, CapacityUndeclared), func(f *facts) Reason {
		return when(f.party.Undeclared, CapacityUndeclared)
	}},
	{0, "only mixed organisations voted, S was not there", gives(Other, Unattributable), func(f *facts) Reason {
		return when(f.party.Users && len(f.party.Members) == 0 && f.onlyOrganisationsVoted(), Unattributable)
	}},
	{1, "S is erased and no snapshot was kept", gives(Other, Erased), func(f *facts) Reason {
		return when(f.allErased(), Erased)
	}},
	{2, "no rule was recorded before voting opened", gives(Other, NoRule), func(f *facts) Reason {
		return when(f.d.Charter.GetRule() == nil, NoRule)
	}},
	{3, "no quorum, tie deferred, item withdrawn or deferred", gives(Other, NoDecision), func(f *facts) Reason {
		return when(f.outcome == eventv1.Outcome_OUTCOME_NO_DECISION, NoDecision, f.citeActs(eventv1.ActKind_ACT_KIND_DEFERRED))
	}},
	{4, "B is empty: what S was asked, gave, said, was told", append(gives(Consultative, AdviceAdopted, AdviceGiven, VoiceOnly), gives(None, InformedOnly, Silent, NotInvited)...), (*facts).withoutVote},
	{5, "X is empty: entitled, took no part", append(gives(Consultative, VoiceOnly), gives(None, Absent)...), func(f *facts) Reason {
		if len(f.x) > 0 {
			return ""
		}
		f.addFlag("entitled_absent")
		return first(when(f.contributed(), VoiceOnly), Absent)
	}},
	{6, "consensus claimed, no assent or call recorded", gives(Consultative, UnverifiedConsensus), func(f *facts) Reason {
		return when(f.claimedOnly(), UnverifiedConsensus, f.cite(f.d.ClaimedSeq), f.flag("consensus_unverified"))
	}},
	{7, "every vote of X was an uninstructed proxy outside", gives(Consultative, ProxyOutOfConstituency), func(f *facts) Reason {
		return when(f.everyVote(f.heldOutside), ProxyOutOfConstituency)
	}},
	{8, "under this rule X can never change the outcome", gives(Consultative, TokenVote), func(f *facts) Reason {
		return when(f.powerless(), TokenVote, f.flag("zero_power"))
	}},
	{9, "an authority outside decides on the merits", gives(Consultative, NeedsRatification), func(f *facts) Reason {
		return when(f.d.Charter.GetRatification() == eventv1.Ratification_RATIFICATION_MERIT, NeedsRatification, f.citeActs(eventv1.ActKind_ACT_KIND_FINAL_ACT))
	}},
	{10, "S's objection was set aside by nobody empowered", gives(Consultative, ObjectionDismissed), func(f *facts) Reason {
		return when(f.act(f.dismissed), ObjectionDismissed)
	}},
	{11, "reversed or replaced by an authority outside", gives(Consultative, Overridden), func(f *facts) Reason {
		f.act(f.superseded)
		return when(f.act(f.overriding), Overridden, f.flag("overridden"))
	}},
	{12, "implementation formally refused", gives(Consultative, ImplementationRefused), func(f *facts) Reason {
		return when(f.act(f.refusing), ImplementationRefused, f.flag("implementation_refused"))
	}},
	{13, "else", gives(Decisive, DelegatedPower, ByConsent, ByVeto, Precommitted, ThroughDelegate, BindingVote), (*facts).decisive},
}

// atDecision is the first rule that looks at what became of the decision later: role_at_decision is what the others say.
const atDecision = 11

func gives(r Role, reasons ...Reason) []Given {
	g := make([]Given, len(reasons))
	for i, reason := range reasons {
		g[i] = Given{r, reason}
	}
	return g
}

// effect is something noted when a rule fires: a flag, a proof.
type effect func()

func when(fires bool, reason Reason, effects ...effect) Reason {
	if !fires {
		return ""
	}
	for _, e := range effects {
		e()
	}
	return reason
}

func first(reasons ...Reason) Reason {
	for _, r := range reasons {
		if r != "" {
			return r
		}
	}
	return ""
}

// roleOf gives the role that a rule gives with a reason.
func (r *Rule) roleOf(reason Reason) Role {
	for _, g := range r.Gives {
		if g.Reason == reason {
			return g.Role
		}
	}
	panic("role: rule gives a reason that its table does not list: " + string(reason))
}
