package minutes_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"tavolo/pkg/minutes"
)

// mutate changes one place of the file that has every key.
func mutate(t testing.TB, old, new string) string {
	t.Helper()
	good := string(read(t, "every-key.yaml"))
	if old != "" && strings.Count(good, old) == 0 {
		t.Fatalf("the good file does not contain %q", old)
	}
	return strings.Replace(good, old, new, 1)
}

// placeOf is line and column, from 1, of the first occurrence of a text.
func placeOf(t testing.TB, text, at string) (line, column int) {
	t.Helper()
	before, _, found := strings.Cut(text, at)
	if !found {
		t.Fatalf("the file does not contain %q", at)
	}
	line = strings.Count(before, "\n") + 1
	return line, utf8.RuneCountInString(before[strings.LastIndex(before, "\n")+1:]) + 1
}

// refusal is one change that makes the good file impossible: what is replaced, and the code, path and
// place (a text that stands there in the changed file) of the one problem that has to be reported.
type refusal struct {
	name, old, new string
	code, path, at string
}

var refusals = []refusal{
	// Keys.
	{"unknown key with a near one", "closed_at:", "closedAt:", "unknown-key", "session.closedAt", "closedAt"},
	{"unknown key that belongs elsewhere", "method: majority\n", "method: majority\n          secret: true\n", "unknown-key", "items[0].decision.charter.rule.secret", "secret: true"},
	{"unknown key", "{id: guest}", "{id: guest, shoe_size: 43}", "unknown-key", "participants[8].shoe_size", "shoe_size"},
	{"unknown key that is a sentence", "{id: guest}", "{id: guest, Mario said: x}", "unknown-key", `participants[8]["Mario said"]`, "Mario said"},
	{"duplicate key", "region: Emilia-Romagna", "region: Emilia-Romagna, name: Altro", "duplicate-key", "department.name", "name: Altro"},
	{"missing key", "opened_at: 2026-03-05T16:00:00+01:00, ", "", "missing-key", "session.opened_at", "session:"},
	{"missing id", "{id: guest}", "{name: guest}", "missing-key", "participants[8].id", "{name: guest}"},
	{"missing part", "initiative: {", "# {", "missing-key", "initiative", "# Every"},
	{"key that is a list", "{id: guest}", "{id: guest, [a]: b}", "key-not-text", "participants[8]", "[a]: b"},
	{"key without a name", "{id: guest}", "{id: guest, ~: b}", "key-not-text", "participants[8]", "~: b"},
	{"key without a value", "title: Apertura del sabato", "title:", "nothing-written", "items[0].title", "title:\n    proposed"},
	{"null", "proposed_by: u1", "proposed_by: null", "nothing-written", "items[0].proposed_by", "proposed_by: null"},
	{"constituency without totals", "professional: {for: 1, against: 1}", "professional: ", "nothing-written", "items[1].decisions[0].tally_by_constituency.professional", "professional: }"},
	{"both decision and decisions", "      - {id: d5, question: Rinviata, acts: [{kind: deferred}]}", "      - {id: d5}\n    decision: {id: d6}", "decision-and-decisions", "items[1].decisions", "decisions:\n      - id: d2"},
	// Types.
	{"text where an object is needed", "department: {id: dsm-bologna, name: DSM-DP Bologna, region: Emilia-Romagna}", "department: dsm", "expects-object", "department", "department"},
	{"list where an object is needed", "quorum: {count: 5}", "quorum: [5]", "expects-object", "items[1].decisions[0].charter.rule.quorum", "quorum: [5]"},
	{"object where a list is needed", "acts: [{kind: deferred}]", "acts: {kind: deferred}", "expects-list", "items[1].decisions[3].acts", "acts: {"},
	{"one word where a list is needed", "[facilitator, secretary]", "facilitator", "expects-list", "participants[5].appointed", "appointed"},
	{"list where text is needed", "title: Scelta del logo", "title: [Scelta]", "expects-text", "items[1].title", "title: [Scelta]"},
	{"true where text is needed", "title: Scelta del logo", "title: true", "expects-text", "items[1].title", "title: true"},
	{"map of quorums that is a list", "constituencies: {user: 2}", "constituencies: [user]", "expects-object", "items[0].decision.charter.rule.quorum.constituencies", "constituencies: [user]"},
	{"no for false", "secret: false", "secret: no", "expects-true-or-false", "items[0].decision.charter.secret", "secret: no"},
	{"quoted true", "recused: true", `recused: "true"`, "expects-true-or-false", "items[0].decision.electorate[6].recused", "recused"},
	{"number for true", "present: false", "present: 0", "expects-true-or-false", "items[0].decision.electorate[5].present", "present: 0"},
	{"decimal weight", "weight: 2, ballot", "weight: 2.5, ballot", "expects-whole-number", "items[0].decision.electorate[1].weight", "weight: 2.5"},
	{"weight that is no number", "weight: 2, ballot", "weight: .nan, ballot", "expects-whole-number", "items[0].decision.electorate[1].weight", "weight: .nan"},
	{"infinite weight", "weight: 2, ballot", "weight: -.inf, ballot", "expects-whole-number", "items[0].decision.electorate[1].weight", "weight: -.inf"},
	{"weight with an exponent", "weight: 2, ballot", "weight: 2e0, ballot", "expects-whole-number", "items[0].decision.electorate[1].weight", "weight: 2e0"},
	{"quoted weight", "weight: 2, ballot", `weight: "2", ballot`, "expects-whole-number", "items[0].decision.electorate[1].weight", `weight: "2"`},
	{"hexadecimal weight", "weight: 2, ballot", "weight: 0x2, ballot", "expects-whole-number", "items[0].decision.electorate[1].weight", "weight: 0x2"},
	{"weight of nothing", "weight: 2, ballot", "weight: 0, ballot", "number-too-small", "items[0].decision.electorate[1].weight", "weight: 0"},
	{"negative seconds", "seconds: 90", "seconds: -90", "number-too-small", "items[0].contributions[0].seconds", "seconds: -90"},
	{"seconds below any number", "seconds: 90", "seconds: -99999999999999999999", "number-too-small", "items[0].contributions[0].seconds", "seconds: -9"},
	{"weight beyond bounds", "weight: 2, ballot", "weight: 1000000001, ballot", "number-too-large", "items[0].decision.electorate[1].weight", "weight: 1000000001"},
	{"weight beyond any number", "weight: 2, ballot", "weight: 99999999999999999999, ballot", "number-too-large", "items[0].decision.electorate[1].weight", "weight: 9"},
	{"unknown word with a near one", "standing: informed", "standing: informd", "unknown-word", "items[0].decision.electorate[7].standing", "standing: informd"},
	{"Italian word", "ballot: abstain", "ballot: astenuto", "unknown-word", "items[0].decision.electorate[5].ballot", "ballot: astenuto"},
	{"unknown word", "stage: design", "stage: perhaps", "unknown-word", "initiative.stage", "stage: perhaps"},
	{"unknown office in a list", "[facilitator, secretary]", "[facilitator, treasurer]", "unknown-word", "participants[5].appointed[1]", "treasurer"},
	{"office twice", "[facilitator, secretary]", "[facilitator, facilitator]", "duplicate-entry", "participants[5].appointed[1]", "facilitator]"},
	{"veto twice", "veto: [u1]", "veto: [u1, s1, u1]", "duplicate-entry", "items[0].decision.charter.rule.veto[2]", "u1]\n          requires"},
	// Ids and codes.
	{"id with a space", "id: csm-orari", "id: csm orari", "id", "initiative.id", "id: csm orari"},
	{"id with a dot", "id: csm-orari", "id: csm.orari", "id", "initiative.id", "id: csm.orari"},
	{"id with an accent", "id: csm-orari", "id: così", "id", "initiative.id", "id: così"},
	{"id with a star", "id: csm-orari", `id: "*"`, "id", "initiative.id", `id: "*"`},
	{"id with a greater-than sign", "id: csm-orari", `id: ">"`, "id", "initiative.id", `id: ">"`},
	{"id with a colon", "id: csm-orari", "id: users:strict", "id", "initiative.id", "id: users:strict"},
	{"id that begins with a dash", "id: csm-orari", `id: "-1"`, "id", "initiative.id", `id: "-1"`},
	{"id that is a decimal", "id: csm-orari", "id: 1.5", "id", "initiative.id", "id: 1.5"},
	{"id that is true", "id: csm-orari", "id: true", "id", "initiative.id", "id: true"},
	{"empty id", "id: csm-orari", `id: ""`, "id", "initiative.id", `id: ""`},
	{"id that is too long", "id: csm-orari", "id: " + strings.Repeat("x", 65), "id", "initiative.id", "id: xx"},
	{"the electorate as a person", "{id: guest}", "{id: electorate}", "reserved-id", "participants[8].id", "id: electorate"},
	{"constituency in the plural", "{id: u2, constituency: user}", "{id: u2, constituency: users}", "constituency", "participants[1].constituency", "constituency: users"},
	{"constituency in Italian", "{id: u2, constituency: user}", "{id: u2, constituency: utente}", "constituency", "participants[1].constituency", "constituency: utente"},
	{"constituency in capitals", "{id: u2, constituency: user}", "{id: u2, constituency: User}", "constituency", "participants[1].constituency", "constituency: User"},
	{"constituency with a slip", "{id: p2, constituency: professional}", "{id: p2, constituency: profesional}", "constituency", "participants[6].constituency", "constituency: profesional"},
	{"constituency that is a sentence", "{id: guest}", "{id: guest, constituency: amico di Luca}", "constituency", "participants[8].constituency", "constituency: amico"},
	{"constituency that is a list", "{id: guest}", "{id: guest, constituency: [user]}", "constituency", "participants[8].constituency", "constituency: [user]"},
	{"quorum of a constituency in the plural", "constituencies: {user: 2}", "constituencies: {users: 2}", "constituency", "items[0].decision.charter.rule.quorum.constituencies.users", "users: 2"},
	// Times.
	{"date without a time", "2026-03-05T16:00:00+01:00", "2026-03-05", "time-of-day-missing", "session.opened_at", "opened_at"},
	{"time without an offset", "2026-03-05T16:00:00+01:00", "2026-03-05T16:00:00", "time-offset-missing", "session.opened_at", "opened_at"},
	{"time without seconds and offset", "2026-03-05T16:00:00+01:00", "2026-03-05 16:00", "time-offset-missing", "session.opened_at", "opened_at"},
	{"no such day", "2026-03-05T16:00:00+01:00", "2026-02-30T16:00:00+01:00", "time", "session.opened_at", "opened_at"},
	{"time that is none", "2026-03-05T16:00:00+01:00", "giovedì", "time", "session.opened_at", "opened_at"},
	{"year of another age", "2026-03-05T16:00:00+01:00", "0206-03-05T16:00:00+01:00", "time", "session.opened_at", "opened_at"},
	{"offset of another planet", "2026-03-05T16:00:00+01:00", "2026-03-05T16:00:00+23:00", "time", "session.opened_at", "opened_at"},
	{"date of an act without a time", "at: 2026-03-09T10:00:00+01:00", "at: 2026-03-09", "time-of-day-missing", "items[0].decision.acts[0].at", "at: 2026-03-09"},
	{"deadline that is no day", "due: 2026-04-01", "due: 2026-04-31", "due", "items[0].decision.acts[1].due", "due: 2026-04-31"},
	{"deadline that is a spreadsheet's", "due: 2026-04-01", "due: 1-Apr", "due", "items[0].decision.acts[1].due", "due: 1-Apr"},
	{"deadline without an offset", "due: 2026-04-01", "due: 2026-04-01T12:00:00", "time-offset-missing", "items[0].decision.acts[1].due", "due: 2026-04-01T"},
	{"closed before opened", "closed_at: 2026-03-05T18:00:00+01:00", "closed_at: 2026-03-05T14:00:00+01:00", "closed-before-opened", "session.closed_at", "closed_at"},
	{"act before the session", "at: 2026-03-09T10:00:00+01:00", "at: 2026-03-05T15:59:59+01:00", "act-before-session", "items[0].decision.acts[0].at", "at: 2026-03-05T15:59:59"},
	{"deadline before the session", "due: 2026-04-01", "due: 2025-04-01", "due-before-session", "items[0].decision.acts[1].due", "due: 2025"},
	// Ids that nobody has, ids twice.
	{"unknown proposer", "proposed_by: u1", "proposed_by: u9", "unknown-participant", "items[0].proposed_by", "proposed_by: u9"},
	{"unknown speaker", "{by: p1, kind", "{by: p9, kind", "unknown-participant", "items[0].contributions[1].by", "by: p9"},
	{"unknown voter", "{participant: guest, standing", "{participant: ghost, standing", "unknown-participant", "items[0].decision.electorate[8].participant", "participant: ghost"},
	{"unknown proxy", "proxy: {to: u1, instructed: false}", "proxy: {to: u9}", "unknown-participant", "items[0].decision.electorate[4].proxy.to", "to: u9"},
	{"unknown precommitment", "precommitted_by: dir", "precommitted_by: boss", "unknown-participant", "items[0].decision.charter.precommitted_by", "precommitted_by: boss"},
	{"unknown chair", "chair: p2", "chair: p9", "unknown-participant", "items[0].decision.charter.rule.chair", "chair: p9"},
	{"unknown holder", "holder: dir", "holder: boss", "unknown-participant", "items[1].decisions[2].charter.rule.holder", "holder: boss"},
	{"unknown veto", "veto: [u1]", "veto: [u1, u9]", "unknown-participant", "items[0].decision.charter.rule.veto[1]", "u9]"},
	{"unknown condition", "requires_for: [s1]", "requires_for: [s9]", "unknown-participant", "items[0].decision.charter.rule.requires_for[0]", "s9]"},
	{"unknown owner", "owner: p1", "owner: p9", "unknown-participant", "items[0].decision.acts[1].owner", "owner: p9"},
	{"unknown objector", "{kind: objection_raised, objector: p1", "{kind: objection_raised, objector: p9", "unknown-participant", "items[0].decision.acts[2].objector", "objector: p9"},
	{"unknown author of an act", "{kind: final_act, by: dir", "{kind: final_act, by: boss", "unknown-participant", "items[0].decision.acts[0].by", "by: boss"},
	{"electorate as author of a final act", "{kind: final_act, by: dir", "{kind: final_act, by: electorate", "unknown-participant", "items[0].decision.acts[0].by", "by: electorate, same"},
	{"participant twice", "{id: guest}", "{id: guest}\n  - {id: u2}", "duplicate-participant", "participants[9].id", "id: u2}"},
	{"item twice", "id: i2", "id: i1", "duplicate-item", "items[1].id", "id: i1\n    title: Scelta"},
	{"decision twice in a session", "id: d3", "id: d1", "duplicate-decision", "items[1].decisions[1].id", "id: d1\n        question: Cons"},
	{"voter twice", "{participant: dir, standing: informed}", "{participant: p1, standing: informed}", "duplicate-elector", "items[0].decision.electorate[7].participant", "participant: p1, standing: informed"},
	// Contributions.
	{"answer to nothing", "answers: 1}", "answers: 9}", "answers-unknown", "items[0].contributions[1].answers", "answers: 9"},
	{"answer to itself", "answers: 1}", "answers: 2}", "answers-later", "items[0].contributions[1].answers", "answers: 2"},
	{"answer to what comes later", "answers: 1}", "answers: 3}", "answers-later", "items[0].contributions[1].answers", "answers: 3"},
	{"reply to nothing", "kind: report, answers: 1, reply", "kind: report, reply", "reply-without-answers", "items[0].contributions[2].reply", "reply"},
	{"area of a strategic plan", "scope: area", "scope: strategic_planning", "area-without-scope", "initiative.area", "area: rehab"},
	// Votes.
	{"ballot of somebody informed", "standing: informed}", "standing: informed, ballot: for}", "vote-without-standing", "items[0].decision.electorate[7].ballot", "ballot: for}\n        - {participant: guest"},
	{"ballot without a standing", "{participant: dir, standing: informed}", "{participant: dir, ballot: abstain}", "vote-without-standing", "items[0].decision.electorate[7].ballot", "ballot: abstain}\n        - {participant: guest"},
	{"ballot of somebody recused", "recused: true", "recused: true, ballot: for", "vote-recused", "items[0].decision.electorate[6].ballot", "ballot: for}\n        - {participant: dir"},
	{"ballot of somebody absent", "weight: 2, ballot: for", "weight: 2, present: false, ballot: for", "vote-absent", "items[0].decision.electorate[1].ballot", "ballot: for}\n        - {participant: p1"},
	{"secret vote of somebody absent", "{participant: p1, standing: binding_vote, cast: true", "{participant: p1, standing: binding_vote, present: false, cast: true", "vote-absent", "items[1].decisions[0].electorate[3].cast", "cast: true, weight"},
	{"ballot in a secret vote", "{participant: p2, standing: binding_vote}", "{participant: p2, standing: binding_vote, ballot: for}", "ballot-secret", "items[1].decisions[0].electorate[4].ballot", "ballot: for}\n        tally"},
	{"cast in an open vote", "{participant: u1, standing: binding_vote, ballot: for}", "{participant: u1, standing: binding_vote, cast: true}", "cast-not-secret", "items[0].decision.electorate[0].cast", "cast: true"},
	{"mandate without a vote", "standing: informed}", "standing: informed, mandate: m1}", "mandate-without-vote", "items[0].decision.electorate[7].mandate", "mandate: m1}"},
	{"advice of a voter", "{participant: u1, standing: binding_vote, ballot: for}", "{participant: u1, standing: binding_vote, ballot: for, advice: for}", "advice-not-consulted", "items[0].decision.electorate[0].advice", "advice: for}"},
	{"proxy without a vote", "standing: informed}", "standing: informed, proxy: {to: u1}}", "proxy-without-vote", "items[0].decision.electorate[7].proxy", "proxy: {to: u1}}"},
	{"proxy to oneself", "proxy: {to: u1, instructed: false}", "proxy: {to: u2}", "proxy-to-self", "items[0].decision.electorate[4].proxy.to", "to: u2"},
	{"proxy of a proxy", "proxy: {to: u1, instructed: false}", "proxy: {to: u3}", "proxy-chain", "items[0].decision.electorate[4].proxy.to", "to: u3"},
	{"proxy to somebody absent", "recused: true}", "present: false}\n        - {participant: p9x, standing: binding_vote, proxy: {to: 12}}", "proxy-holder-absent", "items[0].decision.electorate[7].proxy.to", "to: 12"},
	{"claim without an outcome", "claimed_consensus: true\n        claimed_outcome: adopted", "claimed_consensus: true", "claim-without-outcome", "items[1].decisions[1].claimed_consensus", "claimed_consensus"},
	{"outcome without a claim", "claimed_consensus: true\n        claimed_outcome: adopted", "claimed_outcome: adopted", "outcome-without-claim", "items[1].decisions[1].claimed_outcome", "claimed_outcome"},
	// Rules.
	{"fraction of nothing", "fraction: 1/2", "fraction: 0/2", "fraction", "items[0].decision.charter.rule.quorum.fraction", "fraction: 0/2"},
	{"fraction above one", "fraction: 1/2", "fraction: 3/2", "fraction", "items[0].decision.charter.rule.quorum.fraction", "fraction: 3/2"},
	{"fraction by nothing", "fraction: 1/2", "fraction: 1/0", "fraction", "items[0].decision.charter.rule.quorum.fraction", "fraction: 1/0"},
	{"fraction that is a decimal", "fraction: 1/2", "fraction: 0.5", "fraction", "items[0].decision.charter.rule.quorum.fraction", "fraction: 0.5"},
	{"threshold above one", `threshold: "2/3"`, `threshold: "4/3"`, "threshold", "items[1].decisions[0].charter.rule.constituencies[0].threshold", `threshold: "4/3"`},
	{"threshold in per cent", "threshold: majority", "threshold: 66%", "threshold", "items[0].decision.charter.rule.threshold", "threshold: 66%"},
	{"threshold that is a decimal", "threshold: majority", "threshold: 0.66", "expects-whole-number", "items[0].decision.charter.rule.threshold", "threshold: 0.66"},
	{"threshold of no votes", "threshold: majority", "threshold: 0", "number-too-small", "items[0].decision.charter.rule.threshold", "threshold: 0"},
	{"holder of a majority", "chair: p2", "chair: p2\n          holder: dir", "rule-key", "items[0].decision.charter.rule.holder", "holder: dir"},
	{"threshold of consensus", "{method: consensus}", "{method: consensus, threshold: majority}", "rule-key", "items[1].decisions[1].charter.rule.threshold", "threshold: majority}"},
	{"sole without a holder", "{method: sole, holder: dir}", "{method: sole}", "sole-without-holder", "items[1].decisions[2].charter.rule", "rule: {method: sole}"},
	{"constituencies without conditions", "{method: consensus}", "{method: constituencies}", "no-constituency-rules", "items[1].decisions[1].charter.rule", "rule: {method: constituencies}"},
	{"conditions without constituencies", "{method: consensus}", "{method: constituencies, constituencies: []}", "no-constituency-rules", "items[1].decisions[1].charter.rule", "rule: {method: constituencies, constituencies: []}"},
	{"condition about nobody", "of: [professional]", "of: []", "no-constituencies", "items[1].decisions[0].charter.rule.constituencies[1].of", "of: []"},
	{"tie without a chair", "          chair: p2\n", "", "tie-without-chair", "items[0].decision.charter.rule.tie", "tie: chair"},
	{"chair without a tie", "          tie: chair\n", "", "chair-without-tie", "items[0].decision.charter.rule.chair", "chair: p2"},
	{"rule without voters", "{participant: u1, standing: consent}", "{participant: u1, standing: informed}", "rule-without-voters", "items[1].decisions[1].charter.rule", "rule: {method: consensus}"},
	{"rule without an electorate", "        electorate:\n          - {participant: u1, standing: consent}\n", "", "rule-without-voters", "items[1].decisions[1].charter.rule", "rule: {method: consensus}"},
	{"chair without a vote", "chair: p2", "chair: dir", "rule-names-non-voter", "items[0].decision.charter.rule.chair", "chair: dir"},
	{"veto without a vote", "veto: [u1]", "veto: [u1, guest]", "rule-names-non-voter", "items[0].decision.charter.rule.veto[1]", "guest]"},
	{"condition on somebody without a vote", "requires_for: [s1]", "requires_for: [dir]", "rule-names-non-voter", "items[0].decision.charter.rule.requires_for[0]", "dir]"},
	{"chair who is recused", "chair: p2", "chair: 12", "rule-names-non-voter", "items[0].decision.charter.rule.chair", "chair: 12"},
	{"secret vote of one", "{method: sole, holder: dir}", "{method: sole, holder: dir}\n          secret: true", "secret-rule", "items[1].decisions[2].charter.rule.method", "method: sole"},
	{"secret vote with a veto", "quorum: {count: 5}", "veto: [u1]", "secret-rule", "items[1].decisions[0].charter.rule.veto", "veto: [u1]\n          secret"},
	{"secret vote with a condition", "quorum: {count: 5}", "requires_for: [u1]", "secret-rule", "items[1].decisions[0].charter.rule.requires_for", "requires_for: [u1]"},
	{"secret vote that counts heads behind weights", "quorum: {count: 5}", "min_members_for: 2", "secret-rule", "items[1].decisions[0].charter.rule.min_members_for", "min_members_for: 2"},
	{"more votes than there are", "threshold: majority", "threshold: 9", "threshold-unreachable", "items[0].decision.charter.rule.threshold", "threshold: 9"},
	{"more votes than a constituency has", "{of: [professional], threshold: 1}", "{of: [professional], threshold: 4}", "threshold-unreachable", "items[1].decisions[0].charter.rule.constituencies[1].threshold", "threshold: 4"},
	{"more in favour than there are", "min_members_for: 4", "min_members_for: 8", "min-members-unreachable", "items[0].decision.charter.rule.min_members_for", "min_members_for"},
	{"condition of a constituency without voters", "of: [professional]", "of: [director, psw]", "constituency-without-voters", "items[1].decisions[0].charter.rule.constituencies[1].of", "of: [director"},
	{"more present than a constituency has", "min_present: 2", "min_present: 4", "min-present-unreachable", "items[1].decisions[0].charter.rule.constituencies[0].min_present", "min_present: 4"},
	{"quorum of nothing", "quorum: {count: 5}", "quorum: {}", "quorum-empty", "items[1].decisions[0].charter.rule.quorum", "quorum: {}"},
	{"two quorums", "quorum: {count: 5}", "quorum: {count: 5, fraction: 1/2}", "quorum-twice", "items[1].decisions[0].charter.rule.quorum.count", "count: 5"},
	{"quorum above the voters", "quorum: {count: 5}", "quorum: {count: 6}", "quorum-unreachable", "items[1].decisions[0].charter.rule.quorum.count", "count: 6"},
	{"quorum above a constituency", "constituencies: {user: 2}", "constituencies: {user: 4}", "quorum-constituency-unreachable", "items[0].decision.charter.rule.quorum.constituencies.user", "user: 4"},
	// Secret ballots.
	{"tally of an open vote", "        precommitted_by: dir\n", "      tally: {for: 1}\n", "tally-not-secret", "items[0].decision.tally", "tally: {for: 1}"},
	{"parts of an open vote", "        precommitted_by: dir\n", "      tally_by_constituency: {user: {for: 1}}\n", "tally-not-secret", "items[0].decision.tally_by_constituency", "tally_by_constituency: {user: {for: 1}"},
	{"secret vote without totals", "        tally: {for: 3, against: 2, abstain: 0}\n", "", "tally-missing", "items[1].decisions[0]", "id: d2"},
	{"more votes than voters", "tally: {for: 3, against: 2, abstain: 0}", "tally: {for: 3, against: 3}", "tally-too-large", "items[1].decisions[0].tally", "tally: {"},
	{"more votes than a constituency", "user: {for: 2, against: 1}", "user: {for: 3, against: 1}", "tally-part-too-large", "items[1].decisions[0].tally_by_constituency.user", "user: {for: 3"},
	{"votes of a constituency that is not there", "professional: {for: 1, against: 1}", "family: {for: 1}", "tally-part-too-large", "items[1].decisions[0].tally_by_constituency.family", "family: {for"},
	{"parts that do not sum to the whole", "professional: {for: 1, against: 1}", "professional: {for: 1}", "tally-parts-differ", "items[1].decisions[0].tally_by_constituency", "tally_by_constituency"},
	{"part above the whole", "user: {for: 2, against: 1}, professional: {for: 1, against: 1}", "user: {against: 3}", "tally-parts-differ", "items[1].decisions[0].tally_by_constituency", "tally_by_constituency"},
	{"parts that the rule asks about", "        tally_by_constituency: {user: {for: 2, against: 1}, professional: {for: 1, against: 1}}\n", "", "tally-part-missing", "items[1].decisions[0].tally_by_constituency", "id: d2"},
	{"part that the rule asks about", "user: {for: 2, against: 1}, professional: {for: 1, against: 1}", "user: {for: 2, against: 1}", "tally-part-missing", "items[1].decisions[0].tally_by_constituency", "id: d2"},
	// Acts.
	{"final act of nobody", "{kind: final_act, by: dir,", "{kind: final_act,", "act-needs", "items[0].decision.acts[0].by", "{kind: final_act"},
	{"final act that may say anything", "by: dir, same_as_outcome: true", "by: dir", "act-needs", "items[0].decision.acts[0].same_as_outcome", "{kind: final_act"},
	{"objection of nobody", "{kind: objection_raised, objector: p1,", "{kind: objection_raised,", "act-needs", "items[0].decision.acts[2].objector", "{kind: objection_raised"},
	{"reversal by nobody", "{kind: reversed, by: electorate,", "{kind: reversed,", "act-needs", "items[0].decision.acts[4].by", "{kind: reversed"},
	{"deadline without a date", "owner: p1, due: 2026-04-01", "owner: p1", "act-needs", "items[0].decision.acts[1].due", "{kind: implementation_due"},
	{"deferral with a deadline", "{kind: deferred}", "{kind: deferred, due: 2027-01-01}", "act-key", "items[1].decisions[3].acts[0].due", "due: 2027"},
	{"act of no kind", "{kind: implemented}", "{by: dir}", "missing-key", "items[0].decision.acts[5].kind", "{by: dir}"},
	// YAML.
	{"anchor", "name: DSM-DP Bologna", "name: &a DSM", "yaml-reference", "department.name", "name: &a"},
	{"alias of nothing", "name: DSM-DP Bologna", "name: *a", "yaml-reference", "", "*a"},
	{"tag", "name: DSM-DP Bologna", "name: !!binary DSM", "yaml-tag", "department.name", "name: !!binary"},
	{"tagged key", "name: DSM-DP Bologna", "!!str name: DSM", "yaml-tag", "department.name", "!!str name"},
	{"merge key", "department: {id", "department: {<<: {name: x}, id", "yaml-merge", `department["<<"]`, "<<"},
	{"colon in text", "title: Scelta del logo", "title: Scelta: logo", "yaml-colon", "", "    title: Scelta: logo"},
	{"text that begins with a sign", "title: Scelta del logo", "title: @logo", "yaml-character", "", "    title: @logo"},
	{"tab", "  - id: i2", "\t- id: i2", "yaml-tab", "", "\t- id: i2"},
	{"bracket without an end", "appointed: [facilitator, secretary]", "appointed: [facilitator, secretary", "yaml-syntax", "", "  - {id: p1, constituency"},
	{"second document", "items:\n", "---\nitems:\n", "several-documents", "", "---"},
	{"invisible character", "Scelta del logo", "Scelta\x07del logo", "control-character", "", "\x07"},
	{"escaped invisible character", "title: Scelta del logo", `title: "Scelta\x07del logo"`, "control-character", "items[1].title", "title: \"Scelta"},
	{"NUL", "Scelta del logo", "Scelta\x00", "control-character", "", "\x00"},
	{"nested too deep", "title: Scelta del logo", "title: " + strings.Repeat("[", minutes.MaxDepth) + strings.Repeat("]", minutes.MaxDepth), "too-deep", "", "[[[]"},
	{"another version", "format: tavolo-minutes/1", "format: tavolo-minutes/2", "format", "format", "format: "},
	{"indentation of a key", "    proposed_by", "   proposed_by", "yaml-syntax", "", "   proposed_by"},
	{"indentation of an entry", "  - {id: u2", " - {id: u2", "yaml-syntax", "", " - {id: u2"},
}

func problems(t testing.TB, name string, data []byte) minutes.Problems {
	t.Helper()
	f, err := minutes.Parse(name, data)
	var found minutes.Problems
	if err == nil {
		t.Fatalf("%s: it is accepted", name)
	}
	if !errors.As(err, &found) || len(found) == 0 {
		t.Fatalf("%s: the error is no problem: %v", name, err)
	}
	if f != nil {
		t.Fatalf("%s: something of a refused file is kept", name)
	}
	return found
}

func TestWhatCannotHaveHappenedIsRefusedAtItsPlace(t *testing.T) {
	for _, c := range refusals {
		t.Run(c.name, func(t *testing.T) {
			text := mutate(t, c.old, c.new)
			if c.name == "secret vote of one" { // without the ballot, so that only the rule is wrong
				text = strings.Replace(text, "{participant: dir, standing: binding_vote, ballot: for}", "{participant: dir, standing: binding_vote}", 1)
			}
			if strings.Contains(c.new, "p9x") { // one more participant, so that only the proxy is wrong
				text = strings.Replace(text, "{id: guest}", "{id: guest}\n  - {id: p9x}", 1)
			}
			found := problems(t, "f.yaml", []byte(text))
			p := found[0]
			line, column := placeOf(t, text, c.at)
			if len(found) != 1 || p.Code != "minutes/"+c.code || p.Path != c.path || p.Line != line || p.Column != column {
				t.Errorf("want one problem %s at %d:%d %s; got\n%v (%s)", c.code, line, column, c.path, found, p.Code)
			}
			wellSaid(t, p)
		})
	}
}

// wellSaid checks what every problem promises.
func wellSaid(t *testing.T, p minutes.Problem) {
	t.Helper()
	for _, lang := range []string{"it", "en"} {
		s := p.Sentence(lang)
		if s == p.Code || strings.Contains(s, "$") || !strings.HasSuffix(s, ".") && !strings.HasSuffix(s, "?") || strings.ContainsAny(s, "\n\r\x00\x07") {
			t.Errorf("%s in %s: %q", p.Code, lang, s)
		}
	}
	if p.Sentence("it") == p.Sentence("en") {
		t.Errorf("%s says the same in both languages", p.Code)
	}
	if p.File == "" || p.Line < 1 || p.Column < 1 {
		t.Errorf("%s has no place: %+v", p.Code, p)
	}
}

// whole are inputs that are wrong as a whole.
var whole = map[string]struct {
	text, code   string
	line, column int
}{
	"nothing":                {"", "empty", 1, 1},
	"blank":                  {" \n\t\r\n", "empty", 1, 1},
	"only a mark":            {"\xef\xbb\xbf", "empty", 1, 1},
	"only a remark":          {"# verbale\n", "empty", 1, 1},
	"a letter":               {"Cara Anna, il verbale arriva domani.", "not-minutes", 1, 1},
	"a list":                 {"- a\n- b\n", "not-minutes", 1, 1},
	"a JSON list":            {"[1, 2]", "not-minutes", 1, 1},
	"null":                   {"null", "not-minutes", 1, 1},
	"something else in YAML": {"services:\n  web: {image: x}\n", "not-minutes", 1, 1},
	"something else in JSON": {`{"name": "x"}`, "not-minutes", 1, 1},
	"a spreadsheet":          {"PK\x03\x04\x00\x00", "not-text", 1, 1},
	"a PDF":                  {"%PDF-1.7\n%\xe2\xe3", "not-text", 1, 1},
	"UTF-16":                 {"\xff\xfef\x00o\x00", "not-text", 1, 1},
	"Latin-1":                {"format: tavolo-minutes/1\ntitle: citt\xe0\n", "not-utf8", 2, 12},
	"half a character":       {"format: \xc3", "not-utf8", 1, 9},
	"C1 control":             {"format: \u0085", "control-character", 1, 9},
	"JSON with a comma":      {"{\n \"format\": \"tavolo-minutes/1\",\n}", "json-syntax", 3, 1},
	"JSON without an end":    {"{\n \"format\": \"x\"\n", "json-syntax", 2, 15},
	"JSON with remarks":      {"{\n // x\n}", "json-syntax", 2, 2},
	"two JSON texts":         {"{}\n{}", "json-syntax", 2, 1},
	"JSON too deep":          {`{"a": ` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + "}", "too-deep", 1, 30},
	"JSON deeper than ever":  {`{"a": ` + strings.Repeat("[", 200000), "json-syntax", 1, 10006},
	"YAML deeper than ever":  {"a: " + strings.Repeat("[", 200000), "too-deep", 1, 1},
	"too many values":        {"a: [" + strings.Repeat("1,", minutes.MaxValues) + "]", "too-many-values", 1, 5 + 2*(minutes.MaxValues-2)},
	"far too many values":    {"a: [" + strings.Repeat("1,", 3*minutes.MaxValues), "too-many-values", 1, 1},
	"too many JSON values":   {`{"a":[` + strings.Repeat("1,", minutes.MaxValues) + `1]}`, "too-many-values", 1, 7 + 2*(minutes.MaxValues-2)},
	"too large":              {strings.Repeat("#", minutes.MaxBytes+1), "too-large", 1, 1},
}

func TestWhatIsNoMinutesFileIsRefused(t *testing.T) {
	for name, c := range whole {
		p := problems(t, name, []byte(c.text))[0]
		if p.Code != "minutes/"+c.code || p.Line != c.line || p.Column != c.column {
			t.Errorf("%s: want %s at %d:%d, got %s at %d:%d", name, c.code, c.line, c.column, p.Code, p.Line, p.Column)
		}
		wellSaid(t, p)
	}
}

// asJSON are refusals that only JSON can show, as changes of the good file in JSON.
var asJSON = []refusal{
	{"duplicate key", `"region": "Emilia-Romagna"`, `"region": "x", "region": "y"`, "duplicate-key", "department.region", `"region": "y"`},
	{"half a surrogate pair", `"Scelta del logo"`, `"Scelta \ud83d"`, "control-character", "items[1].title", `"title": "Scelta \ud83d"`},
	{"escaped NUL", `"Scelta del logo"`, `"Scelta \u0000"`, "control-character", "items[1].title", `"title": "Scelta \u0000"`},
	{"null", `"Scelta del logo"`, `null`, "nothing-written", "items[1].title", `"title": null`},
	{"text for a number", `"seconds": 90`, `"seconds": "90"`, "expects-whole-number", "items[0].contributions[0].seconds", `"seconds": "90"`},
	{"exponent", `"seconds": 90`, `"seconds": 9e1`, "expects-whole-number", "items[0].contributions[0].seconds", `"seconds": 9e1`},
	{"number for a moment", `"2026-03-05T16:00:00+01:00"`, `20260305`, "time", "session.opened_at", `"opened_at": 20260305`},
	{"unknown key", `"Scelta del logo"`, `"Scelta del logo", "tittle": "x"`, "unknown-key", "items[1].tittle", `"tittle"`},
}

func TestJSONIsRefusedAtItsPlace(t *testing.T) {
	good := string(written(t, parse(t, "every-key.yaml", read(t, "every-key.yaml")), "json"))
	for _, c := range asJSON {
		if !strings.Contains(good, c.old) {
			t.Fatalf("%s: the good file does not contain %s", c.name, c.old)
		}
		text := strings.Replace(good, c.old, c.new, 1)
		found := problems(t, c.name, []byte(text))
		line, column := placeOf(t, text, c.at)
		if p := found[0]; len(found) != 1 || p.Code != "minutes/"+c.code || p.Path != c.path || p.Line != line || p.Column != column {
			t.Errorf("%s: want %s at %d:%d %s, got\n%v", c.name, c.code, line, column, c.path, found)
		}
	}
}

func TestEveryCodeHasAnExample(t *testing.T) {
	shown := map[string]bool{}
	for _, c := range refusals {
		shown["minutes/"+c.code] = true
	}
	for _, c := range whole {
		shown["minutes/"+c.code] = true
	}
	for _, code := range minutes.Codes() {
		if !shown[code] {
			t.Errorf("no test refuses anything with %s", code)
		}
	}
	if known := slices.Sorted(maps.Keys(shown)); !slices.Equal(known, minutes.Codes()) {
		t.Errorf("codes %v, examples %v", minutes.Codes(), known)
	}
}

func TestSeveralProblemsAreReportedAtOnceByPlace(t *testing.T) {
	text := strings.NewReplacer("closed_at:", "closed:", "constituency: family", "constituency: families",
		"ballot: abstain", "ballot: perhaps", "seconds: 90", "seconds: -1", "to: u1, instructed: false", "to: u2").
		Replace(string(read(t, "every-key.yaml")))
	found := problems(t, "f.yaml", []byte(text))
	var got []string
	for _, p := range found {
		got = append(got, fmt.Sprintf("%d %s", p.Line, p.Code))
	}
	want := []string{"5 minutes/unknown-key", "10 minutes/constituency", "21 minutes/number-too-small", "47 minutes/unknown-word"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestProblemsOfOneDecisionDoNotHideThoseOfAnother(t *testing.T) {
	text := strings.NewReplacer("holder: dir", "holder: u2", "ballot: abstain", "ballot: perhaps", "tally: {for: 3, against: 2, abstain: 0}", "tally: {for: 9, against: 2}").
		Replace(string(read(t, "every-key.yaml")))
	found := problems(t, "f.yaml", []byte(text))
	var got []string
	for _, p := range found {
		got = append(got, p.Code)
	}
	want := []string{"minutes/unknown-word", "minutes/tally-too-large", "minutes/rule-names-non-voter"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAtMostTwentyProblemsAreReported(t *testing.T) {
	text := strings.ReplaceAll(string(read(t, "every-key.yaml")), "participant:", "partecipante:")
	text = strings.ReplaceAll(text, "constituency:", "componente:")
	found := problems(t, "f.yaml", []byte(text))
	if len(found) != minutes.MaxProblems {
		t.Errorf("%d problems are reported, want %d", len(found), minutes.MaxProblems)
	}
	sorted := slices.IsSortedFunc(found, func(a, b minutes.Problem) int { return a.Line - b.Line })
	if !sorted || found[0].Line != 7 {
		t.Errorf("the problems are not the first ones in order:\n%v", found)
	}
}

func TestAnErrorIsOneLineWithItsPlace(t *testing.T) {
	found := problems(t, "verbali/marzo.yaml", []byte(mutate(t, "ballot: abstain", "ballot: astenuto")))
	want := `verbali/marzo.yaml:47:104 items[0].decision.electorate[5].ballot: This word is not one of those known here: did you mean "abstain"? The words are for, against, abstain.`
	if found.Error() != want {
		t.Errorf("got  %s\nwant %s", found.Error(), want)
	}
	if got := found[0].Text("it"); !strings.Contains(got, "forse si voleva scrivere") {
		t.Errorf("in Italian: %s", got)
	}
}

func TestItalianWordsPointToTheWordOfTheFormat(t *testing.T) {
	for italian, meant := range map[string]string{"utente": "user", "Utenti": "user", "familiare": "family", "operatore": "professional",
		"esp": "psw", "direttore": "director", "ricercatrice": "researcher", "cittadino": "citizen", "associazione": "association", "ente": "institution"} {
		p := problems(t, italian, []byte(mutate(t, "{id: guest}", "{id: guest, constituency: "+italian+"}")))[0]
		if p.Code != "minutes/constituency" || p.Args["near"] != meant {
			t.Errorf("%s: got %s %v, want %s", italian, p.Code, p.Args, meant)
		}
	}
	for italian, meant := range map[string]string{"favorevole": "for", "contrario": "against", "Astenuto": "abstain", "FOR": "for"} {
		p := problems(t, italian, []byte(mutate(t, "ballot: abstain", "ballot: "+italian)))[0]
		if p.Code != "minutes/unknown-word" || p.Args["near"] != meant {
			t.Errorf("%s: got %s %v, want %s", italian, p.Code, p.Args, meant)
		}
	}
}

func TestErrorsNeverRepeatWhatPeopleSaidOrAreCalled(t *testing.T) {
	const secret = "Segretissimo"
	for _, change := range [][2]string{
		{"name: Prova Uno", "name: [" + secret + "]"},
		{"id: guest", "id: Anna " + secret},
		{"{id: guest}", "{id: guest, constituency: amica di " + secret + "}"},
		{"title: Scelta del logo", "title: {" + secret + ": " + secret + "}"},
		{"title: Scelta del logo", "title: " + secret + ": x"},
		{"title: Scelta del logo", "title: *" + secret},
		{"title: Scelta del logo", "title: !" + secret + " x"},
		{"title: Scelta del logo", `title: "` + secret + `\x07"`},
		{"ballot: abstain", "ballot: " + secret},
		{"stage: design", "stage: " + secret},
		{"opened_at: 2026-03-05T16:00:00+01:00", "opened_at: " + secret},
		{"due: 2026-04-01", "due: " + secret},
		{"threshold: majority", "threshold: " + secret},
		{"weight: 2", "weight: " + secret},
		{"[facilitator, secretary]", secret},
		{"secret: false", "secret: " + secret},
		{"constituencies: {user: 2}", "constituencies: {" + secret + " x: 2}"},
	} {
		found := problems(t, "f.yaml", []byte(mutate(t, change[0], change[1])))
		for _, p := range found {
			if strings.Contains(p.Sentence("it")+p.Sentence("en"), secret) || strings.Contains(fmt.Sprint(p.Args), secret) {
				t.Errorf("%s repeats the text: %s", change[1], p.Error())
			}
		}
	}
}

func TestKeysInErrorsAreCutAndOnOneLine(t *testing.T) {
	long := strings.Repeat("k", 60)
	p := problems(t, "f.yaml", []byte(mutate(t, "{id: guest}", `{id: guest, "`+long+`\n\"": x}`)))[0]
	if p.Args["key"] != long[:40]+"…" {
		t.Errorf("the key is repeated as %q", p.Args["key"])
	}
	p = problems(t, "f\n.yaml", []byte(mutate(t, "{id: guest}", `{id: guest, "a\nb\"c": x}`)))[0]
	if strings.Contains(p.Error(), "\n") || p.Args["key"] != "a?b?c" {
		t.Errorf("a line end gets into the error: %q", p.Error())
	}
}

func TestSentencesAreCompleteInBothLanguages(t *testing.T) {
	for key, s := range minutes.Sentences() {
		if !strings.HasPrefix(key, "minutes/") {
			t.Errorf("%s is no code of this package", key)
		}
		for i, text := range s {
			if len(text) < 30 || !strings.HasSuffix(text, ".") && !strings.HasSuffix(text, "?") {
				t.Errorf("%s: sentence %d is %q", key, i, text)
			}
		}
		if it, en := argsIn(s[0]), argsIn(s[1]); !slices.Equal(it, en) {
			t.Errorf("%s has the arguments %v in Italian and %v in English", key, it, en)
		}
	}
}

func argsIn(sentence string) []string {
	found := map[string]bool{}
	for _, part := range strings.Split(sentence, "$")[1:] {
		end := strings.IndexFunc(part, func(c rune) bool { return c != '_' && (c < 'a' || c > 'z') })
		if end < 0 {
			end = len(part)
		}
		found[part[:end]] = true
	}
	return slices.Sorted(maps.Keys(found))
}

func TestEveryKindOfActHasARow(t *testing.T) {
	kinds, rows := minutes.ActKinds()
	slices.Sort(rows)
	kinds = slices.Sorted(slices.Values(kinds))
	if !slices.Equal(kinds, rows) {
		t.Errorf("kinds %v, rows %v", kinds, rows)
	}
}
