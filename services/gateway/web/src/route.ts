// Addresses. Each screen has one that can be reloaded, kept and sent to somebody.
import { signal } from "@preact/signals";

export type Route =
  | { screen: "home" | "me" }
  | { screen: "enter"; back: string | undefined }
  | { screen: "initiative" | "session" | "decision"; workspace: string; id: string; why?: string | undefined }
  | { screen: "projector"; workspace: string; id: string }
  // What evaluators read; the filters are in the query.
  | { screen: "audit"; workspace: string; part: string; query: string }
  | { screen: "table3"; query: string }
  // A territory: macro5/centre, region/03, or "" for the nation.
  | { screen: "territory"; place: string; part: string; query: string }
  | { screen: "following" }
  | { screen: "nowhere" };

const letters = { i: "initiative", s: "session", d: "decision" } as const;

// read finds the screen of an address.
export function read(path: string, query = ""): Route {
  if (path === "/") return { screen: "home" };
  if (path === "/me") return { screen: "me" };
  if (path === "/enter") return { screen: "enter", back: ours(new URLSearchParams(query).get("back")) };
  if (path === "/table3") return { screen: "table3", query };
  if (path === "/following") return { screen: "following" };
  const territory = /^\/territory(?:\/((?:region\/(?:\d\d|unknown))|(?:(?!region\/)[a-z][a-z0-9_-]*\/[a-z][a-z0-9_-]*)))?(?:\/(ledger|departments|strength))?$/.exec(path);
  if (territory) return { screen: "territory", place: territory[1] ?? "", part: territory[2] ?? "", query };
  const audit = /^\/w\/([^/]+)\/audit(?:\/(ledger|strength|findings))?$/.exec(path);
  const parts = /^\/w\/([^/]+)\/([isd])\/([^/]+)$/.exec(path);
  const wall = /^\/w\/([^/]+)\/s\/([^/]+)\/projector$/.exec(path);
  if (!parts && !wall && !audit) return { screen: "nowhere" };
  try {
    if (audit) return { screen: "audit", workspace: decodeURIComponent(audit[1] ?? ""), part: audit[2] ?? "", query };
    if (wall) return { screen: "projector", workspace: decodeURIComponent(wall[1] ?? ""), id: decodeURIComponent(wall[2] ?? "") };
    const [, workspace = "", letter = "i", id = ""] = parts ?? [];
    return {
      screen: letters[letter as keyof typeof letters], workspace: decodeURIComponent(workspace), id: decodeURIComponent(id),
      why: new URLSearchParams(query).get("why") ?? undefined,
    };
  } catch {
    return { screen: "nowhere" }; // not an encoding of anything
  }
}

// ours lets through only the way back to a screen of ours: an address that came from outside must lead nowhere else.
const ours = (back: string | null): string | undefined =>
  back !== null && (back === "/me" || back === "/following" || back.startsWith("/table3") || back.startsWith("/territory") || back.startsWith("/w/")) && read(back.split("?")[0]!).screen !== "nowhere" ? back : undefined;

// A colon is what ids are joined with, and is plain in a path.
const part = (id: string): string => encodeURIComponent(id).replaceAll("%3A", ":");

export const address = {
  home: "/",
  me: "/me",
  // The way in; afterwards one goes on to `back`.
  enter: (back?: string): string => back ? `/enter?${new URLSearchParams({ back })}` : "/enter",
  initiative: (workspace: string, id: string): string => `/w/${part(workspace)}/i/${part(id)}`,
  session: (workspace: string, id: string): string => `/w/${part(workspace)}/s/${part(id)}`,
  projector: (workspace: string, id: string): string => `/w/${part(workspace)}/s/${part(id)}/projector`,
  // page: "" (the department), ledger, strength or findings.
  audit: (workspace: string, page = ""): string => `/w/${part(workspace)}/audit${page && `/${page}`}`,
  table3: "/table3",
  // place: "" (the nation), an area or a region; page: "" (the role), departments, ledger or strength.
  territory: (place = "", page = ""): string => ["/territory", place, page].filter(Boolean).join("/"),
  following: "/following",
  decision: (workspace: string, id: string): string => `/w/${part(workspace)}/d/${part(id)}`,
};

// initiativeOf and sessionOf read the ids of which a longer one is made: initiative:session:decision.
export const initiativeOf = (id: string): string => id.split(":")[0] ?? "";
export const sessionOf = (id: string): string => id.split(":").slice(0, 2).join(":");

// The secret of an invitation that the address brought. It is known to this page alone, until it is used or the page is left.
export const secret = signal("");

function here(): Route {
  if (location.pathname === "/enter" && location.hash.length > 1) {
    secret.value = location.hash.slice(1);
    history.replaceState(null, "", location.pathname + location.search); // nobody reads it over a shoulder, in the history or on a photograph
  }
  return read(location.pathname, location.search);
}

export const route = signal<Route>({ screen: "nowhere" });

// Moves within the page since it was loaded. The first screen does not take the focus, every later one does.
export const moves = signal(0);

// start follows the address bar.
export function start(): void {
  route.value = here();
  addEventListener("popstate", () => {
    moves.value++;
    route.value = here();
  });
}

// go opens an address of ours; `instead` leaves no way back to the one before.
export function go(href: string, instead = false): void {
  if (instead) history.replaceState(null, "", href);
  else history.pushState(null, "", href);
  moves.value++;
  route.value = here();
  scrollTo(0, 0);
}

// refine shows the same screen otherwise: there is a way back, and the reader stays where they are.
export function refine(href: string): void {
  history.pushState(null, "", href);
  route.value = here();
}

// note keeps in the address which explanation is open, so that it can be sent on; it is no move.
export function note(why: string | undefined): void {
  const query = why === undefined ? "" : `?${new URLSearchParams({ why })}`;
  history.replaceState(null, "", location.pathname + query);
}
