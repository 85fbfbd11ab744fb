import assert from "node:assert/strict";
import { test } from "node:test";
import type { DecisionViewJson } from "../src/gen/tavolo/api/v1/record_pb";
import type { ChoiceJson, ElectorJson, RuleJson } from "../src/gen/tavolo/event/v1/decision_pb";
import { conditionsOf, hundred, needed, quorumOf, votersOf } from "../src/rule";

const elector = (participant: string, constituency: string, more: Partial<ElectorJson> = {}): ElectorJson =>
  ({ participant, constituency, standing: "STANDING_BINDING_VOTE", weight: "1", present: true, ...more });
const decision = (rule: RuleJson, electors: ElectorJson[], choices: Record<string, ChoiceJson> = {}): DecisionViewJson => ({
  phase: "DECISION_PHASE_CLOSED", charter: { rule }, electors,
  ballots: Object.entries(choices).map(([participant, choice]) => ({ participant, choice })),
  tally: { for: "5", against: "2", abstain: "0" },
});

test("A threshold is more than half, at least a share, or at least so many", () => {
  for (const [base, n] of [[7, 4], [8, 5], [1, 1], [0, 1]] as const) assert.equal(needed({ majority: true }, base), n);
  assert.equal(needed(undefined, 8), 5);
  for (const [base, n] of [[120, 80], [31, 21], [3, 2]] as const) assert.equal(needed({ fraction: { numerator: 2, denominator: 3 } }, base), n);
  assert.equal(needed({ votes: "12" }, 99), 12);
});

test("Who is only asked, or stays out, has no vote; a proxy counts as being there", () => {
  const d = decision({ method: "METHOD_MAJORITY", quorum: { fraction: { numerator: 1, denominator: 2 }, constituencies: { user: 2 } } }, [
    elector("a", "user"), elector("b", "user", { present: false, proxy: { to: "a" } }), elector("c", "user", { present: false }),
    elector("d", "professional", { recused: true }), elector("e", "director", { standing: "STANDING_INFORMED" }),
  ]);
  assert.deepEqual(votersOf(d).map((e) => e.participant), ["a", "b", "c"]);
  assert.deepEqual(quorumOf(d), [{ of: "", needed: 2, there: 2, all: 3 }, { of: "user", needed: 2, there: 2, all: 3 }]);
});

test("Each constituency has a count and a threshold of its own", () => {
  const rule: RuleJson = { method: "METHOD_CONSTITUENCIES", constituencies: [
    { of: ["user"], threshold: { majority: true }, base: "BASE_CAST" }, { of: ["professional"], base: "BASE_MEMBERS", minPresent: 2 }] };
  const d = decision(rule, [elector("a", "user"), elector("b", "user"), elector("c", "professional", { weight: "3" }), elector("d", "professional")],
    { a: "CHOICE_FOR", b: "CHOICE_ABSTAIN", c: "CHOICE_AGAINST", d: "CHOICE_FOR" });
  const [users, professionals] = conditionsOf(d);
  assert.deepEqual([users!.votes, users!.needed], [{ for: 1, against: 0, abstain: 1 }, 1]);
  assert.deepEqual([professionals!.votes, professionals!.needed], [{ for: 1, against: 3, abstain: 0 }, 3]);
  assert.deepEqual(quorumOf(d), [{ of: "professional", needed: 2, there: 2, all: 2 }]);
});

test("Secret ballots give no count by constituency, and the total is the record's", () => {
  const electors = [elector("a", "user"), elector("b", "user")];
  const [one] = conditionsOf(decision({ method: "METHOD_CONSTITUENCIES", constituencies: [{ of: ["user"] }] }, electors));
  assert.deepEqual([one!.votes, one!.needed], [undefined, undefined]);
  const [all] = conditionsOf(decision({ method: "METHOD_MAJORITY" }, electors));
  assert.deepEqual([all!.votes, all!.needed], [{ for: 5, against: 2, abstain: 0 }, 4]);
  assert.deepEqual(conditionsOf({ phase: "DECISION_PHASE_OPEN", charter: { rule: { method: "METHOD_MAJORITY" } }, electors })[0]!.votes, undefined);
});

test("Power that is more than nothing never shows as nothing", () => {
  for (const [fraction, n] of [["5/16", 31], ["0", 0], ["1", 100], ["1/1000", 0.1], ["1/1000000", 0.01]] as const) assert.equal(hundred(fraction), n);
  assert.equal(hundred(""), undefined);
  assert.equal(hundred(undefined), undefined);
});
