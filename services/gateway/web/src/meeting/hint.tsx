// What to do now: one sentence for the person here, as the meeting stands, so that whoever is here for the first time need not guess.
import { awaited, awaits } from "../deciding/ballots";
import type { DecisionViewJson } from "../gen/tavolo/api/v1/record_pb";
import { type Unsent, outbox } from "../outbox";
import { A } from "../parts/screen";
import { address } from "../route";
import { type Key, t } from "../words";
import { type Here, current } from "./here";

export function Hint({ here }: { here: Here }) {
  const unsent = outbox().unsent.value, key = hintOf(here, unsent), elsewhere = voteElsewhere(here, unsent);
  return (
    <>
      {key && <p class="hint-now"><strong>{t("web/hint-now")}</strong> {t(key)}</p>}
      {elsewhere && <p class="hint-now"><A href={address.decision(here.workspace, elsewhere.id ?? "")}>{t("web/hint-vote-elsewhere", { title: elsewhere.question || elsewhere.id || "" })}</A></p>}
    </>
  );
}

// hintOf chooses the sentence; a ballot that waits for the line is not asked for again. Undefined: there is nothing to say, or the screen says it already.
export function hintOf(here: Here, unsent: Unsent[] = []): Key | undefined {
  if (!here.takesPart && !here.facilitates) return here.closed ? undefined : "web/hint-reads";
  if (here.prepared) return here.facilitates ? (here.view.items ?? []).length === 0 ? "web/hint-prepare-lead" : "web/hint-begin" : "web/hint-prepare";
  if (here.closed) return here.mine !== undefined && here.all.has(here.mine) && !(here.view.approvedBy ?? []).includes(here.mine) ? "web/hint-approve" : undefined;
  if (!here.open || here.view.paused) return undefined;
  if (here.takesPart && !here.present) return "web/hint-sit";
  return votingHint(here, unsent) ?? (here.facilitates ? leadHint(here) : ownHint(here));
}

function votingHint(here: Here, unsent: Unsent[]): Key | undefined {
  const list = current(here.view)?.decisions ?? [], open = list.find((d) => d.phase === "DECISION_PHASE_OPEN");
  if (open) {
    if (awaits(open, here.mine, unsent)) return "web/hint-vote";
    if (here.facilitates) return awaited(open.electors ?? [], open.ballots ?? []).length > 0 ? "web/hint-votes-awaited" : "web/hint-votes-all";
    return (open.ballots ?? []).some((b) => b.participant === here.mine) ? "web/hint-voted" : undefined;
  }
  if (!list.some((d) => d.phase === "DECISION_PHASE_POSED")) return undefined;
  return here.facilitates ? "web/hint-posed-lead" : "web/hint-posed";
}

function leadHint(here: Here): Key | undefined {
  const { speaking, hands = [] } = here.view.floor ?? {};
  if (!current(here.view)) return "web/hint-first-item";
  return speaking ? "web/hint-listen-lead" : hands.length > 0 ? "web/hint-give-floor" : "web/hint-ask-lead";
}

function ownHint(here: Here): Key | undefined {
  const { speaking, hands = [] } = here.view.floor ?? {};
  if (!current(here.view) || hands.includes(here.mine ?? "")) return undefined; // the dock says it
  return speaking === here.mine ? "web/hint-speaking" : "web/hint-listen";
}

// voteElsewhere is a vote that waits for this person on another item than the one the meeting is at.
function voteElsewhere(here: Here, unsent: Unsent[]): DecisionViewJson | undefined {
  if (!here.open || !here.takesPart) return undefined;
  return (here.view.items ?? []).filter((i) => i.id !== here.view.currentItem).flatMap((i) => i.decisions ?? []).find((d) => awaits(d, here.mine, unsent));
}
