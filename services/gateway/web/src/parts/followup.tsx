// What became of a decision, in a word and a day.
import type { DecisionSummaryJson } from "../gen/tavolo/api/v1/record_pb";
import { day, label, t } from "../words";

// isLate tells whether a last day (yyyy-mm-dd) or a moment is over, as the record's own rule has it for the roles: a day ends where it ends in UTC, wherever
// the screen is. Otherwise a list would say what the ledger denies.
export function isLate(due: string, now: string): boolean {
  const end = new Date(due);
  if (due.length === 10) end.setUTCDate(end.getUTCDate() + 1);
  return due !== "" && end <= new Date(now);
}

// late tells whether what is to be done is overdue now.
export const late = (d: DecisionSummaryJson, now = new Date().toISOString()): boolean => d.followUp === "FOLLOW_UP_DUE" && isLate(d.due ?? "", now);

export function FollowUp({ d }: { d: DecisionSummaryJson }) {
  const word = label("phase", d.followUp);
  if (word === undefined) return null;
  const open = d.followUp === "FOLLOW_UP_DUE" || d.followUp === "FOLLOW_UP_EXPLAINED";
  return (
    <>
      <span class={`state ${late(d) ? "late" : open ? "soon" : ""}`}>{late(d) ? t("web/follow-up-late") : word}</span>
      {open && d.due && <span class="note">{t("web/act-due", { day: day(d.due) })}</span>}
    </>
  );
}
