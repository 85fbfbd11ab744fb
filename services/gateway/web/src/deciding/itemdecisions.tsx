// The decisions on an agenda item, as they stand on the screen of the session.
import type { DecisionViewJson, ItemViewJson, SessionViewJson } from "../gen/tavolo/api/v1/record_pb";
import { Phase } from "../parts/badges";
import { Result } from "../parts/result";
import { A } from "../parts/screen";
import { address } from "../route";
import { t } from "../words";

// ItemDecisions shows every decision of the item in this session, with what the person here can do about it.
export function ItemDecisions({ workspace, item }: { workspace: string; view: SessionViewJson; item: ItemViewJson }) {
  return <>{(item.decisions ?? []).map((d) => <DecisionCard key={d.id} workspace={workspace} d={d} />)}</>;
}

function DecisionCard({ workspace, d }: { workspace: string; d: DecisionViewJson }) {
  return (
    <section class="decided" aria-labelledby={`d-${d.id}`}>
      <p class="kind">{t("web/decision")} <Phase phase={d.phase} /></p>
      <h4 id={`d-${d.id}`}><A href={address.decision(workspace, d.id ?? "")}>{d.question || d.id}</A></h4>
      <Result d={d} />
    </section>
  );
}
