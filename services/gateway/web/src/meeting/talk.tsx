// Who spoke for how long: by perspective as one bar, and by person in a table behind it.
import type { SessionViewJson } from "../gen/tavolo/api/v1/record_pb";
import { Bar } from "../parts/bar";
import { named } from "../parts/people";
import { Empty } from "../parts/screen";
import { Head, Row, Table } from "../parts/table";
import { constituency, duration, number, t } from "../words";
import type { Here } from "./here";

export interface Talked { who: string; seconds: number; contributions: number }

// talkOf gives persons and perspectives, the longest first.
export function talkOf(view: SessionViewJson): { persons: Talked[]; perspectives: Talked[] } {
  const lines = (view.talk ?? []).map((l) => ({ who: l.who ?? "", seconds: l.seconds ?? 0, contributions: l.contributions ?? 0 })).sort((a, b) => b.seconds - a.seconds);
  const together = "constituency:";
  return {
    persons: lines.filter((l) => !l.who.startsWith(together)),
    perspectives: lines.filter((l) => l.who.startsWith(together)).map((l) => ({ ...l, who: l.who.slice(together.length) })),
  };
}

export function Talk({ here }: { here: Here }) {
  const { persons, perspectives } = talkOf(here.view), total = perspectives.reduce((sum, l) => sum + l.seconds, 0);
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
