// Figures beside the roles: what votes could do, who spoke and proposed, what was answered and carried out. Each with one sentence of what it means and
// where the formula comes from. They never decide a role.
import type { ComponentChildren } from "preact";
import { ask, useAsked } from "../api";
import type { GetFiguresResponseJson, TableShareJson } from "../gen/tavolo/api/v1/evidence_pb";
import { A, Loading, Problem, Section } from "../parts/screen";
import { Cell, Head, Row, Table } from "../parts/table";
import { address, initiativeOf } from "../route";
import type { Page } from "../screens/audit";
import { type Key, dayAndTime, number, t } from "../words";
import { interval, percent } from "./shares";
import { FilterForm, Whose } from "./filterform";
import { question, read } from "./filters";
import { type Refused, questions, refusedItems } from "./questions";
import { type Source, Sources } from "./sources";
import { Trends } from "./trends";

// Strength is about one workspace, whose choices the filters offer (of), or about several departments together, whose decisions it cannot name.
export function Strength({ workspace = "", departments, query, page, of }: { workspace?: string; departments?: string[]; query: string; page: string; of?: Page["of"] }) {
  const asks = question(workspace, read(query));
  if (departments) asks.period = { ...asks.period, departments };
  const asked = useAsked(`strength ${workspace} ${departments?.join() ?? ""} ${query}`, async (signal) => {
    const f = await ask("EvidenceService/GetFigures", asks, signal);
    const [named, refused] = await Promise.all([
      [f.divergent, f.changedDecisions, f.overdue, f.implementationRefused].some((list) => list?.length) ? questions(workspace, f.asOf, signal) : new Map<string, string>(),
      refusedItems(workspace, f.refusedItems ?? [], signal),
    ]);
    return { f, named, refused };
  });
  return (
    <>
      <Whose page={page} query={query} />
      <FilterForm page={page} query={query} decisions={of} />
      {asked.problem ? <Problem asked={asked} /> : !asked.data ? <Loading /> : (
        <>
          <Section id="strength" title={t("web/audit-strength")}>
            <p>{t("web/strength-intro")}</p>
            <p role="status" class="under">{t("web/strength-read", { when: dayAndTime(asked.data.f.asOf ?? "") })}</p>
            <Figures workspace={workspace} {...asked.data} />
          </Section>
          <Section id="trends" title={t("web/audit-trend")}><Trends asks={{ ...asks, period: { ...asks.period, asOf: asked.data.f.asOf! } }} /></Section>
        </>
      )}
    </>
  );
}

interface Measure {
  name: Key;
  means: Key;
  from: readonly Source[];
  value: string;
  // Full ids of the decisions, or of the refused items, behind it.
  decisions?: string[] | undefined;
  items?: string[] | undefined;
}

const share = (s: TableShareJson | undefined): string => s?.of ? t("web/strength-of", { n: s.n ?? 0, all: s.of, percent: percent(s) }) : t("web/strength-nothing");
const over = (value: number | string | undefined, n: number | undefined, digits = 1): string =>
  n ? t("web/strength-over", { value: number(Number(value ?? 0), undefined, digits), n }) : t("web/strength-nothing");

// middle is a figure that stands on n cases, without saying how many.
const middle = (value: number | string | undefined, n: number | undefined, digits = 1): string => n ? number(Number(value ?? 0), undefined, digits) : t("web/strength-nothing");

// conditional is not shown below five divergent decisions: luck would say more than the figure.
export function conditional(f: GetFiguresResponseJson): string {
  if (!f.enough) return t("web/strength-needs-five", { n: f.conditionalSuccess?.of ?? 0 });
  return `${share(f.conditionalSuccess)}. ${t("web/strength-between", { interval: interval(f.conditionalInterval) })}`;
}

function measures(f: GetFiguresResponseJson): Measure[] {
  return [
    { name: "web/strength-power", means: "web/strength-power-means", from: ["penrose", "banzhaf"], value: over(Number(f.medianPower ?? 0) * 100, f.withPower, 0) },
    { name: "web/strength-zero", means: "web/strength-zero-means", from: ["penrose", "banzhaf"], value: f.withPower ? t("web/strength-count", { n: f.withoutPower ?? 0, all: f.withPower }) : t("web/strength-nothing") },
    { name: "web/strength-pivotal", means: "web/strength-pivotal-means", from: ["napel"], value: share(f.pivotal) },
    { name: "web/strength-margin", means: "web/strength-margin-means", from: ["napel"], value: over(f.medianMargin, f.withMargin) },
    { name: "web/strength-conditional", means: "web/strength-conditional-means", from: ["barry", "wilson"], value: conditional(f), decisions: f.divergent },
    { name: "web/strength-agenda", means: "web/strength-agenda-means", from: ["bachrach"], value: share(f.agenda) },
    { name: "web/strength-refused", means: "web/strength-refused-means", from: ["bachrach"], value: `${share(f.refused)}. ${t("web/strength-refused-others", { share: share(f.refusedOthers) })}`, items: f.refusedItems },
    {
      name: "web/strength-admission", means: "web/strength-admission-means", from: [],
      value: `${middle(f.daysToAdmission, f.admitted)}. ${t("web/strength-refused-others", { share: middle(f.daysToAdmissionOthers, f.admittedOthers) })}`,
    },
    { name: "web/strength-voice", means: "web/strength-voice-means", from: [], value: f.voice === undefined ? t("web/strength-nothing") : number(Number(f.voice)) },
    { name: "web/strength-turns", means: "web/strength-turns-means", from: [], value: share(f.turns) },
    { name: "web/strength-gini", means: "web/strength-gini-means", from: [], value: middle(f.gini, f.seconds?.of, 2) },
    {
      name: "web/strength-answered", means: "web/strength-answered-means", from: [],
      value: `${share(f.answered)}. ${t("web/strength-answers", { adopted: f.adopted ?? 0, partly: f.partly ?? 0, refused: f.adviceRefused ?? 0, pending: f.pending ?? 0 })}`,
    },
    { name: "web/strength-days", means: "web/strength-days-means", from: [], value: middle(f.medianDays, f.answered?.n) },
    { name: "web/strength-changed", means: "web/strength-changed-means", from: [], value: share(f.changed), decisions: f.changedDecisions },
    { name: "web/strength-implemented", means: "web/strength-implemented-means", from: [], value: share(f.implemented), decisions: [...f.overdue ?? [], ...f.implementationRefused ?? []] },
    { name: "web/strength-delay", means: "web/strength-delay-means", from: [], value: middle(f.medianDelay, f.withDate) },
  ];
}

function Figures({ workspace, f, named, refused }: { workspace: string; f: GetFiguresResponseJson; named: Map<string, string>; refused: Map<string, Refused> }) {
  const columns = [t("web/strength-measure"), t("web/strength-value"), t("web/strength-what")];
  return (
    <Table caption={t("web/strength-caption")} columns={columns}>
      {measures(f).map((m) => (
        <Row key={m.name}>
          <Head>{t(m.name)}</Head>
          <Cell of={columns[1]!}>
            {m.value}
            <Behind name={m.name} list={m.decisions} line={(id) => <A href={address.decision(workspace, id)}>{named.get(id) || id}</A>} />
            <Behind name={m.name} list={m.items} line={(id) => <Item workspace={workspace} id={id} item={refused.get(id)} />} />
          </Cell>
          <Cell of={columns[2]!}>{t(m.means)} <Sources of={m.from} /></Cell>
        </Row>
      ))}
    </Table>
  );
}

// Behind lists what a figure counts.
function Behind({ name, list = [], line }: { name: Key; list: string[] | undefined; line: (id: string) => ComponentChildren }) {
  return list.length > 0 && (
    <details class="more">
      <summary>{t("web/strength-see", { n: list.length })} <span class="visually-hidden">{t(name)}</span></summary>
      <ul>{list.map((id) => <li key={id}>{line(id)}</li>)}</ul>
    </details>
  );
}

// Item is one that was kept off the agenda, with the reason; it is on the page of its initiative.
function Item({ workspace, id, item }: { workspace: string; id: string; item: Refused | undefined }) {
  return <><A href={address.initiative(workspace, initiativeOf(id))}>{item?.title || id}</A>{item?.reason && <span class="under d-block">{t("web/strength-refused-why")} <q>{item.reason}</q></span>}</>;
}
