// The first screen. Nobody signed in: what this is, and the way in. Somebody: their next meeting, what they can vote on, what became of decisions, and
// where they belong.
import { useEffect, useMemo, useState } from "preact/hooks";
import { ask, useAsked } from "../api";
import { Left } from "../entering/left";
import { Code } from "../entering/code";
import type { DecisionSummaryJson, InitiativeViewJson, SessionSummaryJson, WorkspaceViewJson } from "../gen/tavolo/api/v1/record_pb";
import { may, me, recognise, seat, signedIn } from "../me";
import { useLiveAll } from "../live";
import { Phase } from "../parts/badges";
import { FollowUp, late } from "../parts/followup";
import { LiveNote } from "../parts/livenote";
import { Loaded } from "../parts/loaded";
import { A, Empty, Screen, Section } from "../parts/screen";
import { moment, subject } from "../parts/sessions";
import { Fold } from "../preparing/fold";
import { address } from "../route";
import { dayAndTime, t } from "../words";

interface Department {
  workspace: WorkspaceViewJson;
  // Those that are followed.
  initiatives: InitiativeViewJson[];
}

// Whoever evaluates reads hundreds of initiatives, in some dozen departments. From manyInitiatives on only those are asked for, and followed, where this person has a seat;
// from manyDepartments on the others are folded.
const manyInitiatives = 12, manyDepartments = 8;

async function departments(signal: AbortSignal): Promise<Department[]> {
  if (me.value === undefined) await recognise();
  if (!signedIn()) return [];
  const { workspaces = [] } = await ask("WorkspaceService/ListWorkspaces", {}, signal);
  const many = workspaces.reduce((n, w) => n + (w.initiatives?.length ?? 0), 0) > manyInitiatives;
  return Promise.all(workspaces.map(async (workspace) => ({
    workspace,
    initiatives: await Promise.all((workspace.initiatives ?? []).filter((i) => !many || seat(workspace.id ?? "", i.id ?? "") !== undefined).map((i) =>
      ask("InitiativeService/GetInitiative", { workspace: workspace.id ?? "", initiative: i.id ?? "" }, signal))),
  })));
}

export function Home() {
  const [turn, next] = useState(0), asked = useAsked(`home ${turn}`, departments);
  useEffect(() => { // whoever comes back to this page finds it up to date
    const back = () => { if (!document.hidden) next((n) => n + 1); };
    addEventListener("visibilitychange", back);
    return () => removeEventListener("visibilitychange", back);
  }, []);
  if (me.value && !signedIn()) return <Outside />;
  return (
    <Screen kind={t("web/home-of", { name: me.value?.name ?? "" })} asked={asked}>
      {asked.data && <Inside list={asked.data} again={() => next(turn + 1)} />}
    </Screen>
  );
}

function Outside() {
  return (
    <Screen kind={t("web/home-title")}>
      <p class="lead">{t("web/home-what")}</p>
      {me.value?.empty && <p class="notice">{t("web/home-first")}</p>}
      <Section id="in" title={t("web/enter")}><Code /><p>{t("web/enter-link")}</p></Section>
    </Screen>
  );
}

// One thing of some initiative.
type In<T> = T & { workspace: string; of: string };

// Where an initiative is: the same documents that its own page follows, so that a vote that opens shows here too.
interface Placed extends InitiativeViewJson { workspace: string }

function Inside({ list: asked, again }: { list: Department[]; again: () => void }) {
  const first = useMemo<Placed[]>(() => asked.flatMap(({ workspace, initiatives }) => initiatives.map((view) => ({ ...view, workspace: workspace.id ?? "" }))), [asked]);
  const live = useLiveAll(first, (v) => ({ workspace: v.workspace, topic: `initiative:${v.initiative?.id ?? ""}` }));
  const all = live.map((view, i) => ({ workspace: first[i]?.workspace ?? "", view }));
  const list = asked.map((d) => ({ ...d, initiatives: all.filter((a) => a.workspace === d.workspace.id).map((a) => a.view) }));
  const from = <T,>(pick: (view: InitiativeViewJson, seat: string | undefined) => T[]): In<T>[] => all.flatMap(({ workspace, view }) =>
    pick(view, seat(workspace, view.initiative?.id ?? "")).map((one) => ({ ...one, workspace, of: view.initiative?.title ?? "" })));
  const meetings = from<SessionSummaryJson>((v) => v.sessions ?? []), now = meetings.filter((s) => s.phase === "SESSION_PHASE_OPEN");
  const ahead = meetings.filter((s) => s.phase === "SESSION_PHASE_PREPARED").sort((a, b) => (a.startsAt ?? "9").localeCompare(b.startsAt ?? "9"));
  const votes = from<DecisionSummaryJson>((v, mine) => (v.decisions ?? []).filter((d) => d.phase === "DECISION_PHASE_OPEN" && mine !== undefined && d.awaited?.includes(mine)));
  const due = from<DecisionSummaryJson & { mine: boolean }>((v, mine) => (v.decisions ?? []).filter((d) => d.followUp === "FOLLOW_UP_DUE" || d.followUp === "FOLLOW_UP_EXPLAINED")
    .map((d) => ({ ...d, mine: mine !== undefined && d.implementer === mine }))).sort((a, b) => Number(b.mine) - Number(a.mine) || (a.due ?? "9").localeCompare(b.due ?? "9"));
  const open = (d: Department) => list.length <= manyDepartments || d.initiatives.length > 0;
  return (
    <>
      <Left />
      {all.length > 0 && <LiveNote />}
      {votes.length > 0 && (
        <Section id="votes" title={t("web/votes-now")}>
          <ul class="lines">{votes.map((d) => (
            <li key={d.id}>
              <span><A href={address.decision(d.workspace, d.id ?? "")}>{d.question || d.id}</A> <Phase phase={d.phase} /></span>
              <span class="under">{[d.of, d.closesAt && t("web/closes-at", { when: dayAndTime(d.closesAt) })].filter(Boolean).join(" · ")}</span>
            </li>
          ))}</ul>
        </Section>
      )}
      {all.length > 0 && <Section id="next" title={t("web/next-meeting")}><Next list={[...now, ...ahead].slice(0, Math.max(now.length, 1))} /></Section>}
      {due.length > 0 && (
        <Section id="due" title={t("web/follow-ups")}>
          <ul class="lines">{due.slice(0, 10).map((d) => (
            <li key={d.id}>
              <span><A href={address.decision(d.workspace, d.id ?? "")}>{d.question || d.id}</A></span>
              <span class="under"><FollowUp d={d} />{d.mine && <strong class="yours">{t(late(d) ? "web/follow-up-yours-late" : "web/follow-up-yours")}</strong>}</span>
            </li>
          ))}</ul>
        </Section>
      )}
      {list.length === 0 && !me.value?.administers && <Empty>{t("web/home-nowhere")}</Empty>}
      {list.filter(open).map((d) => <Department key={d.workspace.id} {...d} />)}
      {!list.every(open) && <Section id="departments" title={t("web/departments")}>{list.filter((d) => !open(d)).map((d) => <Folded key={d.workspace.id} {...d} />)}</Section>}
      <More list={list} />
      {me.value?.administers && <NewWorkspace list={list} again={again} />}
    </>
  );
}

function Next({ list }: { list: In<SessionSummaryJson>[] }) {
  if (list.length === 0) return <Empty>{t("web/next-none")}</Empty>;
  return (
    <>
      {list.map((s) => {
        const at = moment(s);
        return (
          <article key={s.id} class="block next">
            <h3><A href={address.session(s.workspace, s.id ?? "")}>{s.title || s.id}</A> <Phase phase={s.phase} /></h3>
            <p class="under">{s.of}</p>
            <p>{at ? dayAndTime(at) : t("web/no-date")}{s.place && <span class="d-block">{s.place}</span>}</p>
            <p class="buttons"><A class="btn btn-primary" href={address.session(s.workspace, s.id ?? "")}>{t(s.phase === "SESSION_PHASE_OPEN" ? "web/next-go" : "web/next-look")}</A></p>
          </article>
        );
      })}
    </>
  );
}

function Folded(d: Department) {
  const [open, toggle] = useState(false);
  return (
    <details class="fold" onToggle={(e) => toggle(e.currentTarget.open)}>
      <summary>{d.workspace.name || d.workspace.id}</summary>
      {open && <Department {...d} />}
    </details>
  );
}

function Department({ workspace, initiatives: followed }: Department) {
  const id = workspace.id ?? "", initiatives = workspace.initiatives ?? [];
  return (
    <Section id={`w-${id}`} title={workspace.name || id}>
      {workspace.region && <p class="under">{workspace.region}</p>}
      {workspace.unverified && <p class="notice">{t("web/unverified", { sequence: workspace.sequence ?? "0" })}</p>}
      {initiatives.length === 0 ? <Empty>{t("web/no-initiatives")}</Empty> : (
        <ul class="lines">
          {initiatives.map((i) => {
            const view = followed.find((f) => f.initiative?.id === i.id), sessions = view && t("web/sessions-n", { n: view.sessions?.length ?? 0 });
            return (
              <li key={i.id}>
                <span><A href={address.initiative(id, i.id ?? "")}>{view?.initiative?.title || i.title || i.id}</A></span>
                <span class="under">{[subject(view?.initiative ?? i), sessions].filter(Boolean).join(" · ")}</span>
              </li>
            );
          })}
        </ul>
      )}
      {may("GRANT_READ", id, "") && <p><A href={address.audit(id)}>{t("web/audit-open", { name: workspace.name || id })}</A></p>}
      {may("GRANT_ADMINISTER", id, "") && (
        <Fold id={`new-in-${id}`} look={initiatives.length === 0 ? "main" : "plain"} label={t("web/initiative-new")} name={t("web/initiative-new-in", { name: workspace.name ?? "" })}>
          {(close) => <Loaded file={create}>{(m) => <m.CreateInitiative workspace={id} there={workspace.initiatives ?? []} cancel={close} />}</Loaded>}
        </Fold>
      )}
    </Section>
  );
}

// More leads to what is about several departments, and to who follows their decisions.
function More({ list }: { list: Department[] }) {
  const readable = list.filter((d) => may("GRANT_READ", d.workspace.id ?? "", "")).length > 0;
  const runs = me.value?.administers || (me.value?.memberships ?? []).some((m) => m.grant === "GRANT_FACILITATE" || m.grant === "GRANT_ADMINISTER");
  if (!readable && !runs) return null;
  return (
    <Section id="more" title={t("web/more")}>
      <ul class="plain-list">
        {readable && <li><A href={address.territory()}>{t("web/territory-open")}</A></li>}
        {runs && <li><A href={address.following}>{t("web/following-open")}</A></li>}
      </ul>
    </Section>
  );
}

const create = () => import("../preparing/create");

// NewWorkspace stands open for the first one: there is nothing else to do yet.
function NewWorkspace({ list, again }: { list: Department[]; again: () => void }) {
  const taken = list.map((d) => d.workspace.id ?? "");
  const form = (close?: () => void) => (
    <Loaded file={create}>{(m) => <m.CreateWorkspace taken={taken} done={() => { close?.(); again(); }} {...close && { cancel: close }} />}</Loaded>
  );
  return (
    <Section id="new-workspace-part" title={t("web/workspace-new")}>
      <p>{t("web/workspace-what")}</p>
      {list.length === 0 ? form() : <Fold id="new-workspace" label={t("web/workspace-new")}>{form}</Fold>}
    </Section>
  );
}
