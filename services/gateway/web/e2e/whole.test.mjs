// A whole meeting in the browser, from the first link to the approved minutes: fourteen people on thirteen devices, five items, every rule once, a proxy, a
// tie, a line that breaks in mid-vote, two people on one tablet, a contested minute. Everything is done by hand on the screens; the API is only asked what
// came out of it. At the end the roles on record are those that `tavolo audit` finds in the exported minutes.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { open, startBrowser, startTavolo, until } from "./tavolo.mjs";

const program = resolve(import.meta.dirname, process.env.TAVOLO_BIN ?? "../../../../tavolo");
const user = "Uso i servizi", professional = "Lavoro nei servizi";
// Giulia runs the meeting. Dina and Elio share a tablet. Carla is not there and gives Bruno her proxy.
const everyone = {
  Giulia: professional, Ada: user, Bruno: user, Carla: user, Dina: user, Elio: user, Fede: "Sono un familiare", Gino: "Faccio supporto tra pari",
  Hanna: professional, Ivo: professional, Lia: professional, Mino: professional, Nora: "Dirigo", Olmo: "Abito qui",
};
const items = ["La porta sul retro", "Il pranzo insieme", "Una gita a giugno", "Gli orari del sabato", "Il bilancio del centro"];

let tavolo, browser, at, workspace, initiative, session, code;
const contexts = {}, pages = {}, of = {}, complaints = [];

before(async () => { [tavolo, browser] = await Promise.all([startTavolo({ demo: false }), startBrowser()]); });
after(async () => {
  await browser?.close();
  await tavolo?.end();
});

const choose = (page, group, answer) => page.getByRole("group", { name: group }).getByText(answer, { exact: true }).click();
const press = (where, name, exact = true) => where.getByRole("button", { name, exact }).first().click();
const card = (page, question) => page.locator(".decided", { hasText: question });
const room = () => tavolo.call("SessionService/GetSession", { workspace, session });
const decisionOf = async (question) => (await room()).items.flatMap((i) => i.decisions ?? []).find((d) => d.question === question);

async function browse(name) {
  contexts[name] = await browser.newContext({ viewport: name === "Giulia" ? { width: 1280, height: 900 } : { width: 360, height: 740 }, reducedMotion: "reduce" });
  contexts[name].on("page", (page) => {
    page.setDefaultTimeout(60_000);
    page.on("pageerror", (e) => /localStorage/.test(e.message) || complaints.push(`${name}: ${e.message}`)); // an empty page may keep nothing
  });
  return contexts[name];
}

async function enters(page, name) {
  await page.getByLabel("Il tuo nome qui").fill(name);
  await choose(page, "Per chi sei qui?", everyone[name]);
  await choose(page, "Lavori per il dipartimento?", everyone[name] === professional || name === "Nora" ? "Sì" : "No");
  for (const consent of ["Il tuo nome nel verbale", "Le tue parole nel verbale", "I dati per la ricerca"]) await choose(page, consent, name === "Lia" ? "No, non voglio" : "Sì, va bene");
  await press(page, "Entra");
  await page.getByRole("link", { name: `${name}: la tua pagina` }).waitFor();
}

test("Giulia prepares the meeting by the first link", async () => {
  const page = pages.Giulia = await open(await browse("Giulia"), tavolo.base, tavolo.link.slice(tavolo.base.length), "it");
  await page.getByLabel("Il tuo nome qui").fill("Giulia");
  await press(page, "Comincia");
  await page.getByLabel("Nome del dipartimento").fill("Salute mentale di Vallechiara");
  await page.getByLabel("Regione o provincia autonoma").selectOption("Veneto");
  await press(page, "Crea");
  await press(page, "Nuova iniziativa in Salute mentale di Vallechiara");
  await page.getByLabel("Titolo", { exact: true }).fill("Un centro per tutti");
  await choose(page, "Di che cosa si tratta?", "Altra area");
  await choose(page, "A che punto siete?", "Si pensa come farlo");
  await press(page, "Crea l'iniziativa");
  await press(page, "Prendi un posto");
  await choose(page, "Per chi sei qui?", professional);
  await choose(page, "Lavori per il dipartimento?", "Sì");
  for (const consent of ["Il tuo nome nel verbale", "Le tue parole nel verbale", "I dati per la ricerca"]) await choose(page, consent, "Sì, va bene");
  await page.getByRole("button", { name: "Prendi un posto" }).last().click();
  await press(page, "Nuovo incontro");
  await page.getByLabel("Titolo", { exact: true }).fill("Primo incontro");
  await press(page, "Prepara l'incontro");
  await page.getByRole("heading", { level: 1, name: "Primo incontro" }).waitFor();
  at = new URL(page.url()).pathname;
  [, workspace, session] = /^\/w\/([^/]+)\/s\/(.+)$/.exec(decodeURIComponent(at));
  [initiative] = session.split(":");
  await page.goto(`${tavolo.base}/w/${workspace}/i/${initiative}`);
  await press(page, "Invita");
  await page.getByLabel("A che cosa inviti").selectOption({ label: "Primo incontro" });
  await press(page, "Crea l'invito");
  code = (await page.locator(".big-code").innerText()).replace(/\s/g, "");
  await page.goto(tavolo.base + at);
});

test("Thirteen others come in by the code, two of them on one tablet", async () => {
  const comeIn = async (name) => {
    const page = pages[name] = await open(await browse(name), tavolo.base, "/", "it");
    await page.getByLabel("Codice di sei caratteri").fill(code);
    await press(page, "Avanti");
    if (name === "Dina") await page.getByLabel("Questo dispositivo lo usano più persone").check();
    await enters(page, name);
  };
  // Four at a time: fourteen browsers starting at once would only wait for each other.
  const names = Object.keys(everyone).filter((n) => n !== "Giulia" && n !== "Elio");
  for (let i = 0; i < names.length; i += 4) await Promise.all(names.slice(i, i + 4).map(comeIn));
  const tablet = pages.Dina;
  await tablet.goto(`${tavolo.base}/enter`);
  await tablet.getByLabel("Codice di sei caratteri").fill(code);
  await press(tablet, "Avanti");
  await choose(tablet, "Chi sei?", "Un'altra persona");
  await enters(tablet, "Elio");
  const { participants } = await tavolo.call("InitiativeService/GetInitiative", { workspace, initiative });
  assert.equal(participants.length, 14);
  for (const p of participants) of[p.name] = p.participant;
  assert.deepEqual(Object.keys(of).sort(), Object.keys(everyone).sort());
});

test("Five items are proposed, admitted, and the meeting begins", async () => {
  const proposers = ["Ada", "Bruno", "Fede", "Gino", "Giulia"];
  for (const [i, title] of items.entries()) {
    const page = pages[proposers[i]];
    await page.getByLabel("Di che cosa vuoi parlare?").fill(title);
    await press(page, "Proponi");
    await page.locator(".announcer", { hasText: `Proposto: ${title}` }).waitFor();
  }
  const page = pages.Giulia;
  for (const title of items) {
    await press(page, `Accogli: ${title}`);
    await page.getByRole("textbox", { name: "Motivo" }).fill("Riguarda tutti.");
    await press(page, "Accogli in questo incontro");
    await page.locator(".announcer", { hasText: `Accolto: ${title}` }).waitFor();
  }
  await press(page, "Apri l'incontro");
  await page.getByText("L'incontro è cominciato.").first().waitFor();
  for (const name of Object.keys(everyone).filter((n) => n !== "Carla" && n !== "Dina")) await sitDown(name);
  await handOver("Dina");
  await sitDown("Dina");
  await until("thirteen to be there", async () => (await room()).seats.filter((s) => s.present).length === 13);
});

const device = (name) => pages[name === "Elio" ? "Dina" : name];
const sitDown = async (name) => {
  await press(device(name), "Sono qui");
  await until(`${name} to be there`, async () => await device(name).getByRole("button", { name: "Sono qui", exact: true }).count() === 0);
};

// handOver passes the tablet on.
async function handOver(name) {
  if (await pages.Dina.getByRole("link", { name: `${name}: la tua pagina` }).count() > 0) return;
  await press(pages.Dina, "Passa a…");
  await press(pages.Dina, name);
  await pages.Dina.getByRole("link", { name: `${name}: la tua pagina` }).waitFor();
}

// turnTo has the meeting turn to an item, and lets somebody speak to it.
async function turnTo(title, speaker, words) {
  await press(pages.Giulia, `Passa al punto: ${title}`);
  if (speaker === "Dina" || speaker === "Elio") await handOver(speaker);
  const page = device(speaker);
  await page.getByRole("heading", { level: 2, name: title }).waitFor();
  await press(page, "Alza la mano");
  await press(pages.Giulia, new RegExp(`^Dai la parola ${speaker}`), false);
  await page.getByText("Ora parli tu").first().waitFor();
  if (words) {
    await press(page, "Scrivi le parole");
    await page.getByLabel("Che cosa si sta dicendo").fill(words);
  }
  await press(page, "Fine intervento");
  await page.getByRole("button", { name: "Alza la mano", exact: true }).waitFor();
}

// pose writes a charter with the guide.
async function pose(question, choice, { rule = async () => {}, people = async () => {}, rest = async () => {}, text = "" } = {}) {
  const lead = pages.Giulia;
  await press(lead, /^(Decidere|Un'altra decisione) su questo punto$/);
  await lead.getByLabel("La domanda").fill(question);
  if (text) await lead.getByLabel("Il testo da decidere").fill(text);
  await press(lead, "Salva e vai avanti");
  await lead.getByText("Passo 2 di 4").first().waitFor();
  await lead.getByRole("radio", { name: choice, exact: true }).check();
  await rule(lead);
  await press(lead, "Salva e vai avanti");
  await lead.getByText("Passo 3 di 4").first().waitFor();
  await people(lead);
  await press(lead, "Salva e vai avanti");
  await lead.getByText("Passo 4 di 4").first().waitFor();
  await rest(lead);
  await press(lead, "Salva il patto");
  await lead.locator(".wizard").waitFor({ state: "detached" });
}

async function openVote(question) {
  await press(card(pages.Giulia, question), "Apri il voto");
  await press(card(pages.Giulia, question), "Sì, apri il voto");
  await card(pages.Giulia, question).getByText(/^(Voti|Pareri) dati:/).first().waitFor();
}

async function closeVote(question, outcome) {
  await press(card(pages.Giulia, question), "Chiudi il voto");
  await press(card(pages.Giulia, question), "Sì, chiudi il voto");
  await card(pages.Giulia, question).locator(".came-out", { hasText: outcome }).waitFor();
}

// vote is three taps, and reading that it is recorded.
async function vote(name, question, choice, { where = card(device(name), question).locator(".ballot:not(.for-another)"), says = `Il tuo voto è registrato: ${choice}.`, verb = "Vota", confirm = "Conferma il voto" } = {}) {
  if (name === "Dina" || name === "Elio") await handOver(name);
  await press(where, verb);
  await where.getByRole("radio", { name: choice, exact: true }).check();
  await press(where, confirm);
  await where.getByText(says).waitFor().catch(async (e) => { throw new Error(`${name}, ${question}: ${await where.innerText().catch(() => "")} — ${e.message}`); });
}

// ballots: who chooses what; the tablet's two one after the other, the others at once.
async function ballots(question, choices, more) {
  const names = Object.keys(choices), tablet = names.filter((n) => n === "Dina" || n === "Elio");
  await Promise.all(names.filter((n) => !tablet.includes(n)).map((n) => vote(n, question, choices[n], more)));
  for (const n of tablet) await vote(n, question, choices[n], more);
}

const here = Object.keys(everyone).filter((n) => n !== "Carla");
const all = (choice, but = {}, who = here) => ({ ...Object.fromEntries(who.map((n) => [n, choice])), ...but });
const yes = "A favore", no = "Contro", abstain = "Astensione";

test("Item 1: a simple majority that ends in a tie, with a proxy", async () => {
  await turnTo(items[0], "Ada", "La porta chiusa fa paura.");
  const question = "Tenere aperta la porta sul retro?";
  await pose(question, "Maggioranza semplice", {
    people: async (p) => {
      await p.getByText("Deleghe di chi è assente").click();
      await p.getByLabel("Chi dà una delega").selectOption({ value: of.Carla });
      await p.locator(`#proxy-${of.Carla}`).selectOption({ value: of.Bruno });
    },
  });
  await openVote(question);
  const other = card(pages.Bruno, question).locator(".ballot.for-another");
  await vote("Bruno", question, yes, { where: other, says: `Il voto di Carla è registrato: ${yes}.` });
  await ballots(question, all(no, { Ada: yes, Bruno: yes, Dina: yes, Elio: yes, Fede: yes, Gino: yes })); // 7 with Carla's, against 7
  await closeVote(question, "Respinta");
  const d = await decisionOf(question);
  assert.deepEqual([d.tally.for, d.tally.against, d.count.tie, d.outcomeReason], ["7", "7", true, "OUTCOME_REASON_TIE_STATUS_QUO"]);
  await card(pages.Ada, question).getByText("Come si è contato").click();
  await card(pages.Ada, question).getByText(/I voti erano pari/).waitFor();
});

test("Item 1: an absolute majority", async () => {
  const question = "Mettere un campanello?";
  await pose(question, "Maggioranza di tutti");
  await openVote(question);
  await ballots(question, all(yes, { Hanna: no, Ivo: no, Nora: abstain }));
  await closeVote(question, "Approvata");
});

test("Item 2: two thirds, and unanimity", async () => {
  await turnTo(items[1], "Hanna");
  const most = "Mangiare insieme il giovedì?", unanimous = "Cucinare a turno?";
  await pose(most, "Maggioranza ampia", { rest: async (p) => { await p.getByLabel("Chi la mette in pratica").selectOption({ value: of.Bruno }); await p.getByLabel("Entro quale giorno").fill("2099-01-31"); } });
  await openVote(most);
  await ballots(most, all(yes, { Ivo: no, Lia: no, Mino: no, Nora: no }));
  await closeVote(most, "Approvata");
  await pose(unanimous, "Unanimità");
  await openVote(unanimous);
  await ballots(unanimous, all(yes, { Dina: abstain, Olmo: no }));
  await closeVote(unanimous, "Respinta");
});

test("Item 3: consensus, and consent in two rounds with an objection that changes the text", async () => {
  await turnTo(items[2], "Elio", "Al mare no, c'è troppa gente.");
  const agreed = "Fare una gita a giugno?", rounds = "Dove andare in gita?";
  await pose(agreed, "Accordo di tutti");
  await openVote(agreed);
  await ballots(agreed, all("Va bene per me"));
  await closeVote(agreed, "Approvata");

  await pose(rounds, "Consenso in più giri", { text: "Si va al mare." });
  for (const step of ["Comincia: presentare la proposta", "Avanti: chiarire", "Avanti: ognuno dice la sua", "Avanti: cambiare il testo"]) await press(card(pages.Giulia, rounds), step);
  await openVote(rounds);
  const own = card(pages.Ada, rounds);
  await press(own, "Vota");
  await own.getByRole("radio", { name: "Ho un'obiezione" }).check();
  await own.getByLabel("Perché? Che cosa non funziona?").fill("Al mare non c'è ombra.");
  await press(own, "Conferma il voto");
  await own.getByText("Il tuo voto è registrato: Ho un'obiezione.").waitFor();
  await ballots(rounds, all("Va bene per me", {}, here.filter((n) => n !== "Ada")));
  const desk = card(pages.Giulia, rounds);
  await press(desk, "Accoglila: cambia il testo");
  await desk.getByLabel("Il testo nuovo, che accoglie l'obiezione di Ada").fill("Si va al lago, dove c'è ombra.");
  await press(desk, "Salva il testo");
  await own.getByText("Si va al lago, dove c'è ombra.").first().waitFor();
  await press(desk, "Nuovo giro di consenso");
  await own.getByText("È il giro di consenso numero 2.").waitFor();
  await ballots(rounds, all("Va bene per me"));
  await closeVote(rounds, "Approvata");
});

test("Item 4: a double majority stops what the others want, and those who use the services decide alone", async () => {
  await turnTo(items[3], "Fede", "Il sabato è il giorno più lungo.");
  const double = "Chiudere il sabato?", users = "Che musica mettere?";
  await pose(double, "Doppia maggioranza");
  await openVote(double);
  await ballots(double, all(yes, { Ada: no, Bruno: no, Dina: no, Elio: no }));
  await closeVote(double, "Respinta");
  await pose(users, "Decide chi usa i servizi");
  await openVote(users);
  await ballots(users, all(yes, {}, ["Ada", "Bruno", "Dina", "Elio"]));
  await closeVote(users, "Approvata");
  await card(pages.Ada, users).locator(".own-role", { hasText: "Decisionale" }).waitFor();
  await card(pages.Hanna, users).locator(".own-role").waitFor();
});

test("Item 5: advice, and a line that breaks in mid-vote", async () => {
  await turnTo(items[4], "Dina");
  const advice = "Come spendere il resto?", broken = "Comprare sedie nuove?";
  await pose(advice, "Parere di tutti, decide una persona", { rule: async (p) => { await p.getByLabel("Chi decide", { exact: true }).selectOption({ value: of.Nora }); } });
  await openVote(advice);
  await ballots(advice, all(yes, {}, ["Ada", "Bruno", "Fede", "Hanna"]), { says: `Il tuo parere è registrato: ${yes}.`, verb: "Dai un parere", confirm: "Conferma il parere" });
  await vote("Nora", advice, no);
  await closeVote(advice, "Respinta");
  await card(pages.Ada, advice).locator(".own-role", { hasText: "Consultivo" }).waitFor();

  await pose(broken, "Maggioranza semplice");
  await openVote(broken);
  await ballots(broken, all(yes, { Hanna: no }, here.filter((n) => n !== "Ada")));
  const own = card(pages.Ada, broken);
  await own.getByRole("button", { name: "Vota", exact: true }).waitFor();
  await contexts.Ada.setOffline(true);
  await press(own, "Vota");
  await own.getByRole("radio", { name: abstain, exact: true }).check();
  await press(own, "Conferma il voto");
  await own.getByText("Non ancora inviato").waitFor();
  await contexts.Ada.setOffline(false);
  await own.getByText(`Il tuo voto è registrato: ${abstain}.`).waitFor();
  await closeVote(broken, "Approvata");
  assert.equal((await decisionOf(broken)).ballots.filter((b) => b.participant === of.Ada && b.choice === "CHOICE_ABSTAIN").length, 1);
});

test("The meeting is closed, a decision is contested, and the minutes are approved", async () => {
  await press(pages.Giulia, "Chiudi l'incontro");
  await press(pages.Giulia, "Sì, chiudi");
  await pages.Giulia.getByText("L'incontro è finito.").first().waitFor();
  const where = card(pages.Olmo, "Cucinare a turno?");
  await press(where, "Contesta il verbale di questa decisione");
  await where.getByLabel("Che cosa non è vero nel verbale?").fill("Volevo astenermi.");
  await press(where, "Contesta");
  await card(pages.Giulia, "Cucinare a turno?").getByText("Volevo astenermi.").waitFor();
  await card(pages.Ada, "Cucinare a turno?").locator(".own-role", { hasText: "Altro" }).waitFor();
  const contested = await rolesOf((await decisionOf("Cucinare a turno?")).id);
  assert.ok(contested.every((r) => r.role === "other" && r.reason === "minutes_disputed"), JSON.stringify(contested[0]));
  const desk = card(pages.Giulia, "Cucinare a turno?");
  await press(desk, "Chiarisci la contestazione");
  await desk.getByLabel("Come si è chiarito").fill("Olmo ha riletto: il voto era contro.");
  await press(desk, "È chiarito");
  await card(pages.Ada, "Cucinare a turno?").locator(".own-role", { hasText: "Altro" }).waitFor({ state: "detached" });
  await press(pages.Ada, "Approvo il verbale");
  await pages.Giulia.getByText("Ha approvato il verbale 1 persona: Ada.").first().waitFor();
});

const roles = async () => (await tavolo.call("RoleService/ListRoles", { workspace, initiative, session, caughtUp: true })).decisions;
const rolesOf = async (id) => (await roles()).find((d) => id.endsWith(`:${d.id}`)).roles;

test("The roles on record are those of the exported minutes", async () => {
  const { file } = await tavolo.call("MinutesService/ExportMinutes", { workspace, session });
  const dir = mkdtempSync(join(tmpdir(), "tavolo-minutes-")), path = join(dir, "minutes.json");
  writeFileSync(path, Buffer.from(file, "base64"));
  const audited = JSON.parse(execFileSync(program, ["audit", path, "--format", "json"], { encoding: "utf8" })).decisions;
  const exported = JSON.parse(Buffer.from(file, "base64").toString("utf8"));
  rmSync(dir, { recursive: true });
  const plain = (list) => Object.fromEntries(list.map((d) => [d.id, { outcome: d.outcome?.replace("OUTCOME_", "").toLowerCase(), roles: Object.fromEntries(d.roles.map((r) => [r.who, [r.role, r.rule, r.reason, r.roleAtDecision ?? r.role_at_decision, r.power ?? "", r.shapley ?? "", String(r.pivotal ?? ""), [...r.flags ?? []].sort().join()].join(" ")])) }]));
  const onRecord = plain(await roles());
  assert.equal(Object.keys(onRecord).length, 10, "ten decisions");
  assert.ok(Object.values(onRecord).every((d) => Object.keys(d.roles).length >= 14 + 2), "everyone, and the groups");
  assert.deepEqual(onRecord, plain(audited));
  const methods = exported.items.flatMap((i) => i.decisions ?? [i.decision]).map((d) => d.charter.rule.method);
  assert.deepEqual([...new Set(methods)].sort(), ["consensus", "consent", "constituencies", "majority", "sole", "unanimity"]);
  const lia = exported.participants.find((p) => p.id === (exported.participants.find((q) => q.name === "Mino") && p.id) && !p.name);
  assert.ok(lia && !JSON.stringify(exported).includes("Lia"), "Lia refused that her name stands in the minutes");
  assert.deepEqual(complaints, []);
});
