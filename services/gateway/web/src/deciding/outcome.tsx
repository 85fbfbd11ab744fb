// What came out, in big words, and how it was counted, as the record says: quorum, base, what was needed and reached, a tie and what broke it.
import type { ConditionViewJson, CountViewJson, DecisionViewJson } from "../gen/tavolo/api/v1/record_pb";
import { tallied } from "../parts/result";
import { Head, Row, Table } from "../parts/table";
import { type Key, constituency, label, list, number, t } from "../words";
import { OutcomeName } from "../parts/badges";

const whats: Record<string, Key> = { OUTCOME_ADOPTED: "web/outcome-adopted-what", OUTCOME_REJECTED: "web/outcome-rejected-what", OUTCOME_NO_DECISION: "web/outcome-none-what" };

export function Outcome({ d }: { d: DecisionViewJson }) {
  const reason = label("outcome_reason", d.outcomeReason), what = whats[String(d.outcome)];
  return (
    <div class="came-out">
      <p class="big"><OutcomeName outcome={d.outcome} /></p>
      {what && <p>{t(what)}{reason && ` ${reason}.`}</p>}
      {tallied(d) && <p>{t("web/tally", { for: n(d.tally?.for), against: n(d.tally?.against), abstain: n(d.tally?.abstain) })}</p>}
      {d.count && <Count d={d} count={d.count} />}
    </div>
  );
}

const n = (weight: string | number | undefined): string => number(Number(weight ?? 0));

function Count({ d, count }: { d: DecisionViewJson; count: CountViewJson }) {
  const conditions = count.conditions ?? [], quorums = count.quorums ?? [];
  return (
    <details class="fold counted">
      <summary>{t("web/count-how")}</summary>
      {(count.quorumNeeded ?? 0) > 0 && <p>{t("web/count-quorum", { needed: count.quorumNeeded ?? 0, present: count.quorumPresent ?? 0 })}</p>}
      {quorums.map((q) => <p key={q.constituency}>{t("web/count-quorum-of", { who: constituency(q.constituency), needed: q.needed ?? 0, present: q.present ?? 0 })}</p>)}
      {(count.quorumNeeded ?? 0) === 0 && quorums.length === 0 ? <p>{t("web/quorum-none")}</p> : <p><strong>{t(count.quorate ? "web/count-quorate" : "web/count-not-quorate")}</strong></p>}
      {conditions.map((c) => <Condition key={(c.of ?? []).join()} c={c} base={baseOf(d, c)} />)}
      {count.tie && <p><strong>{t("web/count-tie")}</strong> {label("tie", d.charter?.rule?.tie) ?? label("tie", "TIE_STATUS_QUO")}.</p>}
    </details>
  );
}

function baseOf(d: DecisionViewJson, c: ConditionViewJson): string | undefined {
  const rule = d.charter?.rule, own = (rule?.constituencies ?? []).find((r) => (r.of ?? []).join() === (c.of ?? []).join());
  return label("base", (c.of ?? []).length > 0 ? own?.base : rule?.base) ?? label("base", "BASE_CAST");
}

// Condition is one threshold: votes for as a bar out of the base, with a line at what was needed, and the same figures as a table.
function Condition({ c, base }: { c: ConditionViewJson; base: string | undefined }) {
  const whole = Number(c.base ?? 0), yes = Number(c.for ?? 0), needed = Number(c.needed ?? 0), scale = Math.max(whole, yes, needed, 1);
  const columns = [t("web/choice"), t("web/count-weight")];
  return (
    <div class="condition">
      <p class="who">{(c.of ?? []).length > 0 ? list((c.of ?? []).map(constituency)) : t("web/count-everyone")}: {t(c.passed ? "web/count-passed" : "web/count-not-passed")}</p>
      <svg class="chart" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true" focusable="false">
        <rect class="tone-3" x="0" y="0" width={yes / scale * 100} height="8" />
        <line class="needed" x1={needed / scale * 100} x2={needed / scale * 100} y1="0" y2="8" />
      </svg>
      <Table narrow caption={base ? t("web/base", { base }) : t("web/count-how")} columns={columns}>
        {([["web/count-for", c.for], ["web/count-against", c.against], ["web/count-abstain", c.abstain], ["web/count-base", c.base], ["web/count-needed", c.needed]] as [Key, string | undefined][]).map(([key, value]) => (
          <Row key={key}><Head>{t(key)}</Head><td role="cell">{n(value)}</td></Row>
        ))}
      </Table>
    </div>
  );
}
