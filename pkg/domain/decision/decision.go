// Package decision decides decisions: a question is posed, a charter written, voting opened, ballots cast, the vote closed, and what
// became of it recorded.
//
//	posed ──WriteCharter──► posed ──OpenVoting──► open ──CloseVoting──► closed ──RecordAct──► closed
//	(BeginRound, AmendProposal)                   (charter and electorate frozen; by consent: BeginRound, AmendProposal)
//	any of them ──StrikeDecision──► struck ──PoseDecision──► posed
//
// While voting is open an objection can be recorded, and until then the question can be put off; every other act comes after the close. A
// decision by consent has rounds: rounds.go. What may become of a decision is in acts.go, how a count is explained in count.go.
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
	Corrections int
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

func writeCharter(s *State, c *commandv1.WriteCharter, roll Roll, at time.Time, event func(proto.Message) []*eventv1.Event) ([]*eventv1.Event, error) {
	if s.Phase != Posed {
		return nil, decider.Refuse("decision/charter-frozen")
	}
	charter := proto.CloneOf(c.Charter)
	if err := checkRule(charter.GetRule()); err != nil {
		return nil, err
	}
	if err := checkSecret(charter); err != nil {
		return nil, err
	}
	for _, id := range []string{charter.GetPrecommittedBy(), charter.GetImplementer()} {
		if err := enrolled(roll, id); err != nil {
			return nil, err
		}
	}
	if err := checkDue(charter.GetDue(), at); charter.GetDue() != "" && err != nil {
		return nil, err
	}
	planned, err := electorate(charter, c.Electors, roll)
	if err != nil {
		return nil, err
	}
	if c.Ratifier != nil && !ratified(charter) {
		return nil, decider.Refuse("decision/ratifier-without-ratification")
	}
	return event(&eventv1.CharterWritten{Charter: charter, Electors: planned, Ratifier: c.Ratifier.GetSealed()}), nil
}

// ratified reports whether an authority outside the electorate still has to act.
func ratified(c *eventv1.Charter) bool {
	return c.GetRatification() == eventv1.Ratification_RATIFICATION_LEGALITY || c.GetRatification() == eventv1.Ratification_RATIFICATION_MERIT
}

// electorate gives a copy of these lines with the capacities of the roll, or refuses them: the same before the vote and when it opens, so that a
// charter that could never be opened is not written. Nobody is fine before the vote.
func electorate(c *eventv1.Charter, lines []*eventv1.Elector, roll Roll) ([]*eventv1.Elector, error) {
	if len(lines) == 0 {
		return nil, nil
	}
	electors := make([]*eventv1.Elector, len(lines))
	for i, e := range lines {
		electors[i] = proto.CloneOf(e)
	}
	if err := checkElectors(electors, roll); err != nil {
		return nil, err
	}
	if err := checkFulfillable(c.GetRule(), electors); err != nil {
		return nil, err
	}
	return electors, checkSecretElectors(c, electors)
}

// openVoting freezes charter and electorate: the one that is stated, otherwise the one foreseen.
func openVoting(s *State, c *commandv1.OpenVoting, roll Roll, at time.Time, event func(proto.Message) []*eventv1.Event) ([]*eventv1.Event, error) {
	if s.Phase != Posed {
		return nil, decider.Refuse("decision/already-opened")
	}
	if due := s.Charter.GetDue(); due != "" {
		if err := checkDue(due, at); err != nil { // it may have passed since the charter was written
			return nil, err
		}
	}
	lines := c.Electors
	if len(lines) == 0 {
		lines = s.Planned
	}
	electors, err := electorate(s.Charter, lines, roll)
	if err != nil {
		return nil, err
	}
	if len(electors) == 0 {
		if err := checkFulfillable(s.Charter.GetRule(), nil); err != nil {
			return nil, err
		}
	}
	return event(&eventv1.VotingOpened{Electors: electors, ClosesAt: c.ClosesAt}), nil
}

// closeVoting counts. What was adopted and is to be carried out by a day is due from then on.
func closeVoting(s *State, actor *eventv1.Actor, at *timestamppb.Timestamp) ([]*eventv1.Event, error) {
	switch {
	case s.Phase == Closed:
		return nil, nil // closing a closed vote is ok and changes nothing: clerk and facilitator may both do it
	case s.Phase != Open:
		return nil, decider.Refuse("decision/not-open")
	case s.Reworded:
		return nil, decider.Refuse("decision/amended-since-asked")
	}
	r := s.count()
	byDeadline := actor.GetCapacity() == eventv1.Capacity_CAPACITY_CLERK
	events := []*eventv1.Event{eventv1.NewEvent(at, &eventv1.VotingClosed{Outcome: r.Outcome, Reason: r.Reason, Tally: r.Tally.message(), ByDeadline: byDeadline})}
	if c := s.Charter; r.Outcome == eventv1.Outcome_OUTCOME_ADOPTED && c.GetDue() != "" {
		events = append(events, eventv1.NewEvent(at, &eventv1.ActRecorded{Kind: eventv1.ActKind_ACT_KIND_IMPLEMENTATION_DUE, Owner: c.Implementer, Due: c.Due}))
	}
	return events, nil
}

// voter refuses whoever may not cast a ballot in this vote now.
func (s *State) voter(participant string) error {
	e := s.Standing(participant)
	switch {
	case e == nil:
		return decider.Refuse("decision/not-in-electorate", "participant", participant)
	case !Binding(e.Standing):
		return decider.Refuse("decision/no-vote", "participant", participant)
	case e.Recused:
		return decider.Refuse("decision/recused", "participant", participant)
	case !e.Present && e.Proxy == nil:
		return decider.Refuse("decision/absent", "participant", participant)
	case !represented(s.Electors, e):
		return decider.Refuse("decision/proxy-holder-left", "participant", participant)
	}
	return nil
}

func castBallots(s *State, c *commandv1.CastBallots, actor *eventv1.Actor, roll Roll, at *timestamppb.Timestamp) ([]*eventv1.Event, error) {
	if s.Phase != Open {
		return nil, decider.Refuse("decision/not-open")
	}
	if s.Reworded {
		return nil, decider.Refuse("decision/amended-since-asked")
	}
	if s.Charter.GetSecret() {
		return nil, decider.Refuse("decision/ballots-are-secret")
	}
	if !s.ClosesAt.IsZero() && at.AsTime().After(s.ClosesAt) {
		return nil, decider.Refuse("decision/too-late")
	}
	if len(c.Ballots) == 0 {
		return nil, decider.Refuse("decision/no-ballot")
	}
	var events []*eventv1.Event
	for _, b := range c.Ballots {
		if b.Choice == eventv1.Choice_CHOICE_UNSPECIFIED {
			return nil, decider.Refuse("decision/ballot-without-choice", "participant", b.Participant)
		}
		if err := s.voter(b.Participant); err != nil {
			return nil, err
		}
		if who, seated := participant(actor); seated && !s.castsFor(who, b.Participant) {
			return nil, decider.Refuse("decision/not-your-ballot")
		}
		if err := enrolled(roll, b.EnteredBy); err != nil {
			return nil, err
		}
		events = append(events, eventv1.NewEvent(at, proto.CloneOf(b)))
	}
	return events, nil
}

// castsFor reports whether somebody casts this ballot: their own, or by proxy.
func (s *State) castsFor(who, whose string) bool {
	return who != "" && (who == whose || s.Standing(whose).GetProxy().GetTo() == who)
}

// participant gives who asks when somebody does who sits at the table and runs nothing: they speak for themselves alone.
func participant(actor *eventv1.Actor) (who string, seated bool) {
	return actor.GetParticipant(), actor.GetCapacity() == eventv1.Capacity_CAPACITY_PARTICIPANT
}

func giveAdvice(s *State, c *commandv1.GiveAdvice, actor *eventv1.Actor, at *timestamppb.Timestamp) ([]*eventv1.Event, error) {
	if s.Phase != Open {
		return nil, decider.Refuse("decision/not-open")
	}
	if len(c.Advice) == 0 {
		return nil, decider.Refuse("decision/no-ballot")
	}
	var events []*eventv1.Event
	for _, a := range c.Advice {
		e := s.Standing(a.Participant)
		if e == nil {
			return nil, decider.Refuse("decision/not-in-electorate", "participant", a.Participant)
		}
		if e.Standing != eventv1.Standing_STANDING_CONSULTED {
			return nil, decider.Refuse("decision/not-asked", "participant", a.Participant)
		}
		if who, seated := participant(actor); seated && a.Participant != who {
			return nil, decider.Refuse("decision/not-your-ballot")
		}
		if a.Advice == eventv1.Choice_CHOICE_UNSPECIFIED {
			return nil, decider.Refuse("decision/ballot-without-choice", "participant", a.Participant)
		}
		events = append(events, eventv1.NewEvent(at, proto.CloneOf(a)))
	}
	return events, nil
}

func reportTally(s *State, c *commandv1.ReportTally, event func(proto.Message) []*eventv1.Event) ([]*eventv1.Event, error) {
	switch {
	case s.Phase != Open:
		return nil, decider.Refuse("decision/not-open")
	case !s.Charter.GetSecret():
		return nil, decider.Refuse("decision/ballots-are-open")
	case s.Secret != nil:
		return nil, decider.Refuse("decision/already-counted")
	}
	t := &eventv1.TallyReported{Total: &eventv1.Tally{}}
	proto.Merge(t, c.Tally)
	weight, byConstituency := uint64(0), map[string]uint64{}
	seen := map[string]bool{}
	for _, id := range t.GetTookPart() {
		if err := s.voter(id); err != nil {
			return nil, err
		}
		if seen[id] {
			return nil, decider.Refuse("decision/elector-twice", "participant", id)
		}
		seen[id] = true
		e := s.Standing(id)
		weight += e.Weight
		byConstituency[e.Constituency] += e.Weight
	}
	if !within(t.Total, weight) {
		return nil, decider.Refuse("decision/more-ballots-than-voters")
	}
	for code, part := range t.GetByConstituency() {
		if !within(part, byConstituency[code]) {
			return nil, decider.Refuse("decision/more-ballots-than-voters", "constituency", code)
		}
	}
	if s.Charter.Rule.GetMethod() == eventv1.Method_METHOD_CONSTITUENCIES {
		for _, rule := range s.Charter.Rule.Constituencies {
			for _, code := range rule.Of {
				if t.ByConstituency[code] == nil && byConstituency[code] > 0 {
					return nil, decider.Refuse("decision/tally-of-constituency-missing", "constituency", code)
				}
			}
		}
	}
	if !partsFit(t, byConstituency) {
		return nil, decider.Refuse("decision/tally-parts-differ")
	}
	return event(t), nil
}

// partsFit: the totals of the constituencies stay within the whole, and make it up when those of all that took part are stated.
func partsFit(t *eventv1.TallyReported, tookPart map[string]uint64) bool {
	if len(t.ByConstituency) == 0 {
		return true
	}
	complete := true
	for code := range tookPart {
		complete = complete && t.ByConstituency[code] != nil
	}
	parts := Tally{}
	for _, part := range t.ByConstituency {
		parts = Tally{parts.For + part.For, parts.Against + part.Against, parts.Abstain + part.Abstain}
	}
	whole := Tally{t.Total.For, t.Total.Against, t.Total.Abstain}
	if complete {
		return parts == whole
	}
	return parts.For <= whole.For && parts.Against <= whole.Against && parts.Abstain <= whole.Abstain
}

// within reports whether a tally holds no more votes than there were, without overflow.
func within(t *eventv1.Tally, weight uint64) bool {
	return t.For <= weight && t.Against <= weight-t.For && t.Abstain <= weight-t.For-t.Against
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
		s.Disputed, s.DisputedSeq, s.DisputedBy, s.Dispute = false, 0, "", decider.Words{}
	}
}

// Poll lays the frozen rule over the frozen electorate.
func (s *State) Poll() *Poll {
	p := NewPoll(s.Charter.GetRule(), s.Electors)
	p.quorate = p.quorate && !s.ShortAtOpening
	return p
}

// count computes the outcome of what was recorded so far.
func (s *State) count() Result {
	p := s.Poll()
	deferred := slices.ContainsFunc(s.Acts, func(a Act) bool { return a.Kind == eventv1.ActKind_ACT_KIND_DEFERRED })
	var r Result
	switch {
	case s.Secret != nil:
		r = p.OutcomeOfTotals(s.Secret)
	default:
		r = p.Outcome(func(i int) eventv1.Choice { return s.Choice(p.Voters[i].Participant) })
		if s.Claimed != eventv1.Outcome_OUTCOME_UNSPECIFIED && s.Charter.GetRule() != nil && p.quorate && r.Outcome == eventv1.Outcome_OUTCOME_NO_DECISION {
			r.Outcome, r.Reason = s.Claimed, eventv1.OutcomeReason_OUTCOME_REASON_CLAIMED
		}
	}
	if deferred {
		r.Outcome, r.Reason = eventv1.Outcome_OUTCOME_NO_DECISION, eventv1.OutcomeReason_OUTCOME_REASON_UNSPECIFIED
	}
	return r
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

// MayVote reports whether a ballot of this participant would be taken at this moment.
func (s *State) MayVote(participant string, now time.Time) bool {
	late := !s.ClosesAt.IsZero() && now.After(s.ClosesAt)
	return s.Phase == Open && !s.Charter.GetSecret() && !s.Reworded && !late && s.voter(participant) == nil
}

// Awaited are the voters who may cast an open ballot and have cast none, in the order of the electorate. Whether the deadline has passed is not
// looked at.
func (s *State) Awaited() []string {
	var who []string
	for _, e := range s.Electors {
		if _, cast := s.Ballots[e.Participant]; !cast && s.MayVote(e.Participant, time.Time{}) {
			who = append(who, e.Participant)
		}
	}
	return who
}
