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
const screen = fetchScreen();
const known = recognise().catch(() => {}); // the screens say what they miss, and ask again
const waited = new Promise((go) => setTimeout(go, politeness));
await Promise.all([speak(chosen()), Promise.race([Promise.all([known, screen]), waited])]);
render(<App />, document.getElementById("app")!);
