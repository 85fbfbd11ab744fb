// An initiative: the users' role over all its decisions, its sessions, items and people.
import { ask, useAsked } from "../api";
import type { InitiativeViewJson } from "../gen/tavolo/api/v1/record_pb";
import type { DecisionRolesJson, RoleSummaryJson } from "../gen/tavolo/api/v1/roles_pb";
import { useLive } from "../live";
import { ItemPhase, OutcomeName, RoleName } from "../parts/badges";
import { Bar } from "../parts/bar";
import { LiveNote } from "../parts/livenote";
import { PeopleList, named, people } from "../parts/people";
import { A, Back, Empty, Loading, Problem, Screen, Section } from "../parts/screen";
import { Sessions, subject } from "../parts/sessions";
import { Cell, Head, Row, Table } from "../parts/table";
import { address } from "../route";
import { type Key, has, t } from "../words";

export function Initiative({ workspace, id }: { workspace: string; id: string }) {
  const asked = useLive("InitiativeService/GetInitiative", { workspace, initiative: id }, workspace, `initiative:${id}`);
  const view = asked.data;
  return (
    <Screen kind={t("web/initiative")} title={view?.initiative?.title} asked={asked} back={<Back workspace={workspace} id={id} />}>
      {view && <Content workspace={workspace} id={id} view={view} />}
    </Screen>
  );
}

function Content({ workspace, id, view }: { workspace: string; id: string; view: InitiativeViewJson }) {
  const { participants = [], sessions = [], items = [] } = view, all = people(participants);
  return (
    <>
      <p class="under">{subject(view.initiative)}</p>
      <LiveNote />
      <Roles workspace={workspace} id={id} sequence={view.sequence ?? "0"} />
      <Section id="sessions" title={t("web/sessions")}><Sessions workspace={workspace} sessions={sessions} /></Section>
      <Section id="items" title={t("web/items")}>
        {items.length === 0 ? <Empty>{t("web/no-items")}</Empty> : (
          <ul class="lines">
            {items.map((i) => (
              <li key={i.id}>
                <span>{i.title || i.id} <ItemPhase phase={i.phase} /></span>
                {i.proposedBy && <span class="under">{t("web/proposed-by", { who: named(all, i.proposedBy) })}</span>}
              </li>
            ))}
          </ul>
        )}
      </Section>
      <Section id="people" title={t("web/people")}>
        {participants.length === 0 ? <Empty>{t("web/no-people")}</Empty> : <PeopleList level="h3" list={participants} />}
      </Section>
    </>
  );
}

// Roles asks for the roles again whenever the record has moved on.
function Roles({ workspace, id, sequence }: { workspace: string; id: string; sequence: string }) {
  const of = { workspace, initiative: id, atLeastSequence: sequence };
  const asked = useAsked(`${id} ${sequence}`, async (signal) => {
    const [summary, list] = await Promise.all([
      ask("RoleService/SummariseRoles", { decisions: of }, signal), ask("RoleService/ListRoles", { ...of, who: "users:strict" }, signal),
    ]);
    return { summaries: summary.summaries ?? [], decisions: list.decisions ?? [] };
  });
  return (
    <>
      <Section id="roles" title={t("web/users-role")}>
        <p>{t("web/users-role-what")}</p>
        {asked.problem ? <Problem asked={asked} /> : !asked.data ? <Loading /> : asked.data.decisions.length === 0
          ? <Empty>{t("web/no-decisions")}</Empty>
          : <div class="pair">{asked.data.summaries.map((s) => <Summary key={s.who} summary={s} />)}</div>}
      </Section>
      {asked.data && asked.data.decisions.length > 0 && (
        <Section id="decisions" title={t("web/decisions")}><Decisions workspace={workspace} decisions={asked.data.decisions} /></Section>
      )}
    </>
  );
}

const views: Record<string, [Key, Key]> = {
  "users:strict": ["web/users-strict", "web/users-strict-what"], "users:broad": ["web/users-broad", "web/users-broad-what"],
};

function Summary({ summary }: { summary: RoleSummaryJson }) {
  const [title, what] = views[summary.who ?? ""] ?? ["web/users-role", "web/users-role-what"];
  const distribution = summary.distribution ?? {}, excluded = Object.entries(summary.excluded ?? {});
  const n = Number(summary.included ?? 0);
  return (
    <article class="block">
      <h3>{t(title)}</h3>
      <p class="under">{t(what)}</p>
      {summary.role
        ? <p class="median"><span>{t("web/median")}</span> <RoleName role={summary.role} /></p>
        : <p>{t("web/median-too-few", { n })}</p>}
      {n > 0 && (
        <>
          <Bar caption={t("web/roles-n", { n })} of={[t("web/role"), t("web/decisions")]} parts={(["decisive", "consultative", "none"] as const).map((role) => ({
            name: t(`role/${role}`), value: Number(distribution[role] ?? 0), look: `role-${role}`,
          }))} />
          {summary.best && <p>{t("web/best", { role: t(`role/${summary.best}` as Key) })} {t("web/worst", { role: t(`role/${summary.worst}` as Key) })}</p>}
        </>
      )}
      {excluded.length > 0 && (
        <>
          <h4 class="h6">{t("web/excluded")}</h4>
          <ul>{excluded.map(([reason, count]) => <li key={reason}>{t("web/excluded-n", { n: Number(count) })} {reasonOf(reason)}</li>)}</ul>
        </>
      )}
    </article>
  );
}

function reasonOf(code: string): string {
  const key = `reason/${code}`;
  return has(key) ? t(key) : code;
}

function Decisions({ workspace, decisions }: { workspace: string; decisions: DecisionRolesJson[] }) {
  const columns = [t("web/question"), t("web/outcome"), t("web/users-role")];
  return (
    <Table caption={t("web/decisions-caption")} columns={columns}>
      {[...decisions].reverse().map((d) => {
        const id = `${d.initiative}:${d.session}:${d.id}`;
        return (
          <Row key={id}>
            <Head><A href={address.decision(workspace, id)}>{d.question || d.id}</A></Head>
            <Cell of={columns[1]!}><OutcomeName outcome={d.outcome} /></Cell>
            <Cell of={columns[2]!}><RoleName role={d.roles?.[0]?.role} /></Cell>
          </Row>
        );
      })}
    </Table>
  );
}
