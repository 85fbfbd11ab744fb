// The kinds of contribution in plain words.
import type { ContributionKindJson } from "../gen/tavolo/event/v1/item_pb";
import { Select } from "../parts/form";
import { type Key, t } from "../words";

export type Kind = Extract<ContributionKindJson, string>;

const kinds: [Kind, Key][] = [
  ["CONTRIBUTION_KIND_STATEMENT", "web/room-kind-statement"], ["CONTRIBUTION_KIND_QUESTION", "web/room-kind-question"],
  ["CONTRIBUTION_KIND_PROPOSAL", "web/room-kind-proposal"], ["CONTRIBUTION_KIND_ADVICE", "web/room-kind-advice"],
  ["CONTRIBUTION_KIND_OBJECTION", "web/room-kind-objection"], ["CONTRIBUTION_KIND_REPORT", "web/room-kind-report"],
];

export function Kinds({ id, value, choose }: { id: string; value: Kind; choose: (kind: Kind) => void }) {
  return <Select id={id} label={t("web/room-kind")} value={value} set={(v) => choose(v as Kind)} options={kinds.map(([k, key]) => ({ value: k, label: t(key) }))} />;
}
