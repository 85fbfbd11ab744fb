// The ledger: who had which role in which decision, page by page, the latest first; behind each cell its proof.
import { useState } from "preact/hooks";
import { ask, useAsked } from "../api";
import type { LedgerRowJson } from "../gen/tavolo/api/v1/evidence_pb";
import type { WorkspaceViewJson } from "../gen/tavolo/api/v1/record_pb";
import type { DecisionRolesJson, JudgementJson } from "../gen/tavolo/api/v1/roles_pb";
import { A, Empty, Loading, Problem, Section } from "../parts/screen";
import { Button, Check } from "../parts/form";
import { OutcomeName } from "../parts/badges";
import { Cell, Head, Row, Table } from "../parts/table";
import { Why } from "../parts/why";
import { address, refine } from "../route";
import { constituency, day, t } from "../words";
import { FilterForm, Only, Whose } from "./filterform";
import { question, read, write } from "./filters";
import type { Role } from "./picture";

// Decisions a page.
const size = 20;

// Ledger is about one workspace, whose choices the filters offer (of), or about several departments together.
export function Ledger({ workspace = "", departments, query, page, of }: { workspace?: string; departments?: WorkspaceViewJson[]; query: string; page: string; of: WorkspaceViewJson }) {
  const f = read(query), at = Number(f.page || 0), asks = question(workspace, f), ids = departments?.map((w) => w.id ?? "");
  if (ids) asks.period = { ...asks.period, departments: ids };
  const asked = useAsked(`ledger ${workspace} ${ids?.join() ?? ""} ${query}`, (signal) => ask("EvidenceService/ListRoleLedger", {
    ...asks, level: "LEDGER_LEVEL_DECISION", withRoles: true, limit: size, skip: at * size, ...f.role && { role: f.role },
  }, signal));
  const total = asked.data?.total ?? 0, rows = asked.data?.rows ?? [];
  return (
    <>
      <Whose page={page} query={query} />
      <FilterForm page={page} query={query} decisions={of} />
      {workspace && f.session && <Of workspace={workspace} session={f.session} all={page + write({ ...f, session: "", page: "" })} />}
      <div class="side">
        <Only page={page} query={query} />
        <Check id="persons" label={t("web/ledger-persons")} value={f.persons === "1"} set={(on) => refine(page + write({ ...f, persons: on ? "1" : "" }))} />
      </div>
      <Section id="ledger" title={t("web/decisions")}>
        {asked.problem ? <Problem asked={asked} /> : !asked.data ? <Loading /> : (
          <>
            <p role="status">{total === 0 ? t("web/audit-nothing") : t("web/ledger-n", { n: total, from: at * size + 1, to: at * size + rows.length })}</p>
            {total > 0 && rows.length === 0 && <Empty>{t("web/ledger-past")}</Empty>}
            {rows.length > 0 && <Rows key={query} departments={departments} rows={rows} persons={f.persons === "1"} asOf={f.as_of ? asked.data.asOf : undefined} />}
            {(at > 0 || (at + 1) * size < total) && (
              <nav aria-label={t("web/ledger-pages")}>
                <p class="buttons">
                  {at > 0 && <Button look="plain" onClick={() => refine(page + write({ ...f, page: at > 1 ? String(at - 1) : "" }))}>{t("web/ledger-later")}</Button>}
                  {(at + 1) * size < total && <Button look="plain" onClick={() => refine(page + write({ ...f, page: String(at + 1) }))}>{t("web/ledger-earlier")}</Button>}
                </p>
              </nav>
            )}
          </>
        )}
      </Section>
    </>
  );
}

// Of says which session alone is shown.
function Of({ workspace, session, all }: { workspace: string; session: string; all: string }) {
  const asked = useAsked(`ledger ${session}`, (signal) => ask("SessionService/GetSession", { workspace, session }, signal));
  return <p class="notice">{t("web/ledger-session", { title: asked.data?.session?.title || session })} <A href={all}>{t("web/ledger-session-all")}</A></p>;
}

function Rows({ departments, rows, persons, asOf }: { departments: WorkspaceViewJson[] | undefined; rows: LedgerRowJson[]; persons: boolean; asOf: string | undefined }) {
  const [open, set] = useState<string | undefined>(undefined);
  const columns = [t("web/decision"), t("web/users-strict"), t("web/users-broad"), t(persons ? "web/ledger-others-and-persons" : "web/ledger-others")];
  return (
    <Table caption={t("web/ledger-caption")} columns={columns}>
      {rows.flatMap(({ key, roles: d }, n) => {
        if (!d) return [];
        const id = fullID(d), workspace = d.workspace ?? "", judged = d.roles ?? [], shown = open?.startsWith(`${key} `) ? open.slice((key ?? "").length + 1) : undefined, behind = `proof-${n}`;
        const cell = (j: JudgementJson) => {
          const who = j.participant || (j.who ?? ""), is = shown === who;
          return (
            <button key={who} type="button" class={named(j) ? "why" : "why text-nowrap"} aria-expanded={is} aria-controls={behind} aria-describedby={`question-${n}`} onClick={() => set(is ? undefined : `${key} ${who}`)}>
              {named(j) && `${named(j)}: `}{t(`role/${(j.role ?? "other") as Role}`)}<span class="visually-hidden">{t("web/ledger-proof")}</span>
            </button>
          );
        };
        const group = (who: string) => judged.filter((j) => j.who === who).map(cell), rest = judged.filter((j) => !/^users:/.test(j.who ?? "") && (persons || !j.participant));
        return [
          <Row key={key}>
            <Head>
              <A id={`question-${n}`} href={address.decision(workspace, id)}>{d.question || id}</A>
              <span class="note d-block">{departments && `${departments.find((w) => w.id === workspace)?.name || workspace}. `}{d.closedAt && day(d.closedAt)} <OutcomeName outcome={d.outcome} /></span>
            </Head>
            <Cell of={columns[1]!}>{or(group("users:strict"))}</Cell>
            <Cell of={columns[2]!}>{or(group("users:broad"))}</Cell>
            <Cell of={columns[3]!}>{or(rest.map(cell))}</Cell>
          </Row>,
          <tr key={`${key} why`} role="row" class="behind" hidden={!shown}>
            <td role="cell" colSpan={4} id={behind}>{shown && <Why key={shown} workspace={workspace} decision={id} sequence="0" who={shown} asOf={asOf} />}</td>
          </tr>,
        ];
      })}
    </Table>
  );
}

const fullID = (d: DecisionRolesJson): string => `${d.initiative}:${d.session}:${d.id}`;

const or = (cells: preact.ComponentChild[]) => cells.length > 0 ? <span class="side">{cells}</span> : t("web/ledger-nobody");

// named says who a cell is about, where the column does not: a constituency, or a person by the short id.
function named(j: JudgementJson): string {
  if (j.participant) return j.who ?? "";
  const [kind, code] = (j.who ?? "").split(":");
  return kind === "constituency" ? constituency(code) : "";
}
