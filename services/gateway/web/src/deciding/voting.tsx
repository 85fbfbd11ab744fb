// Voting and giving advice, for the person here and for those who gave them a proxy: choose, confirm, and read that it is in the log. What cannot be sent
// now waits in the outbox, survives a reload, and counts once.
import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { ask, useAsked } from "../api";
import type { GetOwnBallotsResponseJson } from "../gen/tavolo/api/v1/record_pb";
import type { ElectorJson } from "../gen/tavolo/event/v1/decision_pb";
import { Act, Trouble, useDoing } from "../meeting/doing";
import { outbox, send } from "../outbox";
import { named } from "../parts/people";
import { type Key, label, say, t } from "../words";
import { type Given, type Sent, aboutAdvice, aboutBallot, aboutObjection, castBy, shownOf, standingOf, wanted } from "./ballots";
import { type Desk, inRounds, of } from "./desk";
import { standing } from "./objections";

export function Voting({ desk }: { desk: Desk }) {
  const { d, mine } = desk, electors = d.electors ?? [];
  const own = mine === undefined ? undefined : electors.find((e) => e.participant === mine);
  const list = mine === undefined ? [] : castBy(mine, electors);
  const asked = useOwn(desk, list.length > 0);
  if (!desk.takesPart || !mine) return null;
  if (!own && list.length === 0) return <p class="note d-block">{t("web/vote-not-listed")}</p>;
  return (
    <>
      {own?.proxy && <p class="notice">{t("web/vote-proxy-given", { who: named(desk.all, own.proxy.to) })}</p>}
      {own?.recused && <p class="note d-block">{t("web/vote-recused")}</p>}
      {own && !own.recused && own.standing === "STANDING_INFORMED" && <p class="note d-block">{t("web/vote-informed")}</p>}
      {own?.standing === "STANDING_CONSULTED" && <Ballot desk={desk} e={own} advice={d.advice?.find((a) => a.participant === mine)?.advice as Given | undefined} answers={0} />}
      {list.map((e) => {
        const ballot = asked.ballots?.ballots?.find((b) => b.decision === desk.id && b.participant === e.participant);
        if (e.participant === mine && !e.present && !ballot?.open) return <p key={e.participant} class="notice">{t("web/vote-absent")}</p>;
        return <Ballot key={e.participant} desk={desk} e={e} own={ballot} answers={asked.answers} />;
      })}
    </>
  );
}

// useOwn asks for one's ballots, and anew whenever the record moves on; it counts the answers.
function useOwn(desk: Desk, wanted: boolean): { ballots: GetOwnBallotsResponseJson | undefined; answers: number } {
  const { workspace, session, mine = "", sequence } = desk, count = useRef(0);
  const asked = useAsked(wanted ? `${session} ${mine} ${sequence}` : "", async (signal) => {
    if (!wanted) return undefined;
    const ballots = await ask("DecisionService/GetOwnBallots", { workspace, session, participant: mine, atLeastSequence: sequence }, signal);
    return { ballots, answers: ++count.current };
  });
  return asked.data ?? { ballots: undefined, answers: count.current };
}

const rounds: Partial<Record<Given, Key>> = { CHOICE_FOR: "web/vote-assent", CHOICE_AGAINST: "web/vote-object", CHOICE_ABSTAIN: "web/vote-aside" };

// choicesOf gives what can be chosen: standing aside is for consensus only, in consent one consents or objects.
function choicesOf(desk: Desk, advice: boolean): Given[] {
  const method = desk.d.charter?.rule?.method;
  return method === "METHOD_CONSENT" && !advice ? ["CHOICE_FOR", "CHOICE_AGAINST"] : ["CHOICE_FOR", "CHOICE_AGAINST", "CHOICE_ABSTAIN"];
}

export const choiceName = (desk: Desk, choice: string | undefined, advice = false): string =>
  inRounds(desk.d.charter?.rule) && !advice && rounds[choice as Given] ? t(rounds[choice as Given]!) : label("choice", choice) ?? "";

// Unsent shows what this person still has in the outbox for a vote that is over: it was on its way when the vote closed.
export function Unsent({ desk }: { desk: Desk }) {
  const mine = outbox().unsent.value.filter((u) => ["ballot", "advice", "objection"].some((kind) => u.about.startsWith(`${kind}:${desk.id}:`)));
  return (
    <>
      {mine.map((u) => (
        <div key={u.id} role="alert" class="trouble">
          {u.refused ? <p><strong>{t("web/vote-refused")}</strong> {say(u.refused)}</p> : <p><strong class="state waits">{t("web/vote-unsent")}</strong></p>}
          {u.refused && <Act look="small" onClick={() => outbox().drop(u.id)}>{t("web/vote-understood")}</Act>}
        </div>
      ))}
    </>
  );
}

interface BallotProps { desk: Desk; e: ElectorJson; own?: { choice?: Given; enteredBy?: string } | undefined | object; advice?: Given | undefined; answers: number }

function Ballot({ desk, e, own, advice, answers }: BallotProps) {
  const consulted = e.standing === "STANDING_CONSULTED", who = e.participant ?? "", proxy = who !== desk.mine;
  const about = consulted ? aboutAdvice(desk.id, who) : aboutBallot(desk.id, who);
  const [sent, setSent] = useState<Sent | undefined>(undefined), [changing, setChanging] = useState(false), status = useRef<HTMLParagraphElement>(null);
  const recorded = consulted ? { choice: advice ?? "CHOICE_UNSPECIFIED" as Given } : own;
  const stands = standingOf(outbox().unsent.value.filter((u) => u.about === about), shownOf(recorded, sent, answers));
  const [done, setDone] = useState(0), heading = useId();
  const wish = wanted.value === `${desk.id} ${who}`;
  useEffect(() => { if (wish) { wanted.value = ""; setChanging(true); } }, [wish]);
  useEffect(() => { if (done > 0) status.current?.focus(); }, [done]);
  const finish = (choice: Given, arrived: boolean) => {
    const before = (recorded as { choice?: Given } | undefined)?.choice;
    if (arrived) setSent({ choice, before: before === "CHOICE_UNSPECIFIED" ? undefined : before, answers });
    setChanging(false);
    setDone(done + 1);
  };
  const objection = standing(desk.d).some((o) => o.by === who);
  return (
    <div class={`ballot ${proxy ? "for-another" : ""}`} role="group" aria-labelledby={heading}>
      <h5 id={heading}>{t(consulted ? "web/vote-your-advice" : proxy ? "web/vote-for-other" : "web/vote-yours", { who: named(desk.all, who) })}{proxy && <span class="state soon">{t("web/vote-proxy")}</span>}</h5>
      {proxy && <p class="note d-block">{t(e.proxy?.instructed ? "web/vote-proxy-instructed" : "web/vote-proxy-free", { who: named(desk.all, who) })}</p>}
      {e.mandate && <p class="note d-block">{t("web/mandate", { name: e.mandate })}</p>}
      <p role="status" ref={status} tabIndex={-1} class={`given ${stands.is}`}>
        {stands.is === "sent" && <><Tick /> {t(consulted ? "web/advice-recorded" : proxy ? "web/vote-recorded-other" : "web/vote-recorded", { choice: choiceName(desk, stands.choice, consulted), who: named(desk.all, who) })}</>}
        {stands.is === "unsent" && <><strong class="state waits">{t("web/vote-unsent")}</strong> {t("web/vote-unsent-what", { choice: choiceName(desk, stands.choice, consulted) })}</>}
        {stands.is === "none" && t(consulted ? "web/advice-none-yet" : "web/vote-none-yet")}
      </p>
      {stands.is === "refused" && (
        <div role="alert" class="trouble">
          <p><strong>{t("web/vote-refused")}</strong> {say(stands.says)}</p>
          <Act look="small" onClick={() => { outbox().drop(stands.id); setDone(done + 1); }}>{t("web/vote-understood")}</Act>
        </div>
      )}
      {stands.is === "sent" && stands.enteredBy && stands.enteredBy !== who && <p class="note d-block">{t("web/entered-by", { who: named(desk.all, stands.enteredBy) })}</p>}
      {changing
        ? <Choose desk={desk} who={who} about={about} consulted={consulted} objected={objection} finish={finish} leave={() => { setChanging(false); setDone(done + 1); }} />
        : <Act look={stands.is === "none" ? "main" : "plain"} class="wide" onClick={() => setChanging(true)}>{t(stands.is === "none" ? consulted ? "web/advice-give" : "web/vote-now" : consulted ? "web/advice-change" : "web/vote-change")}</Act>}
    </div>
  );
}

function Choose({ desk, who, about, consulted, objected, finish, leave }: { desk: Desk; who: string; about: string; consulted: boolean; objected: boolean; finish: (choice: Given, arrived: boolean) => void; leave: () => void }) {
  const [choice, choose] = useState<Given | undefined>(undefined), [reason, write] = useState(""), [lacks, setLacks] = useState<"choice" | "reason" | undefined>(undefined);
  const doing = useDoing(), id = useId(), first = useRef<HTMLInputElement>(null), words = useRef<HTMLTextAreaElement>(null);
  // Whoever carries the ballot of somebody else gives their reason too: the record says who said it, and for whom.
  const rounds = !consulted && inRounds(desk.d.charter?.rule), own = who === desk.mine, objects = choice === "CHOICE_AGAINST" && rounds;
  useLayoutEffect(() => { // on a phone the choices and what confirms them are seen together
    first.current?.focus();
    first.current?.form?.scrollIntoView({ block: "nearest" });
  }, []);
  const confirm = async () => {
    const missing = !choice ? "choice" : objects && !reason.trim() ? "reason" : undefined;
    setLacks(missing);
    if (missing === "choice") first.current?.focus();
    if (missing === "reason") words.current?.focus();
    if (missing || !choice) return;
    let arrived = false;
    const ok = await doing.work(async () => {
      for (const u of outbox().unsent.value.filter((u) => u.about === about)) outbox().drop(u.id); // the last ballot counts: an older one need not go out
      arrived = await cast(desk, who, choice, consulted, about);
      if (!rounds) return;
      if (objects) await object(desk, who, "ACT_KIND_OBJECTION_RAISED", reason.trim());
      else if (objected) await object(desk, who, "ACT_KIND_OBJECTION_WITHDRAWN");
    });
    if (ok) finish(choice, arrived);
  };
  return (
    <form noValidate class="choose" onSubmit={(event) => { event.preventDefault(); void confirm(); }}>
      <fieldset class="big-choices" aria-describedby={lacks === "choice" ? `${id}-wrong` : undefined}>
        <legend>{t(consulted ? "web/advice-question" : "web/vote-question")}</legend>
        {lacks === "choice" && <p class="wrong" id={`${id}-wrong`}>{t("web/vote-lacks-choice")}</p>}
        {choicesOf(desk, consulted).map((c, i) => (
          <label key={c} class="big-choice"><input ref={i === 0 ? first : null} type="radio" name={id} value={c} checked={choice === c} onChange={() => choose(c)} /> <span>{choiceName(desk, c, consulted)}</span></label>
        ))}
      </fieldset>
      {objects && (
        <div class={`ask ${lacks === "reason" ? "is-wrong" : ""}`}>
          <label for={`${id}-reason`}>{own ? t("web/vote-reason") : t("web/vote-reason-other", { who: named(desk.all, who) })}</label>
          <p class="hint" id={`${id}-hint`}>{t("web/vote-reason-hint")}</p>
          {lacks === "reason" && <p class="wrong" id={`${id}-lacks`}>{t("web/vote-lacks-reason")}</p>}
          <textarea ref={words} id={`${id}-reason`} class="form-control" rows={3} maxLength={4000} readOnly={doing.busy} value={reason} aria-invalid={lacks === "reason" || undefined} aria-describedby={`${lacks === "reason" ? `${id}-lacks ` : ""}${id}-hint`} onInput={(e) => write(e.currentTarget.value)} />
        </div>
      )}
      <Trouble of={doing} all={desk.all} />
      <div class="acts">
        <Act look="main" class="wide" submit busy={doing.busy}>{t(consulted ? "web/advice-confirm" : "web/vote-confirm")}</Act>
        <Act look="small" onClick={leave}>{t("web/vote-leave")}</Act>
      </div>
    </form>
  );
}

function cast(desk: Desk, who: string, choice: Given, consulted: boolean, about: string): Promise<boolean> {
  return consulted
    ? send("DecisionService/GiveAdvice", { ...of(desk), advice: [{ participant: who, advice: choice }] }, about)
    : send("DecisionService/CastBallots", { ...of(desk), ballots: [{ participant: who, choice }] }, about);
}

// object records an objection with its reason, or that it was taken back, after the ballot and in the same order.
const object = (desk: Desk, who: string, kind: "ACT_KIND_OBJECTION_RAISED" | "ACT_KIND_OBJECTION_WITHDRAWN", reason = ""): Promise<boolean> =>
  send("DecisionService/RecordAct", { ...of(desk), act: { kind, by: desk.mine!, objector: who }, ...(reason ? { reason: { clear: reason } } : {}) }, aboutObjection(desk.id, who), reason);

export const Tick = () => <svg class="sign" viewBox="0 0 24 24" aria-hidden="true" focusable="false"><circle cx="12" cy="12" r="10" /><path d="M7 12.5l3.5 3.5L17 9" /></svg>;
