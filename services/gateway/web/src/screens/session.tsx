// A session: the room while it goes on, before it begins and when it is over. Who may, takes part; everybody else reads the same page.
import { useEffect, useRef, useState } from "preact/hooks";
import { ask, useAsked } from "../api";
import { ItemDecisions } from "../deciding/itemdecisions";
import type { ItemViewJson, SessionViewJson } from "../gen/tavolo/api/v1/record_pb";
import { useLive } from "../live";
import { Contributions } from "../meeting/contributions";
import { KeepFocus } from "../meeting/focus";
import { type Here, hereOf } from "../meeting/here";
import { Hint } from "../meeting/hint";
import { Begin, Lead, TurnTo } from "../meeting/lead";
import { Minutes } from "../meeting/minutes";
import { roomNews } from "../meeting/news";
import { Now } from "../meeting/now";
import { Paused } from "../meeting/pause";
import { Presence } from "../meeting/presence";
import { Talk } from "../meeting/talk";
import { ItemPhase, Phase } from "../parts/badges";
import { LiveNote } from "../parts/livenote";
import { Loaded } from "../parts/loaded";
import type { News } from "../parts/news";
import { named } from "../parts/people";
import { Back, Empty, Screen, Section } from "../parts/screen";
import { moment } from "../parts/sessions";
import { Fold } from "../preparing/fold";
import { initiativeOf } from "../route";
import { dayAndTime, label, t, time, withWords } from "../words";

export function Session({ workspace, id }: { workspace: string; id: string }) {
  const asked = useLive("SessionService/GetSession", { workspace, session: id }, workspace, `session:${id}`);
  const view = asked.data;
  return (
    <Screen kind={t("web/session")} title={view?.session?.title} asked={asked} back={<Back workspace={workspace} id={id} initiative />}>
      {view && <Content workspace={workspace} view={view} />}
    </Screen>
  );
}

// useHere knows by name also those who proposed an item and are not in the room, or not yet.
function useHere(workspace: string, view: SessionViewJson): Here {
  const seated = new Set((view.seats ?? []).map((s) => s.participant)), initiative = initiativeOf(view.session?.id ?? "");
  const strangers = (view.items ?? []).some((i) => i.proposedBy && !seated.has(i.proposedBy));
  const asked = useAsked(strangers ? initiative : "", (signal) => strangers ? ask("InitiativeService/GetInitiative", { workspace, initiative }, signal) : Promise.resolve(undefined));
  return hereOf(workspace, view, asked.data?.participants);
}

function Content({ workspace, view }: { workspace: string; view: SessionViewJson }) {
  const here = useHere(workspace, view);
  const { session, items = [] } = here.view, began = moment(session);
  return (
    <KeepFocus>
      <p class="under">
        {[label("session_kind", session?.kind), began && dayAndTime(began), session?.closedAt && t("web/until", { time: time(session.closedAt) }), session?.place].filter(Boolean).join(" · ")}
        {" "}<Phase phase={session?.phase} />
      </p>
      <LiveNote news={useNews(here.view, here.mine)} />
      <Paused here={here} />
      <Hint here={here} />
      <Begin here={here} />
      {here.open && <Now here={here} />}
      {here.prepared && prepares(here) ? <Loaded file={prepare}>{(m) => <m.Prepare workspace={here.workspace} view={here.view} />}</Loaded> : here.open ? (
        <details class="fold part" open={!here.view.currentItem}>
          <summary><h2>{t("web/agenda")}</h2></summary>
          <Agenda here={here} items={items} />
          {prepares(here) && <Later here={here} />}
        </details>
      ) : <Section id="agenda" title={t("web/agenda")}><Agenda here={here} items={items} /></Section>}
      <Section id="there" title={t(here.closed ? "web/was-there" : "web/there")}><Presence here={here} /></Section>
      {!here.prepared && <Section id="speaking" title={t("web/speaking")}><Talk here={here} /></Section>}
      {decided(here) && <Section id="meter" title={t("web/meter-title")}><Loaded file={meter}>{(m) => <m.RoleMeter workspace={here.workspace} sessionId={here.session} sequence={here.view.sequence ?? "0"} />}</Loaded></Section>}
      {here.open && <Section id="earlier" title={t("web/follow-ups")}><Loaded file={earlier}>{(m) => <m.FollowUps workspace={here.workspace} initiative={here.initiative} known={became(here)} sequence={here.view.sequence} />}</Loaded></Section>}
      {!here.prepared && <Section id="minutes" title={t("web/room-minutes")}><Minutes here={here} /></Section>}
      {!here.closed && here.facilitates && <Section id="lead" title={t("web/room-lead")}><Lead here={here} /></Section>}
    </KeepFocus>
  );
}

// The users' roles of this session, and what became of earlier decisions: pictures of the record, fetched beside the room.
const meter = () => import("../deciding/rolemeter"), earlier = () => import("../deciding/followups");
const decided = (here: Here): boolean => (here.view.items ?? []).some((i) => i.decisions?.some((d) => d.phase === "DECISION_PHASE_CLOSED"));

// Preparing comes when it is needed: before the meeting at once, while it goes on when somebody asks for it.
const prepare = () => withWords(import("../preparing/prepare"), "preparing");
const prepares = (here: Here): boolean => here.takesPart || here.facilitates;

function Later({ here }: { here: Here }) {
  return (
    <Fold id="prepare-open" label={t("web/prepare-open")}>
      {() => <Loaded file={prepare}>{(m) => <m.Prepare workspace={here.workspace} view={here.view} />}</Loaded>}
    </Fold>
  );
}

// useNews keeps what the latest change was, for who hears the screen.
function useNews(view: SessionViewJson, mine: string | undefined): News[] {
  const before = useRef(view);
  const [news, set] = useState<News[]>([]);
  useEffect(() => {
    const latest = roomNews(before.current, view, mine);
    before.current = view;
    if (latest.length > 0) set(latest);
  }, [view]);
  return news;
}

function Agenda({ here, items }: { here: Here; items: ItemViewJson[] }) {
  if (items.length === 0) return <Empty>{t("web/no-items")}</Empty>;
  return <ol class="agenda">{items.map((i) => <Item key={i.id} here={here} item={i} />)}</ol>;
}

// Item is one of the agenda. The current one is above, whole, so here it is a line.
function Item({ here, item }: { here: Here; item: ItemViewJson }) {
  const now = here.open && item.id === here.view.currentItem;
  const facts = [(item.minutes ?? 0) > 0 && t("web/room-minutes-n", { n: item.minutes ?? 0 }), item.proposedBy && t("web/proposed-by", { who: named(here.all, item.proposedBy) })].filter(Boolean);
  return (
    <li>
      <article class="block">
        <h3>{item.title || item.id} {now ? <span class="state on">{t("web/room-now")}</span> : <ItemPhase phase={item.phase} />}</h3>
        {facts.length > 0 && <p class="under">{facts.join(" · ")}</p>}
        {!now && !here.prepared && (
          <>
            {(here.closed || (item.contributions ?? []).length > 0) && <><h4 class="h6">{t("web/said")}</h4><Contributions here={here} item={item} /></>}
            <ItemDecisions workspace={here.workspace} view={here.view} item={item} />
          </>
        )}
        <TurnTo here={here} item={item} />
      </article>
    </li>
  );
}

// became is what changes when something becomes of a decision of this session.
const became = (here: Here): string => (here.view.items ?? []).flatMap((i) => i.decisions ?? []).map((d) => `${d.id} ${d.phase} ${d.acts?.length ?? 0} ${d.contested ?? false}`).join();
