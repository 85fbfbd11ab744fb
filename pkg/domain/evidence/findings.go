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

// Findings lists what happened in a period, by code and then in time. The timeline holds the same events as the record.
func (r *Record) Findings(t *Timeline, from, to time.Time) []Finding {
	var found []Finding
	for _, d := range r.Decisions {
		if within(d.Decision.ClosedAt, from, to) {
			found = append(found, r.ofRoles(d)...)
			found = append(found, r.ofPreparation(d, t)...)
			found = append(found, r.ofReruns(d)...)
		}
	}
	found = append(found, r.ofAdvice(from, to)...)
	found = append(found, r.ofReports(from, to)...)
	for _, id := range r.notCarriedOut(from, to) {
		d := r.byKey[aggregate.Key{Kind: aggregate.Decision, ID: id}]
		f := r.about(NotCarriedOut, d)
		for _, a := range d.Decision.Acts {
			f.Evidence = append(f.Evidence, a.Seq)
		}
		found = append(found, f)
	}
	for i := range found {
		slices.Sort(found[i].Evidence)
		found[i].Evidence = slices.Compact(found[i].Evidence)
		if found[i].Initiative == "" {
			found[i].Initiative, _, _ = strings.Cut(found[i].Item, ":")
		}
	}
	slices.SortStableFunc(found, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(slices.Index(Codes, a.Code), slices.Index(Codes, b.Code)), a.At.Compare(b.At), slices.Compare(a.Decisions, b.Decisions), cmp.Compare(a.Item, b.Item))
	})
	return found
}

func (r *Record) about(code Code, d *aggregate.Aggregate) Finding {
	return Finding{Code: code, Decisions: []string{d.ID}, Item: d.Decision.Item, At: d.Decision.ClosedAt}
}

// circled are the findings that a reason of a role gives.
var circled = map[role.Reason]Code{
	role.TokenVote: TokenVote, role.Overridden: Overridden, role.UnverifiedConsensus: UnverifiedConsensus, role.ObjectionDismissed: ObjectionDismissed, role.ProxyOutOfConstituency: ProxyOutside,
}

// ofRoles looks at the roles of the users in one decision, as groups and one by one.
func (r *Record) ofRoles(d *aggregate.Aggregate) []Finding {
	c := r.Case(d)
	by := map[Code]*Finding{}
	for _, j := range role.Judge(c) {
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
				made := r.about(code, d)
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
func (r *Record) ofPreparation(d *aggregate.Aggregate, t *Timeline) []Finding {
	var found []Finding
	if proof := t.ruleChanged(d.ID, d.Decision.OpenedAt); len(proof) > 0 {
		f := r.about(RuleChanged, d)
		f.Evidence = append(proof, d.Decision.OpenedSeq)
		found = append(found, f)
	}
	home, _ := d.InitiativeKey()
	added := r.about(PeopleAdded, d)
	for _, e := range d.Decision.Electors {
		if !decision.Binding(e.Standing) {
			continue
		}
		if came, is := t.added(home.ID, e.Participant, d.Decision.OpenedAt); is {
			added.People++
			added.Evidence = append(added.Evidence, came.seq, d.Decision.OpenedSeq)
			if group := "constituency:" + cmp.Or(e.Constituency, "undeclared"); !slices.Contains(added.Groups, group) {
				added.Groups = append(added.Groups, group)
			}
		}
	}
	if added.People > 0 {
		slices.Sort(added.Groups)
		found = append(found, added)
	}
	return found
}

// ofReruns looks for an earlier vote on the same item that came out otherwise: the latest one that had closed when this one opened.
func (r *Record) ofReruns(d *aggregate.Aggregate) []Finding {
	var last *aggregate.Aggregate
	for _, e := range r.Decisions {
		if e != d && e.Decision.Item == d.Decision.Item && settled(e) && !e.Decision.ClosedAt.After(d.Decision.OpenedAt) && e.Decision.ClosedSeq < d.Decision.OpenedSeq &&
			(last == nil || e.Decision.ClosedSeq > last.Decision.ClosedSeq) {
			last = e
		}
	}
	if last == nil || !settled(d) || last.Decision.Outcome == d.Decision.Outcome {
		return nil
	}
	f := r.about(Rerun, d)
	f.Decisions = []string{last.ID, d.ID}
	f.Evidence = []uint64{last.Decision.ClosedSeq, d.Decision.OpenedSeq, d.Decision.ClosedSeq}
	return []Finding{f}
}

func settled(d *aggregate.Aggregate) bool {
	o := d.Decision.Outcome
	return o == eventv1.Outcome_OUTCOME_ADOPTED || o == eventv1.Outcome_OUTCOME_REJECTED
}

// ofReports lists what people say was decided outside the record, by when they said so.
func (r *Record) ofReports(from, to time.Time) []Finding {
	var found []Finding
	for _, a := range r.Initiatives {
		for _, u := range a.Initiative.Unlogged {
			if within(u.At, from, to) {
				found = append(found, Finding{Code: UnloggedDecision, Initiative: a.ID, People: 1, At: u.At, Evidence: []uint64{u.Seq}})
			}
		}
	}
	return found
}

// ofAdvice puts the unanswered advice to one item in one session together.
func (r *Record) ofAdvice(from, to time.Time) []Finding {
	type place struct{ item, session string }
	by, order, counted := map[place]*Finding{}, []place(nil), map[Advice]bool{}
	for _, a := range r.Responsiveness(Broad, from, to).Unanswered {
		at := place{a.Item, a.Session}
		if by[at] == nil {
			order = append(order, at)
			by[at] = &Finding{Code: AdviceUnanswered, Item: a.Item, At: a.At}
			for _, d := range r.Decisions {
				if _, in, _ := decision.Split(d.ID); in == a.Session && d.Decision.Item == a.Item {
					by[at].Decisions = append(by[at].Decisions, d.ID)
				}
			}
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

func (r *Record) notCarriedOut(from, to time.Time) []string {
	i := r.Implementation(from, to)
	return append(slices.Clone(i.Refused), i.Overdue...)
}
