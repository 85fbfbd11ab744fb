// Deciding in a real browser against the real program: every rule once through the guide, proxy, tie, a line that breaks in mid-vote, a late ballot, two
// tabs, consent in two rounds, minutes contested and settled, what became of it; and the roles on the screen are those of the exported minutes.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { becomes, initiative, open, signIn, startBrowser, startTavolo, until, workspace } from "./tavolo.mjs";
import { gather } from "./group.mjs";
import { gulpease, isSentence, passages } from "./gulpease.mjs";

const program = resolve(import.meta.dirname, process.env.TAVOLO_BIN ?? "../../../../tavolo");
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const least = { it: 60, "it-x-facile": 80 };
let tavolo, browser, group, lead, ada;
const complaints = [];

before(async () => {
  [tavolo, browser] = await Promise.all([startTavolo(), startBrowser()]);
  group = await gather(tavolo, browser);
  [lead, ada] = await Promise.all([group.at("giulia"), group.at("ada")]);
  for (const page of [lead, ada]) listen(page);
});
after(async () => {
  await browser?.close();
  await tavolo?.end();
});

function listen(page) {
  page.setDefaultTimeout(60_000);
  page.on("pageerror", (e) => complaints.push(e.message));
  page.on("console", (m) => { if (m.type() === "error" && !/ERR_FAILED|ERR_INTERNET|WebSocket|status of 4/.test(m.text())) complaints.push(m.text()); });
}

const card = (page, question) => page.locator(".decided", { hasText: question });
const press = (where, name, exact = true) => where.getByRole("button", { name, exact }).click();
const call = (method, request) => tavolo.call(`DecisionService/${method}`, { workspace, ...request });

// pose writes a charter with the guide and stops before the vote. rule and people change what is on those two steps.
async function pose(question, { choice, rule = async () => {}, people = async () => {}, rest = async () => {}, text = "" }) {
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
  const decision = await idOf(question);
  return decision;
}

async function idOf(question) {
  const { items } = await tavolo.call("SessionService/GetSession", { workspace, session: group.session });
  return items.flatMap((i) => i.decisions ?? []).find((d) => d.question === question).id;
}

async function openVote(question) {
  await press(card(lead, question), "Apri il voto");
  await press(card(lead, question), "Sì, apri il voto");
  await card(lead, question).getByText("Voti dati:").waitFor();
}

async function closeVote(question) {
  await press(card(lead, question), "Chiudi il voto");
  await press(card(lead, question), "Sì, chiudi il voto");
  await card(lead, question).locator(".came-out").waitFor();
}

// vote is three taps on a phone, and reading that it is recorded.
async function vote(where, choice, says = `Il tuo voto è registrato: ${choice}.`) {
  await press(where, "Vota");
  await where.getByRole("radio", { name: choice, exact: true }).check();
  await press(where, "Conferma il voto");
  await where.getByText(says).waitFor();
}

const ballots = (decision, choices) => call("CastBallots", { decision, ballots: Object.entries(choices).map(([who, choice]) => ({ participant: group.of[who], choice: `CHOICE_${choice}` })) });

const rules = {
  "Maggioranza semplice": { votes: { giulia: "AGAINST", bruno: "FOR", dario: "AGAINST", elena: "AGAINST", franco: "FOR" }, outcome: "Respinta", ada: "A favore", says: /I voti erano pari/ },
  "Maggioranza di tutti": { votes: { giulia: "FOR", bruno: "FOR", dario: "FOR", elena: "FOR" }, outcome: "Approvata", ada: "Contro", rule: async (p) => { await p.getByRole("radio", { name: "Almeno metà di chi ha il voto" }).check(); } },
  "Maggioranza ampia": { votes: { giulia: "FOR", bruno: "FOR", dario: "FOR", elena: "AGAINST", franco: "FOR" }, outcome: "Approvata", ada: "A favore", rule: async (p) => { await p.getByRole("radio", { name: "Almeno tre quarti" }).check(); } },
  "Unanimità": { votes: { giulia: "FOR", bruno: "FOR", dario: "AGAINST" }, outcome: "Respinta", ada: "A favore" },
  "Accordo di tutti": { votes: { giulia: "FOR", bruno: "FOR", dario: "FOR", elena: "ABSTAIN", franco: "FOR" }, outcome: "Approvata", ada: "Va bene per me" },
  "Doppia maggioranza": { votes: { giulia: "FOR", bruno: "AGAINST", dario: "FOR", elena: "FOR", franco: "FOR" }, outcome: "Respinta", ada: "Contro" },
  "Maggioranza di tutti, e di chi usa i servizi": { votes: { giulia: "AGAINST", bruno: "FOR", dario: "AGAINST", elena: "FOR", franco: "FOR" }, outcome: "Approvata", ada: "A favore" },
  "Decide chi usa i servizi": { votes: { bruno: "FOR" }, outcome: "Approvata", ada: "A favore" },
};

for (const [choice, { votes, outcome, ada: own, rule, says }] of Object.entries(rules)) {
  test(`Through the guide, three taps, and the result: ${choice}`, async () => {
    const question = `Si prova: ${choice}?`, decision = await pose(question, { choice, rule });
    await card(ada, question).locator(".power-says").waitFor(); // everyone reads charter and power before the vote
    await openVote(question);
    await vote(card(ada, question), own);
    await ballots(decision, votes);
    await closeVote(question);
    await card(ada, question).getByText(outcome, { exact: true }).waitFor();
    await card(ada, question).locator(".own-role").waitFor();
    await press(card(ada, question), /^Perché/, false);
    await card(ada, question).getByText(/Regola R\d+:/).first().waitFor();
    await card(ada, question).getByText("Come si è contato").click();
    if (says) await card(ada, question).getByText(says).waitFor();
    assert.deepEqual(complaints, []);
  });
}

test("Advice from all, one person decides: advice is given, changed and counted apart; the panel warns", async () => {
  const question = "Chi decide sul budget?";
  const decision = await pose(question, { choice: "Parere di tutti, decide una persona", rule: async (p) => { await p.getByLabel("Chi decide", { exact: true }).selectOption({ label: "Franco" }); await p.getByText("Qui chi usa i servizi dà solo un parere.").waitFor(); } });
  await openVote(question);
  const where = card(ada, question);
  await press(where, "Dai un parere");
  await where.getByRole("radio", { name: "A favore" }).check();
  await press(where, "Conferma il parere");
  await where.getByText("Il tuo parere è registrato: A favore.").waitFor();
  await where.getByText("Pareri dati: 1 su 5.").waitFor();
  await ballots(decision, { franco: "AGAINST" });
  await closeVote(question);
  await where.locator(".own-role", { hasText: "Consultivo" }).waitFor();
});

test("A proposal of the power panel becomes the rule of the charter", async () => {
  const question = "Con quale regola?";
  await pose(question, {
    choice: "Maggioranza semplice", rule: async (p) => {
      await p.locator(".power-says", { hasText: "2 partecipanti su 6, con la regola «Maggioranza semplice»" }).waitFor();
      await p.locator(".proposals li", { hasText: "Maggioranza di tutti, e di chi usa i servizi" }).getByRole("button").click();
      await until("the rule to change", () => p.getByRole("radio", { name: "Maggioranza di tutti, e di chi usa i servizi" }).isChecked());
      await p.locator(".power-says", { hasText: "Può sempre fermare la proposta." }).waitFor();
    },
  });
  await card(ada, question).locator(".power-says", { hasText: "Può sempre fermare la proposta." }).waitFor();
  const lines = await card(ada, question).locator(".power-picture td").evaluateAll((all) => all.map((e) => Math.round(e.getBoundingClientRect().height / parseFloat(getComputedStyle(e).lineHeight))));
  assert.ok(lines.length >= 4 && lines.every((n) => n === 1), `on a phone each figure stands on a line with its name: ${lines}`);
  assert.match(await card(ada, question).locator(".power-picture td").first().innerText(), /^Gli altri a caso\s*\d+$/);
  const decision = await idOf(question), { charter } = await call("GetDecision", { decision });
  assert.deepEqual(charter.rule.constituencies.map((c) => [c.of, c.threshold, c.base]), [[["user"], { majority: true }, "BASE_CAST"]]);
  await openVote(question);
  await ballots(decision, { giulia: "FOR", dario: "FOR", elena: "FOR", franco: "FOR", ada: "AGAINST", bruno: "AGAINST" });
  await closeVote(question);
  await card(ada, question).getByText("Respinta", { exact: true }).waitFor();
});

test("A proxy, a broken line and a reload in mid-vote: each ballot goes out once, and two tabs agree", async () => {
  const question = "Comprare le sedie nuove?";
  const decision = await pose(question, {
    choice: "Maggioranza semplice",
    people: async (p) => {
      await p.getByText("Deleghe di chi è assente").click();
      await p.getByLabel("Chi dà una delega").selectOption({ value: group.of.carla });
      await p.locator(`#proxy-${group.of.carla}`).selectOption({ label: "Ada" }).catch(async () => p.locator(`#proxy-${group.of.carla}`).selectOption({ value: group.of.ada }));
      await p.getByLabel("Ha detto come votare").check();
    },
  });
  await openVote(question);
  const where = card(ada, question), own = where.locator(".ballot:not(.for-another)"), other = where.locator(".ballot.for-another");
  await other.getByText("Carla ti ha dato la delega e ti ha detto come votare.").waitFor();
  await vote(other, "Contro", "Il voto di Carla è registrato: Contro.");

  const cast = /DecisionService\/CastBallots/, ids = [];
  ada.on("request", (r) => { if (cast.test(r.url())) ids.push(r.headers()["tavolo-command-id"]); });
  await group.contexts.ada.setOffline(true);
  await press(own, "Vota");
  await own.getByRole("radio", { name: "A favore" }).check();
  await press(own, "Conferma il voto");
  await own.getByText("Non ancora inviato").waitFor();
  await becomes(() => ada.locator(".dock").getByRole("button", { name: /^Vota/ }).count(), 0, "a ballot that waits for the line is not asked for again");
  await group.contexts.ada.route(cast, (r) => r.abort());
  await group.contexts.ada.setOffline(false);
  await ada.reload();
  await own.getByText("Non ancora inviato").waitFor(); // it survives a reload
  await own.getByText("La tua scelta è: A favore.").waitFor();
  await group.contexts.ada.unroute(cast);
  await own.getByText("Il tuo voto è registrato: A favore.").waitFor();
  assert.equal(new Set(ids).size, 1, "one command, tried again with the same id");
  assert.ok(ids.length >= 2);

  const second = await group.at("ada");
  listen(second);
  const there = card(second, question).locator(".ballot:not(.for-another)");
  await there.getByText("Il tuo voto è registrato: A favore.").waitFor();
  await press(there, "Cambia il voto");
  await there.getByRole("radio", { name: "Astensione" }).check();
  await press(there, "Conferma il voto");
  await there.getByText("Il tuo voto è registrato: Astensione.").waitFor();
  await own.getByText("Il tuo voto è registrato: Astensione.").waitFor(); // the first tab says the same
  await second.close();
  const { ballots: seen } = await call("GetDecision", { decision });
  assert.ok(seen.every((b) => !b.choice || b.choice === "CHOICE_UNSPECIFIED"), "nobody sees choices before the close");

  await press(card(lead, question), "Voto per alzata di mano");
  await card(lead, question).getByRole("group", { name: /^Franco/ }).getByRole("radio", { name: "A favore" }).check();
  await press(card(lead, question), "Registra i voti");
  await card(lead, question).getByText("Voti dati: 3 su 7.").waitFor();
  await closeVote(question);
  const closed = await call("GetDecision", { decision });
  const of = (who) => closed.ballots.find((b) => b.participant === group.of[who]);
  assert.deepEqual([of("ada").choice, of("carla").choice, of("franco").choice], ["CHOICE_ABSTAIN", "CHOICE_AGAINST", "CHOICE_FOR"]);
  assert.equal(of("franco").enteredBy, group.of.giulia);
});

test("A ballot that comes too late is refused in plain words", async () => {
  const question = "Chiudere prima?", cast = /DecisionService\/CastBallots/;
  await pose(question, { choice: "Maggioranza semplice" });
  await openVote(question);
  const where = card(ada, question);
  await where.getByRole("button", { name: "Vota", exact: true }).waitFor();
  await group.contexts.ada.route(cast, (r) => r.abort());
  await press(where, "Vota");
  await where.getByRole("radio", { name: "A favore" }).check();
  await press(where, "Conferma il voto");
  await where.getByText("Non ancora inviato").waitFor();
  await closeVote(question);
  await group.contexts.ada.unroute(cast);
  await where.getByText("In questo momento il voto non è aperto.").waitFor();
  await press(where, "Ho capito");
  await where.getByText("In questo momento il voto non è aperto.").waitFor({ state: "detached" });
});

test("Consent: the steps, an objection with its reason, integrated, and everyone asked again", async () => {
  const question = "Provare l'orto per tre mesi?";
  const decision = await pose(question, { choice: "Consenso in più giri", text: "Si prova un orto nel cortile." });
  for (const [step, says] of [["Comincia: presentare la proposta", "Chi propone spiega la proposta."], ["Avanti: chiarire", "Si fanno domande per capire."], ["Avanti: ognuno dice la sua", "Ognuno dice che cosa ne pensa"], ["Avanti: cambiare il testo", "Si cambia il testo, se serve."]]) {
    await press(card(lead, question), step);
    await card(ada, question).getByText(says).waitFor();
  }
  await openVote(question);
  const where = card(ada, question);
  await press(where, "Vota");
  await becomes(() => where.getByRole("radio").count(), 2, "in consent nobody stands aside");
  await where.getByRole("radio", { name: "Ho un'obiezione" }).check();
  await press(where, "Conferma il voto");
  await where.getByText("Manca il motivo.").waitFor();
  await where.getByLabel("Perché? Che cosa non funziona?").fill("Nel cortile non c'è acqua.");
  await press(where, "Conferma il voto");
  await where.getByText("Il tuo voto è registrato: Ho un'obiezione.").waitFor();
  await ballots(decision, { giulia: "FOR", bruno: "FOR", dario: "FOR", elena: "FOR", franco: "FOR" });
  const desk = card(lead, question);
  await desk.getByText("Nel cortile non c'è acqua.").waitFor();
  await press(desk, "Accoglila: cambia il testo");
  await press(desk, "Salva il testo");
  await desk.getByText("Il testo è uguale a prima. Cambialo, poi salva.").waitFor(); // an objection is not met by the same text
  await desk.getByLabel("Il testo nuovo, che accoglie l'obiezione di Ada").fill("Si prova un orto nel giardino, vicino al rubinetto.");
  await press(desk, "Salva il testo");
  await where.getByText("Si prova un orto nel giardino, vicino al rubinetto.").first().waitFor();
  await where.getByText("accolta nel testo").waitFor();
  await press(desk, "Nuovo giro di consenso");
  await where.getByText("È il giro di consenso numero 2.").waitFor();
  await where.getByText("Manca ancora il voto.").waitFor();
  await vote(where, "Va bene per me");
  await ballots(decision, { giulia: "FOR", bruno: "FOR", dario: "FOR", elena: "FOR", franco: "FOR" });
  await closeVote(question);
  await where.getByText("Approvata", { exact: true }).waitFor();
  await where.locator(".own-role", { hasText: "Decisionale" }).waitFor();
});

test("Who holds a proxy gives the reason of an objection; the charter names who ratifies; one vote at a time on an item", async () => {
  const question = "Chiudere il laboratorio di cucina?";
  await pose(question, {
    choice: "Consenso in più giri",
    people: async (p) => {
      await p.getByText("Deleghe di chi è assente").click();
      await p.getByLabel("Chi dà una delega").selectOption({ value: group.of.carla });
      await p.locator(`#proxy-${group.of.carla}`).selectOption({ value: group.of.ada });
    },
    rest: async (p) => {
      await p.locator("input[name=plan-ratification]").last().check();
      await p.getByLabel("Di chi?").fill("La direzione del dipartimento");
    },
  });
  await card(ada, question).getByText("La direzione del dipartimento").waitFor();
  await openVote(question);
  await lead.getByText("Su questo punto si sta già votando.").waitFor();
  assert.equal(await lead.getByRole("button", { name: "Un'altra decisione su questo punto" }).count(), 0, "another vote is offered while one is open");
  const other = card(ada, question).locator(".ballot.for-another");
  await press(other, "Vota");
  await other.getByRole("radio", { name: "Ho un'obiezione" }).check();
  await press(other, "Conferma il voto");
  await other.getByText("Manca il motivo.").waitFor();
  await other.getByLabel("Perché Carla non è d'accordo?").fill("Lì impara un mestiere.");
  await press(other, "Conferma il voto");
  const objection = card(lead, question).locator("li", { hasText: "Lì impara un mestiere." });
  await objection.getByText("Carla", { exact: true }).waitFor();
  await objection.getByText("L'ha detta per conto suo Ada.").waitFor();
  await closeVote(question);
  await lead.getByRole("button", { name: "Un'altra decisione su questo punto" }).waitFor();
});

test("Minutes are contested and settled; until then no role can be said", async () => {
  const question = "Si prova: Unanimità?", where = card(ada, question);
  await press(where, "Contesta il verbale di questa decisione");
  await press(where, "Contesta");
  await where.getByText("Manca che cosa non è vero.").first().waitFor();
  await where.getByLabel("Che cosa non è vero nel verbale?").fill("Dario ha votato a favore.");
  await press(where, "Contesta");
  await card(lead, question).getByText("Dario ha votato a favore.").waitFor();
  await where.locator(".own-role", { hasText: "Altro" }).waitFor();
  await press(card(lead, question), "Chiarisci la contestazione");
  await card(lead, question).getByLabel("Come si è chiarito").fill("Dario conferma: ha votato contro.");
  await press(card(lead, question), "È chiarito");
  await where.getByText("Ada ha contestato il verbale: Dario ha votato a favore. Si è chiarito così: Dario conferma: ha votato contro.").waitFor(); // both stay to be read
  await where.locator(".own-role", { hasText: "Altro" }).waitFor({ state: "detached" });
});

test("Whoever carries a decision out says what became of it", async () => {
  const question = "Dipingere la sala?";
  const decision = await pose(question, { choice: "Maggioranza semplice", rest: async (p) => { await p.getByLabel("Chi la mette in pratica").selectOption({ label: "Ada" }).catch(() => p.getByLabel("Chi la mette in pratica").selectOption({ value: group.of.ada })); await p.getByLabel("Entro quale giorno").fill("2099-01-31"); } });
  const { charter } = await call("GetDecision", { decision });
  if (charter.implementer !== group.of.ada) assert.fail("the implementer is somebody else");
  const facts = await card(ada, question).locator(".facts").innerText(); // before the vote everyone reads who carries it out, and by when
  assert.match(facts, /Chi la mette in pratica\s+Ada\s/);
  assert.match(facts, /Entro quale giorno\s+31 gennaio 2099/);
  await openVote(question);
  await ballots(decision, { giulia: "FOR", bruno: "FOR" });
  await closeVote(question);
  const where = card(ada, question);
  await where.locator(".state.follow", { hasText: "Da fare" }).waitFor();
  await press(where, "Racconta che cosa ne è stato");
  await becomes(() => where.getByRole("radio").count(), 2, "she can say that it is done, or why it is late");
  await where.getByRole("radio", { name: "È fatta" }).check();
  await press(where, "Registra");
  await card(lead, question).locator(".state.follow", { hasText: /Fatt[ao]/ }).waitFor();
});

test("The roles on the screen are those of the exported minutes", async () => {
  const { file } = await tavolo.call("MinutesService/ExportMinutes", { workspace, session: group.session });
  const dir = mkdtempSync(join(tmpdir(), "tavolo-minutes-")), path = join(dir, "minutes.json");
  writeFileSync(path, Buffer.from(file, "base64"));
  const audited = JSON.parse(execFileSync(program, ["audit", path, "--format", "json"], { encoding: "utf8" }));
  rmSync(dir, { recursive: true });
  const { decisions } = await tavolo.call("RoleService/ListRoles", { workspace, initiative, session: group.session, caughtUp: true });
  const plain = (list, session) => Object.fromEntries(list.map((d) => [d.id, Object.fromEntries(d.roles.map((r) => [r.who, [r.role, r.reason, r.power ?? "", [...(r.flags ?? [])].sort().join()].join(" ")]))]));
  const [shown, told] = [plain(decisions), plain(audited.decisions)];
  assert.ok(Object.keys(shown).length >= 12, `${Object.keys(shown).length} decisions`);
  // The file lists whoever any decision is about. Of somebody without a seat the record has nothing to say in the other decisions, and the audit says just that.
  for (const [id, roles] of Object.entries(told)) {
    for (const [who, role] of Object.entries(roles)) if (!(who in shown[id])) { assert.match(role, /^(none not_invited|other no_decision) /, `${who} in ${id}`); delete roles[who]; }
  }
  assert.deepEqual(shown, told);
  // And on the page of a decision, as somebody reads them.
  const id = decisions.find((d) => d.question === "Si prova: Doppia maggioranza?"), names = { none: "Nessuno", consultative: "Consultivo", decisive: "Decisionale", other: "Altro" };
  const page = await group.at("bruno", "it", `/w/${workspace}/d/${initiative}:${id.session}:${id.id}`);
  await page.locator("table .role-name").first().waitFor();
  const read = await page.locator("table tr:has(button.why) .role-name").allTextContents();
  const order = (r) => r.who === "users:strict" ? 0 : r.who === "users:broad" ? 1 : r.participant ? 3 : 2;
  assert.deepEqual(read, [...id.roles].sort((a, b) => order(a) - order(b)).map((r) => names[r.role]));
  await page.close();
});

for (const language of ["it", "en", "it-x-facile"]) {
  test(`Guide, ballot and result can be read by everybody (${language})`, async (t) => {
    const question = `Leggere insieme (${language})?`, decision = `${group.session}:leggere-${language}`, of = { decision };
    const electors = Object.entries(group.of).filter(([k]) => k !== "carla").map(([, participant]) => ({ participant, standing: "STANDING_CONSENT", weight: "1", present: true }));
    const context = group.contexts.giulia, page = await context.newPage();
    listen(page);
    await page.goto(`${tavolo.base}${group.path}`);
    await page.evaluate((l) => localStorage.setItem("tavolo-language", l), language);
    await page.reload();
    const check = async (name) => {
      await page.waitForFunction(() => document.querySelector(".loading") === null);
      for (const width of [1280, 640, 320]) {
        await page.setViewportSize({ width, height: 900 });
        assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), 0, `${name} scrolls sideways at ${width} px`);
        if (width === 640) continue;
        const { violations } = await page.evaluate(`${axe}; axe.run(document, { runOnly: ["wcag2a","wcag2aa","wcag21a","wcag21aa","wcag22aa","best-practice"] })`);
        assert.deepEqual(violations.map((v) => [v.id, v.nodes.map((n) => n.html)]), [], `axe, ${name} at ${width} px`);
      }
      const said = await page.evaluate(passages);
      assert.doesNotMatch(said.join(" "), /\{\{|undefined|NaN|\b(web|reason|flag|act)\/|_[A-Z]{3}/, "something that is no word");
      if (!least[language]) return;
      for (const what of [said, said.filter(isSentence)]) {
        t.diagnostic(`Gulpease ${language} ${name}: ${gulpease(what).toFixed(0)}`);
        assert.ok(gulpease(what) >= least[language], `${name}: ${gulpease(what).toFixed(1)}: ${what.join(" | ")}`);
      }
    };
    await page.locator(".new-one button").first().click();
    await page.locator("#plan-question").fill(question);
    await page.locator(".wizard button[type=submit]").click();
    for (const step of ["#plan-rule", "#plan-who", "#plan-ratification"]) {
      await page.locator(step).waitFor();
      if (step === "#plan-rule") await page.locator(".wizard .power-says").waitFor();
      await check(`guide ${step}`);
      await page.locator(".wizard button[type=submit]").click();
    }
    await page.locator(".wizard").waitFor({ state: "detached" });
    await call("PoseDecision", { ...of, item: group.item, question: { clear: `${question} 2` } });
    await call("WriteCharter", { ...of, charter: { rule: { method: "METHOD_CONSENT" } }, electors });
    await call("OpenVoting", { ...of, electors });
    const where = page.locator(`section[aria-labelledby="d-${decision}"]`);
    await where.locator(".ballot button").first().click();
    await where.locator(".big-choice").last().click();
    await check("ballot");
    await call("CastBallots", { ...of, ballots: electors.map(({ participant }) => ({ participant, choice: "CHOICE_FOR" })) });
    await call("CloseVoting", of);
    await where.locator(".own-role").waitFor();
    await where.locator(".counted summary").click();
    await check("result");
    await page.close();
    assert.deepEqual(complaints, []);
  });
}

test("By keyboard alone one votes", async () => {
  const question = "Con la tastiera?";
  await pose(question, { choice: "Maggioranza semplice" });
  await openVote(question);
  const button = card(ada, question).getByRole("button", { name: "Vota", exact: true });
  await button.focus();
  await ada.keyboard.press("Enter");
  await until("the first choice to have the focus", () => ada.evaluate(() => document.activeElement?.getAttribute("type") === "radio"));
  await ada.keyboard.press("Space");
  await ada.keyboard.press("Tab");
  await ada.keyboard.press("Enter");
  await card(ada, question).getByText("Il tuo voto è registrato: A favore.").waitFor();
  await until("what is recorded to have the focus", () => ada.evaluate(() => document.activeElement?.classList.contains("given")));
  await call("CloseVoting", { decision: await idOf(question) }); // while it is open no other is offered
  await card(ada, question).locator(".own-role").waitFor();
});

test("Whoever comes in while a vote is open is let into it on the card, and then votes", async () => {
  const question = "Cominciare alle dieci?";
  await pose(question, { choice: "Maggioranza semplice", people: (p) => p.getByText(/^Tutte le persone iscritte/).click() });
  await becomes(() => card(lead, question).count(), 1, "the card is there again after the guide");
  await openVote(question);
  const carla = await group.at("carla");
  carla.setDefaultTimeout(60_000);
  const where = card(carla, question);
  await where.getByText("Non risulti presente").waitFor();
  await carla.getByRole("button", { name: "Sono qui", exact: true }).first().click();
  await press(card(lead, question), "Sì, può votare Carla");
  await press(where, "Vota");
  await where.getByRole("radio", { name: "A favore" }).check();
  await press(where, "Conferma il voto");
  await where.getByText("Il tuo voto è registrato: A favore.").waitFor();
  await card(lead, question).getByRole("button", { name: "Sì, può votare Carla" }).waitFor({ state: "detached" });
});

test("A ballot sent when nobody is signed in any more waits on the device, is said at the way in, and goes out when the same person is back", async () => {
  const context = await browser.newContext({ viewport: { width: 360, height: 740 }, reducedMotion: "reduce" });
  const me = await signIn(context, tavolo, { name: "Lia", grant: "GRANT_TAKE_PART", constituency: "user", shared: true });
  const lia = me.memberships.find((m) => m.initiative === initiative).participant;
  const session = `${initiative}:2026-08-06`, item = `${initiative}:tenda`, decision = `${session}:tenda`, question = "Mettere una tenda?";
  await tavolo.call("SessionService/PrepareSession", { workspace, session, title: { clear: "Incontro di agosto" }, kind: "SESSION_KIND_WORKING_GROUP" });
  await tavolo.call("SessionService/OpenSession", { workspace, session });
  await tavolo.call("SessionService/SeatParticipants", { workspace, session, seats: [{ participant: lia }] });
  await tavolo.call("ItemService/ProposeItem", { workspace, item, title: { clear: "La tenda" }, proposedBy: lia });
  await tavolo.call("ItemService/AdmitItem", { workspace, item, reason: { clear: "Riguarda tutti." } });
  await tavolo.call("SessionService/SetAgenda", { workspace, session, items: [item] });
  await tavolo.call("SessionService/SetCurrentItem", { workspace, session, item });
  await call("PoseDecision", { decision, item, question: { clear: question } });
  await call("WriteCharter", { decision, charter: { rule: { method: "METHOD_MAJORITY", threshold: { majority: true }, base: "BASE_CAST", tie: "TIE_STATUS_QUO" }, ratification: "RATIFICATION_NONE" } });
  await call("OpenVoting", { decision, electors: [{ participant: lia, standing: "STANDING_BINDING_VOTE", weight: "1", present: true }] });
  const page = await open(context, tavolo.base, `/w/${workspace}/s/${session}`, "it"), where = card(page, question);
  const pass = async (account) => {
    const r = await context.request.post(`${tavolo.base}/tavolo.api.v1.AccountService/SwitchPerson`, { headers: { Origin: tavolo.base }, data: { account } });
    assert.ok(r.ok(), await r.text());
  };
  // Handed on in another tab, in the moment in which the vote is on its way.
  let first = true;
  await context.route(/DecisionService\/CastBallots/, async (route) => {
    if (first) await pass("");
    first = false;
    await route.continue();
  });
  await press(where, "Vota");
  await where.getByRole("radio", { name: "A favore" }).check();
  await press(where, "Conferma il voto");
  await page.waitForURL(/\/enter/);
  await page.getByText("Su questo dispositivo resta una cosa non inviata.").waitFor();
  assert.equal(await page.getByText("A favore").count(), 0, "what it is stays with whoever wrote it");
  assert.equal((await call("GetDecision", { decision })).ballots?.length ?? 0, 0);
  await page.getByRole("button", { name: "Passa a…" }).click();
  await page.getByRole("button", { name: "Lia", exact: true }).click();
  await until("the ballot to be in the record", async () => (await call("GetDecision", { decision })).ballots?.length === 1);
  await page.goto(`${tavolo.base}/w/${workspace}/s/${session}`);
  await where.getByText("Il tuo voto è registrato: A favore.").waitFor();
  await context.close();
});
