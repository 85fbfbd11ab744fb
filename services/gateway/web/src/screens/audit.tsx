// What evaluators read of a department: the figure, the ledger behind it, how strong the role was, and what to look at.
import { ask, useAsked } from "../api";
import { Department } from "../auditing/department";
import { read, shared, spans, write } from "../auditing/filters";
import { Findings } from "../auditing/findings";
import type { WorkspaceViewJson } from "../gen/tavolo/api/v1/record_pb";
import { Loaded } from "../parts/loaded";
import { A, Screen } from "../parts/screen";
import { address } from "../route";
import { type Key, t } from "../words";

// Page is what the pages of a department have in common.
export interface Page {
  workspace: string;
  query: string;
  // Its address without the query.
  page: string;
  // Name and initiatives.
  of: WorkspaceViewJson;
}

const strength = () => import("../auditing/strength"), ledger = () => import("../auditing/ledger");

const titles: Record<string, Key> = { "": "web/audit", ledger: "web/audit-ledger", strength: "web/audit-strength", findings: "web/audit-findings" };

export function Audit({ workspace, part, query }: { workspace: string; part: string; query: string }) {
  const asked = useAsked(workspace, async (signal) => {
    const { workspaces = [] } = await ask("WorkspaceService/ListWorkspaces", {}, signal);
    return workspaces.find((w) => w.id === workspace) ?? { id: workspace };
  });
  const props = { workspace, query, page: address.audit(workspace, part), of: asked.data ?? {} };
  return (
    <Screen kind={t(titles[part] ?? "web/audit")} title={asked.data ? asked.data.name || workspace : undefined} asked={asked} back={<Back of={asked.data} query={query} />}>
      <Parts workspace={workspace} part={part} query={query} />
      {part === "ledger" ? <Loaded file={ledger}>{(m) => <m.Ledger {...props} />}</Loaded> : part === "strength" ? <Loaded file={strength}>{(m) => <m.Strength {...props} />}</Loaded> : part === "findings" ? <Findings {...props} /> : <Department {...props} />}
    </Screen>
  );
}

// Back leads up, to the region and the nation that a department lies in.
function Back({ of, query }: { of: WorkspaceViewJson | undefined; query: string }) {
  const kept = write(shared(read(query))), up = (place: string, says: string) => <li><A href={address.territory(place) + kept}>{says}</A></li>;
  return (
    <nav aria-label={t("web/where")}>
      <ol class="crumbs">
        <li><A href={address.home}>{t("web/home")}</A></li>
        {up("", t("web/nation"))}
        {of?.regionCode && up(`region/${of.regionCode}`, of.region ?? "")}
      </ol>
    </nav>
  );
}

// Parts leads from page to page and keeps the period.
function Parts({ workspace, part, query }: { workspace: string; part: string; query: string }) {
  const kept = write(shared(read(query)));
  return (
    <nav aria-label={t("web/audit-pages")}>
      <ul class="acts plain-list">
        {Object.entries(titles).map(([page, says]) => (
          <li key={page}>{page === part ? <strong aria-current="page">{t(says)}</strong> : <A href={address.audit(workspace, page) + kept}>{t(says)}</A>}</li>
        ))}
        <li><A href={address.table3 + write({ ...spans(read(query)), ws: workspace })}>{t("web/table3")}</A></li>
      </ul>
    </nav>
  );
}
