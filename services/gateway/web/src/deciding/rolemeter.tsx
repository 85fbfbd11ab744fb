// The role meter of a session: which role the users had in each of its decisions, as one bar and as a table. Roles come from the record, none is computed here.
import { ask, useAsked } from "../api";
import { RoleName } from "../parts/badges";
import { Bar } from "../parts/bar";
import { Empty, Loading, Problem } from "../parts/screen";
import { type Key, t } from "../words";

const order = ["decisive", "consultative", "none", "other"] as const;

export function RoleMeter({ workspace, sessionId, sequence = "0" }: {
  workspace: string;
  // Full id.
  sessionId: string;
  // Sequence of what is on the screen: asked anew when it grows.
  sequence?: string;
}) {
  const of = { workspace, initiative: sessionId.split(":")[0] ?? "", session: sessionId, atLeastSequence: sequence };
  const asked = useAsked(`${sessionId} ${sequence}`, async (signal) => {
    const [list, summary] = await Promise.all([ask("RoleService/ListRoles", { ...of, who: "users:strict" }, signal), ask("RoleService/SummariseRoles", { decisions: of, least: 1 }, signal)]);
    return { decisions: list.decisions ?? [], summary: summary.summaries?.find((s) => s.who === "users:strict") };
  });
  if (asked.problem) return <Problem asked={asked} />;
  if (!asked.data) return <Loading />;
  const roles = asked.data.decisions.map((d) => d.roles?.[0]?.role ?? "other"), { summary } = asked.data;
  if (roles.length === 0) return <Empty>{t("web/meter-none")}</Empty>;
  return (
    <>
      <p>{t("web/meter-what")}</p>
      <Bar caption={t("web/meter-caption", { n: roles.length })} of={[t("web/role"), t("web/decisions")]} parts={order.map((role) => ({
        name: t(`role/${role}` as Key), value: roles.filter((r) => r === role).length, look: `role-${role}`,
      }))} />
      {summary?.role && <p class="median"><span>{t("web/median")}</span> <RoleName role={summary.role} /></p>}
    </>
  );
}
