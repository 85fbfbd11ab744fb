// The focus of whoever uses the keyboard, on a page that changes by itself: when the control that has it goes away (a turn ended, a hand was called), it
// moves to what is next to where it was, and not back to the top.
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

const controls = "button, a[href], input, select, textarea, summary";

export function KeepFocus({ children }: { children: ComponentChildren }) {
  const box = useRef<HTMLDivElement>(null), trail = useRef<Element[]>([]); // the control with the focus, and what it is in
  const came = (event: FocusEvent) => {
    trail.current = [];
    for (let e = event.target as Element | null; e && e !== box.current?.parentElement; e = e.parentElement) trail.current.push(e);
  };
  // Whoever leaves a control that is still there has left it; one that went away has not been left.
  const left = () => setTimeout(() => { if (trail.current[0]?.isConnected && document.activeElement !== trail.current[0]) trail.current = []; });
  useLayoutEffect(() => {
    const [control, ...around] = trail.current;
    if (!control || control.isConnected || document.activeElement !== document.body) return;
    trail.current = [];
    for (const e of around) {
      const next = e.isConnected ? [...e.querySelectorAll<HTMLElement>(controls)].find((c) => c.getClientRects().length > 0) : undefined;
      if (next) return next.focus({ preventScroll: true });
    }
  });
  return <div ref={box} onFocusIn={came} onFocusOut={left}>{children}</div>;
}
