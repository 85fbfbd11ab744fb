// A pause: anybody in the room may ask for one, no reason is asked, and who it was is not shown. Whoever facilitates says when the meeting goes on, so that
// nobody else takes the pause away from who needs it.
import { Button } from "../parts/form";
import { t } from "../words";
import { Trouble, useDoing } from "./doing";
import type { Here } from "./here";

export function AskPause({ here }: { here: Here }) {
  const doing = useDoing();
  if (!here.open || here.view.paused || !(here.takesPart && here.present || here.facilitates)) return null;
  return (
    <>
      <Button look="plain" busy={doing.busy} onClick={() => void doing.tell("SessionService/PauseSession", { workspace: here.workspace, session: here.session })}>{t("web/room-pause")}</Button>
      <Trouble of={doing} all={here.all} />
    </>
  );
}

export function Paused({ here }: { here: Here }) {
  const doing = useDoing();
  if (!here.open || !here.view.paused) return null;
  return (
    <section class="paused" aria-labelledby="paused">
      <h2 id="paused">{t("web/room-paused")}</h2>
      <p>{t("web/room-paused-what")}</p>
      {here.facilitates && <Button busy={doing.busy} onClick={() => void doing.tell("SessionService/ResumeSession", { workspace: here.workspace, session: here.session })}>{t("web/room-resume")}</Button>}
      <Trouble of={doing} all={here.all} />
    </section>
  );
}
