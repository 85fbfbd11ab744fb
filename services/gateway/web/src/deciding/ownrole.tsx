// One's own role in a decision, at once when it is closed: what, why, and what stood in the way of deciding.
import { useState } from "preact/hooks";
import { ask, useAsked } from "../api";
import { RoleName } from "../parts/badges";
import { sentence } from "../parts/roles";
import { Problem } from "../parts/screen";
import { Why } from "../parts/why";
import { Act } from "../meeting/doing";
import { t } from "../words";
import type { Desk } from "./desk";

export function OwnRole({ desk }: { desk: Desk }) {
  const { workspace, id, mine = "", d } = desk, [open, setOpen] = useState(false), sequence = d.sequence ?? desk.sequence;
  const asked = useAsked(`${id} ${mine} ${sequence}`, (signal) => ask("RoleService/ListRoles", { workspace, decision: id, who: mine, atLeastSequence: sequence }, signal));
  if (!mine || !desk.all.has(mine)) return null;
  if (asked.problem) return <Problem asked={asked} />;
  const judged = asked.data?.decisions?.[0]?.roles?.[0];
  if (!judged) return null;
  const part = `own-${id.replaceAll(":", "-")}`;
  return (
    <div class="own-role" role="status">
      <p class="median"><span>{t("web/own-role")}</span> <RoleName role={judged.role} /></p>
      <p>{sentence("reason", judged.reason)}</p>
      <Act look="small" expanded={open} controls={part} onClick={() => setOpen(!open)}>{t(judged.role === "decisive" ? "web/own-why" : "web/own-why-not")}</Act>
      <div id={part}>{open && <Why workspace={workspace} decision={id} sequence={sequence} who={mine} />}</div>
    </div>
  );
}
