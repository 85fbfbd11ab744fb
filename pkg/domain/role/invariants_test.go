package role_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	"tavolo/pkg/decider/decidertest"
	"tavolo/pkg/domain/role"
	"tavolo/pkg/minutes"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// The invariants of roles.md, (a) to (g), over random minutes.

// many runs a property so many times as often as rapid would: each run is short, and what it looks for is rare.
func many(t *testing.T, times int, property func(t *rapid.T)) {
	for range times {
		rapid.Check(t, property)
	}
}

// label is what a judgement says apart from its figures.
func label(j role.Judgement) string {
	return fmt.Sprintf("%s R%d %s, at the decision %s", j.Role, j.Rule, j.Reason, j.RoleAtDecision)
}

// whole is everything that a judgement says.
func whole(j role.Judgement) string {
	return fmt.Sprint(label(j), " power ", j.Power, " ", j.Shapley, " pivotal ", j.Pivotal, " ", j.Flags, " ", j.Evidence)
}

// alike wants the same of everyone, said by told; other maps whom to look up in the second case.
func alike(t *rapid.T, why string, one, two map[string]role.Judgement, told func(role.Judgement) string, who func(string) string) {
	t.Helper()
	for name, j := range one {
		o, ok := two[who(name)]
		if !ok || told(j) != told(o) {
			t.Fatalf("%s: %s was %s, %s is %s", why, name, told(j), who(name), told(o))
		}
	}
}

func same(name string) string { return name }

// (a)
func TestARoleIsAFunctionOfTheEventsAndTheRules(t *testing.T) {
	many(t, 8, func(t *rapid.T) {
		x := record(t, file(t))
		one := x.asOf(recordedAt)["d1"]
		first := judged(one)
		alike(t, "judged again", first, judged(one), whole, same)
		alike(t, "folded again from the bytes", first, judged(x.asOf(recordedAt)["d1"]), whole, same)
		for i := range x.log { // as an archive would give them back: decoded and encoded once more
			raw, err := proto.Marshal(x.commit(i))
			if err != nil {
				t.Fatal(err)
			}
			x.log[i].raw = raw
		}
		alike(t, "decoded and encoded once more", first, judged(x.asOf(recordedAt)["d1"]), whole, same)
	})
}

// (b)
func TestWhatHappensLaterChangesNoRoleOfThen(t *testing.T) {
	later := 0
	many(t, 8, func(t *rapid.T) {
		x := record(t, file(t))
		then := closed.AddDate(0, 0, rapid.SampledFrom([]int{0, 5, 15, 30}).Draw(t, "then"))
		before := judged(x.asOf(then)["d1"])
		after := func(body proto.Message) {
			cmd := decidertest.Command(body)
			cmd.OccurredAt = timestamppb.New(then.Add(time.Duration(rapid.SampledFrom([]int{1, 48, 2000}).Draw(t, "hours")) * time.Hour))
			_ = x.do(cmd) // what is refused has no effect either
		}
		after(&commandv1.RecordAct{Workspace: "dsm", Decision: d1, Act: &eventv1.ActRecorded{Kind: rapid.SampledFrom([]eventv1.ActKind{
			eventv1.ActKind_ACT_KIND_REVERSED, eventv1.ActKind_ACT_KIND_FINAL_ACT, eventv1.ActKind_ACT_KIND_IMPLEMENTATION_REFUSED, eventv1.ActKind_ACT_KIND_DEFERRED, eventv1.ActKind_ACT_KIND_OBJECTION_DISMISSED,
		}).Draw(t, "act"), By: "dir", Objector: "v0"}})
		after(&commandv1.RecordContributions{Workspace: "dsm", Item: "csm:i1", Session: "csm:s1", Contributions: []*commandv1.Contribution{{By: "v0", Kind: eventv1.ContributionKind_CONTRIBUTION_KIND_ADVICE}, {By: "dir", Kind: eventv1.ContributionKind_CONTRIBUTION_KIND_STATEMENT, Answers: 1, Reply: eventv1.Reply_REPLY_ACCEPTED}}})
		after(&commandv1.DeclareCapacity{Workspace: "dsm", Initiative: "csm", Participant: "v0", Constituency: "institution"})
		after(&commandv1.DescribeItem{Workspace: "dsm", Item: "csm:i1", ProposedBy: "v1"})
		after(&commandv1.SeatParticipants{Workspace: "dsm", Session: "csm:s1", Seats: []*eventv1.ParticipantSeated{{Participant: "dir"}}})
		after(&commandv1.ContestMinutes{Workspace: "dsm", Decision: d1, By: "v0"})
		alike(t, "what came later", before, judged(x.asOf(then)["d1"]), whole, same)
		if now := judged(x.asOf(then.AddDate(1, 0, 0))["d1"]); label(now["v0"]) != label(before["v0"]) {
			later++
		}
	})
	if later == 0 {
		t.Error("nothing that came later ever mattered: this proves nothing")
	}
}

// (c) Nobody's place in a list matters, and two people of one constituency can change places.
func TestVotersOfAConstituencyCanChangePlaces(t *testing.T) {
	many(t, 8, func(t *rapid.T) {
		f := file(t)
		before := judged(caseOf(t, f))
		turned := changed(f, func(f *minutes.File, d *minutes.Decision) {
			f.Participants = rapid.Permutation(f.Participants).Draw(t, "participants")
			d.Electorate = rapid.Permutation(d.Electorate).Draw(t, "electorate")
		})
		unflagged := func(j role.Judgement) string { j.Flags = slices.Sorted(slices.Values(j.Flags)); return whole(j) }
		alike(t, "in another order", before, judged(caseOf(t, turned)), unflagged, same)
		a, b := rapid.SampledFrom(f.Participants).Draw(t, "one"), rapid.SampledFrom(f.Participants).Draw(t, "other")
		if a.Constituency != b.Constituency || a.EmployedByDepartment != b.EmployedByDepartment {
			return
		}
		swap := func(id string) string {
			switch id {
			case a.ID:
				return b.ID
			case b.ID:
				return a.ID
			}
			return id
		}
		alike(t, "changed places", before, judged(caseOf(t, renamed(f, swap))), unflagged, swap)
	})
}

// renamed gives everyone in the decision another name; who sits where stays.
func renamed(f *minutes.File, to func(string) string) *minutes.File {
	all := func(ids []string) []string {
		var out []string
		for _, id := range ids {
			out = append(out, to(id))
		}
		return out
	}
	return changed(f, func(f *minutes.File, d *minutes.Decision) {
		f.Items[0].ProposedBy = to(f.Items[0].ProposedBy)
		for i := range f.Items[0].Contributions {
			f.Items[0].Contributions[i].By = to(f.Items[0].Contributions[i].By)
		}
		for i, e := range d.Electorate {
			d.Electorate[i].Participant = to(e.Participant)
			if e.Proxy != nil {
				d.Electorate[i].Proxy = &minutes.Proxy{To: to(e.Proxy.To), Instructed: e.Proxy.Instructed}
			}
		}
		for i, act := range d.Acts {
			d.Acts[i].By, d.Acts[i].Objector, d.Acts[i].Owner = to(act.By), to(act.Objector), to(act.Owner)
		}
		if d.Charter != nil && d.Charter.Rule != nil {
			c, r := *d.Charter, *d.Charter.Rule
			c.PrecommittedBy = to(c.PrecommittedBy)
			r.Chair, r.Holder, r.Veto, r.RequiresFor = to(r.Chair), to(r.Holder), all(r.Veto), all(r.RequiresFor)
			c.Rule = &r
			d.Charter = &c
		}
	})
}

// flipped turns some ballots for into ballots against and the reverse. Those who vote as one, by a mandate that was kept or a free proxy,
// turn together: whether they were one is part of the record, and a mandate that breaks is another one.
func flipped(t *rapid.T, f *minutes.File) *minutes.File {
	turn, bloc := map[string]bool{}, func(e *minutes.Elector) string {
		switch {
		case e.Proxy != nil && !e.Proxy.Instructed || e.Participant == "v0" || e.Mandate == "m1" || e.Mandate == "m2":
			return "one"
		}
		return e.Participant
	}
	return changed(f, func(_ *minutes.File, d *minutes.Decision) {
		for i := range d.Electorate {
			e := &d.Electorate[i]
			if _, asked := turn[bloc(e)]; !asked {
				turn[bloc(e)] = rapid.Bool().Draw(t, "turn")
			}
			if turn[bloc(e)] {
				e.Ballot = map[minutes.Choice]minutes.Choice{minutes.ChoiceFor: minutes.ChoiceAgainst, minutes.ChoiceAgainst: minutes.ChoiceFor, minutes.ChoiceAbstain: minutes.ChoiceAbstain}[e.Ballot]
			}
		}
	})
}

// (d)
func TestWhoAgreedWithTheOutcomeMattersOnlyThroughTheOutcome(t *testing.T) {
	compared := 0
	many(t, 8, func(t *rapid.T) {
		f := file(t)
		one, two := caseOf(t, f), caseOf(t, flipped(t, f))
		if one.Decision.Outcome != two.Decision.Outcome {
			return
		}
		alike(t, "other people agreed", judged(one), judged(two), label, same)
		compared++
	})
	if compared < 100 {
		t.Errorf("only %d were compared", compared)
	}
}

// (f2)
func TestTheDirectionOfABallotGivesNoRole(t *testing.T) {
	turned := 0
	many(t, 8, func(t *rapid.T) {
		f := file(t)
		one, two := caseOf(t, f), caseOf(t, flipped(t, f))
		if one.Decision.Outcome != two.Decision.Outcome {
			turned++
		}
		two.Decision.Outcome, two.Decision.OutcomeReason = one.Decision.Outcome, one.Decision.OutcomeReason
		alike(t, "the same outcome by other ballots", judged(one), judged(two), label, same)
	})
	if turned < 50 {
		t.Errorf("only %d outcomes would have turned: this proves little", turned)
	}
}

// (e)
func TestAGroupIsDecisiveOnlyThroughAMemberWhoUsedABindingStanding(t *testing.T) {
	decisive := 0
	many(t, 8, func(t *rapid.T) {
		f := file(t)
		c := caseOf(t, f)
		d := f.Items[0].Decisions[0]
		used := map[string]bool{}
		for _, e := range d.Electorate {
			binding := e.Standing != minutes.StandingConsulted && e.Standing != minutes.StandingInformed && e.Standing != minutes.StandingNone && !e.Recused
			objected := slices.ContainsFunc(d.Acts, func(a minutes.Act) bool { return a.Objector == e.Participant })
			used[e.Participant] = binding && (e.Ballot != "" || e.Cast || objected)
		}
		by := judged(c)
		for _, p := range c.Parties() {
			if by[p.Who].Role != role.Decisive {
				continue
			}
			decisive++
			if !slices.ContainsFunc(p.Members, func(id string) bool { return used[id] }) {
				t.Fatalf("%s is decisive by nobody's vote: %s", p.Who, label(by[p.Who]))
			}
		}
	})
	if decisive < 500 {
		t.Errorf("only %d were decisive", decisive)
	}
}

// (f) Whoever has neither power under the rule nor among those who took part could not have changed the outcome.
func TestWhoHasNoPowerWasNotPivotal(t *testing.T) {
	met := map[string]int{}
	many(t, 40, func(t *rapid.T) {
		f := file(t)
		t.Log(minutesOf(f))
		if !monotone(f.Items[0].Decisions[0].Charter) {
			return
		}
		for _, j := range judged(caseOf(t, f)) {
			if j.Power == nil {
				continue
			}
			switch {
			case j.Reason == role.TokenVote:
				met["token"]++
				if j.Power.Sign() != 0 || j.Pivotal == role.IsPivotal || !slices.Contains(j.Flags, "zero_power") {
					t.Fatalf("%s has a token vote: %s", j.Who, whole(j))
				}
			case j.Rule > 8 && j.Power.Sign() == 0:
				met["by participation"]++
				if !slices.Contains(j.Flags, "power_by_participation") {
					t.Fatalf("%s has no power and is not told so: %s", j.Who, whole(j))
				}
			case j.Rule > 8 && slices.Contains(j.Flags, "power_by_participation"):
				t.Fatalf("%s has power and is told that others left it: %s", j.Who, whole(j))
			}
		}
	})
	if met["token"] < 50 || met["by participation"] < 10 {
		t.Errorf("%v: this proves little", met)
	}
}

// monotone: (f) and (g) hold for rules with two outcomes under which a no never does less against a proposal than staying out would. A tie that
// is put off is a third outcome, and power is about adoption only. Where the base is those present or the members and an even split goes
// to the chair, an abstention spoils the tie that a no makes.
func monotone(c *minutes.Charter) bool {
	if c == nil || c.Rule.Tie == minutes.TieDefer {
		return c == nil
	}
	spoils := func(th minutes.Threshold, b minutes.Base) bool {
		return c.Rule.Tie == minutes.TieChair && th.Kind == minutes.ThresholdMajority && b != minutes.BaseCast
	}
	return !spoils(c.Rule.Threshold, c.Rule.Base) && !slices.ContainsFunc(c.Rule.Constituencies, func(r minutes.ConstituencyRule) bool { return spoils(r.Threshold, r.Base) })
}

// (g)
func TestTakingOutSomebodyWithoutPowerChangesNobodyElsesRole(t *testing.T) {
	taken := 0
	many(t, 40, func(t *rapid.T) {
		f := file(t)
		t.Log(minutesOf(f))
		c := caseOf(t, f)
		by := judged(c)
		d := f.Items[0].Decisions[0]
		var null []string
		for _, e := range d.Electorate {
			if by[e.Participant].Reason == role.TokenVote && alone(d, e) {
				null = append(null, e.Participant)
			}
		}
		if len(null) == 0 || len(null) == len(c.Decision.Poll().Voters) || !monotone(d.Charter) {
			return
		}
		out := rapid.SampledFrom(null).Draw(t, "out")
		c2 := record(t, f).asOf(recordedAt)["d1"]
		c2.Decision.Electors = slices.DeleteFunc(c2.Decision.Electors, func(e *eventv1.Elector) bool { return e.Participant == out })
		delete(c2.Decision.Ballots, out)
		rest := judged(c2)
		for _, p := range c.Parties() {
			if slices.Contains(p.Members, out) {
				continue
			}
			one, two := by[p.Who], rest[p.Who]
			if two.Reason == role.Unattributable { // only organisations are left, and what they are made of nobody knows
				continue
			}
			if slices.Contains(one.Flags, "power_by_participation") && abstained(c, p) {
				continue // asked what their votes would have been worth beside those cast, where whoever goes may not be null
			}
			if label(one) != label(two) || fmt.Sprint(one.Power) != fmt.Sprint(two.Power) {
				t.Fatalf("without %s, %s: %s, and with: %s", out, p.Who, whole(two), whole(one))
			}
		}
		taken++
	})
	if taken < 20 {
		t.Errorf("only %d were taken out", taken)
	}
}

func abstained(c *role.Case, p role.Party) bool {
	return slices.ContainsFunc(p.Members, func(id string) bool { return c.Decision.Ballots[id].Choice == eventv1.Choice_CHOICE_ABSTAIN })
}

// alone: nobody's proxy, mandate or rule speaks of this voter.
func alone(d minutes.Decision, e minutes.Elector) bool {
	r := d.Charter.Rule
	named := e.Participant == r.Chair || e.Participant == r.Holder || slices.Contains(r.Veto, e.Participant) || slices.Contains(r.RequiresFor, e.Participant)
	held := slices.ContainsFunc(d.Electorate, func(o minutes.Elector) bool { return o.Proxy != nil && o.Proxy.To == e.Participant })
	return !named && !held && e.Proxy == nil && e.Mandate == ""
}
