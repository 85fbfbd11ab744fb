// Takes the pictures of the documentation: starts the program with its example minutes and photographs the main screens. `task screenshots`.
import { spawn } from "node:child_process";
import { mkdtempSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";
import { signIn } from "./e2e/tavolo.mjs";

const out = resolve("../../../docs/img");
mkdirSync(out, { recursive: true });
const data = mkdtempSync(join(tmpdir(), "tavolo-shots-"));
const program = spawn(process.env.TAVOLO_BIN ?? "../../../tavolo", ["serve", "--demo", "--data", data, "--listen", "127.0.0.1:0"], { stdio: ["ignore", "pipe", "inherit"] });
const url = await new Promise((found, failed) => {
  program.once("exit", () => failed(new Error("the program ended before it was ready")));
  createInterface({ input: program.stdout }).on("line", (line) => {
    const address = /http:\/\/[0-9.:]+/.exec(line);
    if (address) found(address[0]);
  });
});
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const shots = [
  ["decision.png", "/w/dsm-esempio/d/csm-orari:2026-05-07:navetta?why=users:strict", 1100, 900, "table"],
  ["initiative.png", "/w/dsm-esempio/i/csm-orari", 1100, 900, "table"],
  ["session-phone.png", "/w/dsm-esempio/s/csm-orari:2026-03-05", 360, 740, "h2"],
];
const call = async (method, request) => {
  const Authorization = `Bearer ${readFileSync(join(data, "operator-token"), "utf8").trim()}`;
  const r = await fetch(`${url}/tavolo.api.v1.${method}`, { method: "POST", headers: { "Content-Type": "application/json", Authorization }, body: JSON.stringify(request) });
  return r.json();
};
for (const [name, path, width, height, ready] of shots) {
  const context = await browser.newContext({ viewport: { width, height }, reducedMotion: "reduce" });
  await signIn(context, { base: url, call }, { name: "Giulia", grant: "GRANT_READ", whole: true });
  const page = await context.newPage();
  await page.goto(url + path);
  await page.waitForSelector(ready);
  await page.waitForLoadState("networkidle", { timeout: 3000 }).catch(() => {}); // the live line never rests
  await page.evaluate(() => document.fonts.ready);
  await page.screenshot({ path: join(out, name) });
  await context.close();
}
await browser.close();
program.removeAllListeners("exit");
program.kill();
rmSync(data, { recursive: true, force: true });
