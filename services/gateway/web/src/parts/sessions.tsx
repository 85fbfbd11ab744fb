// A list of sessions, and what an initiative is about in one line.
import type { InitiativeSummaryJson, SessionSummaryJson } from "../gen/tavolo/api/v1/record_pb";
import { address } from "../route";
import { day, dayAndTime, label, t } from "../words";
import { Phase } from "./badges";
import { A, Empty } from "./screen";

// subject says scope or area, and stage.
export function subject(i: InitiativeSummaryJson | undefined): string {
  const what = label("area", i?.area) ?? label("scope", i?.scope);
  return [what, label("stage", i?.stage)].filter((s) => s !== undefined).join(" · ");
}

// moment is when a session took place, else when it is meant to.
export const moment = (s: SessionSummaryJson | undefined): string | undefined => s?.openedAt ?? s?.startsAt;

export function Sessions({ workspace, sessions }: { workspace: string; sessions: SessionSummaryJson[] }) {
  if (sessions.length === 0) return <Empty>{t("web/no-sessions")}</Empty>;
  const latest = [...sessions].sort((a, b) => (moment(b) ?? "9").localeCompare(moment(a) ?? "9"));
  return (
    <ul class="lines">
      {latest.map((s) => (
        <li key={s.id}>
          <span><A href={address.session(workspace, s.id ?? "")}>{s.title || s.id}</A> <Phase phase={s.phase} /></span>
          <span class="under">{[label("session_kind", s.kind), when(s)].filter(Boolean).join(" · ")}</span>
        </li>
      ))}
    </ul>
  );
}

function when(s: SessionSummaryJson): string {
  const at = moment(s);
  if (!at) return t("web/no-date");
  return s.phase === "SESSION_PHASE_CLOSED" ? day(at) : dayAndTime(at);
}
