package decision_test

import (
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"tavolo/pkg/decider"
	"tavolo/pkg/decider/decidertest"
	"tavolo/pkg/domain/decision"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// The words that the scenarios of this package are written in.

const (
	none      = eventv1.Choice_CHOICE_UNSPECIFIED
	yes       = eventv1.Choice_CHOICE_FOR
	no        = eventv1.Choice_CHOICE_AGAINST
	abstain   = eventv1.Choice_CHOICE_ABSTAIN
	adopted   = eventv1.Outcome_OUTCOME_ADOPTED
	rejected  = eventv1.Outcome_OUTCOME_REJECTED
	undecided = eventv1.Outcome_OUTCOME_NO_DECISION

	majority       = eventv1.Method_METHOD_MAJORITY
	unanimity      = eventv1.Method_METHOD_UNANIMITY
	consent        = eventv1.Method_METHOD_CONSENT
	consensus      = eventv1.Method_METHOD_CONSENSUS
	constituencies = eventv1.Method_METHOD_CONSTITUENCIES
	sole           = eventv1.Method_METHOD_SOLE

	cast    = eventv1.Base_BASE_CAST
	present = eventv1.Base_BASE_PRESENT
	members = eventv1.Base_BASE_MEMBERS

	statusQuo = eventv1.Tie_TIE_STATUS_QUO
	chair     = eventv1.Tie_TIE_CHAIR
	deferred  = eventv1.Tie_TIE_DEFER

	informed   = eventv1.Standing_STANDING_INFORMED
	consulted  = eventv1.Standing_STANDING_CONSULTED
	binding    = eventv1.Standing_STANDING_BINDING_VOTE
	vetoing    = eventv1.Standing_STANDING_VETO
	delegated  = eventv1.Standing_STANDING_DELEGATED
	consenting = eventv1.Standing_STANDING_CONSENT
)

// roll knows everyone at this table; x9 is a stranger.
func roll(participant string) (decision.Capacity, bool) {
	if participant == "s1" {
		return decision.Capacity{Constituency: "psw", EmployedByDepartment: true}, true
	}
	if participant == "" {
		return decision.Capacity{}, false
	}
	code, ok := map[byte]string{'u': "user", 'f': "family", 'p': "professional", 'd': "director"}[participant[0]]
	return decision.Capacity{Constituency: code}, ok
}

var rules = decidertest.Rules[decision.State]{
	Decide: func(s *decision.State, cmd *commandv1.Command) ([]*eventv1.Event, error) {
		return decision.Decide(s, cmd, roll, decidertest.Now)
	},
	Evolve: decision.Evolve,
}

// given begins with a question put.
func given(t *testing.T, facts ...proto.Message) decidertest.Scenario[decision.State] {
	t.Helper()
	return decidertest.For(t, rules).Given(posed).Given(facts...)
}

var (
	sealed = &eventv1.Sealed{KeyId: []byte("key"), Version: 1, Ciphertext: []byte("words")}
	words  = &commandv1.Text{Form: &commandv1.Text_Sealed{Sealed: sealed}}
	pose   = &commandv1.PoseDecision{Decision: "a:s:d", Item: "a:i", Question: words}
	posed  = &eventv1.DecisionPosed{Item: "a:i", Question: sealed}
	end    = &commandv1.CloseVoting{}
)

// charter writes down a rule.
func charter(r *eventv1.Rule) *eventv1.CharterWritten {
	return &eventv1.CharterWritten{Charter: &eventv1.Charter{Rule: r}}
}

func secretly(r *eventv1.Rule) *eventv1.CharterWritten {
	return &eventv1.CharterWritten{Charter: &eventv1.Charter{Rule: r, Secret: true}}
}

func write(r *eventv1.Rule) *commandv1.WriteCharter {
	return &commandv1.WriteCharter{Charter: &eventv1.Charter{Rule: r}}
}

// who is a voter who is in the room, changed as told.
func who(id string, change ...func(*eventv1.Elector)) *eventv1.Elector {
	e := &eventv1.Elector{Participant: id, Standing: binding, Weight: 1, Present: true}
	c, _ := roll(id)
	e.Constituency, e.EmployedByDepartment = c.Constituency, c.EmployedByDepartment
	for _, f := range change {
		f(e)
	}
	return e
}

func with(s eventv1.Standing) func(*eventv1.Elector) {
	return func(e *eventv1.Elector) { e.Standing = s }
}
func weighing(w uint64) func(*eventv1.Elector) { return func(e *eventv1.Elector) { e.Weight = w } }
func away(e *eventv1.Elector)                  { e.Present = false }
func recused(e *eventv1.Elector)               { e.Recused = true }
func proxyTo(id string) func(*eventv1.Elector) {
	holder, _ := roll(id) // the roll fills in for whom the holder sits
	return func(e *eventv1.Elector) { e.Proxy = &eventv1.Proxy{To: id, Constituency: holder.Constituency} }
}

func all(ids ...string) []*eventv1.Elector {
	var electors []*eventv1.Elector
	for _, id := range ids {
		electors = append(electors, who(id))
	}
	return electors
}

func open(electors ...*eventv1.Elector) *eventv1.VotingOpened {
	return &eventv1.VotingOpened{Electors: electors}
}

func openWith(electors ...*eventv1.Elector) *commandv1.OpenVoting {
	return &commandv1.OpenVoting{Electors: electors}
}

func ballot(id string, c eventv1.Choice) *eventv1.BallotCast {
	return &eventv1.BallotCast{Participant: id, Choice: c}
}

func castFor(ballots ...*eventv1.BallotCast) *commandv1.CastBallots {
	return &commandv1.CastBallots{Ballots: ballots}
}

func closedWith(o eventv1.Outcome, why eventv1.OutcomeReason, tally ...uint64) *eventv1.VotingClosed {
	t := &eventv1.Tally{}
	for i, into := range []*uint64{&t.For, &t.Against, &t.Abstain} {
		if i < len(tally) {
			*into = tally[i]
		}
	}
	return &eventv1.VotingClosed{Outcome: o, Reason: why, Tally: t}
}

// closed is an adoption.
var closed = closedWith(adopted, 0, 1)

func act(kind eventv1.ActKind) *eventv1.ActRecorded { return &eventv1.ActRecorded{Kind: kind} }

func record(a *eventv1.ActRecorded) *commandv1.RecordAct { return &commandv1.RecordAct{Act: a} }

func votesFor(n uint64) *eventv1.Threshold {
	return &eventv1.Threshold{Of: &eventv1.Threshold_Votes{Votes: n}}
}

func share(a, b uint32) *eventv1.Threshold {
	return &eventv1.Threshold{Of: &eventv1.Threshold_Fraction{Fraction: &eventv1.Fraction{Numerator: a, Denominator: b}}}
}

var simple = &eventv1.Rule{Method: majority}

func later(d time.Duration, fact proto.Message) *eventv1.Event {
	return decidertest.At(decidertest.Now.Add(d), fact)
}

func fact(e *eventv1.Event) decider.Fact { return decider.Fact{Event: e} }
