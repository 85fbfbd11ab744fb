// What whoever runs an initiative does with it, beside the meetings: invite, say who may do what, open the decisions to anyone.
import { useState } from "preact/hooks";
import { ask, tell, useAsked } from "../api";
import type { GrantLineJson } from "../gen/tavolo/api/v1/account_pb";
import type { InitiativeViewJson } from "../gen/tavolo/api/v1/record_pb";
import { type Grant, may, me } from "../me";
import { announce } from "../parts/announce";
import { Button, Refused, Select, useSending } from "../parts/form";
import { A, Loading, Problem, Section } from "../parts/screen";
import { address } from "../route";
import { type Key, t } from "../words";
import { Invitations, mayWords } from "./invite";

interface Of { workspace: string; initiative: string; view: InitiativeViewJson }

export function Manage({ workspace, initiative, view }: Of) {
  return (
    <>
      <Section id="invitations" title={t("web/invitations")}><p>{t("web/invitations-what")}</p><Invitations workspace={workspace} initiative={initiative} view={view} /></Section>
      <Section id="grants" title={t("web/grants")}><p>{t("web/grants-what")}</p><Grants workspace={workspace} initiative={initiative} view={view} /></Section>
      {may("GRANT_ADMINISTER", workspace, initiative) && <Section id="publication" title={t("web/publication")}><Publication workspace={workspace} initiative={initiative} view={view} /></Section>}
      <p><A href={address.following}>{t("web/following-open")}</A></p>
    </>
  );
}

const names: [Grant | "", Key][] = [
  ["", "web/grant-none"], ["GRANT_READ", "web/grant-read"], ["GRANT_TAKE_PART", "web/grant-take-part"], ["GRANT_FACILITATE", "web/grant-facilitate"], ["GRANT_ADMINISTER", "web/grant-administer"],
];

function Grants({ workspace, initiative }: Of) {
  const [changed, setChanged] = useState<GrantLineJson[] | undefined>(undefined);
  const asked = useAsked(`grants ${initiative}`, (signal) => ask("AccountService/ListGrants", { workspace, initiative }, signal)), sending = useSending();
  if (asked.problem) return <Problem asked={asked} />;
  if (!asked.data) return <Loading />;
  const set = (line: GrantLineJson, grant: string) => void sending.send(async () => {
    const after = await ask("AccountService/SetGrant", { workspace, initiative, account: line.account ?? "", ...grant && { grant: grant as Grant } });
    setChanged(after.grants ?? []);
    announce({ key: "web/grant-set", with: { name: line.name ?? "" } });
  });
  const offered = names.filter(([g]) => g === "" || may(g, workspace, initiative));
  return (
    <>
      <ul class="lines">
        {(changed ?? asked.data.grants ?? []).map((l) => {
          const now = String(l.grant ?? "");
          return (
            <li key={l.account}>
              {l.account === me.value?.account || now !== "" && now in mayWords && !may(now as Grant, workspace, initiative)
                ? <><strong>{l.name}</strong><span class="under d-block">{t(mayWords[now] ?? "web/grant-none")}</span></>
                : <GrantOf key={now} line={l} now={now in mayWords ? now : ""} offered={offered} set={set} />}
            </li>
          );
        })}
      </ul>
      <Refused sending={sending} />
    </>
  );
}

// GrantOf changes nothing until its button is pressed: a list of choices that acts by itself is a trap for the keyboard.
function GrantOf({ line, now, offered, set }: { line: GrantLineJson; now: string; offered: [Grant | "", Key][]; set: (line: GrantLineJson, grant: string) => void }) {
  const [grant, choose] = useState(now);
  return (
    <div class="grant">
      <Select id={`grant-${line.account}`} label={line.name ?? ""} value={grant} set={choose} options={offered.map(([value, says]) => ({ value, label: t(says) }))} />
      {grant !== now && <Button name={t("web/grant-save-of", { name: line.name ?? "" })} onClick={() => set(line, grant)}>{t("web/save")}</Button>}
    </div>
  );
}

function Publication({ workspace, initiative, view }: Of) {
  const sending = useSending(), open = view.public ?? false;
  const turn = () => void sending.send(async () => {
    await tell("InitiativeService/SetPublication", { workspace, initiative, public: !open });
    announce({ key: open ? "web/publication-closed" : "web/publication-opened" });
  });
  return (
    <>
      <p>{t("web/publication-what")}</p>
      <p><strong>{t(open ? "web/publication-open" : "web/publication-shut")}</strong></p>
      <p class="buttons"><Button look="plain" busy={sending.busy} onClick={turn}>{t(open ? "web/publication-close" : "web/publication-do")}</Button></p>
      <Refused sending={sending} />
    </>
  );
}
