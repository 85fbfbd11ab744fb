// A table that is one on a wide screen and a list of cards on a narrow one. The roles are spelled out because a table that is laid out as blocks is no
// table any more to some screen readers; the column's name is shown in each card and hidden from them, who hear it already.
import type { ComponentChildren } from "preact";

export function Table({ caption, titled = false, columns, narrow = false, children }: {
  caption: string;
  // The heading above says the same: the name of the table is then only for who hears it.
  titled?: boolean;
  columns: string[];
  // It is narrow enough for every screen: never laid out as cards.
  narrow?: boolean;
  children: ComponentChildren;
}) {
  return (
    <table role="table" class={narrow ? "table" : "table cards"}>
      <caption class={titled ? "visually-hidden" : undefined}>{caption}</caption>
      <thead role="rowgroup">
        <tr role="row">{columns.map((c) => <th key={c} role="columnheader" scope="col">{c}</th>)}</tr>
      </thead>
      <tbody role="rowgroup">{children}</tbody>
    </table>
  );
}

export function Row({ class: name, children }: { class?: string | undefined; children: ComponentChildren }) {
  return <tr role="row" class={name}>{children}</tr>;
}

// Head is the cell that names the row.
export function Head({ children }: { children: ComponentChildren }) {
  return <th role="rowheader" scope="row">{children}</th>;
}

export function Cell({ of, class: name, children }: { of: string; class?: string; children: ComponentChildren }) {
  return <td role="cell" class={name}><span class="of" aria-hidden="true">{of}</span><div>{children}</div></td>;
}
