package evidence

import (
	"cmp"
	"slices"
	"time"

	"tavolo/pkg/domain/decision"
	"tavolo/pkg/domain/item"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// This chapter follows what was said and what was adopted to its end: advice to its answer, decisions to their being carried out.

// AnswerWithin is how long an answer to a piece of advice may take.
const AnswerWithin = 30 * 24 * time.Hour

// Responsiveness is what became of the users' advice and proposals.
type Responsiveness struct {
	// Answered by somebody else within AnswerWithin. Advice that is younger than that and has no answer yet is Pending and not counted.
	Answered Share
	Pending  int
	// Adopted, Partly and Refused among the answered; the others were answered without saying so.
	Adopted, Partly, Refused int
	// MedianDays to the answer; 0 when there is none.
	MedianDays float64
	Unanswered []Advice
}

// Advice is one piece of advice or one proposal.
type Advice struct {
	Item, Session string // full ids
	Number        uint32
	By            string // pseudonym
	At            time.Time
	Seq           uint64
}

// Responsiveness follows the advice and the proposals that users gave in a period.
func (r *Record) Responsiveness(view string, from, to time.Time) Responsiveness {
	var out Responsiveness
	var days []float64
	for _, i := range r.Items {
		for _, said := range i.Item.Contributions {
			if !asks(said) || !within(said.At, from, to) || !r.isUser(view, said.Session, said.By) {
				continue
			}
			reply, after, answered := answer(i.Item, said)
			switch {
			case answered:
				out.Answered.count(true)
				days = append(days, after.Hours()/24)
				switch reply {
				case eventv1.Reply_REPLY_ACCEPTED:
					out.Adopted++
				case eventv1.Reply_REPLY_PARTLY:
					out.Partly++
				case eventv1.Reply_REPLY_REFUSED:
					out.Refused++
				}
			case r.AsOf.Sub(said.At) <= AnswerWithin:
				out.Pending++
			default:
				out.Answered.count(false)
				out.Unanswered = append(out.Unanswered, Advice{i.ID, said.Session, said.Number, said.By, said.At, said.Seq})
			}
		}
	}
	out.MedianDays = median(days)
	return out
}

func asks(c item.Contribution) bool {
	return c.Kind == eventv1.ContributionKind_CONTRIBUTION_KIND_ADVICE || c.Kind == eventv1.ContributionKind_CONTRIBUTION_KIND_PROPOSAL
}

// answer finds the first answer of somebody else in time, and the last thing that any of them said of it.
func answer(i *item.State, said item.Contribution) (reply eventv1.Reply, after time.Duration, answered bool) {
	for _, c := range i.Contributions {
		if c.Session != said.Session || c.Answers != said.Number || c.By == said.By || c.At.Sub(said.At) > AnswerWithin {
			continue
		}
		if !answered {
			after, answered = c.At.Sub(said.At), true
		}
		reply = cmp.Or(c.Reply, reply)
	}
	return reply, after, answered
}

// isUser looks up for whom somebody sat in a session.
func (r *Record) isUser(view, in, participant string) bool {
	s := r.Session(in)
	if s == nil {
		return false
	}
	for _, seat := range s.Seats {
		if seat.Participant == participant {
			return InView(view, seat.Capacity)
		}
	}
	return false
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	m := len(values) / 2
	if len(values)%2 == 1 {
		return values[m]
	}
	return (values[m-1] + values[m]) / 2
}

// Changes is what users changed in what was adopted.
type Changes struct {
	// Traced: adopted decisions whose text was changed to take up something that a user said, or to meet a user's objection, among all adopted.
	Traced Share
	// Amended counts the adopted decisions whose text was changed at all.
	Amended   int
	Decisions []string // the traced ones, full ids
}

// Changes follows contributions and objections of users into the texts that were adopted in a period. What nobody linked is not seen.
func (r *Record) Changes(view string, from, to time.Time) Changes {
	var out Changes
	for _, d := range r.Decisions {
		if d.Decision.Final() != eventv1.Outcome_OUTCOME_ADOPTED || !within(d.Decision.ClosedAt, from, to) {
			continue
		}
		_, in, _ := decision.Split(d.ID)
		traced := slices.ContainsFunc(d.Decision.Amendments, func(a decision.Amendment) bool { return r.byUser(view, in, d.Decision.Item, a) })
		out.Traced.count(traced)
		if traced {
			out.Decisions = append(out.Decisions, d.ID)
		}
		if len(d.Decision.Amendments) > 0 {
			out.Amended++
		}
	}
	return out
}

// byUser: the amendment takes up what a user said in the session, or meets a user's objection.
func (r *Record) byUser(view, in, of string, a decision.Amendment) bool {
	if a.Objector != "" && r.isUser(view, in, a.Objector) {
		return true
	}
	i := r.Item(of)
	return a.TakesUp != 0 && i != nil && slices.ContainsFunc(i.In(in), func(c item.Contribution) bool {
		return c.Number == a.TakesUp && r.isUser(view, in, c.By)
	})
}

// Implementation is what became of what was adopted.
type Implementation struct {
	// Done among those that are due by the instant of the record or were carried out or refused before; Pending are due later.
	Done    Share
	Pending int
	// Refused formally, Explained late with an explanation, Overdue late without one: full ids.
	Refused, Explained, Overdue []string
	// MedianDelay in days after the last day, of those carried out; not late counts as 0.
	MedianDelay float64
}

// Implementation follows the decisions adopted in a period that have a date or an end.
func (r *Record) Implementation(from, to time.Time) Implementation {
	var out Implementation
	var delays []float64
	for _, d := range r.Decisions {
		if d.Decision.Final() != eventv1.Outcome_OUTCOME_ADOPTED || !within(d.Decision.ClosedAt, from, to) {
			continue
		}
		fate := follow(d.Decision)
		switch {
		case fate.done:
			out.Done.count(true)
			if !fate.due.IsZero() {
				delays = append(delays, max(fate.at.Sub(fate.due).Hours()/24, 0))
			}
		case fate.refused:
			out.Done.count(false)
			out.Refused = append(out.Refused, d.ID)
		case fate.due.IsZero():
		case r.AsOf.Before(fate.due):
			out.Pending++
		case fate.explained:
			out.Done.count(false)
			out.Explained = append(out.Explained, d.ID)
		default:
			out.Done.count(false)
			out.Overdue = append(out.Overdue, d.ID)
		}
	}
	out.MedianDelay = median(delays)
	return out
}

// fate is what became of one adopted decision.
type fate struct {
	due, at                  time.Time
	done, refused, explained bool
}

func follow(d *decision.State) fate {
	var f fate
	for _, a := range d.Acts {
		switch a.Kind {
		case eventv1.ActKind_ACT_KIND_IMPLEMENTATION_DUE:
			if end, err := decision.DueEnd(a.Due); err == nil {
				f.due, f.explained = end, false // a new date: what explained the old one is past
			}
		case eventv1.ActKind_ACT_KIND_IMPLEMENTED:
			f.done, f.at = true, a.At
		case eventv1.ActKind_ACT_KIND_IMPLEMENTATION_REFUSED:
			f.refused = true
		case eventv1.ActKind_ACT_KIND_IMPLEMENTATION_EXPLAINED:
			f.explained = true
		}
	}
	return f
}
