// What became of a decision, in the order in which it happened.
import type { ActViewJson, DecisionViewJson } from "../gen/tavolo/api/v1/record_pb";
import { day, label, t } from "../words";
import { type People, named } from "./people";
import { Empty } from "./screen";

export function Acts({ d, all }: { d: DecisionViewJson; all: People }) {
  const acts = [...d.acts ?? []].sort((a, b) => (a.at ?? "").localeCompare(b.at ?? ""));
  if (acts.length === 0) return <Empty>{t("web/no-acts")}</Empty>;
  return (
    <ol class="lines">
      {acts.map((a) => (
        <li key={`${a.sequence} ${a.act?.kind}`}>
          <span><strong>{label("act", a.act?.kind)}</strong></span>
          {detail(a, all).map((s) => <span key={s} class="d-block">{s}</span>)}
          {a.reason && <q class="text">{a.reason}</q>}
          {a.at && <span class="under">{t("web/act-written", { day: day(a.at) })}</span>}
        </li>
      ))}
    </ol>
  );
}

function detail({ act = {} }: ActViewJson, all: People): string[] {
  const parts: string[] = [];
  if (act.byElectorate) parts.push(t("web/by-electorate"));
  else if (act.by && act.by !== act.objector) parts.push(t("web/act-by", { who: named(all, act.by) }));
  if (act.kind === "ACT_KIND_FINAL_ACT") parts.push(t(act.sameAsOutcome ? "web/act-same" : "web/act-other"));
  if (act.due) parts.push(t("web/act-due", { day: day(act.due) }));
  if (act.owner) parts.push(t("web/act-owner", { who: named(all, act.owner) }));
  if (act.objector) parts.push(t("web/act-objector", { who: named(all, act.objector) }));
  if (act.kind === "ACT_KIND_OBJECTION_DISMISSED") parts.push(t(act.allowedByRule ? "web/act-allowed" : "web/act-not-allowed"));
  return parts;
}
