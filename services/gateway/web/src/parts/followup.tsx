// What became of a decision, in a word and a day.
import type { DecisionSummaryJson } from "../gen/tavolo/api/v1/record_pb";
import { day, label, t } from "../words";

// late tells whether what is to be done is overdue today.
export const late = (d: DecisionSummaryJson): boolean => d.followUp === "FOLLOW_UP_DUE" && Boolean(d.due) && d.due!.slice(0, 10) < new Date().toLocaleDateString("sv", { timeZone: "Europe/Rome" });

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
