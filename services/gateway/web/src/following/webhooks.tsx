// Addresses that a subscription is sent to: whether it works, and if not why; what the address refused, and sending it again.
import { useState } from "preact/hooks";
import { ask, useAsked } from "../api";
import type { DeadLetterJson, SubscriptionJson, WebhookAddedJson, WebhookJson } from "../gen/tavolo/feed/v1/subscription_pb";
import { announce } from "../parts/announce";
import { Button, Field, Form, Refused, useSending } from "../parts/form";
import { Empty, Loading, Problem } from "../parts/screen";
import { Cell, Head, Row, Table } from "../parts/table";
import { Fold } from "../preparing/fold";
import { dayAndTime, has, t } from "../words";
import { Once } from "./once";

export function Webhooks({ of, ended, changed }: { of: SubscriptionJson; ended: boolean; changed: () => void }) {
  const [made, setMade] = useState<WebhookAddedJson | undefined>(undefined), list = of.webhooks ?? [], id = `webhook-${of.id}`;
  return (
    <>
      <h4 class="h6">{t("web/webhooks")}</h4>
      {list.length === 0 ? <Empty>{t("web/webhooks-none")}</Empty> : <ul class="lines">{list.map((w) => <Webhook key={w.id} w={w} ended={ended} changed={changed} />)}</ul>}
      {made ? (
        <Once title={t("web/webhook-made")} what={t("web/webhook-secret-what")} close={() => setMade(undefined)} back={id}
          secrets={[{ id: `${id}-secret`, label: t("web/webhook-secret"), value: made.secret ?? "" }, { id: `${id}-key`, label: t("web/webhook-key"), value: made.publicKey ?? "" }]} />
      ) : !ended && (
        <Fold id={id} label={t("web/webhook-add")} name={t("web/webhook-add-to", { name: of.label ?? "" })}>{(close) => <Add of={of} cancel={close} done={(w) => { setMade(w); changed(); }} />}</Fold>
      )}
    </>
  );
}

function Add({ of, cancel, done }: { of: SubscriptionJson; cancel: () => void; done: (w: WebhookAddedJson) => void }) {
  const [url, set] = useState(""), id = `url-${of.id}`;
  return (
    <Form action={t("web/webhook-add")} label={t("web/webhook-add")} cancel={cancel} check={() => url.trim() ? {} : { [id]: { key: "feeds/webhook-url" } }}
      send={async () => done(await ask("FeedService/AddWebhook", { subscription: of.id ?? "", url: url.trim() }))}>
      <Field id={id} type="url" label={t("web/webhook-url")} hint={t("web/webhook-url-hint")} value={url} set={set} max={2000} />
    </Form>
  );
}

// why says a reason of the feeds; one that we do not know yet is shown as its code.
const why = (code: string): string => has(code) ? t(code) : code;

function Webhook({ w, ended, changed }: { w: WebhookJson; ended: boolean; changed: () => void }) {
  const sending = useSending(), webhook = w.id ?? "", url = w.url ?? "", failures = w.failures ?? 0, dead = w.deadLetters ?? 0;
  const test = () => void sending.send(async () => {
    const { status = 0, reason = "" } = await ask("FeedService/TestWebhook", { webhook });
    announce(reason ? { key: "web/webhook-test-bad", with: { status: String(status || "–"), why: why(reason) } } : { key: "web/webhook-test-well", with: { status: String(status) } });
  });
  const enable = () => void sending.send(async () => { await ask("FeedService/EnableWebhook", { webhook }); announce({ key: "web/webhook-enabled" }); changed(); });
  const end = () => void sending.send(async () => { await ask("FeedService/EndWebhook", { webhook }); announce({ key: "web/webhook-ended" }); changed(); });
  return (
    <li>
      <strong>{url}</strong> <span class={w.enabled ? "state soon" : "state late"}>{t(w.enabled ? "web/webhook-on" : "web/webhook-off")}</span>
      {w.reason && <p class="notice bad">{why(w.reason)}</p>}
      <span class="under d-block">{t("web/webhook-cursor", { n: Number(w.cursor ?? 0) })}</span>
      {w.status ? <span class="under d-block">{t("web/webhook-status", { status: String(w.status) })}</span> : null}
      {failures > 0 && <span class="under d-block">{t("web/webhook-failures", { n: failures })} {w.nextTryAt && t("web/webhook-next", { when: dayAndTime(w.nextTryAt) })}</span>}
      {!ended && (
        <p class="buttons">
          <Button look="plain" busy={sending.busy} name={t("web/webhook-test-of", { url })} onClick={test}>{t("web/webhook-test")}</Button>
          {!w.enabled && <Button busy={sending.busy} name={t("web/webhook-enable-of", { url })} onClick={enable}>{t("web/webhook-enable")}</Button>}
        </p>
      )}
      {!ended && (
        <Fold id={`end-webhook-${webhook}`} look="away" label={t("web/webhook-end")} name={t("web/webhook-end-of", { url })}>
          {(close) => (
            <>
              <p>{t("web/webhook-end-what")}</p>
              <p class="buttons"><Button look="away" busy={sending.busy} onClick={end}>{t("web/webhook-end-yes")}</Button><Button look="plain" onClick={close}>{t("web/form-cancel")}</Button></p>
            </>
          )}
        </Fold>
      )}
      <Refused sending={sending} />
      {dead > 0 && <Fold id={`dead-${webhook}`} label={t("web/dead", { n: dead })} name={t("web/dead-of", { n: dead, url })}>{(close) => <Dead webhook={webhook} ended={ended} done={() => { close(); changed(); }} />}</Fold>}
    </li>
  );
}

// Dead are the entries that the address refused. They are kept until they are sent again.
function Dead({ webhook, ended, done }: { webhook: string; ended: boolean; done: () => void }) {
  const asked = useAsked(`dead ${webhook}`, (signal) => ask("FeedService/ListDeadLetters", { webhook }, signal)), sending = useSending();
  if (asked.problem) return <Problem asked={asked} />;
  if (!asked.data) return <Loading />;
  const columns = [t("web/dead-entry"), t("web/dead-status"), t("web/dead-at")];
  const replay = () => void sending.send(async () => {
    const { replayed = 0 } = await ask("FeedService/ReplayDeadLetters", { webhook });
    announce({ key: "web/dead-replayed", with: { n: replayed } });
    done();
  });
  return (
    <>
      <p>{t("web/dead-what")}</p>
      {!ended && <p class="buttons"><Button busy={sending.busy} onClick={replay}>{t("web/dead-replay")}</Button></p>}
      <Refused sending={sending} />
      <Table caption={t("web/dead-caption")} columns={columns}>
        {(asked.data.deadLetters ?? []).map((l: DeadLetterJson) => <Row key={l.n}><Head>{l.n}</Head><Cell of={columns[1]!}>{l.status ? String(l.status) : "–"}</Cell><Cell of={columns[2]!}>{l.at ? dayAndTime(l.at) : "–"}</Cell></Row>)}
      </Table>
    </>
  );
}
