// The department's figure of a period: the role of the users with what it stands on, how it went over time, what lies below it, and the ways out of it.
import { ask, useAsked } from "../api";
import type { LedgerRowJson } from "../gen/tavolo/api/v1/evidence_pb";
import type { SessionSummaryJson, WorkspaceViewJson } from "../gen/tavolo/api/v1/record_pb";
import { RoleName } from "../parts/badges";
import { A, Empty, Loading, Problem, Section } from "../parts/screen";
import { moment } from "../parts/sessions";
import { Cell, Head, Row, Table } from "../parts/table";
import { address } from "../route";
import type { Page } from "../screens/audit";
import { day, dayAndTime, t } from "../words";
import { Below, Count } from "./below";
import { Downloads } from "./downloads";
import { FilterForm, Whose } from "./filterform";
import { type Filters, question, quarterOf, read, within, write } from "./filters";
import { RoleBar, RoleSign, Textures, roles } from "./picture";
import { Excluded, interval, percent } from "./shares";

export function Department({ workspace, query, page, of }: Page) {
  const f = read(query);
  const asked = useAsked(`department ${workspace} ${query}`, async (signal) => {
    const q = question(workspace, f), figure = await ask("EvidenceService/ListRoleLedger", q, signal);
    const then = { ...q.period!, asOf: figure.asOf! }; // all of it as it stood at one instant
    const [quarters, broad, inner, initiative] = await Promise.all([
      ask("EvidenceService/ListRoleLedger", { ...q, period: then, level: "LEDGER_LEVEL_QUARTER" }, signal),
      ask("EvidenceService/ListRoleLedger", { ...q, period: { ...then, who: other(f) } }, signal),
      ask("EvidenceService/ListRoleLedger", { ...q, period: then, level: f.initiative ? "LEDGER_LEVEL_SESSION" : "LEDGER_LEVEL_INITIATIVE" }, signal),
      f.initiative ? ask("InitiativeService/GetInitiative", { workspace, initiative: f.initiative }, signal) : undefined,
    ]);
    return { figure, row: figure.rows?.[0] ?? {}, quarters: quarters.rows ?? [], other: broad.rows?.[0] ?? {}, inner: inner.rows ?? [], sessions: initiative?.sessions ?? [] };
  });
  const d = asked.data;
  return (
    <>
      <Whose page={page} query={query} />
      <FilterForm page={page} query={query} decisions={of} />
      {asked.problem ? <Problem asked={asked} /> : !d ? <Loading /> : (
        <>
          <p role="status" class="under">{t("web/audit-read", { when: dayAndTime(d.figure.asOf ?? ""), rules: d.figure.rules ?? "" })}</p>
          <Textures />
          <Section id="figure" title={t("web/audit-figure")}><Figure workspace={workspace} f={f} row={d.row} other={d.other} /></Section>
          <Section id="trend" title={t("web/audit-trend")}><Trend workspace={workspace} f={f} rows={d.quarters} /></Section>
          <Section id="inner" title={t(f.initiative ? "web/sessions" : "web/initiatives")}><Inner workspace={workspace} f={f} rows={d.inner} of={of} page={page} sessions={d.sessions} /></Section>
        </>
      )}
      <Section id="out" title={t("web/downloads")}><Downloads workspace={workspace} f={f} /></Section>
    </>
  );
}

const other = (f: Filters): string => f.who === "users:broad" ? "users:strict" : "users:broad";

const ledger = (workspace: string, f: Filters): string => address.audit(workspace, "ledger") + write({ ...f, page: "" });

function Figure({ workspace, f, row, other: o }: { workspace: string; f: Filters; row: LedgerRowJson; other: LedgerRowJson }) {
  const n = Number(row.included ?? 0), columns = [t("web/role"), t("web/decisions"), t("web/share"), t("web/interval")];
  return (
    <>
      {row.tooFew ? <p>{t("web/median-too-few", { n })}</p> : <p class="median"><span>{t("web/median")}</span> <RoleName role={row.role} /></p>}
      {n === 0 ? <Empty>{t("web/audit-nothing")}</Empty> : (
        <>
          <RoleBar counts={row.distribution ?? {}} />
          <Table caption={t("web/roles-n", { n })} columns={columns}>
            {(row.shares ?? []).map((s) => (
              <Row key={s.role}>
                <Head><RoleSign role={(s.role ?? "other") as typeof roles[number]} /></Head>
                <Cell of={columns[1]!}><Count n={s.share?.n} href={ledger(workspace, { ...f, role: s.role ?? "" })} what={[t(`role/${s.role as typeof roles[number]}`)]} /></Cell>
                <Cell of={columns[2]!}>{percent(s.share)}</Cell>
                <Cell of={columns[3]!}>{interval(s.interval)}</Cell>
              </Row>
            ))}
          </Table>
          <p class="hint">{t("web/interval-what")}</p>
          <ul>
            {row.best && <li>{t("web/best", { role: t(`role/${row.best as typeof roles[number]}`) })} <Extreme id={row.bestDecision} f={f} says={t("web/see-best")} /></li>}
            {row.worst && row.worst !== row.best && <li>{t("web/worst", { role: t(`role/${row.worst as typeof roles[number]}`) })} <Extreme id={row.worstDecision} f={f} says={t("web/see-worst")} /></li>}
          </ul>
          <p class="buttons"><A class="btn btn-primary" href={ledger(workspace, f)}>{t("web/see-decisions")}</A></p>
        </>
      )}
      <Excluded counts={row.excluded ?? {}} href={ledger(workspace, { ...f, role: "left_out" })} />
      <p class="under">{t("web/other-view", { view: t(f.who === "users:broad" ? "web/users-strict" : "web/users-broad"), role: t(`role/${(o.role || "other") as typeof roles[number]}`), n: Number(o.included ?? 0) })}</p>
    </>
  );
}

// Extreme leads to the decision with the best or the worst role, its proof open.
function Extreme({ id, f, says }: { id: string | undefined; f: Filters; says: string }) {
  const [workspace = "", decision = ""] = (id ?? "").split("/");
  return decision ? <A href={`${address.decision(workspace, decision)}?${new URLSearchParams({ why: f.who || "users:strict" })}`}>{says}</A> : null;
}

// Trend shows the roles quarter by quarter, as a picture and as a table.
function Trend({ workspace, f, rows }: { workspace: string; f: Filters; rows: LedgerRowJson[] }) {
  const lines = rows.map((row) => {
    const q = quarterOf(row.key ?? ""), at = within(f, q.from, q.to);
    return { name: t("web/quarter-of", { n: q.n, year: q.year }), href: ledger(workspace, at), behind: (role: string) => ledger(workspace, { ...at, role }), row };
  });
  return (
    <>
      <Below caption="web/trend-caption" first="web/quarter" of="web/decisions" lines={lines} />
      {rows.length > 0 && <p class="hint">{t("web/trend-what")}</p>}
    </>
  );
}

// Inner shows the initiatives of a department, and of a chosen initiative its sessions: one step further down each.
function Inner({ workspace, f, rows, of, page, sessions }: { workspace: string; f: Filters; rows: LedgerRowJson[]; of: WorkspaceViewJson; page: string; sessions: SessionSummaryJson[] }) {
  const own = (row: LedgerRowJson) => (row.key ?? "").slice(workspace.length + 1);
  if (!f.initiative) {
    const title = (id: string) => of.initiatives?.find((i) => i.id === id)?.title || id;
    const down = (initiative: string) => ({ href: page + write({ ...f, initiative, page: "" }), behind: (role: string) => ledger(workspace, { ...f, initiative, role }) });
    return <Below caption="web/initiatives-caption" first="web/initiative" of="web/decisions" lines={rows.map((row) => ({ name: title(own(row)), ...down(own(row)), row }))} />;
  }
  const named = (id: string) => { const s = sessions.find((x) => x.id === id), at = s && moment(s); return [s?.title || id, at && day(at)].filter(Boolean).join(", "); };
  const lines = rows.map((row) => ({ name: named(own(row)), href: ledger(workspace, { ...f, session: own(row) }), behind: (role: string) => ledger(workspace, { ...f, session: own(row), role }), row }));
  return <Below caption="web/sessions-caption" first="web/session" of="web/decisions" lines={lines} />;
}
