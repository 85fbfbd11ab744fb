// Small words with a look of their own. The look never says more than the word.
import { label, t } from "../words";

const phases: Record<string, string> = { SESSION_PHASE_OPEN: "on", DECISION_PHASE_OPEN: "on", SESSION_PHASE_PREPARED: "soon", DECISION_PHASE_POSED: "soon" };

export function Phase({ phase }: { phase: string | number | undefined }) {
  const word = label("phase", phase);
  return word === undefined ? null : <span class={`state ${phases[String(phase)] ?? "over"}`}>{word}</span>;
}

// ItemPhase says where an item stands only when it is off the agenda: that it was proposed goes without saying.
export function ItemPhase({ phase }: { phase: string | number | undefined }) {
  return phase === "ITEM_PHASE_REFUSED" || phase === "ITEM_PHASE_WITHDRAWN" ? <Phase phase={phase} /> : null;
}

export function RoleName({ role }: { role: string | undefined }) {
  const known = role === "none" || role === "consultative" || role === "decisive" || role === "other" ? role : "other";
  return <span class={`role-name ${known}`}>{t(`role/${known}`)}</span>;
}

export function OutcomeName({ outcome }: { outcome: string | number | undefined }) {
  const word = label("outcome", outcome);
  return word === undefined ? null : <strong class={`outcome ${String(outcome).slice(8).toLowerCase()}`}>{word}</strong>;
}
