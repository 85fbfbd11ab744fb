// A form that is there when it is wanted: a button that opens it, and takes the focus back when it is done with.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Button } from "../parts/form";

// Fold gives its content a way to close it. `name` says what the button opens, where its words alone do not.
export function Fold({ id, label, name, look = "plain", children }: {
  id: string;
  label: string;
  name?: string | undefined;
  look?: "main" | "plain" | "away";
  children: (close: () => void) => ComponentChildren;
}) {
  const [open, set] = useState(false), inside = useRef<HTMLDivElement>(null), was = useRef(false);
  useEffect(() => {
    if (open) inside.current?.querySelector<HTMLElement>("input, select, textarea, button")?.focus();
    else if (was.current) document.getElementById(id)?.focus();
    was.current = open;
  }, [open]);
  return (
    <div class="fold-in">
      <Button id={id} look={look} name={name} expanded={open} onClick={() => set(!open)}>{label}</Button>
      {open && <div ref={inside} class="fold-of">{children(() => set(false))}</div>}
    </div>
  );
}
