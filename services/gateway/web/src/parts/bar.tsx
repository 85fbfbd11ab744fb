// A bar of parts, and the same figures as a table beside it. The bar is a picture of the table, so it is hidden from who hears the screen.
import { number, t } from "../words";
import { Head, Row, Table } from "./table";

export interface Part {
  name: string;
  value: number;
  // What is said of the value: a count as it is, seconds as minutes. The value itself when absent.
  said?: string;
  // The look: role-decisive … or tone-1 … tone-9.
  look: string;
}

export function Bar({ caption, of, parts, share = false }: { caption: string; of: [string, string]; parts: Part[]; share?: boolean }) {
  const all = parts.reduce((sum, p) => sum + p.value, 0);
  let from = 0;
  return (
    <div class="bar-and-table">
      <svg class="chart" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true" focusable="false">
        {all > 0 && parts.map((p) => {
          const x = from, width = p.value / all * 100;
          from += width;
          return <rect key={p.look} class={p.look} x={x} y="0" width={width} height="8" />;
        })}
      </svg>
      <Table narrow caption={caption} columns={share ? [...of, t("web/share")] : of}>
        {parts.map((p) => (
          <Row key={p.look}>
            <Head><svg class="swatch" viewBox="0 0 8 8" aria-hidden="true" focusable="false"><rect class={p.look} width="8" height="8" /></svg>{p.name}</Head>
            <td role="cell">{p.said ?? number(p.value)}</td>
            {share && <td role="cell">{all > 0 ? t("web/of-hundred", { n: Math.round(p.value / all * 100) }) : t("web/none-yet")}</td>}
          </Row>
        ))}
      </Table>
    </div>
  );
}
