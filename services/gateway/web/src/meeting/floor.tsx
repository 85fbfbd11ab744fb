// Who speaks, who asks to, and who could be next. The suggestion is only that: whoever facilitates gives the floor to whom they choose.
import { useState } from "preact/hooks";
import { awaits } from "../deciding/ballots";
import { outbox, send } from "../outbox";
import type { ItemViewJson } from "../gen/tavolo/api/v1/record_pb";
import { Button, Field, Select, since } from "../parts/form";
import { named } from "../parts/people";
import { type Key, constituency, t } from "../words";
import { Clock } from "./clock";
import { Trouble, useDoing } from "./doing";
import { draftKey, keep, kept, useDraft } from "./draft";
import { type Here, where } from "./here";
import { type Kind, Kinds } from "./kinds";

export function Floor({ here, item }: { here: Here; item: ItemViewJson }) {
  const { floor = {} } = here.view, { hands = [] } = floor;
  return (
    <div class="floor">
      {floor.speaking ? <Speaker here={here} item={item} who={floor.speaking} since={floor.since} key={floor.speaking} /> : <p class="quiet">{t("web/room-nobody-speaks")}</p>}
      <h3 class="h6" id="hands">{t("web/room-hands")}</h3>
      {hands.length === 0 ? <p class="quiet">{t("web/room-no-hands")}</p> : (
        <ol class="hands" aria-labelledby="hands">{hands.map((who) => <Hand key={who} here={here} item={item} who={who} />)}</ol>
      )}
      {here.facilitates && <GiveToAnyone here={here} item={item} />}
    </div>
  );
}

const because: Record<string, Key> = {
  only_hand: "web/room-because-only", perspective_heard_less: "web/room-because-perspective", person_heard_less: "web/room-because-person",
  first_to_ask: "web/room-because-first",
};

function Hand({ here, item, who }: { here: Here; item: ItemViewJson; who: string }) {
  const doing = useDoing(), { floor = {} } = here.view, suggested = floor.suggested === who && (floor.hands ?? []).length > 1;
  const why = because[floor.suggestedBecause ?? ""];
  return (
    <li class={suggested ? "suggested" : undefined}>
      <div>
        <span class="who">{named(here.all, who)}</span> <span class="note">{who === here.mine ? t("web/room-you") : constituency(here.all.get(who)?.constituency)}</span>
        {suggested && <p class="why-next"><strong class="state soon">{t("web/room-suggested")}</strong> {why && t(why)}</p>}
      </div>
      {here.facilitates && !floor.speaking && (
        <Button look={suggested || (floor.hands ?? []).length === 1 ? "main" : "plain"} busy={doing.busy} onClick={() => void doing.tell("ItemService/GiveFloor", { ...where(here, item), participant: who })}>
          {t("web/room-give-floor")} <span class="visually-hidden">{named(here.all, who)}</span>
        </Button>
      )}
      <Trouble of={doing} all={here.all} />
    </li>
  );
}

// GiveToAnyone is for those in the room who have no device, or did not raise a hand.
function GiveToAnyone({ here, item }: { here: Here; item: ItemViewJson }) {
  const doing = useDoing(), [who, choose] = useState("");
  const { speaking, hands = [] } = here.view.floor ?? {};
  const others = (here.view.seats ?? []).filter((s) => s.present && !hands.includes(s.participant ?? ""));
  if (speaking || others.length === 0) return null;
  const give = async () => { if (who && await doing.tell("ItemService/GiveFloor", { ...where(here, item), participant: who })) choose(""); };
  return (
    <form class="inline" onSubmit={(e) => { e.preventDefault(); void give(); }}>
      <Select id="give-other" label={t("web/room-give-other")} value={who} set={choose} options={[{ value: "", label: t("web/room-choose") }, ...others.map((s) => ({ value: s.participant ?? "", label: named(here.all, s.participant) }))]} />
      <Button look="plain" submit busy={doing.busy} disabled={who === ""}>{t("web/room-give-floor")}</Button>
      <Trouble of={doing} all={here.all} />
    </form>
  );
}

interface Turn { kind: Kind; text: string }

// turnKey is where the words of a turn are kept while it goes on; when somebody else ends it, they are offered for the contribution it became.
export const turnKey = (here: Here, item: ItemViewJson, who: string): string => `${here.session}:${item.id}:turn:${who}`;

// EndTurn ends a turn, with the words that were typed for it. Whoever speaks has it at hand, as the hand was; whoever facilitates or writes has it beside the speaker.
function EndTurn({ here, item, who }: { here: Here; item: ItemViewJson; who: string }) {
  const doing = useDoing(), key = turnKey(here, item, who);
  const end = async () => {
    const turn = kept<Turn>(key), words = turn?.text.trim() ?? "";
    const request = { ...where(here, item), participant: who, ...(turn ? { kind: turn.kind } : {}), ...(words ? { text: { clear: words } } : {}) };
    if (!await doing.work(() => send("ItemService/ReturnFloor", request, `item:${item.id}`, words))) return;
    const more = since(words, kept<Turn>(key)?.text ?? ""), next = draftKey(here, item, "new"); // typed while it ended: it waits for whoever writes again
    keep(key, undefined);
    if (more) keep(next, { text: [kept<{ text: string }>(next)?.text, more].filter(Boolean).join("\n") });
  };
  return <><Button busy={doing.busy} onClick={() => void end()}>{t("web/room-end-turn")}</Button><Trouble of={doing} all={here.all} /></>;
}

function Speaker({ here, item, who, since }: { here: Here; item: ItemViewJson; who: string; since: string | undefined }) {
  const doing = useDoing(), mine = who === here.mine;
  const [turn, change] = useDraft<Turn>(turnKey(here, item, who), { kind: "CONTRIBUTION_KIND_STATEMENT", text: "" });
  const [typing, setTyping] = useState(turn.text !== "");
  const mistaken = () => void doing.tell("ItemService/ReturnFloor", { ...where(here, item), participant: who, mistaken: true });
  return (
    <div class={mine ? "speaker own" : "speaker"}>
      <p class="speaks"><span>{mine ? t("web/room-you-speak") : t("web/room-speaks", { who: named(here.all, who) })}</span> <Clock since={since} /></p>
      {(mine || here.writes) && (
        <>
          <div class="acts">
            {!mine && <EndTurn here={here} item={item} who={who} />}
            <Button look="small" expanded={typing} onClick={() => setTyping(!typing)}>{t("web/room-turn-write")}</Button>
            {here.facilitates && <Button look="small" busy={doing.busy} onClick={mistaken}>{t("web/room-turn-mistaken")}</Button>}
          </div>
          <div hidden={!typing}>
            <Kinds id="turn-kind" value={turn.kind} choose={(kind) => change({ kind })} />
            <Field id="turn-text" label={t("web/room-turn-words")} hint={t("web/room-turn-hint")} lines={3} max={8000} value={turn.text} set={(text) => change({ text })} />
          </div>
        </>
      )}
      <Trouble of={doing} all={here.all} />
    </div>
  );
}

// wordsLeft takes over what was typed for a turn that somebody else ended.
export function wordsLeft(here: Here, item: ItemViewJson, who: string): string {
  const key = turnKey(here, item, who), text = here.view.floor?.speaking === who ? "" : kept<Turn>(key)?.text ?? "";
  return text;
}
export const forgetWordsLeft = (here: Here, item: ItemViewJson, who: string): void => keep(turnKey(here, item, who), undefined);

// OwnHand raises and lowers one's own hand, ends one's own turn, or says that one is here: the one thing that everybody needs at any moment.
export function OwnHand({ here, item }: { here: Here; item: ItemViewJson | undefined }) {
  const doing = useDoing(), { floor = {} } = here.view, hands = floor.hands ?? [], mine = here.mine;
  if (!mine || !here.takesPart) return null;
  const place = hands.indexOf(mine) + 1;
  return (
    <div class="own-hand">
      {!here.present ? <SeatYourself here={here} /> : !item ? <p class="quiet">{t("web/room-no-current")}</p> : floor.speaking === mine ? <EndTurn here={here} item={item} who={mine} /> : (
        <>
          <Button look={place > 0 || item.decisions?.some((d) => awaits(d, mine, outbox().unsent.value)) ? "plain" : "main"} busy={doing.busy}
            onClick={() => void doing.tell(place > 0 ? "ItemService/LowerHand" : "ItemService/RaiseHand", { ...where(here, item), participant: mine })}>
            <HandSign up={place > 0} />{t(place > 0 ? "web/room-hand-lower" : "web/room-hand-raise")}
          </Button>
          {/* Not how many hands there are: it would be read again at every hand. */}
          <p class="quiet" role="status">{place > 0 && t("web/room-hand-place", { place })}</p>
        </>
      )}
      <Trouble of={doing} all={here.all} />
    </div>
  );
}

// SeatYourself says that one is in the room.
export function SeatYourself({ here }: { here: Here }) {
  const doing = useDoing(), mine = here.mine ?? "";
  const offices = here.facilitates ? here.all.get(mine)?.offices ?? [] : []; // who facilitates gives offices
  return (
    <>
      <Button busy={doing.busy} onClick={() => void doing.tell("SessionService/SeatParticipants", { workspace: here.workspace, session: here.session, seats: [{ participant: mine, offices }] })}>
        {t("web/room-i-am-here")}
      </Button>
      <Trouble of={doing} all={here.all} />
    </>
  );
}

// HandSign is a raised hand, or an arrow down for lowering it.
function HandSign({ up }: { up: boolean }) {
  return (
    <svg class="sign" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={up ? "M12 5v14M6 13l6 6 6-6" : "M7 12V6M10 11V4M13 11V4M16 12V6M7 12c0 5 1.500 8 5 8s5-3 5-7"} />
    </svg>
  );
}
