// Who is in the room, by perspective; coming and going; and, for whoever facilitates, marking others and giving offices.
import { useState } from "preact/hooks";
import type { InitiativeViewJson, ParticipantViewJson } from "../gen/tavolo/api/v1/record_pb";
import type { OfficeJson } from "../gen/tavolo/event/v1/session_pb";
import { useLive } from "../live";
import { PeopleList, byConstituency } from "../parts/people";
import { Empty, Loading, Problem } from "../parts/screen";
import { constituency, label, t } from "../words";
import { Act, Trouble, useDoing } from "./doing";
import { SeatYourself } from "./floor";
import type { Here } from "./here";

export function Presence({ here }: { here: Here }) {
  const { seats = [] } = here.view, [marking, setMarking] = useState(false);
  const there = seats.filter((s) => s.present);
  return (
    <>
      {here.open && <p>{t("web/room-there-n", { n: there.length })}</p>}
      {seats.length === 0 ? <Empty>{t("web/nobody-there")}</Empty> : <PeopleList level="h3" list={seats} presence={here.open} />}
      {here.open && here.takesPart && (here.present ? <Leave here={here} /> : <SeatYourself here={here} />)}
      {here.open && here.facilitates && (
        <>
          <Act look="plain" expanded={marking} controls="marking" onClick={() => setMarking(!marking)}>{t("web/room-mark")}</Act>
          <div id="marking" hidden={!marking}>{marking && <Marking here={here} />}</div>
        </>
      )}
    </>
  );
}

function Leave({ here }: { here: Here }) {
  const doing = useDoing();
  return (
    <div class="acts">
      <Act look="small" busy={doing.busy} onClick={() => void doing.tell("SessionService/UnseatParticipant", { workspace: here.workspace, session: here.session, participant: here.mine ?? "" })}>{t("web/room-i-leave")}</Act>
      <Trouble of={doing} all={here.all} />
    </div>
  );
}

function Marking({ here }: { here: Here }) {
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
      <label class="choice">
        <input type="checkbox" checked={present} aria-disabled={doing.busy} onClick={(e) => {
          e.preventDefault(); // the record says whether it is checked
          if (present) void doing.tell("SessionService/UnseatParticipant", { ...of, participant: p.participant ?? "" });
          else sit(held);
        }} />{" "}
        <span class="who">{name}</span> <span class="note">{t(present ? "web/room-present" : "web/room-away")}</span>
      </label>
      {present && <Act look="small" expanded={open} controls={id} onClick={() => setOpen(!open)}>{t("web/room-offices")} <span class="visually-hidden">{name}</span></Act>}
      <fieldset id={id} class="choices" hidden={!open || !present}>
        <legend>{t("web/room-offices-of", { who: name })}</legend>
        {offices.map((o) => (
          <label key={o} class="choice"><input type="checkbox" checked={held.includes(o)} onClick={(e) => { e.preventDefault(); turn(o); }} /> <span>{label("office", o)}</span></label>
        ))}
      </fieldset>
      <Trouble of={doing} all={new Map([...here.all, [p.participant ?? "", p]])} />
    </li>
  );
}

