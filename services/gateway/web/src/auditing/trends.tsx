// Figures beside the roles, quarter by quarter: for each a picture and a table with the same numbers. A quarter in which nothing was counted has no point.
import { ask, useAsked } from "../api";
import type { GetFiguresRequestJson, TrendPointJson, TrendShareJson } from "../gen/tavolo/api/v1/evidence_pb";
import { Empty, Loading, Problem } from "../parts/screen";
import { Cell, Head, Row, Table } from "../parts/table";
import { type Key, number, t } from "../words";
import { interval, percent } from "./shares";
import { quarterOf } from "./filters";

// Below five divergent decisions luck would say more than the share.
const fewest = 5;
type Measure = { name: Key; of: (p: TrendPointJson) => TrendShareJson | undefined; least?: number };
const measures: Measure[] = [
  { name: "web/strength-conditional", of: (p) => p.conditionalSuccess, least: fewest },
  { name: "web/strength-agenda", of: (p) => p.agenda }, { name: "web/strength-turns", of: (p) => p.turns },
  { name: "web/strength-answered", of: (p) => p.answered }, { name: "web/strength-implemented", of: (p) => p.implemented },
];

// Trends asks about what the figures ask about: one workspace, or all departments of the period together.
export function Trends({ asks }: { asks: GetFiguresRequestJson }) {
  const asked = useAsked(`trends ${JSON.stringify(asks)}`, (signal) =>
    ask("EvidenceService/ListTrends", { ...asks, step: "TREND_STEP_QUARTER", level: asks.workspace ? "LEDGER_LEVEL_WORKSPACE" : "LEDGER_LEVEL_NATION" }, signal));
  if (asked.problem) return <Problem asked={asked} />;
  if (!asked.data) return <Loading />;
  const points = asked.data.series?.[0]?.points ?? [];
  if (points.length === 0) return <Empty>{t("web/audit-nothing")}</Empty>;
  return (
    <>
      <p>{t("web/trends-what")}</p>
      {measures.map((m) => <Line key={m.name} measure={m} points={points} />)}
      <Admission points={points} />
    </>
  );
}

const quarter = (p: TrendPointJson): string => { const q = quarterOf(p.key ?? ""); return t("web/quarter-of", { n: q.n, year: q.year }); };

// told is the share of a point, when there is enough to tell one.
const told = (m: Measure, p: TrendPointJson): TrendShareJson | undefined => Number(m.of(p)?.share?.of ?? 0) >= (m.least ?? 1) ? m.of(p) : undefined;

function Line({ measure: m, points }: { measure: Measure; points: TrendPointJson[] }) {
  const counted = points.filter((p) => m.of(p)?.share?.of), columns = [t("web/quarter"), t("web/strength-value"), t("web/interval")];
  return (
    <>
      <h3>{t(m.name)}</h3>
      {counted.length === 0 ? <Empty>{t("web/trends-none")}</Empty> : (
        <div class="beside">
          <Picture shares={points.map((p) => told(m, p))} />
          <Table titled caption={t(m.name)} columns={columns}>
            {counted.map((p) => {
              const s = m.of(p)!, enough = told(m, p);
              return (
                <Row key={p.key}>
                  <Head>{quarter(p)}</Head>
                  <Cell of={columns[1]!}>{enough ? t("web/strength-of", { n: s.share!.n ?? 0, all: s.share!.of!, percent: percent(s.share) }) : t("web/strength-needs-five", { n: s.share!.of! })}</Cell>
                  <Cell of={columns[2]!}>{enough ? interval(s.interval) : "–"}</Cell>
                </Row>
              );
            })}
          </Table>
        </div>
      )}
    </>
  );
}

// Picture goes from 0 at the bottom to 100 at the top: a dot for each share, its interval as a bar, and a line between neighbours.
function Picture({ shares }: { shares: (TrendShareJson | undefined)[] }) {
  const step = 300 / shares.length, x = (i: number) => step * (i + 0.5), y = (value: string | undefined) => 110 - Number(value ?? 0);
  const lines = shares.flatMap((s, i) => s && shares[i + 1] ? [{ from: s, to: shares[i + 1]!, i }] : []);
  return (
    <svg class="trend" viewBox="0 0 300 120" aria-hidden="true" focusable="false">
      {[10, 60, 110].map((at) => <line key={at} class="grid" x1="0" x2="300" y1={at} y2={at} />)}
      {lines.map(({ from, to, i }) => <line key={i} class="way" x1={x(i)} y1={y(from.share?.percent)} x2={x(i + 1)} y2={y(to.share?.percent)} />)}
      {shares.map((s, i) => s && (
        <g key={i}>
          <line class="span" x1={x(i)} x2={x(i)} y1={y(s.interval?.low)} y2={y(s.interval?.high)} />
          <circle cx={x(i)} cy={y(s.share?.percent)} r="4" />
        </g>
      ))}
    </svg>
  );
}

// Admission is no share: days from proposal to admission.
function Admission({ points }: { points: TrendPointJson[] }) {
  const counted = points.filter((p) => p.admitted), columns = [t("web/quarter"), t("web/trends-days"), t("web/trends-items")];
  if (counted.length === 0) return null;
  return (
    <>
      <h3>{t("web/trends-admission")}</h3>
      <Table titled caption={t("web/trends-admission")} columns={columns} narrow>
        {counted.map((p) => <Row key={p.key}><Head>{quarter(p)}</Head><Cell of={columns[1]!}>{number(Number(p.daysToAdmission ?? 0), undefined, 1)}</Cell><Cell of={columns[2]!}>{p.admitted}</Cell></Row>)}
      </Table>
    </>
  );
}
