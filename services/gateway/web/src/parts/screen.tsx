// What every screen has: a heading that takes the focus when somebody moves here, the way back, and what is shown while there is nothing to show yet.
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Asked } from "../api";
import { address, go, initiativeOf, moves, sessionOf } from "../route";
import { say, t } from "../words";

// A is a link to a screen of ours. Anything but a plain click is left to the browser.
export function A({ href, ...rest }: JSX.IntrinsicElements["a"] & { href: string }) {
  const follow = (event: MouseEvent) => {
    if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(href);
  };
  return <a href={href} onClick={follow} {...rest} />;
}

// Moved to: the number of moves whose heading has had the focus.
let focused = 0;

interface ScreenProps {
  // What kind of screen: said small above the title, and alone while the title is not known.
  kind: string;
  title?: string | undefined;
  asked?: Asked<unknown> | undefined;
  back?: ComponentChildren;
  children?: ComponentChildren;
}

// Screen is a heading and what is below it: content, or that it is being fetched, or why there is none.
export function Screen({ kind, title, asked, back, children }: ScreenProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  const settled = !asked || asked.data !== undefined || asked.problem !== undefined;
  const shown = title || kind;
  useEffect(() => { document.title = `${shown} – ${t("web/name")}`; });
  useEffect(() => {
    if (!settled || focused === moves.value) return;
    focused = moves.value;
    heading.current?.focus({ preventScroll: true });
  }, [settled, moves.value]);
  return (
    <>
      {back}
      {title && <p class="kind" id="kind">{kind}</p>}
      <h1 ref={heading} tabIndex={-1} aria-describedby={title ? "kind" : undefined}>{shown}</h1>
      {asked?.problem ? <Problem asked={asked} /> : settled ? children : <Loading />}
    </>
  );
}

export function Loading() {
  return <p role="status" class="loading">{t("web/loading")}</p>;
}

// Problem says what happened and what to do.
export function Problem({ asked }: { asked: Asked<unknown> }) {
  if (!asked.problem) return null;
  return (
    <div role="alert" class="problem">
      <p>{say(asked.problem.says)}</p>
      <button type="button" class="btn btn-primary" onClick={asked.again}>{t("web/retry")}</button>
    </div>
  );
}

export function Empty({ children }: { children: ComponentChildren }) {
  return <p class="empty">{children}</p>;
}

// Back is the way back to what this screen is part of; the ids of those are in its own.
export function Back({ workspace, id, initiative, session }: { workspace: string; id: string; initiative?: boolean; session?: boolean }) {
  return (
    <nav aria-label={t("web/where")}>
      <ol class="crumbs">
        <li><A href={address.home}>{t("web/home")}</A></li>
        {initiative && <li><A href={address.initiative(workspace, initiativeOf(id))}>{t("web/initiative")}</A></li>}
        {session && <li><A href={address.session(workspace, sessionOf(id))}>{t("web/session")}</A></li>}
      </ol>
    </nav>
  );
}

// Section is a part of a screen with a heading of its own.
export function Section({ id, title, children }: { id: string; title: string; children: ComponentChildren }) {
  return (
    <section aria-labelledby={id} class="part">
      <h2 id={id}>{title}</h2>
      {children}
    </section>
  );
}
