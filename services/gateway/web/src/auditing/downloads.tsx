// The files of a department and its report, at addresses that stay.
import { type Key, spoken, t } from "../words";
import { type Filters, shared, write } from "./filters";

const files: [string, Key][] = [
  ["tavolo.xlsx", "web/file-xlsx"], ["roles-it.csv", "web/file-csv-it"], ["roles.csv", "web/file-csv"], ["roles.sav", "web/file-sav"], ["tavolo-data.zip", "web/file-zip"], ["tavolo-votes.json", "web/file-popolo"],
];

export function Downloads({ workspace, f }: { workspace: string; f: Filters }) {
  const kept = write(shared(f)), with_ = (name: string) => `${kept}${kept ? "&" : "?"}lang=${name}`;
  const base = `/v1/workspaces/${encodeURIComponent(workspace)}/export/`, language = spoken.value.language;
  return (
    <>
      <p>{t("web/downloads-what")}</p>
      <ul class="plain-list">
        <li><a href={`/w/${encodeURIComponent(workspace)}/report${with_(language)}`}>{t("web/report")}</a></li>
        {files.map(([name, says]) => <li key={name}><a href={`${base}${name}${with_(language)}`} download>{t(says)}</a></li>)}
      </ul>
    </>
  );
}
