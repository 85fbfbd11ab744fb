// The web client: the room in which a group meets, and what can be read of its record.
import { render } from "preact";
import { App, fetchScreen } from "./app";
import { recognise } from "./me";
import { startOutbox } from "./outbox";
import { start } from "./route";
import { chosen, speak } from "./words";

// How long the first screen waits to know who is here, in milliseconds. Afterwards it shows what anyone may see, and begins anew when the answer comes.
const politeness = 1500;

start();
startOutbox();
fetchScreen();
const known = recognise().catch(() => {}); // the screens say what they miss, and ask again
await Promise.all([speak(chosen()), Promise.race([known, new Promise((go) => setTimeout(go, politeness))])]);
render(<App />, document.getElementById("app")!);
