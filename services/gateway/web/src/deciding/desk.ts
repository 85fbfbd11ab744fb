// A decision, and what the person at this device can do about it. The gateway decides; this only keeps buttons away that would be refused.
import type { DecisionViewJson, ParticipantViewJson } from "../gen/tavolo/api/v1/record_pb";
import type { ElectorJson, RuleJson } from "../gen/tavolo/event/v1/decision_pb";
import { may, seat } from "../me";
import { type People, people } from "../parts/people";
import { initiativeOf, sessionOf } from "../route";

export interface Desk {
  workspace: string;
  // Full ids.
  id: string;
  session: string;
  initiative: string;
  d: DecisionViewJson;
  all: People;
  // Who is or was in the session.
  seats: ParticipantViewJson[];
  // Pseudonym of the person here. Undefined: no seat.
  mine: string | undefined;
  takesPart: boolean;
  facilitates: boolean;
  // Up to which sequence the screen is true: when it grows, what was asked beside is asked anew.
  sequence: string;
}

export function deskOf(workspace: string, d: DecisionViewJson, seats: ParticipantViewJson[], others: ParticipantViewJson[], sequence: string): Desk {
  const id = d.id ?? "", initiative = initiativeOf(id), mine = seat(workspace, initiative);
  return {
    workspace, id, initiative, session: sessionOf(id), d, seats, mine, sequence, all: people([...others, ...seats]),
    takesPart: mine !== undefined && may("GRANT_TAKE_PART", workspace, initiative), facilitates: may("GRANT_FACILITATE", workspace, initiative),
  };
}

// planned gives a decision as it would be with the electorate foreseen, to say it with the same words as one that is open.
export const planned = (d: DecisionViewJson): DecisionViewJson => d.phase === "DECISION_PHASE_POSED" ? { ...d, electors: d.plannedElectors ?? [] } : d;

export const of = (desk: Desk) => ({ workspace: desk.workspace, decision: desk.id });

const binding = ["STANDING_BINDING_VOTE", "STANDING_CONSENT", "STANDING_VETO", "STANDING_DELEGATED"];

// votes tells whether an elector has a vote: a binding standing, and does not stay out.
export const votes = (e: ElectorJson): boolean => binding.includes(String(e.standing)) && !e.recused;

// inRounds tells whether everyone is asked for assent or an objection, instead of a majority.
export const inRounds = (rule: RuleJson | undefined): boolean => rule?.method === "METHOD_CONSENT" || rule?.method === "METHOD_CONSENSUS";
