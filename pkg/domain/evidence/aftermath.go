package evidence

import (
	"cmp"
	"slices"
	"time"

	"tavolo/pkg/domain/decision"
	"tavolo/pkg/domain/item"
	"tavolo/pkg/domain/session"
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

// Responsiveness follows the advice and the proposals that users gave in a period, as far as they were answered by an instant.
func (r *Reading) Responsiveness(view string, from, to, asOf time.Time) Responsiveness {
	var out Responsiveness
	var days []float64
	for _, a := range r.advice {
		if !a.users.of(view) || !within(a.At, from, to) {
			continue
		}
		switch {
		case a.answered:
			out.Answered.count(true)
			days = append(days, a.after.Hours()/24)
			switch a.reply {
			case eventv1.Reply_REPLY_ACCEPTED:
				out.Adopted++
			case eventv1.Reply_REPLY_PARTLY:
				out.Partly++
			case eventv1.Reply_REPLY_REFUSED:
				out.Refused++
			}
		case asOf.Sub(a.At) <= AnswerWithin:
			out.Pending++
		default:
			out.Answered.count(false)
			out.Unanswered = append(out.Unanswered, a.Advice)
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
func isUser(view string, s *session.State, participant string) bool {
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
func (r *Reading) Changes(view string, from, to time.Time) Changes {
	var out Changes
	for _, d := range r.decisions {
		if !d.adopted || !within(d.at, from, to) {
			continue
		}
		traced := d.users.of(view).traced
		out.Traced.count(traced)
		if traced {
			out.Decisions = append(out.Decisions, d.id)
		}
		if d.amended {
			out.Amended++
		}
	}
	return out
}

// byUser: the amendment takes up what a user said of the item in the session, or meets a user's objection.
func byUser(view string, i *item.State, s *session.State, in string, a decision.Amendment) bool {
	if a.Objector != "" && isUser(view, s, a.Objector) {
		return true
	}
	return a.TakesUp != 0 && i != nil && slices.ContainsFunc(i.In(in), func(c item.Contribution) bool {
		return c.Number == a.TakesUp && isUser(view, s, c.By)
	})
}

// Implementation is what became of what was adopted.
type Implementation struct {
	// Done among those that are due by the instant of the record or were carried out or refused before; Pending are due later.
	Done    Share
	Pending int
	// Refused formally, Explained late with an explanation, Overdue late without one: full ids.
	Refused, Explained, Overdue []string
	// MedianDelay in days after the last day, of those carried out that had one (WithDate); not late counts as 0.
	MedianDelay float64
	WithDate    int
}

// Implementation follows the decisions adopted in a period that have a date or an end, up to an instant.
func (r *Reading) Implementation(from, to, asOf time.Time) Implementation {
	var out Implementation
	var delays []float64
	for _, d := range r.decisions {
		if !d.adopted || !within(d.at, from, to) {
			continue
		}
		fate := d.fate
		switch {
		case fate.done:
			out.Done.count(true)
			if !fate.due.IsZero() {
				delays = append(delays, max(fate.at.Sub(fate.due).Hours()/24, 0))
			}
		case fate.refused:
			out.Done.count(false)
			out.Refused = append(out.Refused, d.id)
		case fate.due.IsZero():
		case asOf.Before(fate.due):
			out.Pending++
		case fate.explained:
			out.Done.count(false)
			out.Explained = append(out.Explained, d.id)
		default:
			out.Done.count(false)
			out.Overdue = append(out.Overdue, d.id)
		}
	}
	out.MedianDelay, out.WithDate = median(delays), len(delays)
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
