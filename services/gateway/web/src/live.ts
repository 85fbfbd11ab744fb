// Documents that change while they are read. One WebSocket carries all that a screen follows:
//
//	► {"subscribe": {workspace, topic, since}}     since: the sequence of what is on the screen
//	◄ {"snapshot"|"patch"|"current": {workspace, topic, sequence, data}}
//	◄ {"error": {code, workspace, topic}}
//
// A screen first asks its question as any other (api.ts), so it can be read without a socket; then it follows from the sequence of the answer. When the
// connection breaks it is made again, by itself, later each time, and the document goes on from the last sequence seen: nothing is missed or twice.
import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { type Answers, type Asked, type Asks, type Question, ask, useAsked } from "./api";
import { type Json, merge } from "./mergepatch";

// State of the connection. "broken": it was lost and is being made again; "behind": the server says that what is shown may be old.
export type State = "joining" | "live" | "broken" | "behind";
export const state = signal<State>("joining");

interface Follower {
  workspace: string;
  topic: string;
  since: string;
  document: Json;
  show: (document: Json) => void;
}

interface Said {
  workspace?: string;
  topic?: string;
  sequence?: string;
  data?: Json;
  code?: string;
}

const firstWait = 500, longestWait = 10_000; // milliseconds before a connection is tried again
const checkEvery = 45_000, answerWithin = 10_000; // a line can be dead without anybody being told: ask now and then

// Line is the connection. It exists while somebody follows something.
class Line {
  #socket: WebSocket | undefined;
  #followers = new Set<Follower>();
  #wait = firstWait;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #check: ReturnType<typeof setInterval> | undefined;
  #overdue: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    addEventListener("online", () => this.#now());
    addEventListener("visibilitychange", () => document.hidden || this.#now());
  }

  follow(f: Follower): () => void {
    this.#followers.add(f);
    if (this.#socket?.readyState === WebSocket.OPEN) this.#subscribe(f);
    else if (!this.#socket && !this.#retry) this.#open();
    return () => {
      this.#followers.delete(f);
      if (this.#socket?.readyState === WebSocket.OPEN) this.#send({ unsubscribe: { workspace: f.workspace, topic: f.topic } });
      if (this.#followers.size === 0) this.#hangUp();
    };
  }

  #now(): void {
    if (!this.#retry) return;
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#open();
  }

  #open(): void {
    if (state.value !== "broken") state.value = "joining";
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/v1/live`);
    this.#socket = socket;
    socket.onopen = () => {
      this.#wait = firstWait;
      for (const f of this.#followers) this.#subscribe(f);
      this.#check = setInterval(() => this.#ask(), checkEvery);
    };
    socket.onmessage = (event) => this.#hear(String(event.data));
    socket.onclose = () => this.#lost(socket);
  }

  #lost(socket: WebSocket): void {
    if (socket !== this.#socket) return;
    this.#rest();
    if (this.#followers.size === 0) return;
    state.value = "broken";
    this.#retry = setTimeout(() => this.#now(), this.#wait * (0.75 + Math.random() / 2));
    this.#wait = Math.min(this.#wait * 2, longestWait);
  }

  #hangUp(): void {
    const socket = this.#socket;
    this.#rest();
    clearTimeout(this.#retry);
    this.#retry = undefined;
    socket?.close();
    state.value = "joining";
  }

  #rest(): void {
    this.#socket = undefined;
    clearInterval(this.#check);
    clearTimeout(this.#overdue);
    this.#overdue = undefined;
  }

  // #ask has every document confirmed; a line that does not answer is given up.
  #ask(): void {
    const socket = this.#socket;
    for (const f of this.#followers) this.#subscribe(f);
    this.#overdue ??= setTimeout(() => {
      if (!socket || socket !== this.#socket) return;
      this.#lost(socket);
      socket.close();
    }, answerWithin);
  }

  #subscribe(f: Follower): void {
    this.#send({ subscribe: { workspace: f.workspace, topic: f.topic, since: f.since } });
  }

  #send(message: Json): void {
    this.#socket?.send(JSON.stringify(message));
  }

  #hear(text: string): void {
    clearTimeout(this.#overdue);
    this.#overdue = undefined;
    const message = JSON.parse(text) as Partial<Record<"snapshot" | "patch" | "current" | "error", Said>>;
    const said = message.snapshot ?? message.patch ?? message.current;
    if (!said) {
      state.value = "behind";
      return;
    }
    state.value = "live";
    for (const f of this.#followers) {
      if (f.workspace !== said.workspace || f.topic !== said.topic) continue;
      f.since = said.sequence ?? f.since;
      if (message.current || said.data === undefined) continue;
      f.document = message.snapshot ? said.data : merge(f.document, said.data);
      f.show(f.document);
    }
  }
}

let line: Line | undefined;

// useLive asks a question whose answer is a document with a sequence, and follows it from there.
export function useLive<Q extends Question>(question: Q, request: Asks<Q>, workspace: string, topic: string): Asked<Answers<Q>> {
  const asked = useAsked(`${workspace} ${topic}`, (signal) => ask(question, request, signal));
  const [shown, show] = useState<{ first: Answers<Q>; now: Answers<Q> } | undefined>(undefined);
  const first = asked.data;
  useEffect(() => {
    if (!first) return;
    line ??= new Line();
    return line.follow({
      workspace, topic, since: (first as { sequence?: string }).sequence ?? "0", document: first as Json,
      show: (document) => show({ first, now: document as Answers<Q> }),
    });
  }, [first, workspace, topic]);
  return { ...asked, data: shown && shown.first === first ? shown.now : first };
}

// useLiveAll follows many documents of one kind that are on the screen together, and gives them as they are now. `first` is what a question answered: a new
// answer begins anew.
export function useLiveAll<T extends { sequence?: string }>(first: readonly T[], of: (one: T) => { workspace: string; topic: string }): readonly T[] {
  const [shown, show] = useState<{ first: readonly T[]; now: readonly T[] }>({ first, now: first });
  useEffect(() => {
    line ??= new Line();
    const ends = first.map((one, i) => line!.follow({
      ...of(one), since: one.sequence ?? "0", document: one as Json,
      show: (document) => show((before) => ({ first, now: (before.first === first ? before.now : first).map((was, j) => j === i ? document as T : was) })),
    }));
    return () => { for (const end of ends) end(); };
  }, [first]);
  return shown.first === first ? shown.now : first;
}
