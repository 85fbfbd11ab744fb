// The web client: the room in which a group meets, and what can be read of its record.
import { render } from "preact";
import { App, fetchScreen } from "./app";
import { recognise } from "./me";
import { startOutbox } from "./outbox";
import { start } from "./route";
import { chosen, speak } from "./words";

// How long the first screen waits to know who is here, in milliseconds. Afterwards it shows what anyone may see, and begins anew when the answer comes.
const politeness = 1500;

// A function, and not the module itself, waits: the screens' files import from the file that this one is built into, and would wait for it.
async function begin(): Promise<void> {
  start();
  startOutbox();
  const screen = fetchScreen();
  const known = recognise().catch(() => {}); // the screens say what they miss, and ask again
  const waited = new Promise((go) => setTimeout(go, politeness));
  await Promise.all([speak(chosen()), Promise.race([Promise.all([known, screen]), waited])]);
  render(<App />, document.getElementById("app")!);
}

// Without the words there is no catalogue to say so from: the page brought these few, hidden. What failed once as a module is not asked for again, so to try
// again is to load the page anew.
function unloaded(): void {
  const notice = document.getElementById("unloaded")!;
  notice.querySelector("button")!.onclick = () => location.reload();
  notice.hidden = false;
}

begin().catch(unloaded);
