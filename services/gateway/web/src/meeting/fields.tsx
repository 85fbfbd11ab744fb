// What one writes with: a box for words, a choice from a list, and the kinds of contribution in plain words.
import { useId } from "preact/hooks";
import type { ContributionKindJson } from "../gen/tavolo/event/v1/item_pb";
import { type Key, t } from "../words";

export function Words({ label, hint, value, change, rows = 3 }: { label: string; hint?: string; value: string; change: (text: string) => void; rows?: number }) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {hint && <p class="note" id={`${id}-hint`}>{hint}</p>}
      <textarea id={id} class="input" rows={rows} maxLength={8000} value={value} aria-describedby={hint ? `${id}-hint` : undefined} onInput={(e) => change(e.currentTarget.value)} />
    </div>
  );
}

export function Pick({ label, value, choose, of }: { label: string; value: string; choose: (value: string) => void; of: [value: string, shown: string][] }) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select id={id} class="input" value={value} onChange={(e) => choose(e.currentTarget.value)}>
        {of.map(([v, shown]) => <option key={v} value={v}>{shown}</option>)}
      </select>
    </div>
  );
}

export type Kind = Extract<ContributionKindJson, string>;

const kinds: [Kind, Key][] = [
  ["CONTRIBUTION_KIND_STATEMENT", "web/room-kind-statement"], ["CONTRIBUTION_KIND_QUESTION", "web/room-kind-question"],
  ["CONTRIBUTION_KIND_PROPOSAL", "web/room-kind-proposal"], ["CONTRIBUTION_KIND_ADVICE", "web/room-kind-advice"],
  ["CONTRIBUTION_KIND_OBJECTION", "web/room-kind-objection"], ["CONTRIBUTION_KIND_REPORT", "web/room-kind-report"],
];

export function Kinds({ value, choose }: { value: Kind; choose: (kind: Kind) => void }) {
  return <Pick label={t("web/room-kind")} value={value} choose={(v) => choose(v as Kind)} of={kinds.map(([k, key]) => [k, t(key)])} />;
}
