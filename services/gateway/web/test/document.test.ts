import assert from "node:assert/strict";
import { test } from "node:test";
import type { SessionViewJson } from "../src/gen/tavolo/api/v1/record_pb";
import { type Json, merge } from "../src/mergepatch";
import { newsOf } from "../src/parts/news";
import { address, initiativeOf, read, sessionOf } from "../src/route";

// RFC 7386, appendix A.
const cases: [Json, Json, Json][] = [
  [{ a: "b" }, { a: "c" }, { a: "c" }], [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }], [{ a: "b" }, { a: null }, {}],
  [{ a: "b", b: "c" }, { a: null }, { b: "c" }], [{ a: ["b"] }, { a: "c" }, { a: "c" }], [{ a: "c" }, { a: ["b"] }, { a: ["b"] }],
  [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }], [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }], [["a", "b"], ["c", "d"], ["c", "d"]],
  [{ a: "b" }, ["c"], ["c"]], [{ a: "foo" }, null, null], [{ a: "foo" }, "bar", "bar"], [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [[1, 2], { a: "b", c: null }, { a: "b" }], [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
];

test("A patch gives the next document and leaves this one as it was", () => {
  for (const [document, patch, next] of cases) {
    const before = structuredClone(document);
    assert.deepEqual(JSON.parse(JSON.stringify(merge(document, patch))), next);
    assert.deepEqual(document, before);
  }
  assert.equal(({} as Record<string, unknown>).polluted, undefined);
  merge({}, JSON.parse('{"__proto__":{"polluted":1}}') as Json);
  assert.equal(({} as Record<string, unknown>).polluted, undefined);
});

test("An address leads to its screen and back", () => {
  assert.deepEqual(read("/"), { screen: "home" });
  for (const id of ["orari", "orari:2026-03-05", "a b/c?d%è"]) {
    for (const screen of ["initiative", "session", "decision"] as const) {
      assert.deepEqual(read(address[screen]("dsm x", id)), { screen, workspace: "dsm x", id, why: undefined });
    }
  }
  assert.equal(address.session("dsm", "orari:2026-03-05"), "/w/dsm/s/orari:2026-03-05");
  assert.deepEqual(read("/w/dsm/d/x", "?why=users%3Astrict"), { screen: "decision", workspace: "dsm", id: "x", why: "users:strict" });
  for (const path of ["/w/dsm", "/w/dsm/x/y", "/w/dsm/s/", "/w/dsm/s/%E0%A4%A", "/home"]) assert.deepEqual(read(path), { screen: "nowhere" });
  assert.equal(initiativeOf("orari:2026-03-05:apertura"), "orari");
  assert.equal(sessionOf("orari:2026-03-05:apertura"), "orari:2026-03-05");
});

test("News says what is new, once a kind", () => {
  const view = (said: number, phase: "DECISION_PHASE_OPEN" | "DECISION_PHASE_CLOSED", present: boolean): SessionViewJson => ({
    session: { phase: "SESSION_PHASE_OPEN" }, seats: [{ participant: "x", name: "Ada", present }],
    items: [{ id: "i", contributions: Array.from({ length: said }, (_, n) => ({ number: n + 1, by: "x" })), decisions: [{ id: "d", question: "Aprire?", phase }] }],
  });
  const keys = (a: SessionViewJson, b: SessionViewJson) => newsOf(a, b).map((m) => [m.key, m.with]);
  const before = view(1, "DECISION_PHASE_OPEN", true);
  assert.deepEqual(keys(before, before), []);
  assert.deepEqual(keys(before, view(2, "DECISION_PHASE_OPEN", true)), [["web/news-said", { who: "Ada" }]]);
  assert.deepEqual(keys(before, view(4, "DECISION_PHASE_CLOSED", false)),
    [["web/news-said-n", { n: 3 }], ["web/news-closed", { question: "Aprire?" }], ["web/news-there", { n: 0 }]]);
});
