package role_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tavolo/pkg/domain/role"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// A case for every reason and every flag: minutes in a few lines, and what they give. The last test of this file fails when a rule, a
// reason or a flag has none.

// meant is what a party is expected to get: "users:strict decisive 13 binding_vote +weak -outvoted".
type meant string

func (m meant) check(t *testing.T, by map[string]role.Judgement) {
	t.Helper()
	words := strings.Fields(string(m))
	got, ok := by[words[0]]
	if !ok {
		t.Errorf("%s is not judged", words[0])
		return
	}
	if have := fmt.Sprintf("%s %s %d %s", got.Who, got.Role, got.Rule, got.Reason); have != strings.Join(words[:4], " ") {
		t.Errorf("got %s, want %s", have, m)
	}
	for _, flag := range words[4:] {
		if slices.Contains(got.Flags, flag[1:]) != (flag[0] == '+') {
			t.Errorf("%s has the flags %v, want %s", got.Who, got.Flags, flag)
		}
	}
	if got.Power == nil && (got.Rule >= 8) {
		t.Errorf("%s was judged by rule %d and has no power", got.Who, got.Rule)
	}
}

// vote writes the line of a voter who was there.
func vote(ballot string, ids ...string) string {
	var b strings.Builder
	for _, id := range ids {
		fmt.Fprintf(&b, "- {participant: %s, standing: binding_vote, ballot: %s}\n", id, ballot)
	}
	return b.String()
}

// asked writes the line of somebody with another standing, or with more to say of them.
func asked(id, standing, more string) string {
	if more != "" {
		more = ", " + more
	}
	return fmt.Sprintf("- {participant: %s, standing: %s%s}\n", id, standing, more)
}

// ruled writes an item with a decision: the charter, the electorate, and what became of it.
func ruled(charter, electorate, rest string) string {
	item := "decision:\n  id: d1\n"
	if charter != "" {
		item += "  charter: {" + charter + "}\n"
	}
	item += "  electorate:\n" + indent(electorate, "    ")
	if rest != "" {
		item += indent(rest, "  ")
	}
	return item
}

const majority = "rule: {method: majority}"

// acts writes what became of a decision.
func acts(lines ...string) string { return "acts:\n  - {" + strings.Join(lines, "}\n  - {") + "}" }

var reasons = []struct {
	name         string
	people, item string
	after        func(x *table)     // what happened later
	as           func(c *role.Case) // what is known otherwise
	want         []meant
}{
	{name: "contested minutes give no role", people: "u1 p1", item: ruled(majority, vote("for", "u1", "p1"), ""),
		after: func(x *table) { x.must(&commandv1.ContestMinutes{Workspace: "dsm", Decision: d1, By: "u1"}) },
		want:  []meant{"u1 other 0 minutes_disputed", "users:strict other 0 minutes_disputed", "p1 other 0 minutes_disputed"}},
	{name: "settled minutes stand again", people: "u1 p1", item: ruled(majority, vote("for", "u1", "p1"), ""),
		after: func(x *table) {
			x.must(&commandv1.ContestMinutes{Workspace: "dsm", Decision: d1, By: "u1"})
			x.must(&commandv1.SettleDispute{Workspace: "dsm", Decision: d1, By: "p1"})
		},
		want: []meant{"u1 decisive 13 binding_vote"}},
	{name: "a lot decides for nobody", people: "u1 p1", item: ruled(majority, vote("for", "u1", "p1"), ""),
		as:   func(c *role.Case) { c.DrawnByLot = true },
		want: []meant{"u1 other 0 drawn_by_lot", "users:broad other 0 drawn_by_lot"}},
	{name: "those who declared nothing are no constituency", people: "u1 x1", item: ruled(majority, vote("for", "u1", "x1"), ""),
		want: []meant{"constituency:undeclared other 0 capacity_undeclared", "x1 decisive 13 binding_vote", "users:strict decisive 13 binding_vote"}},
	{name: "a vote of mixed organisations cannot be attributed", people: "a1 a2 p1", item: ruled(majority, vote("for", "a1", "a2")+asked("p1", "informed", ""), ""),
		want: []meant{"users:strict other 0 unattributable", "users:broad other 0 unattributable", "a1 decisive 13 binding_vote", "constituency:association decisive 13 binding_vote", "p1 none 4 informed_only"}},
	{name: "whoever is erased whole is judged no more", people: "u1 u2 p1", item: ruled(majority, vote("for", "u1", "u2", "p1"), ""),
		as:   func(c *role.Case) { c.Erased = map[string]bool{"u1": true, "p1": true} },
		want: []meant{"u1 other 1 erased", "constituency:professional other 1 erased", "u2 decisive 13 binding_vote", "users:strict decisive 13 binding_vote"}},
	{name: "no rule was fixed", people: "u1 p1", item: ruled("", vote("for", "u1", "p1"), ""),
		want: []meant{"u1 other 2 no_rule", "users:strict other 2 no_rule"}},
	{name: "a charter without a rule is no rule", people: "u1 p1", item: ruled("ratification: none", vote("for", "u1", "p1"), ""),
		want: []meant{"u1 other 2 no_rule"}},
	{name: "no quorum of a constituency", people: "u1 u2 p1 p2", item: ruled("rule: {method: majority, quorum: {constituencies: {user: 2}}}", vote("for", "u1", "p1", "p2")+asked("u2", "binding_vote", "present: false"), ""),
		want: []meant{"u1 other 3 no_decision", "u2 other 3 no_decision", "p1 other 3 no_decision"}},
	{name: "the quorum of a constituency is met", people: "u1 u2 p1 p2", item: ruled("rule: {method: majority, quorum: {constituencies: {user: 1}}}", vote("for", "u1", "p1", "p2")+asked("u2", "binding_vote", "present: false"), ""),
		want: []meant{"u1 decisive 13 binding_vote +quorum_critical", "p1 decisive 13 binding_vote -quorum_critical", "u2 none 5 absent"}},
	{name: "too few of a constituency were there", people: "u1 u2 p1", item: ruled("rule: {method: constituencies, constituencies: [{of: [user], min_present: 2}, {of: [professional]}]}", vote("for", "u1", "p1")+asked("u2", "binding_vote", "present: false"), ""),
		want: []meant{"u1 other 3 no_decision"}},
	{name: "an even vote that is deferred decides nothing", people: "u1 p1", item: ruled("rule: {method: majority, tie: defer}", vote("for", "u1")+vote("against", "p1"), ""),
		want: []meant{"u1 other 3 no_decision"}},
	{name: "a question that was put off decides nothing", people: "u1 p1", item: ruled(majority, vote("for", "u1", "p1"), acts("kind: deferred")),
		want: []meant{"u1 other 3 no_decision"}},
	{name: "silence is not consent", people: "u1 p1 p2", item: ruled("rule: {method: consent}", vote("for", "u1", "p1")+asked("p2", "consent", ""), ""),
		want: []meant{"u1 other 3 no_decision"}},
	{name: "the chair breaks a tie", people: "u1 p1", item: ruled("rule: {method: majority, tie: chair, chair: u1}", vote("for", "u1")+vote("against", "p1"), ""),
		want: []meant{"u1 decisive 13 binding_vote", "p1 consultative 8 token_vote +zero_power"}},

	{name: "advice that the director follows", people: "u1 u2 dir", item: ruled("rule: {method: sole, holder: dir}", asked("u1", "consulted", "advice: against")+asked("u2", "consulted", "advice: for")+vote("against", "dir"), ""),
		want: []meant{"u1 consultative 4 advice_adopted", "u2 consultative 4 advice_given", "users:strict consultative 4 advice_given", "dir decisive 13 binding_vote"}},
	{name: "advice that the final act follows after all", people: "u1 p1 p2 dir", item: ruled(majority, asked("u1", "consulted", "advice: for")+vote("against", "p1", "p2"), acts("kind: final_act, by: dir, same_as_outcome: false")),
		want: []meant{"u1 consultative 4 advice_adopted", "p1 consultative 11 overridden +overridden"}},
	{name: "advice in words, accepted", people: "u1 p1", item: "contributions:\n  - {by: u1, kind: advice}\n  - {by: p1, kind: statement, answers: 1, reply: accepted}\n" + ruled(majority, asked("u1", "consulted", "")+vote("for", "p1"), ""),
		want: []meant{"u1 consultative 4 advice_adopted"}},
	{name: "advice in words, refused", people: "u1 p1", item: "contributions:\n  - {by: u1, kind: advice}\n  - {by: p1, kind: statement, answers: 1, reply: refused}\n" + ruled(majority, asked("u1", "consulted", "")+vote("for", "p1"), ""),
		want: []meant{"u1 consultative 4 advice_given"}},
	{name: "spoken up without being asked", people: "u1 u2 p1", item: "proposed_by: u1\ncontributions: [{by: u1, kind: proposal}]\n" + ruled(majority, asked("u1", "none", "")+asked("u2", "informed", "")+vote("for", "p1"), ""),
		want: []meant{"u1 consultative 4 voice_only -agenda_others", "users:strict consultative 4 voice_only -agenda_others", "u2 none 4 informed_only +agenda_others", "p1 decisive 13 binding_vote +agenda_others"}},
	{name: "spoken up when it was decided already", people: "u1 p1", item: ruled(majority, asked("u1", "informed", "")+vote("for", "p1"), ""),
		after: func(x *table) {
			x.must(&commandv1.RecordContributions{Workspace: "dsm", Item: "csm:i1", Session: "csm:s1", Contributions: []*commandv1.Contribution{{By: "u1", Kind: eventv1.ContributionKind_CONTRIBUTION_KIND_ADVICE}}})
		},
		want: []meant{"u1 none 4 informed_only"}},
	{name: "told, and nothing more", people: "u1 p1", item: ruled(majority, asked("u1", "informed", "")+vote("for", "p1"), ""),
		want: []meant{"u1 none 4 informed_only", "users:strict none 4 informed_only"}},
	{name: "there, and nothing more", people: "u1 p1", item: ruled(majority, asked("u1", "none", "")+vote("for", "p1"), ""),
		want: []meant{"u1 none 4 silent"}},
	{name: "not there and not asked", people: "u1 u2 p1", item: ruled(majority, asked("u1", "none", "present: false")+vote("for", "p1"), ""),
		want: []meant{"u1 none 4 not_invited", "u2 none 4 not_invited", "users:strict none 4 not_invited"}},
	{name: "nobody of the users at the table", people: "p1 p2", item: ruled(majority, vote("for", "p1", "p2"), ""),
		want: []meant{"users:strict none 4 not_invited", "users:broad none 4 not_invited"}},
	{name: "who stays out of a decision has no vote in it", people: "u1 u2 p1", item: ruled(majority, asked("u1", "binding_vote", "recused: true")+vote("for", "u2", "p1"), ""),
		want: []meant{"u1 none 4 silent +recused", "u2 decisive 13 binding_vote -recused", "users:strict decisive 13 binding_vote +recused"}},

	{name: "entitled and not there", people: "u1 p1 p2", item: ruled(majority, asked("u1", "binding_vote", "present: false")+vote("for", "p1", "p2"), ""),
		want: []meant{"u1 none 5 absent +entitled_absent", "users:strict none 5 absent +entitled_absent"}},
	{name: "entitled, not there, and had written before", people: "u1 p1 p2", item: "contributions: [{by: u1, kind: statement}]\n" + ruled(majority, asked("u1", "binding_vote", "present: false")+vote("for", "p1", "p2"), ""),
		want: []meant{"u1 consultative 5 voice_only +entitled_absent"}},
	{name: "there and cast no ballot", people: "u1 p1 p2", item: ruled(majority, asked("u1", "binding_vote", "")+vote("for", "p1", "p2"), ""),
		want: []meant{"u1 none 5 absent +entitled_absent"}},
	{name: "an abstention takes part", people: "u1 p1 p2", item: ruled(majority, vote("abstain", "u1")+vote("for", "p1", "p2"), ""),
		want: []meant{"u1 decisive 13 binding_vote +abstained", "p1 decisive 13 binding_vote -abstained"}},

	{name: "consensus is claimed and nobody's assent recorded", people: "u1 u2 p1", item: ruled("rule: {method: consensus}", asked("u1", "consent", "")+asked("u2", "consent", "present: false")+asked("p1", "consent", ""), "claimed_consensus: true\nclaimed_outcome: adopted"),
		want: []meant{"u1 consultative 6 unverified_consensus +consensus_unverified", "users:strict consultative 6 unverified_consensus", "u2 none 5 absent"}},
	{name: "consensus is claimed and an objection was called for", people: "u1 p1", item: ruled("rule: {method: consensus}", asked("u1", "consent", "")+asked("p1", "consent", ""), "claimed_consensus: true\nclaimed_outcome: adopted\n"+acts("kind: objection_raised, objector: u1", "kind: objection_withdrawn, objector: u1")),
		want: []meant{"u1 decisive 13 consent", "p1 none 5 absent"}},

	{name: "a free hand given to another constituency", people: "u1 p1 p2", item: ruled(majority, asked("u1", "binding_vote", "proxy: {to: p1}, ballot: for")+vote("for", "p1", "p2"), ""),
		want: []meant{"u1 consultative 7 proxy_out_of_constituency", "users:strict consultative 7 proxy_out_of_constituency", "p1 decisive 13 binding_vote"}},
	{name: "a free hand given to somebody outside the electorate", people: "u1 p1 p2 p3", item: ruled(majority, asked("u1", "binding_vote", "proxy: {to: p3}, ballot: for")+vote("for", "p1", "p2"), ""),
		want: []meant{"u1 consultative 7 proxy_out_of_constituency"}},
	{name: "an instructed proxy in another constituency is one's own vote", people: "u1 p1 p2", item: ruled(majority, asked("u1", "binding_vote", "proxy: {to: p1, instructed: true}, ballot: against")+vote("for", "p1", "p2"), ""),
		want: []meant{"u1 decisive 13 through_delegate", "users:strict decisive 13 through_delegate"}},
	{name: "a free hand given to one's own constituency", people: "u1 u2 p1", item: ruled(majority, asked("u1", "binding_vote", "present: false, proxy: {to: u2}, ballot: for")+vote("for", "u2", "p1"), ""),
		want: []meant{"u1 decisive 13 through_delegate", "users:strict decisive 13 binding_vote"}},
	{name: "among the broad users, a family member is one's own", people: "u1 f1 p1", item: ruled(majority, asked("u1", "binding_vote", "present: false, proxy: {to: f1}, ballot: for")+vote("for", "f1", "p1"), ""),
		want: []meant{"u1 consultative 7 proxy_out_of_constituency", "users:strict consultative 7 proxy_out_of_constituency", "users:broad decisive 13 binding_vote"}},

	{name: "a vote that can never matter", people: "u1 p1 p2", item: ruled("rule: {method: majority, base: members}", vote("for", "u1")+asked("p1", "binding_vote", "weight: 5, ballot: for")+asked("p2", "binding_vote", "weight: 2, ballot: for"), ""),
		want: []meant{"u1 consultative 8 token_vote +zero_power +weak", "p2 consultative 8 token_vote +zero_power", "p1 decisive 13 binding_vote -weak"}},
	{name: "the heavy one abstained and left it to the others", people: "u1 p1 p2", item: ruled(majority, vote("for", "u1")+asked("p1", "binding_vote", "weight: 5, ballot: abstain")+asked("p2", "binding_vote", "ballot: for"), ""),
		want: []meant{"u1 decisive 13 binding_vote +power_by_participation +weak", "p1 decisive 13 binding_vote -power_by_participation"}},
	{name: "of those present, the heavy one stayed away", people: "u1 u2 p1 p2", item: ruled("rule: {method: majority, base: present}", vote("for", "u1", "u2", "p2")+asked("p1", "binding_vote", "weight: 4, present: false"), ""),
		want: []meant{"u1 decisive 13 binding_vote +power_by_participation"}},
	{name: "of those present, one who said nothing would have outweighed them", people: "u1 p1 p2 p3", item: ruled("rule: {method: majority, base: present}", vote("for", "u1", "p2")+asked("p3", "binding_vote", "weight: 5")+asked("p1", "binding_vote", "weight: 20, present: false"), ""),
		want: []meant{"u1 consultative 8 token_vote", "p3 none 5 absent"}},
	{name: "of the members, the heavy one is missed", people: "u1 u2 p1 p2", item: ruled("rule: {method: majority, base: members}", vote("for", "u1", "u2", "p2")+asked("p1", "binding_vote", "weight: 4, present: false"), ""),
		want: []meant{"u1 consultative 8 token_vote"}},
	{name: "a mandate that was kept votes as one", people: "u1 p1 p2 p3", item: ruled(majority, vote("against", "u1")+asked("p1", "binding_vote", "mandate: m1, ballot: for")+asked("p2", "binding_vote", "mandate: m1, ballot: for")+asked("p3", "binding_vote", "mandate: m1, ballot: for"), ""),
		want: []meant{"u1 consultative 8 token_vote", "p1 decisive 13 binding_vote -mandate_broken"}},
	{name: "a mandate that was not kept binds nobody", people: "u1 p1 p2 p3", item: ruled(majority, vote("against", "u1")+asked("p1", "binding_vote", "mandate: m1, ballot: for")+asked("p2", "binding_vote", "mandate: m1, ballot: against")+asked("p3", "binding_vote", "mandate: m1, ballot: for"), ""),
		want: []meant{"u1 decisive 13 binding_vote -mandate_broken", "p1 decisive 13 binding_vote +mandate_broken", "constituency:professional decisive 13 binding_vote +mandate_broken"}},
	{name: "a mandate stays one where only some voted", people: "u1 p1 p2 p3 p4", item: ruled(majority, vote("for", "u1")+asked("p1", "binding_vote", "mandate: m1, weight: 2, ballot: for")+asked("p2", "binding_vote", "mandate: m1, weight: 2, ballot: for")+asked("p4", "binding_vote", "ballot: abstain"), ""),
		want: []meant{"u1 consultative 8 token_vote -power_by_participation"}},
	{name: "who cast no ballot does not act with the mandate", people: "u1 p1 p2", item: ruled("rule: {method: majority, base: members}", asked("u1", "binding_vote", "weight: 3, ballot: for")+asked("p1", "binding_vote", "mandate: m1, weight: 3, ballot: for")+asked("p2", "binding_vote", "mandate: m1"), ""),
		want: []meant{"u1 decisive 13 binding_vote", "p1 decisive 13 binding_vote -mandate_broken"}},
	{name: "a free hand that was not used alike binds nobody", people: "u1 p1 p2 p3", item: ruled(majority, vote("against", "u1", "p3")+asked("p1", "binding_vote", "proxy: {to: p3}, ballot: for")+asked("p2", "binding_vote", "proxy: {to: p3}, ballot: for"), ""),
		want: []meant{"u1 decisive 13 binding_vote"}},
	{name: "whose vote is required has power and not the last word", people: "u1 p1 p2 p3", item: ruled("rule: {method: majority, requires_for: [u1]}", vote("against", "u1")+vote("for", "p1", "p2", "p3"), ""),
		want: []meant{"u1 decisive 13 binding_vote -outvoted", "users:strict decisive 13 binding_vote -outvoted", "constituency:professional decisive 13 binding_vote +outvoted"}},
	{name: "a required vote that was not given leaves nobody power among those who took part", people: "u1 p1 p2 p3", item: ruled("rule: {method: majority, requires_for: [p1]}", vote("for", "u1")+asked("p1", "binding_vote", "weight: 9, ballot: abstain")+vote("for", "p2"), ""),
		want: []meant{"u1 consultative 8 token_vote"}},

	{name: "the director ratifies on the merits", people: "u1 p1 dir", item: ruled(majority+", ratification: merit", vote("for", "u1", "p1"), acts("kind: final_act, by: dir, same_as_outcome: true")),
		want: []meant{"u1 consultative 9 needs_ratification", "users:strict consultative 9 needs_ratification"}},
	{name: "the director looks at the law only", people: "u1 p1 dir", item: ruled(majority+", ratification: legality", vote("for", "u1", "p1"), acts("kind: final_act, by: dir, same_as_outcome: true")),
		want: []meant{"u1 decisive 13 binding_vote"}},
	{name: "an objection set aside by the facilitator", people: "u1 u2 p1", item: ruled("rule: {method: consent}", vote("for", "u1", "p1")+vote("against", "u2"), acts("kind: objection_dismissed, objector: u2, by: p1")),
		want: []meant{"u2 consultative 10 objection_dismissed", "users:strict consultative 10 objection_dismissed", "u1 decisive 13 consent"}},
	{name: "an objection set aside as the rule allows", people: "u1 u2 p1", item: ruled("rule: {method: consent}", vote("for", "u1", "p1")+vote("against", "u2"), acts("kind: objection_dismissed, objector: u2, by: p1, allowed_by_rule: true")),
		want: []meant{"u2 decisive 13 consent"}},
	{name: "an objection judged by the group", people: "u1 u2 p1", item: ruled("rule: {method: consent}", vote("for", "u1", "p1")+vote("against", "u2"), acts("kind: objection_dismissed, objector: u2, by: electorate")),
		want: []meant{"u2 decisive 13 consent"}},
	{name: "a final act that says something else", people: "u1 p1 dir", item: ruled(majority, vote("for", "u1", "p1"), acts("kind: final_act, by: dir, same_as_outcome: false, at: 2026-03-20T09:00:00+01:00")),
		want: []meant{"u1 consultative 11 overridden +overridden", "users:strict consultative 11 overridden"}},
	{name: "reversed by an authority outside", people: "u1 p1 dir", item: ruled(majority, vote("for", "u1", "p1"), acts("kind: reversed, by: dir, at: 2026-03-20T09:00:00+01:00")),
		want: []meant{"u1 consultative 11 overridden +overridden -superseded_by_electorate"}},
	{name: "reversed by the same electorate", people: "u1 p1 dir", item: ruled(majority, vote("for", "u1", "p1"), acts("kind: reversed, by: electorate, at: 2026-04-20T09:00:00+01:00")),
		want: []meant{"u1 decisive 13 binding_vote +superseded_by_electorate -overridden"}},
	{name: "one who decides alone and thinks again", people: "u1 dir", item: ruled("rule: {method: sole, holder: dir}", vote("for", "dir"), acts("kind: reversed, by: dir, at: 2026-04-20T09:00:00+01:00")),
		want: []meant{"dir decisive 13 binding_vote +superseded_by_electorate"}},
	{name: "one who outweighs everybody and thinks again", people: "u1 p1", item: ruled(majority, vote("for", "u1")+asked("p1", "binding_vote", "weight: 2, ballot: for"), acts("kind: reversed, by: p1, at: 2026-04-20T09:00:00+01:00")),
		want: []meant{"p1 decisive 13 binding_vote +superseded_by_electorate", "constituency:professional decisive 13 binding_vote +superseded_by_electorate"}},
	{name: "a member who overrides is not overridden", people: "u1 p1 p2", item: ruled(majority, vote("for", "u1", "p1", "p2"), acts("kind: reversed, by: p1, at: 2026-04-20T09:00:00+01:00")),
		want: []meant{"p1 decisive 13 binding_vote", "p2 consultative 11 overridden", "constituency:professional consultative 11 overridden"}},
	{name: "adopted and formally refused", people: "u1 p1 dir", item: ruled(majority, vote("for", "u1", "p1"), acts("kind: implementation_refused, by: dir")),
		want: []meant{"u1 consultative 12 implementation_refused +implementation_refused"}},
	{name: "rejected, and then nothing to refuse", people: "u1 p1 dir", item: ruled(majority, vote("against", "u1", "p1"), acts("kind: implementation_refused, by: dir")),
		want: []meant{"u1 decisive 13 binding_vote -implementation_refused"}},
	{name: "adopted, due and not done", people: "u1 p1", item: ruled(majority, vote("for", "u1", "p1"), acts("kind: implementation_due, due: 2026-04-01")),
		want: []meant{"u1 decisive 13 binding_vote +not_implemented"}},
	{name: "adopted, late and explained", people: "u1 p1", item: ruled(majority, vote("for", "u1", "p1"), acts("kind: implementation_due, due: 2026-04-01", "kind: implementation_explained, at: 2026-05-01T09:00:00+02:00")),
		want: []meant{"u1 decisive 13 binding_vote -not_implemented"}},
	{name: "adopted and not due yet", people: "u1 p1", item: ruled(majority, vote("for", "u1", "p1"), acts("kind: implementation_due, due: 2026-11-22")),
		want: []meant{"u1 decisive 13 binding_vote -not_implemented"}},

	{name: "the decision was handed over to the users", people: "u1 u2 p1", item: ruled(majority, asked("u1", "delegated", "ballot: for")+asked("u2", "delegated", "ballot: for")+asked("p1", "informed", ""), ""),
		want: []meant{"u1 decisive 13 delegated_power", "users:strict decisive 13 delegated_power", "p1 none 4 informed_only"}},
	{name: "a standing that consents", people: "u1 p1", item: ruled("rule: {method: unanimity}", asked("u1", "consent", "ballot: for")+vote("for", "p1"), ""),
		want: []meant{"u1 decisive 13 consent", "p1 decisive 13 binding_vote"}},
	{name: "a veto by standing", people: "u1 p1 p2", item: ruled(majority, asked("u1", "veto", "ballot: for")+vote("for", "p1", "p2"), ""),
		want: []meant{"u1 decisive 13 veto", "users:strict decisive 13 veto", "p1 decisive 13 binding_vote"}},
	{name: "a veto by the rule", people: "u1 p1 p2", item: ruled("rule: {method: majority, veto: [u1]}", vote("against", "u1")+vote("for", "p1", "p2"), ""),
		want: []meant{"u1 decisive 13 veto", "p1 decisive 13 binding_vote"}},
	{name: "the director had bound himself", people: "u1 u2 dir", item: ruled(majority+", precommitted_by: dir", vote("for", "u1", "u2"), acts("kind: final_act, by: dir, same_as_outcome: true")),
		want: []meant{"u1 decisive 13 precommitted", "users:strict decisive 13 precommitted"}},
	{name: "one of many is weak and decides all the same", people: "u1 p1 p2 p3 p4 p5 p6", item: ruled("rule: {method: unanimity}", vote("for", "u1", "p1", "p2", "p3", "p4", "p5", "p6"), ""),
		want: []meant{"u1 decisive 13 binding_vote +weak"}},
	{name: "the users were outvoted", people: "u1 u2 p1 p2 p3", item: ruled(majority, vote("against", "u1", "u2")+vote("for", "p1", "p2", "p3"), ""),
		want: []meant{"users:strict decisive 13 binding_vote +outvoted", "u1 decisive 13 binding_vote -outvoted", "constituency:professional decisive 13 binding_vote -outvoted"}},
	{name: "a user whom the department employs sits on two chairs", people: "u1* u2 p1", item: ruled(majority, vote("for", "u1", "u2", "p1"), ""),
		want: []meant{"u1 decisive 13 binding_vote +dual_capacity", "u2 decisive 13 binding_vote -dual_capacity", "users:strict decisive 13 binding_vote -dual_capacity", "constituency:user decisive 13 binding_vote -dual_capacity"}},
	{name: "a secret ballot tells who took part and no more", people: "u1 u2 p1", item: ruled("secret: true, "+majority, asked("u1", "binding_vote", "cast: true")+asked("u2", "binding_vote", "")+asked("p1", "binding_vote", "cast: true"), "tally: {for: 2, against: 0}"),
		want: []meant{"u1 decisive 13 binding_vote", "u2 none 5 absent", "users:strict decisive 13 binding_vote"}},
}

func TestEveryReasonAndEveryFlagComesFromWhatIsRecorded(t *testing.T) {
	for _, c := range reasons {
		t.Run(c.name, func(t *testing.T) {
			x := record(t, parsed(t, meeting(c.people, c.item)))
			if c.after != nil {
				c.after(x)
			}
			one := x.asOf(recordedAt)["d1"]
			if c.as != nil {
				c.as(one)
			}
			by := judged(one)
			for _, m := range c.want {
				m.check(t, by)
			}
		})
	}
}

// stated collects what the cases of this file and the worked examples say: rule, role and reason, and the flags.
func stated(t *testing.T) (gives, flags map[string]bool) {
	t.Helper()
	gives, flags = map[string]bool{}, map[string]bool{}
	for _, c := range reasons {
		for _, m := range c.want {
			words := strings.Fields(string(m))
			gives[strings.Join(words[1:4], " ")] = true
			for _, flag := range words[4:] {
				if flag[0] == '+' {
					flags[flag[1:]] = true
				}
			}
		}
	}
	return gives, flags
}

var flagged = regexp.MustCompile(`[fF]lag\("([a-z_]+)"\)`)

func TestEveryRuleEveryReasonAndEveryFlagHasACase(t *testing.T) {
	gives, flags := stated(t)
	for _, r := range role.Rules {
		for _, g := range r.Gives {
			if !gives[fmt.Sprintf("%s %d %s", g.Role, r.ID, g.Reason)] {
				t.Errorf("R%d gives %s %s in no case", r.ID, g.Role, g.Reason)
			}
		}
	}
	known := 0
	for _, file := range []string{"facts.go", "judge.go", "role.go"} {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range flagged.FindAllSubmatch(source, -1) {
			known++
			if flag := string(m[1]); !flags[flag] {
				t.Errorf("no case has the flag %s", flag)
			}
		}
	}
	if known < 16 {
		t.Errorf("only %d places that give a flag were found", known)
	}
}
