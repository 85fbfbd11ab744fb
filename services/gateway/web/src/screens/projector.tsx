// The session on a wall, for everybody in the room: the item, who speaks, the vote, and how to come in. It follows the record and has one control.
import { useEffect, useState } from "preact/hooks";
import { ask } from "../api";
import type { InvitationMadeJson } from "../gen/tavolo/api/v1/account_pb";
import type { DecisionViewJson, ItemViewJson } from "../gen/tavolo/api/v1/record_pb";
import { state, useLive } from "../live";
import { Clock } from "../meeting/clock";
import { Trouble, useDoing } from "../meeting/doing";
import { type Here, current, hereOf } from "../meeting/here";
import { OutcomeName } from "../parts/badges";
import { Button } from "../parts/form";
import { named } from "../parts/people";
import { Loading, Problem } from "../parts/screen";
import { tallied } from "../parts/result";
import { type Key, label, number, t } from "../words";

export function Projector({ workspace, id }: { workspace: string; id: string }) {
  const asked = useLive("SessionService/GetSession", { workspace, session: id }, workspace, `session:${id}`);
  useEffect(() => { document.title = `${asked.data?.session?.title || t("web/session")} – ${t("web/name")}`; });
  return (
    <main id="main" class="wall">
      {asked.problem ? <><h1>{t("web/session")}</h1><Problem asked={asked} /></> : asked.data ? <Wall here={hereOf(workspace, asked.data)} /> : <Loading />}
    </main>
  );
}

function Wall({ here }: { here: Here }) {
  const { session, paused } = here.view, item = current(here.view);
  const [made, setMade] = useState<InvitationMadeJson | undefined>(undefined);
  return (
    <>
      <header class="wall-head">
        <h1>{session?.title || t("web/session")}</h1>
        {state.value === "broken" && <p class="notice bad" role="status">{t("web/room-wall-broken")}</p>}
        {here.facilitates && !here.closed && <Invite here={here} made={made} set={setMade} />}
      </header>
      <div class="wall-body">
        <div class="wall-main">
          {here.closed ? <p class="wall-big">{t("web/news-over")}</p> : paused ? <p class="wall-big">{t("web/room-paused")}</p> : !here.open ? <p class="wall-big">{t("web/room-not-begun")}</p> : item ? <Item here={here} item={item} /> : <p class="wall-big">{t("web/room-no-item")}</p>}
        </div>
        {made && <Joining made={made} />}
      </div>
    </>
  );
}

function Item({ here, item }: { here: Here; item: ItemViewJson }) {
  const decision = (item.decisions ?? []).filter((d) => d.phase === "DECISION_PHASE_OPEN" || d.phase === "DECISION_PHASE_CLOSED").at(-1);
  return (
    <>
      <h2 class="wall-item">{item.title || item.id}</h2>
      {(item.minutes ?? 0) > 0 && <p class="wall-small">{t("web/room-minutes-n", { n: item.minutes ?? 0 })}</p>}
      {decision?.phase === "DECISION_PHASE_OPEN" ? <><Vote d={decision} /><Speaking here={here} /></> : <><Speaking here={here} />{decision && <Vote d={decision} />}</>}
    </>
  );
}

function Speaking({ here }: { here: Here }) {
  const { speaking, since, hands = [], suggested } = here.view.floor ?? {};
  // The suggested one first; the others as they asked.
  const next = suggested && hands.includes(suggested) ? [suggested, ...hands.filter((h) => h !== suggested)] : hands;
  return (
    <>
      {speaking && <p class="wall-speaks">{t("web/room-speaks", { who: named(here.all, speaking) })} <Clock since={since} /></p>}
      {next.length > 0 && (
        <>
          <h3 class="wall-small">{t("web/room-hands")}</h3>
          <ol class="wall-next">{next.slice(0, 4).map((who) => <li key={who}>{named(here.all, who)}{who === suggested && hands.length > 1 && <span class="note">{t("web/room-suggested")}</span>}</li>)}</ol>
          {next.length > 4 && <p class="wall-small">{t("web/room-wall-more", { n: next.length - 4 })}</p>}
        </>
      )}
    </>
  );
}

const binding = ["STANDING_BINDING_VOTE", "STANDING_CONSENT", "STANDING_VETO", "STANDING_DELEGATED"];

// voted counts who has voted of those who may.
export function voted(d: DecisionViewJson): { n: number; all: number } {
  const may = (d.electors ?? []).filter((e) => binding.includes(String(e.standing)) && !e.recused).length;
  return { n: (d.ballots ?? []).length, all: may };
}

function Vote({ d }: { d: DecisionViewJson }) {
  const open = d.phase === "DECISION_PHASE_OPEN", reason = label("outcome_reason", d.outcomeReason), { n, all } = voted(d);
  const of = (weight: string | number | undefined) => number(Number(weight ?? 0));
  return (
    <section class="wall-vote">
      <h3>{d.question || d.id}</h3>
      {open ? <p class="wall-count">{t("web/room-voted-of", { n, all })}</p> : (
        <>
          <p class="wall-count"><OutcomeName outcome={d.outcome} /></p>
          {reason && <p>{reason}</p>}
          {tallied(d) && <p>{t("web/tally", { for: of(d.tally?.for), against: of(d.tally?.against), abstain: of(d.tally?.abstain) })}</p>}
        </>
      )}
    </section>
  );
}

// Invite shows how to come in, and hides it again. A new invitation holds for the day of the meeting.
function Invite({ here, made, set }: { here: Here; made: InvitationMadeJson | undefined; set: (made: InvitationMadeJson | undefined) => void }) {
  const doing = useDoing(), says: Key = made ? "web/room-qr-hide" : "web/room-qr-show";
  const press = () => made ? set(undefined) : void doing.work(async () => set(await ask("AccountService/Invite", { workspace: here.workspace, initiative: here.initiative, session: here.session, hours: 12 })));
  return <><Button look="plain" busy={doing.busy} onClick={press}>{t(says)}</Button><Trouble of={doing} all={here.all} /></>;
}

const entry = (): string => `${location.host}/enter`;

function Joining({ made }: { made: InvitationMadeJson }) {
  return (
    <aside class="wall-join" aria-label={t("web/room-join")}>
      {made.qrSvg && <img alt={t("web/room-qr")} src={`data:image/svg+xml,${encodeURIComponent(made.qrSvg)}`} />}
      <p>{t("web/room-join-code")}</p>
      <p class="wall-code">{made.code}</p>
      <p class="wall-small">{entry()}</p>
    </aside>
  );
}
