package views

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"

	"tavolo/pkg/decider/decidertest"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
	feedv1 "tavolo/proto/tavolo/feed/v1"
)

// people are pseudonyms by constituency: user-1, user-2 …
func pseudonyms(sizes map[string]int) (all []*eventv1.Elector) {
	for _, code := range []string{"director", "professional", "user"} {
		for n := range sizes[code] {
			all = append(all, &eventv1.Elector{Participant: fmt.Sprintf("zz-%s-%d", code, n+1), Constituency: code, Standing: eventv1.Standing_STANDING_BINDING_VOTE, Weight: 1, Present: true})
		}
	}
	return all
}

// electing is a house with an item and people who can vote.
func electing(t *testing.T, electors []*eventv1.Elector) *house {
	h := newHouse(t)
	enrol := &commandv1.EnrolParticipants{Workspace: "dsm", Initiative: "csm"}
	for _, e := range electors {
		enrol.Enrolments = append(enrol.Enrolments, &commandv1.Enrolment{Participant: e.Participant, Constituency: e.Constituency})
	}
	h.do(&commandv1.FoundWorkspace{Workspace: "dsm"}, &commandv1.OpenInitiative{Workspace: "dsm", Initiative: "csm", Scope: eventv1.Scope_SCOPE_AREA, Area: eventv1.Area_AREA_STAFF_TRAINING}, enrol,
		&commandv1.PrepareSession{Workspace: "dsm", Session: "csm:s1"}, &commandv1.OpenSession{Workspace: "dsm", Session: "csm:s1"}, &commandv1.ProposeItem{Workspace: "dsm", Item: "csm:i1"})
	return h
}

func majority() *eventv1.Rule {
	return &eventv1.Rule{Method: eventv1.Method_METHOD_MAJORITY, Threshold: &eventv1.Threshold{Of: &eventv1.Threshold_Majority{Majority: true}}, Base: eventv1.Base_BASE_CAST, Tie: eventv1.Tie_TIE_STATUS_QUO}
}

// decide poses a question and closes the vote; against votes against, who is not named votes for, "-" stays away.
func (h *house) decide(own string, rule *eventv1.Rule, electors []*eventv1.Elector, choices map[string]eventv1.Choice) {
	id := "csm:s1:" + own
	cast := &commandv1.CastBallots{Workspace: "dsm", Decision: id}
	for _, e := range electors {
		choice, said := choices[e.Participant]
		if !said {
			choice = eventv1.Choice_CHOICE_FOR
		}
		if choice != eventv1.Choice_CHOICE_UNSPECIFIED {
			cast.Ballots = append(cast.Ballots, &eventv1.BallotCast{Participant: e.Participant, Choice: choice})
		}
	}
	h.do(&commandv1.PoseDecision{Workspace: "dsm", Decision: id, Item: "csm:i1"}, &commandv1.WriteCharter{Workspace: "dsm", Decision: id, Charter: &eventv1.Charter{Rule: rule}},
		&commandv1.OpenVoting{Workspace: "dsm", Decision: id, Electors: electors}, cast, &commandv1.CloseVoting{Workspace: "dsm", Decision: id})
}

func publish(public bool) *commandv1.SetPublication {
	return &commandv1.SetPublication{Workspace: "dsm", Initiative: "csm", Public: public}
}

func act(own string, kind eventv1.ActKind, same bool) *commandv1.RecordAct {
	return &commandv1.RecordAct{Workspace: "dsm", Decision: "csm:s1:" + own, Act: &eventv1.ActRecorded{Kind: kind, By: "zz-user-2", SameAsOutcome: same, Due: "2027-01-01", Objector: "zz-user-1"}}
}

// entries are all that was released, page by page.
func (h *house) entries() (all []*feedv1.Entry) {
	h.t.Helper()
	if _, err := h.views.ready(context.Background(), "dsm", h.seq, false); err != nil {
		h.t.Fatal(err)
	}
	q := &feedv1.FeedEntriesRequest{Workspace: "dsm", Limit: 2}
	for {
		page, err := h.views.feedEntries(context.Background(), q)
		if err != nil {
			h.t.Fatal(err)
		}
		if len(page.Entries) == 0 {
			return all
		}
		for _, e := range page.Entries {
			all = append(all, e.Entry)
			q.AfterReleased, q.AfterSequence = e.Released, e.Entry.Sequence
		}
	}
}

// lines says entries in a word each: decision kind about.
func lines(entries []*feedv1.Entry, ids map[string]string) (all []string) {
	for _, e := range entries {
		_, own, _ := strings.Cut(strings.TrimPrefix(e.Decision, "csm:"), ":")
		about := "itself"
		if e.About != e.Id {
			about = ids[e.About]
		}
		ids[e.Id] = own
		all = append(all, own+" "+strings.ToLower(strings.TrimPrefix(e.Kind.String(), "ENTRY_KIND_"))+" of "+about)
	}
	return all
}

func TestAnEntryForEachThingThatBecomesOfAPublicDecision(t *testing.T) {
	electors := pseudonyms(map[string]int{"director": 1, "professional": 2, "user": 3})
	h := electing(t, electors)
	h.decide("before", majority(), electors, nil)
	h.do(act("before", eventv1.ActKind_ACT_KIND_IMPLEMENTATION_DUE, false))
	h.decide("struck", majority(), electors, nil)
	strike := &commandv1.StrikeDecision{Workspace: "dsm", Decision: "csm:s1:struck", Reason: sealedText()}
	h.do(strike)
	if got := h.entries(); len(got) != 0 {
		t.Fatalf("nothing is public and %d entries are out", len(got))
	}
	h.do(publish(true)) // one for "before", none for what never stood
	h.decide("after", majority(), electors, nil)
	h.do(act("after", eventv1.ActKind_ACT_KIND_OBJECTION_RAISED, false), act("after", eventv1.ActKind_ACT_KIND_FINAL_ACT, true), act("after", eventv1.ActKind_ACT_KIND_IMPLEMENTED, false),
		&commandv1.ContestMinutes{Workspace: "dsm", Decision: "csm:s1:after", By: "zz-user-2", Text: sealedText()},
		&commandv1.SettleDispute{Workspace: "dsm", Decision: "csm:s1:after", By: "zz-user-2", Text: sealedText()},
		act("after", eventv1.ActKind_ACT_KIND_REVERSED, false), publish(false),
		act("before", eventv1.ActKind_ACT_KIND_IMPLEMENTED, false)) // nobody hears of it now
	h.decide("hidden", majority(), electors, nil)
	h.do(publish(true)) // now they do
	h.do(&commandv1.CorrectDecision{Workspace: "dsm", Decision: "csm:s1:hidden", Reason: sealedText(), Steps: []*commandv1.Command{
		{Of: &commandv1.Command_PoseDecision{PoseDecision: &commandv1.PoseDecision{Workspace: "dsm", Decision: "csm:s1:hidden", Item: "csm:i1"}}}}},
		&commandv1.StrikeDecision{Workspace: "dsm", Decision: "csm:s1:hidden", Reason: sealedText()})
	got := lines(h.entries(), map[string]string{})
	want := []string{"before recorded of itself", "after recorded of itself", "after followed_up of after", "after followed_up of after", "after contested of after", "after settled of after",
		"after reversed of after", "before followed_up of before", "hidden recorded of itself", "hidden corrected of hidden", "hidden struck of hidden"}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func sealedText() *commandv1.Text {
	return &commandv1.Text{Form: &commandv1.Text_Sealed{Sealed: &eventv1.Sealed{Version: 1, KeyId: []byte("0123456789abcdef"), Ciphertext: []byte("zz-words")}}}
}

// What an entry says does not change by what comes later.
func TestAnEntrySaysWhatWasTrueAtItsCommit(t *testing.T) {
	electors := pseudonyms(map[string]int{"director": 1, "professional": 3, "user": 6})
	h := electing(t, electors)
	h.do(publish(true))
	h.decide("d", majority(), electors, nil)
	first := h.entries()[0]
	if first.Outcome != eventv1.Outcome_OUTCOME_ADOPTED || first.Roles[0].Role != "decisive" || len(first.Became) != 0 {
		t.Fatalf("the first entry says %v", first)
	}
	h.do(act("d", eventv1.ActKind_ACT_KIND_REVERSED, false))
	h.do(&commandv1.DescribeInitiative{Workspace: "dsm", Initiative: "csm", Scope: eventv1.Scope_SCOPE_STRATEGIC_PLANNING})
	all := h.entries()
	if diff := decidertest.Differ(first, all[0]); diff != "" {
		t.Errorf("the first entry changed:\n%s", diff)
	}
	last := all[1]
	if last.Roles[0].Reason != "overridden" || last.Roles[0].RoleAtDecision != "decisive" || len(last.Became) != 1 || last.Scope != eventv1.Scope_SCOPE_AREA || last.About != first.Id {
		t.Errorf("the second says %v", last)
	}
	some, err := h.views.feedEntries(context.Background(), &feedv1.FeedEntriesRequest{Workspace: "dsm", Sequences: []uint64{last.Sequence, 3, first.Sequence}})
	if err != nil || len(some.Entries) != 2 || !proto.Equal(some.Entries[0].Entry, last) || !proto.Equal(some.Entries[1].Entry, first) {
		t.Errorf("asked by sequence: %v, %v", some, err)
	}
}

// Figures of few people, and those that would tell them, are not in an entry.
func TestFiguresOfFewPeopleAreNotTold(t *testing.T) {
	against, abstain, absent := eventv1.Choice_CHOICE_AGAINST, eventv1.Choice_CHOICE_ABSTAIN, eventv1.Choice_CHOICE_UNSPECIFIED
	for _, c := range []struct {
		name    string
		sizes   map[string]int
		choices map[string]eventv1.Choice
		weights map[string]uint64
		want    string // of Figures
		power   bool   // whether that of the users is told
	}{
		{"two large groups", map[string]int{"professional": 6, "user": 7}, map[string]eventv1.Choice{"zz-user-1": against, "zz-professional-1": against, "zz-professional-2": abstain}, nil,
			`voters:13 voters_by_constituency:{key:"professional" value:6} voters_by_constituency:{key:"user" value:7} tally:{for:10 against:2 abstain:1} tally_by_constituency:{key:"professional" value:{for:4 against:1 abstain:1}} tally_by_constituency:{key:"user" value:{for:6 against:1}}`, true},
		{"a unanimous group", map[string]int{"professional": 6, "user": 7}, map[string]eventv1.Choice{"zz-user-1": against}, nil,
			`voters:13 voters_by_constituency:{key:"professional" value:6} voters_by_constituency:{key:"user" value:7} tally:{for:12 against:1}`, true},
		{"a small group and one beside it", map[string]int{"professional": 6, "user": 3}, map[string]eventv1.Choice{"zz-user-1": against}, nil, `voters:9 tally:{for:8 against:1}`, false},
		{"one person", map[string]int{"director": 1, "professional": 6, "user": 7}, map[string]eventv1.Choice{"zz-user-1": against}, nil,
			`voters:14 voters_by_constituency:{key:"user" value:7} tally:{for:13 against:1}`, true},
		{"all of one mind", map[string]int{"professional": 6, "user": 7}, nil, nil, `voters:13 voters_by_constituency:{key:"professional" value:6} voters_by_constituency:{key:"user" value:7}`, true},
		{"one stayed away", map[string]int{"professional": 6, "user": 7}, map[string]eventv1.Choice{"zz-user-1": absent, "zz-user-2": against}, nil, `tally:{for:11 against:1}`, false},
		{"four people", map[string]int{"professional": 2, "user": 2}, map[string]eventv1.Choice{"zz-user-1": against}, nil, ``, false},
		{"weights", map[string]int{"professional": 6, "user": 7}, map[string]eventv1.Choice{"zz-user-1": against}, map[string]uint64{"zz-user-1": 3},
			`voters:13 voters_by_constituency:{key:"professional" value:6} voters_by_constituency:{key:"user" value:7}`, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			electors := pseudonyms(c.sizes)
			for _, e := range electors {
				e.Weight = max(1, c.weights[e.Participant])
			}
			h := electing(t, electors)
			h.do(publish(true))
			h.decide("d", majority(), electors, c.choices)
			e := h.entries()[0]
			want := &feedv1.Figures{}
			if err := prototext.Unmarshal([]byte(c.want), want); err != nil {
				t.Fatal(err)
			}
			got := e.Figures
			if got == nil {
				got = &feedv1.Figures{}
			}
			if diff := decidertest.Differ(want, got); diff != "" {
				t.Errorf("wanted (-) and got (+):\n%s", diff)
			}
			for _, r := range e.Roles {
				if (r.Power != "") != c.power && strings.HasPrefix(r.Who, "users:") {
					t.Errorf("%s: power %q, told is %v", r.Who, r.Power, c.power)
				}
				if n := c.sizes[strings.TrimPrefix(r.Who, "constituency:")]; strings.HasPrefix(r.Who, "constituency:") && n < 5 {
					t.Errorf("the role of %s is told, which is %d people", r.Who, n)
				}
				if slices.Contains(r.Flags, "outvoted") || slices.Contains(r.Flags, "abstained") {
					t.Errorf("%s: %v say how somebody voted", r.Who, r.Flags)
				}
			}
			h.do(act("d", eventv1.ActKind_ACT_KIND_IMPLEMENTED, false))
			if later := h.entries()[1]; later.Figures != nil || slices.ContainsFunc(later.Roles, func(r *feedv1.GroupRole) bool { return r.Power != "" }) {
				t.Errorf("figures are told twice: %v", later)
			}
		})
	}
}

// Who voted which way inside a constituency changes no byte of an entry, as long as the counts are the same; nor does a pseudonym.
func TestNoPersonIsInAnEntry(t *testing.T) {
	electors := pseudonyms(map[string]int{"director": 1, "professional": 5, "user": 6})
	rule := majority()
	rule.Tie, rule.Chair, rule.Veto, rule.RequiresFor = eventv1.Tie_TIE_CHAIR, "zz-director-1", []string{"zz-user-3", "zz-user-4"}, []string{"zz-professional-1"}
	var told []string
	for _, against := range []string{"zz-user-1", "zz-user-6"} {
		h := electing(t, electors)
		h.do(publish(true))
		h.decide("d", rule, electors, map[string]eventv1.Choice{against: eventv1.Choice_CHOICE_AGAINST})
		h.do(act("d", eventv1.ActKind_ACT_KIND_IMPLEMENTATION_REFUSED, false), &commandv1.ContestMinutes{Workspace: "dsm", Decision: "csm:s1:d", By: "zz-user-2", Text: sealedText()})
		all := ""
		for _, e := range h.entries() {
			data, err := proto.MarshalOptions{Deterministic: true}.Marshal(e)
			if err != nil {
				t.Fatal(err)
			}
			all += string(data)
		}
		if strings.Contains(all, "zz-") {
			t.Errorf("somebody or their words are in an entry: %q", all)
		}
		for _, code := range []string{"director", "user", "professional"} {
			if !strings.Contains(all, code) {
				t.Errorf("the rule does not say %s: the search above proves little", code)
			}
		}
		told = append(told, all)
	}
	if told[0] != told[1] {
		t.Error("the entry depends on who it was that voted against")
	}
}
