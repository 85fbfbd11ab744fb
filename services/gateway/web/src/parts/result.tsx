// The outcome of a decision and its totals, in words and as one bar.
import type { DecisionViewJson } from "../gen/tavolo/api/v1/record_pb";
import { label, number, t } from "../words";
import { OutcomeName } from "./badges";

export function Result({ d }: { d: DecisionViewJson }) {
  const reason = label("outcome_reason", d.outcomeReason);
  if (d.phase !== "DECISION_PHASE_CLOSED") {
    return <p>{d.phase === "DECISION_PHASE_OPEN" ? t("web/voted-n", { n: (d.ballots ?? []).length }) : t("web/no-outcome-yet")}</p>;
  }
  return (
    <>
      <p><OutcomeName outcome={d.outcome} />{reason && <span class="note">{reason}</span>}</p>
      {tallied(d) && <p>{t("web/tally", tally(d))}</p>}
    </>
  );
}

const tally = (d: DecisionViewJson) => ({ for: of(d.tally?.for), against: of(d.tally?.against), abstain: of(d.tally?.abstain) });
const of = (weight: string | number | undefined): string => number(Number(weight ?? 0));

// tallied tells whether there were votes to count.
export const tallied = (d: DecisionViewJson): boolean => [d.tally?.for, d.tally?.against, d.tally?.abstain].some((w) => Number(w ?? 0) > 0);
