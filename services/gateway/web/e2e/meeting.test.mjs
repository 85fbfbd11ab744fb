// A meeting in the room: whoever facilitates, a participant and a professional, each with a browser of their own, against the real program.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { gulpease, isSentence, passages } from "./gulpease.mjs";
import { becomes, initiative, open, read, signIn, startBrowser, startTavolo, until, workspace } from "./tavolo.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const session = `${initiative}:2026-07-09`, path = `/w/${workspace}/s/${session}`, wall = `${path}/projector`;
const items = [["saluti", "Saluti e novità"], ["orari", "Gli orari di apertura del centro"], ["porta", "La porta sul retro"]];
const shots = process.env.TAVOLO_SHOTS; // a folder for pictures of every state, to be looked at

let tavolo, browser;
const people = {}; // Giulia facilitates, Ada uses the services, Piero works in them

before(async () => {
  [tavolo, browser] = await Promise.all([startTavolo(), startBrowser()]);
  await tavolo.call("SessionService/PrepareSession", { workspace, session, title: { clear: "Sesto incontro" }, kind: "SESSION_KIND_WORKING_GROUP", place: { clear: "Sala grande" } });
  for (const [id, title] of items) {
    await tavolo.call("ItemService/ProposeItem", { workspace, item: `${initiative}:sei-${id}`, title: { clear: title }, minutes: 20 });
    await tavolo.call("ItemService/AdmitItem", { workspace, item: `${initiative}:sei-${id}`, reason: { clear: "Riguarda tutti." } });
  }
  await tavolo.call("SessionService/SetAgenda", { workspace, session, items: items.map(([id]) => `${initiative}:sei-${id}`) });
  await comeIn("giulia", "Giulia", "GRANT_FACILITATE", "professional", { width: 1280, height: 900 });
  await comeIn("ada", "Ada Neri", "GRANT_TAKE_PART", "user", { width: 360, height: 740 });
  await comeIn("piero", "Piero", "GRANT_TAKE_PART", "professional", { width: 1280, height: 900 });
});
after(async () => {
  await browser?.close();
  await tavolo?.end();
});

async function comeIn(key, name, grant, constituency, viewport) {
  const context = await browser.newContext({ viewport, reducedMotion: "reduce" });
  const me = await signIn(context, tavolo, { name, grant, constituency });
  const page = await open(context, tavolo.base, path, "it");
  const complaints = [];
  page.on("pageerror", (e) => complaints.push(e.message));
  page.on("console", (m) => { if (m.type() === "error" && !/Failed to load|WebSocket|ERR_/.test(m.text())) complaints.push(m.text()); });
  people[key] = { context, page, complaints, participant: me.memberships[0].participant, name };
}

const shown = async (page) => {
  await read(page);
  await page.waitForFunction(() => document.querySelector(".live-state.joining") === null);
};
const press = (page, name) => page.getByRole("button", { name, exact: typeof name === "string" }).first().click();
const sees = (page, text) => page.getByText(text).first().waitFor();
const everybody = (what) => Promise.all(Object.values(people).map(({ page }) => what(page)));
const view = () => tavolo.call("SessionService/GetSession", { workspace, session });
const item = async (id) => (await view()).items.find((i) => i.id === `${initiative}:sei-${id}`);
const said = async (id) => (await item(id)).contributions ?? [];
const contribution = (page, n) => page.locator(`[id="c-${initiative}:sei-orari-${n}"]`);

// look photographs a state, has axe find nothing, and nothing scroll sideways.
async function look(page, name) {
  const size = page.viewportSize();
  for (const width of [1280, 640, 320]) { // 640: a wide screen at 200 %
    await page.setViewportSize({ width, height: size.height });
    const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.equal(over, 0, `${name} scrolls sideways at ${width} px`);
    if (width === 640) continue;
    const { violations } = await page.evaluate(`${axe}; axe.run(document, { runOnly: ["wcag2a","wcag2aa","wcag21a","wcag21aa","wcag22aa","best-practice"] })`);
    assert.deepEqual(violations.map((v) => [v.id, v.nodes.map((n) => n.html)]), [], `axe: ${name} at ${width} px`);
  }
  if (shots) for (const width of [360, 1280]) {
    await page.setViewportSize({ width, height: width === 360 ? 740 : 900 });
    await page.screenshot({ path: `${shots}/${name}-${width}.png` });
    await page.screenshot({ path: `${shots}/${name}-${width}-full.png`, fullPage: true });
  }
  await page.setViewportSize(size);
}

const least = { it: 60, "it-x-facile": 80 }, buttons = { it: "Italiano", en: "English", "it-x-facile": "Italiano facile" };

// inAllLanguages looks at a state in every language: it can be read, and no word is missing.
async function inAllLanguages(t, page, name) {
  for (const [language, button] of Object.entries(buttons)) {
    await press(page, button);
    await page.waitForFunction((l) => document.documentElement.lang === l, language);
    await look(page, `${name}-${language}`);
    const heard = await page.evaluate(passages);
    assert.doesNotMatch(heard.join(" "), /\{\{|undefined|NaN|\b(web|reason|flag|act)\/|_[A-Z]{3}/, "something that is no word");
    for (const what of least[language] ? [heard, heard.filter(isSentence)] : []) {
      const index = gulpease(what);
      t.diagnostic(`Gulpease ${language} ${name}: ${index.toFixed(0)} over ${what.length} passages`);
      assert.ok(what.length === 0 || index >= least[language], `Gulpease ${index.toFixed(1)}: ${what.join(" | ")}`);
    }
  }
  await press(page, "Italiano");
  await page.waitForFunction(() => document.documentElement.lang === "it");
}

test("The session is opened, and people say that they are there", async (t) => {
  const { giulia, ada, piero } = people;
  await everybody(shown);
  await inAllLanguages(t, giulia.page, "prepared");
  await press(giulia.page, "Apri l'incontro");
  await everybody((page) => sees(page, "L'incontro è cominciato."));
  for (const { page } of Object.values(people)) await press(page, "Sono qui");
  await everybody((page) => sees(page, "Ci sono 3 persone."));
  // Somebody without a device is marked, and given an office.
  await press(giulia.page, "Segna chi c'è");
  const mark = giulia.page.getByRole("checkbox", { name: /^Bruno|^u2|assente/ }).first(), size = await mark.boundingBox();
  assert.ok(size.width >= 24 && size.height >= 24, `who is here is marked with ${size.width} by ${size.height} px`);
  await mark.click();
  await everybody((page) => sees(page, "Ci sono 4 persone."));
  await giulia.page.getByRole("button", { name: "Compiti Piero" }).click();
  await giulia.page.getByRole("checkbox", { name: "Segreteria" }).click();
  await until("Piero to be the secretary", async () => (await view()).seats.find((s) => s.participant === piero.participant)?.offices?.includes("OFFICE_SECRETARY"));
  await look(giulia.page, "marking");
  await press(giulia.page, "Segna chi c'è");
  await becomes(() => ada.page.getByRole("button", { name: "Chiudi l'incontro" }).count(), 0, "only whoever facilitates leads");
});

test("The current item shows at once, with the hand button, on a phone without scrolling", async () => {
  const { giulia, ada } = people;
  await press(giulia.page, "Passa al punto: Saluti e novità");
  await everybody((page) => page.getByRole("heading", { level: 2, name: "Saluti e novità" }).waitFor());
  await press(giulia.page, "Passa al punto: Gli orari di apertura del centro");
  const heading = ada.page.getByRole("heading", { level: 2, name: "Gli orari di apertura del centro" });
  await heading.waitFor();
  await sees(ada.page, "Ora si parla di: Gli orari di apertura del centro");
  for (const part of [heading, ada.page.getByRole("button", { name: "Alza la mano" })]) {
    const box = await part.boundingBox();
    assert.ok(box.y >= 0 && box.y + box.height <= 740, `${JSON.stringify(box)} is on the first screen`);
  }
  assert.ok((await ada.page.getByRole("button", { name: "Alza la mano" }).boundingBox()).height >= 44);
});

test("By keyboard alone a hand goes up and down, and the focus stays where it was", async () => {
  const { ada, giulia } = people;
  const focus = () => ada.page.evaluate(() => document.activeElement?.textContent);
  await ada.page.keyboard.press("Tab");
  for (let i = 0; i < 60 && await focus() !== "Alza la mano"; i++) await ada.page.keyboard.press("Tab");
  await ada.page.keyboard.press("Enter");
  await until("the hand to be up", async () => await focus() === "Abbassa la mano");
  await press(giulia.page, /^Dai la parola Ada/);
  await until("the focus to go on to the end of the turn", async () => await focus() === "Fine intervento");
  await ada.page.keyboard.press("Enter");
  await until("the focus to be back on the hand", async () => await focus() === "Alza la mano");
  const [turn] = await said("orari");
  assert.deepEqual([turn.by, turn.enteredBy ?? ""], [ada.participant, ""]);
  await tavolo.call("ItemService/CorrectContributions", { workspace, item: `${initiative}:sei-orari`, session });
  await contribution(ada.page, 1).waitFor({ state: "detached" });
});

test("Hands go up, somebody is suggested and not forced, and a turn becomes a contribution", async (t) => {
  const { giulia, ada, piero } = people;
  await press(piero.page, "Alza la mano");
  await sees(giulia.page, "Chi chiede la parola");
  await press(giulia.page, /^Dai la parola Piero/);
  await sees(piero.page, "Ora parli tu");
  await sees(ada.page, "Parla Piero");
  const repeated = ada.page.locator(".news span", { hasText: "Parla Piero" }); // who hears the screen is told; who looks at it reads it on the card, once
  await becomes(() => repeated.evaluateAll((all) => all.map((e) => e.className).join()), "visually-hidden");
  await until("the clock to run", async () => await ada.page.locator(".clock").innerText() !== "0:00");
  await press(piero.page, "Scrivi le parole");
  await piero.page.getByLabel("Che cosa vuoi fare").selectOption({ label: "Propongo una cosa" });
  await piero.page.getByLabel("Che cosa si sta dicendo").fill("Aprire il martedì fino alle 20.");
  await press(piero.page, "Fine intervento");
  await everybody((page) => sees(page, "Aprire il martedì fino alle 20."));
  const [turn] = await said("orari");
  assert.equal(turn.kind, "CONTRIBUTION_KIND_PROPOSAL");
  assert.ok(turn.seconds >= 1, `${turn.seconds} seconds`);

  // Piero asks first, but Ada's perspective was heard less. She is suggested; Giulia may give the floor to either.
  await press(piero.page, "Alza la mano");
  await sees(piero.page, "Sei al posto 1.");
  await piero.page.locator(".own-hand [role=status]").evaluate((e) => {
    globalThis.readAgain = 0;
    new MutationObserver(() => { globalThis.readAgain++; }).observe(e, { subtree: true, childList: true, characterData: true });
  });
  await press(ada.page, "Alza la mano");
  await sees(ada.page, "Sei al posto 2.");
  await piero.page.locator(".hands li", { hasText: "Ada" }).waitFor();
  assert.equal(await piero.page.evaluate(() => globalThis.readAgain), 0, "one's own place is read again at another's hand");
  const suggested = giulia.page.locator("li.suggested");
  await suggested.getByText("Ada Neri").first().waitFor();
  await becomes(() => suggested.innerText(), /Suggerito/);
  await becomes(() => giulia.page.getByRole("button", { name: /^Dai la parola (Piero|Ada)/ }).count(), 2);
  await inAllLanguages(t, ada.page, "room-participant");
  await inAllLanguages(t, giulia.page, "room-facilitator");
  await press(giulia.page, /^Dai la parola Ada/);
  await sees(ada.page, "Ora parli tu");
  await press(giulia.page, "Fine intervento"); // by whoever facilitates, without words
  await until("the turn to be recorded", async () => (await said("orari")).length === 2);
  // The words come later, from whoever spoke.
  await contribution(ada.page, 2).getByRole("button", { name: /^Aggiungi le parole/ }).click();
  await contribution(ada.page, 2).getByLabel("Le parole dette").fill("La sera il centro è vuoto, e chi lavora non può venire.");
  await contribution(ada.page, 2).getByRole("button", { name: "Invia" }).click();
  await everybody((page) => sees(page, "La sera il centro è vuoto"));
  await press(piero.page, "Abbassa la mano");
  await sees(giulia.page, "Nessuno, per ora.");
});

test("What others say is written down with who wrote it; proposals are amended, and advice is answered", async () => {
  const { ada, piero } = people;
  await press(piero.page, "Scrivi un intervento"); // the secretary
  const form = piero.page.getByRole("form", { name: "Scrivi un intervento" });
  await form.getByLabel("Chi lo ha detto").selectOption({ label: "Ada Neri" });
  await form.getByLabel("Che cosa vuoi fare").selectOption({ label: "Do un parere" });
  await form.getByRole("button", { name: "Invia" }).click(); // nothing was typed
  await sees(piero.page, "Il testo è vuoto.");
  await form.getByLabel("Che cosa vuoi dire").fill("Prima chiedere alle famiglie.");
  await form.getByRole("button", { name: "Invia" }).click();
  await everybody((page) => contribution(page, 3).getByText("Prima chiedere alle famiglie.").waitFor());
  await becomes(() => contribution(ada.page, 3).innerText(), /Scritto da Piero/);
  await everybody((page) => contribution(page, 3).getByText("Senza risposta").waitFor());
  await sees(ada.page, "1 parere aspetta una risposta.");

  await contribution(piero.page, 3).getByRole("button", { name: /^Rispondi/ }).click();
  await contribution(piero.page, 3).getByLabel("In parte", { exact: true }).check();
  await contribution(piero.page, 3).getByLabel("La risposta").fill("Sì alle famiglie, ma con un foglio breve.");
  await contribution(piero.page, 3).getByRole("button", { name: "Invia" }).click();
  await contribution(ada.page, 3).getByText("Accolto in parte").waitFor();
  await contribution(ada.page, 4).getByText("Risponde al numero 3, di Ada Neri.").waitFor();
  await becomes(() => ada.page.getByText("aspetta una risposta").count(), 0);

  await contribution(ada.page, 1).getByRole("button", { name: /^Cambia la proposta/ }).click();
  await contribution(ada.page, 1).getByLabel("La proposta con le modifiche").fill("Aprire il martedì e il giovedì fino alle 20.");
  await contribution(ada.page, 1).getByLabel("Quale intervento riprende").selectOption("2");
  await contribution(ada.page, 1).getByRole("button", { name: "Invia" }).click();
  await contribution(piero.page, 5).getByText("Cambia la proposta 1, di Piero.").waitFor();
  await contribution(piero.page, 5).getByText("Riprende il numero 2, di Ada Neri.").waitFor();
  await contribution(piero.page, 1).getByRole("button", { name: "Cambiata dalla proposta 5." }).click();
  await becomes(() => piero.page.evaluate(() => document.activeElement?.id), `c-${initiative}:sei-orari-5`);
  const list = await said("orari");
  assert.deepEqual(list.map((c) => [c.number, c.answers ?? 0, c.amends ?? 0, c.takesUp ?? 0]), [[1, 0, 0, 0], [2, 0, 0, 0], [3, 0, 0, 0], [4, 3, 0, 0], [5, 0, 1, 2]]);
  assert.deepEqual([list[2].by, list[2].enteredBy], [ada.participant, piero.participant]);
});

test("Anybody pauses the meeting without a reason, and whoever facilitates goes on", async (t) => {
  const { giulia, ada } = people;
  await press(ada.page, "Pausa");
  await everybody((page) => page.getByRole("heading", { name: "Siamo in pausa" }).waitFor());
  await becomes(() => ada.page.getByRole("button", { name: "Riprendi l'incontro" }).count(), 0);
  await inAllLanguages(t, ada.page, "room-paused");
  await press(giulia.page, "Riprendi l'incontro");
  await everybody((page) => sees(page, "Si riprende."));
});

test("A lost line takes nothing away: what was typed stays, over a reload, and is sent once", async () => {
  const { ada, giulia } = people, words = "Servono due persone in più la sera.";
  const number = (await said("orari")).length + 1;
  await press(ada.page, "Scrivi un intervento");
  await ada.page.getByLabel("Che cosa vuoi dire").fill(words);
  await ada.page.reload();
  await shown(ada.page);
  await becomes(() => ada.page.getByLabel("Che cosa vuoi dire").inputValue(), words, "a draft survives a reload");
  await ada.context.setOffline(true);
  await press(ada.page, "Invia");
  await sees(ada.page, "Non ancora inviato");
  assert.equal((await said("orari")).length, number - 1);
  await ada.context.setOffline(false);
  await contribution(giulia.page, number).getByText(words).waitFor();
  await until("nothing to wait any more", async () => await ada.page.getByText("Non ancora inviato").count() === 0);
  assert.equal((await said("orari")).filter((c) => c.text === words).length, 1);

  // The answer gets lost on the way back: sent again under the same id, it counts once.
  let lost = 0;
  await ada.context.route(/RecordContributions/, async (route) => {
    if (lost++ > 0) return route.continue();
    await route.fetch();
    await route.abort();
  });
  await press(ada.page, "Scrivi un intervento");
  await ada.page.getByLabel("Che cosa vuoi dire").fill("E una navetta.");
  await press(ada.page, "Invia");
  await contribution(giulia.page, number + 1).getByText("E una navetta.").waitFor();
  await until("it to be sent again", () => lost >= 2);
  await until("nothing to wait any more", async () => await ada.page.locator(".unsent").count() === 0);
  assert.equal((await said("orari")).filter((c) => c.text === "E una navetta.").length, 1);
  await ada.context.unroute(/RecordContributions/);
});

test("What is typed while the line is slow stays, and only what was sent goes away", async () => {
  const { ada } = people, field = ada.page.getByLabel("Che cosa vuoi dire");
  let arrived, release;
  const reached = new Promise((go) => { arrived = go; }), held = new Promise((go) => { release = go; });
  await ada.context.route(/RecordContributions/, async (route) => { arrived(); await held; await route.continue(); });
  await press(ada.page, "Scrivi un intervento");
  await field.fill("Prima cosa.");
  await press(ada.page, "Invia");
  await reached;
  await field.press("End");
  await field.pressSequentially(" Seconda cosa.");
  release();
  await becomes(() => field.inputValue(), "Seconda cosa.");
  await ada.context.unroute(/RecordContributions/);
  await ada.page.reload();
  await shown(ada.page);
  await becomes(() => field.inputValue(), "Seconda cosa.", "it is kept as any draft");
  await press(ada.page, "Invia");
  await field.waitFor({ state: "hidden" });
  await until("both to be in the record", async () => (await said("orari")).filter((c) => ["Prima cosa.", "Seconda cosa."].includes(c.text)).length === 2);
});

test("Two tabs of one person agree, also about what is not sent yet", async () => {
  const { ada } = people;
  const second = await open(ada.context, tavolo.base, path, "it");
  await shown(second);
  await press(ada.page, "Alza la mano");
  await second.getByRole("button", { name: "Abbassa la mano" }).waitFor();
  await press(second, "Abbassa la mano");
  await ada.page.getByRole("button", { name: "Alza la mano" }).waitFor();
  await ada.context.route(/RecordContributions/, (route) => route.abort());
  await press(ada.page, "Scrivi un intervento");
  await ada.page.getByLabel("Che cosa vuoi dire").fill("Da una scheda sola.");
  await press(ada.page, "Invia");
  await sees(second, "Non ancora inviato");
  await ada.context.unroute(/RecordContributions/);
  await Promise.all([ada.page, second].map((page) => until("both to have nothing to wait for", async () => await page.locator(".unsent").count() === 0)));
  assert.equal((await said("orari")).filter((c) => c.text === "Da una scheda sola.").length, 1);
  await second.close();
});

test("The projector shows the item, who speaks, the queue and how to come in", async (t) => {
  const { giulia, ada, piero } = people;
  await press(piero.page, "Alza la mano");
  await press(ada.page, "Alza la mano");
  await sees(ada.page, /Sei al posto \d\./);
  await press(giulia.page, /^Dai la parola Piero/);
  for (const [language] of Object.entries(buttons)) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 720 }, storageState: await giulia.context.storageState(), reducedMotion: "reduce" });
    await context.addInitScript((l) => localStorage.setItem("tavolo-language", l), language);
    const page = await context.newPage();
    await page.goto(tavolo.base + wall);
    await page.locator(".wall-speaks", { hasText: "Piero" }).waitFor();
    await page.locator(".wall-next", { hasText: "Ada Neri" }).waitFor();
    await page.getByRole("button").click();
    await page.locator(".wall-join img").waitFor();
    await becomes(() => page.locator(".wall-code").innerText(), /^[A-Z0-9]{6}$/);
    assert.ok(await page.locator(".wall-join img").evaluate((i) => i.complete && i.naturalWidth > 0), "the QR code is shown");
    for (const [width, height] of [[1280, 720], [1920, 1080]]) {
      await page.setViewportSize({ width, height });
      assert.ok(await page.evaluate(() => document.documentElement.scrollHeight <= innerHeight && document.documentElement.scrollWidth <= innerWidth), `fits ${width}`);
      const { violations } = await page.evaluate(`${axe}; axe.run(document, { runOnly: ["wcag2a","wcag2aa","wcag21a","wcag21aa","wcag22aa","best-practice"] })`);
      assert.deepEqual(violations.map((v) => [v.id, v.nodes.map((n) => n.html)]), [], `axe at ${width} px`);
      if (shots) await page.screenshot({ path: `${shots}/wall-${language}-${width}.png` });
    }
    await page.setViewportSize({ width: 320, height: 640 });
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), 0);
    const heard = await page.evaluate(passages), index = gulpease(heard);
    t.diagnostic(`Gulpease ${language} projector: ${index.toFixed(0)}`);
    if (least[language]) assert.ok(index >= least[language], heard.join(" | "));
    await context.close();
  }
  await press(giulia.page, "Fine intervento");
  await press(ada.page, "Abbassa la mano");
});

test("The projector shows how many have voted and not how, and then what came out", async () => {
  const { giulia, ada, piero } = people, decision = `${session}:orari`;
  const page = await giulia.context.newPage();
  await page.setViewportSize({ width: 1280, height: 720 });
  await page.goto(tavolo.base + wall);
  await tavolo.call("DecisionService/PoseDecision", { workspace, decision, item: `${initiative}:sei-orari`, question: { clear: "Aprire fino alle 20?" } });
  await tavolo.call("DecisionService/WriteCharter", { workspace, decision, charter: { rule: { method: "METHOD_MAJORITY", base: "BASE_CAST", tie: "TIE_STATUS_QUO" }, ratification: "RATIFICATION_NONE" } });
  const voters = [giulia, ada, piero].map((p) => p.participant);
  await tavolo.call("DecisionService/OpenVoting", { workspace, decision, electors: voters.map((participant) => ({ participant, standing: "STANDING_BINDING_VOTE", weight: "1", present: true })) });
  await sees(page, "Voti dati: 0 su 3");
  await tavolo.call("DecisionService/CastBallots", { workspace, decision, ballots: [{ participant: voters[1], choice: "CHOICE_FOR" }, { participant: voters[2], choice: "CHOICE_FOR" }] });
  await sees(page, "Voti dati: 2 su 3");
  assert.doesNotMatch(await page.locator("main").innerText(), /A favore|Contro/);
  if (shots) await page.screenshot({ path: `${shots}/wall-vote.png` });
  await tavolo.call("DecisionService/CloseVoting", { workspace, decision });
  await page.locator(".wall-count", { hasText: "Approvata" }).waitFor();
  await sees(page, "A favore: 2.");
  if (shots) await page.screenshot({ path: `${shots}/wall-result.png` });
  await page.close();
});

test("The session is closed after one more question, and the minutes are approved", async (t) => {
  const { giulia, ada, piero } = people;
  await press(giulia.page, "Chiudi l'incontro");
  await press(giulia.page, "No, si continua");
  await press(giulia.page, "Chiudi l'incontro");
  await press(giulia.page, "Sì, chiudi");
  await everybody((page) => sees(page, "L'incontro è finito."));
  await becomes(() => ada.page.getByRole("button", { name: "Alza la mano" }).count(), 0);
  await press(ada.page, "Approvo il verbale");
  await everybody((page) => sees(page, "Ha approvato il verbale 1 persona: Ada Neri."));
  await press(piero.page, "Approvo il verbale");
  await sees(giulia.page, "Hanno approvato il verbale 2 persone");
  await inAllLanguages(t, ada.page, "closed");
  for (const link of await ada.page.locator("#minutes ~ ul a").all()) {
    const r = await ada.context.request.get(tavolo.base + await link.getAttribute("href"));
    assert.equal(r.status(), 200, await link.getAttribute("href"));
    assert.match(await r.text(), /Aprire il martedì e il giovedì/);
  }
  for (const { complaints } of Object.values(people)) assert.deepEqual(complaints, []);
});
