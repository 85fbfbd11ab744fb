// The role over many departments: the nation, its areas, their regions. Departments are counted, each once, whatever it decided; and beside them their
// decisions, so that one sees what it all stands on. From each line one gets further down, to the department and to the proof.
import { ask, useAsked } from "../api";
import { Below, Count, type Line } from "../auditing/below";
import { Excluded, interval, percent } from "../auditing/shares";
import { FilterForm, Only, Whose } from "../auditing/filterform";
import { type Filters, question, read, shared, spans, write } from "../auditing/filters";
import { RoleBar, RoleSign, Textures, type Role, roles } from "../auditing/picture";
import { type Partition, above, called, departmentsOf, inside, known, partitionOf, partitions } from "../auditing/places";
import type { LedgerLevelJson, LedgerRowJson } from "../gen/tavolo/api/v1/evidence_pb";
import type { WorkspaceViewJson } from "../gen/tavolo/api/v1/record_pb";
import { may } from "../me";
import { RoleName } from "../parts/badges";
import { Button } from "../parts/form";
import { Loaded } from "../parts/loaded";
import { A, Empty, Loading, Problem, Screen, Section } from "../parts/screen";
import { Cell, Head, Row, Table } from "../parts/table";
import { address, refine } from "../route";
import { type Key, dayAndTime, t } from "../words";

const strength = () => import("../auditing/strength"), ledger = () => import("../auditing/ledger");

export function Territory({ place, part, query }: { place: string; part: string; query: string }) {
  const asked = useAsked("departments", async (signal) => departmentsOf(await ask("WorkspaceService/ListWorkspaces", { withPartitions: true }, signal)));
  const there = inside(place, (asked.data ?? []).filter((w) => may("GRANT_READ", w.id ?? "", "")));
  return (
    <Screen kind={t("web/territory")} title={called(place)} asked={asked} back={<Way place={place} query={query} />}>
      {!known(place) ? <Empty>{t("web/territory-no-such")}</Empty> : there.length === 0 ? <Empty>{t("web/territory-nowhere")}</Empty> : (
        <>
          <Parts place={place} part={part} query={query} />
          {part === "strength" ? <Loaded file={strength}>{(m) => <m.Strength departments={there.map((w) => w.id ?? "")} query={query} page={address.territory(place, part)} of={{}} />}</Loaded>
            : part === "ledger" ? <Loaded file={ledger}>{(m) => <m.Ledger departments={there} query={query} page={address.territory(place, part)} of={{}} />}</Loaded>
            : part === "departments" ? <Departments place={place} query={query} there={there} /> : <Roles place={place} query={query} there={there} />}
        </>
      )}
    </Screen>
  );
}

// chosen is the partition that is looked at: the place's own, else that of the address.
const chosen = (place: string, f: Filters): Partition => partitionOf(place) ?? partitionOf(f.place) ?? "macro5";

// kept is what goes on from place to place: the period, whose role, and by which areas.
const kept = (f: Filters, partition: Partition): string => write({ ...shared(f), ...partition !== "macro5" && { place: `${partition}/${partitions[partition]?.[0]?.code ?? ""}` } });

function Way({ place, query }: { place: string; query: string }) {
  const f = read(query), partition = chosen(place, f);
  return (
    <nav aria-label={t("web/where")}>
      <ol class="crumbs">
        <li><A href={address.home}>{t("web/home")}</A></li>
        {above(place, partition).map((p) => <li key={p}><A href={address.territory(p) + kept(f, partition)}>{called(p)}</A></li>)}
      </ol>
    </nav>
  );
}

const titles: [string, Key][] = [["", "web/audit"], ["departments", "web/departments"], ["ledger", "web/audit-ledger"], ["strength", "web/audit-strength"]];

function Parts({ place, part, query }: { place: string; part: string; query: string }) {
  const f = read(query), on = write(shared(f));
  const link = (is: boolean, href: string, says: string) => <li>{is ? <strong aria-current="page">{says}</strong> : <A href={href}>{says}</A>}</li>;
  return (
    <nav aria-label={t("web/territory-pages")}>
      <ul class="acts plain-list">
        {titles.map(([page, says]) => link(part === page, address.territory(place, page) + on, t(says)))}
        {link(false, address.table3 + write({ ...spans(f), place }), t("web/table3"))}
      </ul>
    </nav>
  );
}

interface Over { place: string; query: string; there: WorkspaceViewJson[] }

function Roles({ place, query, there }: Over) {
  const f = read(query), partition = chosen(place, f), page = address.territory(place), departments = there.map((w) => w.id ?? "");
  const asked = useAsked(`territory ${place} ${query} ${departments.join()}`, async (signal) => {
    const q = question("", f), rows = (level: LedgerLevelJson, more: object) => ask("EvidenceService/ListRoleLedger", { ...q, period: { ...q.period, departments, ...more }, level, partition }, signal);
    const figure = await rows("LEDGER_LEVEL_NATION", {}), then = { asOf: figure.asOf! }; // all of it as it stood at one instant
    const [each, regions, areas, other] = await Promise.all([
      rows("LEDGER_LEVEL_WORKSPACE", then), rows("LEDGER_LEVEL_REGION", then), rows("LEDGER_LEVEL_MACRO_AREA", then),
      rows("LEDGER_LEVEL_NATION", { ...then, who: f.who === "users:broad" ? "users:strict" : "users:broad" }),
    ]);
    return { figure, list: areas.partition ?? "", row: figure.rows?.[0] ?? {}, each: each.rows ?? [], regions: regions.rows ?? [], areas: areas.rows ?? [], other: other.rows?.[0] ?? {} };
  });
  const d = asked.data, line = (prefix: string) => (row: LedgerRowJson): Line => { const p = `${prefix}/${row.key}`; return { name: called(p), href: address.territory(p) + kept(f, partition), behind: (role) => address.territory(p, "departments") + write({ ...shared(f), role }), row }; };
  const each = (rows: LedgerRowJson[]) => <Each f={f} rows={rows} there={there} />;
  return (
    <>
      <Whose page={page} query={query} />
      <FilterForm page={page} query={query} decisions={{}} />
      {asked.problem ? <Problem asked={asked} /> : !d ? <Loading /> : (
        <>
          <p role="status" class="under">{t("web/audit-read", { when: dayAndTime(d.figure.asOf ?? ""), rules: d.figure.rules ?? "" })}</p>
          <Textures />
          <Section id="figure" title={t("web/territory-figure")}><Figure place={place} f={f} row={d.row} each={d.each} other={d.other} /></Section>
          {place === "" && (
            <Section id="areas" title={t("web/areas")}>
              <Cut f={f} partition={partition} page={page} list={d.list} />
              <Below caption="web/areas-caption" first="web/macro-area" of="web/departments" lines={d.areas.map(line(partition))} />
            </Section>
          )}
          {!place.startsWith("region/") && (
            <Section id="regions" title={t("web/regions")}><Below caption="web/regions-caption" first="web/regional" of="web/departments" lines={d.regions.map(line("region"))} /></Section>
          )}
          <Section id="each" title={t("web/departments")}>
            {place === "" ? <details class="fold"><summary>{t("web/departments-all", { n: d.each.length })}</summary>{each(d.each)}</details> : each(d.each)}
          </Section>
        </>
      )}
    </>
  );
}

// Each has a line for each department: its decisions by role, and the way to them.
function Each({ f, rows, there }: { f: Filters; rows: LedgerRowJson[]; there: WorkspaceViewJson[] }) {
  const line = (id: string, row: LedgerRowJson): Line => ({
    name: there.find((w) => w.id === id)?.name || id, href: address.audit(id) + write(shared(f)), behind: (role) => address.audit(id, "ledger") + write({ ...shared(f), role }), row,
  });
  return <Below caption="web/departments-caption" first="web/unit" of="web/decisions" lines={rows.map((row) => line(row.key ?? "", row))} />;
}

// Departments are those of a place which had one role: what a figure of the territory counts.
function Departments({ place, query, there }: Over) {
  const f = read(query), page = address.territory(place, "departments"), departments = there.map((w) => w.id ?? ""), q = question("", f);
  const asked = useAsked(`departments ${departments.join()} ${query}`, (signal) =>
    ask("EvidenceService/ListRoleLedger", { ...q, period: { ...q.period, departments }, level: "LEDGER_LEVEL_WORKSPACE", ...f.role && { role: f.role } }, signal));
  return (
    <>
      <Whose page={page} query={query} />
      <FilterForm page={page} query={query} decisions={{}} />
      <div class="side"><Only page={page} query={query} /></div>
      {asked.problem ? <Problem asked={asked} /> : !asked.data ? <Loading /> : (
        <Section id="each" title={t("web/departments")}>
          <p role="status">{t("web/departments-n", { n: asked.data.total ?? 0 })}</p>
          <Textures />
          {asked.data.rows && <Each f={f} rows={asked.data.rows} there={there} />}
        </Section>
      )}
    </>
  );
}

// Cut switches between partitions, the two of the survey and those of this installation. They do not fit into each other.
function Cut({ f, partition, page, list }: { f: Filters; partition: Partition; page: string; list: string }) {
  return (
    <div role="group" aria-labelledby="cut">
      <p id="cut" class="mb-1">{t("web/partition")}</p>
      <p class="buttons">
        {Object.entries(partitions).map(([p, areas]) => (
          <Button key={p} look={p === partition ? "main" : "plain"} pressed={p === partition} onClick={() => refine(page + kept(f, p))}>{t("web/partition-n", { n: areas.length })}{p !== "macro5" && p !== "macro3" && ` (${p})`}</Button>
        ))}
      </p>
      <p class="under">{t("web/partition-what", { list })}</p>
    </div>
  );
}

// sum adds counts of departments up.
const sum = (each: LedgerRowJson[], counts: (row: LedgerRowJson) => Record<string, number | string> | undefined): Record<string, number> => {
  const all: Record<string, number> = {};
  for (const row of each) for (const [code, n] of Object.entries(counts(row) ?? {})) all[code] = (all[code] ?? 0) + Number(n);
  return all;
};

function Figure({ place, f, row, each, other }: { place: string; f: Filters; row: LedgerRowJson; each: LedgerRowJson[]; other: LedgerRowJson }) {
  const n = Number(row.included ?? 0), decisions = sum(each, (r) => r.distribution as Record<string, number>), total = Object.values(decisions).reduce((a, b) => a + b, 0);
  const behind = (page: string, role: string) => address.territory(place, page) + write({ ...shared(f), role });
  const columns = [t("web/role"), t("web/departments"), t("web/share"), t("web/interval"), t("web/decisions")], tooFew = Number(row.excluded?.["too_few"] ?? 0);
  return (
    <>
      {n > 0 && <p class="median"><span>{t("web/territory-median")}</span> <RoleName role={row.role} /></p>}
      <div class="facts" aria-hidden="true">
        {n > 0 && <div><span>{t("web/departments")}</span><RoleBar counts={row.distribution ?? {}} /></div>}
        {total > 0 && <div><span>{t("web/decisions")}</span><RoleBar counts={decisions} /></div>}
      </div>
      <Table caption={t("web/territory-n", { n, decisions: total })} columns={columns}>
        {(row.shares ?? []).map((s) => (
          <Row key={s.role}>
            <Head><RoleSign role={(s.role ?? "other") as Role} /></Head>
            <Cell of={columns[1]!}><Count n={s.share?.n} href={behind("departments", s.role ?? "")} what={[t(`role/${s.role as Role}`), columns[1]!]} /></Cell>
            <Cell of={columns[2]!}>{percent(s.share)}</Cell>
            <Cell of={columns[3]!}>{n > 0 ? interval(s.interval) : "–"}</Cell>
            <Cell of={columns[4]!}><Count n={decisions[s.role ?? ""]} href={behind("ledger", s.role ?? "")} what={[t(`role/${s.role as Role}`), columns[4]!]} /></Cell>
          </Row>
        ))}
      </Table>
      <p class="hint">{t("web/territory-what")}</p>
      {tooFew > 0 && <p class="notice">{t("web/territory-too-few", { n: tooFew })} <A href={behind("departments", "left_out")}>{t("web/see-which-departments")}</A></p>}
      <Excluded counts={sum(each, (r) => r.excluded as Record<string, number>)} href={behind("ledger", "left_out")} />
      <p class="under">{t("web/territory-other", { view: t(f.who === "users:broad" ? "web/users-strict" : "web/users-broad"), role: t(`role/${(other.role || "other") as typeof roles[number]}`), n: Number(other.included ?? 0) })}</p>
    </>
  );
}
