// An initiative: the users' role over all its decisions, its sessions, items and people.
import { ask, useAsked } from "../api";
import type { InitiativeViewJson } from "../gen/tavolo/api/v1/record_pb";
import { may, me, seat, signedIn } from "../me";
import type { DecisionRolesJson, RoleSummaryJson } from "../gen/tavolo/api/v1/roles_pb";
import { useLive } from "../live";
import { ItemPhase, OutcomeName, RoleName } from "../parts/badges";
import { Bar } from "../parts/bar";
import { FollowUp } from "../parts/followup";
import { Loaded } from "../parts/loaded";
import { LiveNote } from "../parts/livenote";
import { PeopleList, named, people } from "../parts/people";
import { A, Back, Empty, Loading, Problem, Screen, Section } from "../parts/screen";
import { Sessions, subject } from "../parts/sessions";
import { Cell, Head, Row, Table } from "../parts/table";
import { Fold } from "../preparing/fold";
import { address } from "../route";
import { type Key, has, label, t } from "../words";

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
      <OwnSeat workspace={workspace} id={id} />
      <Section id="sessions" title={t("web/sessions")}><Sessions workspace={workspace} sessions={sessions} /><Meetings workspace={workspace} id={id} view={view} /></Section>
      <Roles workspace={workspace} id={id} view={view} />
      <Section id="items" title={t("web/items")}>
        {items.length === 0 ? <Empty>{t("web/no-items")}</Empty> : (
          <ul class="lines">
            {items.map((i) => (
              <li key={i.id}>
                <span>{i.title || i.id} <ItemPhase phase={i.phase} /></span>
                {i.proposedBy && <span class="under">{t("web/proposed-by", { who: named(all, i.proposedBy) })}</span>}
                {i.phase === "ITEM_PHASE_REFUSED" && i.reason && <span class="under">{t("web/reason-was")} <q>{i.reason}</q></span>}
              </li>
            ))}
          </ul>
        )}
        {may("GRANT_TAKE_PART", workspace, id) && (
          <Fold id="propose" label={t("web/propose")}>
            {() => <Loaded file={prepare}>{(m) => <m.Propose table={{ workspace, initiative: id, mine: seat(workspace, id) }} taken={items.map((i) => i.id ?? "")} />}</Loaded>}
          </Fold>
        )}
      </Section>
      <Section id="unlogged" title={t("web/unlogged")}>
        <Loaded file={unlogged}>{(m) => <m.Unlogged workspace={workspace} initiative={id} view={view} mine={may("GRANT_TAKE_PART", workspace, id) ? seat(workspace, id) : undefined} />}</Loaded>
      </Section>
      <Section id="people" title={t("web/people")}>
        {participants.length === 0 ? <Empty>{t("web/no-people")}</Empty> : <PeopleList level="h3" list={participants} />}
      </Section>
      {may("GRANT_FACILITATE", workspace, id) && <Loaded file={manage}>{(m) => <m.Manage workspace={workspace} initiative={id} view={view} />}</Loaded>}
    </>
  );
}

// What only some need comes when it is needed.
const prepare = () => import("../preparing/prepare"), create = () => import("../preparing/create"), manage = () => import("../preparing/manage"), takeSeat = () => import("../preparing/takeseat");
const unlogged = () => import("../preparing/unlogged");

// OwnSeat offers a seat to who runs the initiative and has none: without one they neither propose nor vote.
function OwnSeat({ workspace, id }: { workspace: string; id: string }) {
  if (!signedIn() || !may("GRANT_FACILITATE", workspace, id) || seat(workspace, id)) return null;
  return (
    <div class="block">
      <p>{t("web/seat-none")}</p>
      <Fold id="take-seat" label={t("web/seat-take")}>{(close) => <Loaded file={takeSeat}>{(m) => <m.TakeSeat workspace={workspace} initiative={id} cancel={close} />}</Loaded>}</Fold>
    </div>
  );
}

// Meetings: the calendar of those to come, and for who facilitates a new one.
function Meetings({ workspace, id, view }: { workspace: string; id: string; view: InitiativeViewJson }) {
  const ahead = (view.sessions ?? []).filter((s) => s.phase === "SESSION_PHASE_PREPARED" && s.startsAt);
  return (
    <>
      {me.value?.account && ahead.length > 0 && (
        <ul class="plain-list">
          {ahead.map((s) => <li key={s.id}><a href={`/v1/workspaces/${encodeURIComponent(workspace)}/sessions/${encodeURIComponent(s.id ?? "")}.ics`} download>{t("web/calendar", { title: s.title ?? "" })}</a></li>)}
        </ul>
      )}
      {may("GRANT_FACILITATE", workspace, id) && (
        <Fold id="new-session" look={(view.sessions ?? []).length === 0 ? "main" : "plain"} label={t("web/session-new")}>
          {(close) => <Loaded file={create}>{(m) => <m.SessionForm workspace={workspace} initiative={id} view={view} cancel={close} />}</Loaded>}
        </Fold>
      )}
    </>
  );
}

// Roles asks for the roles again whenever the record has moved on.
function Roles({ workspace, id, view }: { workspace: string; id: string; view: InitiativeViewJson }) {
  const sequence = view.sequence ?? "0";
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
        <Section id="decisions" title={t("web/decisions")}><Decisions workspace={workspace} view={view} decisions={asked.data.decisions} /></Section>
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
      {summary.role && (summary.role !== "other" || distribution.other)
        ? <p class="median"><span>{t("web/median")}</span> <RoleName role={summary.role} /></p>
        : <p>{t("web/median-too-few", { n })}</p>}
      {n > 0 && (
        <>
          <Bar caption={t("web/roles-n", { n })} of={[t("web/role"), t("web/decisions")]} parts={(["decisive", "consultative", "none", ...distribution.other ? ["other"] as const : []] as const).map((role) => ({
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

function Decisions({ workspace, view, decisions }: { workspace: string; view: InitiativeViewJson; decisions: DecisionRolesJson[] }) {
  const columns = [t("web/question"), t("web/outcome"), t("web/users-role"), t("web/what-became")];
  return (
    <Table caption={t("web/decisions-caption")} columns={columns}>
      {[...decisions].reverse().map((d) => {
        const id = `${d.initiative}:${d.session}:${d.id}`, became = view.decisions?.find((s) => s.id === id);
        return (
          <Row key={id}>
            <Head><A href={address.decision(workspace, id)}>{d.question || d.id}</A></Head>
            <Cell of={columns[1]!}><OutcomeName outcome={d.outcome} /></Cell>
            <Cell of={columns[2]!}><RoleName role={d.roles?.[0]?.role} /></Cell>
            <Cell of={columns[3]!}>{label("phase", became?.followUp) ? <FollowUp d={became!} /> : t("web/none-yet")}</Cell>
          </Row>
        );
      })}
    </Table>
  );
}
