// What lies below a figure, one line each: areas, regions, departments, initiatives, sessions or quarters. A picture, a table with the same numbers, and the
// way down.
import type { LedgerRowJson } from "../gen/tavolo/api/v1/evidence_pb";
import { A, Empty } from "../parts/screen";
import { Cell, Head, Row, Table } from "../parts/table";
import { type Key, number, t } from "../words";
import { RoleBar, roles } from "./picture";

export interface Line {
  name: string;
  // The way down. Undefined: there is none.
  href?: string | undefined;
  // Where what a cell counts is shown: of a role, "counted" or "left_out".
  behind: (role: string) => string;
  row: LedgerRowJson;
}

export const left = (row: LedgerRowJson): number => Object.values(row.excluded ?? {}).reduce((sum, n) => sum + Number(n), 0);

// Count is a number that leads to what it counts. what: the row and the column, for who hears the link alone.
export function Count({ n, href, what }: { n: number | string | undefined; href: string; what: string[] }) {
  return Number(n ?? 0) > 0 ? <A href={href} aria-label={t("web/see-which", { n: Number(n), what: what.join(", ") })}>{number(Number(n))}</A> : <>0</>;
}

// of says what is counted: decisions, or departments above the workspace.
export function Below({ caption, first, of, lines }: { caption: Key; first: Key; of: Key; lines: Line[] }) {
  if (lines.length === 0) return <Empty>{t("web/audit-nothing")}</Empty>;
  const columns = [t(first), t(of), ...roles.map((r) => t(`role/${r}`)), t("web/left-out"), t("web/median-short")];
  return (
    <>
      <div class="facts" aria-hidden="true">{lines.map(({ name, row }) => <div key={row.key}><span>{name}</span><RoleBar counts={row.distribution ?? {}} /></div>)}</div>
      <Table caption={t(caption)} columns={columns}>
        {lines.map(({ name, href, behind, row }) => (
          <Row key={row.key}>
            <Head>{href ? <A href={href}>{name}</A> : name}</Head>
            <Cell of={columns[1]!}><Count n={row.included} href={behind("counted")} what={[name, columns[1]!]} /></Cell>
            {roles.map((r, i) => <Cell key={r} of={columns[i + 2]!}><Count n={row.distribution?.[r]} href={behind(r)} what={[name, columns[i + 2]!]} /></Cell>)}
            <Cell of={columns[6]!}><Count n={left(row)} href={behind("left_out")} what={[name, columns[6]!]} /></Cell>
            <Cell of={columns[7]!}>{row.tooFew ? t("web/too-few") : t(`role/${(row.role || "other") as typeof roles[number]}`)}</Cell>
          </Row>
        ))}
      </Table>
    </>
  );
}
