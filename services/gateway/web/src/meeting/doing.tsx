// Doing something with a button: one thing at a time, and what is said when it did not work.
import type { ComponentProps } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Refusal, type Command, type Commands, tell } from "../api";
import { state } from "../live";
import { Button, useSending } from "../parts/form";
import { type People, named } from "../parts/people";
import { type Message, say } from "../words";

export interface Doing {
  busy: boolean;
  problem: Message | undefined;
  // work does something and tells whether it went well.
  work: (what: () => Promise<unknown>) => Promise<boolean>;
  // tell sends a command.
  tell: <C extends Command>(name: C, request: Commands[C]) => Promise<boolean>;
}

export function useDoing(): Doing {
  const { busy, refused, send } = useSending(), [over, setOver] = useState<Refusal | undefined>(undefined), was = useRef(state.value);
  useEffect(() => { // that Tavolo does not answer is true until the line is back
    if (was.current !== "live" && state.value === "live" && refused?.says.key === "web/error-network") setOver(refused);
    was.current = state.value;
  }, [state.value]);
  return { busy, problem: refused === over ? undefined : refused?.says, work: send, tell: (name, request) => send(() => tell(name, request)) };
}

// Trouble says what went wrong, at once.
export function Trouble({ of, all }: { of: { problem: Message | undefined }; all: People }) {
  return <div role="alert">{of.problem && <p class="notice bad">{say(byName(of.problem, all))}</p>}</div>;
}

// byName has a message call people as the group does.
function byName(message: Message, all: People): Message {
  const who = message.with?.participant;
  return typeof who === "string" ? { ...message, with: { ...message.with, participant: named(all, who) } } : message;
}

// naming has the refusals of a piece of work call people as the group does.
export async function naming<T>(all: People, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (why) {
    throw why instanceof Refusal ? new Refusal(byName(why.says, all), why.code) : why;
  }
}

// Act is a button that is plain unless it says otherwise.
export const Act = ({ look = "plain", ...rest }: Omit<ComponentProps<typeof Button>, "look"> & { look?: "main" | "plain" | "away" | "small"; controls?: string }) => <Button look={look} {...rest} />;
