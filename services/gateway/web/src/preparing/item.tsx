// One agenda item while it is prepared: its words and those before, who proposed it, how long it may take, and its documents.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { tell } from "../api";
import type { ItemViewJson } from "../gen/tavolo/api/v1/record_pb";
import { announce } from "../parts/announce";
import { Button, Field, Form, type Problems, Refused, useSending } from "../parts/form";
import { Phase } from "../parts/badges";
import { named } from "../parts/people";
import { day, t } from "../words";
import { Fold } from "./fold";
import type { Table } from "./prepare";

export const minutesWrong = (id: string, minutes: string): Problems => Number(minutes) >= 0 && Number(minutes) <= 1440 ? {} : { [id]: { key: "web/minutes-wrong" } };

export function About({ item, table, children }: { item: ItemViewJson; table: Table; children?: ComponentChildren }) {
  const facts = [item.proposedBy && t("web/proposed-by", { who: named(table.all, item.proposedBy) }), (item.minutes ?? 0) > 0 ? t("web/minutes-n", { n: item.minutes ?? 0 }) : t("web/minutes-open")];
  return (
    <>
      <h4 class="item-title">{item.title || item.id}{item.phase === "ITEM_PHASE_REFUSED" && <>{" "}<Phase phase={item.phase} /></>}</h4>
      <p class="under">{facts.filter(Boolean).join(" · ")}</p>
      <Before item={item} />
      {item.reason && <p>{t("web/reason-was")} <q class="text">{item.reason}</q></p>}
      <Documents item={item} table={table} />
      <div class="item-acts">
        {children}
        {table.facilitates && <Change item={item} table={table} />}
        {table.takesPart && <Link item={item} table={table} />}
        {item.proposedBy && item.proposedBy === table.mine && item.phase !== "ITEM_PHASE_REFUSED" && <Withdraw item={item} table={table} />}
      </div>
    </>
  );
}

// Before are the words that an item had: the first are those of who proposed it.
function Before({ item }: { item: ItemViewJson }) {
  const before = item.wordings ?? [];
  if (before.length === 0) return null;
  return (
    <details class="more">
      <summary>{t("web/wordings", { n: before.length })}</summary>
      <ol class="lines">
        {before.map((w, i) => <li key={i}><q class="text">{w.title}</q><span class="under">{i === 0 && t("web/wording-first")} {w.until && t("web/wording-until", { day: day(w.until) })}</span></li>)}
      </ol>
    </details>
  );
}

// isWeb lets only addresses of the web become links: another kind could run something here.
export const isWeb = (url: string): boolean => {
  try {
    return ["http:", "https:"].includes(new URL(url).protocol);
  } catch {
    return false;
  }
};

function Documents({ item, table }: { item: ItemViewJson; table: Table }) {
  const list = item.attachments ?? [], sending = useSending();
  if (list.length === 0) return null;
  const away = (number: number, title: string) => void sending.send(async () => {
    await tell("ItemService/RemoveAttachment", { workspace: table.workspace, item: item.id ?? "", number });
    announce({ key: "web/document-away", with: { title } });
  });
  return (
    <>
      <ul class="lines documents">
        {list.map((a) => (
          <li key={a.number} class="with-button">
            <div>
              {isWeb(a.url ?? "") ? <a href={a.url ?? ""} target="_blank" rel="noopener noreferrer">{a.title || a.url}</a> : a.title}
              <span class="note">{t("web/other-tab")}</span>
              {a.by && <span class="under d-block">{t("web/linked-by", { who: named(table.all, a.by) })}</span>}
            </div>
            {table.facilitates && <Button look="away" name={t("web/document-remove-of", { title: a.title ?? "" })} onClick={() => away(a.number ?? 0, a.title ?? "")}>{t("web/document-remove")}</Button>}
          </li>
        ))}
      </ul>
      <Refused sending={sending} />
    </>
  );
}

export function Words({ id, title, setTitle, minutes, setMinutes }: { id: string; title: string; setTitle: (v: string) => void; minutes: string; setMinutes: (v: string) => void }) {
  return (
    <>
      <Field id={`${id}-title`} label={t("web/item-title")} hint={t("web/item-title-hint")} value={title} set={setTitle} lines={2} max={400} />
      <Field id={`${id}-minutes`} type="number" label={t("web/item-minutes")} hint={t("web/item-minutes-hint")} value={minutes} set={setMinutes} />
    </>
  );
}

function Change({ item, table }: { item: ItemViewJson; table: Table }) {
  return (
    <Fold id={`change-${item.id}`} label={t("web/change")} name={t("web/change-of", { title: item.title ?? "" })}>
      {(close) => <ChangeForm item={item} table={table} close={close} />}
    </Fold>
  );
}

function ChangeForm({ item, table, close }: { item: ItemViewJson; table: Table; close: () => void }) {
  const [title, setTitle] = useState(item.title ?? ""), [minutes, setMinutes] = useState(item.minutes ? String(item.minutes) : ""), id = `changed-${item.id}`;
  const check = (): Problems => ({ ...!title.trim() && { [`${id}-title`]: { key: "web/item-missing" } as const }, ...minutesWrong(`${id}-minutes`, minutes) });
  const send = async () => {
    await tell("ItemService/DescribeItem", { workspace: table.workspace, item: item.id ?? "", title: { clear: title.trim() }, minutes: Number(minutes) || 0, ...item.proposedBy && { proposedBy: item.proposedBy } });
    announce({ key: "web/saved" });
    close();
  };
  return (
    <Form action={t("web/save")} label={t("web/change-of", { title: item.title ?? "" })} cancel={close} check={check} send={send}>
      <p class="hint">{t("web/change-keeps")}</p>
      <Words id={id} title={title} setTitle={setTitle} minutes={minutes} setMinutes={setMinutes} />
    </Form>
  );
}

function Link({ item, table }: { item: ItemViewJson; table: Table }) {
  return (
    <Fold id={`link-${item.id}`} label={t("web/document-add")} name={t("web/document-add-of", { title: item.title ?? "" })}>
      {(close) => <LinkForm item={item} table={table} close={close} />}
    </Fold>
  );
}

function LinkForm({ item, table, close }: { item: ItemViewJson; table: Table; close: () => void }) {
  const [title, setTitle] = useState(""), [url, setUrl] = useState(""), id = `linked-${item.id}`;
  const check = (): Problems => ({
    ...!title.trim() && { [`${id}-title`]: { key: "web/document-title-missing" } as const }, ...!isWeb(url.trim()) && { [`${id}-url`]: { key: "web/document-url-wrong" } as const },
  });
  const send = async () => {
    await tell("ItemService/LinkAttachment", { workspace: table.workspace, item: item.id ?? "", title: { clear: title.trim() }, url: { clear: url.trim() }, ...table.mine && { by: table.mine } });
    announce({ key: "web/document-added", with: { title: title.trim() } });
    close();
  };
  return (
    <Form action={t("web/document-send")} label={t("web/document-add-of", { title: item.title ?? "" })} cancel={close} check={check} send={send}>
      <Field id={`${id}-title`} label={t("web/document-title")} value={title} set={setTitle} max={200} />
      <Field id={`${id}-url`} type="url" label={t("web/document-url")} hint={t("web/document-url-hint")} value={url} set={setUrl} max={2000} />
    </Form>
  );
}

function Withdraw({ item, table }: { item: ItemViewJson; table: Table }) {
  const sending = useSending();
  const withdraw = () => void sending.send(async () => {
    await tell("ItemService/WithdrawItem", { workspace: table.workspace, item: item.id ?? "" });
    announce({ key: "web/withdrawn", with: { title: item.title ?? "" } });
  });
  return <><Button look="away" busy={sending.busy} name={t("web/withdraw-of", { title: item.title ?? "" })} onClick={withdraw}>{t("web/withdraw")}</Button><Refused sending={sending} /></>;
}
