// Marking who is in the room and giving offices, by whoever facilitates. Fetched when it is opened.
import { useState } from "preact/hooks";
import type { InitiativeViewJson, ParticipantViewJson } from "../gen/tavolo/api/v1/record_pb";
import type { OfficeJson } from "../gen/tavolo/event/v1/session_pb";
import { useLive } from "../live";
import { Button } from "../parts/form";
import { byConstituency } from "../parts/people";
import { Loading, Problem } from "../parts/screen";
import { constituency, label, t } from "../words";
import { Trouble, useDoing } from "./doing";
import type { Here } from "./here";

export function Marking({ here }: { here: Here }) {
  const asked = useLive("InitiativeService/GetInitiative", { workspace: here.workspace, initiative: here.initiative }, here.workspace, `initiative:${here.initiative}`);
  if (asked.problem) return <Problem asked={asked} />;
  return asked.data ? <Roll here={here} roll={asked.data} /> : <Loading />;
}

function Roll({ here, roll }: { here: Here; roll: InitiativeViewJson }) {
  return (
    <>
      {byConstituency(roll.participants ?? []).map(([code, list]) => (
        <fieldset key={code} class="roll">
          <legend class="h6">{constituency(code)}</legend>
          <ul class="lines">{list.map((p) => <Line key={p.participant} here={here} p={p} />)}</ul>
        </fieldset>
      ))}
    </>
  );
}

type Office = Extract<OfficeJson, string>;
const offices: Office[] = ["OFFICE_FACILITATOR", "OFFICE_CHAIR", "OFFICE_SECRETARY", "OFFICE_SPEAKER", "OFFICE_OBSERVER"];

function Line({ here, p }: { here: Here; p: ParticipantViewJson }) {
  const doing = useDoing(), [open, setOpen] = useState(false), id = `o-${p.participant}`;
  const seat = here.all.get(p.participant ?? ""), present = seat?.present ?? false, held = seat?.offices ?? [], name = p.name || p.ref || t("web/somebody");
  const of = { workspace: here.workspace, session: here.session };
  const sit = (list: OfficeJson[]) => void doing.tell("SessionService/SeatParticipants", { ...of, seats: [{ participant: p.participant ?? "", offices: list }] });
  const turn = (office: Office) => sit(held.includes(office) ? held.filter((o) => o !== office) : [...held, office]);
  return (
    <li class="seat">
      <div class="option">
        <input type="checkbox" id={`here-${p.participant}`} checked={present} aria-disabled={doing.busy} onClick={(e) => {
          e.preventDefault(); // the record says whether it is checked
          if (present) void doing.tell("SessionService/UnseatParticipant", { ...of, participant: p.participant ?? "" });
          else sit(held);
        }} />
        <label for={`here-${p.participant}`}><span class="who">{name}</span> <span class="note">{t(present ? "web/room-present" : "web/room-away")}</span></label>
      </div>
      {present && <Button look="small" expanded={open} onClick={() => setOpen(!open)}>{t("web/room-offices")} <span class="visually-hidden">{name}</span></Button>}
      <fieldset id={id} class="ask" hidden={!open || !present}>
        <legend>{t("web/room-offices-of", { who: name })}</legend>
        {offices.map((o) => (
          <div key={o} class="option"><input type="checkbox" id={`${id}-${o}`} checked={held.includes(o)} onClick={(e) => { e.preventDefault(); turn(o); }} /><label for={`${id}-${o}`}>{label("office", o)}</label></div>
        ))}
      </fieldset>
      <Trouble of={doing} all={new Map([...here.all, [p.participant ?? "", p]])} />
    </li>
  );
}

