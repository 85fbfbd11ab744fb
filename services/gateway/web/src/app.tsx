// The frame around every screen: skip link, name, who is here, languages, screen, foot. Each screen is loaded when it is opened.
import { effect } from "@preact/signals";
import { askEarly, signedOut } from "./api";
import { Who } from "./entering/who";
import { me, recognise } from "./me";
import { Announcer, announce, hush } from "./parts/announce";
import { Loaded, bring } from "./parts/loaded";
import { A } from "./parts/screen";
import { address, go, moves, route } from "./route";
import { type Key, type Language, languages, speak, spoken, t, withWords } from "./words";

export function App() {
  if (route.value.screen === "projector") return <Screen />;
  return (
    <>
      <a class="skip" href="#main" onClick={skip}>{t("web/skip")}</a>
      <header class="it-header-wrapper">
        <div class="bar">
          <div class="container d-flex flex-wrap align-items-center justify-content-between">
            <A class="brand" href={address.home}><Mark /><span>{t("web/name")}</span></A>
            <Who />
            <Languages />
          </div>
        </div>
      </header>
      <main id="main" tabIndex={-1} class="container py-4"><Announcer /><Screen /></main>
      <footer class="foot">
        <div class="container py-4">
          <p class="mb-1">{t("web/foot-what")}</p>
          <p class="mb-0"><a href="/docs">{t("web/foot-api")}</a></p>
        </div>
      </footer>
    </>
  );
}

// What was done on one screen is no news on the next.
effect(() => { if (moves.value > 0) hush(); });

// Whoever is signed out, here or from another device, is led to the way in and back again afterwards.
let times = 0;
effect(() => {
  if (signedOut.value === times) return;
  times = signedOut.value;
  void recognise().catch(() => {});
  if (location.pathname !== "/enter") go(address.enter(location.pathname + location.search), true);
});

function skip(event: MouseEvent) {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

// A screen begins anew for each person: what one may see is not what another may.
function Screen() {
  const r = route.value, who = me.value?.account ?? "";
  switch (r.screen) {
    case "home": return <Loaded key={who} file={screens.home}>{(m) => <m.Home />}</Loaded>;
    case "enter": return <Loaded file={screens.enter}>{(m) => <m.Enter back={r.back} />}</Loaded>;
    case "me": return <Loaded key={who} file={screens.me}>{(m) => <m.Me />}</Loaded>;
    case "initiative": return <Loaded key={`${who} ${r.id}`} file={screens.initiative}>{(m) => <m.Initiative workspace={r.workspace} id={r.id} />}</Loaded>;
    case "session": return <Loaded key={`${who} ${r.id}`} file={screens.session}>{(m) => <m.Session workspace={r.workspace} id={r.id} />}</Loaded>;
    case "projector": return <Loaded key={`${who} ${r.id}`} file={screens.projector}>{(m) => <m.Projector workspace={r.workspace} id={r.id} />}</Loaded>;
    case "decision": return <Loaded key={`${who} ${r.id}`} file={screens.decision}>{(m) => <m.Decision workspace={r.workspace} id={r.id} why={r.why} />}</Loaded>;
    case "audit": return <Loaded key={`${who} ${r.workspace} ${r.part}`} file={screens.audit}>{(m) => <m.Audit workspace={r.workspace} part={r.part} query={r.query} />}</Loaded>;
    case "territory": return <Loaded key={`${who} ${r.place} ${r.part}`} file={screens.territory}>{(m) => <m.Territory place={r.place} part={r.part} query={r.query} />}</Loaded>;
    case "following": return <Loaded key={who} file={screens.following}>{(m) => <m.Following />}</Loaded>;
    case "table3": return <Loaded key={who} file={screens.table3}>{(m) => <m.Table3 query={r.query} />}</Loaded>;
    default: return <Loaded file={screens.nowhere}>{(m) => <m.Nowhere />}</Loaded>;
  }
}

const screens = {
  home: () => withWords(import("./screens/home"), "entering", "preparing"),
  enter: () => withWords(import("./screens/enter"), "entering"),
  me: () => withWords(import("./screens/me"), "entering"),
  initiative: () => withWords(import("./screens/initiative"), "entering", "preparing"),
  session: () => import("./screens/session"),
  projector: () => import("./screens/projector"),
  decision: () => import("./screens/decision"),
  audit: () => withWords(import("./screens/audit"), "auditing"),
  table3: () => withWords(import("./screens/table3"), "auditing"),
  territory: () => withWords(import("./screens/territory"), "auditing"),
  following: () => withWords(import("./screens/following"), "following"),
  nowhere: () => import("./screens/nowhere"),
};

// fetchScreen asks for the file of the screen, who is here and what a session shows, before anything can be shown, so that all come together with the words.
export async function fetchScreen(): Promise<void> {
  const r = route.value;
  const session = r.screen === "session" || r.screen === "projector";
  askEarly({ "AccountService/GetMe": {}, ...session && { "SessionService/GetSession": { workspace: r.workspace, session: r.id } } });
  await bring(screens[r.screen] as () => Promise<unknown>).catch(() => {}); // asked for again when it is shown
}

const names: Record<Language, Key> = { it: "web/language-it", en: "web/language-en", "it-x-facile": "web/language-easy" };

function Languages() {
  return (
    <nav aria-label={t("web/languages")}>
      <ul class="languages">
        {languages.map((l) => (
          <li key={l}>
            <button type="button" lang={l} aria-pressed={spoken.value.language === l} onClick={() => void speak(l).catch(() => announce({ key: "web/error-network" }))}>{t(names[l])}</button>
          </li>
        ))}
      </ul>
    </nav>
  );
}

// A table with people around it.
function Mark() {
  return (
    <svg class="emblem" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect x="5" y="13" width="22" height="4" rx="1" />
      <rect x="8" y="17" width="3" height="10" />
      <rect x="21" y="17" width="3" height="10" />
      <circle cx="9" cy="8" r="3" /><circle cx="16" cy="8" r="3" /><circle cx="23" cy="8" r="3" />
    </svg>
  );
}
