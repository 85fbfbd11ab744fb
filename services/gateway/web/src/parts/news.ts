// What is new between two states of a session, as messages for who hears the screen. At most one a kind: a burst must not become a speech.
import type { SessionViewJson } from "../gen/tavolo/api/v1/record_pb";
import type { Message } from "../words";
import { named, people } from "./people";

export interface News extends Message {
  // The screen shows it in its place right below.
  shown?: boolean;
}

// newsOf leaves out what the person here said: that is no news to them.
export function newsOf(before: SessionViewJson, after: SessionViewJson, mine?: string): News[] {
  const news: News[] = [], all = people(after.seats);
  const said = contributions(after).filter((c) => !(mine && c.by === mine) && !contributions(before).some((o) => o.key === c.key));
  if (said.length === 1) news.push({ key: "web/news-said", with: { who: named(all, said[0]!.by) } });
  if (said.length > 1) news.push({ key: "web/news-said-n", with: { n: said.length } });
  for (const d of decisions(after)) {
    const was = decisions(before).find((o) => o.id === d.id)?.phase;
    if (d.phase === was) continue;
    if (d.phase === "DECISION_PHASE_OPEN") news.push({ key: "web/news-open", with: { question: d.question ?? "" } });
    if (d.phase === "DECISION_PHASE_CLOSED") news.push({ key: "web/news-closed", with: { question: d.question ?? "" } });
  }
  const there = present(after), was = present(before);
  if (there !== was) news.push({ key: "web/news-there", with: { n: there } });
  if (after.session?.phase !== before.session?.phase) {
    if (after.session?.phase === "SESSION_PHASE_OPEN") news.push({ key: "web/news-begun" });
    if (after.session?.phase === "SESSION_PHASE_CLOSED") news.push({ key: "web/news-over" });
  }
  return news;
}

const decisions = (view: SessionViewJson) => (view.items ?? []).flatMap((i) => i.decisions ?? []);
const present = (view: SessionViewJson) => (view.seats ?? []).filter((s) => s.present).length;
const contributions = (view: SessionViewJson) =>
  (view.items ?? []).flatMap((i) => (i.contributions ?? []).map((c) => ({ key: `${i.id} ${c.number}`, by: c.by })));
