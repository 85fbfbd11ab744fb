import assert from "node:assert/strict";
import { test } from "node:test";
import { none, period, question, quarterOf, read, shared, spans, within, write } from "../src/auditing/filters";
import { layOut } from "../src/auditing/picture";
import { above, known, learn, lies } from "../src/auditing/places";
import { conditional } from "../src/auditing/strength";
import { scopeOf } from "../src/following/scope";
import { address, read as route } from "../src/route";
import { bounds, misprinted } from "../src/screens/table3";
import { type Texts, spoken } from "../src/words";
// @ts-expect-error: a plain script of the build
import { wordsOf } from "../words.mjs";

test("What is chosen stands in the address and comes out of it again", () => {
  const f = { ...none, from: "2026-01-01", to: "2026-03-31", who: "users:broad", initiative: "csm-orari", scope: "SCOPE_AREA", area: "AREA_NEW_SERVICES", role: "left_out", page: "2", session: "csm-orari:2026-03-05", ws: "a,b", place: "macro3/north" };
  assert.deepEqual(read(write(f)), f);
  assert.equal(write(none), "");
  assert.equal(write(shared(f)), "?from=2026-01-01&to=2026-03-31&who=users:broad&initiative=csm-orari&scope=SCOPE_AREA&area=AREA_NEW_SERVICES");
  assert.equal(write(spans(f)), "?from=2026-01-01&to=2026-03-31&who=users:broad");
});

test("What is no filter is left out, whoever wrote the address", () => {
  for (const query of ["?from=2026-13-01", "?from=yesterday", "?to=2026-02-30", "?who=u1", "?role=boss", "?page=-1", "?area=<b>", "?scope=all of it", "?place=Macro/north", "?place=region/umbria", "?place=region/Umbria", "?else=1", ""]) assert.deepEqual(read(query), none, query);
});

test("A period includes its last day, and the record is read as it stood at the end of one", () => {
  assert.deepEqual(period(read("?from=2026-01-01&to=2026-12-31&as_of=2026-06-30")), { who: "users:strict", from: "2026-01-01T00:00:00.000Z", to: "2027-01-01T00:00:00.000Z", asOf: "2026-07-01T00:00:00.000Z" });
  assert.deepEqual(question("dsm", read("?scope=SCOPE_STRATEGIC_PLANNING&stage=STAGE_DESIGN&kind=SESSION_KIND_MEETING")), { workspace: "dsm", period: { who: "users:strict" }, scope: "SCOPE_STRATEGIC_PLANNING", stage: "STAGE_DESIGN", kind: "SESSION_KIND_MEETING" });
});

test("A quarter has its days, and stays inside the period", () => {
  assert.deepEqual(quarterOf("dsm/2026-Q1"), { n: "1", year: "2026", from: "2026-01-01", to: "2026-03-31" });
  assert.deepEqual(quarterOf("dsm/2027-Q4"), { n: "4", year: "2027", from: "2027-10-01", to: "2027-12-31" });
  assert.equal(quarterOf("dsm").from, "");
  const f = within({ ...none, from: "2026-02-01", page: "3" }, "2026-01-01", "2026-03-31");
  assert.deepEqual([f.from, f.to, f.page], ["2026-02-01", "2026-03-31", ""]);
  assert.equal(within({ ...none, to: "2026-02-10" }, "2026-01-01", "2026-03-31").to, "2026-02-10");
});

test("A bar is always full, and nothing has no bar", () => {
  assert.deepEqual(layOut({ decisive: 1, consultative: 1, none: 1 }), [{ role: "decisive", from: 0, width: 333 }, { role: "consultative", from: 333, width: 333 }, { role: "none", from: 666, width: 334 }]);
  assert.deepEqual(layOut({}), []);
  assert.deepEqual(layOut({ other: 2, unknown: 5 }), [{ role: "other", from: 0, width: 1000 }]);
});

test("Conditional success is no figure below five divergent decisions", () => {
  const f = { conditionalSuccess: { n: 3, of: 4, percent: "75.0" }, conditionalInterval: { low: "30.1", high: "95.4" } };
  assert.doesNotMatch(conditional({ ...f, enough: false }), /75|30\.1/);
  assert.notEqual(conditional({ ...f, enough: true }), conditional({ ...f, enough: false }));
});

test("A cell is misprinted when its counts give something else", () => {
  assert.ok(misprinted({ printed: "37.1", published: { n: 23, of: 61, percent: "37.7" } }));
  assert.ok(!misprinted({ printed: "41.0", published: { n: 25, of: 61, percent: "41.0" } }));
  assert.ok(!misprinted({ printed: "41" , published: { percent: "41.0" } }));
  assert.ok(!misprinted({}));
});

test("The least and the most are what the departments that are not here could change, and are not said where nobody knows how many these are", () => {
  const r = { evidenced: { n: 4, of: 61, percent: "6.6" }, worstCase: { low: "3.0", high: "57.8" } }, numbers = (text: string | undefined) => text?.match(/[\d,.]+/g);
  spoken.value = { language: "it", texts: wordsOf("it") as Texts };
  assert.deepEqual(numbers(bounds(r, 135)), ["4", "78", "135", "3,0", "57,8"]);
  assert.deepEqual(numbers(bounds({ ...r, worstCase: { low: "6.6", high: "6.6" } }, 20)), ["4", "4", "61", "6,6", "6,6"]);
  assert.equal(bounds({ evidenced: r.evidenced }, 135), undefined);
});

test("Departments lie where the lists of the record say, a province with its region", () => {
  assert.ok(lies("", "") && lies("", "03"));
  for (const place of ["region/22", "region/04", "macro5/north_east", "macro3/north"]) assert.ok(lies(place, "22"), place);
  assert.ok(!lies("region/22", "04") && !lies("macro5/centre", "08") && !lies("region/03", ""));
  assert.ok(lies("region/unknown", "") && lies("macro5/unknown", ""));
  assert.deepEqual(above("region/22", "macro3"), ["", "macro3/north"]);
  assert.deepEqual([above("macro5/centre", "macro3"), above("", "macro5")], [[""], []]);
  assert.deepEqual(["", "macro3/north", "macro3/north_east", "region/22", "region/23"].map(known), [true, true, false, true, false]);
  for (const partition of ["macro5", "macro3"] as const) for (let n = 1; n <= 22; n++) assert.equal(above(`region/${String(n).padStart(2, "0")}`, partition).length, 2, `${n} in ${partition}`);
});

test("A partition that the program adds is one more way to put regions together", () => {
  assert.ok(!known("two/alps") && !known("constructor/alps"));
  learn([{ list: "two", version: 1, areas: [{ code: "alps", it: "Alpi", en: "Alps", regions: ["02", "04"] }, { code: "rest", it: "Il resto", en: "The rest", regions: ["01"] }] }, { list: "macro5", version: 9, areas: [] }]);
  assert.ok(known("two/alps") && lies("two/alps", "21") && !lies("two/alps", "01") && known("macro5/centre"));
  assert.deepEqual(above("region/21", "two"), ["", "two/alps"]);
});

test("A subscription is about what was chosen, and a whole department makes its initiatives needless", () => {
  assert.deepEqual(scopeOf({ all: false, places: ["dsm", "dsm/orari", "csm/casa"], areas: ["AREA_OTHER"], outcomes: [] }).places, [{ workspace: "dsm" }, { workspace: "csm", initiative: "casa" }]);
  assert.deepEqual(scopeOf({ all: true, places: ["dsm"], areas: [], outcomes: [] }), { places: [], areas: [], outcomes: [] });
});

test("The pages of evaluators have addresses", () => {
  for (const page of ["", "ledger", "strength", "findings"]) assert.deepEqual(route(address.audit("dsm umbria", page), "?who=users:broad"), { screen: "audit", workspace: "dsm umbria", part: page, query: "?who=users:broad" });
  assert.deepEqual(route("/table3", "?ws=a"), { screen: "table3", query: "?ws=a" });
  assert.equal(route("/w/dsm/audit/salaries").screen, "nowhere");
  for (const place of ["", "macro5/centre", "macro3/south_islands", "region/03", "region/unknown"]) for (const part of ["", "departments", "ledger", "strength"]) {
    assert.deepEqual(route(address.territory(place, part), "?who=users:broad"), { screen: "territory", place, part, query: "?who=users:broad" });
  }
  assert.equal(route("/territory/region/centre").screen, "nowhere");
  assert.deepEqual(route("/following"), { screen: "following" });
});
