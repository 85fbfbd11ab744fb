package evidence

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"tavolo/pkg/domain/aggregate"
	"tavolo/pkg/domain/decision"
	"tavolo/pkg/domain/role"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// This chapter lists what an auditor would circle. A finding is a place to look at with the decisions and the commits that show it; it is no verdict, and
// it never changes a role.

// Code names a kind of finding. Stable: clients translate it.
type Code string

// The findings, in the order in which they are listed. Those about a role concern users in the broad view.
const (
	// TokenVote: users voted under a rule in which their vote could never change the result.
	TokenVote Code = "token_vote"
	// Overridden: users decided, and an authority outside reversed or replaced it.
	Overridden Code = "overridden"
	// UnverifiedConsensus: the minutes claim consensus, nobody's assent is recorded.
	UnverifiedConsensus Code = "unverified_consensus"
	// ObjectionDismissed: users' objection was set aside by somebody whom the rule does not empower.
	ObjectionDismissed Code = "objection_dismissed"
	// AdviceUnanswered: users gave advice or made a proposal, nobody answered within AnswerWithin.
	AdviceUnanswered Code = "advice_unanswered"
	// EntitledAbsent: users had a vote and took no part.
	EntitledAbsent Code = "entitled_absent"
	// ProxyOutside: users' votes were cast, uninstructed, by somebody of another constituency.
	ProxyOutside Code = "proxy_outside"
	// NotCarriedOut: adopted, and formally refused or late without an explanation.
	NotCarriedOut Code = "not_carried_out"
	// RuleChanged: the rule was replaced within Shortly before voting opened.
	RuleChanged Code = "rule_changed"
	// PeopleAdded: somebody with a vote came onto the roll, or changed for whom they sit, within Shortly before voting opened.
	PeopleAdded Code = "people_added"
	// Rerun: an item was voted on again and came out otherwise.
	Rerun Code = "rerun"
	// UnloggedDecision: somebody at the table says that a decision was taken which is not in the record.
	UnloggedDecision Code = "unlogged_decision"
)

// Codes are all of them, in order.
var Codes = []Code{TokenVote, Overridden, UnverifiedConsensus, ObjectionDismissed, AdviceUnanswered, EntitledAbsent, ProxyOutside, NotCarriedOut, RuleChanged, PeopleAdded, Rerun, UnloggedDecision}

// Finding is one of them, in one place.
type Finding struct {
	Code Code
	// Decisions that show it, full ids; none where advice was given to an item on which nothing was decided.
	Decisions []string
	// Item that it is about, full id; none for what is not in the record.
	Item string
	// Initiative that it is about.
	Initiative string
	// Groups concerned, and how many persons; who they are is nobody's business here.
	Groups []string
	People int
	// At is when it happened: the close of the decision, or when advice was given.
	At time.Time
	// Evidence are the sequences of the commits that show it, ascending.
	Evidence []uint64
}

// Findings lists what happened in a period, by code and then in time, as far as it can be told at an instant.
func (r *Reading) Findings(from, to, asOf time.Time) []Finding {
	var found []Finding
	for _, d := range r.decisions {
		if within(d.at, from, to) {
			found = append(found, d.found...)
		}
	}
	found = append(found, r.ofAdvice(from, to, asOf)...)
	for _, f := range r.reports {
		if within(f.At, from, to) {
			found = append(found, f)
		}
	}
	late := r.Implementation(from, to, asOf)
	for _, d := range r.decisions {
		if slices.Contains(late.Refused, d.id) || slices.Contains(late.Overdue, d.id) {
			found = append(found, Finding{Code: NotCarriedOut, Decisions: []string{d.id}, Item: d.item, At: d.at, Evidence: d.actsSeqs})
		}
	}
	for i := range found {
		found[i].Evidence = slices.Compact(slices.Sorted(slices.Values(found[i].Evidence)))
		if found[i].Initiative == "" {
			found[i].Initiative, _, _ = strings.Cut(found[i].Item, ":")
		}
	}
	slices.SortStableFunc(found, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(slices.Index(Codes, a.Code), slices.Index(Codes, b.Code)), a.At.Compare(b.At), slices.Compare(a.Decisions, b.Decisions), cmp.Compare(a.Item, b.Item))
	})
	return found
}

func about(code Code, d *aggregate.Aggregate) Finding {
	return Finding{Code: code, Decisions: []string{d.ID}, Item: d.Decision.Item, At: d.Decision.ClosedAt}
}

// circled are the findings that a reason of a role gives.
var circled = map[role.Reason]Code{
	role.TokenVote: TokenVote, role.Overridden: Overridden, role.UnverifiedConsensus: UnverifiedConsensus, role.ObjectionDismissed: ObjectionDismissed, role.ProxyOutOfConstituency: ProxyOutside,
}

// ofRoles looks at the roles of the users in one decision, as groups and one by one.
func ofRoles(d *aggregate.Aggregate, c *role.Case, judged []role.Judgement) []Finding {
	by := map[Code]*Finding{}
	for _, j := range judged {
		user := slices.ContainsFunc(c.Participants, func(p role.Participant) bool {
			return p.ID == j.Who && InView(Broad, decision.Capacity{Constituency: p.Constituency})
		})
		if !user && !UserView(j.Who) {
			continue
		}
		codes := []Code{circled[j.Reason]}
		if slices.Contains(j.Flags, "entitled_absent") && j.Role != role.Other {
			codes = append(codes, EntitledAbsent)
		}
		for _, code := range codes {
			if code == "" {
				continue
			}
			f := by[code]
			if f == nil {
				made := about(code, d)
				f = &made
				by[code] = f
			}
			if user {
				f.People++
			} else {
				f.Groups = append(f.Groups, j.Who)
			}
			f.Evidence = append(f.Evidence, j.Evidence...)
		}
	}
	var found []Finding
	for _, code := range Codes {
		if by[code] != nil {
			found = append(found, *by[code])
		}
	}
	return found
}

// ofPreparation looks at what changed shortly before a vote.
func ofPreparation(d *aggregate.Aggregate, b Before) []Finding {
	var found []Finding
	if len(b.Rule) > 0 {
		f := about(RuleChanged, d)
		f.Evidence = append(slices.Clone(b.Rule), d.Decision.OpenedSeq)
		found = append(found, f)
	}
	added := about(PeopleAdded, d)
	for _, e := range d.Decision.Electors {
		came, is := b.Came[e.Participant]
		if !is || !decision.Binding(e.Standing) {
			continue
		}
		added.People++
		added.Evidence = append(added.Evidence, came, d.Decision.OpenedSeq)
		if group := "constituency:" + cmp.Or(e.Constituency, "undeclared"); !slices.Contains(added.Groups, group) {
			added.Groups = append(added.Groups, group)
		}
	}
	if added.People > 0 {
		slices.Sort(added.Groups)
		found = append(found, added)
	}
	return found
}

// rerun looks for an earlier vote on the same item that came out otherwise: the latest one that had closed when this one opened.
func (d *decided) rerun(onItem []*decided) (f Finding, again bool) {
	var last *decided
	for _, e := range onItem {
		if e != d && e.settled() && !e.at.After(d.opened) && e.closedSeq < d.openedSeq && (last == nil || e.closedSeq > last.closedSeq) {
			last = e
		}
	}
	if last == nil || !d.settled() || last.outcome == d.outcome {
		return Finding{}, false
	}
	return Finding{Code: Rerun, Decisions: []string{last.id, d.id}, Item: d.item, At: d.at, Evidence: []uint64{last.closedSeq, d.openedSeq, d.closedSeq}}, true
}

func (d *decided) settled() bool {
	return d.outcome == eventv1.Outcome_OUTCOME_ADOPTED || d.outcome == eventv1.Outcome_OUTCOME_REJECTED
}

// ofReports lists what people say was decided outside the record of an initiative.
func ofReports(a *aggregate.Aggregate) []Finding {
	var found []Finding
	for _, u := range a.Initiative.Unlogged {
		found = append(found, Finding{Code: UnloggedDecision, Initiative: a.ID, People: 1, At: u.At, Evidence: []uint64{u.Seq}})
	}
	return found
}

// ofAdvice puts the unanswered advice to one item in one session together.
func (r *Reading) ofAdvice(from, to, asOf time.Time) []Finding {
	type place struct{ item, session string }
	by, order, counted := map[place]*Finding{}, []place(nil), map[Advice]bool{}
	for _, a := range r.advice {
		if !a.users.of(Broad) || a.answered || !within(a.At, from, to) || asOf.Sub(a.At) <= AnswerWithin {
			continue
		}
		at := place{a.Item, a.Session}
		if by[at] == nil {
			order = append(order, at)
			by[at] = &Finding{Code: AdviceUnanswered, Item: a.Item, At: a.At, Decisions: slices.Clone(a.decisions)}
		}
		if who := (Advice{Item: a.Item, Session: a.Session, By: a.By}); !counted[who] {
			counted[who] = true
			by[at].People++
		}
		by[at].Evidence = append(by[at].Evidence, a.Seq)
	}
	var found []Finding
	for _, at := range order {
		found = append(found, *by[at])
	}
	return found
}
