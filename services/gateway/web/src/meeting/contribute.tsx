// Saying something in writing: a contribution, an answer, an amendment, a proposal that takes something up, or the words of a turn. Whoever writes for
// somebody else is named. What is typed is kept, and what cannot be sent now waits in the outbox.
import { useState } from "preact/hooks";
import type { ItemViewJson } from "../gen/tavolo/api/v1/record_pb";
import type { ReplyJson } from "../gen/tavolo/event/v1/item_pb";
import { send } from "../outbox";
import { named } from "../parts/people";
import { type Key, t } from "../words";
import { Act, Trouble, useDoing } from "./doing";
import { useDraft } from "./draft";
import { forgetWordsLeft, wordsLeft } from "./floor";
import { type Kind, Kinds, Pick, Words } from "./fields";
import { type Here, where } from "./here";
import { type Said, wantsReply } from "./said";

// Form says which form is open: a new contribution, or one that hangs on another.
export type Form = "new" | "answer" | "amend" | "take" | "word";

export interface Draft { text: string; kind: Kind; by: string; reply: string; takesUp: string }

export const formKey = (here: Here, item: ItemViewJson, form: Form, c?: Said): string => `${here.session}:${item.id}:${form}:${c?.number ?? 0}`;

const replies: [Extract<ReplyJson, string>, Key][] = [["REPLY_ACCEPTED", "web/room-reply-accepted"], ["REPLY_PARTLY", "web/room-reply-partly"], ["REPLY_REFUSED", "web/room-reply-refused"], ["REPLY_UNSPECIFIED", "web/room-reply-only"]];
const labels: Record<Form, Key> = { new: "web/room-what-to-say", answer: "web/room-answer-words", amend: "web/room-amend-words", take: "web/room-take-words", word: "web/room-word-words" };

export function Contribute({ here, item, form, c, done }: { here: Here; item: ItemViewJson; form: Form; c?: Said; done?: () => void }) {
  const doing = useDoing(), said = item.contributions ?? [], [missing, setMissing] = useState<Key | undefined>();
  const first: Draft = {
    text: form === "amend" ? c?.text ?? "" : form === "word" && c ? wordsLeft(here, item, c.by ?? "") : "", by: here.mine && here.present ? here.mine : "", reply: "", takesUp: "",
    kind: form === "amend" || form === "take" ? "CONTRIBUTION_KIND_PROPOSAL" : form === "word" ? c?.kind as Kind ?? "CONTRIBUTION_KIND_STATEMENT" : "CONTRIBUTION_KIND_STATEMENT",
  };
  const [draft, change, clear] = useDraft<Draft>(formKey(here, item, form, c), first);
  const asksReply = form === "answer" && c !== undefined && wantsReply(c);

  const submit = async () => {
    const text = draft.text.trim();
    const lacks: Key | undefined = form !== "word" && !draft.by ? "web/room-lacks-who" : asksReply && !draft.reply ? "web/room-lacks-reply" : !text ? "web/room-lacks-text" : undefined;
    setMissing(lacks);
    if (lacks) return;
    const about = `item:${item.id}`, entered = (who: string | undefined) => who === here.mine || !here.mine ? {} : { enteredBy: here.mine };
    const sent = await doing.work(() => form === "word"
      ? send("ItemService/WordContribution", { ...where(here, item), number: c?.number ?? 0, by: c?.by ?? "", kind: draft.kind, text: { clear: text }, ...entered(c?.by) }, about, text)
      : send("ItemService/RecordContributions", { ...where(here, item), contributions: [{ by: draft.by, kind: draft.kind, text: { clear: text }, ...links(form, c, draft, asksReply), ...entered(draft.by) }] }, about, text));
    if (!sent) return;
    if (form === "word" && c) forgetWordsLeft(here, item, c.by ?? "");
    clear();
    done?.();
  };
  return (
    <form class="contribute" noValidate onSubmit={(e) => { e.preventDefault(); void submit(); }}>
      {form !== "word" && here.writes && <ForWhom here={here} value={draft.by} choose={(by) => change({ by })} />}
      {(form === "new" || form === "word") && <Kinds value={draft.kind} choose={(kind) => change({ kind })} />}
      {asksReply && <Replies value={draft.reply} choose={(reply) => change({ reply })} />}
      <Words label={t(labels[form])} hint={asksReply ? t("web/room-reply-hint") : ""} value={draft.text} change={(text) => change({ text })} />
      {form === "amend" && <TakesUp here={here} said={said.filter((o) => o.number !== c?.number)} value={draft.takesUp} choose={(takesUp) => change({ takesUp })} />}
      {missing && <p role="alert" class="trouble">{t(missing)}</p>}
      <Trouble of={doing} all={here.all} />
      <div class="acts">
        <Act look="main" submit busy={doing.busy}>{t("web/room-send")}</Act>
        {done && <Act look="small" onClick={() => { clear(); done(); }}>{t("web/room-leave-it")}</Act>}
      </div>
    </form>
  );
}

// links says what a contribution hangs on.
function links(form: Form, c: Said | undefined, draft: Draft, asksReply: boolean) {
  const number = c?.number ?? 0;
  if (form === "answer") return { answers: number, ...(asksReply && draft.reply !== "REPLY_UNSPECIFIED" ? { reply: draft.reply as ReplyJson } : {}) };
  if (form === "amend") return { amends: number, ...(draft.takesUp ? { takesUp: Number(draft.takesUp) } : {}) };
  return form === "take" ? { takesUp: number } : {};
}

function ForWhom({ here, value, choose }: { here: Here; value: string; choose: (who: string) => void }) {
  const there = (here.view.seats ?? []).filter((s) => s.present || s.participant === value);
  const own = there.filter((s) => s.participant === here.mine), others = there.filter((s) => s.participant !== here.mine);
  return (
    <Pick label={t("web/room-for-whom")} value={value} choose={choose} of={[
      ...(value && own.length > 0 ? [] : [["", t("web/room-choose")] as [string, string]]),
      ...own.map((s): [string, string] => [s.participant ?? "", t("web/room-for-me")]),
      ...others.map((s): [string, string] => [s.participant ?? "", named(here.all, s.participant)]),
    ]} />
  );
}

function Replies({ value, choose }: { value: string; choose: (reply: string) => void }) {
  return (
    <fieldset class="choices">
      <legend>{t("web/room-reply")}</legend>
      {replies.map(([reply, key]) => (
        <label key={reply} class="choice"><input type="radio" name="reply" value={reply} checked={value === reply} onChange={() => choose(reply)} /> <span>{t(key)}</span></label>
      ))}
    </fieldset>
  );
}

function TakesUp({ here, said, value, choose }: { here: Here; said: Said[]; value: string; choose: (number: string) => void }) {
  if (said.length === 0) return null;
  return (
    <Pick label={t("web/room-takes-up")} value={value} choose={choose} of={[
      ["", t("web/room-takes-up-none")],
      ...said.map((c): [string, string] => [String(c.number), t("web/room-number-of", { n: String(c.number), who: named(here.all, c.by), text: short(c.text ?? "") })]),
    ]} />
  );
}

const short = (text: string): string => text.length > 60 ? `${text.slice(0, 57)}…` : text;
