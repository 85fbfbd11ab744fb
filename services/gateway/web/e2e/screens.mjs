// What holds for every screen in every language: it can be read and used by everybody.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { gulpease, isSentence, passages } from "./gulpease.mjs";
import { read } from "./tavolo.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
export const languages = ["it", "en", "it-x-facile"];
const least = { it: 60, "it-x-facile": 80 };

// settled waits until a screen shows all that it asks for.
export async function settled(page) {
  await read(page);
  await page.waitForLoadState("networkidle");
  await page.waitForFunction(() => document.querySelector(".loading") === null && document.querySelector(".live-state.joining") === null);
}

// listen gathers what the browser complains about; that something is not found, or not for this person, is said on the page.
export function listen(page) {
  const complaints = [];
  page.on("console", (m) => { if (m.type() === "error" && !/status of (401|403|404)/.test(m.text())) complaints.push(m.text()); });
  page.on("pageerror", (e) => complaints.push(e.message));
  return complaints;
}

// inspect looks at a settled screen: language, title, sideways scrolling, axe, targets, words and how easy they are.
export async function inspect(page, language, diagnostic = () => {}) {
  assert.equal(await page.getAttribute("html", "lang"), language);
  assert.match(await page.title(), / – Tavolo$/);
  for (const width of [1280, 640, 320]) { // 640: a wide screen at 200 %
    await page.setViewportSize({ width, height: 900 });
    const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.equal(over, 0, `scrolls sideways at ${width} px`);
    if (width === 640) continue;
    const { violations, passes } = await page.evaluate(`${axe}; axe.run(document, { runOnly: ["wcag2a","wcag2aa","wcag21a","wcag21aa","wcag22aa","best-practice"] })`);
    assert.deepEqual(violations.map((v) => [v.id, v.nodes.map((n) => n.html)]), [], `axe at ${width} px`);
    assert.ok(passes.length > 15, `axe tried ${passes.length} rules`);
  }
  const said = await page.evaluate(passages);
  if (least[language]) {
    // All that is said, and then without the labels, which are short and would make up for hard sentences.
    for (const what of [said, said.filter(isSentence)]) {
      const index = gulpease(what);
      diagnostic(`Gulpease ${language} ${index.toFixed(0)} over ${what.length} passages`);
      assert.ok(what.length === 0 || index >= least[language], `Gulpease ${index.toFixed(1)}: ${what.join(" | ")}`);
    }
  }
  assert.doesNotMatch(said.join(" "), /\{\{|undefined|NaN|\b(web|reason|flag|act)\/|_[A-Z]{3}/, "something that is no word");
}

// photograph keeps a picture of a screen, on a phone and on a wide screen, in the folder that SHOTS names.
export async function photograph(page, name) {
  if (!process.env.SHOTS) return;
  mkdirSync(process.env.SHOTS, { recursive: true });
  for (const width of [360, 1280]) {
    await page.setViewportSize({ width, height: 800 });
    await page.screenshot({ path: join(process.env.SHOTS, `${name}-${width}.png`), fullPage: true });
  }
}
