import assert from "node:assert/strict";
import { test } from "node:test";
import type { ContributionViewJson, DecisionViewJson, SessionViewJson } from "../src/gen/tavolo/api/v1/record_pb";
import { digits, elapsed } from "../src/meeting/clock";
import { type Here, hereOf, nextItem } from "../src/meeting/here";
import { hintOf } from "../src/meeting/hint";
import { roomNews } from "../src/meeting/news";
import { amendedBy, unanswered } from "../src/meeting/said";
import { talkOf } from "../src/meeting/talk";
import { since } from "../src/parts/form";
import { voted } from "../src/screens/projector";

const c = (number: number, kind: string, more: Partial<ContributionViewJson> = {}) => ({ number, kind: `CONTRIBUTION_KIND_${kind}`, ...more }) as ContributionViewJson;

test("Advice waits until somebody says yes, in part or no", () => {
  const said = [c(1, "ADVICE"), c(2, "STATEMENT", { answers: 1 }), c(3, "ADVICE"), c(4, "STATEMENT", { answers: 3, reply: "REPLY_REFUSED" }), c(5, "PROPOSAL")];
  assert.deepEqual(unanswered(said).map((o) => o.number), [1]);
});

test("A proposal is replaced by the latest that amends it", () => {
  const said = [c(1, "PROPOSAL"), c(2, "PROPOSAL", { amends: 1 }), c(3, "PROPOSAL", { amends: 1 })];
  assert.deepEqual(said.map((o) => amendedBy(said, o)?.number), [3, undefined, undefined]);
});

test("A clock never runs backwards, and says minutes and seconds", () => {
  assert.equal(elapsed("2026-07-09T10:00:00Z", Date.parse("2026-07-09T10:01:05.900Z")), 65);
  assert.equal(elapsed("2026-07-09T10:00:00Z", Date.parse("2026-07-09T09:59:00Z")), 0);
  assert.equal(elapsed(undefined, 1), 0);
  assert.deepEqual([0, 9, 65, 3600].map(digits), ["0:00", "0:09", "1:05", "60:00"]);
});

test("The next item is the one after the current, and skips what is not on the agenda", () => {
  const items = [{ id: "a" }, { id: "b", phase: "ITEM_PHASE_WITHDRAWN" as const }, { id: "c" }];
  assert.equal(nextItem({ items })?.id, "a");
  assert.equal(nextItem({ items, currentItem: "a" })?.id, "c");
  assert.equal(nextItem({ items, currentItem: "c" }), undefined);
});

test("Each role in each phase is told one thing to do, or nothing where the screen says it already", () => {
  const open = { session: { id: "i:s", phase: "SESSION_PHASE_OPEN" as const }, seats: [{ participant: "A", present: true }, { participant: "B", present: true }], items: [{ id: "i:x", decisions: [] as DecisionViewJson[] }] };
  const at = { ...open, currentItem: "i:x" };
  const here = (view: SessionViewJson, more: Partial<Here> = {}): Here => ({
    ...hereOf("w", view), mine: "A", takesPart: true, present: true, facilitates: false, ...more,
  });
  const lead = { facilitates: true }, reads = { takesPart: false, mine: undefined };
  assert.equal(hintOf(here(open, reads)), "web/hint-reads");
  assert.equal(hintOf(here(open, { present: false })), "web/hint-sit");
  assert.equal(hintOf(here(open)), undefined);
  assert.equal(hintOf(here(open, lead)), "web/hint-first-item");
  assert.equal(hintOf(here(at)), "web/hint-listen");
  assert.equal(hintOf(here({ ...at, floor: { hands: ["A"] } })), undefined);
  assert.equal(hintOf(here({ ...at, floor: { hands: ["B"] } }, lead)), "web/hint-give-floor");
  assert.equal(hintOf(here({ ...at, floor: { speaking: "A" } })), "web/hint-speaking");
  assert.equal(hintOf(here({ ...at, paused: true })), undefined);
  const voting = (ballots: NonNullable<DecisionViewJson["ballots"]>, phase: NonNullable<DecisionViewJson["phase"]> = "DECISION_PHASE_OPEN"): SessionViewJson => ({
    ...at, items: [{ id: "i:x", decisions: [{ id: "i:s:d", phase, electors: ["A", "B"].map((participant) => ({ participant, standing: "STANDING_BINDING_VOTE" as const, present: true })), ballots }] }],
  });
  assert.equal(hintOf(here(voting([], "DECISION_PHASE_POSED"))), "web/hint-posed");
  assert.equal(hintOf(here(voting([]))), "web/hint-vote");
  assert.equal(hintOf(here(voting([]), lead)), "web/hint-vote", "who leads votes too");
  const unsent = { id: "1", name: "DecisionService/CastBallots" as const, request: {}, about: "ballot:i:s:d:A", text: "", failed: true };
  assert.equal(hintOf(here(voting([])), [unsent]), "web/hint-listen", "a ballot that waits for the line is not asked for again");
  assert.equal(hintOf(here(voting([])), [{ ...unsent, refused: { key: "decision/too-late" } }]), "web/hint-vote");
  assert.equal(hintOf(here(voting([{ participant: "A" }]))), "web/hint-voted");
  assert.equal(hintOf(here(voting([{ participant: "A" }]), lead)), "web/hint-votes-awaited");
  assert.equal(hintOf(here(voting([{ participant: "A" }, { participant: "B" }]), lead)), "web/hint-votes-all");
  const closed: SessionViewJson = { ...open, session: { id: "i:s", phase: "SESSION_PHASE_CLOSED" } };
  assert.equal(hintOf(here(closed)), "web/hint-approve");
  assert.equal(hintOf(here({ ...closed, approvedBy: ["A"] })), undefined);
});

test("News of the room are the item, the floor and a pause; a hand is none", () => {
  const before: SessionViewJson = { session: { phase: "SESSION_PHASE_OPEN" }, seats: [{ participant: "P", name: "Piero", present: true }], items: [{ id: "a", title: "Orari" }], floor: {} };
  const news = (after: Partial<SessionViewJson>, mine?: string) => roomNews(before, { ...before, ...after }, mine).map((m) => m.key);
  assert.deepEqual(news({}), []);
  assert.deepEqual(news({ floor: { hands: ["P"], suggested: "P" } }), []);
  assert.deepEqual(news({ currentItem: "a" }), ["web/room-news-item"]);
  assert.deepEqual(news({ paused: true }), ["web/room-news-paused"]);
  assert.deepEqual(news({ floor: { speaking: "P" } }), ["web/room-speaks"]);
  assert.deepEqual(news({ floor: { speaking: "P" } }, "P"), ["web/room-you-speak"]);
});

test("What the card below shows is for who hears the screen only, and what one said oneself is no news", () => {
  const before: SessionViewJson = { session: { phase: "SESSION_PHASE_OPEN" }, seats: [{ participant: "P", present: true }, { participant: "Q", present: true }], items: [{ id: "a", contributions: [] }] };
  const after = { ...before, floor: { speaking: "P" }, items: [{ id: "a", contributions: [{ number: 1, by: "P" }] }] };
  const news = (mine: string) => roomNews(before, after, mine).map((m) => [m.key, Boolean(m.shown)]);
  assert.deepEqual(news("Q"), [["web/room-speaks", true], ["web/news-said", false]]);
  assert.deepEqual(news("P"), [["web/room-you-speak", true]]);
});

test("Speaking time is of people and of perspectives, the longest first", () => {
  const { persons, perspectives } = talkOf({ talk: [{ who: "P", seconds: 30 }, { who: "Q", seconds: 45, contributions: 2 }, { who: "constituency:user", seconds: 30 }, { who: "constituency:family", seconds: 45 }] });
  assert.deepEqual(persons, [{ who: "Q", seconds: 45, contributions: 2 }, { who: "P", seconds: 30, contributions: 0 }]);
  assert.deepEqual(perspectives.map((l) => l.who), ["family", "user"]);
});

test("Who may vote are the binding standings, without those who stay out", () => {
  const electors = [{ participant: "A", standing: "STANDING_BINDING_VOTE" as const }, { participant: "B", standing: "STANDING_BINDING_VOTE" as const, recused: true }, { participant: "C", standing: "STANDING_ADVICE" as never }];
  assert.deepEqual(voted({ electors, ballots: [{ participant: "A" }] }), { n: 1, all: 1 });
});

test("Of what is typed, only what was sent goes away", () => {
  assert.equal(since("Ciao.", "Ciao."), "");
  assert.equal(since("Ciao. ", "Ciao. "), "", "spaces around it are not words");
  assert.equal(since("Ciao.", "Ciao. E poi?"), "E poi?");
  assert.equal(since("Ciao.", "Buongiorno."), "Buongiorno.", "changed elsewhere it is another text");
  assert.equal(since("", "Nuovo"), "Nuovo");
});
