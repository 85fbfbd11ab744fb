// What has just been done, for who hears the screen and for who looks: a message, so that it changes with the language. One place in the frame says it.
import { signal } from "@preact/signals";
import { type Message, say } from "../words";

const said = signal<{ message: Message; times: number } | undefined>(undefined);

const shownFor = 10_000; // milliseconds; what it says can be seen on the screen too
let end: ReturnType<typeof setTimeout> | undefined;

// announce says it politely; the same again is said again.
export function announce(message: Message): void {
  clearTimeout(end);
  end = setTimeout(hush, shownFor);
  said.value = { message, times: (said.value?.times ?? 0) + 1 };
}

export function hush(): void {
  said.value = undefined;
}

export function Announcer() {
  const now = said.value;
  return <div role="status" class="announcer">{now && <p key={now.times}>{say(now.message)}</p>}</div>;
}
