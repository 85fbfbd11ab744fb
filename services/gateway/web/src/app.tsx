// The frame around every screen: skip link, name, languages, screen, foot.
import { address, route } from "./route";
import { A } from "./parts/screen";
import { Decision } from "./screens/decision";
import { Home } from "./screens/home";
import { Initiative } from "./screens/initiative";
import { Nowhere } from "./screens/nowhere";
import { Projector } from "./screens/projector";
import { Session } from "./screens/session";
import { type Key, type Language, languages, speak, spoken, t } from "./words";

export function App() {
  const r = route.value;
  if (r.screen === "projector") return <Projector key={r.id} workspace={r.workspace} id={r.id} />;
  return (
    <>
      <a class="skip" href="#main" onClick={skip}>{t("web/skip")}</a>
      <header class="it-header-wrapper">
        <div class="bar">
          <div class="container d-flex flex-wrap align-items-center justify-content-between">
            <A class="brand" href={address.home}><Mark /><span>{t("web/name")}</span></A>
            <Languages />
          </div>
        </div>
      </header>
      <main id="main" tabIndex={-1} class="container py-4"><Screen /></main>
      <footer class="foot">
        <div class="container py-4">
          <p class="mb-1">{t("web/foot-what")}</p>
          <p class="mb-0"><a href="/docs">{t("web/foot-api")}</a></p>
        </div>
      </footer>
    </>
  );
}

function skip(event: MouseEvent) {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

function Screen() {
  const r = route.value;
  switch (r.screen) {
    case "home": return <Home />;
    case "initiative": return <Initiative key={r.id} workspace={r.workspace} id={r.id} />;
    case "session": return <Session key={r.id} workspace={r.workspace} id={r.id} />;
    case "decision": return <Decision key={r.id} workspace={r.workspace} id={r.id} why={r.why} />;
    default: return <Nowhere />;
  }
}

const names: Record<Language, Key> = { it: "web/language-it", en: "web/language-en", "it-x-facile": "web/language-easy" };

function Languages() {
  return (
    <nav aria-label={t("web/languages")}>
      <ul class="languages">
        {languages.map((l) => (
          <li key={l}>
            <button type="button" lang={l} aria-pressed={spoken.value.language === l} onClick={() => void speak(l)}>{t(names[l])}</button>
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
