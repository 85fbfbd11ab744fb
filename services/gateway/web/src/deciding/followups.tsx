// What became of earlier decisions: to be done, late, done, refused, reversed. As a list for the screens of an initiative and of a person.
import { ask, useAsked } from "../api";
import type { DecisionSummaryJson, DecisionViewJson, InitiativeViewJson } from "../gen/tavolo/api/v1/record_pb";
import { isLate } from "../parts/followup";
import { people, named } from "../parts/people";
import { A, Empty, Loading, Problem } from "../parts/screen";
import { address } from "../route";
import { type Key, day, t } from "../words";

export type Follow = "due" | "overdue" | "done" | "refused" | "reversed" | "explained";

export const followUpName: Record<Follow, Key> = {
  due: "web/follow-up-due", overdue: "web/follow-up-late", done: "web/follow-up-done", refused: "web/follow-up-refused", reversed: "web/follow-up-reversed", explained: "web/follow-up-explained",
};

const states: Record<string, Follow> = { FOLLOW_UP_DUE: "due", FOLLOW_UP_DONE: "done", FOLLOW_UP_REFUSED: "refused", FOLLOW_UP_REVERSED: "reversed", FOLLOW_UP_EXPLAINED: "explained" };

// followIn says what became of a decision in a list.
export function followIn(d: DecisionSummaryJson, now: string): Follow | undefined {
  const state = states[String(d.followUp)];
  return state === "due" && isLate(d.due ?? "", now) ? "overdue" : state;
}

// followUpOf says it from the acts of one decision, the latest that settles it.
export function followUpOf(d: DecisionViewJson, now: string): Follow | undefined {
  let state: Follow | undefined = d.outcome === "OUTCOME_ADOPTED" && (d.charter?.implementer || d.charter?.due) ? "due" : undefined, due = d.charter?.due ?? "";
  for (const { act } of d.acts ?? []) {
    if (act?.kind === "ACT_KIND_IMPLEMENTATION_DUE") [state, due] = ["due", act.due ?? ""];
    if (act?.kind === "ACT_KIND_IMPLEMENTED") state = "done";
    if (act?.kind === "ACT_KIND_IMPLEMENTATION_REFUSED") state = "refused";
    if (act?.kind === "ACT_KIND_REVERSED") state = "reversed";
    if (act?.kind === "ACT_KIND_IMPLEMENTATION_EXPLAINED" && state === "due") state = "explained";
  }
  return state === "due" && isLate(due, now) ? "overdue" : state;
}

// FollowUps lists the earlier decisions of an initiative of which something is to be said; what is late comes first.
export function FollowUps({ workspace, initiative, view, mine, known = "", sequence }: {
  workspace: string;
  initiative: string;
  // The initiative, where the screen has it already.
  view?: InitiativeViewJson;
  // Only what this person is to carry out.
  mine?: string;
  // What the screen knows of decisions: when it changes, the list is asked for anew, at least as new as the sequence.
  known?: string;
  sequence?: string | undefined;
}) {
  const asked = useAsked(`${workspace} ${initiative} ${view?.sequence ?? ""} ${known}`, (signal) => view ? Promise.resolve(view) : ask("InitiativeService/GetInitiative", { workspace, initiative, ...sequence && { atLeastSequence: sequence } }, signal));
  const shown = view ?? asked.data;
  if (!shown) return asked.problem ? <Problem asked={asked} /> : <Loading />;
  const all = people(shown.participants), now = new Date().toISOString();
  const list = (shown.decisions ?? []).filter((d) => mine === undefined || d.implementer === mine).map((d) => ({ d, follow: followIn(d, now) })).filter((f) => f.follow !== undefined || f.d.contested);
  if (list.length === 0) return <Empty>{t("web/follow-none")}</Empty>;
  const rank = (f: Follow | undefined) => ["overdue", "due", "explained"].indexOf(f ?? "") + 1 || 9;
  return (
    <ul class="lines">
      {list.sort((a, b) => rank(a.follow) - rank(b.follow)).map(({ d, follow }) => (
        <li key={d.id}>
          <span><A href={address.decision(workspace, d.id ?? "")}>{d.question || d.id}</A> {follow && <span class={`state follow ${follow}`}>{t(followUpName[follow])}</span>}{d.contested && <span class="state waits">{t("web/follow-contested")}</span>}</span>
          <span class="under">{[d.implementer && t("web/act-owner", { who: named(all, d.implementer) }), d.due && t("web/act-due", { day: day(d.due) })].filter(Boolean).join(" ")}</span>
        </li>
      ))}
    </ul>
  );
}
