// The survey's Table 3 from the record of the departments that one chooses, beside the published one.
import { useState } from "preact/hooks";
import { ask, useAsked } from "../api";
import { decimal, interval, percent } from "../auditing/shares";
import { FilterForm, Whose } from "../auditing/filterform";
import { period, read, write } from "../auditing/filters";
import { RoleBar, Textures } from "../auditing/picture";
import { called, departmentsOf, inside } from "../auditing/places";
import type { GetTable3ResponseJson, Table3RowJson, TableShareJson } from "../gen/tavolo/api/v1/evidence_pb";
import type { WorkspaceViewJson } from "../gen/tavolo/api/v1/record_pb";
import { may } from "../me";
import { Check, Form } from "../parts/form";
import { A, Empty, Loading, Problem, Screen, Section } from "../parts/screen";
import { Cell, Head, Row, Table } from "../parts/table";
import { address, refine } from "../route";
import { type Key, dayAndTime, has, t } from "../words";

export function Table3({ query }: { query: string }) {
  const asked = useAsked("departments", async (signal) => departmentsOf(await ask("WorkspaceService/ListWorkspaces", { withPartitions: true }, signal)));
  const open = (asked.data ?? []).filter((w) => may("GRANT_READ", w.id ?? "", ""));
  return (
    <Screen kind={t("web/table3")} asked={asked} back={<nav aria-label={t("web/where")}><ol class="crumbs"><li><A href={address.home}>{t("web/home")}</A></li></ol></nav>}>
      <p>{t("web/table3-what")}</p>
      {open.length === 0 ? <Empty>{t("web/table3-nowhere")}</Empty> : <In query={query} open={open} />}
    </Screen>
  );
}

// In takes the departments of a territory, when the address names one, as if there were no others.
function In({ query, open }: { query: string; open: WorkspaceViewJson[] }) {
  const f = read(query), there = f.place ? inside(f.place, open) : open;
  return (
    <>
      {f.place && <p class="notice">{t("web/table3-place", { place: called(f.place), n: there.length })} <A href={address.table3 + write({ ...f, place: "", ws: "" })}>{t("web/table3-everywhere")}</A></p>}
      {there.length === 0 ? <Empty>{t("web/territory-nowhere")}</Empty> : <Chosen query={query} open={there} />}
    </>
  );
}

function Chosen({ query, open }: { query: string; open: WorkspaceViewJson[] }) {
  const f = read(query), ids = open.map((w) => w.id ?? ""), wanted = f.ws ? f.ws.split(",").filter((id) => ids.includes(id)) : ids, departments = wanted.length > 0 ? wanted : ids;
  const asked = useAsked(`table3 ${query} ${departments.join()}`, (signal) => ask("EvidenceService/GetTable3", { period: { ...period(f), departments } }, signal));
  return (
    <>
      <Departments key={query} open={open} chosen={departments} set={(list) => refine(address.table3 + write({ ...f, ws: list.length === ids.length ? "" : list.join(",") }))} />
      <Whose page={address.table3} query={query} />
      <FilterForm page={address.table3} query={query} />
      {asked.problem ? <Problem asked={asked} /> : !asked.data ? <Loading /> : <Answer d={asked.data} />}
    </>
  );
}

function Departments({ open, chosen, set }: { open: WorkspaceViewJson[]; chosen: string[]; set: (list: string[]) => void }) {
  const [list, change] = useState(chosen);
  if (open.length < 2) return null;
  return (
    <details class="fold">
      <summary>{t("web/table3-departments", { n: chosen.length, all: open.length })}</summary>
      <Form action={t("web/table3-show")} label={t("web/table3-choose")} check={() => list.length > 0 ? {} : { [`department-${open[0]!.id}`]: { key: "web/table3-none" } }} send={() => { set(list); return Promise.resolve(); }}>
        {open.map((w) => <Check key={w.id} id={`department-${w.id}`} label={w.name || (w.id ?? "")} value={list.includes(w.id ?? "")} set={(on) => change(on ? [...list, w.id ?? ""] : list.filter((id) => id !== w.id))} />)}
      </Form>
    </details>
  );
}

const items: [string, Key][] = [["role", "web/t3-role"], ["tools", "web/t3-tools"], ["engages", "web/t3-engages"], ["areas", "web/t3-areas"], ["extent", "web/t3-extent"]];

function Answer({ d }: { d: GetTable3ResponseJson }) {
  const unseen = (d.population ?? 0) - (d.departments ?? 0);
  return (
    <>
      <p role="status" class="under">{t("web/table3-read", { n: d.departments ?? 0, population: d.population ?? 0, when: dayAndTime(d.asOf ?? ""), rules: d.rules ?? "" })}</p>
      {(d.tooFew ?? 0) > 0 && <p class="notice">{t("web/table3-too-few", { n: d.tooFew ?? 0 })}</p>}
      {unseen > 0 && <p>{t("web/t3-bounds-what", { n: unseen, all: d.population ?? 0 })}</p>}
      {items.map(([item, says]) => <Item key={item} says={says} item={item} population={d.population ?? 0} rows={(d.rows ?? []).filter((r) => r.item === item)} />)}
      <Section id="notes" title={t("web/table3-notes")}>
        <ul>
          <li>{t("web/table3-note-planning")}</li>
          <li>{t("web/table3-note-rounding")}</li><li>{t("web/table3-note-interval")}</li><li>{t("web/table3-note-finite", { population: d.population ?? 0 })}</li>
          <li>{t("web/table3-note-misprint")}</li><li>{t("web/table3-note-declared")}</li><li>{t("web/table3-note-limits")}</li>
        </ul>
      </Section>
    </>
  );
}

const share = (s: TableShareJson | undefined): string => s ? t("web/t3-share", { n: s.n ?? 0, all: s.of ?? 0, percent: percent(s) }) : t("web/t3-not-here");

// bounds says how many departments of all there are would give an answer if none of those that are not here gave it, and if all of them did.
export function bounds(r: Table3RowJson, population: number): string | undefined {
  if (!r.evidenced || !r.worstCase) return undefined;
  const n = r.evidenced.n ?? 0, here = r.evidenced.of ?? 0, unseen = Math.max(population - here, 0);
  return t("web/t3-bounds-n", { low: n, high: n + unseen, all: here + unseen, percent: interval(r.worstCase) });
}

function Item({ item, says, population, rows }: { item: string; says: Key; population: number; rows: Table3RowJson[] }) {
  const columns = [t("web/t3-option"), t("web/t3-evidenced"), t("web/interval"), t("web/t3-finite"), t("web/t3-bounds"), t("web/t3-declared"), t("web/t3-published")];
  return (
    <Section id={`item-${item}`} title={t(says)}>
      {item === "role" && <Bars rows={rows} />}
      <Table titled caption={t(says)} columns={columns}>
        {rows.map((r) => (
          <Row key={r.option}>
            <Head>{option(item, r.option ?? "")}</Head>
            <Cell of={columns[1]!}>{share(r.evidenced)}</Cell>
            <Cell of={columns[2]!}>{r.evidenced ? interval(r.sampled) : t("web/t3-not-here")}</Cell>
            <Cell of={columns[3]!}>{r.finite ? interval(r.finite) : t("web/t3-not-here")}</Cell>
            <Cell of={columns[4]!}>{bounds(r, population) ?? t("web/t3-not-here")}</Cell>
            <Cell of={columns[5]!}>{r.declared ? share(r.declared) : t("web/t3-later")}</Cell>
            <Cell of={columns[6]!}>{share(r.published)}{misprinted(r) && <span class="note d-block">{t("web/t3-printed", { printed: decimal(r.printed ?? "") })}</span>}</Cell>
          </Row>
        ))}
      </Table>
    </Section>
  );
}

// Bars puts the roles of the record above those that were published; the table has the numbers.
function Bars({ rows }: { rows: Table3RowJson[] }) {
  const counts = (of: (r: Table3RowJson) => TableShareJson | undefined) => Object.fromEntries(rows.map((r) => [r.option ?? "", of(r)?.n ?? 0]));
  return (
    <>
      <Textures />
      <div class="facts" aria-hidden="true">
        <div><span>{t("web/t3-evidenced")}</span><RoleBar counts={counts((r) => r.evidenced)} /></div>
        <div><span>{t("web/t3-published")}</span><RoleBar counts={counts((r) => r.published)} /></div>
      </div>
    </>
  );
}

// misprinted tells whether what is printed there is not what its counts give.
export const misprinted = (r: Table3RowJson): boolean => Boolean(r.printed && r.published?.percent) && Number(r.printed) !== Number(r.published?.percent);

// option says an answer of the survey; areas and roles have their words already.
function option(item: string, code: string): string {
  const key = item === "role" ? `role/${code}` : item === "areas" ? `area/${code}` : `web/t3-${code.replaceAll("_", "-")}`;
  return has(key) ? t(key) : code;
}
