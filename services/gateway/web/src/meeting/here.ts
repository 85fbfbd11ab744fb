// Where somebody is and what they can do here: the session as it stands, and the person at this device. The gateway decides; this only keeps buttons away
// that would be refused.
import type { ItemViewJson, ParticipantViewJson, SessionViewJson } from "../gen/tavolo/api/v1/record_pb";
import { may, seat } from "../me";
import { type People, people } from "../parts/people";
import { initiativeOf } from "../route";

export interface Here {
  workspace: string;
  // Full ids.
  session: string;
  initiative: string;
  view: SessionViewJson;
  all: People;
  // Pseudonym of the person here. Undefined: no seat in the initiative.
  mine: string | undefined;
  // They are in the room now.
  present: boolean;
  takesPart: boolean;
  facilitates: boolean;
  // They write down what others say: whoever facilitates, and the secretary in the room.
  writes: boolean;
  open: boolean;
  prepared: boolean;
  closed: boolean;
}

// hereOf: others are people of the initiative who may be spoken of without being in the room.
export function hereOf(workspace: string, view: SessionViewJson, others: ParticipantViewJson[] = []): Here {
  const session = view.session?.id ?? "", initiative = initiativeOf(session), phase = view.session?.phase;
  const seated = people(view.seats), mine = seat(workspace, initiative), me = seated.get(mine ?? "");
  const facilitates = may("GRANT_FACILITATE", workspace, initiative);
  return {
    workspace, session, initiative, view, all: people([...others, ...view.seats ?? []]), mine, facilitates,
    present: me?.present ?? false,
    writes: facilitates || (me?.present ?? false) && (me?.offices ?? []).includes("OFFICE_SECRETARY"),
    takesPart: mine !== undefined && may("GRANT_TAKE_PART", workspace, initiative),
    open: phase === "SESSION_PHASE_OPEN", prepared: phase === "SESSION_PHASE_PREPARED", closed: phase === "SESSION_PHASE_CLOSED",
  };
}

// current gives the item that the meeting is at.
export const current = (view: SessionViewJson): ItemViewJson | undefined => (view.items ?? []).find((i) => i.id === view.currentItem);

// nextItem gives the item after the current one; before the first one, the first.
export function nextItem(view: SessionViewJson): ItemViewJson | undefined {
  const items = (view.items ?? []).filter((i) => i.phase !== "ITEM_PHASE_REFUSED" && i.phase !== "ITEM_PHASE_WITHDRAWN");
  return items[items.findIndex((i) => i.id === view.currentItem) + 1];
}

// where says what a command about an item is about.
export const where = (here: Here, item: ItemViewJson) => ({ workspace: here.workspace, item: item.id ?? "", session: here.session });
