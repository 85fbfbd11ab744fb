// Who is in the room, by perspective; coming and going; and, for whoever facilitates, the way to mark others.
import { useState } from "preact/hooks";
import { Button } from "../parts/form";
import { Loaded } from "../parts/loaded";
import { PeopleList } from "../parts/people";
import { Empty } from "../parts/screen";
import { t } from "../words";
import { Trouble, useDoing } from "./doing";
import { SeatYourself } from "./floor";
import type { Here } from "./here";

const more = () => import("./marking");

export function Presence({ here }: { here: Here }) {
  const { seats = [] } = here.view, [marking, setMarking] = useState(false);
  const there = seats.filter((s) => s.present);
  return (
    <>
      {!here.closed && there.length > 0 && <p>{t("web/room-there-n", { n: there.length })}</p>}
      {seats.length === 0 ? <Empty>{t("web/nobody-there")}</Empty> : <PeopleList level="h3" list={seats} presence={!here.closed} />}
      {!here.closed && (
        <div class="acts">
          {here.takesPart && (here.present ? <Leave here={here} /> : <SeatYourself here={here} />)}
          {here.facilitates && <Button look="plain" expanded={marking} onClick={() => setMarking(!marking)}>{t("web/room-mark")}</Button>}
        </div>
      )}
      {!here.closed && here.facilitates && marking && <Loaded file={more}>{(m) => <m.Marking here={here} />}</Loaded>}
    </>
  );
}

function Leave({ here }: { here: Here }) {
  const doing = useDoing();
  return (
    <>
      <Button look="small" busy={doing.busy} onClick={() => void doing.tell("SessionService/UnseatParticipant", { workspace: here.workspace, session: here.session, participant: here.mine ?? "" })}>{t("web/room-i-leave")}</Button>
      <Trouble of={doing} all={here.all} />
    </>
  );
}
