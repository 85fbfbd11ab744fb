// Evaluators in a real browser against the real program: from the department's figure to the events that prove it, by keyboard; every page in every
// language; the report and the downloads; a decision that is missing, reported by somebody at the table.
import assert from "node:assert/strict";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { item, prepareRoom, session, vote } from "./room.mjs";
import { inspect, languages, listen, photograph, settled } from "./screens.mjs";
import { becomes, initiative, open, signIn, startBrowser, startTavolo, workspace } from "./tavolo.mjs";

const audit = `/w/${workspace}/audit`;
const pages = {
  "audit": audit,
  "audit, broad, one initiative": `${audit}?from=2026-01-01&to=2026-12-31&who=users:broad&initiative=${initiative}&scope=SCOPE_AREA`,
  "audit, nothing": `${audit}?scope=SCOPE_STRATEGIC_PLANNING&from=2019-01-01&to=2019-12-31`,
  "ledger, persons": `${audit}/ledger?persons=1`,
  "strength": `${audit}/strength`,
  "findings": `${audit}/findings`,
  "table3": "/table3",
  "table3, of an area": "/table3?place=macro5/north_east",
  "territory": "/territory",
  "territory, three areas": "/territory?place=macro3/north",
  "territory, strength": "/territory/strength",
  "territory, departments": "/territory/departments?role=counted&scope=SCOPE_AREA",
  "territory, ledger": "/territory/macro5/north_east/ledger?persons=1",
  "territory, region": "/territory/region/08",
  "audit, sessions": `${audit}?initiative=${initiative}`,
  "territory, nobody there": "/territory/region/20",
  "initiative, with a report": `/w/${workspace}/i/${initiative}`,
};
const names = { it: "Italiano", en: "English", "it-x-facile": "Italiano facile" };
// One more way to put regions together than the survey has.
const partition = join(mkdtempSync(join(tmpdir(), "tavolo-areas-")), "two.json");
writeFileSync(partition, JSON.stringify({ list: "two", version: 3, areas: [
  { code: "alps", it: "Alpi e Po", en: "Alps and Po", regions: ["01", "02", "03", "04", "05", "06", "08"] },
  { code: "rest", it: "Il resto", en: "The rest", regions: ["07", "09", "10", "11", "12", "13", "14", "15", "16", "17", "18", "19", "20"] },
] }));

let tavolo, browser, evaluator;

before(async () => {
  [tavolo, browser] = await Promise.all([startTavolo({ more: ["--partition", partition] }), startBrowser()]);
  const seated = await prepareRoom(tavolo); // one more decision, taken through the API
  await vote(tavolo, seated);
  await noQuorum(tavolo, seated);
  evaluator = await reads();
});
after(async () => {
  await browser?.close();
  await tavolo?.end();
});

// noQuorum closes a vote in which nobody took part: it is left out of every figure.
async function noQuorum(tavolo, { people }) {
  const unmet = `${session}:cancello`;
  await tavolo.call("DecisionService/PoseDecision", { workspace, decision: unmet, item, question: { clear: "Dipingere il cancello?" } });
  await tavolo.call("DecisionService/WriteCharter", { workspace, decision: unmet, charter: { rule: { method: "METHOD_MAJORITY", threshold: { fraction: { numerator: 1, denominator: 2 } }, base: "BASE_MEMBERS", tie: "TIE_STATUS_QUO", quorum: { count: 3 } }, ratification: "RATIFICATION_NONE" } });
  await tavolo.call("DecisionService/OpenVoting", { workspace, decision: unmet, electors: people.map((participant) => ({ participant, standing: "STANDING_BINDING_VOTE", weight: "1", present: false })) });
  await tavolo.call("DecisionService/CloseVoting", { workspace, decision: unmet });
}

// reads is the browser of somebody who may read the whole department.
async function reads() {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: "reduce", acceptDownloads: true });
  await signIn(context, tavolo, { name: "Rita", grant: "GRANT_READ", whole: true });
  return context;
}

// tabTo presses Tab until what is wanted has the focus, which can be seen on all the way; a link is known by what is heard of it.
async function tabTo(page, wanted) {
  const focus = () => page.evaluate(() => { const e = document.activeElement; return e?.getAttribute("aria-label") ?? e?.labels?.[0]?.textContent ?? e?.textContent ?? ""; });
  for (let i = 0; i < 200; i++) {
    await page.keyboard.press("Tab");
    assert.ok(await page.evaluate(() => { const s = getComputedStyle(document.activeElement); return s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2; }), `${await focus()}: the focus cannot be seen`);
    if (wanted.test(await focus())) return;
  }
  assert.fail(`no way to ${wanted}`);
}

test("Somebody at the table reports a decision that is missing, and it is counted", async (t) => {
  const context = await browser.newContext({ viewport: { width: 360, height: 740 }, reducedMotion: "reduce" });
  await signIn(context, tavolo, { name: "Zeno", grant: "GRANT_TAKE_PART", constituency: "user" });
  const page = await open(context, tavolo.base, `/w/${workspace}/i/${initiative}`, "it"), complaints = listen(page);
  await settled(page);
  await page.getByRole("button", { name: "Segnala una decisione" }).click();
  await page.getByRole("button", { name: "Manda" }).click();
  await page.getByRole("link", { name: "Manca che cosa è stato deciso." }).waitFor();
  for (const language of languages) {
    await page.getByRole("button", { name: names[language], exact: true }).click();
    await page.waitForFunction((l) => document.documentElement.lang === l, language);
    await settled(page);
    await inspect(page, language, (text) => t.diagnostic(`form: ${text}`));
  }
  await page.getByRole("button", { name: names.it, exact: true }).click();
  await page.getByLabel("Che cosa è stato deciso?").fill("Da giugno il giardino chiude alle sei.");
  await page.getByRole("button", { name: "Manda" }).click();
  await page.locator(".lines .text", { hasText: "Da giugno il giardino chiude alle sei." }).waitFor();
  assert.deepEqual(complaints, []);
  await context.close();

  const reader = await open(evaluator, tavolo.base, `${audit}/findings`, "it");
  await settled(reader);
  await reader.getByRole("heading", { name: "Decisioni che qui mancano" }).waitFor();
  const section = reader.locator("#finding-unlogged_decision").locator("xpath=..");
  await becomes(() => section.locator("li").count(), 1);
  await section.getByRole("link").click();
  await reader.getByText("Da giugno il giardino chiude alle sei.").waitFor();
  await becomes(() => reader.getByRole("button", { name: "Segnala una decisione" }).count(), 0, "who only reads reports nothing");
  await reader.close();
});

test("By keyboard alone an evaluator gets from the figure to the events that prove it, in three steps", async () => {
  const page = await open(evaluator, tavolo.base, audit, "it");
  await settled(page);
  await page.getByRole("link", { name: /Guarda quali: Decisionale/ }).waitFor(); // the example has decisive decisions
  await tabTo(page, /^Guarda le decisioni$/);
  await page.keyboard.press("Enter"); // one
  await page.getByRole("heading", { level: 2, name: "Decisioni" }).waitFor();
  await settled(page);
  await page.getByText(/Ci sono \d+ decisioni/).waitFor();
  await tabTo(page, /^Decisionale\. Apri la prova$/);
  const question = await page.evaluate(() => document.getElementById(document.activeElement.getAttribute("aria-describedby")).textContent);
  await page.keyboard.press("Enter"); // two
  await page.locator("code", { hasText: "charter_written" }).first().waitFor();
  await page.locator("code", { hasText: "ballot_cast" }).first().waitFor();
  await becomes(() => page.evaluate(() => document.activeElement?.getAttribute("aria-expanded")), "true", "the focus stays where it was");
  await page.getByRole("link", { name: question }).click(); // three: the decision itself
  await page.getByRole("heading", { level: 1, name: question }).waitFor();
  await page.goBack();
  await page.getByText(/Ci sono \d+ decisioni/).waitFor();
  await page.close();
});

test("By keyboard alone an evaluator gets from the nation's figure to the events that prove it, by its departments and by its decisions", async () => {
  const page = await open(evaluator, tavolo.base, "/territory", "it");
  const proof = async () => {
    await tabTo(page, /\. Apri la prova$/);
    await page.keyboard.press("Enter");
    await page.locator(".answer code", { hasText: /^[a-z]+_[a-z_]+$/ }).first().waitFor();
  };
  const follow = async (wanted, heading) => {
    await tabTo(page, wanted);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: heading, exact: true }).waitFor();
    await settled(page);
  };
  await settled(page);
  await follow(/^1\. Guarda quali: .+, Dipartimenti$/, "Dipartimenti");
  await page.getByText("C'è 1 dipartimento.").waitFor();
  await follow(/Guarda quali: DSM Esempio, Decisionale$/, "Decisioni");
  assert.equal(new URL(page.url()).pathname, `${audit}/ledger`);
  await proof();
  await page.goto(`${tavolo.base}/territory`);
  await settled(page);
  await follow(/Guarda quali: Decisionale, Decisioni$/, "Decisioni");
  await page.getByText("DSM Esempio. ").first().waitFor(); // which department each is of
  await proof();
  await page.close();
});

test("Every number of a department and of a territory leads to as many decisions or departments", async () => {
  const page = await open(evaluator, tavolo.base, "/territory", "it"), seen = new Map();
  for (const path of ["/territory", "/territory/region/08", "/territory?who=users:broad", audit, `${audit}?initiative=${initiative}`]) {
    await page.goto(tavolo.base + path);
    await settled(page);
    await page.evaluate(() => document.querySelectorAll("main details").forEach((d) => { d.open = true; }));
    for (const [href, n] of await page.locator("td a[aria-label]").evaluateAll((links) => links.map((a) => [a.getAttribute("href"), a.textContent]))) seen.set(href, n);
    const zeros = await page.locator("td div").evaluateAll((cells) => cells.filter((c) => /^[1-9]\d*$/.test(c.textContent) && !c.querySelector("a")).map((c) => c.textContent));
    assert.deepEqual(zeros, [], `numbers on ${path} that lead nowhere`);
  }
  assert.ok(seen.size > 15, `${seen.size} numbers`);
  assert.ok([...seen.keys()].some((href) => href.includes("left_out")), "what is left out is counted too");
  for (const [href, n] of seen) {
    await page.goto(tavolo.base + href);
    await settled(page);
    const said = await page.locator("#ledger, #each").locator("xpath=..").getByRole("status").first().textContent();
    assert.match(said, new RegExp(`^(Ci sono|C'è) ${n} (decision|dipartiment)`), href);
  }
  await page.close();
});

test("The scope is chosen by keyboard, stands in the address and holds on every page", async () => {
  const page = await open(evaluator, tavolo.base, audit, "it");
  await settled(page);
  await tabTo(page, /^Filtri$/);
  await page.keyboard.press("Enter");
  await tabTo(page, /^Che cosa si decide$/);
  assert.equal(await page.evaluate(() => document.getElementById(document.activeElement.getAttribute("aria-describedby")).textContent), "L'indagine chiede dei piani di tutto il dipartimento.");
  await page.keyboard.press("p"); // Pianificazione strategica
  await tabTo(page, /^Applica i filtri$/);
  await page.keyboard.press("Enter");
  await page.waitForURL(/\?scope=SCOPE_STRATEGIC_PLANNING$/);
  await settled(page);
  await page.getByText("In questo periodo non ci sono decisioni.").first().waitFor(); // the example is about one area
  await page.reload();
  await settled(page);
  assert.equal(await page.getByLabel("Che cosa si decide").inputValue(), "SCOPE_STRATEGIC_PLANNING");
  for (const name of ["Decisione per decisione", "Quanto contava", "Che cosa guardare"]) {
    await page.getByRole("link", { name, exact: true }).click();
    await settled(page);
    assert.match(page.url(), /scope=SCOPE_STRATEGIC_PLANNING/, name);
    assert.equal(await page.getByLabel("Che cosa si decide").inputValue(), "SCOPE_STRATEGIC_PLANNING", name);
  }
  await page.getByLabel("Che cosa si decide").selectOption({ label: "Un'area" });
  await page.getByRole("button", { name: "Applica i filtri" }).click();
  await page.waitForURL(/\?scope=SCOPE_AREA$/);
  await page.getByRole("link", { name: "Decisione per decisione", exact: true }).click();
  await page.getByText(/Ci sono \d+ decisioni/).waitFor();
  await page.getByRole("link", { name: "Togli i filtri" }).click();
  await page.waitForURL((url) => url.search === "");
  await page.close();
});

test("A partition that whoever runs Tavolo added is chosen like those of the survey, and its areas have pages", async () => {
  const page = await open(evaluator, tavolo.base, "/territory", "it");
  await page.getByRole("button", { name: "In 2 aree (two)" }).click();
  await page.getByText("two/3").waitFor();
  await page.getByRole("link", { name: "Alpi e Po", exact: true }).click();
  await page.getByRole("heading", { level: 1, name: "Alpi e Po" }).waitFor();
  assert.match(page.url(), /\/territory\/two\/alps/);
  await page.reload();
  await page.getByRole("heading", { level: 1, name: "Alpi e Po" }).waitFor();
  await page.close();
});

test("A count leads to the decisions that it counts, and the address keeps what is chosen", async () => {
  const page = await open(evaluator, tavolo.base, audit, "it");
  await settled(page);
  const link = page.locator("#figure").locator("xpath=..").getByRole("link", { name: /Guarda quali: Decisionale/ }), n = Number(await link.textContent());
  await link.click();
  await page.waitForURL(/role=decisive/);
  await settled(page);
  await becomes(() => page.locator("tbody tr:not(.behind)").count(), n);
  await page.reload();
  await settled(page);
  await becomes(() => page.locator("tbody tr:not(.behind)").count(), n, "an address that can be sent on");
  await page.getByRole("button", { name: /familiari/ }).click();
  await page.waitForURL(/who=users:broad/);
  await page.locator("summary", { hasText: "Filtri" }).click();
  await page.getByLabel("Dal giorno").fill("2099-12-31");
  await page.getByLabel("Fino al giorno").fill("2099-01-01");
  await page.getByRole("button", { name: "Applica i filtri" }).click();
  await page.getByRole("link", { name: /L'ultimo giorno viene prima del primo/ }).waitFor();
  await page.getByLabel("Fino al giorno").fill("2100-01-01");
  await page.getByRole("button", { name: "Applica i filtri" }).click();
  await page.getByText("In questo periodo non ci sono decisioni.").waitFor();
  await page.goBack();
  await page.waitForURL((url) => !url.search.includes("from="));
  await page.locator("tbody tr:not(.behind)").first().waitFor();
  await page.close();
});

test("From the nation down to the proof, one link after the other, and Table 3 of the same departments", async () => {
  const page = await open(evaluator, tavolo.base, "/", "it");
  await settled(page);
  const at = (name) => page.getByRole("heading", { level: 1, name }).waitFor();
  const down = async (section, name) => { await page.locator(`#${section}`).locator("xpath=..").getByRole("row").getByRole("link", { name }).first().click(); await settled(page); };
  await page.getByRole("link", { name: "Il ruolo nelle regioni e in Italia" }).click();
  await at("Italia");
  await page.getByRole("button", { name: "In 3 aree" }).click();
  await down("areas", "Nord");
  await at("Nord");
  await down("regions", "Emilia-Romagna");
  await at("Emilia-Romagna");
  assert.deepEqual(await page.locator(".crumbs a").allTextContents(), ["Inizio", "Italia", "Nord"]);
  const n = Number((await page.locator("#each").locator("xpath=..").locator("tbody tr td").first().locator("div").textContent()).trim());
  assert.ok(n > 3, `${n} decisions`);
  await page.getByRole("link", { name: "La tavola 3 dell'indagine" }).click();
  await page.getByText("Dipartimenti di: Emilia-Romagna. Sono 1.").waitFor();
  await settled(page);
  const role = page.locator("#item-role").locator("xpath=..").locator("tbody tr"), told = await role.count();
  assert.equal(await role.filter({ hasText: "Non ancora chiesto" }).count(), told, "nobody was asked, and each line says so");
  assert.ok(told >= 4);
  await page.getByText("Qui mancano 134 dipartimenti su 135.").waitFor();
  const [one] = await role.filter({ hasText: "1 su 1 (100,0%)" }).locator("td").nth(3).allTextContents(), [no] = await role.filter({ hasText: "0 su 1 (0,0%)" }).locator("td").nth(3).allTextContents();
  assert.match(one, /da 1 a 135 su 135 \(0,7\u2060–\u2060100,0%\)$/);
  assert.match(no, /da 0 a 134 su 135 \(0,0\u2060–\u206099,3%\)$/);
  for (const item of ["role", "tools", "engages", "areas", "extent"]) { // what a table is called is read once, and heard of the table too
    const heading = page.locator(`#item-${item}`), table = page.getByRole("table", { name: await heading.innerText(), exact: true });
    assert.ok(await table.locator("caption").evaluate((e) => e.getBoundingClientRect().height <= 1), `the caption of ${item} repeats the heading`);
  }
  await page.goBack();
  await settled(page);
  await down("each", "DSM Esempio");
  await at("DSM Esempio");
  await down("inner", "Orari");
  await page.waitForURL(/initiative=/);
  await settled(page);
  const line = page.locator("#inner").locator("xpath=..").locator("tbody tr").first(), way = line.getByRole("rowheader").getByRole("link"), decisions = Number((await line.locator("td div").first().textContent()).trim()) + Number((await line.locator("td div").nth(5).textContent()).trim());
  await way.click();
  await page.getByText(/^Qui c'è solo questo incontro: /).waitFor();
  await settled(page);
  assert.equal(await page.locator("tbody tr:not(.behind)").count(), decisions, "the session's decisions, all of them");
  await page.getByLabel("Mostra anche le persone").check();
  await page.waitForURL(/persons=1/);
  await settled(page);
  await page.locator("tbody tr:not(.behind)").first().locator("td").last().locator("button.why").last().click();
  await page.locator(".answer code").first().waitFor();
  await page.getByRole("link", { name: "Mostra tutte le decisioni" }).click();
  await settled(page);
  assert.ok(await page.locator("tbody tr:not(.behind)").count() > decisions);
  await page.close();
});

test("Figures over time stand beside a table with the same numbers, and say where they come from", async () => {
  const page = await open(evaluator, tavolo.base, `${audit}/strength`, "it");
  await settled(page);
  const section = page.locator("#trends").locator("xpath=.."), turns = section.getByRole("table", { name: "Interventi" });
  await turns.waitFor();
  const picture = turns.locator("xpath=../*[name()='svg']");
  assert.equal(await picture.locator("circle").count(), await turns.locator("tbody tr").count(), "a dot for each line");
  const [first] = await turns.locator("tbody tr td div").allTextContents(), share = Number(/\(([\d,]+)%\)/.exec(first)[1].replace(",", "."));
  assert.equal(Number(await picture.locator("circle").first().getAttribute("cy")), 110 - share);
  assert.equal(await section.getByRole("table", { name: "Quando gli operatori volevano il contrario" }).locator("td div", { hasText: "%" }).count(), 0, "no share below five divergent decisions");
  assert.equal(await page.locator("cite a", { hasText: "Penrose 1946" }).first().getAttribute("href"), "https://doi.org/10.2307/2981392");
  await page.close();
});

test("Items that users proposed and that were refused are named, each with its reason", async () => {
  const item = `${initiative}:panchine`, { participants } = await tavolo.call("InitiativeService/GetInitiative", { workspace, initiative });
  await tavolo.call("ItemService/ProposeItem", { workspace, item, title: { clear: "Le panchine" }, proposedBy: participants.find((p) => p.constituency === "user").participant });
  await tavolo.call("ItemService/RefuseItem", { workspace, item, reason: { clear: "Se ne occupa il Comune." } });
  const page = await open(evaluator, tavolo.base, `${audit}/strength`, "it"), row = page.getByRole("row", { name: /^Punti rifiutati/ });
  await settled(page);
  await row.getByText("Guarda quali").click();
  await row.getByText("Se ne occupa il Comune.").waitFor();
  assert.equal(await row.getByRole("link", { name: "Le panchine", exact: true }).getAttribute("href"), `/w/${workspace}/i/${initiative}`);
  await page.close();
});

for (const language of languages) {
  test(`Every page of evaluators can be read by everybody (${language})`, async (t) => {
    const context = await reads();
    for (const [name, path] of Object.entries(pages)) {
      await t.test(name, async () => {
        const page = await open(context, tavolo.base, path, language), complaints = listen(page);
        await settled(page);
        await page.evaluate(() => document.querySelectorAll("main details").forEach((d) => { d.open = true; }));
        if (name.startsWith("ledger")) {
          await page.locator("button.why").first().click();
          await page.locator(".answer tbody td").first().waitFor();
        }
        await inspect(page, language, (text) => t.diagnostic(`${name}: ${text}`));
        assert.deepEqual(complaints, []);
        await photograph(page, `${name.replaceAll(/\W+/g, "-")}-${language}`);
        await page.close();
      });
    }
    await t.test("report", async () => {
      const page = await context.newPage(), complaints = listen(page);
      await page.goto(`${tavolo.base}/w/${workspace}/report?from=2026-01-01&to=2026-12-31&lang=${language}`);
      await inspect(page, language, (text) => t.diagnostic(`report: ${text}`));
      assert.deepEqual(complaints, []);
      await photograph(page, `report-${language}`);
      await page.close();
    });
    await context.close();
  });
}

test("The files come down, for who may read the department and for nobody else", async () => {
  const page = await open(evaluator, tavolo.base, audit, "it");
  await settled(page);
  for (const [name, begins] of Object.entries({ "Excel (.xlsx)": "PK", "CSV per i programmi": "workspace,", "SPSS (.sav)": "$FL2", "Tutti i dati": "PK", "Popolo": "{" })) {
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name }).click()]);
    const stream = await download.createReadStream();
    let data = Buffer.alloc(0);
    for await (const chunk of stream) data = Buffer.concat([data, chunk]);
    assert.ok(data.toString("latin1").startsWith(begins) && data.length > 200, `${name}: ${data.subarray(0, 40)}`);
    assert.match(download.suggestedFilename(), /^dsm-esempio-/);
  }
  const stranger = await browser.newContext();
  await signIn(stranger, tavolo, { name: "Ugo", grant: "GRANT_TAKE_PART", constituency: "user" });
  const answer = await stranger.request.get(`${tavolo.base}/v1/workspaces/${workspace}/export/roles.csv`);
  assert.equal(answer.status(), 403);
  await stranger.close();
  await page.close();
});
