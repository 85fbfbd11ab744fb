// Package decision decides decisions: a question is posed, a charter written, voting opened, ballots cast, the vote closed, and what
// became of it recorded.
//
//	posed ──WriteCharter──► posed ──OpenVoting──► open ──CloseVoting──► closed ──RecordAct──► closed
//	(BeginRound, AmendProposal)                   (charter and electorate frozen; by consent: BeginRound, AmendProposal)
//	any of them ──StrikeDecision──► struck ──PoseDecision──► posed
//
// While voting is open an objection can be recorded, and until then the question can be put off; every other act comes after the close. A
// decision by consent has rounds: rounds.go. The charter is in charter.go, the vote in voting.go, what may become of a decision in acts.go, how a
// count is explained in count.go.
//
// Invariants. The charter cannot change once voting has opened (INV-11). A ballot counts once, the last one of a participant (INV-08),
// and never after the close (INV-09). There is exactly one outcome, a function of the frozen charter, the electorate and the ballots
// (INV-10, INV-13). A wrong record is corrected by DecisionCorrected, which voids what was and is followed by what is; nothing is edited.
//
// Which role somebody had is not decided here: see package role. Power is in package power; the reduction of a charter to a simple game
// is in game.go.
package decision

import (
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"tavolo/pkg/decider"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// Phase is where a decision stands in its life.
type Phase int

// The phases, in order.
const (
	Unknown Phase = iota // never posed
	Posed                // question known, charter may still change
	Open                 // votes are being cast
	Closed               // there is an outcome
	Struck               // taken out of the record
)

// State is a decision as its events tell it. Its owner may change it only through Evolve.
type State struct {
	Phase    Phase
	Item     string
	Question decider.Words
	PosedAt  time.Time
	PosedSeq uint64
	// FirstSeq is the first time the question was posed; a correction does not move it.
	FirstSeq   uint64
	Charter    *eventv1.Charter
	CharterSeq uint64
	// Ratifier says in words who the authority is that ratifies.
	Ratifier decider.Words
	// Planned is the electorate foreseen by the charter, for everyone to see before the vote.
	Planned []*eventv1.Elector
	// Proposal is the text to be decided as it stands, without words when the question is all; Amendments are how it changed, oldest first.
	Proposal   decider.Words
	Amendments []Amendment
	// Round is the step of a decision by consent that was begun last; ConsentRound counts how often everyone was asked, 0 before the vote.
	Round        eventv1.Round
	ConsentRound int
	// Reworded: the text was amended after everyone was asked, and they were not asked anew yet.
	Reworded bool
	Electors []*eventv1.Elector
	// AtOpening is the electorate with the presence of the opening; Electors has that of this moment.
	AtOpening []*eventv1.Elector
	OpenedAt  time.Time
	OpenedSeq uint64
	// ShortAtOpening: fewer were there when voting opened than the quorum asks for. Quorum is read then and at the close; the lower counts.
	ShortAtOpening bool
	ClosesAt       time.Time
	Ballots        map[string]Ballot
	Advice         map[string]Ballot
	Secret         *eventv1.TallyReported
	SecretSeq      uint64
	Claimed        eventv1.Outcome
	ClaimedSeq     uint64
	Outcome        eventv1.Outcome
	OutcomeReason  eventv1.OutcomeReason
	Tally          *eventv1.Tally
	ClosedAt       time.Time
	ClosedSeq      uint64
	Acts           []Act
	// Disputed: somebody contests the minutes and it is not settled yet; DisputedSeq proves it, DisputedBy says who, Dispute what is wrong.
	Disputed    bool
	DisputedSeq uint64
	DisputedBy  string
	Dispute     decider.Words
	// Settled are the disputes that were settled, oldest first.
	Settled     []Dispute
	Corrections int
}

// Dispute is one about the minutes of a decision that was settled: who contested what, and how it was settled.
type Dispute struct {
	By, SettledBy string
	Text, How     decider.Words
	At            time.Time
}

// Ballot is what somebody chose, or advised, and which commit proves it.
type Ballot struct {
	Choice    eventv1.Choice
	EnteredBy string
	Seq       uint64
	// Acts is how many acts had been recorded when it was cast: only a later one can settle the objection that it is.
	Acts int
}

// Clone copies the state so that a trial fold leaves the original alone.
func (s *State) Clone() *State {
	c := *s
	c.Ballots, c.Advice = cloneMap(s.Ballots), cloneMap(s.Advice)
	c.Acts, c.Amendments = slices.Clone(s.Acts), slices.Clone(s.Amendments)
	c.Electors = slices.Clone(s.Electors)
	return &c
}

func cloneMap(m map[string]Ballot) map[string]Ballot {
	if m == nil {
		return nil
	}
	c := make(map[string]Ballot, len(m))
	for k, v := range m {
		c[k] = v
	}
	return c
}

// Capacity is what the initiative's roll says of somebody.
type Capacity struct {
	Constituency         string
	EmployedByDepartment bool
}

// Roll looks a participant up in the initiative's roll.
type Roll func(participant string) (Capacity, bool)

// Decide says which events a command makes of a state, or refuses it. It changes nothing. now is when the command is being decided: a
// command that says when it happened in the room (occurred_at) is dated then.
func Decide(s *State, cmd *commandv1.Command, roll Roll, now time.Time) ([]*eventv1.Event, error) {
	at := cmd.OccurredAt
	if at == nil {
		at = timestamppb.New(now)
	}
	event := func(fact proto.Message) []*eventv1.Event {
		return []*eventv1.Event{eventv1.NewEvent(at, fact)}
	}
	switch c := cmd.Of.(type) {
	case *commandv1.Command_PoseDecision:
		if s.Phase != Unknown && s.Phase != Struck {
			return nil, decider.Refuse("decision/already-posed", "decision", c.PoseDecision.Decision)
		}
		return event(&eventv1.DecisionPosed{Item: c.PoseDecision.Item, Question: c.PoseDecision.Question.GetSealed()}), nil
	case *commandv1.Command_CorrectDecision:
		return correct(s, c.CorrectDecision, roll, now, event)
	}
	if s.Phase == Unknown || s.Phase == Struck {
		return nil, decider.Refuse("decision/unknown")
	}
	switch c := cmd.Of.(type) {
	case *commandv1.Command_WriteCharter:
		return writeCharter(s, c.WriteCharter, roll, at.AsTime(), event)
	case *commandv1.Command_BeginRound:
		return beginRound(s, c.BeginRound, at, event)
	case *commandv1.Command_AmendProposal:
		return amendProposal(s, c.AmendProposal, roll, at)
	case *commandv1.Command_OpenVoting:
		return openVoting(s, c.OpenVoting, roll, at.AsTime(), event)
	case *commandv1.Command_NotePresence:
		if s.Phase != Open {
			return nil, decider.Refuse("decision/not-open")
		}
		if s.Standing(c.NotePresence.Participant) == nil {
			return nil, decider.Refuse("decision/not-in-electorate", "participant", c.NotePresence.Participant)
		}
		return event(&eventv1.PresenceNoted{Participant: c.NotePresence.Participant, Present: c.NotePresence.Present}), nil
	case *commandv1.Command_CastBallots:
		return castBallots(s, c.CastBallots, cmd.Actor, roll, at)
	case *commandv1.Command_GiveAdvice:
		return giveAdvice(s, c.GiveAdvice, cmd.Actor, at)
	case *commandv1.Command_ReportTally:
		return reportTally(s, c.ReportTally, event)
	case *commandv1.Command_ClaimConsensus:
		if s.Phase != Open {
			return nil, decider.Refuse("decision/not-open")
		}
		if o := c.ClaimConsensus.Outcome; o != eventv1.Outcome_OUTCOME_ADOPTED && o != eventv1.Outcome_OUTCOME_REJECTED {
			return nil, decider.Refuse("decision/claim-without-outcome")
		}
		return event(&eventv1.ConsensusClaimed{Outcome: c.ClaimConsensus.Outcome}), nil
	case *commandv1.Command_CloseVoting:
		return closeVoting(s, cmd.Actor, at)
	case *commandv1.Command_RecordAct:
		return recordAct(s, c.RecordAct, cmd.Actor, roll, event)
	case *commandv1.Command_StrikeDecision:
		if c.StrikeDecision.Reason.GetSealed() == nil {
			return nil, decider.Refuse("decision/reason-missing")
		}
		return event(&eventv1.DecisionStruck{Reason: c.StrikeDecision.Reason.GetSealed()}), nil
	case *commandv1.Command_ContestMinutes:
		if s.Phase != Closed {
			return nil, decider.Refuse("decision/not-closed")
		}
		if s.Disputed {
			return nil, decider.Refuse("decision/already-contested")
		}
		if _, known := roll(c.ContestMinutes.By); !known {
			return nil, decider.Refuse("decision/not-enrolled", "participant", c.ContestMinutes.By)
		}
		return event(&eventv1.MinutesContested{By: c.ContestMinutes.By, Text: c.ContestMinutes.Text.GetSealed()}), nil
	case *commandv1.Command_SettleDispute:
		if !s.Disputed {
			return nil, decider.Refuse("decision/not-contested")
		}
		if err := enrolled(roll, c.SettleDispute.By); err != nil {
			return nil, err
		}
		return event(&eventv1.DisputeSettled{By: c.SettleDispute.By, Text: c.SettleDispute.Text.GetSealed()}), nil
	}
	return nil, decider.Refuse("decision/not-its-command")
}

// enrolled refuses somebody whom the roll does not know; nobody is fine.
func enrolled(roll Roll, participant string) error {
	if participant == "" {
		return nil
	}
	if _, known := roll(participant); !known {
		return decider.Refuse("decision/not-enrolled", "participant", participant)
	}
	return nil
}

// correct voids the record and decides the steps on an empty one, all in one commit.
func correct(s *State, c *commandv1.CorrectDecision, roll Roll, now time.Time, event func(proto.Message) []*eventv1.Event) ([]*eventv1.Event, error) {
	if s.Phase == Unknown {
		return nil, decider.Refuse("decision/unknown")
	}
	if len(c.Steps) == 0 {
		return nil, decider.Refuse("decision/correction-empty")
	}
	events := event(&eventv1.DecisionCorrected{Reason: c.Reason.GetSealed()})
	trial := &State{}
	for _, step := range c.Steps {
		if step.GetCorrectDecision() != nil || step.GetStrikeDecision() != nil {
			return nil, decider.Refuse("decision/not-its-command")
		}
		more, err := Decide(trial, step, roll, now)
		if err != nil {
			return nil, err
		}
		for _, e := range more {
			Evolve(trial, decider.Fact{Event: e})
		}
		events = append(events, more...)
	}
	return events, nil
}

// Evolve folds one event into the state.
func Evolve(s *State, f decider.Fact) {
	at := f.Event.OccurredAt.AsTime()
	switch e := f.Event.Fact.(type) {
	case *eventv1.Event_DecisionPosed:
		s.Phase, s.Item, s.Question, s.PosedAt, s.PosedSeq = Posed, e.DecisionPosed.Item, f.Words("question", e.DecisionPosed.Question), at, f.Seq
		if s.FirstSeq == 0 {
			s.FirstSeq = f.Seq
		}
	case *eventv1.Event_CharterWritten:
		s.Charter, s.CharterSeq, s.Planned = e.CharterWritten.Charter, f.Seq, e.CharterWritten.Electors
		s.Ratifier = decider.Words{}
		if r := e.CharterWritten.Ratifier; r != nil {
			s.Ratifier = f.Words("ratifier", r)
		}
		if !byObjection(s.Charter.GetRule()) {
			s.Round = eventv1.Round_ROUND_UNSPECIFIED
		}
	case *eventv1.Event_RoundBegun:
		s.begin(e.RoundBegun.Round, at)
	case *eventv1.Event_ProposalAmended:
		s.amend(e.ProposalAmended, f)
	case *eventv1.Event_VotingOpened:
		// A copy of the lines: presence changes them here, and what the log holds must not change with it.
		s.Phase, s.Electors, s.OpenedAt, s.OpenedSeq = Open, slices.Clone(e.VotingOpened.Electors), at, f.Seq
		s.AtOpening = e.VotingOpened.Electors
		s.ShortAtOpening = !s.Poll().Quorate(nil)
		if byObjection(s.Charter.GetRule()) {
			s.Round, s.ConsentRound = eventv1.Round_ROUND_CONSENT, 1
		}
		if e.VotingOpened.ClosesAt != nil {
			s.ClosesAt = e.VotingOpened.ClosesAt.AsTime()
		}
	case *eventv1.Event_PresenceNoted:
		for i, x := range s.Electors {
			if x.Participant == e.PresenceNoted.Participant {
				moved := proto.CloneOf(x)
				moved.Present = e.PresenceNoted.Present
				s.Electors[i] = moved
			}
		}
	case *eventv1.Event_BallotCast:
		if s.Ballots == nil {
			s.Ballots = map[string]Ballot{}
		}
		s.Ballots[e.BallotCast.Participant] = Ballot{e.BallotCast.Choice, e.BallotCast.EnteredBy, f.Seq, len(s.Acts)}
	case *eventv1.Event_AdviceGiven:
		if s.Advice == nil {
			s.Advice = map[string]Ballot{}
		}
		s.Advice[e.AdviceGiven.Participant] = Ballot{Choice: e.AdviceGiven.Advice, Seq: f.Seq}
	case *eventv1.Event_TallyReported:
		s.Secret, s.SecretSeq = e.TallyReported, f.Seq
	case *eventv1.Event_ConsensusClaimed:
		s.Claimed, s.ClaimedSeq = e.ConsensusClaimed.Outcome, f.Seq
	case *eventv1.Event_VotingClosed:
		s.Phase, s.Outcome, s.OutcomeReason, s.Tally = Closed, e.VotingClosed.Outcome, e.VotingClosed.Reason, e.VotingClosed.Tally
		s.ClosedAt, s.ClosedSeq = at, f.Seq
	case *eventv1.Event_ActRecorded:
		s.Acts = append(s.Acts, Act{e.ActRecorded, at, f.Words("reason", e.ActRecorded.Reason), f.Seq, len(s.Acts), s.ConsentRound, s.Phase == Closed})
	case *eventv1.Event_DecisionCorrected:
		*s = State{Corrections: s.Corrections + 1, FirstSeq: s.FirstSeq}
	case *eventv1.Event_DecisionStruck:
		*s = State{Phase: Struck, Corrections: s.Corrections, FirstSeq: s.FirstSeq}
	case *eventv1.Event_MinutesContested:
		s.Disputed, s.DisputedSeq, s.DisputedBy, s.Dispute = true, f.Seq, e.MinutesContested.By, f.Words("text", e.MinutesContested.Text)
	case *eventv1.Event_DisputeSettled:
		s.Settled = append(s.Settled, Dispute{By: s.DisputedBy, Text: s.Dispute, SettledBy: e.DisputeSettled.By, How: f.Words("text", e.DisputeSettled.Text), At: at})
		s.Disputed, s.DisputedSeq, s.DisputedBy, s.Dispute = false, 0, "", decider.Words{}
	}
}

// Poll lays the frozen rule over the frozen electorate.
func (s *State) Poll() *Poll {
	p := NewPoll(s.Charter.GetRule(), s.Electors)
	p.quorate = p.quorate && !s.ShortAtOpening
	return p
}

// ID joins initiative, session and a decision's own id.
func ID(initiative, session, own string) string { return initiative + ":" + session + ":" + own }

// Split takes a decision's id apart: the id of its initiative, of its session (joined with the initiative's) and its own.
func Split(id string) (initiative, session, own string) {
	i := strings.IndexByte(id, ':')
	j := strings.LastIndexByte(id, ':')
	if i < 0 || j <= i {
		return "", "", id
	}
	return id[:i], id[:j], id[j+1:]
}

// Standing gives the line of the electorate of a participant, or nil.
func (s *State) Standing(participant string) *eventv1.Elector {
	for _, e := range s.Electors {
		if e.Participant == participant {
			return e
		}
	}
	return nil
}
