// Who had which role in a decision, the users first, and behind each answer why.
import { useState } from "preact/hooks";
import { ask, useAsked } from "../api";
import type { DecisionViewJson } from "../gen/tavolo/api/v1/record_pb";
import type { JudgementJson } from "../gen/tavolo/api/v1/roles_pb";
import { note } from "../route";
import { constituency, has, t } from "../words";
import { RoleName } from "./badges";
import { type People, named } from "./people";
import { Empty, Loading, Problem } from "./screen";
import { Cell, Head, Row, Table } from "./table";
import { Why } from "./why";

export function Roles({ workspace, id, d, all, why }: { workspace: string; id: string; d: DecisionViewJson; all: People; why: string | undefined }) {
  const asked = useAsked(`${id} ${d.sequence}`, (signal) => ask("RoleService/ListRoles", { workspace, decision: id, atLeastSequence: d.sequence ?? "0" }, signal));
  const [open, setOpen] = useState(why);
  if (asked.problem) return <Problem asked={asked} />;
  if (!asked.data) return <Loading />;
  const judged = asked.data.decisions?.[0]?.roles ?? [];
  if (judged.length === 0) return <Empty>{t("web/no-roles-yet")}</Empty>;
  const columns = [t("web/who"), t("web/role"), t("web/reason")];
  const shared = (judged[0]?.flags ?? []).filter((f) => judged.every((j) => j.flags?.includes(f)));
  const turn = (who: string) => {
    const next = open === who ? undefined : who;
    setOpen(next);
    note(next);
  };
  return (
    <>
      <p>{t("web/roles-what", { rules: asked.data.rules ?? "" })}</p>
      {shared.length > 0 && <p class="notice"><strong>{t("web/for-all")}</strong> {shared.map((f) => sentence("flag", f)).join(" ")}</p>}
      <Table caption={t("web/roles-caption")} columns={columns}>
        {inOrder(judged).flatMap((j) => {
          const own = (j.flags ?? []).filter((f) => !shared.includes(f));
          const who = j.who ?? "", shown = open === who, part = `why-${j.participant || who.replace(":", "-")}`;
          return [
            <Row key={who} class={j.participant ? undefined : "group"}>
              <Head><span>{party(j, all)}</span>{explained(j) && <span class="note d-block">{explained(j)}</span>}</Head>
              <Cell of={columns[1]!} class="plain"><RoleName role={j.role} /></Cell>
              <Cell of={columns[2]!} class="plain">
                <p class="mb-1">{sentence("reason", j.reason)}</p>
                {own.length > 0 && <ul class="flags">{own.map((f) => <li key={f}>{sentence("flag", f)}</li>)}</ul>}
                <button type="button" class="why" aria-expanded={shown} aria-controls={part} onClick={() => turn(who)}>
                  {t("web/why")} <span class="visually-hidden">{party(j, all)}</span>
                </button>
              </Cell>
            </Row>,
            <tr key={`${who} why`} role="row" class="behind" hidden={!shown}>
              <td role="cell" colSpan={3} id={part}>{shown && <Why workspace={workspace} decision={id} sequence={d.sequence ?? "0"} who={j.participant || who} />}</td>
            </tr>,
          ];
        })}
      </Table>
    </>
  );
}

// inOrder puts users:strict first, then users:broad, the constituencies, the people.
function inOrder(list: JudgementJson[]): JudgementJson[] {
  const place = (j: JudgementJson) => j.who === "users:strict" ? 0 : j.who === "users:broad" ? 1 : j.participant ? 3 : 2;
  return [...list].sort((a, b) => place(a) - place(b));
}

function party(j: JudgementJson, all: People): string {
  if (j.participant) return all.has(j.participant) ? named(all, j.participant) : j.who ?? "";
  if (j.who === "users:strict") return t("web/users-strict");
  if (j.who === "users:broad") return t("web/users-broad");
  return t("web/constituency-of", { name: constituency((j.who ?? "").replace("constituency:", "")) });
}

// explained says who belongs to the users, strictly and broadly.
function explained(j: JudgementJson): string | undefined {
  if (j.who === "users:strict") return t("web/users-strict-what");
  if (j.who === "users:broad") return t("web/users-broad-what");
  return undefined;
}

export function sentence(area: "reason" | "flag" | "remedy", code: string | undefined): string {
  const key = `${area}/${code}`;
  return has(key) ? t(key) : t("catalogue/missing", { code: code ?? "" });
}
