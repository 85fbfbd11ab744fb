// A group at the table for the tests of deciding: a facilitator, users and professionals who came in by invitation, each in a browser of their own, and an
// open session with one item. Some are enrolled and absent.
import { initiative, open, signIn, workspace } from "./tavolo.mjs";

const people = {
  giulia: { name: "Giulia", constituency: "professional", grant: "GRANT_FACILITATE" },
  ada: { name: "Ada", constituency: "user" }, bruno: { name: "Bruno", constituency: "user" }, carla: { name: "Carla", constituency: "user" },
  dario: { name: "Dario", constituency: "professional" }, elena: { name: "Elena", constituency: "professional" }, franco: { name: "Franco", constituency: "director" },
};

export async function gather(tavolo, browser, { session = "2026-07-02", away = ["carla"], item = "giardino", title = "Il giardino" } = {}) {
  const of = {}, contexts = {}, id = `${initiative}:${session}`, itemId = `${initiative}:${item}`;
  for (const [key, { name, constituency, grant = "GRANT_TAKE_PART" }] of Object.entries(people)) {
    contexts[key] = await browser.newContext({ viewport: { width: 360, height: 740 }, reducedMotion: "reduce" });
    const me = await signIn(contexts[key], tavolo, { name, grant, constituency });
    of[key] = me.memberships.find((m) => m.initiative === initiative).participant;
  }
  await tavolo.call("SessionService/PrepareSession", { workspace, session: id, title: { clear: "Incontro di luglio" }, kind: "SESSION_KIND_WORKING_GROUP" });
  await tavolo.call("SessionService/OpenSession", { workspace, session: id });
  await tavolo.call("SessionService/SeatParticipants", { workspace, session: id, seats: Object.keys(people).filter((k) => !away.includes(k)).map((k) => ({ participant: of[k], ...(k === "giulia" ? { offices: ["OFFICE_FACILITATOR"] } : {}) })) });
  await tavolo.call("ItemService/ProposeItem", { workspace, item: itemId, title: { clear: title }, proposedBy: of.ada });
  await tavolo.call("ItemService/AdmitItem", { workspace, item: itemId, reason: { clear: "Riguarda tutti." } });
  await tavolo.call("SessionService/SetAgenda", { workspace, session: id, items: [itemId] });
  await tavolo.call("SessionService/SetCurrentItem", { workspace, session: id, item: itemId });
  const path = `/w/${workspace}/s/${id}`;
  return { of, contexts, session: id, item: itemId, path, at: (key, language = "it", where = path) => open(contexts[key], tavolo.base, where, language), end: () => Promise.all(Object.values(contexts).map((c) => c.close())) };
}
