// Day and hour as they are agreed on in Italy, and the moment that they are.

const zone = "Europe/Rome";

// ahead says how far Rome is from UTC at a moment, in milliseconds.
function ahead(moment: Date): number {
  const parts = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" })
    .formatToParts(moment);
  const of = (type: string) => Number(parts.find((p) => p.type === type)?.value);
  return Date.UTC(of("year"), of("month") - 1, of("day"), of("hour"), of("minute"), of("second")) - Math.floor(moment.getTime() / 1000) * 1000;
}

// momentOf gives day (yyyy-mm-dd) and hour (hh:mm) in Rome as RFC 3339. An hour that the clocks skip in spring is taken as the one after. Undefined when
// there is no such day or hour.
export function momentOf(day: string, hour: string): string | undefined {
  const local = Date.parse(`${day}T${hour}:00Z`);
  if (!/^\d{4}-\d\d-\d\d$/.test(day) || !/^\d\d:\d\d$/.test(hour) || Number.isNaN(local)) return undefined;
  const guess = local - ahead(new Date(local));
  return new Date(local - ahead(new Date(guess))).toISOString().replace(".000Z", "Z");
}

// dayAndHour is the way back, for a form that changes what was agreed on.
export function dayAndHour(moment: string | undefined): [day: string, hour: string] {
  if (!moment) return ["", ""];
  const at = new Date(moment), local = new Date(at.getTime() + ahead(at)).toISOString();
  return [local.slice(0, 10), local.slice(11, 16)];
}
