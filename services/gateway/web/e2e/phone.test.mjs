// How soon the room can be used on a phone with a poor line: 1.6 Mbit/s down, 750 kbit/s up, 150 ms to and fro, a processor four times slower than this one.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { open, signIn, startBrowser, startTavolo } from "./tavolo.mjs";
import { settled } from "./screens.mjs";
import { prepareRoom, session } from "./room.mjs";

const line = { offline: false, latency: 150, downloadThroughput: 1.6e6 / 8, uploadThroughput: 750e3 / 8 }, slower = 4;
const warmMax = 1000, coldMax = Number(process.env.COLD_MAX ?? 2500); // milliseconds until the room's first control answers
const path = `/w/dsm-esempio/s/${session}`, tries = 5;
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
  const got = ({ encodedDataLength }) => { bytes += encodedDataLength; requests++; };
  cdp.on("Network.loadingFinished", got);
  await page.goto(tavolo.base + path, { waitUntil: "commit" });
  const at = await page.waitForFunction(() => window.usableAt).then((h) => h.jsonValue());
  cdp.off("Network.loadingFinished", got);
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

const middle = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
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
  assert.ok(middle(warm) < warmMax, `warm: ${told(warm)}`);
  assert.ok(middle(cold) < coldMax, `cold: ${told(cold)}`);
});
