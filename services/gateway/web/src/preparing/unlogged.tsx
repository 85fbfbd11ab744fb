// Decisions that were taken and are not in the record: what people of the initiative report, and the form to do so.
import { useState } from "preact/hooks";
import { tell } from "../api";
import type { InitiativeViewJson } from "../gen/tavolo/api/v1/record_pb";
import { announce } from "../parts/announce";
import { Field, Form } from "../parts/form";
import { named, people } from "../parts/people";
import { Empty } from "../parts/screen";
import { day, t } from "../words";
import { Fold } from "./fold";

export function Unlogged({ workspace, initiative, view, mine }: { workspace: string; initiative: string; view: InitiativeViewJson; mine: string | undefined }) {
  const list = view.unlogged ?? [], all = people(view.participants);
  return (
    <>
      <p>{t("web/unlogged-what")}</p>
      {list.length === 0 ? <Empty>{t("web/unlogged-none")}</Empty> : (
        <ul class="lines">
          {list.map((u) => (
            <li key={`${u.by} ${u.at}`}>
              <span class="text">{u.text || t("web/text-gone")}</span>
              <span class="under">{[u.takenOn && t("web/unlogged-taken", { day: day(u.takenOn) }), t("web/unlogged-by", { who: named(all, u.by), day: u.at ? day(u.at) : "" })].filter(Boolean).join(" · ")}</span>
            </li>
          ))}
        </ul>
      )}
      {mine && <Fold id="report" label={t("web/unlogged-report")}>{(close) => <Report workspace={workspace} initiative={initiative} by={mine} done={close} />}</Fold>}
    </>
  );
}

function Report({ workspace, initiative, by, done }: { workspace: string; initiative: string; by: string; done: () => void }) {
  const [text, setText] = useState(""), [takenOn, setDay] = useState("");
  return (
    <Form action={t("web/unlogged-send")} label={t("web/unlogged-report")} cancel={done} check={() => text.trim() ? {} : { "unlogged-text": { key: "web/unlogged-missing" } }}
      send={async () => {
        await tell("InitiativeService/ReportUnloggedDecision", { workspace, initiative, by, text: { clear: text.trim() }, ...takenOn && { takenOn } });
        announce({ key: "web/unlogged-sent" });
        done();
      }}>
      <Field id="unlogged-text" label={t("web/unlogged-text")} hint={t("web/unlogged-text-hint")} value={text} set={setText} lines={3} max={2000} />
      <Field id="unlogged-day" type="date" label={t("web/unlogged-day")} hint={t("web/unlogged-day-hint")} value={takenOn} set={setDay} />
    </Form>
  );
}
