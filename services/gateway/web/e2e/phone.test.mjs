// How soon the room can be used on a phone with a poor line: 1.6 Mbit/s down, 750 kbit/s up, 150 ms to and fro, a processor four times slower than this one.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { initiative, open, signIn, startBrowser, startTavolo, workspace } from "./tavolo.mjs";
import { settled } from "./screens.mjs";
import { prepareRoom, session } from "./room.mjs";

const line = { offline: false, latency: 150, downloadThroughput: 1.6e6 / 8, uploadThroughput: 750e3 / 8 }, slower = 4;
const warmMax = 1000, coldMax = 2500, answersMax = 14; // milliseconds until the room's first control answers; answers until then when nothing is kept
const path = `/w/${workspace}/s/${session}`, tries = 5;
let tavolo, browser;

before(async () => {
  [tavolo, browser] = await Promise.all([startTavolo(), startBrowser()]);
  await prepareRoom(tavolo);
});
after(async () => {
  await browser?.close();
  await tavolo?.end();
});

// usable opens the room and gives when its first control was there to be pressed, in milliseconds since the navigation began, and what came over the line.
async function usable(page, cdp) {
  let bytes = 0, requests = 0;
  const letters = new Set(); // fonts come after the text that they are for, and nobody waits for them
  const about = ({ requestId, type }) => { if (type === "Font") letters.add(requestId); };
  const got = ({ requestId, encodedDataLength }) => { if (!letters.has(requestId)) { bytes += encodedDataLength; requests++; } };
  cdp.on("Network.responseReceived", about);
  cdp.on("Network.loadingFinished", got);
  await page.goto(tavolo.base + path, { waitUntil: "commit" });
  const at = await page.waitForFunction(() => window.usableAt).then((h) => h.jsonValue());
  cdp.off("Network.loadingFinished", got);
  cdp.off("Network.responseReceived", about);
  return { at, bytes, requests };
}

async function phone() {
  const context = await browser.newContext({ viewport: { width: 360, height: 740 } });
  await signIn(context, tavolo, { name: "Ada", grant: "GRANT_TAKE_PART", constituency: "user" });
  await context.addInitScript(() => {
    new MutationObserver((_, me) => {
      if (!document.querySelector(".own-hand button:not([disabled])")) return;
      me.disconnect();
      requestAnimationFrame(() => setTimeout(() => { window.usableAt = performance.now(); })); // once it is painted, and what is to be done first is done
    }).observe(document, { childList: true, subtree: true });
  });
  const page = await context.newPage(), cdp = await context.newCDPSession(page);
  await cdp.send("Network.enable");
  await cdp.send("Network.emulateNetworkConditions", line);
  await cdp.send("Emulation.setCPUThrottlingRate", { rate: slower });
  return { context, page, cdp };
}

// What else the machine does only ever makes a try slower, so the quickest of them says most of the client.
const quickest = (list) => Math.min(...list), middle = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const told = (list) => list.map((n) => Math.round(n)).join(", ");

test("On a poor line the room answers within a second when it was open before", async (t) => {
  const cold = [], warm = [];
  let weight;
  for (let i = 0; i < tries; i++) {
    const { context, page, cdp } = await phone();
    await cdp.send("Network.clearBrowserCache");
    weight = await usable(page, cdp);
    cold.push(weight.at);
    await settled(page);
    warm.push((await usable(page, cdp)).at);
    await context.close();
  }
  t.diagnostic(`cold ${told(cold)} ms, in the middle ${Math.round(middle(cold))}; ${Math.round(weight.bytes / 1024)} KB in ${weight.requests} answers`);
  t.diagnostic(`warm ${told(warm)} ms, in the middle ${Math.round(middle(warm))}`);
  assert.ok(quickest(warm) < warmMax, `warm: ${told(warm)}`);
  assert.ok(quickest(cold) < coldMax, `cold: ${told(cold)}`);
  assert.ok(weight.requests <= answersMax && weight.bytes < 80 * 1024, `cold: ${weight.requests} answers, ${weight.bytes} bytes`);
});

test("On a phone a vote is three taps without scrolling, from the first screen", async () => {
  const context = await browser.newContext({ viewport: { width: 360, height: 740 }, hasTouch: true, reducedMotion: "reduce" });
  const me = await signIn(context, tavolo, { name: "Bruna", grant: "GRANT_TAKE_PART", constituency: "user" });
  const participant = me.memberships.find((m) => m.participant).participant, item = `${initiative}:luce`, decision = `${session}:luce`;
  await tavolo.call("SessionService/SeatParticipants", { workspace, session, seats: [{ participant }] });
  await tavolo.call("ItemService/ProposeItem", { workspace, item, title: { clear: "La luce del corridoio" } });
  await tavolo.call("ItemService/AdmitItem", { workspace, item, reason: { clear: "Riguarda tutti." } });
  await tavolo.call("SessionService/SetAgenda", { workspace, session, items: [`${initiative}:porta`, item] });
  await tavolo.call("SessionService/SetCurrentItem", { workspace, session, item });
  await tavolo.call("DecisionService/PoseDecision", { workspace, decision, item, question: { clear: "Lasciarla accesa?" } });
  await tavolo.call("DecisionService/WriteCharter", { workspace, decision, charter: { rule: { method: "METHOD_MAJORITY", threshold: { fraction: { numerator: 1, denominator: 2 } }, base: "BASE_CAST" }, ratification: "RATIFICATION_NONE" } });
  await tavolo.call("DecisionService/OpenVoting", { workspace, decision, electors: [{ participant, standing: "STANDING_BINDING_VOTE", weight: "1", present: true }] });
  const page = await open(context, tavolo.base, path, "it"), own = page.locator(".decided .ballot");
  await settled(page);
  const reach = async (what) => {
    const box = await what.boundingBox();
    assert.ok(box.y >= 0 && box.y + box.height <= 740 && box.height >= 44, `${JSON.stringify(box)} is under the thumb`);
    await page.touchscreen.tap(box.x + box.width / 2, box.y + box.height / 2);
  };
  await reach(page.locator(".dock").getByRole("button", { name: /^Vota/ }));
  await own.getByRole("radio").first().waitFor();
  await reach(own.locator(".big-choice", { hasText: "A favore" }));
  await reach(own.getByRole("button", { name: "Conferma il voto" }));
  await own.getByText("Il tuo voto è registrato: A favore.").waitFor();
  await page.locator(".dock").getByRole("button", { name: /^Vota/ }).waitFor({ state: "detached" });
  await context.close();
});
