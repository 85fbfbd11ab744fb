// The real thing for the browser tests: the built program on a data folder of its own, and Debian's chromium. TAVOLO_BIN names another program.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { chromium } from "playwright-core";

const program = resolve(import.meta.dirname, process.env.TAVOLO_BIN ?? "../../../../tavolo");
const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

export const workspace = "dsm-esempio", initiative = "csm-orari";

// until waits for a condition; the tests never wait for a time.
export async function until(what, condition, withinMs = 60_000) {
  const end = Date.now() + withinMs;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited in vain: ${what}`);
    await new Promise((go) => setTimeout(go, 50));
  }
}

// becomes waits until what is read on a screen is, or matches, what it should: a screen follows what was done to it a moment later.
export async function becomes(read, wanted, what) {
  const right = (value) => wanted instanceof RegExp ? wanted.test(value) : value === wanted;
  const end = Date.now() + 15_000;
  let value = await read();
  while (!right(value) && Date.now() < end) {
    await new Promise((go) => setTimeout(go, 50));
    value = await read();
  }
  if (!right(value)) throw new assert.AssertionError({ message: what ?? `it became ${JSON.stringify(value)}`, actual: value, expected: wanted, operator: "becomes" });
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  return port;
}

// startTavolo runs the program, with its example minutes unless told otherwise: with nothing, or with a year of invented departments; more are flags. stop and start keep data and address. call asks as the operator; link is what the program
// printed for the first facilitator, and void once somebody has entered.
export async function startTavolo({ year, demo = !year, more = [] } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "tavolo-e2e-")), data = join(folder, "data"), port = await freePort(), base = `http://127.0.0.1:${port}`;
  if (year) await promisify(execFile)(program, ["generate", "--data", data, "--departments", String(year.departments), "--decisions", String(year.decisions)]);
  let child, link;
  const token = () => readFileSync(join(data, "operator-token"), "utf8").trim();
  const start = async () => {
    child = spawn(program, ["serve", "--data", data, ...demo ? ["--demo"] : [], "--listen", `127.0.0.1:${port}`, ...more], { stdio: ["ignore", "pipe", "pipe"] });
    let log = "", out = "";
    child.stdout.on("data", (text) => { out += text; });
    child.stderr.on("data", (text) => { log += text; });
    await until("the program to be ready", async () => {
      if (child.exitCode !== null) throw new Error(`the program ended: ${log}`);
      if (!out.includes("Stop with Ctrl-C")) return false;
      if (!demo) return true;
      const headers = { Authorization: `Bearer ${token()}` };
      return (await fetch(`${base}/v1/workspaces`, { headers }).then((r) => r.json()).catch(() => ({}))).workspaces?.[0]?.initiatives?.length;
    }, 60_000);
    link = /http\S+\/enter#\S+/.exec(out)?.[0];
  };
  const stop = async () => {
    child.kill("SIGTERM");
    if (child.exitCode === null) await once(child, "exit");
  };
  const call = async (method, request) => {
    const r = await fetch(`${base}/tavolo.api.v1.${method}`, { method: "POST", headers: { "Content-Type": "application/json", Authorization: `Bearer ${token()}` }, body: JSON.stringify(request) });
    const answer = await r.json();
    if (!r.ok) throw new Error(`${method}: ${JSON.stringify(answer)}`);
    return answer;
  };
  await start();
  return { base, start, stop, call, token, get link() { return link; }, end: async () => { await stop(); rmSync(folder, { recursive: true, force: true }); } };
}

let entries = 0;

// enterAs signs a browser context in with the secret of an invitation, through the API. It gives who is there then (MeView). more are fields of
// EnterRequest: constituency, consentsGiven, shared …
export async function enterAs(context, base, secret, name, more = {}) {
  entries++;
  const id = `019aa000-0000-7000-8000-${(Date.now() * 1000 + entries % 1000).toString(16).padStart(12, "0").slice(-12)}`;
  const r = await context.request.post(`${base}/tavolo.api.v1.AccountService/Enter`, { headers: { Origin: base }, data: { secret, name, id, ...more } });
  if (!r.ok()) throw new Error(`Enter: ${await r.text()}`);
  return r.json();
}

// signIn has somebody enter the example's initiative by an invitation of the operator's, or of another grant: GRANT_READ, GRANT_TAKE_PART,
// GRANT_FACILITATE, GRANT_ADMINISTER. whole: into the whole workspace, without a seat.
export async function signIn(context, tavolo, { name = "Giulia", grant = "GRANT_FACILITATE", whole = false, ...more } = {}) {
  const { secret } = await tavolo.call("AccountService/Invite", { workspace, initiative: whole ? "" : initiative, grant });
  return enterAs(context, tavolo.base, secret, name, more);
}

export const startBrowser = () => chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: flags });

// open opens an address in a language and waits until there is something to read.
export async function open(context, base, path, language) {
  await context.addInitScript((l) => { if (localStorage.getItem("tavolo-language") === null) localStorage.setItem("tavolo-language", l); }, language);
  const page = await context.newPage();
  await page.goto(base + path);
  await read(page);
  return page;
}

export async function read(page) {
  await page.locator("h1").waitFor();
  await page.waitForFunction(() => document.querySelector(".loading") === null);
}
