// The agenda put in order: by buttons, which the keyboard and a screen reader can use, or by dragging with a finger or a mouse. The order shows at once;
// it is sent behind, the latest wish last, and goes back when it was refused.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { tell } from "../api";
import type { ItemViewJson, SessionViewJson } from "../gen/tavolo/api/v1/record_pb";
import { announce } from "../parts/announce";
import { Button, Refused, type Sending, useSending } from "../parts/form";
import { Empty } from "../parts/screen";
import { t } from "../words";
import { About } from "./item";
import { moved, placeOf, times } from "./order";
import type { Table } from "./prepare";

export function Agenda({ table, view }: { table: Table; view: SessionViewJson }) {
  const items = view.items ?? [], { order, put, sending } = useOrder(table);
  const list = order.map((id) => items.find((i) => i.id === id)).filter((i) => i !== undefined);
  const drag = useDrag((from, to) => put(moved(order, from, to)));
  const focus = useRef<string | undefined>(undefined);
  useLayoutEffect(() => { // a button that moved with its item keeps the focus
    if (focus.current) document.getElementById(focus.current)?.focus();
    focus.current = undefined;
  });
  const step = (item: ItemViewJson, from: number, to: number, button: string) => {
    if (to < 0 || to >= order.length) return;
    focus.current = button;
    put(moved(order, from, to));
    announce({ key: "web/moved", with: { title: item.title ?? "", n: to + 1, all: order.length } });
  };
  return (
    <>
      <h3>{t("web/order")}</h3>
      <Time items={list} minutes={view.session?.minutes ?? 0} />
      {table.facilitates && list.length > 1 && <p class="hint">{t("web/order-how")}</p>}
      {list.length === 0 ? <Empty>{t("web/order-none")}</Empty> : (
        <ol class="items" ref={drag.list}>
          {list.map((item, n) => (
            <li key={item.id} class={`block item ${drag.mark(n)}`}>
              {table.facilitates && list.length > 1 && <span class="grip" aria-hidden="true" title={t("web/drag")} onPointerDown={(e) => drag.begin(e, n)}><Grip /></span>}
              <About item={item} table={table}>
                {table.facilitates && list.length > 1 && (
                  <>
                    <Button look="plain" id={`up-${item.id}`} disabled={n === 0} name={t("web/up-of", { title: item.title ?? "" })} onClick={() => step(item, n, n - 1, `up-${item.id}`)}>{t("web/up")}</Button>
                    <Button look="plain" id={`down-${item.id}`} disabled={n === list.length - 1} name={t("web/down-of", { title: item.title ?? "" })} onClick={() => step(item, n, n + 1, `down-${item.id}`)}>{t("web/down")}</Button>
                  </>
                )}
                {table.facilitates && <Button look="away" name={t("web/off-of", { title: item.title ?? "" })} onClick={() => {
                  put(order.filter((id) => id !== item.id));
                  announce({ key: "web/off-done", with: { title: item.title ?? "" } });
                }}>{t("web/off")}</Button>}
              </About>
            </li>
          ))}
        </ol>
      )}
      <Refused sending={sending} />
    </>
  );
}

// useOrder gives the order that is wanted: that of the record, until somebody here moves something.
function useOrder(table: Table): { order: string[]; put: (order: string[]) => void; sending: Sending } {
  const [wanted, want] = useState<string[] | undefined>(undefined), sending = useSending(), latest = useRef<string[] | undefined>(undefined), under = useRef(false);
  const recorded = table.agenda.join(" ");
  useEffect(() => { if (!under.current) want(undefined); }, [recorded]);
  const put = (order: string[]) => {
    want(order);
    latest.current = order;
    if (!under.current) void send();
  };
  const send = async () => {
    under.current = true;
    while (latest.current) {
      const items = latest.current;
      latest.current = undefined;
      if (!await sending.send(() => tell("SessionService/SetAgenda", { workspace: table.workspace, session: table.session, items }))) {
        latest.current = undefined;
        want(undefined);
      }
    }
    under.current = false;
  };
  return { order: wanted ?? table.agenda, put, sending };
}

// useDrag follows a finger or a mouse from a grip on. The list stays as it is until it is let go; a line shows where the item would come.
function useDrag(drop: (from: number, to: number) => void) {
  const list = useRef<HTMLOListElement>(null), [at, set] = useState<{ from: number; to: number } | undefined>(undefined);
  const begin = (event: PointerEvent, from: number) => {
    if (event.button !== 0 || !list.current) return;
    event.preventDefault();
    const others = [...list.current.children].filter((_, n) => n !== from).map((e) => { const r = e.getBoundingClientRect(); return r.top + r.height / 2 + scrollY; });
    let now = { from, to: from };
    set(now);
    const move = (e: PointerEvent) => {
      if (e.pointerId !== event.pointerId) return;
      if (e.clientY < 60) scrollBy(0, -12);
      if (e.clientY > innerHeight - 60) scrollBy(0, 12);
      now = { from, to: placeOf(e.clientY + scrollY, others) };
      set(now);
    };
    const end = (e: Event) => {
      if ((e as PointerEvent).pointerId !== undefined && (e as PointerEvent).pointerId !== event.pointerId) return;
      for (const [name, f] of listeners) removeEventListener(name, f as EventListener);
      set(undefined);
      if (e.type === "pointerup" && now.to !== now.from) drop(now.from, now.to);
    };
    const stop = (e: KeyboardEvent) => { if (e.key === "Escape") end(e); };
    const listeners = [["pointermove", move], ["pointerup", end], ["pointercancel", end], ["keydown", stop]] as const;
    for (const [name, f] of listeners) addEventListener(name, f as EventListener);
  };
  const mark = (n: number): string => {
    if (!at) return "";
    if (n === at.from) return "dragged";
    const place = n < at.from ? n : n - 1; // among the others
    return at.to === place && at.to !== at.from ? "drop-before" : at.to === place + 1 && at.to !== at.from && isLast(place) ? "drop-after" : "";
  };
  const isLast = (place: number) => place === (list.current?.children.length ?? 0) - 2;
  return { list, begin, mark };
}

function Time({ items, minutes }: { items: ItemViewJson[]; minutes: number }) {
  if (items.length === 0) return null;
  const { planned, open, left } = times(items, minutes);
  return (
    <p class={left < 0 && minutes > 0 ? "notice" : ""}>
      {t("web/time-planned", { n: planned })} {minutes > 0 && (left < 0 ? t("web/time-over", { all: minutes, n: -left }) : t("web/time-left", { all: minutes, n: left }))} {open > 0 && t("web/time-open", { n: open })}
    </p>
  );
}

function Grip() {
  return <svg viewBox="0 0 24 24" focusable="false">{[6, 12, 18].map((y) => <g key={y}><circle cx="8" cy={y} r="2" /><circle cx="16" cy={y} r="2" /></g>)}</svg>;
}
