// Where a ballot stands: not given, on its way, in the log, or refused. What is in the outbox is newer than what the record says.
import { signal } from "@preact/signals";
import type { DecisionViewJson, OwnBallotJson } from "../gen/tavolo/api/v1/record_pb";
import type { ChoiceJson, ElectorJson } from "../gen/tavolo/event/v1/decision_pb";
import type { Unsent } from "../outbox";
import type { Message } from "../words";
import { votes } from "./desk";

export type Given = Extract<ChoiceJson, string>;

export type Standing =
  | { is: "none" }
  | { is: "unsent"; choice: Given; id: string }
  | { is: "sent"; choice: Given; enteredBy?: string | undefined }
  | { is: "refused"; choice: Given; id: string; says: Message };

// aboutBallot names the ballots of somebody in a decision in the outbox.
export const aboutBallot = (decision: string, participant: string): string => `ballot:${decision}:${participant}`;
export const aboutAdvice = (decision: string, participant: string): string => `advice:${decision}:${participant}`;
export const aboutObjection = (decision: string, participant: string): string => `objection:${decision}:${participant}`;

const stated = (choice: string | number | undefined): choice is Given => typeof choice === "string" && choice !== "CHOICE_UNSPECIFIED";

// standingOf reads where a ballot stands, from the outbox and from the record.
export function standingOf(waiting: Unsent[], own: { choice?: ChoiceJson; enteredBy?: string } | undefined): Standing {
  const last = waiting.at(-1), choice = last && choiceIn(last.request);
  if (last && choice) return last.refused ? { is: "refused", choice, id: last.id, says: last.refused } : { is: "unsent", choice, id: last.id };
  return own && stated(own.choice) ? { is: "sent", choice: own.choice, ...(own.enteredBy ? { enteredBy: own.enteredBy } : {}) } : { is: "none" };
}

function choiceIn(request: object): Given | undefined {
  const r = request as { ballots?: { choice?: ChoiceJson }[]; advice?: { advice?: ChoiceJson }[] };
  const choice = r.ballots?.[0]?.choice ?? r.advice?.[0]?.advice;
  return stated(choice) ? choice : undefined;
}

// castBy gives the electors whose ballot somebody casts: their own first, then those whose proxy they hold.
export function castBy(mine: string, electors: ElectorJson[]): ElectorJson[] {
  const voters = electors.filter(votes);
  return [...voters.filter((e) => e.participant === mine && !e.proxy), ...voters.filter((e) => e.proxy?.to === mine)];
}

// awaited gives the electors who can vote now and have not.
export function awaited(electors: ElectorJson[], ballots: { participant?: string }[]): ElectorJson[] {
  const voted = new Set(ballots.map((b) => b.participant));
  return electors.filter((e) => votes(e) && (e.present || e.proxy) && !voted.has(e.participant));
}

// owing gives the electors whose ballot somebody still has to cast in a vote: their own, or one that they carry. What is on its way in the outbox is cast.
const owing = (d: DecisionViewJson, mine: string | undefined, unsent: Unsent[]): ElectorJson[] =>
  d.phase !== "DECISION_PHASE_OPEN" || mine === undefined ? [] : awaited(d.electors ?? [], d.ballots ?? []).filter((e) =>
    (e.proxy ? e.proxy.to : e.participant) === mine && !unsent.some((u) => u.about === aboutBallot(d.id ?? "", e.participant ?? "") && !u.refused));

export const awaits = (d: DecisionViewJson, mine: string | undefined, unsent: Unsent[]): boolean => owing(d, mine, unsent).length > 0;
export const awaitsOwn = (d: DecisionViewJson, mine: string | undefined, unsent: Unsent[]): boolean => owing(d, mine, unsent).some((e) => !e.proxy);

// Whose ballot in which decision shall be open on the screen, "decision participant"; whoever opens it takes the wish away.
export const wanted = signal("");

// Sent is a ballot that went into the log from here, while the record that was read does not show it yet.
export interface Sent { choice: Given; before: Given | undefined; answers: number }

// shownOf prefers what was just sent to an answer that was on its way already, for at most two answers: then the record is right, whoever changed it.
export function shownOf(own: OwnBallotJson | undefined, sent: Sent | undefined, answers: number): { choice?: ChoiceJson; enteredBy?: string } | undefined {
  if (!sent || own?.choice === sent.choice) return own;
  const before = stated(own?.choice) ? own.choice : undefined;
  return before === sent.before && answers - sent.answers < 2 ? { choice: sent.choice } : own;
}
