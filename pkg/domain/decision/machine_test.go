package decision_test

import (
	"fmt"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"tavolo/pkg/decider"
	"tavolo/pkg/decider/decidertest"
	"tavolo/pkg/domain/decision"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// One decision under any sequence of commands, beside a model that knows only the invariants (reliability.md):
//
//	INV-08  a ballot counts once, the last one of a participant
//	INV-09  a vote after the close is refused and never counted; an accepted one always is
//	INV-10  the tally is the fold of the ballots, and there is exactly one close
//	INV-11  rule, quorum and roll are frozen once voting is open
//	INV-12  who may not vote does not vote
//	INV-13  the order of the ballots is irrelevant, and so is replaying them
//
// Nonsense of every kind is thrown at it in package aggregate.

// machine is the decision and what the model remembers of it.
type machine struct {
	state    *decision.State
	log      [][]byte // the bytes of every commit
	phase    decision.Phase
	charter  *eventv1.Charter
	atOpen   []*eventv1.Elector // with the presence of the opening
	now      []*eventv1.Elector // with the presence of this moment
	ballots  map[string]eventv1.Choice
	settled  map[string]bool // objections no longer standing, until their next ballot
	raised   map[string]bool // objections raised in words and not answered
	objected bool            // an act about an objection in this round
	reworded bool
	asked    int // consent rounds
	putOff   bool
	closes   int
	outcome  eventv1.Outcome
	disputed bool
}

// void forgets what was recorded, as a correction does.
func (m *machine) void(phase decision.Phase) {
	*m = machine{state: m.state, log: m.log, phase: phase, ballots: map[string]eventv1.Choice{}, settled: map[string]bool{}, raised: map[string]bool{}}
}

// ask decides a command and folds what it gives, from its bytes. It reports whether it was accepted.
func (m *machine) ask(t *rapid.T, body proto.Message) bool {
	cmd := decidertest.Command(body)
	before := m.replay(t)
	events, err := decision.Decide(m.state, cmd, roll, decidertest.Now)
	if diff := decidertest.Differ(before, m.state); diff != "" {
		t.Fatalf("Decide changed the state, or the fold is not that of the bytes:\n%s", diff)
	}
	if err != nil {
		if decider.CodeOf(err) == "" || len(events) > 0 {
			t.Fatalf("refused with %v, and gives %v", err, events)
		}
		return false
	}
	if len(events) == 0 {
		return true
	}
	raw, err := proto.Marshal(&eventv1.Commit{Version: uint64(len(m.log) + 1), Events: events})
	if err != nil {
		t.Fatal(err)
	}
	m.log = append(m.log, raw)
	fold(t, m.state, raw, len(m.log))
	return true
}

func fold(t *rapid.T, s *decision.State, raw []byte, seq int) {
	c := &eventv1.Commit{}
	if err := proto.Unmarshal(raw, c); err != nil {
		t.Fatal(err)
	}
	for _, e := range c.Events {
		decision.Evolve(s, decider.Fact{Seq: uint64(seq), Commit: fmt.Sprint("c", seq), Event: e})
	}
}

func (m *machine) replay(t *rapid.T) *decision.State {
	s := &decision.State{}
	for i, raw := range m.log {
		fold(t, s, raw, i+1)
	}
	return s
}

// want compares an answer with what the model expects.
func want(t *rapid.T, what string, got, want bool) {
	if got != want {
		t.Fatalf("%s accepted: %v, the model says %v", what, got, want)
	}
}

func (m *machine) pose(t *rapid.T) {
	if ok := m.ask(t, pose); ok {
		want(t, "a question", true, m.phase == decision.Unknown || m.phase == decision.Struck)
		m.void(decision.Posed)
	} else {
		want(t, "a question", false, m.phase == decision.Unknown || m.phase == decision.Struck)
	}
}

// write writes a charter for a table of ten, of whom some will be the electorate.
func (m *machine) write(t *rapid.T) {
	c := &eventv1.Charter{Secret: rapid.SampledFrom([]bool{false, false, false, false, false, false, true}).Draw(t, "secret")}
	switch rapid.SampledFrom([]string{"any", "any", "any", "simple", "simple", "consent", "consent", "consent", "none"}).Draw(t, "rule") {
	case "any":
		c.Rule = ruleFor(t, table(t))
		c.Rule.Veto, c.Rule.RequiresFor = nil, nil
	case "simple":
		c.Rule = simple
	case "consent":
		c.Rule = byConsent
	}
	ok := m.ask(t, &commandv1.WriteCharter{Charter: c})
	want(t, "a charter", ok, m.phase == decision.Posed && !(c.Secret && c.Rule.GetMethod() == sole))
	if ok {
		m.charter = c
	}
}

// table is three users, a family member and two professionals.
func table(t *rapid.T) []*eventv1.Elector {
	electors := all("u1", "u2", "u3", "f1", "p1", "p2")
	if rapid.Bool().Draw(t, "weighted") {
		for _, e := range electors {
			e.Weight = rapid.Uint64Range(1, 3).Draw(t, "weight")
		}
	}
	return electors
}

func (m *machine) open(t *rapid.T) {
	if m.phase == decision.Posed && m.charter == nil && rapid.Bool().Draw(t, "first a charter") {
		m.write(t)
	}
	electors := table(t)
	for _, e := range electors {
		switch rapid.SampledFrom([]string{"", "", "", "", "", "", "away", "advises", "recused"}).Draw(t, "trouble") {
		case "away":
			e.Present = false
		case "advises":
			e.Standing = consulted
		case "recused":
			e.Recused = true
		}
	}
	if !m.ask(t, openWith(electors...)) {
		return // the rule may be out of reach of these electors; TestARuleThatNobodyCouldEverFulfilIsRefused says when
	}
	want(t, "an opening", true, m.phase == decision.Posed)
	m.phase = decision.Open
	m.asked = b2i(m.byObjection())
	for _, e := range electors {
		m.atOpen, m.now = append(m.atOpen, proto.CloneOf(e)), append(m.now, proto.CloneOf(e))
	}
}

// mayVote is INV-12.
func (m *machine) mayVote(id string) bool {
	for _, e := range m.now {
		if e.Participant == id {
			return decision.Binding(e.Standing) && !e.Recused && e.Present
		}
	}
	return false
}

func (m *machine) cast(t *rapid.T) {
	c, fine := castFor(), true
	for range rapid.SampledFrom([]int{1, 1, 1, 2, 4}).Draw(t, "ballots") {
		b := ballot(rapid.SampledFrom([]string{"u1", "u2", "u3", "f1", "p1", "p2", "u1", "u2", "u3", "f1", "p1", "p2", "u9"}).Draw(t, "whose"), rapid.SampledFrom([]eventv1.Choice{yes, no, abstain}).Draw(t, "choice"))
		c.Ballots = append(c.Ballots, b)
		fine = fine && m.mayVote(b.Participant)
	}
	ok := m.ask(t, c)
	want(t, "ballots", ok, m.phase == decision.Open && !m.charter.GetSecret() && !m.reworded && fine)
	if ok {
		for _, b := range c.Ballots {
			m.ballots[b.Participant] = b.Choice
			delete(m.settled, b.Participant)
			delete(m.raised, b.Participant)
		}
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (m *machine) byObjection() bool {
	return m.charter.GetRule().GetMethod() == consent || m.charter.GetRule().GetMethod() == consensus
}

// objections says whether some stand, and whether there were any in this round.
func (m *machine) objections() (stand, were bool) {
	were = m.objected
	for _, e := range m.now {
		if id := e.Participant; decision.Binding(e.Standing) && !e.Recused {
			stand = stand || m.ballots[id] == no && !m.settled[id] || m.raised[id]
			were = were || m.ballots[id] == no
		}
	}
	return stand, were
}

func (m *machine) round(t *rapid.T) {
	r := rapid.SampledFrom([]eventv1.Round{toPresent, toClarify, toReact, toAmend, toAmend, toConsent, toConsent, toConsent, toConsent}).Draw(t, "round")
	stand, were := m.objections()
	ok := m.ask(t, begin(r))
	may := m.phase == decision.Posed && r != toConsent
	if m.phase == decision.Open {
		may = r == toAmend && were || r == toConsent && (m.reworded || !stand)
	}
	want(t, "a round", ok, m.byObjection() && may)
	if ok && r == toConsent {
		m.asked++
		m.ballots, m.settled, m.raised, m.objected, m.reworded = map[string]eventv1.Choice{}, map[string]bool{}, map[string]bool{}, false, false
	}
}

func (m *machine) amend(t *rapid.T) {
	whose := rapid.SampledFrom([]string{"", "u1", "p1", "p2"}).Draw(t, "objector")
	_, were := m.objections()
	settles := m.phase == decision.Open && m.byObjection() && (m.ballots[whose] == no && !m.settled[whose] || m.raised[whose] && m.votes(whose))
	ok := m.ask(t, &commandv1.AmendProposal{Text: words, Objector: whose})
	want(t, "an amendment", ok, m.phase == decision.Posed || m.phase == decision.Open && m.byObjection() && were)
	if !ok {
		return
	}
	m.reworded = m.phase == decision.Open
	if settles {
		m.settled[whose], m.raised[whose], m.objected = true, false, true
	}
}

func (m *machine) votes(id string) bool {
	return slices.ContainsFunc(m.now, func(e *eventv1.Elector) bool {
		return e.Participant == id && decision.Binding(e.Standing) && !e.Recused
	})
}

func (m *machine) move(t *rapid.T) {
	p := &commandv1.NotePresence{Participant: rapid.SampledFrom([]string{"u1", "u2", "p1", "u9"}).Draw(t, "who"), Present: rapid.Bool().Draw(t, "present")}
	ok := m.ask(t, p)
	want(t, "a presence", ok, m.phase == decision.Open && p.Participant != "u9")
	if ok {
		for _, e := range m.now {
			if e.Participant == p.Participant {
				e.Present = p.Present
			}
		}
	}
}

func (m *machine) act(t *rapid.T) {
	a := &eventv1.ActRecorded{Kind: rapid.SampledFrom([]eventv1.ActKind{putOff, raised, raised, integrated, takenBack, dismissed, integrated, takenBack, dismissed, finalAct, reversed, done}).Draw(t, "kind"), By: "d1", Objector: rapid.SampledFrom([]string{"u1", "p1"}).Draw(t, "objector")}
	objection := a.Kind == raised || a.Kind == integrated || a.Kind == takenBack || a.Kind == dismissed
	ok := m.ask(t, record(a))
	exists := m.phase == decision.Posed || m.phase == decision.Open || m.phase == decision.Closed
	want(t, "an act", ok, exists && (a.Kind == putOff || objection && m.phase != decision.Posed || m.phase == decision.Closed))
	if ok && m.phase != decision.Closed {
		m.putOff = m.putOff || a.Kind == putOff
		if objection {
			m.settled[a.Objector] = m.settled[a.Objector] || a.Kind != raised
			m.raised[a.Objector] = a.Kind == raised
			m.objected = true
		}
	}
}

func (m *machine) close(t *rapid.T) {
	before := m.state.Clone()
	ok := m.ask(t, end)
	want(t, "a close", ok, m.phase == decision.Open && !m.reworded || m.phase == decision.Closed)
	if !ok || m.phase == decision.Closed {
		return
	}
	m.phase = decision.Closed
	m.closes++
	m.outcome = m.counted()
	m.reorder(t, before)
}

// counted is the outcome by the naive count.
func (m *machine) counted() eventv1.Outcome {
	standing := map[string]eventv1.Choice{}
	for id, c := range m.ballots {
		if standing[id] = c; c == no && m.settled[id] && m.byObjection() {
			standing[id] = abstain
		}
	}
	atOpen, now := count{m.charter.GetRule(), m.atOpen, standing}, count{m.charter.GetRule(), m.now, standing}
	if m.putOff || !atOpen.quorum() {
		return undecided
	}
	return now.outcome()
}

// reorder casts the same last ballots in another order, with earlier ones of the same people thrown in, and closes.
func (m *machine) reorder(t *rapid.T, before *decision.State) {
	var ids []string
	for _, e := range m.now {
		if m.ballots[e.Participant] != none {
			ids = append(ids, e.Participant)
		}
	}
	cast := before.Ballots
	before.Ballots = nil
	for _, id := range rapid.Permutation(ids).Draw(t, "order") {
		decision.Evolve(before, decider.Fact{Event: later(0, ballot(id, rapid.SampledFrom([]eventv1.Choice{yes, no, abstain}).Draw(t, "earlier")))})
		decision.Evolve(before, decider.Fact{Event: later(0, ballot(id, m.ballots[id]))})
		b := before.Ballots[id]
		b.Acts = cast[id].Acts // what came after a ballot still does
		before.Ballots[id] = b
	}
	events, err := decision.Decide(before, decidertest.Command(end), roll, decidertest.Now)
	if err != nil || len(events) != 1 {
		t.Fatalf("closing again: %v, %v", events, err)
	}
	c := &eventv1.Commit{}
	if err := proto.Unmarshal(m.log[len(m.log)-1], c); err != nil {
		t.Fatal(err)
	}
	if diff := decidertest.Differ(c.Events, events); diff != "" {
		t.Fatalf("the same ballots in another order close otherwise:\n%s", diff)
	}
}

func (m *machine) contest(t *rapid.T) {
	ok := m.ask(t, &commandv1.ContestMinutes{By: "u1"})
	want(t, "a contest", ok, m.phase == decision.Closed && !m.disputed)
	m.disputed = m.disputed || ok
}

func (m *machine) settle(t *rapid.T) {
	ok := m.ask(t, &commandv1.SettleDispute{By: "p1"})
	want(t, "a settlement", ok, m.disputed)
	m.disputed = m.disputed && !ok
}

func (m *machine) strike(t *rapid.T) {
	ok := m.ask(t, &commandv1.StrikeDecision{Reason: words})
	want(t, "a strike", ok, m.phase != decision.Unknown && m.phase != decision.Struck)
	if ok {
		m.void(decision.Struck)
	}
}

// correct puts the question again and, perhaps, votes again in the same commit.
func (m *machine) correct(t *rapid.T) {
	steps := []*commandv1.Command{decidertest.Command(pose)}
	whole := rapid.Bool().Draw(t, "whole")
	if whole {
		steps = append(steps, decidertest.Command(write(simple)), decidertest.Command(openWith(all("u1", "p1")...)),
			decidertest.Command(castFor(ballot("u1", yes), ballot("p1", no), ballot("p1", yes))), decidertest.Command(end))
	}
	was := m.state.Corrections
	ok := m.ask(t, &commandv1.CorrectDecision{Steps: steps})
	want(t, "a correction", ok, m.phase != decision.Unknown)
	if !ok {
		return
	}
	if m.state.Corrections != was+1 {
		t.Fatalf("%d corrections after %d", m.state.Corrections, was)
	}
	m.void(decision.Posed)
	if whole {
		m.phase, m.closes, m.outcome, m.charter = decision.Closed, 1, adopted, charter(simple).Charter
		m.atOpen, m.now = all("u1", "p1"), all("u1", "p1")
		m.ballots = map[string]eventv1.Choice{"u1": yes, "p1": yes}
	}
}

// check holds the fold to the model.
func (m *machine) check(t *rapid.T) {
	s := m.state
	if s.Phase != m.phase || s.Disputed != m.disputed {
		t.Fatalf("phase %v, disputed %v; the model says %v, %v", s.Phase, s.Disputed, m.phase, m.disputed)
	}
	if !proto.Equal(s.Charter, m.charter) && !(m.charter == nil && s.Charter == nil) {
		t.Fatalf("the charter is %v, the model says %v", s.Charter, m.charter)
	}
	if s.ConsentRound != m.asked || s.Reworded != m.reworded {
		t.Fatalf("consent round %d, reworded %v; the model says %d, %v", s.ConsentRound, s.Reworded, m.asked, m.reworded)
	}
	if len(s.Ballots) != len(m.ballots) {
		t.Fatalf("ballots %v, the model says %v", s.Ballots, m.ballots)
	}
	for id, c := range m.ballots {
		if s.Ballots[id].Choice != c {
			t.Fatalf("ballots %v, the model says %v", s.Ballots, m.ballots)
		}
	}
	if !slices.EqualFunc(m.now, s.Electors, func(a, b *eventv1.Elector) bool { return proto.Equal(a, b) }) {
		t.Fatalf("the electorate is %v, the model says %v", s.Electors, m.now)
	}
	if (s.Phase == decision.Closed) != (m.closes == 1) || s.Outcome != m.outcome {
		t.Fatalf("%d closes, outcome %v; the model says %v", m.closes, s.Outcome, m.outcome)
	}
}

func TestADecisionKeepsItsPromisesUnderAnySequenceOfCommands(t *testing.T) {
	closed := map[eventv1.Outcome]int{}
	many(t, 2, func(t *rapid.T) {
		m := &machine{state: &decision.State{}}
		m.void(decision.Unknown)
		t.Repeat(map[string]func(*rapid.T){
			"": m.check, "pose": m.pose, "write": m.write, "open": m.open, "cast": m.cast, "cast more": m.cast, "cast again": m.cast, "cast on": m.cast, "move": m.move, "round": m.round,
			"close": func(t *rapid.T) {
				m.close(t)
				closed[m.outcome]++
			},
			"something else": func(t *rapid.T) {
				rapid.SampledFrom([]func(*rapid.T){m.contest, m.contest, m.settle, m.settle, m.pose, m.pose, m.write, m.act, m.act, m.act, m.act, m.amend, m.amend, m.strike, m.correct}).Draw(t, "what")(t)
			},
		})
	})
	for _, o := range []eventv1.Outcome{adopted, rejected, undecided} {
		if closed[o] < 5 {
			t.Errorf("only %d votes ended with %v: they prove too little", closed[o], o)
		}
	}
}

func TestConsentKeepsItsPromisesInAnyOrderOfRounds(t *testing.T) {
	anew, closed := 0, map[eventv1.Outcome]int{}
	rapid.Check(t, func(t *rapid.T) {
		m := &machine{state: &decision.State{}}
		m.void(decision.Unknown)
		m.pose(t)
		m.charter = &eventv1.Charter{Rule: &eventv1.Rule{Method: rapid.SampledFrom([]eventv1.Method{consent, consensus}).Draw(t, "method")}}
		electors := all("u1", "u2", "p1")
		if !m.ask(t, &commandv1.WriteCharter{Charter: m.charter}) || !m.ask(t, openWith(electors...)) {
			t.Fatal("a vote by consent does not open")
		}
		m.phase, m.asked, m.atOpen, m.now = decision.Open, 1, all("u1", "u2", "p1"), electors
		everyone := func(t *rapid.T) {
			for _, e := range m.now {
				if m.phase == decision.Open && !m.reworded && m.mayVote(e.Participant) {
					b := ballot(e.Participant, rapid.SampledFrom([]eventv1.Choice{yes, yes, yes, no, abstain}).Draw(t, "choice"))
					want(t, "a ballot", m.ask(t, castFor(b)), true)
					m.ballots[b.Participant] = b.Choice
					delete(m.settled, b.Participant)
					delete(m.raised, b.Participant)
				}
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"": m.check, "everyone answers": everyone, "cast": m.cast, "act": m.act, "amend": m.amend, "move": m.move,
			"round": func(t *rapid.T) {
				was := m.asked
				m.round(t)
				anew += b2i(m.asked > was)
			},
			"close": func(t *rapid.T) {
				if rapid.IntRange(0, 5).Draw(t, "now") == 0 {
					everyone(t)
					m.close(t)
					closed[m.outcome]++
				}
			},
		})
	})
	if anew < 30 || closed[adopted] < 3 || closed[rejected] < 3 {
		t.Errorf("asked anew %d times, closed %v: they prove too little", anew, closed)
	}
}
