// A decision by consent: where its rounds stand, the text as it is now and how it came to be, and the objections.
import type { RoundJson } from "../gen/tavolo/event/v1/decision_pb";
import { named } from "../parts/people";
import { type Key, dayAndTime, t } from "../words";
import { type Desk, inRounds } from "./desk";
import { objectionsOf } from "./objections";

export const steps: [Extract<RoundJson, string>, Key, Key][] = [
  ["ROUND_PRESENT", "web/round-present", "web/round-present-what"], ["ROUND_CLARIFY", "web/round-clarify", "web/round-clarify-what"], ["ROUND_REACT", "web/round-react", "web/round-react-what"],
  ["ROUND_AMEND", "web/round-amend", "web/round-amend-what"], ["ROUND_CONSENT", "web/round-consent", "web/round-consent-what"],
];

export function Rounds({ desk }: { desk: Desk }) {
  const { d } = desk;
  if (!inRounds(d.charter?.rule) || d.phase === "DECISION_PHASE_CLOSED") return null;
  const now = steps.find(([round]) => round === d.round);
  return (
    <div class="rounds">
      <ol class="stepper" aria-label={t("web/rounds")}>
        {steps.map(([round, name]) => <li key={round} aria-current={round === d.round ? "step" : undefined}>{t(name)}</li>)}
      </ol>
      <p role="status">{now ? t(now[2]) : t("web/round-none")}{(d.consentRound ?? 0) > 1 && ` ${t("web/round-again", { n: d.consentRound ?? 0 })}`}</p>
    </div>
  );
}

// Proposal is the text to be decided as it stands, and earlier ones behind it.
export function Proposal({ desk }: { desk: Desk }) {
  const { d } = desk, changes = d.amendments ?? [];
  if (!d.proposal) return null;
  return (
    <div class="proposal">
      <p class="note d-block">{t(changes.length > 1 ? "web/proposal-changed" : "web/proposal")}</p>
      <blockquote class="text">{d.proposal}</blockquote>
      {changes.length > 1 && (
        <details class="fold">
          <summary>{t("web/proposal-before", { n: changes.length })}</summary>
          <ol class="lines">
            {changes.map((a) => (
              <li key={a.sequence}>
                <span class="text">{a.text}</span>
                <span class="under">{[a.at && dayAndTime(a.at), a.objector && t("web/proposal-meets", { who: named(desk.all, a.objector) }), (a.takesUp ?? 0) > 0 && t("web/proposal-takes", { n: a.takesUp ?? 0 })].filter(Boolean).join(" · ")}</span>
              </li>
            ))}
          </ol>
        </details>
      )}
    </div>
  );
}

const states: Record<string, Key> = { standing: "web/objection-standing", integrated: "web/objection-integrated", withdrawn: "web/objection-withdrawn", dismissed: "web/objection-dismissed" };

export function Objections({ desk }: { desk: Desk }) {
  const list = objectionsOf(desk.d);
  if (list.length === 0) return null;
  return (
    <>
      <h5 class="h6">{t("web/objections")}</h5>
      <ul class="lines">
        {list.map((o) => (
          <li key={`${o.by} ${o.at}`}>
            <span><strong>{named(desk.all, o.by)}</strong> <span class={`state ${o.state === "standing" ? "waits" : "over"}`}>{t(states[o.state]!)}</span></span>
            {o.said && <span class="under">{t("web/objection-carried", { who: named(desk.all, o.said) })}</span>}
            {o.reason && <q class="text d-block">{o.reason}</q>}
          </li>
        ))}
      </ul>
    </>
  );
}
