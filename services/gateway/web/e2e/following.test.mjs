// Who follows from outside, in a real browser against the real program: a subscription is made, its token opens the feed, an address that refuses is seen to
// refuse and gets everything later, and what is revoked opens nothing. And what is told to one person alone, on their own page.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { inspect, languages, listen, photograph, settled } from "./screens.mjs";
import { becomes, initiative, open, signIn, startBrowser, startTavolo, until, workspace } from "./tavolo.mjs";

let tavolo, browser, server, answers = 400, got = [];
const names = { it: "Italiano", en: "English", "it-x-facile": "Italiano facile" };

before(async () => {
  server = createServer((request, response) => {
    request.resume().on("end", () => { got.push(request.headers["webhook-id"]); response.writeHead(answers).end(); });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  [tavolo, browser] = await Promise.all([startTavolo({ more: ["--webhooks-to-this-machine"] }), startBrowser()]);
  await tavolo.call("InitiativeService/SetPublication", { workspace, initiative, public: true });
});
after(async () => {
  await browser?.close();
  await tavolo?.end();
  server?.close();
});

async function facilitator(options) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: "reduce", ...options });
  await signIn(context, tavolo, { name: "Giulia", grant: "GRANT_FACILITATE", constituency: "professional" });
  return context;
}

const feed = (token) => fetch(`${tavolo.base}/v1/feeds/entries?after=0&limit=500`, { headers: { Authorization: `Bearer ${token}` } });

test("A subscription from the form to its end", async (t) => {
  const context = await facilitator({ permissions: ["clipboard-read", "clipboard-write"] }), page = await open(context, tavolo.base, "/", "it"), complaints = listen(page);
  await settled(page);
  await page.getByRole("link", { name: "Chi segue le decisioni da fuori" }).click();
  await page.getByRole("heading", { level: 1, name: "Chi segue le decisioni" }).waitFor();
  await page.getByText("Non c'è ancora nessuna iscrizione.").waitFor();
  await page.getByRole("button", { name: "Crea l'iscrizione" }).click();
  const form = page.getByRole("form", { name: "Una nuova iscrizione" });
  assert.equal(await form.getByLabel("Tutto, anche ciò che verrà").count(), 0, "only who administers it all gives all of it");
  assert.equal(await form.getByLabel(/: tutto$/).count(), 0, "who runs an initiative gives no department");
  await form.getByRole("button", { name: "Crea l'iscrizione" }).click();
  await page.getByRole("link", { name: "Scegli almeno un dipartimento o un'iniziativa." }).click();
  await page.keyboard.press("Space"); // the first place has the focus
  await form.getByLabel("Nome").fill("Associazione Arcobaleno");
  for (const language of languages) {
    await page.getByRole("button", { name: names[language], exact: true }).click();
    await page.waitForFunction((l) => document.documentElement.lang === l, language);
    await inspect(page, language, (text) => t.diagnostic(`form: ${text}`));
    await photograph(page, `following-form-${language}`);
  }
  await page.getByRole("button", { name: names.it, exact: true }).click();
  await page.setViewportSize({ width: 1280, height: 900 });
  await form.getByRole("button", { name: "Crea l'iscrizione" }).click();
  await page.getByRole("heading", { name: "L'iscrizione è pronta" }).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), "L'iscrizione è pronta");
  const token = await page.getByLabel("Codice di accesso", { exact: true }).inputValue();
  await page.getByRole("button", { name: "Copia: Codice di accesso" }).click();
  await page.getByText("Copiato.").waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), token);
  for (const language of languages) {
    await page.getByRole("button", { name: names[language], exact: true }).click();
    await page.waitForFunction((l) => document.documentElement.lang === l, language);
    await inspect(page, language, (text) => t.diagnostic(`token: ${text}`));
  }
  await page.getByRole("button", { name: names.it, exact: true }).click();
  await page.getByRole("button", { name: "L'ho messo al sicuro" }).click();
  await until("the focus to be back", () => page.evaluate(() => document.activeElement?.id === "new-subscription"));
  const block = page.getByRole("article").filter({ has: page.getByRole("heading", { name: /^Associazione Arcobaleno/ }) });
  await block.getByText("Nessuno l'ha ancora usata.").waitFor();

  const entries = await until("entries to be released", async () => { const r = await feed(token); const { entries } = await r.json(); return entries?.length >= 4 && entries; });
  assert.ok(entries.length >= 4);
  await page.reload();
  await settled(page);
  await block.getByText(/^Usata \d+ volt[ae]\. L'ultima il /).waitFor();
  assert.doesNotMatch(await page.content(), new RegExp(token), "the token is nowhere any more");

  // An address that refuses: told as it is, and everything is sent again when it no longer does.
  await block.getByRole("button", { name: "Aggiungi un indirizzo a: Associazione Arcobaleno" }).click();
  await block.getByLabel("Indirizzo", { exact: true }).fill("not an address");
  await block.getByRole("button", { name: "Aggiungi un indirizzo", exact: true }).click();
  await block.getByText(/^L'indirizzo non va bene/).waitFor();
  await block.getByLabel("Indirizzo", { exact: true }).fill(`http://127.0.0.1:${server.address().port}/hook`);
  await block.getByRole("button", { name: "Aggiungi un indirizzo", exact: true }).click();
  assert.match(await block.getByLabel("Segreto delle firme", { exact: true }).inputValue(), /^whsec_/);
  assert.match(await block.getByLabel("Chiave pubblica delle firme", { exact: true }).inputValue(), /^whpk_/);
  await block.getByRole("button", { name: "L'ho messo al sicuro" }).click();
  assert.equal(await page.locator("input[readonly]").count(), 0, "the secret is gone");
  await until("the focus to be back", () => page.evaluate(() => document.activeElement?.id.startsWith("webhook-")));
  await block.getByRole("button", { name: /^Prova l'indirizzo/ }).click();
  await page.getByText(/^La prova non è arrivata\. Risposta: 400\. L'indirizzo rifiuta i messaggi/).waitFor();
  const dead = () => tavolo.call("FeedService/ListSubscriptions", {}).then((r) => r.subscriptions[0].webhooks[0].deadLetters ?? 0);
  await until("all entries to be put aside", async () => await dead() >= entries.length, 60_000);
  await page.reload();
  await settled(page);
  await block.getByRole("button", { name: /notizie messe da parte/ }).click();
  await block.getByRole("table", { name: "Notizie che l'indirizzo ha rifiutato" }).waitFor();
  for (const language of languages) {
    await page.getByRole("button", { name: names[language], exact: true }).click();
    await page.waitForFunction((l) => document.documentElement.lang === l, language);
    await inspect(page, language, (text) => t.diagnostic(`list: ${text}`));
    await photograph(page, `following-list-${language}`);
  }
  await page.getByRole("button", { name: names.it, exact: true }).click();
  answers = 204;
  got = [];
  await block.getByRole("button", { name: "Manda di nuovo" }).click();
  await page.getByText(/^\d+ notizie si mandano di nuovo\.$/).waitFor();
  await until("all of them to arrive", () => new Set(got).size >= entries.length, 60_000);

  // One that wants nothing any more is stopped, with the reason; what comes then waits until somebody says go on.
  answers = 410;
  await tavolo.call("InitiativeService/SetPublication", { workspace, initiative, public: false });
  await block.getByRole("button", { name: "Aggiungi un indirizzo a: Associazione Arcobaleno" }).click();
  await block.getByLabel("Indirizzo", { exact: true }).fill(`http://127.0.0.1:${server.address().port}/gone`);
  await block.getByRole("button", { name: "Aggiungi un indirizzo", exact: true }).click();
  await block.getByRole("button", { name: "L'ho messo al sicuro" }).click();
  await until("the address to be disabled", async () => (await tavolo.call("FeedService/ListSubscriptions", {})).subscriptions[0].webhooks.some((w) => !w.enabled && w.reason), 60_000);
  await page.reload();
  await settled(page);
  const stopped = block.getByRole("listitem").filter({ hasText: "/gone" });
  await stopped.getByText("Fermo").waitFor();
  await stopped.getByText(/^L'indirizzo ha detto che non vuole più messaggi/).waitFor();
  for (const language of languages) {
    await page.getByRole("button", { name: names[language], exact: true }).click();
    await page.waitForFunction((l) => document.documentElement.lang === l, language);
    await inspect(page, language);
  }
  await page.getByRole("button", { name: names.it, exact: true }).click();
  answers = 204;
  await stopped.getByRole("button", { name: /^Riattiva l'indirizzo/ }).click();
  await page.getByText("L'invio riparte da dove si era fermato.").waitFor();
  await stopped.getByText("Si manda").waitFor();

  // An address is removed, and not by one press.
  await stopped.getByRole("button", { name: /^Togli l'indirizzo/ }).click();
  await stopped.getByText(/^Lì non si manda più nulla/).waitFor();
  const addresses = async () => (await tavolo.call("FeedService/ListSubscriptions", {})).subscriptions[0].webhooks ?? [], before = (await addresses()).length;
  await stopped.getByRole("button", { name: "Sì, toglilo" }).click();
  await page.getByText("L'indirizzo è tolto.").waitFor();
  await stopped.waitFor({ state: "detached" });
  const left = await addresses();
  assert.equal(left.length, before - 1);
  assert.ok(left.every((w) => !w.url.endsWith("/gone")));

  // By keyboard: revoke, and not by one press.
  await page.getByRole("button", { name: "Ritira l'iscrizione: Associazione Arcobaleno" }).focus();
  await page.keyboard.press("Enter");
  await block.getByText(/^Il codice non apre più nulla/).waitFor();
  assert.equal((await feed(token)).status, 200, "not yet");
  await becomes(() => page.evaluate(() => document.activeElement?.textContent), "Sì, ritira", "the first button inside has the focus");
  await page.keyboard.press("Enter");
  await page.getByText("L'iscrizione è ritirata.").waitFor();
  assert.equal((await feed(token)).status, 403);
  await block.getByText("Ritirata", { exact: true }).waitFor();
  assert.equal(await block.getByRole("button").count(), 0, "nothing more can be done with it");
  assert.deepEqual(complaints.map((c) => /status of 400/.test(c)), [true], `${complaints}`); // the address that was none
  await context.close();
});

test("Who only takes part is told that this is not theirs, and is shown no way there", async () => {
  const context = await browser.newContext({ reducedMotion: "reduce" });
  await signIn(context, tavolo, { name: "Ugo", grant: "GRANT_TAKE_PART", constituency: "user" });
  const page = await open(context, tavolo.base, "/", "it");
  await settled(page);
  assert.equal(await page.getByRole("link", { name: "Chi segue le decisioni da fuori" }).count(), 0);
  await page.goto(`${tavolo.base}/following`);
  await page.getByRole("alert").filter({ hasText: /./ }).first().waitFor();
  assert.equal(await page.getByRole("button", { name: "Crea l'iscrizione" }).count(), 0);
  await context.close();
});

// heardLittle holds three sessions with nobody else who knows it from their own life, and hardly a word of this participant's.
async function heardLittle(participant, about) {
  const { participants } = await tavolo.call("InitiativeService/GetInitiative", { workspace, initiative });
  const others = ["p1", "p2"].map((ref) => participants.find((p) => p.ref === ref).participant), item = `${initiative}:${about}`;
  await tavolo.call("ItemService/ProposeItem", { workspace, item, title: { clear: "Le sedie" }, proposedBy: others[0] });
  await tavolo.call("ItemService/AdmitItem", { workspace, item, reason: { clear: "Sono rotte." } });
  for (const n of [1, 2, 3]) {
    const session = `${initiative}:${about}-${n}`;
    await tavolo.call("SessionService/PrepareSession", { workspace, session, title: { clear: `Le sedie ${n}` }, kind: "SESSION_KIND_WORKING_GROUP" });
    await tavolo.call("SessionService/OpenSession", { workspace, session });
    await tavolo.call("SessionService/SeatParticipants", { workspace, session, seats: [participant, ...others].map((p) => ({ participant: p })) });
    await tavolo.call("SessionService/SetAgenda", { workspace, session, items: [item] });
    await tavolo.call("ItemService/RecordContributions", { workspace, item, session, contributions: [{ by: others[0], kind: "CONTRIBUTION_KIND_STATEMENT", seconds: 300, text: { clear: "Compriamole." } }] });
    await tavolo.call("SessionService/CloseSession", { workspace, session });
  }
}

// speakEach shows a page in each language and looks at it, and leaves it in Italian.
async function speakEach(page, look) {
  for (const language of [...languages.filter((l) => l !== "it"), "it"]) {
    await page.getByRole("button", { name: names[language], exact: true }).first().click();
    await page.waitForFunction((l) => document.documentElement.lang === l, language);
    await settled(page);
    await look(language);
  }
}

test("What might keep somebody from taking part is told to that person, and to nobody else", async (t) => {
  const context = await browser.newContext({ viewport: { width: 360, height: 740 }, reducedMotion: "reduce" });
  const own = await signIn(context, tavolo, { name: "Zeno", grant: "GRANT_TAKE_PART", constituency: "user" });
  const participant = own.memberships.find((m) => m.initiative === initiative).participant;
  const page = await open(context, tavolo.base, "/me", "it"), complaints = listen(page);
  await settled(page);
  assert.equal(await page.getByRole("heading", { name: "Segnali per te" }).count(), 0, "when there is nothing, nothing is said");

  await heardLittle(participant, "sedie");
  await page.reload();
  await settled(page);
  await page.getByRole("heading", { name: "Segnali per te" }).waitFor();
  const signals = page.locator(".signals");
  await signals.waitFor();
  assert.equal(await signals.locator("li").count(), 2);
  for (const language of languages) {
    await page.getByRole("button", { name: names[language], exact: true }).first().click();
    await page.waitForFunction((l) => document.documentElement.lang === l, language);
    await settled(page);
    await inspect(page, language, (text) => t.diagnostic(`signals: ${text}`));
    await photograph(page, `signals-${language}`);
  }
  assert.deepEqual(complaints, []);

  const asks = (who) => who.request.post(`${tavolo.base}/tavolo.api.v1.EvidenceService/GetSignals`, { headers: { Origin: tavolo.base }, data: { workspace, initiative, participant } });
  assert.equal((await (await asks(context)).json()).signals.length, 2);
  for (const grant of ["GRANT_READ", "GRANT_TAKE_PART", "GRANT_FACILITATE", "GRANT_ADMINISTER"]) {
    const stranger = await browser.newContext();
    await signIn(stranger, tavolo, { name: "Nina", grant, whole: grant === "GRANT_ADMINISTER", constituency: "professional" });
    assert.equal((await asks(stranger)).status(), 403, grant);
    await stranger.close();
  }
  await context.close();
});

test("Whoever somebody chose to stand beside them reads their signals while the choice holds, and nobody else learns of it", async (t) => {
  const [own, tutor, runs] = await Promise.all([0, 1, 2].map(() => browser.newContext({ viewport: { width: 360, height: 740 }, reducedMotion: "reduce" })));
  const seatOf = (who) => who.memberships.find((m) => m.initiative === initiative).participant;
  const participant = seatOf(await signIn(own, tavolo, { name: "Olmo", grant: "GRANT_TAKE_PART", constituency: "user" }));
  const beside = seatOf(await signIn(tutor, tavolo, { name: "Rita", grant: "GRANT_TAKE_PART", constituency: "psw" }));
  await signIn(runs, tavolo, { name: "Giulia", grant: "GRANT_FACILITATE", constituency: "professional" });
  await heardLittle(participant, "panche");
  const call = (who, method, data) => who.request.post(`${tavolo.base}/tavolo.api.v1.${method}`, { headers: { Origin: tavolo.base }, data: { workspace, initiative, ...data } });
  const signals = async (who) => (await call(who, "EvidenceService/GetSignals", { participant })).status();
  const shown = async () => (await (await call(runs, "InitiativeService/GetInitiative", {})).json()).participants;
  const before = await shown();
  assert.equal(await signals(tutor), 403, "before the choice");

  // By keyboard: open, choose, save.
  const page = await open(own, tavolo.base, "/me", "it"), complaints = listen(page);
  await settled(page);
  const opens = page.getByRole("button", { name: "Chi ti affianca", exact: true }), list = page.getByLabel("Scegli una persona del gruppo");
  const choose = async (name) => {
    await opens.focus();
    await page.keyboard.press("Enter");
    await list.focus();
    await page.keyboard.type(name);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await list.waitFor({ state: "detached" });
  };
  await opens.click();
  await list.waitFor();
  assert.equal(await list.locator("option", { hasText: "Olmo" }).count(), 0, "oneself is none to choose");
  await speakEach(page, async (language) => {
    await inspect(page, language, (text) => t.diagnostic(`choosing: ${text}`));
    await photograph(page, `tutor-choosing-${language}`);
  });
  await opens.click();
  await choose("Rita");
  await page.getByText("Ti affianca Rita.").waitFor();
  await page.getByText(/^Li vedete solo tu e Rita/).waitFor();
  assert.ok(await opens.evaluate((e) => e === document.activeElement), "the focus is back at the button");

  // The one who was chosen.
  const theirs = await open(tutor, tavolo.base, "/me", "it"), heard = listen(theirs);
  await settled(theirs);
  await theirs.getByRole("heading", { name: "Le persone che affianchi" }).waitFor();
  await theirs.locator(".accompanied > li", { hasText: "Olmo" }).locator(".signals > li").nth(1).waitFor();
  assert.equal(await theirs.getByRole("heading", { name: "Segnali per te" }).count(), 0, "they are another's");
  await speakEach(theirs, async (language) => {
    await inspect(theirs, language, (text) => t.diagnostic(`beside: ${text}`));
    await photograph(theirs, `tutor-beside-${language}`);
  });

  // Everybody else: refused, and shown nothing.
  assert.deepEqual([await signals(own), await signals(tutor), await signals(runs)], [200, 200, 403]);
  assert.equal((await call(runs, "InitiativeService/GetTutoring", { participant })).status(), 403);
  assert.equal((await call(runs, "InitiativeService/ChooseTutor", { participant, tutor: beside })).status(), 403);
  for (const method of ["EvidenceService/GetSignals", "InitiativeService/GetTutoring"]) await assert.rejects(tavolo.call(method, { workspace, initiative, participant }), /for-oneself/, "the operator's programs");
  assert.deepEqual(await shown(), before, "who facilitates sees the same people as before");

  // Nobody any more: from that moment.
  await choose("Nessuno");
  await page.getByText("Ti affianca Rita.").waitFor({ state: "detached" });
  assert.equal(await signals(tutor), 403);
  await theirs.reload();
  await settled(theirs);
  assert.equal(await theirs.getByRole("heading", { name: "Le persone che affianchi" }).count(), 0);
  assert.deepEqual([...complaints, ...heard], []);
  await Promise.all([own, tutor, runs].map((c) => c.close()));
});
