// Who spoke for how long: by perspective as one bar, and by person in a table behind it.
import { Bar } from "../parts/bar";
import { named } from "../parts/people";
import { Empty } from "../parts/screen";
import { Head, Row, Table } from "../parts/table";
import { constituency, duration, number, t } from "../words";
import type { Here } from "./here";

export interface Talked { who: string; seconds: number; contributions: number; people: number }

// talkOf gives persons and perspectives, the longest first. A record without measured time gives what can be added up from what was said.
export function talkOf({ view, all }: Pick<Here, "view" | "all">): { persons: Talked[]; perspectives: Talked[] } {
  const lines = (view.talk ?? []).map((l) => ({ who: l.who ?? "", seconds: l.seconds ?? 0, contributions: l.contributions ?? 0, people: l.people ?? 0 }));
  const longest = (a: Talked, b: Talked) => b.seconds - a.seconds;
  if (lines.length > 0) {
    const ofAll = (l: Talked) => l.who.startsWith("constituency:");
    return { persons: lines.filter((l) => !ofAll(l)).sort(longest), perspectives: lines.filter(ofAll).map((l) => ({ ...l, who: l.who.slice("constituency:".length) })).sort(longest) };
  }
  const persons = new Map<string, Talked>(), perspectives = new Map<string, Talked>();
  const add = (to: Map<string, Talked>, who: string, seconds: number, contributions: number, people: number) => {
    const was = to.get(who) ?? { who, seconds: 0, contributions: 0, people: 0 };
    to.set(who, { who, seconds: was.seconds + seconds, contributions: was.contributions + contributions, people: was.people + people });
  };
  for (const p of view.seats ?? []) add(perspectives, p.constituency ?? "", 0, 0, 1);
  for (const c of (view.items ?? []).flatMap((i) => i.contributions ?? [])) {
    add(persons, c.by ?? "", c.seconds ?? 0, 1, 0);
    add(perspectives, all.get(c.by ?? "")?.constituency ?? "", c.seconds ?? 0, 1, 0);
  }
  return { persons: [...persons.values()].sort(longest), perspectives: [...perspectives.values()].sort(longest) };
}

export function Talk({ here }: { here: Here }) {
  const { persons, perspectives } = talkOf(here), total = perspectives.reduce((sum, l) => sum + l.seconds, 0);
  if (total === 0) return <Empty>{t("web/speaking-none")}</Empty>;
  return (
    <>
      <Bar share caption={t("web/speaking-caption", { time: duration(total) })} of={[t("web/constituency"), t("web/time")]}
        parts={perspectives.map((l, i) => ({ name: constituency(l.who), value: l.seconds, said: duration(l.seconds), look: `tone-${i % 9 + 1}` }))} />
      <details class="fold">
        <summary>{t("web/room-talk-persons")}</summary>
        <Table narrow caption={t("web/room-talk-persons-caption")} columns={[t("web/who"), t("web/time"), t("web/room-talk-times")]}>
          {persons.map((l) => (
            <Row key={l.who}><Head>{named(here.all, l.who)}</Head><td role="cell">{duration(l.seconds)}</td><td role="cell">{number(l.contributions)}</td></Row>
          ))}
        </Table>
      </details>
    </>
  );
}
