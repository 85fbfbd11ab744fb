// The order of an agenda: moves, and how long it all takes.

// moved gives the list with the element at `from` standing at `to`; outside the list it stays at the nearest end.
export function moved<T>(list: readonly T[], from: number, to: number): T[] {
  const rest = [...list], [one] = rest.splice(from, 1);
  if (one === undefined) return rest;
  rest.splice(Math.min(Math.max(to, 0), rest.length), 0, one);
  return rest;
}

// placeOf gives where a thing let go at a height would stand among the others, whose middles are given from top to bottom.
export const placeOf = (y: number, middles: readonly number[]): number => middles.filter((m) => m < y).length;

export interface Times {
  // Minutes of all that were estimated.
  planned: number;
  // Items without an estimate.
  open: number;
  // Minutes that the session has; 0: not planned.
  available: number;
  // What is left; below zero: it does not fit.
  left: number;
}

export function times(items: readonly { minutes?: number }[], available: number): Times {
  const planned = items.reduce((sum, i) => sum + (i.minutes ?? 0), 0);
  return { planned, open: items.filter((i) => !i.minutes).length, available, left: available - planned };
}
