import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Refusal } from "../src/api";
import { awaited, castBy, shownOf, standingOf } from "../src/deciding/ballots";
import { followIn, followUpOf } from "../src/deciding/followups";
import { gain, hundredOf, inHundred, width } from "../src/deciding/hundred";
import { objectionsOf } from "../src/deciding/objections";
import { type Plan, type RuleChoice, charterOf, choices, electorsOf, firstPlan, lackOf, openingOf, planOf, ratifierOf, ruleOf, withRule } from "../src/deciding/plan";
import type { ParticipantViewJson } from "../src/gen/tavolo/api/v1/record_pb";
import type { RuleJson } from "../src/gen/tavolo/event/v1/decision_pb";
import { type Unsent } from "../src/outbox";
import { isLate, late } from "../src/parts/followup";
import { type Texts, render, spoken } from "../src/words";
// @ts-expect-error: a plain script of the build
import { wordsOf } from "../words.mjs";

// At the table: three users, one of them away; a relative, two professionals, and the director.
const roll: ParticipantViewJson[] = [
  { participant: "u1", constituency: "user", present: true }, { participant: "u2", constituency: "user", present: true }, { participant: "u3", constituency: "user" },
  { participant: "f1", constituency: "family", present: true }, { participant: "p1", constituency: "professional", present: true },
  { participant: "p2", constituency: "professional", employedByDepartment: true, present: true }, { participant: "dir", constituency: "director", present: true },
];
const plan = (by: Partial<Plan> = {}): Plan => ({ ...firstPlan, ...by });
const rule = (by: Partial<Plan>) => { const p = plan(by); return ruleOf(p, electorsOf(p, roll)); };
const majority = { majority: true };

// The rule of each choice, as the minutes write it: method, threshold, base, tie, quorum, constituencies, holder.
const meant: Record<Exclude<RuleChoice, "written">, RuleJson> = {
  simple: { method: "METHOD_MAJORITY", threshold: majority, base: "BASE_CAST", tie: "TIE_STATUS_QUO" },
  absolute: { method: "METHOD_MAJORITY", threshold: majority, base: "BASE_MEMBERS", tie: "TIE_STATUS_QUO" },
  qualified: { method: "METHOD_MAJORITY", threshold: { fraction: { numerator: 2, denominator: 3 } }, base: "BASE_CAST" },
  unanimity: { method: "METHOD_UNANIMITY", base: "BASE_CAST" },
  consensus: { method: "METHOD_CONSENSUS" },
  consent: { method: "METHOD_CONSENT" },
  double: { method: "METHOD_CONSTITUENCIES", tie: "TIE_STATUS_QUO", constituencies: [{ of: ["user"], threshold: majority, base: "BASE_CAST" }, { of: ["family", "professional", "director"], threshold: majority, base: "BASE_CAST" }] },
  ours: { method: "METHOD_CONSTITUENCIES", threshold: majority, base: "BASE_CAST", tie: "TIE_STATUS_QUO", constituencies: [{ of: ["user"], threshold: majority, base: "BASE_CAST" }] },
  users: { method: "METHOD_MAJORITY", threshold: majority, base: "BASE_CAST", tie: "TIE_STATUS_QUO" },
  advisory: { method: "METHOD_SOLE", holder: "dir" },
};

// shape reads messages and enums of the contract.
function shape() {
  const text = readFileSync(join(import.meta.dirname, "../../../proto/tavolo/event/v1/decision.proto"), "utf8").replace(/\/\/.*/g, "");
  const messages = new Map<string, Map<string, string>>(), enums = new Map<string, Set<string>>();
  const camel = (s: string) => s.replace(/_(\w)/g, (_, c: string) => c.toUpperCase());
  for (const [, name, body] of text.matchAll(/^message (\w+) \{([^]*?)^\}/gm)) {
    messages.set(name!, new Map([...body!.matchAll(/(?:repeated )?(map<\w+, \w+>|[\w.]+) (\w+) = \d+;/g)].map((m) => [camel(m[2]!), m[1]!])));
  }
  for (const [, name, body] of text.matchAll(/^enum (\w+) \{([^]*?)^\}/gm)) enums.set(name!, new Set([...body!.matchAll(/(\w+) = \d+;/g)].map((m) => m[1]!)));
  return { messages, enums };
}
const { messages, enums } = shape();

// fits checks a value against the contract, field by field.
function fits(type: string, value: unknown, where: string): void {
  if (Array.isArray(value)) return value.forEach((v, i) => fits(type, v, `${where}[${i}]`));
  if (enums.has(type)) return assert.ok(enums.get(type)!.has(value as string), `${where}: ${String(value)} is no ${type}`);
  const fields = messages.get(type);
  if (!fields) return assert.notEqual(typeof value, "undefined", where);
  for (const [name, v] of Object.entries(value as object)) {
    assert.ok(fields.has(name), `${where}: ${type} has no ${name}`);
    fits(fields.get(name)!, v, `${where}.${name}`);
  }
}

test("Each choice of the guide becomes the rule that the minutes mean by it, in the words of the contract", () => {
  assert.throws(() => fits("Rule", { methode: 1 }, "rule")); // the check itself can fail
  for (const c of choices) {
    const p = plan({ rule: c, holder: "dir" }), electors = electorsOf(p, roll), built = ruleOf(p, electors);
    assert.deepEqual(built, meant[c], c);
    fits("Charter", charterOf(plan({ rule: c, holder: "dir", quorum: "half", users: 2, tie: "TIE_CHAIR", chair: "p1", promised: "ROLE_DECISIVE", implementer: "p1", due: "2026-09-01", precommitted: "dir" }), electors), c);
    fits("Elector", electors, c);
  }
  assert.deepEqual(rule({ rule: "qualified", share: "3/4", base: "BASE_MEMBERS" }), { method: "METHOD_MAJORITY", threshold: { fraction: { numerator: 3, denominator: 4 } }, base: "BASE_MEMBERS" });
  assert.deepEqual(rule({ rule: "simple", tie: "TIE_CHAIR", chair: "p1" }).chair, "p1");
  assert.deepEqual(rule({ rule: "simple", quorum: "count", count: 4, users: 2 }).quorum, { count: 4, constituencies: { user: 2 } });
  assert.deepEqual(rule({ rule: "simple", quorum: "half" }).quorum, { fraction: { numerator: 1, denominator: 2 } });
  assert.deepEqual(rule({ rule: "double", withUsers: ["family"] }).constituencies?.map((c) => c.of), [["user", "family"], ["professional", "director"]]);
});

test("The electorate follows from the rule: who votes, gives advice, is informed, or has a proxy", () => {
  const standings = (by: Partial<Plan>) => Object.fromEntries(electorsOf(plan(by), roll).map((e) => [e.participant, e.standing]));
  assert.deepEqual(standings({ rule: "users" }), { u1: "STANDING_DELEGATED", u2: "STANDING_DELEGATED", f1: "STANDING_INFORMED", p1: "STANDING_INFORMED", p2: "STANDING_INFORMED", dir: "STANDING_INFORMED" });
  assert.deepEqual(standings({ rule: "advisory", holder: "dir" }), { u1: "STANDING_CONSULTED", u2: "STANDING_CONSULTED", f1: "STANDING_CONSULTED", p1: "STANDING_CONSULTED", p2: "STANDING_CONSULTED", dir: "STANDING_BINDING_VOTE" });
  assert.equal(standings({ rule: "consent" }).u1, "STANDING_CONSENT");
  assert.equal(standings({ chairs: { f1: { part: "vetoes" } } }).f1, "STANDING_VETO");
  assert.equal("f1" in standings({ chairs: { f1: { part: "out" } } }), false);
  assert.deepEqual(electorsOf(plan({ chairs: { p1: { part: "recused" } } }), roll).find((e) => e.participant === "p1"), { participant: "p1", standing: "STANDING_BINDING_VOTE", weight: "1", constituency: "professional", present: true, recused: true });
  const withProxy = electorsOf(plan({ chairs: { u3: { proxy: "u1", instructed: true }, p1: { weight: 2, mandate: " m1 " } } }), roll);
  assert.deepEqual(withProxy.find((e) => e.participant === "u3"), { participant: "u3", standing: "STANDING_BINDING_VOTE", weight: "1", constituency: "user", proxy: { to: "u1", instructed: true } });
  assert.deepEqual(withProxy.find((e) => e.participant === "p1")?.weight, "2");
  assert.deepEqual(withProxy.find((e) => e.participant === "p1")?.mandate, "m1");
  assert.equal(electorsOf(plan({ who: "enrolled" }), roll).length, 7);
  assert.equal(electorsOf(plan({ chairs: { u1: { proxy: "p1" } } }), roll).find((e) => e.participant === "u1")?.proxy, undefined); // who is there votes themselves
});

test("A plan is read back as it was written", () => {
  for (const by of [...choices.map((rule) => ({ rule })), { rule: "qualified", share: "3/4", base: "BASE_PRESENT" }, { rule: "simple", tie: "TIE_CHAIR", chair: "p1", quorum: "count", count: 3, users: 1 }, { rule: "double", withUsers: ["family"] }] as Partial<Plan>[]) {
    const p = plan({ holder: by.rule === "advisory" ? "dir" : "", chairs: { u3: { proxy: "u1" }, f1: { part: "informed" } }, ratification: "RATIFICATION_LEGALITY", ...by });
    const electors = electorsOf(p, roll), charter = charterOf(p, electors);
    const back = planOf({ charter, plannedElectors: electors }, roll);
    assert.equal(back.rule, p.rule);
    assert.deepEqual(electorsOf(back, roll), electors, p.rule);
    assert.deepEqual(charterOf(back, electors), charter, p.rule);
  }
});

test("A rule that the guide has no name for is kept as it stands", () => {
  for (const odd of [{ method: "METHOD_MAJORITY", threshold: { votes: "4" }, base: "BASE_CAST" }, { method: "METHOD_MAJORITY", threshold: majority, base: "BASE_CAST", veto: ["u1"] }, { method: "METHOD_MAJORITY", threshold: majority, base: "BASE_PRESENT" }, { method: "METHOD_CONSTITUENCIES", constituencies: [{ of: ["user"], minPresent: 2 }, { of: ["professional"] }] }] as RuleJson[]) {
    const p = withRule(firstPlan, odd, []);
    assert.equal(p.rule, "written");
    assert.deepEqual(ruleOf(p, []), odd);
  }
  const p = withRule(plan({ quorum: "half", tie: "TIE_DEFER" }), { method: "METHOD_CONSTITUENCIES", constituencies: [{ of: ["user"], threshold: majority, base: "BASE_CAST" }, { of: ["professional"], threshold: majority, base: "BASE_CAST" }] }, []);
  assert.deepEqual([p.rule, p.quorum, p.tie], ["double", "half", "TIE_DEFER"]); // a proposal leaves alone what it does not speak of
});

test("What a plan still lacks is said before the gateway has to", () => {
  const lack = (by: Partial<Plan>) => { const p = plan(by); return lackOf(p, electorsOf(p, roll)); };
  assert.equal(lack({}), undefined);
  assert.equal(lack({ rule: "advisory" }), "holder");
  assert.equal(lack({ tie: "TIE_CHAIR" }), "chair");
  assert.equal(lack({ rule: "double", chairs: { u1: { part: "informed" }, u2: { part: "informed" } } }), "users");
  assert.equal(lack({ rule: "double", chairs: Object.fromEntries(["f1", "p1", "p2", "dir"].map((p) => [p, { part: "informed" as const }])) }), "sides");
  assert.equal(lack({ quorum: "count", count: 9 }), "count");
  assert.equal(lack({ users: 3 }), "count");
  assert.equal(lack({ chairs: Object.fromEntries(roll.map((p) => [p.participant, { part: "advises" as const }])) }), "nobody");
  assert.equal(lack({ chairs: { u3: { proxy: "nobody-here" } } }), "proxy");
});

test("Voting opens with who is in the room then: somebody who came votes themselves, somebody who left does not", () => {
  const plannedThen = electorsOf(plan({ who: "enrolled", chairs: { u3: { proxy: "u1" } } }), roll);
  const now = roll.map((p) => p.participant === "u3" ? { ...p, present: true } : p.participant === "p2" ? { ...p, present: false } : p);
  const opened = openingOf(plannedThen, now);
  assert.deepEqual(opened.find((e) => e.participant === "u3"), { participant: "u3", standing: "STANDING_BINDING_VOTE", weight: "1", constituency: "user", present: true });
  assert.equal(opened.find((e) => e.participant === "p2")?.present, undefined);
});

test("A fraction in hundredths is never rounded to never or to always", () => {
  spoken.value = { language: "it", texts: wordsOf("it") as Texts };
  const said = (f: string) => inHundred(hundredOf(f));
  assert.equal(said("627/1024"), "61");
  assert.equal(said("1/8"), "13");
  assert.equal(said("0"), "0");
  assert.equal(said("0/1"), "0");
  assert.equal(said("1"), "100");
  assert.equal(said("1/101"), "meno di 1");
  assert.equal(said("1/100"), "1");
  assert.equal(said("999/1000"), "più di 99");
  assert.equal(said("99/100"), "99");
  assert.equal(said(`1/${2n ** 119n}`), "meno di 1"); // exact also where a float would say 0
  assert.equal(said(`${2n ** 119n - 1n}/${2n ** 119n}`), "più di 99");
  for (const none of [undefined, "", "a/b", "3/2", "1/0"]) assert.equal(hundredOf(none), undefined);
  assert.ok(width(hundredOf("1/1000")) > 0 && width(hundredOf("999/1000")) < 100);
  assert.equal(render((wordsOf("it") as Texts)["web/power-change"]!, "it", { n: said("627/1024") }), "Chi usa i servizi, tutti insieme, cambia il risultato in 61 voti possibili su 100.");
});

const waiting = (by: Partial<Unsent> = {}): Unsent => ({ id: "1", name: "DecisionService/CastBallots", request: { ballots: [{ participant: "u1", choice: "CHOICE_AGAINST" }] }, about: "ballot:d:u1", text: "", failed: true, ...by });

test("A ballot is not given, waiting, in the log or refused; what waits is newer than the record", () => {
  assert.deepEqual(standingOf([], undefined), { is: "none" });
  assert.deepEqual(standingOf([], { choice: "CHOICE_UNSPECIFIED" }), { is: "none" });
  assert.deepEqual(standingOf([], { choice: "CHOICE_FOR", enteredBy: "p1" }), { is: "sent", choice: "CHOICE_FOR", enteredBy: "p1" });
  assert.deepEqual(standingOf([waiting()], { choice: "CHOICE_FOR" }), { is: "unsent", choice: "CHOICE_AGAINST", id: "1" });
  const says = new Refusal({ key: "decision/too-late" }).says;
  assert.deepEqual(standingOf([waiting({ refused: says })], { choice: "CHOICE_FOR" }), { is: "refused", choice: "CHOICE_AGAINST", id: "1", says });
  assert.deepEqual(standingOf([waiting({ request: { advice: [{ participant: "u1", advice: "CHOICE_FOR" }] } })], undefined), { is: "unsent", choice: "CHOICE_FOR", id: "1" });
});

test("What was just sent shows until the record does, and no longer than that", () => {
  const own = (choice: "CHOICE_FOR" | "CHOICE_AGAINST" | "CHOICE_ABSTAIN") => ({ participant: "u1", choice }), sent = { choice: "CHOICE_AGAINST", before: "CHOICE_FOR", answers: 3 } as const;
  assert.equal(shownOf(own("CHOICE_FOR"), sent, 3)?.choice, "CHOICE_AGAINST"); // an answer from before
  assert.equal(shownOf(own("CHOICE_FOR"), sent, 4)?.choice, "CHOICE_AGAINST"); // one that was on its way
  assert.equal(shownOf(own("CHOICE_FOR"), sent, 5)?.choice, "CHOICE_FOR"); // changed back elsewhere
  assert.equal(shownOf(own("CHOICE_ABSTAIN"), sent, 4)?.choice, "CHOICE_ABSTAIN"); // changed in another tab
  assert.equal(shownOf(undefined, { ...sent, before: undefined }, 3)?.choice, "CHOICE_AGAINST");
});

test("One casts one's own ballot and those of proxies; awaited is who can vote and has not", () => {
  const electors = electorsOf(plan({ who: "enrolled", chairs: { u3: { proxy: "u1" }, p1: { part: "recused" } } }), roll);
  assert.deepEqual(castBy("u1", electors).map((e) => e.participant), ["u1", "u3"]);
  assert.deepEqual(castBy("u3", electors).map((e) => e.participant), []);
  assert.deepEqual(castBy("p1", electors), []);
  assert.deepEqual(awaited(electors, [{ participant: "u1" }]).map((e) => e.participant), ["u2", "u3", "f1", "p2", "dir"]);
});

test("An objection stands until it is integrated, taken back or set aside", () => {
  const act = (sequence: number, kind: string, objector: string, reason = "") => ({ sequence: String(sequence), act: { kind: `ACT_KIND_OBJECTION_${kind}` as "ACT_KIND_OBJECTION_RAISED", objector }, reason });
  const d = { acts: [act(1, "RAISED", "u1", "Fa troppo caldo."), act(2, "RAISED", "p1", "Manca il personale."), act(4, "WITHDRAWN", "p1")], amendments: [{ sequence: "3", text: "…", objector: "u1" }] };
  assert.deepEqual(objectionsOf(d).map((o) => [o.by, o.state]), [["u1", "integrated"], ["p1", "withdrawn"]]);
  assert.deepEqual(objectionsOf({ acts: [...d.acts, act(5, "RAISED", "u1", "Ancora.")], amendments: d.amendments }).at(-1)?.state, "standing");
});

test("What became of a decision: the day itself is still in time", () => {
  assert.equal(isLate("2026-07-01", "2026-07-01T23:00:00Z"), false);
  assert.equal(isLate("2026-07-01", "2026-07-02T00:00:00Z"), true);
  assert.equal(followIn({ followUp: "FOLLOW_UP_DUE", due: "2026-07-01" }, "2026-07-02T08:00:00Z"), "overdue");
  assert.equal(followIn({ followUp: "FOLLOW_UP_DONE", due: "2026-07-01" }, "2026-07-02T08:00:00Z"), "done");
  assert.equal(followIn({}, "2026-07-02T08:00:00Z"), undefined);
  const d = { outcome: "OUTCOME_ADOPTED", charter: { implementer: "p1", due: "2026-07-01" } } as const;
  assert.equal(followUpOf(d, "2026-06-30T08:00:00Z"), "due");
  assert.equal(followUpOf(d, "2026-07-03T08:00:00Z"), "overdue");
  assert.equal(followUpOf({ ...d, acts: [{ act: { kind: "ACT_KIND_IMPLEMENTATION_EXPLAINED" } }] }, "2026-07-03T08:00:00Z"), "explained");
  assert.equal(followUpOf({ ...d, acts: [{ act: { kind: "ACT_KIND_IMPLEMENTED" } }, { act: { kind: "ACT_KIND_REVERSED" } }] }, "2026-07-03T08:00:00Z"), "reversed");
  assert.equal(followUpOf({ ...d, outcome: "OUTCOME_REJECTED" }, "2026-07-03T08:00:00Z"), undefined);
});

test("A list, a decision and the own list say that something is late at the same moment, which is the record's: the end of the day in UTC", () => {
  const due = "2026-07-01", d = { followUp: "FOLLOW_UP_DUE", due } as const;
  for (const [now, is] of [["2026-07-01T22:30:00Z", false], ["2026-07-01T23:59:59.999Z", false], ["2026-07-02T00:00:00Z", true]] as const) { // half past midnight in Rome is the first
    assert.deepEqual([late(d, now), followIn(d, now) === "overdue", followUpOf({ outcome: "OUTCOME_ADOPTED", charter: { implementer: "p1", due } }, now) === "overdue"], [is, is, is], now);
  }
  assert.deepEqual(["2026-07-01T09:59:59Z", "2026-07-01T10:00:00Z"].map((now) => isLate("2026-07-01T12:00:00+02:00", now)), [false, true], "a moment is over when it comes");
  assert.equal(isLate("", "2026-07-02T00:00:00Z"), false);
  assert.equal(late({ ...d, followUp: "FOLLOW_UP_DONE" }, "2026-08-01T00:00:00Z"), false);
});

test("A power is compared exactly, also where both read the same in hundredths", () => {
  assert.equal(gain("627/1024", "626/1024"), "more");
  assert.equal(gain("3/8", "6/16"), "same");
  assert.equal(gain("1", "1/1"), "same");
  assert.equal(gain("0", "1/1000000007"), "less");
  assert.equal(gain("1/2", undefined), "more");
});

test("Who ratifies goes with a charter that asks for it, and is read back", () => {
  const named = plan({ ratification: "RATIFICATION_MERIT", ratifier: " La direzione " });
  assert.deepEqual(ratifierOf(named), { ratifier: { clear: "La direzione" } });
  assert.deepEqual(ratifierOf({ ...named, ratification: "RATIFICATION_NONE" }), {});
  assert.deepEqual(ratifierOf({ ...named, ratifier: " " }), {});
  assert.equal(planOf({ charter: { ratification: "RATIFICATION_MERIT" }, ratifier: "La direzione" }, []).ratifier, "La direzione");
});

test("An objection that somebody else said names whose it is and who said it", () => {
  const raised = (by: string, objector: string, sequence: string) => ({ act: { kind: "ACT_KIND_OBJECTION_RAISED" as const, by, objector }, sequence });
  assert.deepEqual(objectionsOf({ acts: [raised("ada", "carla", "1"), raised("ada", "ada", "2")] }).map((o) => [o.by, o.said]), [["carla", "ada"], ["ada", undefined]]);
});
