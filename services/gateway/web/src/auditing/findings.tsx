// What an auditor would circle, in plain sentences, each with its decisions. A finding is a place to look at; it is no verdict and changes no role.
import { ask, useAsked } from "../api";
import type { FindingViewJson } from "../gen/tavolo/api/v1/evidence_pb";
import { A, Empty, Loading, Problem, Section } from "../parts/screen";
import { address } from "../route";
import type { Page } from "../screens/audit";
import { type Key, day, has, t } from "../words";
import { FilterForm } from "./filterform";
import { question, read } from "./filters";
import { questions } from "./questions";

export function Findings({ workspace, query, page, of }: Page) {
  const asked = useAsked(`findings ${workspace} ${query}`, async (signal) => {
    const q = question(workspace, read(query)), found = await ask("EvidenceService/ListFindings", q, signal);
    return { findings: found.findings ?? [], questions: found.findings?.length ? await questions(workspace, q.period?.asOf, signal) : new Map<string, string>() };
  });
  const d = asked.data, codes = [...new Set((d?.findings ?? []).map((f) => f.code ?? ""))];
  return (
    <>
      <p>{t("web/findings-what")}</p>
      <FilterForm page={page} query={query} decisions={of} />
      {asked.problem ? <Problem asked={asked} /> : !d ? <Loading /> : (
        <>
          <p role="status">{d.findings.length === 0 ? t("web/findings-none") : t("web/findings-n", { n: d.findings.length })}</p>
          {codes.map((code) => {
            const list = d.findings.filter((f) => f.code === code);
            return (
              <Section key={code} id={`finding-${code}`} title={title(code)}>
                <p>{t(`web/finding-${code.replaceAll("_", "-")}-what` as Key)}</p>
                <ul class="lines">{list.map((f, n) => <Finding key={n} workspace={workspace} f={f} questions={d.questions} initiatives={new Map((of.initiatives ?? []).map((i) => [i.id ?? "", i.title ?? ""]))} />)}</ul>
              </Section>
            );
          })}
          {!codes.includes("unlogged_decision") && <Section id="unlogged" title={title("unlogged_decision")}><Empty>{t("web/findings-unlogged-none")}</Empty></Section>}
        </>
      )}
    </>
  );
}

// title says a finding in one line.
export function title(code: string): string {
  const key = `web/finding-${code.replaceAll("_", "-")}`;
  return has(key) ? t(key) : code;
}

function Finding({ workspace, f, questions, initiatives }: { workspace: string; f: FindingViewJson; questions: Map<string, string>; initiatives: Map<string, string> }) {
  const decisions = f.decisions ?? [];
  return (
    <li>
      {decisions.map((id) => <span key={id} class="d-block"><A href={`${address.decision(workspace, id)}?why=users%3Abroad`}>{questions.get(id) || id}</A></span>)}
      {decisions.length === 0 && <A href={address.initiative(workspace, f.initiative ?? "")}>{initiatives.get(f.initiative ?? "") || f.initiative}</A>}
      <span class="under">{[f.at && day(f.at), (f.people ?? 0) > 0 && t("web/people-n", { n: f.people ?? 0 })].filter(Boolean).join(" · ")}</span>
    </li>
  );
}
