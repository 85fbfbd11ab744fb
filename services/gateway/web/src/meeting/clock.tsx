// A running clock: how long somebody has been speaking, by this device's own time.
import { useEffect, useState } from "preact/hooks";
import { t } from "../words";

// elapsed gives whole seconds since a moment, never less than none: clocks differ.
export const elapsed = (since: string | undefined, now: number): number => since ? Math.max(0, Math.floor((now - Date.parse(since)) / 1000)) : 0;

// digits says seconds as on a clock: 1:05.
export const digits = (seconds: number): string => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;

// Clock is for the eyes: it is no live region, or it would speak every second.
export function Clock({ since }: { since: string | undefined }) {
  const [now, tick] = useState(Date.now());
  useEffect(() => {
    tick(Date.now());
    const timer = setInterval(() => tick(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [since]);
  return <span class="clock" role="timer" aria-live="off" aria-label={t("web/room-clock")}>{digits(elapsed(since, now))}</span>;
}
