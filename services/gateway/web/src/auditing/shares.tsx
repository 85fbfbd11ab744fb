// How shares, intervals and what is left out of them are said, on every page of evaluators.
import type { TableIntervalJson, TableShareJson } from "../gen/tavolo/api/v1/evidence_pb";
import { sentence } from "../parts/roles";
import { A } from "../parts/screen";
import { spoken, t } from "../words";

// percent says a share as the API rounded it: half up, one decimal.
export const percent = (s: TableShareJson | undefined): string => s?.percent ? `${decimal(s.percent)}%` : "–";

// interval says both ends of one, which no line parts.
export const interval = (i: TableIntervalJson | undefined): string => i ? `${decimal(i.low ?? "")}\u2060–\u2060${decimal(i.high ?? "")}%` : "–";

export const decimal = (n: string): string => spoken.value.language === "en" ? n : n.replace(".", ",");

// Excluded says which decisions are in no figure, by reason; href is where they are shown.
export function Excluded({ counts, href }: { counts: Record<string, number | string | undefined>; href: string }) {
  const reasons = Object.entries(counts).filter(([, n]) => Number(n) > 0);
  if (reasons.length === 0) return null;
  return (
    <>
      <p class="mb-1">{t("web/excluded")}</p>
      <ul>{reasons.map(([reason, n]) => <li key={reason}>{t("web/excluded-n", { n: Number(n) })} {sentence("reason", reason)}</li>)}</ul>
      <p><A href={href}>{t("web/see-left-out")}</A></p>
    </>
  );
}
