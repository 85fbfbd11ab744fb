// Says whether what is on the screen follows the record, and what is new. Both are messages, so that they change with the language.
import { state } from "../live";
import { type Key, type Message, say, t } from "../words";

const says: Record<typeof state.value, Key> = { joining: "web/live-joining", live: "web/live-on", broken: "web/live-broken", behind: "web/live-behind" };

// Several news at once are several sentences.
const sentence = (text: string): string => /[.!?…]$/.test(text) ? text : `${text}.`;

export function LiveNote({ news = [] }: { news?: Message[] }) {
  return (
    <div class="live">
      <p role="status" class={`live-state ${state.value}`}>{t(says[state.value])}</p>
      <p role="status" class="news">{news.map((m) => sentence(say(m))).join(" ")}</p>
    </div>
  );
}
