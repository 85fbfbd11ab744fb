import assert from "node:assert/strict";
import { test } from "node:test";
import { Refusal } from "../src/api";
import { type Kept, Outbox, isPassing } from "../src/outbox";

const noLine = () => new Refusal({ key: "web/error-network" });
const refusal = () => new Refusal({ key: "catalogue/missing", with: { code: "x" } }, "item/nothing-said");

// browser is a browser's memory, which its tabs share and which outlives them.
function browser(): Kept {
  const held = new Map<string, string>();
  return { getItem: (k) => held.get(k) ?? null, setItem: (k, v) => void held.set(k, v), removeItem: (k) => void held.delete(k) };
}

// ledger takes commands while there is a line, each id once, and can lose its answer on the way back.
function ledger() {
  const log: string[] = [], seen = new Set<string>(), on = { line: true, answers: true, refuses: "" };
  const tell = async (_: unknown, request: { n?: string }, id: string) => {
    await Promise.resolve();
    if (!on.line) throw noLine();
    if (request.n === on.refuses) throw refusal();
    if (!seen.has(id)) log.push(request.n ?? "");
    seen.add(id);
    if (!on.answers) throw noLine();
  };
  return { log, on, tell };
}

const say = (box: Outbox, n: string) => box.send("ItemService/RecordContributions", { n }, "item:a", `text ${n}`);

test("With a line a command goes out at once and leaves nothing behind", async () => {
  const kept = browser(), { log, tell } = ledger(), box = new Outbox("k", kept, tell);
  assert.equal(await say(box, "1"), true);
  assert.deepEqual(log, ["1"]);
  assert.equal(kept.getItem("k"), null);
});

test("Without a line commands wait, survive a reload, and go out in order, once", async () => {
  const kept = browser(), { log, on, tell } = ledger();
  on.line = false;
  const box = new Outbox("k", kept, tell);
  assert.equal(await say(box, "1"), false);
  assert.equal(await say(box, "2"), false);
  assert.deepEqual(box.unsent.value.map((u) => [u.text, u.failed]), [["text 1", true], ["text 2", true]]);

  const reloaded = new Outbox("k", kept, tell);
  assert.deepEqual(reloaded.unsent.value.map((u) => u.about), ["item:a", "item:a"]);
  on.line = true;
  await reloaded.flush();
  assert.deepEqual(log, ["1", "2"]);
  assert.equal(kept.getItem("k"), null);
  await reloaded.flush();
  assert.deepEqual(log, ["1", "2"]);
});

test("When the answer is lost the same command is sent again, and counts once", async () => {
  const { log, on, tell } = ledger(), box = new Outbox("k", browser(), tell);
  on.answers = false;
  assert.equal(await say(box, "1"), false);
  on.answers = true;
  await box.flush();
  assert.deepEqual([log, box.unsent.value], [["1"], []]);
});

test("A refusal comes to whoever waits for it, and does not hold up the others", async () => {
  const { log, on, tell } = ledger(), box = new Outbox("k", browser(), tell);
  on.refuses = "bad";
  const [bad, good] = await Promise.allSettled([say(box, "bad"), say(box, "good")]);
  assert.equal(bad.status, "rejected");
  assert.deepEqual(good, { status: "fulfilled", value: true });
  assert.deepEqual([log, box.unsent.value], [["good"], []]);
});

test("A refusal after whoever sent it has gone on stays to be read, tried again or taken out", async () => {
  const { log, on, tell } = ledger(), box = new Outbox("k", browser(), tell);
  on.line = false;
  await say(box, "bad");
  await say(box, "good");
  Object.assign(on, { line: true, refuses: "bad" });
  await box.flush();
  assert.deepEqual(log, ["good"]);
  assert.deepEqual(box.unsent.value.map((u) => [u.text, u.refused?.key]), [["text bad", "catalogue/missing"]]);
  on.refuses = "";
  await box.again(box.unsent.value[0]!.id);
  assert.deepEqual([log, box.unsent.value], [["good", "bad"], []]);
});

test("Two tabs of one person send each command once, and both end empty", async () => {
  const kept = browser(), { log, tell } = ledger();
  let last = Promise.resolve();
  const alone = (work: () => Promise<void>) => last = last.then(work); // as the browser's lock: one after the other
  const one = new Outbox("k", kept, tell, alone), two = new Outbox("k", kept, tell, alone);
  assert.deepEqual(await Promise.all([say(one, "1"), say(two, "2"), say(one, "3")]), [true, true, true]);
  assert.deepEqual(log, ["1", "2", "3"]);
  one.read(); // what the storage event does
  two.read();
  assert.deepEqual([one.unsent.value, two.unsent.value, kept.getItem("k")], [[], [], null]);
});

test("People who take turns on a device each have their own box", async () => {
  const kept = browser(), { on, tell } = ledger();
  on.line = false;
  await say(new Outbox("ada", kept, tell), "1");
  assert.deepEqual(new Outbox("bruno", kept, tell).unsent.value, []);
});

test("What is kept and cannot be read is no reason to stop", () => {
  const kept = browser();
  kept.setItem("k", "{");
  assert.deepEqual(new Outbox("k", kept, ledger().tell).unsent.value, []);
});

test("What was refused because nobody is signed in stays, in order, until whoever sent it has come in again", async () => {
  const kept = browser(), { log, tell } = ledger();
  let signedIn = false;
  const box = new Outbox("ada", kept, (name, request, id) => signedIn ? tell(name, request, id) : Promise.reject(new Refusal({ key: "account/signed-out" }, "account/signed-out")));
  assert.deepEqual(await Promise.all([say(box, "1"), say(box, "2")]), [false, false], "they wait");
  assert.deepEqual(box.unsent.value.map((u) => [u.text, u.failed, u.refused]), [["text 1", true, undefined], ["text 2", true, undefined]]);
  assert.notEqual(kept.getItem("ada"), null);
  signedIn = true;
  await box.flush();
  assert.deepEqual([log, box.unsent.value, kept.getItem("ada")], [["1", "2"], [], null]);
});

test("Only what says nothing about the command is tried again", () => {
  for (const code of ["account/signed-out", "bus/timeout", "bus/unavailable", "eventlog/unknown-outcome", "gateway/stopping", "gateway/busy"]) assert.ok(isPassing(new Refusal({ key: "catalogue/missing" }, code)), code);
  for (const code of ["item/nothing-said", "gateway/not-permitted", "bus/internal", ""]) assert.ok(!isPassing(new Refusal({ key: "catalogue/missing" }, code)), code);
});
