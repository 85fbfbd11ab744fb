// Takes the pictures of the documentation, `task screenshots`: a small group meets in the real program, from the invitation to the minutes, and what they see on
// the way is photographed. People and facts are invented. What a picture shows is done by hand on the screens; the rest of the group speaks through the API.
import { mkdirSync, rmSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { settled } from "./e2e/screens.mjs";
import { initiative as exampleInitiative, enterAs, open, signIn, startBrowser, startTavolo, until, workspace as example } from "./e2e/tavolo.mjs";

const out = resolve(import.meta.dirname, "../../../docs/img"), most = 200_000; // bytes a picture
const workspace = "dsm-vallechiara", initiative = "centro-per-tutti", session = `${initiative}:terzo`, at = `/w/${workspace}/s/${session}`;
const phone = { width: 360, height: 740 }, laptop = { width: 1100, height: 860 };
const everyone = { Giulia: "professional", Ada: "user", Bruno: "user", Dina: "user", Carla: "family", Gino: "psw", Hanna: "professional", Ivo: "professional", Mino: "professional" };
const items = { pranzo: ["Ada", "Il pranzo insieme", 30], sabato: ["Carla", "Gli orari del sabato", 20], gita: ["Bruno", "Una gita a giugno", 15] };
const question = "Aprire la cucina a chi vuole cucinare, il martedì?", double = "Doppia maggioranza";

const [tavolo, browser] = await Promise.all([startTavolo(), startBrowser()]);
const of = {}, contexts = {}; // participant and browser of each
const clear = (text) => ({ clear: text });
const call = (method, request) => tavolo.call(method, { workspace, ...request });
const press = (where, name) => where.getByRole("button", { name, exact: typeof name === "string" }).first().click();
const card = (page) => page.locator(".decided", { hasText: question });

// browse opens a browser on a phone or a laptop. Phones are photographed at one and a half times their size, so that small letters stay sharp.
const browse = (viewport) => browser.newContext({ viewport, reducedMotion: "reduce", deviceScaleFactor: viewport === phone ? 1.5 : 1 });

// shoot photographs what is on the screen, from an element down, or one part of it; a picture that is too heavy for a document is refused.
async function shoot(page, name, { from, part = page, printed = false } = {}) {
  if (!printed) await settled(page);
  await page.evaluate(() => document.fonts.ready);
  await from?.evaluate((e) => scrollTo(0, e.getBoundingClientRect().top + scrollY - 16));
  const path = join(out, `${name}.png`);
  await part.screenshot({ path });
  const { size } = statSync(path);
  console.log(`${name}.png ${Math.round(size / 1000)} kB`);
  if (size > most) throw new Error(`${name}.png has ${size} bytes, more than ${most}`);
}

// comingIn: the first facilitator by the first link, the others by an invitation to the meeting. Ada's way in is photographed.
async function comingIn() {
  await call("WorkspaceService/FoundWorkspace", { name: clear("Salute mentale di Vallechiara"), region: "Veneto" });
  await call("InitiativeService/OpenInitiative", { initiative, title: clear("Un centro per tutti"), scope: "SCOPE_AREA", area: "AREA_REHABILITATION", stage: "STAGE_DESIGN" });
  const { sequence } = await call("SessionService/PrepareSession", {
    session, title: clear("Terzo incontro"), kind: "SESSION_KIND_WORKING_GROUP", startsAt: new Date(Date.now() + 24 * 3600e3).toISOString().slice(0, 11) + "16:30:00Z", minutes: 90, place: clear("Sala grande, piano terra"),
  });
  await call("SessionService/GetSession", { session, atLeastSequence: sequence }); // an invitation is to what can be read already
  for (const [name, constituency] of Object.entries(everyone)) {
    contexts[name] = await browse(name === "Giulia" ? laptop : phone);
    const { secret } = await call("AccountService/Invite", { initiative, session, grant: name === "Giulia" ? "GRANT_ADMINISTER" : "GRANT_TAKE_PART" });
    if (name === "Ada") {
      const page = await open(contexts.Ada, tavolo.base, `/enter#${secret}`, "it");
      await page.getByLabel("Il tuo nome qui").fill("Ada");
      await page.getByRole("group", { name: "Per chi sei qui?" }).getByText("Uso i servizi", { exact: true }).click();
      await shoot(page, "enter-phone", { from: page.getByRole("heading", { name: "Il tuo invito" }) });
      await page.close();
    }
    const me = await enterAs(contexts[name], tavolo.base, secret, name, { constituency, employedByDepartment: constituency === "professional", consentsGiven: ["name_in_minutes", "words_in_minutes", "research"], consentsVersion: 1 });
    of[name] = me.memberships.find((m) => m.initiative === initiative).participant;
  }
}

// preparing: a sheet for the wall, and an agenda that is still being made.
async function preparing() {
  const page = await open(contexts.Giulia, tavolo.base, `/w/${workspace}/i/${initiative}`, "it");
  await press(page, "Invita");
  await page.getByLabel("A che cosa inviti").selectOption({ label: "Terzo incontro" });
  await press(page, "Crea l'invito");
  await page.locator("img.qr").waitFor();
  await page.emulateMedia({ media: "print" });
  await page.setViewportSize({ width: 720, height: 820 });
  await shoot(page, "poster", { printed: true });
  await page.emulateMedia({ media: "screen" });
  await page.setViewportSize(laptop);

  for (const [id, [by, title, minutes]] of Object.entries(items)) await call("ItemService/ProposeItem", { item: `${initiative}:${id}`, title: clear(title), proposedBy: of[by], minutes });
  for (const id of ["pranzo", "sabato"]) await call("ItemService/AdmitItem", { item: `${initiative}:${id}`, reason: clear("Riguarda tutti.") });
  await call("SessionService/SetAgenda", { session, items: ["pranzo", "sabato"].map((id) => `${initiative}:${id}`) });
  await page.goto(tavolo.base + at);
  await page.getByRole("button", { name: "Accogli: Una gita a giugno" }).waitFor();
  await shoot(page, "prepare", { from: page.getByRole("heading", { name: "L'ordine dei punti" }) });
  return page;
}

// meeting: people sit down and speak. Bruno has the floor; Ada, who asks after Hanna, is suggested.
async function meeting(lead) {
  const ada = await open(contexts.Ada, tavolo.base, at, "it"), item = `${initiative}:pranzo`;
  await press(lead, "Apri l'incontro");
  await lead.getByText("L'incontro è cominciato.").first().waitFor();
  await call("SessionService/SeatParticipants", { session, seats: Object.keys(everyone).map((n) => ({ participant: of[n], ...n === "Giulia" && { offices: ["OFFICE_FACILITATOR"] } })) });
  await call("SessionService/SetCurrentItem", { session, item });
  await ada.getByRole("heading", { level: 2, name: "Il pranzo insieme" }).waitFor();
  const said = (by, kind, seconds, text, more = {}) => ({ by: of[by], kind: `CONTRIBUTION_KIND_${kind}`, seconds, text: clear(text), ...more });
  await call("ItemService/RecordContributions", {
    item, session, contributions: [
      said("Ivo", "STATEMENT", 85, "Oggi il pranzo arriva già pronto, per ventidue persone."),
      said("Ada", "PROPOSAL", 50, "Apriamo la cucina: chi vuole cucina per tutti, il martedì."),
      said("Hanna", "QUESTION", 40, "Chi sta in cucina con chi cucina?"),
      said("Dina", "STATEMENT", 35, "Ho fatto la cuoca. Ci sto io, con Gino.", { answers: 3 }),
    ],
  });
  await ada.getByText("Ho fatto la cuoca.").first().waitFor();
  await call("ItemService/GiveFloor", { item, session, participant: of.Mino });
  for (const who of ["Hanna", "Bruno"]) await call("ItemService/RaiseHand", { item, session, participant: of[who] });
  await ada.locator(".clock", { hasText: /0:0[7-9]|0:[1-5]/ }).waitFor(); // he has begun
  await shoot(ada, "room-phone", { from: ada.locator(".kind").first() });
  await lead.locator("li.suggested").first().waitFor();
  await shoot(lead, "room", { from: lead.locator(".kind").first() });

  const wall = await contexts.Giulia.newPage();
  await wall.setViewportSize({ width: 1280, height: 720 });
  await wall.goto(`${tavolo.base}${at}/projector`);
  await press(wall, "Mostra QR");
  await wall.locator(".wall-join img").waitFor();
  await shoot(wall, "projector");
  await wall.close();
  await call("ItemService/ReturnFloor", { item, session, participant: of.Mino, kind: "CONTRIBUTION_KIND_STATEMENT" });
  return ada;
}

// deciding: the power panel warns, another rule is chosen, Ada votes in three taps and sees what her role was.
async function deciding(lead, ada) {
  await press(lead, "Decidere su questo punto");
  await lead.getByLabel("La domanda").fill(question);
  await press(lead, "Salva e vai avanti");
  await lead.getByText("Passo 2 di 4").first().waitFor();
  await lead.getByRole("radio", { name: "Maggioranza semplice", exact: true }).check();
  await lead.locator(".power-says").waitFor();
  await shoot(lead, "power", { part: lead.locator(".power") });
  await lead.getByRole("radio", { name: double, exact: true }).check();
  for (const step of [3, 4]) {
    await press(lead, "Salva e vai avanti");
    await lead.getByText(`Passo ${step} di 4`).first().waitFor();
  }
  await lead.getByLabel("Chi la mette in pratica").selectOption({ value: of.Dina });
  await lead.getByLabel("Entro quale giorno").fill(new Date(Date.now() + 20 * 24 * 3600e3).toISOString().slice(0, 10));
  await press(lead, "Salva il patto");
  await lead.locator(".wizard").waitFor({ state: "detached" });
  await press(card(lead), "Apri il voto");
  await press(card(lead), "Sì, apri il voto");

  await card(ada).getByRole("button", { name: "Vota", exact: true }).waitFor();
  const home = await open(contexts.Ada, tavolo.base, "/", "it");
  await home.getByRole("heading", { name: "Tocca a te votare" }).waitFor();
  await shoot(home, "home-phone");
  await home.close();
  await press(card(ada), "Vota");
  await card(ada).getByRole("radio", { name: "A favore", exact: true }).check();
  await shoot(ada, "vote-phone", { from: card(ada) });
  await press(card(ada), "Conferma il voto");
  await card(ada).getByText("Il tuo voto è registrato: A favore.").waitFor();

  const { items: all } = await call("SessionService/GetSession", { session }), { id } = all.flatMap((i) => i.decisions ?? []).find((d) => d.question === question);
  const against = ["Ivo", "Mino"];
  await call("DecisionService/CastBallots", { decision: id, ballots: Object.keys(everyone).filter((n) => n !== "Ada").map((n) => ({ participant: of[n], choice: against.includes(n) ? "CHOICE_AGAINST" : "CHOICE_FOR" })) });
  await press(card(lead), "Chiudi il voto");
  await press(card(lead), "Sì, chiudi il voto");
  await card(ada).locator(".own-role").waitFor();
  await press(card(ada), /^Perché/);
  await card(ada).getByText(/Regola R\d+:/).first().waitFor();
  await shoot(ada, "result-phone", { from: card(ada) });
}

// after: the minutes that the meeting wrote, and, from the example, a decision with its proof.
async function after(lead) {
  await press(lead, "Chiudi l'incontro");
  await press(lead, "Sì, chiudi");
  await lead.getByText("L'incontro è finito.").first().waitFor();
  await call("SessionService/ApproveMinutes", { session, participant: of.Ada });
  const minutes = await contexts.Giulia.newPage();
  await minutes.goto(`${tavolo.base}${at}/minutes?lang=it`);
  await minutes.setViewportSize({ width: 800, height: 1560 });
  await shoot(minutes, "minutes");
  const reader = await browse(laptop);
  await signIn(reader, tavolo, { name: "Lia", grant: "GRANT_READ", whole: true });
  const judged = await open(reader, tavolo.base, `/w/${example}/d/${exampleInitiative}:2026-05-07:navetta?why=users:strict`, "it");
  await judged.getByText(/Regola R\d+:/).first().waitFor();
  await shoot(judged, "decision", { from: judged.getByRole("heading", { name: "Chi ha avuto quale ruolo" }) });
}

// beside: Ada chooses who stands beside her; he sees what is told to her, and nobody else does.
async function beside() {
  const page = await open(contexts.Ada, tavolo.base, "/me", "it"), item = `${initiative}:orto`;
  await call("ItemService/ProposeItem", { item, title: clear("L'orto"), proposedBy: of.Ivo, minutes: 20 });
  await call("ItemService/AdmitItem", { item, reason: clear("Riguarda tutti.") });
  for (const n of [1, 2, 3]) { // three meetings in which nobody else uses the services, and Ada hardly speaks
    const at = `${initiative}:orto-${n}`;
    await call("SessionService/PrepareSession", { session: at, title: clear(`L'orto, ${n}`), kind: "SESSION_KIND_WORKING_GROUP" });
    await call("SessionService/OpenSession", { session: at });
    await call("SessionService/SeatParticipants", { session: at, seats: ["Ada", "Ivo", "Mino"].map((n) => ({ participant: of[n] })) });
    await call("SessionService/SetAgenda", { session: at, items: [item] });
    await call("ItemService/RecordContributions", { item, session: at, contributions: [{ by: of.Ivo, kind: "CONTRIBUTION_KIND_STATEMENT", seconds: 300, text: clear("Serve la terra.") }] });
    await call("SessionService/CloseSession", { session: at });
  }
  await page.reload();
  await page.locator(".signals li").first().waitFor();
  await press(page, "Chi ti affianca");
  await page.getByLabel("Scegli una persona del gruppo").selectOption({ value: of.Gino });
  await press(page, "Salva");
  await page.getByText("Ti affianca Gino.").waitFor();
  await page.reload();
  await page.locator(".signals li").first().waitFor();
  await shoot(page, "me-phone", { from: page.locator("#seats") });
  const his = await open(contexts.Gino, tavolo.base, "/me", "it");
  await his.locator(".accompanied .signals li").first().waitFor();
  await shoot(his, "beside-phone", { from: his.locator("#seats") });
}

// following: an association subscribes to what the group makes public.
async function following() {
  await call("InitiativeService/SetPublication", { initiative, public: true });
  const page = await open(contexts.Giulia, tavolo.base, "/following", "it");
  await press(page, "Crea l'iscrizione");
  const form = page.getByRole("form", { name: "Una nuova iscrizione" });
  await form.getByLabel("Nome").fill("Associazione Arcobaleno");
  await form.getByLabel("Un centro per tutti").check();
  await press(form, "Crea l'iscrizione");
  const headers = { Authorization: `Bearer ${await page.getByLabel("Codice di accesso", { exact: true }).inputValue()}` };
  await press(page, "L'ho messo al sicuro");
  await until("the group's decision to be told", async () => (await (await fetch(`${tavolo.base}/v1/feeds/entries?after=0`, { headers })).json()).entries?.length);
  await page.reload();
  await page.getByText(/^Usata /).waitFor();
  await shoot(page, "following");
}

// evaluating: what an evaluator sees of a year of invented departments, from the nation to the proof of one decision.
async function evaluating() {
  const year = await startTavolo({ year: { departments: 40, decisions: 1600 } });
  try {
    const reader = await browse(laptop), { workspaces } = await year.call("WorkspaceService/ListWorkspaces", {}), audit = `/w/${workspaces[0].id}/audit`;
    await enterAs(reader, year.base, year.link.split("#")[1], "Lia");
    const screens = {
      territory: ["/territory", "#figure"], department: [audit, "#figure"], ledger: [`${audit}/ledger?role=decisive`, "#ledger"],
      strength: [`${audit}/strength`, "#strength"], trends: [`${audit}/strength`, "#trends"], findings: [`${audit}/findings`, ".kind"], table3: ["/table3", "p.under[role=status]"],
    };
    for (const [name, [path, from]] of Object.entries(screens)) {
      const page = await open(reader, year.base, path, "it");
      await settled(page);
      if (name === "ledger") {
        await page.locator("button.why").first().click();
        await page.locator(".answer code").first().waitFor();
      }
      if (name === "table3") await page.setViewportSize({ width: 1100, height: 700 });
      await shoot(page, name, { from: page.locator(from).first() });
      await page.close();
    }
  } finally {
    await year.end();
  }
}

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
try {
  await comingIn();
  const lead = await preparing(), ada = await meeting(lead);
  await deciding(lead, ada);
  await after(lead);
  await beside();
  await following();
  await evaluating();
} finally {
  await browser.close();
  await tavolo.end();
}
