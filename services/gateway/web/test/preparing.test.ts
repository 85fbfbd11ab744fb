import assert from "node:assert/strict";
import { test } from "node:test";
import { isCode, tidy } from "../src/entering/coded";
import { dayAndHour, momentOf } from "../src/preparing/clock";
import { idFrom, slug } from "../src/preparing/naming";
import { moved, placeOf, times } from "../src/preparing/order";
import { read } from "../src/route";

test("A code is known however it is typed", () => {
  for (const typed of ["K7M2QX", "k7m2qx", " k7m 2qx ", "K7M-2QX", "k7m\u00a02qx", "ｋ7ｍ2ｑｘ"]) assert.equal(tidy(typed), "K7M2QX", typed);
  assert.ok(isCode("k7m 2qx"));
  for (const typed of ["", "K7M2Q", "K7M2QXX", "K7M2Q0", "K7M2QO", "K7M2Q1", "K7M2QI", "K7M2QL", "K7M2Q!", "òàùèìé"]) assert.ok(!isCode(typed), typed);
});

test("An id is made of plain letters, short, and not taken", () => {
  for (const [title, id] of [["Perché sì? Più posti", "perche-si-piu-posti"], ["  Orari — del «Centro diurno»!  ", "orari-del-centro-diurno"], ["Straße", "strasse"], ["心", ""], ["...", ""]]) assert.equal(slug(title!), id, title);
  const long = slug("Un titolo molto lungo che non finisce mai e che nessuno vorrebbe leggere in un indirizzo");
  assert.equal(long, "un-titolo-molto-lungo-che-non-finisce");
  assert.ok(slug("a".repeat(90)).length <= 40);
  assert.equal(idFrom("Orari", [], "x"), "orari");
  assert.equal(idFrom("Orari", ["orari", "orari-2"], "x"), "orari-3");
  assert.equal(idFrom("心", ["punto"], "punto"), "punto-2");
  const taken = ["a".repeat(40)];
  assert.equal(idFrom("a".repeat(60), taken, "x"), `${"a".repeat(38)}-2`);
  for (const t of ["Orari", "心", "x".repeat(80), "É - - É"]) assert.match(idFrom(t, [], "punto"), /^[a-z0-9][a-z0-9-]{0,39}$/);
});

test("An item moves, and everything else keeps its order", () => {
  const list = ["a", "b", "c", "d"];
  assert.deepEqual(moved(list, 0, 2), ["b", "c", "a", "d"]);
  assert.deepEqual(moved(list, 3, 0), ["d", "a", "b", "c"]);
  assert.deepEqual(moved(list, 1, 99), ["a", "c", "d", "b"]);
  assert.deepEqual(moved(list, 1, -5), ["b", "a", "c", "d"]);
  assert.deepEqual(moved(list, 9, 0), list);
  assert.deepEqual(list, ["a", "b", "c", "d"]);
  for (let from = 0; from < 4; from++) for (let to = 0; to < 4; to++) {
    const after = moved(list, from, to);
    assert.equal(after[to], list[from]);
    assert.deepEqual(moved(after, to, from), list, "and back");
  }
  // Three others, middles at 10, 30 and 50.
  for (const [y, place] of [[0, 0], [10, 0], [11, 1], [40, 2], [99, 3]]) assert.equal(placeOf(y!, [10, 30, 50]), place);
});

test("The time of an agenda is added up against what there is", () => {
  assert.deepEqual(times([{ minutes: 20 }, {}, { minutes: 50 }, { minutes: 0 }], 60), { planned: 70, open: 2, available: 60, left: -10 });
  assert.deepEqual(times([], 90), { planned: 0, open: 0, available: 90, left: 90 });
});

test("Day and hour in Rome are one moment, in summer and in winter", () => {
  assert.equal(momentOf("2026-01-15", "17:30"), "2026-01-15T16:30:00Z");
  assert.equal(momentOf("2026-07-15", "17:30"), "2026-07-15T15:30:00Z");
  assert.equal(momentOf("2026-03-29", "01:59"), "2026-03-29T00:59:00Z");
  assert.equal(momentOf("2026-03-29", "03:00"), "2026-03-29T01:00:00Z");
  assert.equal(momentOf("2026-10-25", "12:00"), "2026-10-25T11:00:00Z");
  assert.equal(momentOf("2026-01-01", "00:15"), "2025-12-31T23:15:00Z");
  for (const [day, hour] of [["2026-13-01", "10:00"], ["", "10:00"], ["2026-01-01", ""], ["1/2/2026", "10:00"]]) assert.equal(momentOf(day!, hour!), undefined);
  for (const at of ["2026-01-15T16:30:00Z", "2026-07-15T15:30:00Z", "2026-10-25T11:00:00Z"]) assert.equal(momentOf(...dayAndHour(at)), at);
  assert.deepEqual(dayAndHour(undefined), ["", ""]);
});

test("The way back leads to a screen of ours or nowhere", () => {
  assert.deepEqual(read("/enter", "?back=/w/dsm/s/orari:1"), { screen: "enter", back: "/w/dsm/s/orari:1" });
  assert.deepEqual(read("/enter", "?back=%2Fw%2Fdsm%2Fd%2Fa%3Fwhy%3Dusers"), { screen: "enter", back: "/w/dsm/d/a?why=users" });
  for (const bad of ["https://example.org/w/a/s/b", "//example.org", "/w/../evil", "javascript:alert(1)", "/", "/docs"]) {
    assert.deepEqual(read("/enter", `?${new URLSearchParams({ back: bad })}`), { screen: "enter", back: undefined }, bad);
  }
  assert.deepEqual(read("/w/dsm/s/a:b/projector"), { screen: "projector", workspace: "dsm", id: "a:b" });
  assert.deepEqual(read("/w/dsm/d/a:b/projector"), { screen: "nowhere" });
});
