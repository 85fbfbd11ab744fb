// Words and ballots that must not get lost on a bad line. What is sent is first written down in the browser, then sent, and crossed out when it is in the
// log; until then it is sent again, in order, always with the same command id, so it counts once. It survives a reload, and every tab of the browser sees
// it. Gestures that are only right now (a hand, the floor, a pause) do not belong here: they are sent with `tell`.
//
// Each account has a box of its own, since people take turns on a shared device.
import { effect, signal } from "@preact/signals";
import { type Command, type Commands, Refusal, tell } from "./api";
import { state } from "./live";
import { me } from "./me";
import { uuid } from "./uuid";
import type { Message } from "./words";

// Unsent is a command that is not known to be in the log.
export interface Unsent {
  id: string;
  name: Command;
  request: object;
  // What it is about, in the words of the screen that sent it, such as "ballot:<decision>:<participant>": to find it again.
  about: string;
  // What somebody typed, to show it while it waits.
  text: string;
  // It was tried, and nobody knows whether it arrived.
  failed: boolean;
  // It was refused after whoever sent it had gone on: it waits for them to try again or take it out.
  refused?: Message | undefined;
}

// Kept is where a box is written down: localStorage, or the memory of a browser that keeps nothing.
export type Kept = Pick<Storage, "getItem" | "setItem" | "removeItem">;
type Tell = (name: Command, request: never, id: string) => Promise<unknown>;
interface Waiter { arrived: (sent: boolean) => void; refused: (why: unknown) => void }

// Refusals that say nothing about the command itself: the same one may be accepted in a moment, or once whoever sent it has come in again.
const passing = /^(account\/signed-out|bus\/(timeout|unavailable)|eventlog\/(conflict|storage|unavailable|unknown-outcome)|gateway\/(busy|stopping|too-fast|too-slow))$/;
export const isPassing = (why: unknown): boolean => why instanceof Refusal && (why.says.key === "web/error-network" || passing.test(why.code));

// Outbox is the box of one account.
export class Outbox {
  // What is in it, in order.
  readonly unsent = signal<Unsent[]>([]);
  #waiters = new Map<string, Waiter>();
  #flushing: Promise<void> | undefined;
  #asked = false;

  constructor(readonly key: string, readonly kept: Kept, readonly tell: Tell, readonly alone: (work: () => Promise<void>) => Promise<void> = (work) => work()) {
    this.read();
  }

  // send writes a command down and tries it at once. True: it is in the log. False: it waits for the line, and nobody has to do anything. It throws a
  // Refusal, and then the command is out of the box again.
  send(name: Command, request: object, about = "", text = "", id = uuid()): Promise<boolean> {
    return new Promise((arrived, refused) => {
      this.#waiters.set(id, { arrived, refused });
      this.#change((list) => [...list, { id, name, request, about, text, failed: false }]);
      void this.flush();
    });
  }

  // flush sends what waits, in order, until the line fails. One tab at a time does it; asked for while it goes on, it goes round once more.
  flush(): Promise<void> {
    this.#asked = true;
    return this.#flushing ??= this.#rounds();
  }

  async #rounds(): Promise<void> {
    try {
      while (this.#asked) {
        this.#asked = false;
        await this.alone(() => this.#each());
      }
    } finally {
      this.#flushing = undefined;
    }
  }

  async #each(): Promise<void> {
    for (;;) {
      this.read(); // another tab may have sent it meanwhile
      const next = this.unsent.value.find((u) => !u.refused);
      if (!next) return this.#settle(true);
      try {
        await this.tell(next.name, next.request as never, next.id);
      } catch (why) {
        if (isPassing(why)) {
          this.#change((list) => list.map((u) => u.refused ? u : { ...u, failed: true }));
          return this.#settle(false);
        }
        this.#refuse(next.id, why);
        continue;
      }
      this.#change((list) => list.filter((u) => u.id !== next.id));
      this.#take(next.id)?.arrived(true);
    }
  }

  // #settle answers everybody who still waits: what is no longer in the box was sent by another tab, what is refused was refused to another tab.
  #settle(all: boolean): void {
    for (const id of [...this.#waiters.keys()]) {
      const there = this.unsent.value.find((u) => u.id === id);
      if (there?.refused) this.#refuse(id, new Refusal(there.refused));
      else if (!there || !all) this.#take(id)?.arrived(!there);
    }
  }

  #refuse(id: string, why: unknown): void {
    const waiter = this.#take(id);
    const says: Message = why instanceof Refusal ? why.says : { key: "web/error-other", with: { code: String(why) } };
    this.#change((list) => waiter ? list.filter((u) => u.id !== id) : list.map((u) => u.id === id ? { ...u, refused: says } : u));
    waiter?.refused(why);
  }

  #take(id: string): Waiter | undefined {
    const waiter = this.#waiters.get(id);
    this.#waiters.delete(id);
    return waiter;
  }

  // again tries one that was refused; drop takes it out.
  again(id: string): Promise<void> {
    this.#change((list) => list.map((u) => u.id === id ? { ...u, refused: undefined } : u));
    return this.flush();
  }

  drop(id: string): void {
    this.#change((list) => list.filter((u) => u.id !== id));
  }

  // read takes over what another tab wrote.
  read(): void {
    const text = this.kept.getItem(this.key) ?? "[]";
    if (text === JSON.stringify(this.unsent.value)) return;
    this.unsent.value = parse(text);
  }

  #change(by: (list: Unsent[]) => Unsent[]): void {
    const list = by(parse(this.kept.getItem(this.key) ?? "[]"));
    if (list.length > 0) this.kept.setItem(this.key, JSON.stringify(list));
    else this.kept.removeItem(this.key);
    this.unsent.value = list;
  }
}

function parse(text: string): Unsent[] {
  try {
    const list = JSON.parse(text) as unknown;
    return Array.isArray(list) ? list as Unsent[] : [];
  } catch {
    return []; // not ours
  }
}

// memory stands in for a browser that keeps nothing: then a reload loses what waits.
function memory(): Kept {
  const held = new Map<string, string>();
  return { getItem: (k) => held.get(k) ?? null, setItem: (k, v) => void held.set(k, v), removeItem: (k) => void held.delete(k) };
}

function keeper(): Kept {
  try {
    localStorage.getItem("tavolo-outbox");
    return localStorage;
  } catch {
    return memory();
  }
}

const prefix = "tavolo-outbox:", retryEvery = 5_000; // milliseconds between tries while something waits
const boxes = new Map<string, Outbox>();

// outbox gives the box of the person who is at this device.
export const outbox = (): Outbox => boxOf(prefix + (me.value?.account ?? ""));

function boxOf(key: string): Outbox {
  let box = boxes.get(key);
  if (!box) boxes.set(key, box = new Outbox(key, keeper(), tell as Tell, (work) => navigator.locks ? navigator.locks.request(key, work) : work()));
  return box;
}

// The boxes of those who are not here now and left something; they had come in, and so have an account.
function left(): Outbox[] {
  const keeps = keeper(), keys = new Set([...boxes.keys(), ...keeps instanceof Storage ? Object.keys(keeps) : []]), own = outbox().key;
  return [...keys].filter((key) => key.startsWith(prefix) && key !== prefix && key !== own).map(boxOf);
}

// leftHere counts what others left on this device; dropLeft takes it away.
export const leftHere = (): number => left().reduce((n, box) => n + box.unsent.value.length, 0);
export const dropLeft = (): void => left().forEach((box) => box.unsent.value.forEach((u) => box.drop(u.id)));

// send sends a command of this person by their box; see Outbox.send.
export const send = <C extends Command>(name: C, request: Commands[C], about = "", text = ""): Promise<boolean> => outbox().send(name, request as object, about, text);

// unsent gives what waits, of this person, for a screen to show; refused and failed ones only, for what is on its way at the first try needs no word.
export const unsent = (about = ""): Unsent[] => outbox().unsent.value.filter((u) => (u.failed || u.refused) && (about === "" || u.about === about));

// startOutbox sends what waits whenever the line may be back. The page calls it once.
export function startOutbox(): void {
  const flush = () => { if (me.value?.account) void outbox().flush(); };
  effect(() => { if (me.value?.account && state.value === "live") flush(); });
  addEventListener("online", flush);
  addEventListener("storage", (event) => { if (event.key?.startsWith(prefix)) outbox().read(); });
  setInterval(() => { if (outbox().unsent.value.some((u) => u.failed && !u.refused)) flush(); }, retryEvery);
}
