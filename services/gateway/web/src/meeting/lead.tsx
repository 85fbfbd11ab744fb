// Leading the meeting: beginning and ending it, and turning to an item. Ending asks once more, on the page.
import { useEffect, useRef, useState } from "preact/hooks";
import type { ItemViewJson } from "../gen/tavolo/api/v1/record_pb";
import { Button } from "../parts/form";
import { A } from "../parts/screen";
import { address } from "../route";
import { t } from "../words";
import { Trouble, useDoing } from "./doing";
import { type Here, nextItem } from "./here";

export function Begin({ here }: { here: Here }) {
  const doing = useDoing();
  if (!here.prepared) return null;
  if (!here.facilitates) return here.takesPart ? null : <p class="quiet">{t("web/room-not-begun")}</p>;
  return (
    <div class="acts">
      <Button busy={doing.busy} onClick={() => void doing.tell("SessionService/OpenSession", { workspace: here.workspace, session: here.session })}>{t("web/room-begin")}</Button>
      <Trouble of={doing} all={here.all} />
    </div>
  );
}

// Lead is what whoever facilitates has beside the rest.
export function Lead({ here }: { here: Here }) {
  const doing = useDoing(), [sure, setSure] = useState(false);
  const question = useRef<HTMLParagraphElement>(null), speaks = here.view.floor?.speaking;
  const voting = (here.view.items ?? []).some((i) => (i.decisions ?? []).some((d) => d.phase === "DECISION_PHASE_OPEN"));
  useEffect(() => { if (sure) question.current?.focus(); }, [sure]);
  return (
    <div class="lead-it">
      <ul class="lines">
        <li><A href={address.initiative(here.workspace, here.initiative)}>{t("web/room-invite")}</A><span class="under">{t("web/room-invite-what")}</span></li>
        <li><A href={address.projector(here.workspace, here.session)}>{t("web/room-projector")}</A><span class="under">{t("web/room-projector-what")}</span></li>
      </ul>
      {here.open && (!sure ? <Button look="plain" onClick={() => setSure(true)}>{t("web/room-end")}</Button> : (
        <div class="sure">
          <p ref={question} tabIndex={-1}><strong>{t("web/room-end-sure")}</strong> {t("web/room-end-what")}{speaks && ` ${t("web/room-end-speaks")}`}{voting && ` ${t("web/room-end-voting")}`}</p>
          <div class="acts">
            <Button busy={doing.busy} onClick={() => void doing.tell("SessionService/CloseSession", { workspace: here.workspace, session: here.session })}>{t("web/room-end-yes")}</Button>
            <Button look="plain" onClick={() => setSure(false)}>{t("web/room-end-no")}</Button>
          </div>
        </div>
      ))}
      <Trouble of={doing} all={here.all} />
    </div>
  );
}

// TurnTo turns the meeting to an item.
export function TurnTo({ here, item, next = false }: { here: Here; item: ItemViewJson | undefined; next?: boolean }) {
  const doing = useDoing();
  if (!here.facilitates || !here.open || !item || item.id === here.view.currentItem) return null;
  return (
    <>
      <Button look={next && !here.view.currentItem ? "main" : "plain"} busy={doing.busy} onClick={() => void doing.tell("SessionService/SetCurrentItem", { workspace: here.workspace, session: here.session, item: item.id ?? "" })}>
        {next ? t("web/room-next-item", { title: item.title || item.id || "" }) : t("web/room-turn-to")}
        {!next && <span class="visually-hidden"> {item.title}</span>}
      </Button>
      <Trouble of={doing} all={here.all} />
    </>
  );
}

export function TurnToNext({ here }: { here: Here }) {
  return <TurnTo here={here} item={nextItem(here.view)} next />;
}
