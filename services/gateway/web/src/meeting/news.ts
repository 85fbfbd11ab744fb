// What is new in the room between two states, for who hears the screen: the item, the floor, a pause. Hands go up and down too often to be told. The cards
// right below show these too, so who looks at the screen need not read them twice.
import type { SessionViewJson } from "../gen/tavolo/api/v1/record_pb";
import { type News, newsOf } from "../parts/news";
import { named, people } from "../parts/people";
import { current } from "./here";

export function roomNews(before: SessionViewJson, after: SessionViewJson, mine: string | undefined): News[] {
  const news: News[] = [], all = people(after.seats), item = current(after);
  if (after.currentItem !== before.currentItem && item) news.push({ key: "web/room-news-item", with: { title: item.title ?? "" } });
  if (Boolean(after.paused) !== Boolean(before.paused) && after.session?.phase === "SESSION_PHASE_OPEN") news.push({ key: after.paused ? "web/room-news-paused" : "web/room-news-resumed" });
  const speaks = after.floor?.speaking;
  if (speaks && speaks !== before.floor?.speaking) news.push(speaks === mine ? { key: "web/room-you-speak" } : { key: "web/room-speaks", with: { who: named(all, speaks) } });
  return [...news.map((m) => ({ ...m, shown: true })), ...newsOf(before, after, mine)];
}
