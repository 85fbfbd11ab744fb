// A part of the client that is fetched when it is needed. A file that did not come is asked for again by a button, as everything else.
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Refusal } from "../api";
import { Loading, Problem } from "./screen";

// Files that are here already, so that a screen opened again shows in the same moment.
const here = new Map<() => Promise<unknown>, unknown>();

// bring fetches a file before it is shown.
export async function bring<M>(file: () => Promise<M>): Promise<void> {
  here.set(file, await file());
}

export function Loaded<M>({ file, children }: { file: () => Promise<M>; children: (module: M) => ComponentChildren }) {
  const [problem, setProblem] = useState<Refusal | undefined>(undefined), [, shown] = useState<M | undefined>(undefined), [tries, again] = useState(0);
  const module = here.get(file) as M | undefined;
  useEffect(() => {
    if (module) return;
    let left = false;
    setProblem(undefined);
    file().then(
      (m) => { here.set(file, m); if (!left) shown(m); },
      () => { if (!left) setProblem(new Refusal({ key: "web/error-network" })); },
    );
    return () => { left = true; };
  }, [file, tries]);
  if (module) return <>{children(module)}</>;
  return problem ? <Problem asked={{ problem, again: () => again(tries + 1) }} /> : <Loading />;
}
