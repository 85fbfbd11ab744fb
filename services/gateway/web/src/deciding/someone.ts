// A list of people to choose one from, with a first line for nobody.
import type { ParticipantViewJson } from "../gen/tavolo/api/v1/record_pb";
import type { Option } from "../parts/form";
import { named, people } from "../parts/people";
import { type Key, t } from "../words";

export function someone(roll: ParticipantViewJson[], none: Key): Option[] {
  const all = people(roll);
  return [{ value: "", label: t(none) }, ...roll.map((p) => ({ value: p.participant ?? "", label: named(all, p.participant) }))];
}
