// The first screen: departments, their initiatives and sessions.
import { ask, useAsked } from "../api";
import type { InitiativeViewJson, WorkspaceViewJson } from "../gen/tavolo/api/v1/record_pb";
import { A, Empty, Screen, Section } from "../parts/screen";
import { Sessions, subject } from "../parts/sessions";
import { address } from "../route";
import { t } from "../words";

interface Department {
  workspace: WorkspaceViewJson;
  initiatives: InitiativeViewJson[];
}

async function departments(signal: AbortSignal): Promise<Department[]> {
  const { workspaces = [] } = await ask("WorkspaceService/ListWorkspaces", {}, signal);
  return Promise.all(workspaces.map(async (workspace) => ({
    workspace,
    initiatives: await Promise.all((workspace.initiatives ?? []).map((i) =>
      ask("InitiativeService/GetInitiative", { workspace: workspace.id ?? "", initiative: i.id ?? "" }, signal))),
  })));
}

export function Home() {
  const asked = useAsked("home", departments);
  return (
    <Screen kind={t("web/home-title")} asked={asked}>
      <p class="lead">{t("web/home-what")}</p>
      {asked.data?.length === 0 && <Empty>{t("web/home-empty")}</Empty>}
      {asked.data?.map(({ workspace, initiatives }) => (
        <Section key={workspace.id} id={`w-${workspace.id}`} title={workspace.name || workspace.id || ""}>
          {workspace.region && <p class="under">{workspace.region}</p>}
          {workspace.unverified && <p class="notice">{t("web/unverified", { sequence: workspace.sequence ?? "0" })}</p>}
          {initiatives.length === 0 && <Empty>{t("web/no-initiatives")}</Empty>}
          {initiatives.map((view) => <Card key={view.initiative?.id} workspace={workspace.id ?? ""} view={view} />)}
        </Section>
      ))}
    </Screen>
  );
}

function Card({ workspace, view }: { workspace: string; view: InitiativeViewJson }) {
  const { initiative, sessions = [] } = view;
  return (
    <article class="block">
      <h3><A href={address.initiative(workspace, initiative?.id ?? "")}>{initiative?.title || initiative?.id}</A></h3>
      <p class="under">{subject(initiative)}</p>
      <h4 class="h6">{t("web/sessions")}</h4>
      <Sessions workspace={workspace} sessions={sessions} />
    </article>
  );
}
