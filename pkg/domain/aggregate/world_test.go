package aggregate_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	"tavolo/pkg/decider"
	"tavolo/pkg/decider/decidertest"
	"tavolo/pkg/domain/aggregate"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// Any command whatever, sensible or nonsense, against every kind of aggregate in every phase. What must hold (reliability.md):
//
//	INV-06  no event outside the life cycle, every refusal typed
//	        Decide changes nothing and never panics; the state is the fold of the bytes

// lifeCycle says which events may follow in which phase, by kind. It is written from the package comments and from nothing else.
var lifeCycle = map[string]string{
	"workspace not founded": "workspace_founded",
	"workspace founded":     "workspace_described",
	"initiative not open":   "initiative_opened",
	"initiative open":       "initiative_described participant_enrolled capacity_declared participant_named consent_stated publication_set unlogged_decision_reported tutor_chosen",
	"session unknown":       "session_prepared",
	"session prepared":      "session_opened session_described participant_seated participant_left agenda_set session_corrected",
	"session open":          "session_closed session_described participant_seated participant_left agenda_set current_item_set session_paused session_resumed session_corrected",
	"session closed":        "minutes_approved session_corrected",
	"item unknown":          "item_proposed",
	"item proposed":         "item_admitted item_refused item_withdrawn item_described contribution_recorded contributions_corrected contribution_worded " + onTheTable + attached,
	"item admitted":         "item_withdrawn item_described contribution_recorded contributions_corrected contribution_worded " + onTheTable + attached,
	"item refused":          "item_admitted item_described contributions_corrected contribution_worded " + attached,
	"item withdrawn":        "item_described contributions_corrected contribution_worded " + attached,
	"decision unknown":      "decision_posed",
	"decision posed":        "charter_written round_begun proposal_amended voting_opened act_recorded decision_corrected decision_struck",
	"decision open":         "round_begun proposal_amended presence_noted ballot_cast advice_given tally_reported consensus_claimed voting_closed act_recorded decision_corrected decision_struck",
	"decision closed":       "act_recorded minutes_contested dispute_settled decision_corrected decision_struck",
	"decision struck":       "decision_posed decision_corrected",
}

// Who speaks and who asks to, only of an item that is discussed; documents, of any.
const (
	onTheTable = "hand_raised hand_lowered floor_given floor_returned "
	attached   = "attachment_linked attachment_removed"
)

func phase(a *aggregate.Aggregate) string {
	name := func(i int, names ...string) string { return string(a.Kind) + " " + names[i] }
	switch a.Kind {
	case aggregate.Workspace:
		return name(b2i(a.Workspace.Founded), "not founded", "founded")
	case aggregate.Initiative:
		return name(b2i(a.Initiative.Opened), "not open", "open")
	case aggregate.Session:
		return name(int(a.Session.Phase), "unknown", "prepared", "open", "closed")
	case aggregate.Item:
		return name(int(a.Item.Phase), "unknown", "proposed", "admitted", "refused", "withdrawn")
	default:
		return name(int(a.Decision.Phase), "unknown", "posed", "open", "closed", "struck")
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// pools are the words that fill text fields, by the field's name; the others are filled with people.
var pools = map[protoreflect.Name][]string{
	"workspace": {"dsm"}, "initiative": {"csm"}, "session": {"csm:s1", "csm:s1", "csm:s1", "csm:s9"}, "item": {"csm:i1", "csm:i1", "csm:i1", "csm:i9"},
	"items": {"csm:i1", "csm:i2"}, "decision": {"csm:s1:d1"}, "constituency": {"user", "professional", ""}, "of": {"user", "professional", ""},
	"due": {"2026-04-01", "", "soon"}, "mandate": {"", "", "m1"}, "region": {"Veneto"}, "holder": {"", "u1", "p1"}, "chair": {"", "u1"},
}

var people = []string{"u1", "u2", "p1", "u1", "u2", "p1", "u1", "u2", "p1", "x9", ""}

// numbers are drawn from evenly, unlike a range.
var numbers = []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}

// fill fills a message at random, deeper ones less.
func fill(t *rapid.T, m protoreflect.Message, depth int) {
	if at, ok := m.Interface().(*timestamppb.Timestamp); ok {
		at.Seconds = decidertest.Now.Add(time.Duration(rapid.IntRange(-2, 2).Draw(t, "hours")) * time.Hour).Unix()
		return
	}
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		if o := f.ContainingOneof(); o != nil && rapid.IntRange(0, o.Fields().Len()-1).Draw(t, "of") != f.Index()-o.Fields().Get(0).Index() {
			continue
		}
		switch {
		case f.IsMap():
			codes := m.Mutable(f).Map()
			for range rapid.IntRange(0, 2).Draw(t, "codes") {
				v := codes.NewValue()
				if f.MapValue().Kind() == protoreflect.MessageKind {
					fill(t, v.Message(), depth+1)
				} else {
					v = value(t, f.MapValue())
				}
				codes.Set(protoreflect.ValueOfString(rapid.SampledFrom([]string{"user", "professional"}).Draw(t, "code")).MapKey(), v)
			}
		case f.IsList() && depth < 3:
			list := m.Mutable(f).List()
			for range rapid.SampledFrom([]int{1, 1, 1, 0, 2, 3}).Draw(t, "length") {
				if f.Kind() == protoreflect.MessageKind {
					e := list.NewElement()
					element(t, e.Message(), depth)
					list.Append(e)
				} else {
					list.Append(value(t, f))
				}
			}
		case f.IsList():
		case f.Kind() == protoreflect.MessageKind:
			if depth < 6 && rapid.IntRange(0, 3).Draw(t, "present") > 0 {
				fill(t, m.Mutable(f).Message(), depth+1)
			}
		default:
			m.Set(f, value(t, f))
		}
	}
}

// element fills one message of a list; the steps of a correction are commands about decisions.
func element(t *rapid.T, m protoreflect.Message, depth int) {
	if step, ok := m.Interface().(*commandv1.Command); ok {
		proto.Merge(step, decisionCommand(t, depth+1))
		return
	}
	fill(t, m, depth+1)
}

func value(t *rapid.T, f protoreflect.FieldDescriptor) protoreflect.Value {
	switch f.Kind() {
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(rapid.IntRange(0, 3).Draw(t, "yes") > 0)
	case protoreflect.EnumKind:
		n := f.Enum().Values().Len()
		if rapid.SampledFrom([]int{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}).Draw(t, "odd") == 1 { // not stated, or beyond the list
			return protoreflect.ValueOfEnum(protoreflect.EnumNumber(rapid.SampledFrom([]int{0, n, -1}).Draw(t, "code")))
		}
		return protoreflect.ValueOfEnum(protoreflect.EnumNumber(rapid.SampledFrom(numbers[1:n]).Draw(t, "code")))
	case protoreflect.Uint32Kind:
		return protoreflect.ValueOfUint32(rapid.SampledFrom([]uint32{0, 0, 0, 0, 1, 1, 2, 3, 1 << 31}).Draw(t, "n"))
	case protoreflect.Uint64Kind:
		return protoreflect.ValueOfUint64(rapid.SampledFrom([]uint64{0, 0, 1, 1, 1, 2, 3, 1 << 32, 1 << 63}).Draw(t, "n"))
	case protoreflect.BytesKind:
		return protoreflect.ValueOfBytes([]byte("words"))
	default:
		pool, ok := pools[f.Name()]
		if !ok {
			pool = people
		}
		return protoreflect.ValueOfString(rapid.SampledFrom(pool).Draw(t, string(f.Name())))
	}
}

var of = (&commandv1.Command{}).ProtoReflect().Descriptor().Oneofs().ByName("of").Fields()

// command draws any command of the kinds whose name holds a word.
func command(t *rapid.T, about string, depth int) *commandv1.Command {
	kinds := map[string]protoreflect.FieldDescriptor{}
	for i := range of.Len() {
		if name := string(of.Get(i).Name()); strings.Contains(string(of.Get(i).Message().Fields().ByNumber(2).Name())+" "+name, about) {
			kinds[name] = of.Get(i)
		}
	}
	cmd := &commandv1.Command{}
	if rapid.Bool().Draw(t, "dated") {
		cmd.OccurredAt = timestamppb.New(decidertest.Now.Add(time.Duration(rapid.IntRange(-2, 2).Draw(t, "hours")) * time.Hour))
	}
	f := kinds[rapid.SampledFrom(slices.Sorted(maps.Keys(kinds))).Draw(t, "command")]
	fill(t, cmd.ProtoReflect().Mutable(f).Message(), depth)
	return cmd
}

func decisionCommand(t *rapid.T, depth int) *commandv1.Command { return command(t, "decision", depth) }

// code is the form of a refusal.
var code = regexp.MustCompile(`^[a-z]+/[a-z][a-z-]+$`)

// check decides and records one command and holds it to the invariants.
func (x *table) check(t *rapid.T, cmd *commandv1.Command) {
	kept := proto.CloneOf(cmd)
	_, target, _ := aggregate.Of(cmd)
	var before *aggregate.Aggregate
	if target.Kind != "" {
		a, _ := x.load(target)
		before = a.Clone()
	}
	key, events, err := x.decide(cmd)
	if !proto.Equal(kept, cmd) {
		t.Fatalf("Decide changed the command %v", cmd)
	}
	if before != nil {
		if diff := decidertest.Differ(before, x.all[target]); diff != "" {
			t.Fatalf("%v\nDecide changed the state:\n%s", cmd, diff)
		}
	}
	if err != nil {
		if !code.MatchString(decider.CodeOf(err)) || len(events) > 0 {
			t.Fatalf("%v\nrefused with %v, and gives %v", cmd, err, events)
		}
		return
	}
	trial := before.Clone()
	for _, e := range events {
		if now := phase(trial); !strings.Contains(" "+lifeCycle[now]+" ", " "+e.Name()+" ") {
			t.Fatalf("%v\n%s in phase %q", cmd, e.Name(), now)
		}
		trial.Evolve(decider.Fact{Event: e})
	}
	if len(events) > 0 {
		if err := x.append(key, events); err != nil {
			t.Fatal(err)
		}
	}
}

// replayed folds the bytes of an aggregate from the beginning.
func (x *table) replayed(t *rapid.T, key aggregate.Key) *aggregate.Aggregate {
	a := aggregate.New(key)
	for _, raw := range x.log[key] {
		c := &eventv1.Commit{}
		if err := proto.Unmarshal(raw, c); err != nil {
			t.Fatal(err)
		}
		var seq uint64
		if _, err := fmt.Sscanf(c.Id, "c%d", &seq); err != nil {
			t.Fatal(err)
		}
		if err := a.Apply(seq, c); err != nil {
			t.Fatal(err)
		}
	}
	return a
}

// tour is a life in which every command is accepted. A run begins anywhere on it.
var tour = []proto.Message{
	&commandv1.FoundWorkspace{Workspace: "dsm"},
	&commandv1.OpenInitiative{Workspace: "dsm", Initiative: "csm"},
	&commandv1.EnrolParticipants{Workspace: "dsm", Initiative: "csm", Enrolments: []*commandv1.Enrolment{{Participant: "u1", Constituency: "user"}, {Participant: "u2", Constituency: "user"}, {Participant: "p1", Constituency: "professional"}}},
	&commandv1.PrepareSession{Workspace: "dsm", Session: "csm:s1"},
	&commandv1.ProposeItem{Workspace: "dsm", Item: "csm:i1"},
	pose,
	&commandv1.DescribeWorkspace{Workspace: "dsm"},
	&commandv1.DescribeInitiative{Workspace: "dsm", Initiative: "csm"},
	&commandv1.DeclareCapacity{Workspace: "dsm", Initiative: "csm", Participant: "u1", Constituency: "user"},
	&commandv1.NameParticipant{Workspace: "dsm", Initiative: "csm", Participant: "u1"},
	&commandv1.StateConsents{Workspace: "dsm", Initiative: "csm", Participant: "u1", Consents: []*eventv1.ConsentStated{{Consent: "research", Version: 1}}},
	&commandv1.SetPublication{Workspace: "dsm", Initiative: "csm", Public: true},
	&commandv1.ReportUnloggedDecision{Workspace: "dsm", Initiative: "csm", By: "u1", Text: reason},
	&commandv1.ChooseTutor{Workspace: "dsm", Initiative: "csm", Participant: "u1", Tutor: "p1"},
	&commandv1.DescribeSession{Workspace: "dsm", Session: "csm:s1", Minutes: 90},
	&commandv1.OpenSession{Workspace: "dsm", Session: "csm:s1"},
	&commandv1.PauseSession{Workspace: "dsm", Session: "csm:s1"},
	&commandv1.ResumeSession{Workspace: "dsm", Session: "csm:s1"},
	&commandv1.SeatParticipants{Workspace: "dsm", Session: "csm:s1", Seats: []*eventv1.ParticipantSeated{{Participant: "u1"}}},
	&commandv1.UnseatParticipant{Workspace: "dsm", Session: "csm:s1", Participant: "u1"},
	&commandv1.SetAgenda{Workspace: "dsm", Session: "csm:s1", Items: []string{"csm:i1"}},
	&commandv1.SetCurrentItem{Workspace: "dsm", Session: "csm:s1", Item: "csm:i1"},
	&commandv1.RefuseItem{Workspace: "dsm", Item: "csm:i1", Reason: reason},
	&commandv1.AdmitItem{Workspace: "dsm", Item: "csm:i1", Reason: reason},
	&commandv1.DescribeItem{Workspace: "dsm", Item: "csm:i1", ProposedBy: "u1"},
	&commandv1.LinkAttachment{Workspace: "dsm", Item: "csm:i1", Title: reason, Url: reason, By: "u1"},
	&commandv1.RemoveAttachment{Workspace: "dsm", Item: "csm:i1", Number: 1},
	&commandv1.RaiseHand{Workspace: "dsm", Item: "csm:i1", Session: "csm:s1", Participant: "u1"},
	&commandv1.LowerHand{Workspace: "dsm", Item: "csm:i1", Session: "csm:s1", Participant: "u1"},
	&commandv1.GiveFloor{Workspace: "dsm", Item: "csm:i1", Session: "csm:s1", Participant: "u2"},
	&commandv1.ReturnFloor{Workspace: "dsm", Item: "csm:i1", Session: "csm:s1", Participant: "u2"},
	&commandv1.WordContribution{Workspace: "dsm", Item: "csm:i1", Session: "csm:s1", Number: 1, By: "u2", Text: reason},
	&commandv1.RecordContributions{Workspace: "dsm", Item: "csm:i1", Session: "csm:s1", Contributions: []*commandv1.Contribution{{By: "u1", Kind: eventv1.ContributionKind_CONTRIBUTION_KIND_ADVICE}}},
	&commandv1.CorrectContributions{Workspace: "dsm", Item: "csm:i1", Session: "csm:s1"},
	openVoting,
	&commandv1.NotePresence{Workspace: "dsm", Decision: d1, Participant: "p1"},
	&commandv1.CastBallots{Workspace: "dsm", Decision: d1, Ballots: []*eventv1.BallotCast{{Participant: "u1", Choice: eventv1.Choice_CHOICE_FOR}}},
	&commandv1.GiveAdvice{Workspace: "dsm", Decision: d1, Advice: []*eventv1.AdviceGiven{{Participant: "u2", Advice: eventv1.Choice_CHOICE_FOR}}},
	&commandv1.ClaimConsensus{Workspace: "dsm", Decision: d1, Outcome: eventv1.Outcome_OUTCOME_ADOPTED},
	closeVoting,
	&commandv1.RecordAct{Workspace: "dsm", Decision: d1, Act: &eventv1.ActRecorded{Kind: eventv1.ActKind_ACT_KIND_IMPLEMENTED}},
	&commandv1.ContestMinutes{Workspace: "dsm", Decision: d1, By: "u1"},
	&commandv1.SettleDispute{Workspace: "dsm", Decision: d1, By: "p1"},
	&commandv1.CorrectDecision{Workspace: "dsm", Decision: d1, Steps: []*commandv1.Command{decidertest.Command(pose)}},
	&commandv1.WriteCharter{Workspace: "dsm", Decision: d1, Charter: &eventv1.Charter{Rule: &eventv1.Rule{Method: eventv1.Method_METHOD_CONSENT}, Implementer: "p1", Due: "2026-04-01"}},
	&commandv1.BeginRound{Workspace: "dsm", Decision: d1, Round: eventv1.Round_ROUND_PRESENT},
	&commandv1.AmendProposal{Workspace: "dsm", Decision: d1, Text: reason},
	openVoting,
	&commandv1.CastBallots{Workspace: "dsm", Decision: d1, Ballots: []*eventv1.BallotCast{{Participant: "u1", Choice: eventv1.Choice_CHOICE_AGAINST}}},
	&commandv1.AmendProposal{Workspace: "dsm", Decision: d1, Text: reason, Objector: "u1"},
	&commandv1.BeginRound{Workspace: "dsm", Decision: d1, Round: eventv1.Round_ROUND_CONSENT},
	&commandv1.CastBallots{Workspace: "dsm", Decision: d1, Ballots: []*eventv1.BallotCast{{Participant: "u1", Choice: eventv1.Choice_CHOICE_FOR}, {Participant: "p1", Choice: eventv1.Choice_CHOICE_FOR}}},
	closeVoting,
	&commandv1.CorrectDecision{Workspace: "dsm", Decision: d1, Steps: []*commandv1.Command{decidertest.Command(pose)}},
	&commandv1.WriteCharter{Workspace: "dsm", Decision: d1, Charter: &eventv1.Charter{Secret: true, Rule: &eventv1.Rule{Method: eventv1.Method_METHOD_MAJORITY}}},
	openVoting,
	&commandv1.ReportTally{Workspace: "dsm", Decision: d1, Tally: &eventv1.TallyReported{Total: &eventv1.Tally{For: 1}, TookPart: []string{"u1"}}},
	closeVoting,
	&commandv1.StrikeDecision{Workspace: "dsm", Decision: d1, Reason: reason},
	&commandv1.CloseSession{Workspace: "dsm", Session: "csm:s1"},
	&commandv1.ApproveMinutes{Workspace: "dsm", Session: "csm:s1", Participant: "u1"},
	&commandv1.CorrectSession{Workspace: "dsm", Session: "csm:s1"},
	&commandv1.WithdrawItem{Workspace: "dsm", Item: "csm:i1"},
}

const d1 = "csm:s1:d1"

var (
	reason      = &commandv1.Text{Form: &commandv1.Text_Sealed{Sealed: &eventv1.Sealed{}}}
	closeVoting = &commandv1.CloseVoting{Workspace: "dsm", Decision: d1}
	openVoting  = &commandv1.OpenVoting{Workspace: "dsm", Decision: d1, Electors: []*eventv1.Elector{
		{Participant: "u1", Standing: eventv1.Standing_STANDING_BINDING_VOTE, Present: true}, {Participant: "p1", Standing: eventv1.Standing_STANDING_BINDING_VOTE, Present: true},
		{Participant: "u2", Standing: eventv1.Standing_STANDING_CONSULTED, Present: true}}}
)

func TestTheTourIsAcceptedWholeAndTriesEveryCommand(t *testing.T) {
	x, names := newTable(), map[string]bool{}
	for _, body := range tour {
		_, events, err := x.decide(decidertest.Command(body))
		if err != nil || len(events) == 0 {
			t.Fatalf("%v gives %v, %v", body, events, err)
		}
		x.when(t, body).Accepted()
		names[string(body.ProtoReflect().Descriptor().Name())] = true
	}
	if len(names) != of.Len() {
		t.Errorf("the tour tries %d commands of %d", len(names), of.Len())
	}
}

// stepsMax bounds the commands of one run.
const stepsMax = 200

func TestNoCommandWhateverLeavesTheLifeCycle(t *testing.T) {
	tried := map[string]bool{}
	anywhere := make([]int, len(tour))
	for i := range tour {
		anywhere[i] = i
	}
	rapid.Check(t, func(t *rapid.T) {
		x := newTable()
		for _, body := range tour[:rapid.SampledFrom(anywhere).Draw(t, "beginning")] {
			x.check(t, decidertest.Command(proto.Clone(body)))
		}
		about := rapid.SampledFrom([]string{"", "decision", "decision", "session", "item"})
		for range rapid.SampledFrom([]int{1, 5, 20, 100, stepsMax}).Draw(t, "steps") {
			cmd := command(t, about.Draw(t, "about"), 0)
			if rapid.Bool().Draw(t, "sensible") {
				cmd = decidertest.Command(proto.Clone(tour[rapid.SampledFrom(anywhere).Draw(t, "which")]))
			}
			_, key, err := aggregate.Of(cmd)
			if err != nil {
				x.check(t, cmd)
				continue
			}
			a, _ := x.load(key)
			name := string(cmd.ProtoReflect().WhichOneof(of.Get(0).ContainingOneof()).Name())
			tried[phase(a)+" "+name] = true
			x.check(t, cmd)
		}
		for key, a := range x.all {
			if diff := decidertest.Differ(x.replayed(t, key), a); diff != "" {
				t.Fatalf("%v: the fold of the bytes is another state:\n%s", key, diff)
			}
		}
	})
	for i := range of.Len() {
		name := string(of.Get(i).Name())
		if of.Get(i).Message().Fields().ByNumber(2).Name() != "decision" {
			continue
		}
		for _, phase := range []string{"unknown", "posed", "open", "closed", "struck"} {
			if !tried["decision "+phase+" "+name] {
				t.Errorf("%s was never tried on a decision that is %s", name, phase)
			}
		}
	}
}
