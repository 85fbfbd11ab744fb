// The charter of a decision in words, with the figures that came of it.
import type { ComponentChildren } from "preact";
import type { DecisionViewJson } from "../gen/tavolo/api/v1/record_pb";
import type { ThresholdJson } from "../gen/tavolo/event/v1/decision_pb";
import { type Condition, type Quorum, conditionsOf, quorumOf, votersOf } from "../rule";
import { constituency, day, label, list, t } from "../words";
import { type People, named } from "./people";
import { Empty } from "./screen";

export function RuleInWords({ d, all }: { d: DecisionViewJson; all: People }) {
  const charter = d.charter, rule = charter?.rule;
  if (!charter || !rule) return <Empty>{t("web/no-rule")}</Empty>;
  const names = (ids: string[] | undefined) => list((ids ?? []).map((p) => named(all, p)));
  const promised = label("role", charter.rolePromised), asked = label("role", charter.roleAsked);
  const conditions = conditionsOf(d), quorum = quorumOf(d), over = d.phase === "DECISION_PHASE_CLOSED";
  return (
    <dl class="facts">
      <Fact of={t("web/rule-method")}>{label("method", rule.method)}</Fact>
      {rule.holder && <Fact of={t("web/rule-holder")}>{named(all, rule.holder)}</Fact>}
      {conditions.length > 0 && <Fact of={t("web/rule-threshold")}>{conditions.map((c) => <Threshold key={c.of.join()} c={c} />)}</Fact>}
      {(rule.veto ?? []).length > 0 && <Fact of={t("web/rule-veto")}>{names(rule.veto)}</Fact>}
      {(rule.requiresFor ?? []).length > 0 && <Fact of={t("web/rule-requires")}>{names(rule.requiresFor)}</Fact>}
      {(rule.minMembersFor ?? 0) > 0 && <Fact of={t("web/rule-members")}>{t("web/at-least-people", { n: rule.minMembersFor ?? 0 })}</Fact>}
      <Fact of={t("web/rule-quorum")}>
        {quorum.length === 0 ? <p>{t(over ? "web/quorum-none" : "web/quorum-none-now")}</p> : quorum.map((q) => <p key={q.of}>{quorumText(q, over)}</p>)}
        {(d.electors ?? []).length > 0 && <p class="note">{t("web/voters", { n: votersOf(d).length })}</p>}
      </Fact>
      {conditions.length > 0 && rule.tie !== "TIE_UNSPECIFIED" && <Fact of={t("web/rule-tie")}>{label("tie", rule.tie)}{rule.chair && ` (${named(all, rule.chair)})`}</Fact>}
      <Fact of={t("web/rule-ratification")}>{label("ratification", charter.ratification) ?? t("ratification/none")}</Fact>
      {d.ratifier && <Fact of={t("web/rule-ratifier")}>{d.ratifier}</Fact>}
      {charter.precommittedBy && <Fact of={t("web/rule-precommitted")}>{named(all, charter.precommittedBy)}</Fact>}
      <Fact of={t("web/rule-ballots")}>{t(charter.secret ? "web/ballots-secret" : "web/ballots-open")}</Fact>
      {charter.implementer && <Fact of={t("web/rule-implementer")}>{named(all, charter.implementer)}</Fact>}
      {charter.due && <Fact of={t("web/rule-due")}>{day(charter.due)}</Fact>}
      {promised && <Fact of={t("web/role-promised")}>{promised}</Fact>}
      {asked && <Fact of={t("web/role-asked")}>{asked}</Fact>}
    </dl>
  );
}

function Fact({ of, children }: { of: string; children: ComponentChildren }) {
  return <div><dt>{of}</dt><dd>{children}</dd></div>;
}

function Threshold({ c }: { c: Condition }) {
  return (
    <div class="condition">
      {c.of.length > 0 && <p class="who">{list(c.of.map(constituency))}</p>}
      <p>{thresholdText(c.threshold)}</p>
      <p class="note">{t("web/base", { base: label("base", c.base) ?? "" })}</p>
      {c.votes && <p>{t("web/tally", { for: c.votes.for, against: c.votes.against, abstain: c.votes.abstain })}{c.needed !== undefined && ` ${t("web/needed", { n: c.needed })}`}</p>}
    </div>
  );
}

function thresholdText(of: ThresholdJson | undefined): string {
  if (of?.votes !== undefined) return t("web/threshold-votes", { n: Number(of.votes) });
  if (of?.fraction) return t("web/threshold-fraction", { fraction: `${of.fraction.numerator}/${of.fraction.denominator}` });
  return t("web/threshold-majority");
}

const quorumText = (q: Quorum, over: boolean): string => t(over ? "web/quorum" : "web/quorum-now", { who: q.of ? constituency(q.of) : t("web/everyone-with-vote"), there: q.there, all: q.all, needed: q.needed });
