// Why somebody had a role: the rule that fired, what would have made it decisive, the figures beside it, and the events that prove it.
import { ask, useAsked } from "../api";
import type { ObstacleJson, StrengthJson, WhyResponseJson } from "../gen/tavolo/api/v1/roles_pb";
import { hundred } from "../rule";
import { type Key, dayAndTime, duration, has, spoken, t } from "../words";
import { sentence } from "./roles";
import { Loading, Problem } from "./screen";
import { Cell, Head, Row, Table } from "./table";

export function Why({ workspace, decision, sequence, who, asOf }: {
  workspace: string;
  decision: string;
  sequence: string;
  who: string;
  // The record as it stood then. Undefined: now.
  asOf?: string | undefined;
}) {
  const asked = useAsked(`${decision} ${who} ${sequence}`, (signal) => ask("RoleService/Why", { workspace, decision, who, atLeastSequence: sequence, ...asOf && { asOf } }, signal));
  if (asked.problem) return <Problem asked={asked} />;
  return asked.data ? <Answer a={asked.data} /> : <Loading />;
}

function Answer({ a }: { a: WhyResponseJson }) {
  const j = a.judgement ?? {};
  return (
    <div class="answer">
      <p><strong class="rule-id">{t("web/rule-id", { rule: String(j.rule ?? 0) })}</strong> {sentence("reason", j.reason)}</p>
      {j.roleAtDecision && j.roleAtDecision !== j.role && <p>{t("why/at-decision", { role: t(`role/${j.roleAtDecision}` as Key) })}</p>}
      <Obstacles list={a.obstacles ?? []} free={a.decisiveWithout ?? false} />
      <Figures power={j.power} pivotal={j.pivotal} s={a.strength ?? {}} />
      <Proof a={a} />
    </div>
  );
}

function Obstacles({ list, free }: { list: ObstacleJson[]; free: boolean }) {
  if (list.length === 0) return null;
  return (
    <>
      <p class="mb-1">{t("why/in-the-way")}</p>
      <ul>{list.map((o) => <li key={`${o.rule} ${o.remedy}`}>{t("web/rule-id", { rule: String(o.rule ?? 0) })} {sentence("remedy", o.remedy)}</li>)}</ul>
      {free && <p>{t("why/otherwise-decisive")}</p>}
    </>
  );
}

function Figures({ power, pivotal, s }: { power: string | undefined; pivotal: string | undefined; s: StrengthJson }) {
  const figures: string[] = [], n = hundred(power);
  if (n !== undefined) figures.push(n === 0 ? t("web/power-zero") : t("web/power", { hundred: n }));
  if (pivotal === "true" || pivotal === "false") figures.push(t(pivotal === "true" ? "web/pivotal" : "web/not-pivotal"));
  if ((s.margin ?? 0) > 0) figures.push(t("web/margin", { n: s.margin ?? 0 }));
  if ((s.secondsAll ?? 0) > 0) figures.push(t("web/spoke", { time: duration(s.seconds ?? 0), all: duration(s.secondsAll ?? 0) }));
  if ((s.adviceGiven ?? 0) > 0) figures.push(t("web/advice-answered", { given: s.adviceGiven ?? 0, answered: s.adviceAnswered ?? 0 }));
  if (figures.length === 0) return null;
  return <ul class="figures">{figures.map((f) => <li key={f}>{f}</li>)}</ul>;
}

function Proof({ a }: { a: WhyResponseJson }) {
  const columns = [t("web/sequence"), t("web/event"), t("web/when")];
  if ((a.proof ?? []).length === 0) return <p>{t("web/no-proof")}</p>;
  return (
    <Table caption={t("why/proof")} columns={columns}>
      {(a.proof ?? []).map((p) => (
        <Row key={p.sequence}>
          <Head>{p.sequence}</Head>
          <Cell of={columns[1]!}>{(p.events ?? []).map((e) => <span key={e} class="d-block">{event(e)} {code(e)}</span>)}</Cell>
          <Cell of={columns[2]!}>{p.occurredAt && dayAndTime(p.occurredAt)}</Cell>
        </Row>
      ))}
    </Table>
  );
}

// code is the name of the contract, for whoever looks an event up; it stands beside the words, and in easy Italian only where there are none.
const code = (name: string) => (spoken.value.language === "it-x-facile" && event(name) ? undefined : <code>{name}</code>);

// event says an event in words, by its name in the contract.
function event(name: string): string {
  const key = `web/event-${name.replaceAll("_", "-")}`;
  return has(key) ? t(key) : "";
}
