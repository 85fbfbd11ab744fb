// Exact fractions such as 627/1024 in hundredths for people. Nothing is rounded to 0 or to 100: what can hardly happen must not read as never.
import { t } from "../words";

// Hundred: never, always, or so many of 100; "little" is less than 1, "nearly" more than 99.
export type Hundred = "never" | "always" | "little" | "nearly" | number;

// hundredOf reads a fraction. Undefined: there is none.
export function hundredOf(fraction: string | undefined): Hundred | undefined {
  const parts = /^(\d+)(?:\/(\d+))?$/.exec(fraction ?? "");
  if (!parts) return undefined;
  const over = BigInt(parts[1]!), under = BigInt(parts[2] ?? "1");
  if (under === 0n || over > under) return undefined;
  if (over === 0n) return "never";
  if (over === under) return "always";
  if (over * 100n < under) return "little";
  if (over * 100n > under * 99n) return "nearly";
  return Number((over * 200n + under) / (under * 2n)); // half up
}

// inHundred says it as a number to stand before "of 100".
export function inHundred(h: Hundred | undefined): string {
  switch (h) {
    case undefined: return t("web/none-yet");
    case "never": return "0";
    case "always": return "100";
    case "little": return t("web/power-little");
    case "nearly": return t("web/power-nearly");
    default: return String(h);
  }
}

// width is the length of a bar of 100; what is more than nothing can be seen.
export const width = (h: Hundred | undefined): number => h === undefined || h === "never" ? 0 : h === "always" ? 100 : h === "little" ? 0.6 : h === "nearly" ? 99.4 : h;

// gain compares two powers, exact as they come ("3/8"): whether the first is more, the same or less. No second one is none.
export function gain(one: string | undefined, other: string | undefined): "more" | "same" | "less" {
  const of = (f: string | undefined) => (f || "0").split("/").map(BigInt) as [bigint, bigint?];
  const [a, b = 1n] = of(one), [c, d = 1n] = of(other), left = a * d, right = c * b;
  return left > right ? "more" : left < right ? "less" : "same";
}
