package role_test

import (
	"math"
	"testing"

	"google.golang.org/protobuf/proto"

	"tavolo/pkg/domain/role"
	"tavolo/pkg/minutes"
)

func strengthOf(t *testing.T, c *role.Case, who string) role.Strength {
	t.Helper()
	for _, p := range c.Parties() {
		if p.Who == who {
			return c.Strength(p)
		}
	}
	t.Fatalf("%s is not judged", who)
	return role.Strength{}
}

func strength(t *testing.T, people, item, who string) role.Strength {
	t.Helper()
	return strengthOf(t, record(t, parsed(t, meeting(people, item))).asOf(recordedAt)["d1"], who)
}

func TestTheMarginOfAGroupIsTheFewestOfItsBallots(t *testing.T) {
	margin := map[string]int{"R07 users:strict": 0, "R08 users:strict": 1, "R08 u1": 1, "R05 users:strict": 1, "R06 users:strict": 1, "R11 u3": 1, "R11 u1": 0,
		"R14 users:strict": 0, "R18 users:strict": 0, "R13 users:strict": 0}
	for _, c := range examples(t) {
		f, err := minutes.Parse(c.ID, c.Minutes)
		if err != nil {
			t.Fatal(err)
		}
		for _, who := range []string{"users:strict", "u1", "u3"} {
			want, ok := margin[c.ID+" "+who]
			if !ok {
				continue
			}
			if got := strengthOf(t, record(t, f).asOf(recordedAt)["d1"], who).Margin; got != want {
				t.Errorf("%s %s: margin %d, want %d", c.ID, who, got, want)
			}
		}
	}
	two := ruled(majority, vote("for", "u1", "u2", "u3")+vote("against", "p1"), "")
	if got := strength(t, "u1 u2 u3 p1", two, "users:strict"); got.Margin != 1 || got.Ballots != 3 { // 3:1 becomes 2:2, and a tie rejects
		t.Errorf("%d of %d ballots", got.Margin, got.Ballots)
	}
	if got := strength(t, "u1 u2 u3 p1", two, "constituency:professional"); got.Margin != 0 || got.Ballots != 1 {
		t.Errorf("%d of %d ballots", got.Margin, got.Ballots)
	}
	deferred := ruled(majority, vote("for", "u1", "u2"), acts("kind: deferred"))
	if got := strength(t, "u1 u2", deferred, "users:strict"); got.Margin != 0 {
		t.Errorf("no ballots would have changed what was put off: %d", got.Margin)
	}
}

func TestBallotsAreWhatWasCastAndNotWhoWasThere(t *testing.T) {
	claimed := ruled("rule: {method: consensus}", asked("u1", "consent", "")+asked("p1", "consent", ""), "claimed_consensus: true\nclaimed_outcome: adopted")
	if got := strength(t, "u1 p1", claimed, "users:strict"); got.Ballots != 0 || got.Success != "" || got.Margin != 0 {
		t.Errorf("of a claim: %+v", got)
	}
	secret := ruled("secret: true, "+majority, asked("u1", "binding_vote", "cast: true")+asked("u2", "binding_vote", "")+asked("p1", "binding_vote", "cast: true"), "tally: {for: 2, against: 0}")
	if got := strength(t, "u1 u2 p1", secret, "users:strict"); got.Ballots != 1 || got.Success != "" || got.Margin != 0 {
		t.Errorf("of a secret ballot: %+v", got)
	}
}

func TestColemansPowersArePreventAndInitiate(t *testing.T) {
	// Two users and one professional, two of three needed: winning are {uu}, {up}, {up}, {uup}.
	item := ruled(majority, vote("for", "u1", "u2", "p1"), "")
	if got := strength(t, "u1 u2 p1", item, "u1"); got.Prevent.RatString() != "1/2" || got.Initiate.RatString() != "1/2" {
		t.Errorf("one of three: prevent %v, initiate %v", got.Prevent, got.Initiate)
	}
	if got := strength(t, "u1 u2 p1", item, "users:strict"); got.Prevent.RatString() != "1" || got.Initiate.RatString() != "1" {
		t.Errorf("two of three together: prevent %v, initiate %v", got.Prevent, got.Initiate)
	}
	veto := ruled("rule: {method: majority, veto: [u1]}", vote("for", "u1", "p1", "p2"), "")
	if got := strength(t, "u1 p1 p2", veto, "u1"); got.Prevent.RatString() != "1" || got.Initiate.RatString() != "3/5" {
		t.Errorf("with a veto: prevent %v, initiate %v", got.Prevent, got.Initiate)
	}
	if got := strength(t, "u1 p1", ruled("", vote("for", "u1", "p1"), ""), "u1"); got.Prevent != nil || got.Initiate != nil {
		t.Errorf("without a rule: %v %v", got.Prevent, got.Initiate)
	}
	if got := strength(t, "u1 p1", ruled(majority, asked("u1", "informed", "")+vote("for", "p1"), ""), "u1"); got.Prevent != nil {
		t.Errorf("without a vote: %v", got.Prevent)
	}
}

func TestVoiceIsTheShareOfSpeakingTimeByTheShareOfPeopleThere(t *testing.T) {
	spoken := "contributions:\n  - {by: u1, kind: statement, seconds: 30}\n  - {by: u1, kind: statement}\n  - {by: p1, kind: statement, seconds: 90}\n"
	item := spoken + ruled(majority, vote("for", "u1", "p1", "p2")+asked("u2", "binding_vote", "present: false"), "")
	for who, want := range map[string]float64{"u1": 0.25 * 3, "users:strict": 0.25 * 3, "p1": 0.75 * 3, "constituency:professional": 0.75 / 2 * 3, "p2": 0, "u2": 0} {
		if got := strength(t, "u1 u2 p1 p2", item, who); math.Abs(got.Voice-want) > 1e-12 || got.SecondsAll != 120 {
			t.Errorf("%s: voice %v of %d s, want %v", who, got.Voice, got.SecondsAll, want)
		}
	}
	if got := strength(t, "u1 p1", ruled(majority, vote("for", "u1", "p1"), ""), "u1"); got.Voice != 0 || got.SecondsAll != 0 {
		t.Errorf("nothing was measured: %+v", got)
	}
}

func TestAdviceIsAnsweredBySomebodyElseWithinThirtyDays(t *testing.T) {
	item := "contributions:\n  - {by: u1, kind: advice}\n  - {by: u1, kind: proposal}\n  - {by: u1, kind: statement}\n  - {by: p1, kind: statement, answers: 1, reply: refused}\n  - {by: u1, kind: statement, answers: 2}\n" +
		ruled(majority, vote("for", "p1")+asked("u1", "consulted", ""), "")
	if got := strength(t, "u1 p1", item, "u1"); got.AdviceGiven != 2 || got.AdviceAnswered != 1 {
		t.Errorf("answered %d of %d", got.AdviceAnswered, got.AdviceGiven)
	}
	x := record(t, parsed(t, meeting("u1 p1", item)))
	for days, want := range map[int]int{30: 2, 31: 1} {
		c := x.asOf(recordedAt)["d1"]
		answer := c.Replies[3]
		answer.At = answer.At.AddDate(0, 0, days)
		answer.ContributionRecorded = proto.CloneOf(answer.ContributionRecorded)
		answer.Answers = c.Replies[1].Number
		c.Replies = append(c.Replies, answer)
		if got := strengthOf(t, c, "u1"); got.AdviceAnswered != want {
			t.Errorf("an answer after %d days: %d answered, want %d", days, got.AdviceAnswered, want)
		}
	}
}

func TestSuccessIsAgreeingWithTheOutcome(t *testing.T) {
	item := ruled(majority, vote("for", "u1", "p1", "p2")+vote("against", "u2", "u3")+vote("abstain", "p3"), "")
	for who, want := range map[string]string{"u1": "yes", "u2": "no", "p3": "", "users:strict": "no", "constituency:professional": "yes"} {
		if got := strength(t, "u1 u2 u3 p1 p2 p3", item, who).Success; got != want {
			t.Errorf("%s: %q, want %q", who, got, want)
		}
	}
	if got := strength(t, "u1 u2 p1 p2 p3", ruled(majority, vote("for", "u1")+vote("against", "u2", "p1"), ""), "users:strict").Success; got != "" {
		t.Errorf("an even group: %q", got)
	}
}

func TestAnObjectionThatWasSetAsideIsNoSuccess(t *testing.T) {
	consent := "rule: {method: consent}"
	ballots := asked("u1", "consent", "ballot: against") + asked("u2", "consent", "present: false") + asked("p1", "consent", "ballot: for") + asked("p2", "consent", "ballot: for")
	for what, then := range map[string]struct{ acts, users, objector string }{
		"set aside by one alone":  {acts("kind: objection_dismissed, by: p1, objector: u1"), "no", "no"},
		"judged by the group":     {acts("kind: objection_dismissed, by: electorate, objector: u1, allowed_by_rule: true"), "no", "no"},
		"taken up":                {acts("kind: objection_integrated, objector: u1"), "", ""},
		"withdrawn":               {acts("kind: objection_withdrawn, objector: u1"), "", ""},
		"standing: it is refused": {"", "yes", "yes"},
	} {
		item := ruled(consent, ballots, then.acts)
		for who, want := range map[string]string{"users:strict": then.users, "u1": then.objector, "u2": ""} {
			if got := strength(t, "u1 u2 p1 p2", item, who).Success; got != want {
				t.Errorf("%s, %s: %q, want %q", what, who, got, want)
			}
		}
	}
}
