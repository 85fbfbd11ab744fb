// Saying something in writing: a contribution, an answer, an amendment, a proposal that takes something up, or the words of a turn. Whoever writes for
// somebody else is named (by the gateway). What is typed is kept, and what cannot be sent now waits in the outbox.
import { useId } from "preact/hooks";
import type { ItemViewJson } from "../gen/tavolo/api/v1/record_pb";
import type { ReplyJson } from "../gen/tavolo/event/v1/item_pb";
import { send } from "../outbox";
import { Choice, Field, Form, type Problems, Select, since } from "../parts/form";
import { named } from "../parts/people";
import { type Key, t } from "../words";
import { naming } from "./doing";
import { type Writing, draftKey, useDraft } from "./draft";
import { forgetWordsLeft, wordsLeft } from "./floor";
import { type Here, where } from "./here";
import { type Kind, Kinds } from "./kinds";
import { type Said, wantsReply } from "./said";

interface Draft { text: string; kind: Kind; by: string; reply: string; takesUp: string }

const labels: Record<Writing, Key> = { new: "web/room-what-to-say", answer: "web/room-answer-words", amend: "web/room-amend-words", take: "web/room-take-words", word: "web/room-word-words" };
const names: Record<Writing, Key> = { new: "web/room-write", answer: "web/room-answer", amend: "web/room-amend", take: "web/room-take", word: "web/room-add-words" };

export function Contribute({ here, item, what, c, done }: { here: Here; item: ItemViewJson; what: Writing; c?: Said; done: () => void }) {
  const id = useId(), [draft, change, clear, latest] = useDraft<Draft>(draftKey(here, item, what, c), first(here, item, what, c));
  const asksReply = what === "answer" && c !== undefined && wantsReply(c), text = draft.text.trim(), is = { who: `${id}-who`, reply: `${id}-reply`, text: `${id}-text` };
  const check = (): Problems => ({
    ...(what === "word" || draft.by ? {} : { [is.who]: { key: "web/room-lacks-who" } }),
    ...(asksReply && !draft.reply ? { [is.reply]: { key: "web/room-lacks-reply" } } : {}),
    ...(text ? {} : { [is.text]: { key: "web/room-lacks-text" } }),
  });
  const submit = async () => {
    const words = { kind: draft.kind, text: { clear: text } }, about = `item:${item.id}`;
    await naming(here.all, what === "word"
      ? send("ItemService/WordContribution", { ...where(here, item), number: c?.number ?? 0, by: c?.by ?? "", ...words }, about, text)
      : send("ItemService/RecordContributions", { ...where(here, item), contributions: [{ by: draft.by, ...words, ...links(what, c, draft, asksReply) }] }, about, text));
    if (what === "word" && c) forgetWordsLeft(here, item, c.by ?? "");
    // What was typed while it was on its way is the beginning of the next; a text that stands for another is one piece.
    const typed = latest().text, more = typed === draft.text ? "" : what === "amend" || what === "word" ? typed : since(text, typed);
    if (more) return change({ text: more });
    clear();
    done();
  };
  return (
    <div class="contribute">
      <Form label={t(names[what])} check={check} send={submit} action={t("web/room-send")} goesOn cancel={() => { clear(); done(); }}>
        {what !== "word" && here.writes && <ForWhom id={is.who} here={here} value={draft.by} choose={(by) => change({ by })} />}
        {(what === "new" || what === "word") && <Kinds id={`${id}-kind`} value={draft.kind} choose={(kind) => change({ kind })} />}
        {asksReply && <Choice id={is.reply} label={t("web/room-reply")} options={replies()} value={draft.reply} set={(reply) => change({ reply })} />}
        <Field id={is.text} label={t(labels[what])} hint={asksReply && t("web/room-reply-hint")} lines={3} max={8000} value={draft.text} set={(now) => change({ text: now })} />
        {what === "amend" && <TakesUp id={`${id}-takes`} here={here} said={(item.contributions ?? []).filter((o) => o.number !== c?.number)} value={draft.takesUp} choose={(takesUp) => change({ takesUp })} />}
      </Form>
    </div>
  );
}

// first is what a form begins with: oneself as who speaks, the proposal that is to be changed, the words already typed for a turn.
function first(here: Here, item: ItemViewJson, what: Writing, c: Said | undefined): Draft {
  const text = what === "amend" ? c?.text ?? "" : what === "word" ? wordsLeft(here, item, c?.by ?? "") : "";
  const kind = what === "amend" || what === "take" ? "CONTRIBUTION_KIND_PROPOSAL" : what === "word" && typeof c?.kind === "string" ? c.kind : "CONTRIBUTION_KIND_STATEMENT";
  return { text, kind, by: here.present ? here.mine ?? "" : "", reply: "", takesUp: "" };
}

// links says what a contribution hangs on.
function links(what: Writing, c: Said | undefined, draft: Draft, asksReply: boolean) {
  const number = c?.number ?? 0;
  if (what === "answer") return { answers: number, ...(asksReply && draft.reply !== "REPLY_UNSPECIFIED" ? { reply: draft.reply as ReplyJson } : {}) };
  if (what === "amend") return { amends: number, ...(draft.takesUp ? { takesUp: Number(draft.takesUp) } : {}) };
  return what === "take" ? { takesUp: number } : {};
}

const replies = () => [
  { value: "REPLY_ACCEPTED", label: t("web/room-reply-accepted") }, { value: "REPLY_PARTLY", label: t("web/room-reply-partly") },
  { value: "REPLY_REFUSED", label: t("web/room-reply-refused") }, { value: "REPLY_UNSPECIFIED", label: t("web/room-reply-only") },
];

function ForWhom({ id, here, value, choose }: { id: string; here: Here; value: string; choose: (who: string) => void }) {
  const there = (here.view.seats ?? []).filter((s) => s.present || s.participant === value).map((s) => ({ value: s.participant ?? "", label: s.participant === here.mine ? t("web/room-for-me") : named(here.all, s.participant) }));
  const options = value ? there : [{ value: "", label: t("web/room-choose") }, ...there];
  return <Select id={id} label={t("web/room-for-whom")} value={value} set={choose} options={options} />;
}

function TakesUp({ id, here, said, value, choose }: { id: string; here: Here; said: Said[]; value: string; choose: (number: string) => void }) {
  if (said.length === 0) return null;
  const options = said.map((c) => ({ value: String(c.number), label: t("web/room-number-of", { n: String(c.number), who: named(here.all, c.by), text: short(c.text ?? "") }) }));
  return <Select id={id} label={t("web/room-takes-up")} value={value} set={choose} options={[{ value: "", label: t("web/room-takes-up-none") }, ...options]} />;
}

const short = (text: string): string => text.length > 60 ? `${text.slice(0, 57)}…` : text;
