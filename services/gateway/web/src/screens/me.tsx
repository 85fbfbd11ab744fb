// One's own page: name, seats with what was said of oneself, devices, language.
import { useState } from "preact/hooks";
import { ask, tell, useAsked } from "../api";
import { Capacity, Consents, capacityProblems, consentProblems, consentsVersion, useSeat } from "../entering/seat";
import { Accompanied, ChooseTutor, Signals, useTutoring } from "../entering/tutoring";
import type { DeviceJson, MembershipJson } from "../gen/tavolo/api/v1/account_pb";
import type { InitiativeViewJson } from "../gen/tavolo/api/v1/record_pb";
import { me, signedIn } from "../me";
import { announce } from "../parts/announce";
import { Button, Choice, Field, Form, Refused, useSending } from "../parts/form";
import { named, people } from "../parts/people";
import { A, Empty, Loading, Problem, Screen, Section } from "../parts/screen";
import { address } from "../route";
import { type Key, type Language, dayAndTime, has, speak, spoken, t } from "../words";

export function Me() {
  if (!signedIn()) {
    return (
      <Screen kind={t("web/me")}>
        <p>{t("web/me-nobody")}</p>
        <p><A class="btn btn-primary" href={address.enter(address.me)}>{t("web/enter")}</A></p>
      </Screen>
    );
  }
  const seats = (me.value?.memberships ?? []).filter((m) => m.participant && m.initiative);
  return (
    <Screen kind={t("web/me")} title={me.value?.name}>
      <Section id="name-part" title={t("web/me-name")}><Name /></Section>
      <Section id="seats" title={t("web/me-seats")}>
        {seats.length === 0 ? <Empty>{t("web/me-no-seats")}</Empty> : seats.map((m) => <Seat key={`${m.workspace} ${m.initiative}`} m={m} />)}
      </Section>
      <Section id="devices" title={t("web/devices")}><Devices /></Section>
      <Section id="language" title={t("web/languages")}><Language /></Section>
    </Screen>
  );
}

function Name() {
  const [name, set] = useState(me.value?.name ?? "");
  return (
    <Form action={t("web/me-name-send")} check={() => name.trim() ? {} : { name: { key: "web/your-name-missing" } }}
      send={async () => { me.value = await ask("AccountService/Rename", { name: name.trim() }); announce({ key: "web/saved" }); }}>
      <Field id="name" label={t("web/your-name")} hint={t("web/me-name-hint")} value={name} set={set} max={80} autoComplete="nickname" />
    </Form>
  );
}

// Seat shows what somebody said of themself in one initiative, and lets them say it anew; and what is told to them alone.
function Seat({ m }: { m: MembershipJson }) {
  const workspace = m.workspace ?? "", initiative = m.initiative ?? "";
  const asked = useAsked(`${workspace} ${initiative} ${m.participant}`, (signal) => ask("InitiativeService/GetInitiative", { workspace, initiative }, signal));
  return (
    <article class="block">
      <h3><A href={address.initiative(workspace, initiative)}>{asked.data?.initiative?.title || initiative}</A></h3>
      {asked.problem ? <Problem asked={asked} /> : asked.data ? <SeatForms m={m} view={asked.data} /> : <Loading />}
    </article>
  );
}

function SeatForms({ m, view }: { m: MembershipJson; view: InitiativeViewJson }) {
  const participant = m.participant ?? "", of = { workspace: m.workspace ?? "", initiative: m.initiative ?? "", participant };
  const before = view.participants?.find((p) => p.participant === participant), seat = useSeat(before), tutoring = useTutoring(of), all = people(view.participants), id = `seat-${participant}`;
  const [open, set] = useState<"capacity" | "consents" | "tutor" | undefined>(undefined);
  const saved = () => { set(undefined); announce({ key: "web/saved" }); document.getElementById(`${id}-${open}-open`)?.focus(); };
  const toggle = (what: typeof open, says: Key) => (
    <Button id={`${id}-${what}-open`} look="plain" expanded={open === what} onClick={() => set(open === what ? undefined : what)}>{t(says)}</Button>
  );
  return (
    <>
      <p class="buttons">{toggle("capacity", "web/me-capacity")}{toggle("consents", "web/me-consents")}{tutoring.known && all.size > 1 && toggle("tutor", "web/tutor")}</p>
      {open === "capacity" && (
        <Form action={t("web/save")} label={t("web/me-capacity")} check={() => capacityProblems(id, seat.capacity)} send={async () => {
          await tell("InitiativeService/DeclareCapacity", { ...of, constituency: seat.capacity.constituency ?? "", employedByDepartment: seat.capacity.employed ?? false });
          saved();
        }}>
          <p class="hint">{t("web/me-capacity-when")}</p>
          <Capacity id={id} answer={seat.capacity} set={seat.setCapacity} />
        </Form>
      )}
      {open === "consents" && (
        <Form action={t("web/save")} label={t("web/me-consents")} check={() => consentProblems(id, seat.consents)} send={async () => {
          const consents = Object.entries(seat.consents).map(([consent, given]) => ({ participant, consent, given: given ?? false, version: consentsVersion }));
          await tell("InitiativeService/StateConsents", { ...of, consents });
          saved();
        }}>
          <Consents id={id} answers={seat.consents} set={seat.setConsents} />
        </Form>
      )}
      {open === "tutor" && tutoring.known && <ChooseTutor id={id} of={of} all={all} tutor={tutoring.known.tutor ?? ""} chosen={(sequence) => { tutoring.chosen(sequence); saved(); }} />}
      <Signals of={of} tutor={tutoring.known?.tutor && named(all, tutoring.known.tutor)} />
      <Accompanied of={of} all={all} who={tutoring.known?.chosenBy ?? []} />
    </>
  );
}

function Devices() {
  const [turn, next] = useState(0);
  const asked = useAsked(`devices ${turn}`, (signal) => ask("AccountService/ListDevices", {}, signal)), sending = useSending();
  if (asked.problem) return <Problem asked={asked} />;
  if (!asked.data) return <Loading />;
  const out = (d: DeviceJson) => void sending.send(async () => {
    const after = await ask("AccountService/SignOut", { device: d.id ?? "" });
    announce({ key: "web/device-out-done" });
    me.value = after;
    if (after.account) next(turn + 1);
  });
  return (
    <>
      <p>{t("web/devices-what")}</p>
      <ul class="lines">
        {(asked.data.devices ?? []).map((d) => (
          <li key={d.id} class="with-button">
            <div>
              <strong>{kind(d.kind)}</strong>{d.here && <span class="state soon">{t("web/device-here")}</span>}{d.shared && <span class="state">{t("web/device-shared")}</span>}
              <span class="under d-block">{d.since && t("web/device-since", { when: dayAndTime(d.since) })}</span>
            </div>
            <Button look={d.here ? "plain" : "away"} name={d.here ? undefined : t("web/device-out-of", { kind: kind(d.kind) })} onClick={() => out(d)}>{t(d.here ? "web/device-out-here" : "web/device-out")}</Button>
          </li>
        ))}
      </ul>
      <Refused sending={sending} />
    </>
  );
}

// kind says what a device is; a name that we do not know is shown as a device.
const kinds: Record<string, Key> = { phone: "web/device-phone", tablet: "web/device-tablet", computer: "web/device-computer", program: "web/device-program" };
const kind = (code: string | undefined): string => t(has(kinds[code ?? ""] ?? "") ? kinds[code ?? ""]! : "web/device-other");

function Language() {
  return (
    <Choice id="language-choice" label={t("web/me-language")} value={spoken.value.language} set={(l) => void speak(l as Language).catch(() => announce({ key: "web/error-network" }))} options={[
      { value: "it", label: t("web/language-it") }, { value: "it-x-facile", label: t("web/language-easy"), hint: t("web/me-easy-what") }, { value: "en", label: t("web/language-en") },
    ]} />
  );
}
