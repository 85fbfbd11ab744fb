// Reading the record in a real browser against the real program: every screen in every language, by keyboard alone, on a small screen, live, and when
// something goes wrong.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { becomes, initiative, open, signIn, startBrowser, startTavolo, until, workspace } from "./tavolo.mjs";
import { inspect, languages, listen, settled } from "./screens.mjs";
import { prepareRoom, session, decision, vote } from "./room.mjs";

const past = `/w/${workspace}/d/${initiative}:2026-05-07:navetta`;
const screens = {
  home: "/",
  initiative: `/w/${workspace}/i/${initiative}`,
  "session, over": `/w/${workspace}/s/${initiative}:2026-03-05`,
  "session, going on": `/w/${workspace}/s/${session}`,
  "decision, closed": `/w/${workspace}/d/${initiative}:2026-03-05:apertura`,
  "decision, advice": `/w/${workspace}/d/${initiative}:2026-03-05:regolamento`,
  "decision, claimed": `/w/${workspace}/d/${initiative}:2026-05-07:turni`,
  "decision, with why": `${past}?why=users:strict`,
  "decision, open": `/w/${workspace}/d/${decision}`,
  "a session that is not there": `/w/${workspace}/s/none`,
  "an address that leads nowhere": "/somewhere",
};
let tavolo, browser, seated;

before(async () => {
  [tavolo, browser] = await Promise.all([startTavolo(), startBrowser()]);
  seated = await prepareRoom(tavolo);
});
after(async () => {
  await browser?.close();
  await tavolo?.end();
});

// reader is somebody who belongs and only reads.
async function reader(options) {
  const context = await browser.newContext(options);
  await signIn(context, tavolo, { name: "Rita", grant: "GRANT_READ", whole: true });
  return context;
}

for (const language of languages) {
  test(`Every screen can be read by everybody (${language})`, async (t) => {
    const context = await reader({ viewport: { width: 1280, height: 900 }, bypassCSP: false, reducedMotion: "reduce" });
    const outside = [];
    context.on("request", (r) => { if (!r.url().startsWith(tavolo.base) && !r.url().startsWith("data:")) outside.push(r.url()); });
    for (const [name, path] of Object.entries(screens)) {
      await t.test(name, async () => {
        const page = await open(context, tavolo.base, path, language);
        const complaints = listen(page);
        await settled(page);
        await inspect(page, language, (text) => t.diagnostic(`${name}: ${text}`));
        assert.deepEqual(complaints, []);
        await page.close();
      });
    }
    assert.deepEqual(outside, [], "nobody else is contacted");
    await context.close();
  });
}

test("By keyboard alone one gets from the start to a proof", async () => {
  const context = await reader({ viewport: { width: 360, height: 740 } });
  const page = await open(context, tavolo.base, "/", "it");
  await settled(page);
  const focus = () => page.evaluate(() => document.activeElement?.textContent);
  await page.keyboard.press("Tab");
  assert.equal(await focus(), "Vai al contenuto");
  assert.ok(await page.locator(".skip").evaluate((e) => e.getBoundingClientRect().top >= 0), "the skip link shows when it has the focus");
  await page.keyboard.press("Enter");
  await becomes(() => page.evaluate(() => document.activeElement?.id), "main");
  // tabTo presses Tab until the wanted thing has the focus, which must be visible each time.
  const tabTo = async (wanted) => {
    for (let i = 0; i < 60; i++) {
      await page.keyboard.press("Tab");
      assert.ok(await page.evaluate(() => { const s = getComputedStyle(document.activeElement); return s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2; }), `${await focus()}: the focus cannot be seen`);
      if ((await focus())?.includes(wanted)) return;
    }
    assert.fail(`no way to ${wanted}`);
  };
  await tabTo("Orari del Centro diurno");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Orari del Centro diurno" }).waitFor();
  await until("the heading to have the focus", async () => await focus() === "Orari del Centro diurno");
  await settled(page);
  await tabTo("Chiedere una navetta");
  await page.keyboard.press("Enter");
  await until("the heading to have the focus", async () => await focus() === "Chiedere una navetta per il sabato?");
  await settled(page);
  assert.equal(await page.title(), "Chiedere una navetta per il sabato? – Tavolo");
  await tabTo("Perché?");
  await page.keyboard.press("Enter");
  await page.getByText("Regola R9:").first().waitFor();
  await becomes(() => page.locator("button.why").first().getAttribute("aria-expanded"), "true");
  await page.locator("code", { hasText: "charter_written" }).waitFor();
  assert.match(page.url(), /\?why=users%3Astrict$/);
  await page.reload();
  await page.getByText("Regola R9:").first().waitFor(); // an address that can be sent on
  await page.keyboard.press("Tab");
  await page.goBack();
  await page.getByRole("heading", { level: 1, name: "Orari del Centro diurno" }).waitFor();
  await context.close();
});

test("The chosen language holds, and what is on the screen changes with it", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${tavolo.base}${screens.home}`);
  await page.getByRole("heading", { level: 1, name: "Decisioni prese insieme" }).waitFor(); // Italian is what one meets
  await page.getByRole("button", { name: "English" }).click();
  await page.getByRole("heading", { level: 1, name: "Decisions made together" }).waitFor();
  await becomes(() => page.getAttribute("html", "lang"), "en");
  await page.reload();
  await page.getByRole("heading", { level: 1, name: "Decisions made together" }).waitFor();
  await context.close();
});

test("What is said and decided shows at once, to two who look, and nothing is lost when the program is away", async () => {
  const [one, two] = await Promise.all([reader(), reader({ viewport: { width: 360, height: 740 } })]);
  const pages = await Promise.all([open(one, tavolo.base, screens["session, going on"], "it"), open(two, tavolo.base, screens["session, going on"], "en")]);
  await Promise.all(pages.map(settled));
  const [page, phone] = pages;
  let reloaded = false;
  page.on("framenavigated", () => { reloaded = true; });

  await seated.say("La porta sul retro resta aperta?");
  await Promise.all(pages.map((p) => p.getByText("La porta sul retro resta aperta?").waitFor()));
  await page.locator(".news", { hasText: "Nuovo intervento di Ada." }).waitFor();
  await phone.locator(".news", { hasText: "Ada said something." }).waitFor();
  await phone.getByRole("button", { name: "Italiano", exact: true }).click();
  await phone.locator(".news", { hasText: "Nuovo intervento di Ada." }).waitFor(); // a notice that is there already speaks the new language

  await vote(tavolo, seated);
  await page.getByText("Approvata").first().waitFor();
  await page.locator(".news", { hasText: "Il voto è chiuso" }).waitFor();
  assert.equal(reloaded, false);

  await tavolo.stop();
  await page.getByText("Il collegamento si è interrotto").waitFor();
  assert.ok(await page.getByText("La porta sul retro resta aperta?").isVisible(), "what was there stays");
  await tavolo.start();
  await seated.say("Sì, fino alle otto.");
  await Promise.all(pages.map((p) => p.getByText("Sì, fino alle otto.").waitFor({ timeout: 60_000 })));
  await page.getByText("In diretta").waitFor();
  await becomes(() => page.getByText("La porta sul retro resta aperta?").count(), 1);
  assert.equal(reloaded, false);
  await Promise.all([one.close(), two.close()]);
});

test("At home a meeting that begins shows by itself, and minutes opened from the client speak its language", async () => {
  const context = await browser.newContext({ locale: "en-GB" });
  await signIn(context, tavolo, { name: "Anna", grant: "GRANT_TAKE_PART", constituency: "user" });
  const page = await open(context, tavolo.base, screens.home, "it-x-facile"), later = `${initiative}:2026-09-01`;
  await settled(page);
  await tavolo.call("SessionService/PrepareSession", { workspace, session: later, title: { clear: "Incontro di settembre" }, kind: "SESSION_KIND_WORKING_GROUP" });
  await tavolo.call("SessionService/OpenSession", { workspace, session: later });
  await page.getByRole("link", { name: "Incontro di settembre" }).waitFor();
  await page.goto(`${tavolo.base}${screens["session, over"]}`);
  await page.getByRole("link", { name: "Leggi o stampa il verbale" }).click();
  await page.waitForURL(/\/minutes$/);
  await becomes(() => page.getAttribute("html", "lang"), "it-x-facile");
  await context.close();
});

test("An error says what to do, and trying again works", async () => {
  const context = await reader();
  const page = await open(context, tavolo.base, screens.initiative, "it");
  await settled(page);
  await context.route(/tavolo\.api\.v1/, (r) => r.abort());
  await page.getByRole("link", { name: "Quarto incontro" }).click();
  const alert = page.getByRole("alert");
  await alert.getByText("Tavolo non risponde. Controllare la connessione e riprovare.").waitFor();
  await page.getByRole("button", { name: "English" }).click();
  await alert.getByText("Tavolo does not answer.").waitFor();
  await context.unroute(/tavolo\.api\.v1/);
  await alert.getByRole("button", { name: "Try again" }).click();
  await page.getByRole("heading", { level: 1, name: "Quarto incontro" }).waitFor();
  await page.goto(`${tavolo.base}/w/${workspace}/s/none`);
  await page.getByRole("alert").getByText("There is no such session.").waitFor();
  await context.close();
});

test("Without JavaScript the page says what is needed", async () => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(tavolo.base);
  await becomes(() => page.locator("body").innerText(), /JavaScript attivo[^]*JavaScript on/);
  await context.close();
});

test("Without the words there is no blank page: it says so in both languages, and to try again brings the screen", async () => {
  const context = await reader({ viewport: { width: 360, height: 740 } }), page = await context.newPage();
  let down = true;
  await page.route("**/assets/it-*.js", (route) => down ? route.abort() : route.continue());
  await page.goto(tavolo.base);
  const notice = page.getByRole("alert");
  await notice.getByText("La pagina non si è caricata.").waitFor();
  await notice.getByText("The page did not load.").waitFor();
  await notice.getByRole("button", { name: "Riprova" }).click(); // the line is still down
  await notice.getByText("La pagina non si è caricata.").waitFor();
  down = false;
  await notice.getByRole("button", { name: "Riprova" }).click();
  await page.locator("h1").waitFor();
  assert.equal(await page.locator("#unloaded").isVisible(), false);
  await context.close();
});
