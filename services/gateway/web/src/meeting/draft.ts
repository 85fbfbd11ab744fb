// What is being typed. It is kept in the tab, by person, session, item and form, so that neither a reload nor a lost line takes it away.
import { useState } from "preact/hooks";
import { me } from "../me";

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

// useDraft gives what is being typed, from what was kept or else from `first`; clear forgets it.
export function useDraft<T extends object>(key: string, first: T): [T, (change: Partial<T>) => void, () => void] {
  const [value, set] = useState<{ key: string; now: T }>({ key, now: { ...first, ...kept<T>(key) } });
  const now = value.key === key ? value.now : { ...first, ...kept<T>(key) };
  const change = (by: Partial<T>) => {
    const next = { ...now, ...by };
    keep(key, next);
    set({ key, now: next });
  };
  return [now, change, () => { keep(key, undefined); set({ key, now: first }); }];
}
