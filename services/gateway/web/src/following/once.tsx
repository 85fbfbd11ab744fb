// A secret that is shown this once: to copy, by a button or by hand. Nobody can read it again, not even who runs Tavolo.
import { useEffect, useRef } from "preact/hooks";
import { announce } from "../parts/announce";
import { Button } from "../parts/form";
import { t } from "../words";

interface Props {
  title: string;
  what: string;
  // What is to be copied, each under its own name.
  secrets: { id: string; label: string; value: string }[];
  close: () => void;
  // The id of what has the focus afterwards.
  back: string;
}

export function Once({ title, what, secrets, close, back }: Props) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  const copy = async (id: string, value: string) => {
    try {
      await navigator.clipboard.writeText(value);
      announce({ key: "web/following-copied" });
    } catch {
      document.querySelector<HTMLInputElement>(`#${id}`)?.select(); // a browser that lets no page write: whoever copies does it by hand
      announce({ key: "web/following-copy-yourself" });
    }
  };
  const leave = () => {
    close();
    setTimeout(() => document.getElementById(back)?.focus()); // once it is there again
  };
  return (
    <article class="block">
      <h3 ref={heading} tabIndex={-1}>{title}</h3>
      <p>{what}</p>
      {secrets.map((s) => (
        <div key={s.id} class="ask">
          <label for={s.id}>{s.label}</label>
          <input id={s.id} class="form-control" readOnly value={s.value} onFocus={(e) => e.currentTarget.select()} />
          <p class="buttons"><Button name={t("web/following-copy-of", { what: s.label })} onClick={() => void copy(s.id, s.value)}>{t("web/following-copy")}</Button></p>
        </div>
      ))}
      <p class="buttons"><Button look="plain" onClick={leave}>{t("web/following-kept")}</Button></p>
    </article>
  );
}
