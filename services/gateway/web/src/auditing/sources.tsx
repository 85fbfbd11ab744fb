// Where a formula comes from, beside the figure. Names of people and years are the same in every language; a work without a number of its own has no link.
import { t } from "../words";

const works = {
  penrose: ["Penrose 1946", "10.2307/2981392"],
  banzhaf: ["Banzhaf 1965", ""], // Rutgers Law Review 19, 317–343
  napel: ["Napel, Widgrén 2004", "10.1177/0951629804046152"],
  barry: ["Barry 1980", "10.1111/j.1467-9248.1980.tb01244.x"],
  wilson: ["Wilson 1927", "10.1080/01621459.1927.10502953"],
  bachrach: ["Bachrach, Baratz 1962", "10.2307/1952796"],
} as const;
export type Source = keyof typeof works;

// Sources says them; none means that Tavolo's own rules define the figure.
export function Sources({ of }: { of: readonly Source[] }) {
  return (
    <span class="note d-block">
      {of.length === 0 ? t("web/strength-own-from") : t("web/strength-from")}
      {of.map((w) => {
        const [name, doi] = works[w];
        return <cite key={w} class="source">{doi ? <a href={`https://doi.org/${doi}`} rel="external noreferrer">{name}</a> : name}</cite>;
      })}
    </span>
  );
}
