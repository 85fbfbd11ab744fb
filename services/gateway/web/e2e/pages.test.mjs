// Pages that need no JavaScript, in a real browser: read in every language, small and large, by everybody; and a ballot cast with JavaScript off.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { becomes, enterAs, initiative, signIn, startBrowser, startTavolo, workspace } from "./tavolo.mjs";
import { gulpease, isSentence, passages } from "./gulpease.mjs";
import { decision, item, session } from "./room.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const languages = ["it", "en", "it-x-facile"];
const least = { it: 60, "it-x-facile": 80 };
const screens = {
  "which there are": "/pages",
  "a decision": `/w/${workspace}/d/${initiative}:2026-03-05:apertura/page`,
  "a decision, advice": `/w/${workspace}/d/${initiative}:2026-03-05:regolamento/page`,
  "a decision, claimed": `/w/${workspace}/d/${initiative}:2026-05-07:turni/page`,
  "a decision, open": `/w/${workspace}/d/${decision}/page`,
  "a decision, for anyone": `/w/${workspace}/d/${initiative}:2026-05-07:navetta/page?public`,
  "minutes": `/w/${workspace}/s/${initiative}:2026-03-05/minutes`,
  "minutes, going on": `/w/${workspace}/s/${session}/minutes`,
  "a ballot": `/w/${workspace}/d/${decision}/ballot`,
  "a ballot, nothing to cast": `/w/${workspace}/d/${initiative}:2026-03-05:apertura/ballot`,
  "a ballot, recorded": `/w/${workspace}/d/${decision}/ballot/recorded`,
  "one that is not there": `/w/${workspace}/d/${initiative}:none:none/page`,
};
const flow = { javaScriptEnabled: false, viewport: { width: 360, height: 740 } };
let tavolo, browser, voter, withProxy;

before(async () => {
  [tavolo, browser] = await Promise.all([startTavolo(), startBrowser()]);
  await tavolo.call("InitiativeService/SetPublication", { workspace, initiative, public: true });
  voter = await browser.newContext(flow);
  const me = await signIn(voter, tavolo, { name: "Giulia", grant: "GRANT_TAKE_PART", constituency: "user" });
  const mine = me.memberships.find((m) => m.initiative === initiative).participant;
  const { participants } = await tavolo.call("InitiativeService/GetInitiative", { workspace, initiative });
  const of = (ref) => participants.find((p) => p.ref === ref).participant;
  const people = [mine, of("u1"), of("u2"), of("p1")];
  await tavolo.call("SessionService/PrepareSession", { workspace, session, title: { clear: "Quinto incontro" }, kind: "SESSION_KIND_WORKING_GROUP" });
  await tavolo.call("SessionService/OpenSession", { workspace, session });
  await tavolo.call("SessionService/SeatParticipants", { workspace, session, seats: people.map((participant) => ({ participant })) });
  await tavolo.call("ItemService/ProposeItem", { workspace, item, title: { clear: "La porta sul retro" }, proposedBy: of("u1") });
  await tavolo.call("ItemService/AdmitItem", { workspace, item, reason: { clear: "Riguarda tutti." } });
  await tavolo.call("SessionService/SetAgenda", { workspace, session, items: [item] });
  await tavolo.call("DecisionService/PoseDecision", { workspace, decision, item, question: { clear: "Tenere aperta la porta sul retro?" } });
  await tavolo.call("DecisionService/WriteCharter", { workspace, decision, charter: { rule: { method: "METHOD_CONSENT" }, ratification: "RATIFICATION_NONE" } });
  await tavolo.call("DecisionService/OpenVoting", {
    workspace, decision,
    electors: people.map((participant) => ({ participant, standing: "STANDING_CONSENT", weight: "1", present: true, ...(participant === of("u2") ? { proxy: { to: mine } } : {}) })),
  });
  withProxy = of("u2");
});
after(async () => {
  await browser?.close();
  await tavolo?.end();
});

for (const language of languages) {
  test(`Every page can be read by everybody (${language})`, async (t) => {
    // axe needs JavaScript, which the pages do not: the same person looks in a second browser.
    const context = await browser.newContext({ storageState: await voter.storageState(), viewport: { width: 1280, height: 900 } });
    const outside = [];
    context.on("request", (r) => { if (!r.url().startsWith(tavolo.base)) outside.push(r.url()); });
    for (const [name, path] of Object.entries(screens)) {
      await t.test(name, async () => {
        const page = await context.newPage();
        const complaints = [];
        page.on("console", (m) => { if (m.type() === "error" && !/status of 404/.test(m.text())) complaints.push(m.text()); });
        await page.goto(`${tavolo.base}${path}${path.includes("?") ? "&" : "?"}lang=${language}`);
        await becomes(() => page.getAttribute("html", "lang"), language);
        assert.match(await page.title(), / – Tavolo$/);
        for (const width of [1280, 320]) {
          await page.setViewportSize({ width, height: 900 });
          const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
          assert.equal(over, 0, `scrolls sideways at ${width} px`);
          const { violations, passes } = await page.evaluate(`${axe}; axe.run(document, { runOnly: ["wcag2a","wcag2aa","wcag21a","wcag21aa","wcag22aa","best-practice"] })`);
          assert.deepEqual(violations.map((v) => [v.id, v.nodes.map((n) => n.html)]), [], `axe at ${width} px`);
          assert.ok(passes.length > 15, `axe tried ${passes.length} rules`);
        }
        const said = (await page.evaluate(passages)).filter((p) => !["Italiano", "English", "Italiano facile"].includes(p));
        if (least[language]) {
          for (const what of [said, said.filter(isSentence)]) {
            const index = gulpease(what);
            t.diagnostic(`Gulpease ${language} ${name}: ${index.toFixed(0)} over ${what.length} passages`);
            assert.ok(what.length === 0 || index >= least[language], `Gulpease ${index.toFixed(1)}: ${what.join(" | ")}`);
          }
        }
        assert.doesNotMatch(said.join(" "), /\{\{|undefined|…|\b(page|reason|flag|act)\/|_[A-Z]{3}/, "something that is no word");
        assert.deepEqual(complaints, []);
        await page.close();
      });
    }
    assert.deepEqual(outside, [], "nobody else is contacted");
    await context.close();
  });
}

test("A ballot is cast with JavaScript off, counts once, can be changed, and is late after the close", async () => {
  const page = await voter.newPage();
  await page.goto(`${tavolo.base}/w/${workspace}/d/${decision}/page?lang=it`);
  await page.getByRole("link", { name: "Vota", exact: true }).click();
  await becomes(() => page.locator("form").count(), 2, "one for oneself, one for the proxy");
  const mine = page.locator("form", { has: page.getByRole("heading", { name: "Il mio voto" }) });
  await mine.getByLabel("Va bene: nessuna obiezione").check();
  await mine.getByRole("button", { name: "Vota" }).click();
  await page.getByRole("heading", { level: 1, name: "Il voto è registrato" }).waitFor();
  await becomes(() => page.locator("main").textContent(), /Il mio voto\s*È registrato: Va bene: nessuna obiezione\./);
  const recorded = async () => (await tavolo.call("DecisionService/GetDecision", { workspace, decision })).ballots.length;
  assert.equal(await recorded(), 1);
  await page.reload();
  assert.equal(await recorded(), 1, "reading it again casts nothing");

  await page.getByRole("link", { name: "Cambia il voto" }).click();
  const proxy = page.locator("form", { has: page.getByRole("heading", { name: /^Il voto di Bruno/ }) });
  await proxy.getByLabel("Mi faccio da parte").check();
  await proxy.getByRole("button", { name: "Vota per Bruno" }).click();
  await page.getByRole("heading", { level: 1, name: "Il voto è registrato" }).waitFor();
  assert.equal(await recorded(), 2);

  await page.goto(`${tavolo.base}/w/${workspace}/d/${decision}/ballot`);
  await tavolo.call("DecisionService/CloseVoting", { workspace, decision });
  const late = page.locator("form", { has: page.getByRole("heading", { name: "Il mio voto" }) });
  await late.getByLabel("Obiezione motivata").check();
  await late.getByRole("button", { name: "Cambia il voto" }).click();
  await becomes(() => page.getByRole("alert").textContent(), /Il voto è già chiuso\. Questa scelta non è stata contata\./);
  await becomes(() => page.locator("form").count(), 0, "nothing is left to send");
  const closed = await tavolo.call("DecisionService/GetDecision", { workspace, decision });
  assert.equal(closed.ballots.find((b) => b.participant !== withProxy)?.choice, "CHOICE_FOR");
  await page.close();
});

test("Who is not signed in reads what is public, without persons, and is told so for the rest", async () => {
  const context = await browser.newContext(flow);
  const page = await context.newPage();
  const answer = await page.goto(`${tavolo.base}/w/${workspace}/d/${initiative}:2026-03-05:apertura/page?lang=it`);
  assert.equal(answer.status(), 200);
  const text = await page.locator("body").textContent();
  assert.match(text, /Aprire il Centro diurno il sabato mattina/);
  assert.doesNotMatch(text, /Ada|Bruno|Carla|\bu1\b|\bp1\b/);
  assert.equal((await page.goto(`${tavolo.base}/w/${workspace}/s/${initiative}:2026-03-05/minutes`)).status(), 401);
  await page.goto(`${tavolo.base}/`);
  await page.getByRole("link", { name: "Le pagine senza JavaScript" }).waitFor();
  await context.close();
});

test("Minutes print on A4 with numbered pages and nothing of the screen", async () => {
  const page = await voter.newPage();
  await page.goto(`${tavolo.base}${screens.minutes}`);
  await page.emulateMedia({ media: "print" });
  for (const part of [".bar", ".foot", ".actions"]) assert.equal(await page.locator(part).isVisible(), false, part);
  const pdf = await page.pdf({ preferCSSPageSize: true });
  assert.match(pdf.toString("latin1"), /\/MediaBox \[0 0 59[45](\.\d+)? 84[12](\.\d+)?\]/);
  await page.close();
});
