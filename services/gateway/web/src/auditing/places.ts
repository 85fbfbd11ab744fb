// Territories: a region, a macro area of a partition, the nation. The lists of the survey are those of pkg/domain/territory, the same file; further ones come
// from the program (learn), and so does which region a department lies in.
import macro3 from "../../../../../pkg/domain/territory/lists/macro3.json";
import macro5 from "../../../../../pkg/domain/territory/lists/macro5.json";
import list from "../../../../../pkg/domain/territory/lists/regions.json";
import type { ListWorkspacesResponseJson, PartitionViewJson, WorkspaceViewJson } from "../gen/tavolo/api/v1/record_pb";
import { spoken, t } from "../words";

interface Area { code: string; it: string; en: string; regions: string[] }

// partitions are the ways to put regions together, by the names of their lists. An address may hold any name: also one that every object has.
export const partitions: Record<string, Area[]> = Object.assign(Object.create(null), { macro5: macro5.areas, macro3: macro3.areas });
export type Partition = string;

// learn adds the partitions that this installation has besides.
export function learn(more: PartitionViewJson[] = []): void {
  for (const { list, areas = [] } of more) if (list) partitions[list] ??= areas.map(({ code = "", it = "", en = "", regions = [] }) => ({ code, it, en, regions }));
}

// departmentsOf gives the departments of an answer, and learns its partitions.
export function departmentsOf(answer: ListWorkspacesResponseJson): WorkspaceViewJson[] {
  learn(answer.partitions);
  return answer.workspaces ?? [];
}

// A place is written as in an address: "" for the nation, macro5/centre, region/03, and region/unknown for departments whose region nobody recognises.
const cut = (place: string): [string, string] => [place.split("/")[0] ?? "", place.split("/")[1] ?? ""];

const regionOf = (code: string) => (list.regions as { code: string; it: string; en: string; within?: string }[]).find((r) => r.code === code);

// areaOf gives the area of a region; a province that is not named itself belongs where its region does.
function areaOf(partition: Partition, region: string) {
  const within = regionOf(region)?.within;
  return partitions[partition]?.find((a) => a.regions.includes(region) || within !== undefined && a.regions.includes(within));
}

// lies tells whether a region, by its code ("" when nobody recognises it), is in a place.
export function lies(place: string, region: string): boolean {
  const [kind, code] = cut(place);
  if (!kind) return true;
  if (kind === "region") return code === (region || "unknown") || regionOf(region)?.within === code;
  return (areaOf(kind, region)?.code ?? "unknown") === code;
}

export const inside = (place: string, all: WorkspaceViewJson[]): WorkspaceViewJson[] => all.filter((w) => lies(place, w.regionCode ?? ""));

// called gives the name of a place.
export function called(place: string): string {
  const [kind, code] = cut(place), named = !kind ? undefined : kind === "region" ? regionOf(code) : partitions[kind]?.find((a) => a.code === code);
  if (!kind) return t("web/nation");
  return named ? spoken.value.language === "en" ? named.en : named.it : t("web/region-unknown");
}

// known tells whether there is such a place.
export const known = (place: string): boolean => {
  const [kind, code] = cut(place);
  return !kind || code === "unknown" || (kind === "region" ? regionOf(code) !== undefined : partitions[kind]?.some((a) => a.code === code) === true);
};

// above lists what a place lies in, the widest first: of a region its area too.
export function above(place: string, partition: Partition): string[] {
  const [kind, code] = cut(place), area = kind === "region" ? areaOf(partition, code) : undefined;
  return !kind ? [] : area ? ["", `${partition}/${area.code}`] : [""];
}

export const partitionOf = (place: string): Partition | undefined => cut(place)[0] in partitions ? cut(place)[0] : undefined;
