// Who stands beside somebody: a participant chooses another one as tutor, and the two see the signals that concern the participant. The gateway shows them,
// and who chose whom, to nobody else.
import { useState } from "preact/hooks";
import { ask, tell, useAsked } from "../api";
import type { SignalViewJson } from "../gen/tavolo/api/v1/evidence_pb";
import type { GetTutoringResponseJson } from "../gen/tavolo/api/v1/record_pb";
import { Form, Select } from "../parts/form";
import { type People, named } from "../parts/people";
import { type Key, t } from "../words";

// Seat is one's own place in an initiative.
interface Seat { workspace: string; initiative: string; participant: string }

// useTutoring asks whom somebody chose and who chose them; chosen has it asked again, up to the sequence of a choice.
export function useTutoring(of: Seat): { known: GetTutoringResponseJson | undefined; chosen: (sequence: string) => void } {
  const [after, chosen] = useState("0");
  const asked = useAsked(`tutoring ${of.workspace} ${of.initiative} ${of.participant} ${after}`, (signal) => ask("InitiativeService/GetTutoring", { ...of, atLeastSequence: after }, signal));
  return { known: asked.data, chosen };
}

export function ChooseTutor({ id, of, all, tutor, chosen }: { id: string; of: Seat; all: People; tutor: string; chosen: (sequence: string) => void }) {
  const [choice, set] = useState(tutor), others = [...all.values()].filter((p) => p.participant !== of.participant);
  return (
    <Form action={t("web/save")} label={t("web/tutor")} send={async () => chosen((await tell("InitiativeService/ChooseTutor", { ...of, tutor: choice })).sequence ?? "0")}>
      <Select id={`${id}-choice`} label={t("web/tutor-choose")} hint={t("web/tutor-what")} value={choice} set={set} options={[
        { value: "", label: t("web/tutor-nobody") }, ...others.map((p) => ({ value: p.participant ?? "", label: p.name && p.ref ? `${p.name} (${p.ref})` : named(all, p.participant) })),
      ]} />
    </Form>
  );
}

// What a signal says to the one whom it concerns, and to who stands beside them.
const own: Record<string, Key> = {
  little_voice: "web/signal-little-voice", only_expert: "web/signal-only-expert", advice_unanswered: "web/signal-advice", invited_less: "web/signal-invited",
};
const theirs: Record<string, Key> = {
  little_voice: "web/signal-little-voice-of", only_expert: "web/signal-only-expert-of", advice_unanswered: "web/signal-advice-of", invited_less: "web/signal-invited-of",
};

const useSignals = (of: Seat): SignalViewJson[] | undefined =>
  useAsked(`signals ${of.workspace} ${of.initiative} ${of.participant}`, (signal) => ask("EvidenceService/GetSignals", of, signal)).data?.signals?.filter((s) => own[s.code ?? ""]);

function Lines({ signals, says }: { signals: SignalViewJson[]; says: Record<string, Key> }) {
  return <ul class={says === own ? "lines signals" : "signals"}>{signals.map((s) => <li key={s.code}>{t(says[s.code ?? ""]!, { n: s.count ?? 0, of: s.against ?? 0, sessions: (s.sessions ?? []).length })}</li>)}</ul>;
}

// Signals tells somebody what might keep them from taking part, and who else sees it. It is no verdict on anybody; when there is none, nothing is said.
export function Signals({ of, tutor }: { of: Seat; tutor: string | undefined }) {
  const signals = useSignals(of) ?? [];
  return (
    <>
      {tutor && <p>{t("web/tutor-is", { name: tutor })}</p>}
      {signals.length > 0 && (
        <>
          <h4 class="h6">{t("web/signals")}</h4>
          <p class="hint">{tutor ? t("web/signals-what-two", { name: tutor }) : t("web/signals-what")}</p>
          <Lines signals={signals} says={own} />
        </>
      )}
    </>
  );
}

// Accompanied lists those who chose somebody as tutor, with what is told to them.
export function Accompanied({ of, all, who }: { of: Seat; all: People; who: string[] }) {
  if (who.length === 0) return null;
  return (
    <>
      <h4 class="h6">{t("web/tutor-of")}</h4>
      <p class="hint">{t("web/tutor-of-what")}</p>
      <ul class="lines accompanied">{who.map((p) => <li key={p}><strong>{named(all, p)}</strong><Of of={{ ...of, participant: p }} /></li>)}</ul>
    </>
  );
}

// Of says nothing before the answer is there, or when the person chose otherwise in the meantime.
function Of({ of }: { of: Seat }) {
  const signals = useSignals(of);
  if (!signals) return null;
  return signals.length > 0 ? <Lines signals={signals} says={theirs} /> : <p class="under">{t("web/tutor-of-none")}</p>;
}
