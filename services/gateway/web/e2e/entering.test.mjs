// From the first link to a prepared meeting, with several people in several browsers: coming in by link and by code, consents refused, a shared tablet,
// a device signed out, an agenda put in order by keyboard and by hand. Every screen on the way is looked at in every language.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { inspect, languages, listen, photograph, settled } from "./screens.mjs";
import { becomes, open, startBrowser, startTavolo, until } from "./tavolo.mjs";

let tavolo, browser, lead, invitation, at;
const complaints = [];

before(async () => {
  [tavolo, browser] = await Promise.all([startTavolo({ demo: false }), startBrowser()]);
});
after(async () => {
  await browser?.close();
  await tavolo?.end();
});

const person = async (options = {}) => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: "reduce", ...options });
  context.on("page", (page) => complaints.push(listen(page)));
  return context;
};

// inEveryLanguage looks at a screen as it stands, and leaves it in Italian.
const names = { it: "Italiano", en: "English", "it-x-facile": "Italiano facile" };
async function inEveryLanguage(t, page, name) {
  for (const language of languages) {
    await page.getByRole("button", { name: names[language], exact: true }).click();
    await page.waitForFunction((l) => document.documentElement.lang === l, language);
    await settled(page);
    await t.test(`${name} (${language})`, () => inspect(page, language, (text) => t.diagnostic(`${name}: ${text}`)));
  }
  await page.getByRole("button", { name: names.it, exact: true }).click();
  await page.waitForFunction(() => document.documentElement.lang === "it");
  await page.setViewportSize({ width: 1280, height: 900 });
  await photograph(page, name);
  await page.setViewportSize({ width: 1280, height: 900 });
}

const choose = (page, group, answer) => page.getByRole("group", { name: group }).getByText(answer, { exact: true }).click();
const said = (page, text) => page.locator(".announcer", { hasText: text }).waitFor();
const secretOf = (link) => link.slice(link.indexOf("#") + 1);

test("Nobody is here yet: the first screen says what this is, and the way in forgives", async (t) => {
  const context = await person(), page = await open(context, tavolo.base, "/", "it");
  await settled(page);
  await page.getByText("Non c'è ancora nessuno.").waitFor();
  await inEveryLanguage(t, page, "home-outside");
  await page.getByRole("link", { name: "Entra" }).click();
  await page.getByRole("heading", { level: 1, name: "Entra in Tavolo" }).waitFor();
  await page.getByLabel("Codice di sei caratteri").fill("k7m");
  await page.getByRole("button", { name: "Avanti" }).click();
  await until("the focus to be on what is wrong", () => page.evaluate(() => document.activeElement?.classList.contains("problem")));
  await becomes(() => page.getByLabel("Codice di sei caratteri").getAttribute("aria-invalid"), "true");
  await becomes(() => page.getByLabel("Codice di sei caratteri").inputValue(), "K7M", "what was typed stays");
  await inEveryLanguage(t, page, "enter-code");
  await page.getByLabel("Codice di sei caratteri").fill("k7m 2qx");
  await page.getByRole("button", { name: "Avanti" }).click();
  await page.getByRole("alert").getByText("Non c'è un invito con questo link o codice.").waitFor();
  await page.getByRole("link", { name: "Tavolo", exact: true }).click();
  await page.getByLabel("Codice di sei caratteri").fill("k7m 2qx"); // from the first screen it is looked at on the next
  await page.getByRole("button", { name: "Avanti" }).click();
  await page.getByText("Hai un altro codice?").waitFor();
  await page.getByRole("alert").getByText("Non c'è un invito con questo link o codice.").waitFor();
  await becomes(() => page.locator("main").getByRole("button").allInnerTexts().then((all) => all.join()), "Avanti", "the same code once more is no way out");
  await page.goto(`${tavolo.base}/w/none/s/none:none`); // who may not see it is led to the way in
  await page.getByText("Per vedere quella pagina serve un invito.").waitFor();
  assert.match(page.url(), /\/enter\?back=/);
  await context.close();
});

test("By the first link: a name, a workspace, an initiative, a seat, a session", async (t) => {
  lead = await person();
  const page = await open(lead, tavolo.base, tavolo.link.slice(tavolo.base.length), "it");
  await page.getByText("Sei la prima persona.").waitFor();
  assert.equal(new URL(page.url()).hash, "", "the secret is out of the address");
  await inEveryLanguage(t, page, "enter-first");
  await page.getByRole("button", { name: "Comincia" }).click();
  await page.getByRole("link", { name: "Manca il nome." }).click();
  await becomes(() => page.evaluate(() => document.activeElement?.id), "name");
  await page.getByLabel("Il tuo nome qui").fill("Giulia");
  await lead.route(/AccountService\/Enter/, (r) => r.abort());
  await page.getByRole("button", { name: "Comincia" }).click();
  await page.getByRole("alert").getByText("Tavolo non risponde.").waitFor();
  await becomes(() => page.getByLabel("Il tuo nome qui").inputValue(), "Giulia", "what was typed survives");
  await lead.unroute(/AccountService\/Enter/);
  await page.getByRole("button", { name: "Comincia" }).click();

  await page.getByRole("heading", { level: 1, name: "Ciao Giulia" }).waitFor();
  await inEveryLanguage(t, page, "home-first");
  await page.getByLabel("Nome del dipartimento").fill("Salute mentale di Vallechiara");
  await page.getByLabel("Regione o provincia autonoma").selectOption("Veneto");
  await page.getByRole("button", { name: "Crea", exact: true }).click();
  await page.getByRole("heading", { level: 2, name: "Salute mentale di Vallechiara" }).waitFor();
  await page.getByRole("button", { name: "Nuova iniziativa in Salute mentale di Vallechiara" }).click();
  await becomes(() => page.evaluate(() => document.activeElement?.labels?.[0]?.textContent), "Titolo", "the focus goes to the form");
  await page.getByLabel("Titolo", { exact: true }).fill("Orari del Centro diurno");
  await choose(page, "Di che cosa si tratta?", "Altra area");
  await choose(page, "A che punto siete?", "Si pensa come farlo");
  await inEveryLanguage(t, page, "home-new-initiative");
  await page.getByRole("button", { name: "Crea l'iniziativa" }).click();

  await page.getByRole("heading", { level: 1, name: "Orari del Centro diurno" }).waitFor();
  assert.match(page.url(), /\/w\/salute-mentale-di-vallechiara\/i\/orari-del-centro-diurno$/);
  await page.getByRole("button", { name: "Prendi un posto" }).click();
  await choose(page, "Per chi sei qui?", "Lavoro nei servizi");
  await choose(page, "Lavori per il dipartimento?", "Sì");
  for (const consent of ["Il tuo nome nel verbale", "Le tue parole nel verbale", "I dati per la ricerca"]) await choose(page, consent, "Sì, va bene");
  await page.getByRole("button", { name: "Prendi un posto" }).last().click();
  await said(page, "Ora hai un posto al tavolo.");

  await page.getByRole("button", { name: "Nuovo incontro" }).click();
  await page.getByLabel("Titolo", { exact: true }).fill("Primo incontro");
  await page.getByLabel("Giorno", { exact: true }).fill("2099-03-05");
  await page.getByLabel("Ora di inizio").fill("17:30");
  await page.getByLabel("Durata in minuti").fill("60");
  await page.getByLabel("Luogo", { exact: true }).fill("Sala grande");
  await photograph(page, "initiative-new-session");
  await page.setViewportSize({ width: 1280, height: 900 });
  await page.getByRole("button", { name: "Prepara l'incontro" }).click();
  await page.getByRole("heading", { level: 1, name: "Primo incontro" }).waitFor();
  at = new URL(page.url()).pathname;
  await page.getByText("5 marzo 2099 alle ore 17:30").first().waitFor();
  await page.close();
});

test("An invitation: link, code and a sheet for the wall", async (t) => {
  const page = await open(lead, tavolo.base, at.replace(/\/s\/([^:]+):.*/, "/i/$1"), "it");
  await settled(page);
  await inEveryLanguage(t, page, "initiative");
  await page.getByRole("button", { name: "Invita", exact: true }).click();
  await page.getByLabel("A che cosa inviti").selectOption({ label: "Primo incontro" });
  await inEveryLanguage(t, page, "invite");
  await page.getByRole("button", { name: "Crea l'invito" }).click();
  const link = page.getByLabel("Link da mandare");
  await link.waitFor();
  await until("the focus to be on the sheet", () => page.evaluate(() => document.activeElement?.textContent.startsWith("Entra: ")));
  assert.ok(await page.locator("img.qr").evaluate((i) => i.complete && i.naturalWidth > 0), "the square is drawn");
  invitation = { link: await link.inputValue(), code: (await page.locator(".big-code").innerText()).replace(/\s/g, "") };
  assert.match(invitation.code, /^[2-9A-Z]{6}$/);
  await inEveryLanguage(t, page, "poster");
  await page.emulateMedia({ media: "print" });
  assert.ok(await page.locator("img.qr").isVisible() && await page.locator(".big-code").isVisible());
  assert.ok(!await page.getByRole("heading", { name: "Partecipanti" }).isVisible(), "only the sheet is printed");
  await photograph(page, "poster-print");
  await page.emulateMedia({ media: "screen" });
  await page.close();
});

// enters fills in the way in.
async function enters(page, name, capacity, { employed = "No", consents = ["Sì, va bene", "Sì, va bene", "Sì, va bene"] } = {}) {
  await page.getByLabel("Il tuo nome qui").fill(name);
  await choose(page, "Per chi sei qui?", capacity);
  await choose(page, "Lavori per il dipartimento?", employed);
  for (const [n, consent] of ["Il tuo nome nel verbale", "Le tue parole nel verbale", "I dati per la ricerca"].entries()) await choose(page, consent, consents[n]);
  await page.getByRole("button", { name: "Entra", exact: true }).click();
}

let ada, bruno;

test("One comes in by the code, another by the link and refuses a consent", async (t) => {
  ada = await person();
  const page = await open(ada, tavolo.base, "/", "it");
  await page.getByLabel("Codice di sei caratteri").fill(` ${invitation.code.slice(0, 3).toLowerCase()} ${invitation.code.slice(3)}`);
  await page.getByRole("button", { name: "Avanti" }).click();
  await page.getByText("Salute mentale di Vallechiara").waitFor();
  await page.getByText("Parlare, proporre e votare.").waitFor();
  await becomes(() => page.locator("input[type=radio]:checked").count(), 0, "nothing is chosen beforehand");
  await inEveryLanguage(t, page, "enter-invited");
  await enters(page, "Ada", "Uso i servizi");
  await page.getByRole("heading", { level: 1, name: "Primo incontro" }).waitFor();
  await page.getByRole("link", { name: "Ada: la tua pagina" }).waitFor();

  bruno = await person({ viewport: { width: 360, height: 740 } });
  const phone = await open(bruno, tavolo.base, `/enter#${secretOf(invitation.link)}`, "it");
  await enters(phone, "Bruno", "Sono un familiare", { consents: ["No, non voglio", "Sì, va bene", "No, non voglio"] });
  await phone.getByRole("heading", { level: 1, name: "Primo incontro" }).waitFor();
  await phone.getByRole("link", { name: "Bruno: la tua pagina" }).click();
  await phone.getByRole("heading", { level: 1, name: "Bruno" }).waitFor();
  await phone.getByRole("button", { name: "Che cosa permetti" }).click();
  const chosen = (group) => phone.getByRole("group", { name: group }).locator("input:checked").getAttribute("value");
  assert.deepEqual([await chosen("Il tuo nome nel verbale"), await chosen("Le tue parole nel verbale"), await chosen("I dati per la ricerca")], ["no", "yes", "no"], "what was answered is in the record");
  await choose(phone, "I dati per la ricerca", "Sì, va bene");
  await phone.getByRole("button", { name: "Salva" }).click();
  await said(phone, "Salvato.");
  await phone.reload();
  await phone.getByRole("button", { name: "Che cosa permetti" }).click();
  assert.equal(await chosen("I dati per la ricerca"), "yes");
  await phone.getByRole("button", { name: "Per chi sei qui" }).click();
  await inEveryLanguage(t, phone, "me");
  await page.close();
});

test("Items are proposed, judged with a reason, and put in order by keyboard and by hand", async (t) => {
  const one = await open(ada, tavolo.base, at, "it");
  for (const [title, minutes] of [["La porta sul retro", "20"], ["Il pranzo", "30"], ["Una gita a giugno", "15"]]) {
    await one.getByLabel("Di che cosa vuoi parlare?").fill(title);
    await one.getByLabel("Minuti che servono").fill(minutes);
    await one.getByRole("button", { name: "Proponi", exact: true }).click();
    await said(one, `Proposto: ${title}`);
    await becomes(() => one.getByLabel("Di che cosa vuoi parlare?").inputValue(), "");
  }
  await becomes(() => one.getByRole("button", { name: /^Accogli/ }).count(), 0, "who takes part does not judge");
  await settled(one);
  await inEveryLanguage(t, one, "prepare-participant");

  const page = await open(lead, tavolo.base, at, "it");
  await page.getByRole("button", { name: "Non accogliere: Una gita a giugno" }).click();
  await page.getByRole("button", { name: "Non accogliere", exact: true }).last().click();
  await page.getByText("Manca il motivo.").first().waitFor();
  await page.getByRole("textbox", { name: "Motivo" }).fill("Ne parla già il gruppo gite.");
  await inEveryLanguage(t, page, "prepare-refusing");
  await page.getByRole("button", { name: "Non accogliere", exact: true }).last().click();
  await said(page, "Non accolto: Una gita a giugno");
  for (const title of ["La porta sul retro", "Il pranzo"]) {
    await page.getByRole("button", { name: `Accogli: ${title}` }).click();
    await page.getByRole("textbox", { name: "Motivo" }).fill("Riguarda tutti.");
    await page.getByRole("button", { name: "Accogli in questo incontro" }).click();
    await said(page, `Accolto: ${title}`);
  }
  const order = (p) => p.locator(".items > .item .item-title").allInnerTexts();
  await until("the agenda", async () => (await order(page)).join() === "La porta sul retro,Il pranzo");
  await page.getByText("I punti prendono 50 minuti. Di 60 ne restano 10.").waitFor();

  await page.getByRole("button", { name: "Cambia: Il pranzo" }).click();
  await page.getByLabel("Di che cosa vuoi parlare?").first().fill("Il pranzo insieme");
  await page.getByLabel("Minuti che servono").first().fill("50");
  await page.getByRole("button", { name: "Salva" }).click();
  await page.getByText("sono 10 di troppo").waitFor();
  await page.getByText("1 testo di prima").click();
  await page.getByText("Le parole di chi ha proposto.").waitFor();

  for (const [button, place] of [["Sposta su", 1], ["Sposta giù", 2], ["Sposta su", 1]]) {
    await page.getByRole("button", { name: `${button}: Il pranzo insieme` }).focus();
    await page.keyboard.press("Enter");
    await said(page, `Il pranzo insieme: ora al posto ${place} su 2.`);
    await becomes(() => page.evaluate(() => document.activeElement?.getAttribute("aria-label")), `${button}: Il pranzo insieme`, "the focus goes along");
  }
  await until("the order at the other's", async () => (await order(one)).join() === "Il pranzo insieme,La porta sul retro");

  await page.locator(".grip").first().scrollIntoViewIfNeeded();
  const from = await page.locator(".grip").first().boundingBox(), to = await page.locator(".items > .item").nth(1).boundingBox();
  await page.mouse.move(from.x + 20, from.y + 20);
  await page.mouse.down();
  await page.mouse.move(from.x + 20, to.y + to.height - 10, { steps: 5 });
  await page.mouse.up();
  await until("the order by hand", async () => (await order(one)).join() === "La porta sul retro,Il pranzo insieme");

  await one.getByRole("button", { name: "Aggiungi un documento a: La porta sul retro" }).click();
  await one.getByLabel("Che cosa è").fill("Pianta del piano terra");
  await one.getByLabel("Link del documento").fill("javascript:alert(1)");
  await one.getByRole("button", { name: "Aggiungi", exact: true }).click();
  await one.getByText("Il link non va bene.").first().waitFor();
  await one.getByLabel("Link del documento").fill("https://example.org/pianta.pdf");
  await one.getByRole("button", { name: "Aggiungi", exact: true }).click();
  await page.getByRole("link", { name: "Pianta del piano terra" }).waitFor();
  await settled(page);
  await inEveryLanguage(t, page, "prepare");
  await Promise.all([page.close(), one.close()]);
});

test("Two people share a tablet, and each sees their own page", async (t) => {
  const tablet = await person({ viewport: { width: 800, height: 1100 } });
  const page = await open(tablet, tavolo.base, `/enter#${secretOf(invitation.link)}`, "it");
  await page.getByLabel("Questo dispositivo lo usano più persone").check();
  await enters(page, "Carla", "Uso i servizi");
  await page.getByRole("link", { name: "Carla: la tua pagina" }).waitFor();
  await page.goto(`${tavolo.base}/enter#${secretOf(invitation.link)}`);
  await choose(page, "Chi sei?", "Un'altra persona");
  await enters(page, "Dario", "Preferisco non dirlo");
  await page.getByRole("link", { name: "Dario: la tua pagina" }).waitFor();
  await page.getByRole("button", { name: "Passa a…" }).click();
  await inEveryLanguage(t, page, "shared");
  await page.getByRole("button", { name: "Passa a…" }).click();
  await page.keyboard.press("Escape");
  await becomes(() => page.evaluate(() => document.activeElement?.textContent), "Passa a…");
  await page.getByRole("button", { name: "Passa a…" }).click();
  await page.getByRole("button", { name: "Carla", exact: true }).click();
  await page.getByRole("link", { name: "Carla: la tua pagina" }).waitFor();
  await page.getByRole("button", { name: "Passa a…" }).click();
  await page.getByRole("button", { name: "Nessuno, per ora" }).click();
  await until("nobody to be there", async () => await page.getByRole("link", { name: /la tua pagina/ }).count() === 0);
  await page.getByRole("button", { name: "Passa a…" }).click();
  await page.getByRole("button", { name: "Dario", exact: true }).click();
  await page.getByRole("link", { name: "Dario: la tua pagina" }).waitFor();
  await tablet.close();
});

test("A device is signed out from its owner's page, and is led to the way in", async (t) => {
  const page = await open(ada, tavolo.base, "/me", "it");
  await page.getByLabel("Il tuo nome qui").fill("Ada B.");
  await page.getByRole("button", { name: "Cambia nome" }).click();
  await page.getByRole("heading", { level: 1, name: "Ada B." }).waitFor();
  await page.getByRole("button", { name: "Esci da qui" }).click();
  await page.getByText("Qui non è entrato nessuno.").waitFor();
  await page.goto(`${tavolo.base}${at}`);
  await page.getByText("Per vedere quella pagina serve un invito.").waitFor();
  await inEveryLanguage(t, page, "enter-back");
  await page.close();
});

test("Whoever runs it gives a grant, ends an invitation and opens the decisions; at home the next meeting stands first", async (t) => {
  const page = await open(lead, tavolo.base, at.replace(/\/s\/([^:]+):.*/, "/i/$1"), "it");
  await page.getByRole("combobox", { name: "Bruno" }).selectOption("GRANT_FACILITATE");
  await page.getByRole("button", { name: "Salva per Bruno" }).click();
  await said(page, "Fatto per Bruno.");
  await page.getByRole("button", { name: "Apri a tutti" }).click();
  await page.getByText("Le decisioni le può leggere chiunque.", { exact: true }).waitFor();
  await settled(page);
  await inEveryLanguage(t, page, "initiative-full");
  await page.getByRole("button", { name: /^Ritira l'invito/ }).click();
  await page.getByText("Nessun invito, per ora.").waitFor();
  await page.goto(tavolo.base);
  await page.getByRole("heading", { name: "Prossimo incontro" }).waitFor();
  await page.locator(".next").getByRole("link", { name: "Primo incontro" }).waitFor();
  await inEveryLanguage(t, page, "home");
  const late = await person(), gone = await open(late, tavolo.base, `/enter#${secretOf(invitation.link)}`, "it");
  await gone.getByText("Questo invito non vale più").waitFor();
  await inEveryLanguage(t, gone, "enter-gone");
  await late.close();
  // A refusal on purpose, a line cut on purpose, and an empty page that may keep nothing.
  assert.deepEqual(complaints.flat().filter((c) => !/ERR_FAILED|status of 400|localStorage. property from .Window/.test(c)), [], "the browser has nothing to complain about");
});
