// Who is here, in the header: the way in, or one's own name; and on a shared device the way to hand it on.
import { useEffect, useRef, useState } from "preact/hooks";
import { ask } from "../api";
import { me } from "../me";
import { announce } from "../parts/announce";
import { Refused, useSending } from "../parts/form";
import { A } from "../parts/screen";
import { address, go, route } from "../route";
import { t } from "../words";

export function Who() {
  const m = me.value;
  if (!m) return null;
  return (
    <nav class="who-here" aria-label={t("web/who-here")}>
      {m.account ? <A href={address.me} aria-label={t("web/who-you", { name: m.name ?? "" })}>{m.name}</A> : route.value.screen !== "enter" && <A href={address.enter()}>{t("web/enter")}</A>}
      {m.shared && (m.people ?? []).length > 0 && <Pass />}
    </nav>
  );
}

// Pass is a button that opens the list of the people of a shared device.
function Pass() {
  const [open, set] = useState(false), sending = useSending(), button = useRef<HTMLButtonElement>(null), box = useRef<HTMLDivElement>(null);
  const others = (me.value?.people ?? []).filter((p) => p.account !== me.value?.account);
  useEffect(() => {
    if (!open) return;
    const away = (event: Event) => { if (!box.current?.contains(event.target as Node)) set(false); };
    document.addEventListener("click", away);
    document.addEventListener("focusin", away);
    return () => { document.removeEventListener("click", away); document.removeEventListener("focusin", away); };
  }, [open]);
  const close = () => { set(false); button.current?.focus(); };
  const pass = (account: string, name: string) => void sending.send(async () => {
    me.value = await ask("AccountService/SwitchPerson", { account });
    announce(account ? { key: "web/pass-done", with: { name } } : { key: "web/pass-nobody-done" });
  }).then((done) => { if (done) close(); });
  return (
    <div class="pass" ref={box} onKeyDown={(e) => { if (e.key === "Escape" && open) close(); }}>
      <button ref={button} type="button" aria-expanded={open} onClick={() => set(!open)}>{t("web/pass")}</button>
      {open && (
        <div class="pass-list">
          <ul>
            {others.map((p) => <li key={p.account}><button type="button" onClick={() => pass(p.account ?? "", p.name ?? "")}>{p.name}</button></li>)}
            <li><button type="button" onClick={() => { set(false); go(address.enter()); }}>{t("web/pass-new")}</button></li>
            {me.value?.account && <li><button type="button" onClick={() => pass("", "")}>{t("web/pass-nobody")}</button></li>}
          </ul>
          <Refused sending={sending} />
        </div>
      )}
    </div>
  );
}
