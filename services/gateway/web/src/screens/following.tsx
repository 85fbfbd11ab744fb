// Who follows the decisions from outside: the subscriptions of associations, for whoever runs what they are about.
import { useState } from "preact/hooks";
import { ask, useAsked } from "../api";
import { Once } from "../following/once";
import { type Chosen, Codes, Places, about, areas, nothing, outcomes, scopeOf } from "../following/scope";
import { Webhooks } from "../following/webhooks";
import type { SubscriptionMadeJson } from "../gen/tavolo/api/v1/feed_pb";
import type { WorkspaceViewJson } from "../gen/tavolo/api/v1/record_pb";
import type { SubscriptionJson } from "../gen/tavolo/feed/v1/subscription_pb";
import { announce } from "../parts/announce";
import { Button, Field, Form, Refused, Select, useSending } from "../parts/form";
import { A, Empty, Screen, Section } from "../parts/screen";
import { Fold } from "../preparing/fold";
import { address } from "../route";
import { dayAndTime, t } from "../words";

export function Following() {
  const [turn, next] = useState(0), [made, setMade] = useState<SubscriptionMadeJson | undefined>(undefined), changed = () => next((n) => n + 1);
  const asked = useAsked(`following ${turn}`, async (signal) => {
    const [held, known] = await Promise.all([ask("FeedService/ListSubscriptions", {}, signal), ask("WorkspaceService/ListWorkspaces", {}, signal)]);
    return { list: held.subscriptions ?? [], all: known.workspaces ?? [] };
  });
  const d = asked.data;
  return (
    <Screen kind={t("web/following")} asked={asked} back={<nav aria-label={t("web/where")}><ol class="crumbs"><li><A href={address.home}>{t("web/home")}</A></li></ol></nav>}>
      <p>{t("web/following-what")}</p>
      <p>{t("web/following-public")}</p>
      <p><a href="/feeds">{t("web/following-how")}</a></p>
      {d && (
        <>
          <Section id="new" title={t("web/following-new")}>
            {made ? (
              <Once title={t("web/following-made")} what={t("web/following-token-what", { when: made.subscription?.expiresAt ? dayAndTime(made.subscription.expiresAt) : "" })}
                secrets={[{ id: "token", label: t("web/following-token"), value: made.token ?? "" }]} close={() => setMade(undefined)} back="new-subscription" />
            ) : <Fold id="new-subscription" look="main" label={t("web/following-add")}>{(close) => <New all={d.all} cancel={close} done={(m) => { setMade(m); changed(); }} />}</Fold>}
          </Section>
          <Section id="held" title={t("web/following-held")}>
            {d.list.length === 0 ? <Empty>{t("web/following-none")}</Empty> : [...d.list].reverse().map((s) => <Held key={s.id} s={s} all={d.all} changed={changed} />)}
          </Section>
        </>
      )}
    </Screen>
  );
}

function New({ all, cancel, done }: { all: WorkspaceViewJson[]; cancel: () => void; done: (made: SubscriptionMadeJson) => void }) {
  const [name, setName] = useState(""), [days, setDays] = useState("90"), [c, set] = useState<Chosen>(nothing);
  return (
    <Form action={t("web/following-add")} label={t("web/following-new")} cancel={cancel}
      check={() => ({ ...!name.trim() && { "subscription-name": { key: "web/following-name-missing" as const } }, ...!c.all && c.places.length === 0 && { places: { key: "web/following-places-missing" as const } } })}
      send={async () => done(await ask("FeedService/CreateSubscription", { label: name.trim(), days: Number(days), scope: scopeOf(c) }))}>
      <Field id="subscription-name" label={t("web/following-name")} hint={t("web/following-name-hint")} value={name} set={setName} max={80} />
      <Places all={all} chosen={c} set={set} />
      <Codes id="areas" of="area" says={t("web/following-areas")} codes={areas} chosen={c.areas} set={(list) => set({ ...c, areas: list })} />
      <Codes id="outcomes" of="outcome" says={t("web/following-outcomes")} codes={outcomes} chosen={c.outcomes} set={(list) => set({ ...c, outcomes: list })} />
      <Select id="days" label={t("web/following-days")} value={days} set={setDays} options={["30", "90", "180", "366"].map((n) => ({ value: n, label: t("web/following-days-n", { n: Number(n) }) }))} />
    </Form>
  );
}

// ended tells whether a token opens nothing any more.
const ended = (s: SubscriptionJson): boolean => Boolean(s.revokedAt) || Boolean(s.expiresAt && Date.parse(s.expiresAt) < Date.now());

function Held({ s, all, changed }: { s: SubscriptionJson; all: WorkspaceViewJson[]; changed: () => void }) {
  const sending = useSending(), over = ended(s), uses = Number(s.uses ?? 0), name = s.label || t("web/following-nameless");
  const end = () => void sending.send(async () => { await ask("FeedService/RevokeSubscription", { subscription: s.id ?? "" }); announce({ key: "web/following-ended" }); changed(); });
  return (
    <article class="block" id={`subscription-${s.id}`}>
      <h3>{name} <span class={over ? "state late" : "state soon"}>{t(s.revokedAt ? "web/following-revoked" : over ? "web/following-expired" : "web/following-on")}</span></h3>
      <ul class="plain">{about(s.scope, all).map((line) => <li key={line}>{line}</li>)}</ul>
      <p class="under">
        {s.createdAt && t("web/following-since", { when: dayAndTime(s.createdAt) })} {s.revokedAt ? t("web/following-revoked-at", { when: dayAndTime(s.revokedAt) }) : s.expiresAt && t("web/following-until", { when: dayAndTime(s.expiresAt) })}
      </p>
      <p class="under">{s.usedAt ? t("web/following-used", { n: uses, when: dayAndTime(s.usedAt) }) : t("web/following-unused")}</p>
      <Webhooks of={s} ended={over} changed={changed} />
      {!over && (
        <Fold id={`end-${s.id}`} look="away" label={t("web/following-end")} name={t("web/following-end-of", { name })}>
          {(close) => (
            <>
              <p>{t("web/following-end-what")}</p>
              <p class="buttons"><Button look="away" busy={sending.busy} onClick={end}>{t("web/following-end-yes")}</Button><Button look="plain" onClick={close}>{t("web/form-cancel")}</Button></p>
              <Refused sending={sending} />
            </>
          )}
        </Fold>
      )}
    </article>
  );
}
