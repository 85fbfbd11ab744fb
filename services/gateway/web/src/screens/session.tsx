// A session as it goes on: who is there, the agenda with what was said and decided, and who spoke for how long.
import { useEffect, useRef, useState } from "preact/hooks";
import { ItemDecisions } from "../deciding/itemdecisions";
import type { ContributionViewJson, ItemViewJson, SessionViewJson } from "../gen/tavolo/api/v1/record_pb";
import { useLive } from "../live";
import { ItemPhase, Phase } from "../parts/badges";
import { Bar } from "../parts/bar";
import { LiveNote } from "../parts/livenote";
import { newsOf } from "../parts/news";
import { type People, PeopleList, named, people } from "../parts/people";
import { Back, Empty, Screen, Section } from "../parts/screen";
import { moment } from "../parts/sessions";
import { type Message, constituency, dayAndTime, duration, label, t, time } from "../words";

export function Session({ workspace, id }: { workspace: string; id: string }) {
  const asked = useLive("SessionService/GetSession", { workspace, session: id }, workspace, `session:${id}`);
  const view = asked.data;
  return (
    <Screen kind={t("web/session")} title={view?.session?.title} asked={asked} back={<Back workspace={workspace} id={id} initiative />}>
      {view && <Content workspace={workspace} view={view} />}
    </Screen>
  );
}

function Content({ workspace, view }: { workspace: string; view: SessionViewJson }) {
  const { session, seats = [], items = [] } = view, all = people(seats);
  const began = moment(session);
  return (
    <>
      <p class="under">
        {[label("session_kind", session?.kind), began && dayAndTime(began), session?.closedAt && t("web/until", { time: time(session.closedAt) })].filter(Boolean).join(" · ")}
        {" "}<Phase phase={session?.phase} />
      </p>
      <LiveNote news={useNews(view)} />
      <Section id="there" title={t(session?.phase === "SESSION_PHASE_CLOSED" ? "web/was-there" : "web/there")}>
        {seats.length === 0 ? <Empty>{t("web/nobody-there")}</Empty> : <PeopleList level="h3" list={seats} presence={session?.phase === "SESSION_PHASE_OPEN"} />}
      </Section>
      <Section id="agenda" title={t("web/agenda")}>
        {items.length === 0 ? <Empty>{t("web/no-items")}</Empty> : (
          <ol class="agenda">{items.map((i) => <Item key={i.id} workspace={workspace} view={view} item={i} all={all} />)}</ol>
        )}
      </Section>
      <Speaking view={view} all={all} />
    </>
  );
}

// useNews keeps what the latest change was, for who hears the screen.
function useNews(view: SessionViewJson): Message[] {
  const before = useRef(view);
  const [news, set] = useState<Message[]>([]);
  useEffect(() => {
    const latest = newsOf(before.current, view);
    before.current = view;
    if (latest.length > 0) set(latest);
  }, [view]);
  return news;
}

function Item({ workspace, view, item, all }: { workspace: string; view: SessionViewJson; item: ItemViewJson; all: People }) {
  const { contributions = [] } = item;
  return (
    <li>
      <article class="block">
        <h3>{item.title || item.id} <ItemPhase phase={item.phase} /></h3>
        {item.proposedBy && <p class="under">{t("web/proposed-by", { who: named(all, item.proposedBy) })}</p>}
        <h4 class="h6">{t("web/said")}</h4>
        {contributions.length === 0 ? <Empty>{t("web/nothing-said")}</Empty> : (
          <ol class="said">{contributions.map((c) => <Contribution key={c.number} c={c} of={contributions} all={all} />)}</ol>
        )}
        <ItemDecisions workspace={workspace} view={view} item={item} />
      </article>
    </li>
  );
}

function Contribution({ c, of, all }: { c: ContributionViewJson; of: ContributionViewJson[]; all: People }) {
  const answered = of.find((o) => o.number === c.answers);
  const sits = all.get(c.by ?? "")?.constituency;
  return (
    <li>
      <p class="said-by">
        <span class="who">{named(all, c.by)}</span>
        {sits && <span class="note">{constituency(sits)}</span>}
        <span class="kind-of">{label("kind", c.kind)}</span>
        {(c.seconds ?? 0) > 0 && <span class="note nowrap">{duration(c.seconds ?? 0)}</span>}
      </p>
      {answered && (
        <p class="answers">
          {t("web/answers", { n: String(answered.number ?? 0), who: named(all, answered.by) })}
          {label("reply", c.reply) && <>{" "}<strong>{label("reply", c.reply)}</strong></>}
        </p>
      )}
      {c.text ? <p class="text">{c.text}</p> : <p class="text note">{t("web/text-gone")}</p>}
      {c.enteredBy && c.enteredBy !== c.by && <p class="note">{t("web/entered-by", { who: named(all, c.enteredBy) })}</p>}
    </li>
  );
}

function Speaking({ view, all }: { view: SessionViewJson; all: People }) {
  const seconds = new Map<string, number>();
  for (const c of (view.items ?? []).flatMap((i) => i.contributions ?? [])) {
    const code = all.get(c.by ?? "")?.constituency ?? "";
    seconds.set(code, (seconds.get(code) ?? 0) + (c.seconds ?? 0));
  }
  for (const p of view.seats ?? []) seconds.set(p.constituency ?? "", seconds.get(p.constituency ?? "") ?? 0);
  const total = [...seconds.values()].reduce((a, b) => a + b, 0);
  return (
    <Section id="speaking" title={t("web/speaking")}>
      {total === 0 ? <Empty>{t("web/speaking-none")}</Empty> : (
        <Bar share caption={t("web/speaking-caption", { time: duration(total) })} of={[t("web/constituency"), t("web/time")]}
          parts={[...seconds].sort((a, b) => b[1] - a[1]).map(([code, value], i) => ({ name: constituency(code), value, said: duration(value), look: `tone-${i % 9 + 1}` }))} />
      )}
    </Section>
  );
}
