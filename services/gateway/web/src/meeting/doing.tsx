// Doing something: a button that can be pressed once at a time, and what is said when it did not work.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { Refusal, type Command, type Commands, tell } from "../api";
import { type People, named } from "../parts/people";
import { uuid } from "../uuid";
import { type Message, say } from "../words";

export interface Doing {
  busy: boolean;
  problem: Message | undefined;
  // work does something and tells whether it went well.
  work: (what: () => Promise<unknown>) => Promise<boolean>;
  // tell sends a command. Pressed again after the line failed, the same command goes out with the same id, so it counts once.
  tell: <C extends Command>(name: C, request: Commands[C]) => Promise<boolean>;
}

export function useDoing(): Doing {
  const [state, set] = useState<{ busy: boolean; problem?: Message | undefined; lost?: { what: string; id: string } | undefined }>({ busy: false });
  const work = async (what: () => Promise<unknown>): Promise<boolean> => {
    if (state.busy) return false;
    set({ busy: true });
    try {
      await what();
      set({ busy: false });
      return true;
    } catch (why) {
      set({ busy: false, problem: problemOf(why) });
      return false;
    }
  };
  return {
    ...state, problem: state.problem, work,
    tell: async (name, request) => {
      const what = `${name} ${JSON.stringify(request)}`, id = state.lost?.what === what ? state.lost.id : uuid();
      const done = await work(() => tell(name, request, id));
      if (!done) set((s) => ({ ...s, lost: { what, id } }));
      return done;
    },
  };
}

const problemOf = (why: unknown): Message => why instanceof Refusal ? why.says : { key: "web/error-other", with: { code: String(why) } };

// Trouble says what went wrong. People are named as the group names them.
export function Trouble({ of, all }: { of: { problem: Message | undefined }; all: People }) {
  if (!of.problem) return null;
  const args = of.problem.with, who = args?.participant;
  return <p role="alert" class="trouble">{say(typeof who === "string" ? { ...of.problem, with: { ...args, participant: named(all, who) } } : of.problem)}</p>;
}

type Look = "main" | "plain" | "small";
const looks: Record<Look, string> = { main: "btn btn-primary", plain: "btn btn-outline-primary", small: "act" };

// Act is a button. While something is under way it stays where it is and does nothing, so that the focus does not get lost.
export function Act({ look = "plain", busy = false, onClick, children, expanded, controls, submit = false, class: more = "" }: {
  look?: Look;
  busy?: boolean;
  onClick?: () => void;
  children: ComponentChildren;
  expanded?: boolean;
  controls?: string;
  submit?: boolean;
  class?: string;
}) {
  return (
    <button type={submit ? "submit" : "button"} class={`${looks[look]} ${more}`} aria-disabled={busy || undefined} aria-expanded={expanded} aria-controls={controls}
      onClick={(event) => { if (busy) event.preventDefault(); else onClick?.(); }}>
      {children}
    </button>
  );
}
