// Creating a workspace, an initiative, a session. Ids are made here from the titles (naming.ts).
import { useState } from "preact/hooks";
import { ask, tell } from "../api";
import type { InitiativeSummaryJson, InitiativeViewJson, SessionSummaryJson, WorkspaceViewJson } from "../gen/tavolo/api/v1/record_pb";
import type { AreaJson, StageJson } from "../gen/tavolo/event/v1/initiative_pb";
import type { SessionKindJson } from "../gen/tavolo/event/v1/session_pb";
import { announce } from "../parts/announce";
import { Choice, Field, Form, type Problems, Select } from "../parts/form";
import { address, go } from "../route";
import { type Key, label, t } from "../words";
import { dayAndHour, momentOf } from "./clock";
import { idFrom } from "./naming";
import { regions } from "./regions";

// idKept gives what is created one id for as long as its title stays: sent again after a lost answer, it is the same thing.
function useIdKept(): (title: string, taken: Iterable<string>, otherwise: string) => string {
  const [kept] = useState<{ title: string; id: string }>({ title: "", id: "" });
  return (title, taken, otherwise) => {
    if (kept.id === "" || kept.title !== title) Object.assign(kept, { title, id: idFrom(title, taken, otherwise) });
    return kept.id;
  };
}

const titleMissing = (id: string, title: string): Problems => title.trim() ? {} : { [id]: { key: "web/title-missing" } };

export function CreateWorkspace({ taken, done, cancel }: { taken: string[]; done: () => void; cancel?: () => void }) {
  const [name, setName] = useState(""), [region, setRegion] = useState(""), idOf = useIdKept();
  const send = async () => {
    const workspace = idOf(name.trim(), taken, "dipartimento");
    await tell("WorkspaceService/FoundWorkspace", { workspace, name: { clear: name.trim() }, region });
    await shown(workspace);
    announce({ key: "web/workspace-made" });
    done();
  };
  return (
    <Form action={t("web/workspace-make")} label={t("web/workspace-new")} cancel={cancel} check={() => titleMissing("workspace-name", name)} send={send}>
      <Field id="workspace-name" label={t("web/workspace-name")} hint={t("web/workspace-name-hint")} value={name} set={setName} max={200} />
      <Select id="workspace-region" label={t("web/region")} value={region} set={setRegion} options={[{ value: "", label: t("web/region-unsaid") }, ...regions.map((r) => ({ value: r, label: r }))]} />
    </Form>
  );
}

// shown waits until the list of workspaces has a new one: what lists them reads the log a moment later.
async function shown(workspace: string): Promise<WorkspaceViewJson | undefined> {
  for (let tries = 0; tries < 20; tries++) {
    const { workspaces = [] } = await ask("WorkspaceService/ListWorkspaces", {});
    const found = workspaces.find((w) => w.id === workspace);
    if (found) return found;
    await new Promise((again) => setTimeout(again, 150));
  }
  return undefined;
}

const areas = ["AREA_REHABILITATION", "AREA_CARE_PATHWAYS", "AREA_NEW_SERVICES", "AREA_STAFF_TRAINING", "AREA_OTHER"] as const;
const stages: [StageJson, Key, Key][] = [
  ["STAGE_COMMISSION", "web/stage-commission", "web/stage-commission-what"], ["STAGE_DESIGN", "web/stage-design", "web/stage-design-what"],
  ["STAGE_DELIVER", "web/stage-deliver", "web/stage-deliver-what"], ["STAGE_ASSESS", "web/stage-assess", "web/stage-assess-what"],
];

export function CreateInitiative({ workspace, there, cancel }: { workspace: string; there: InitiativeSummaryJson[]; cancel: () => void }) {
  const [title, setTitle] = useState(""), [about, setAbout] = useState<string | undefined>(undefined), [stage, setStage] = useState<string | undefined>(undefined), idOf = useIdKept();
  const id = `new-${workspace}`;
  const check = (): Problems => ({
    ...titleMissing(`${id}-title`, title),
    ...about === undefined && { [`${id}-about`]: { key: "web/about-missing" } as const },
    ...stage === undefined && { [`${id}-stage`]: { key: "web/stage-missing" } as const },
  });
  const send = async () => {
    const initiative = idOf(title.trim(), there.map((i) => i.id ?? ""), "iniziativa");
    const what = about === "plan" ? { scope: "SCOPE_STRATEGIC_PLANNING" as const } : { scope: "SCOPE_AREA" as const, area: about as AreaJson };
    const { sequence = "0" } = await tell("InitiativeService/OpenInitiative", { workspace, initiative, title: { clear: title.trim() }, ...what, stage: stage as StageJson });
    await ask("InitiativeService/GetInitiative", { workspace, initiative, atLeastSequence: sequence });
    go(address.initiative(workspace, initiative));
  };
  return (
    <Form action={t("web/initiative-make")} label={t("web/initiative-new")} cancel={cancel} check={check} send={send}>
      <Field id={`${id}-title`} label={t("web/initiative-title")} hint={t("web/initiative-title-hint")} value={title} set={setTitle} max={200} />
      <Choice id={`${id}-about`} label={t("web/about")} value={about} set={setAbout} options={[
        { value: "plan", label: t("web/about-plan"), hint: t("web/about-plan-what") }, ...areas.map((a) => ({ value: a, label: label("area", a) ?? "" })),
      ]} />
      <Choice id={`${id}-stage`} label={t("web/stage")} value={stage} set={setStage} options={stages.map(([value, says, what]) => ({ value: String(value), label: t(says), hint: t(what) }))} />
    </Form>
  );
}

const kinds: SessionKindJson[] = [
  "SESSION_KIND_MEETING", "SESSION_KIND_WORKING_GROUP", "SESSION_KIND_PLENARY", "SESSION_KIND_ASSEMBLY", "SESSION_KIND_FOCUS_GROUP", "SESSION_KIND_REFLECTIVE_MEETING", "SESSION_KIND_PUBLIC_EVENT",
];

// SessionForm announces a session, or changes what was announced of one.
export function SessionForm({ workspace, initiative, view, session, cancel }: {
  workspace: string;
  initiative: string;
  view?: InitiativeViewJson;
  session?: SessionSummaryJson | undefined;
  cancel: () => void;
}) {
  const [wasDay, wasHour] = dayAndHour(session?.startsAt);
  const [title, setTitle] = useState(session?.title ?? ""), [kind, setKind] = useState<string>(String(session?.kind ?? kinds[0])), [place, setPlace] = useState(session?.place ?? "");
  const [day, setDay] = useState(wasDay), [hour, setHour] = useState(wasHour), [minutes, setMinutes] = useState(String(session?.minutes ?? 90)), idOf = useIdKept();
  const check = (): Problems => ({
    ...titleMissing("session-title", title),
    ...day && !momentOf(day, hour || "00:00") && { "session-day": { key: "web/day-wrong" } as const },
    ...day && !hour && { "session-hour": { key: "web/hour-missing" } as const },
    ...!day && hour && { "session-day": { key: "web/day-missing" } as const },
    ...!(Number(minutes) >= 0 && Number(minutes) <= 1440) && { "session-minutes": { key: "web/minutes-wrong" } as const },
  });
  const send = async () => {
    const at = momentOf(day, hour);
    const said = {
      title: { clear: title.trim() }, kind: kind as SessionKindJson, ...at && { startsAt: at }, minutes: Math.round(Number(minutes)), ...place.trim() && { place: { clear: place.trim() } },
    };
    if (session) {
      await tell("SessionService/DescribeSession", { workspace, session: session.id ?? "", ...said });
      announce({ key: "web/saved" });
      cancel();
      return;
    }
    const taken = (view?.sessions ?? []).map((s) => (s.id ?? "").slice(initiative.length + 1));
    const id = `${initiative}:${idOf([day, title.trim()].filter(Boolean).join(" "), taken, "incontro")}`;
    const { sequence = "0" } = await tell("SessionService/PrepareSession", { workspace, session: id, ...said });
    await ask("SessionService/GetSession", { workspace, session: id, atLeastSequence: sequence });
    go(address.session(workspace, id));
  };
  return (
    <Form action={t(session ? "web/save" : "web/session-make")} label={t(session ? "web/session-change" : "web/session-new")} cancel={cancel} check={check} send={send}>
      <Field id="session-title" label={t("web/session-title")} hint={t("web/session-title-hint")} value={title} set={setTitle} max={200} />
      <Select id="session-kind" label={t("web/session-kind")} value={kind} set={setKind} options={kinds.map((k) => ({ value: String(k), label: label("session_kind", k) ?? "" }))} />
      <div class="side">
        <Field id="session-day" type="date" label={t("web/day")} value={day} set={setDay} />
        <Field id="session-hour" type="time" label={t("web/hour")} value={hour} set={setHour} />
        <Field id="session-minutes" type="number" label={t("web/minutes")} value={minutes} set={setMinutes} />
      </div>
      <Field id="session-place" label={t("web/place")} hint={t("web/place-hint")} value={place} set={setPlace} max={400} />
    </Form>
  );
}
