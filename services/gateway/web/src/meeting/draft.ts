// What is being typed. It is kept in the tab, by person, session, item and form, so that neither a reload nor a lost line takes it away.
import { useRef, useState } from "preact/hooks";
import type { ItemViewJson } from "../gen/tavolo/api/v1/record_pb";
import { me } from "../me";
import type { Here } from "./here";
import type { Said } from "./said";

// What is open: a new contribution, or something that hangs on another.
export type Writing = "new" | "answer" | "amend" | "take" | "word";

// draftKey is where the draft of a contribution is kept.
export const draftKey = (here: Here, item: ItemViewJson, what: Writing, c?: Said): string => `${here.session}:${item.id}:${what}:${c?.number ?? 0}`;

const name = (key: string): string => `tavolo-draft:${me.value?.account ?? ""}:${key}`;

// kept reads a draft. Undefined: nothing was typed.
export function kept<T>(key: string): T | undefined {
  try {
    return JSON.parse(sessionStorage.getItem(name(key)) ?? "null") as T ?? undefined;
  } catch {
    return undefined; // a browser that keeps nothing, or something else of the same name
  }
}

export function keep(key: string, value: unknown): void {
  try {
    if (value === undefined) sessionStorage.removeItem(name(key));
    else sessionStorage.setItem(name(key), JSON.stringify(value));
  } catch {
    // not kept; it is still on the screen
  }
}

// useDraft gives what is being typed, from what was kept or else from `first`; clear forgets it. latest is what is typed by now, also in work that began a
// while ago.
export function useDraft<T extends object>(key: string, first: T): [T, (change: Partial<T>) => void, () => void, () => T] {
  const [value, set] = useState<{ key: string; now: T }>({ key, now: { ...first, ...kept<T>(key) } });
  const now = value.key === key ? value.now : { ...first, ...kept<T>(key) };
  const latest = useRef(now);
  latest.current = now;
  const change = (by: Partial<T>) => {
    const next = { ...latest.current, ...by };
    latest.current = next;
    keep(key, next);
    set({ key, now: next });
  };
  return [now, change, () => { keep(key, undefined); set({ key, now: first }); }, () => latest.current];
}
