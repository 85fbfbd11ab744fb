// Inviting: a link, a QR code on paper, six signs to type in the room. The secrets are shown this once.
import { useEffect, useRef, useState } from "preact/hooks";
import { ask, useAsked } from "../api";
import type { InvitationJson, InvitationMadeJson } from "../gen/tavolo/api/v1/account_pb";
import type { InitiativeViewJson } from "../gen/tavolo/api/v1/record_pb";
import { type Grant, may } from "../me";
import { announce } from "../parts/announce";
import { Button, Choice, Form, Refused, Select, useSending } from "../parts/form";
import { Empty, Loading, Problem } from "../parts/screen";
import { type Key, dayAndTime, t } from "../words";
import { Fold } from "./fold";

export const mayWords: Record<string, Key> = {
  GRANT_READ: "web/may-read", GRANT_TAKE_PART: "web/may-take-part", GRANT_FACILITATE: "web/may-facilitate", GRANT_ADMINISTER: "web/may-administer",
};

interface Of { workspace: string; initiative: string; view: InitiativeViewJson }

export function Invitations({ workspace, initiative, view }: Of) {
  const [turn, next] = useState(0), [made, setMade] = useState<InvitationMadeJson | undefined>(undefined);
  const asked = useAsked(`invitations ${initiative} ${turn}`, (signal) => ask("AccountService/ListInvitations", { workspace, initiative }, signal));
  return (
    <>
      {made ? <Poster made={made} view={view} close={() => setMade(undefined)} /> : (
        <Fold id="invite" look="main" label={t("web/invite")}>
          {(close) => <Invite workspace={workspace} initiative={initiative} view={view} cancel={close} done={(m) => { setMade(m); next(turn + 1); }} />}
        </Fold>
      )}
      <h3 class="h6">{t("web/invitations-held")}</h3>
      {asked.problem ? <Problem asked={asked} /> : !asked.data ? <Loading /> : <Held list={asked.data.invitations ?? []} workspace={workspace} initiative={initiative} view={view} changed={() => next(turn + 1)} />}
    </>
  );
}

function Invite({ workspace, initiative, view, cancel, done }: Of & { cancel: () => void; done: (made: InvitationMadeJson) => void }) {
  const sessions = (view.sessions ?? []).filter((s) => s.phase !== "SESSION_PHASE_CLOSED");
  const [session, setSession] = useState(""), [grant, setGrant] = useState<string>("GRANT_TAKE_PART"), [hours, setHours] = useState("168");
  const offered: [Grant, Key][] = [["GRANT_TAKE_PART", "web/invite-take-part"], ["GRANT_READ", "web/invite-read"], ["GRANT_FACILITATE", "web/invite-facilitate"]];
  return (
    <Form action={t("web/invite-make")} label={t("web/invite")} cancel={cancel}
      send={async () => done(await ask("AccountService/Invite", { workspace, initiative, session, grant: grant as Grant, hours: Number(hours) }))}>
      {sessions.length > 0 && (
        <Select id="invite-session" label={t("web/invite-to")} value={session} set={setSession}
          options={[{ value: "", label: t("web/invite-to-all") }, ...sessions.map((s) => ({ value: s.id ?? "", label: s.title || s.id || "" }))]} />
      )}
      <Choice id="invite-grant" label={t("web/may")} value={grant} set={setGrant} options={offered.map(([value, says]) => ({ value, label: t(says), hint: t(mayWords[value]!) }))} />
      <Select id="invite-hours" label={t("web/invite-holds")} value={hours} set={setHours} options={[
        { value: "4", label: t("web/invite-hours-few") }, { value: "24", label: t("web/invite-hours-day") }, { value: "168", label: t("web/invite-hours-week") }, { value: "720", label: t("web/invite-hours-month") },
      ]} />
    </Form>
  );
}

// Poster is a new invitation, on the screen and on paper.
function Poster({ made, view, close }: { made: InvitationMadeJson; view: InitiativeViewJson; close: () => void }) {
  const heading = useRef<HTMLHeadingElement>(null), link = useRef<HTMLInputElement>(null);
  useEffect(() => heading.current?.focus(), []);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(made.link ?? "");
      announce({ key: "web/copied" });
    } catch {
      link.current?.select(); // a browser that lets no page write: whoever copies does it by hand
      announce({ key: "web/copy-yourself" });
    }
  };
  const code = made.code ?? "";
  return (
    <article class="block poster">
      <h3 ref={heading} tabIndex={-1}>{t("web/poster-title", { title: view.initiative?.title ?? "" })}</h3>
      <p class="poster-what">{t("web/poster-what")}</p>
      <div class="poster-ways">
        <img class="qr" alt={t("web/poster-qr")} src={`data:image/svg+xml;charset=utf-8,${encodeURIComponent(made.qrSvg ?? "")}`} />
        <div>
          <p class="mb-1">{t("web/poster-code", { address: `${location.host}/enter` })}</p>
          <p class="big-code" aria-label={[...code].join(" ")}>{code.slice(0, 3)}<span class="gap">{code.slice(3)}</span></p>
          {made.expiresAt && <p class="under">{t("web/holds-link", { when: dayAndTime(made.expiresAt) })}</p>}
        </div>
      </div>
      <div class="ask no-print">
        <label for="invite-link">{t("web/link")}</label>
        <p class="hint" id="invite-link-hint">{t("web/link-once")}</p>
        <input id="invite-link" ref={link} class="form-control" readOnly value={made.link} aria-describedby="invite-link-hint" onFocus={(e) => e.currentTarget.select()} />
      </div>
      <p class="buttons no-print">
        <Button onClick={() => void copy()}>{t("web/copy")}</Button>
        <Button look="plain" onClick={() => print()}>{t("web/print-poster")}</Button>
        <Button look="plain" onClick={close}>{t("web/done")}</Button>
      </p>
    </article>
  );
}

function Held({ list, workspace, initiative, view, changed }: Of & { list: InvitationJson[]; changed: () => void }) {
  const sending = useSending();
  if (list.length === 0) return <Empty>{t("web/invitations-none")}</Empty>;
  const end = (i: InvitationJson) => void sending.send(async () => {
    await ask("AccountService/RevokeInvitation", { workspace, initiative, id: i.id ?? "" });
    announce({ key: "web/invitation-ended" });
    changed();
  });
  const to = (i: InvitationJson) => (view.sessions ?? []).find((s) => s.id === i.session)?.title || t("web/invite-to-all");
  return (
    <>
      <ul class="lines">
        {list.map((i) => {
          const until = i.expiresAt ? dayAndTime(i.expiresAt) : "";
          return (
            <li key={i.id} class="with-button">
              <div>
                <strong>{to(i)}</strong>
                <span class="under d-block">{t(mayWords[String(i.grant)] ?? "web/may-read")}</span>
                <span class="under d-block">{t("web/holds-until", { when: until })} {t("web/entered-n", { n: i.used ?? 0 })}</span>
              </div>
              {may(String(i.grant) as Grant, workspace, initiative) && <Button look="away" name={t("web/invitation-end-of", { title: to(i), when: until })} onClick={() => end(i)}>{t("web/invitation-end")}</Button>}
            </li>
          );
        })}
      </ul>
      <Refused sending={sending} />
    </>
  );
}
