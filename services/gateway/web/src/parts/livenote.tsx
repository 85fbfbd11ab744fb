// Says whether what is on the screen follows the record, and what is new. Both are messages, so that they change with the language.
import { state } from "../live";
import { type Key, say, t } from "../words";
import type { News } from "./news";

const says: Record<typeof state.value, Key> = { joining: "web/live-joining", live: "web/live-on", broken: "web/live-broken", behind: "web/live-behind" };

// Several news at once are several sentences.
const sentence = (text: string): string => /[.!?…]$/.test(text) ? text : `${text}.`;

export function LiveNote({ news = [] }: { news?: News[] }) {
  return (
    <div class="live">
      <p role="status" class={`live-state ${state.value}`}>{t(says[state.value])}</p>
      <p role="status" class="news">{news.map((m, i) => <span key={i} class={m.shown ? "visually-hidden" : undefined}>{sentence(say(m))} </span>)}</p>
    </div>
  );
}
