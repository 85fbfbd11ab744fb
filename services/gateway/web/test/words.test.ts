import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Parser } from "acorn";
import acornJsx from "acorn-jsx";
import { transformSync } from "esbuild";
import { type Text, render } from "../src/words";
// @ts-expect-error: a plain script of the build
import { languages, ownWordsOf, partsApart, wordsApart, wordsOf } from "../words.mjs";

type Texts = Record<string, Text>;
const root = import.meta.dirname;
const own: Record<string, Texts> = Object.fromEntries(languages.map((l: string) => [l, ownWordsOf(l)]));
const all: Record<string, Texts> = Object.fromEntries(languages.map((l: string) => [l, wordsOf(l)]));
const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" }).filter((f) => /\.tsx?$/.test(f) && !f.startsWith("gen"));
const read = (file: string) => readFileSync(join(root, "src", file), "utf8");
const forms = (text: Text) => typeof text === "string" ? [text] : Object.values(text);

test("Italian and English say the same things, easy Italian nothing of its own", () => {
  assert.deepEqual(Object.keys(own.en!).sort(), Object.keys(own.it!).sort());
  for (const key of Object.keys(own["it-x-facile"]!)) assert.ok(key in own.it!, key);
});

test("A text takes the same arguments in every language", () => {
  const named = (text: Text | undefined) => [...new Set(forms(text ?? "").flatMap((f) => [...f.matchAll(/\{\{\.([a-z_]+)\}\}/g)].map((m) => m[1]!)))].sort();
  for (const key of Object.keys(own.it!)) {
    assert.deepEqual(named(own.en![key]), named(own.it![key]), key);
    if (own["it-x-facile"]![key]) assert.ok(named(own["it-x-facile"]![key]).every((n) => named(own.it![key]).includes(n)), key);
  }
});

test("Every word of ours has a use, and every key in the source has a word", () => {
  const text = sources.map(read).join("\n");
  const used = new Set([...text.matchAll(/"((?:web|why|role|standing|ratification|catalogue)\/[a-z0-9-]+)"/g)].map((m) => m[1]!));
  for (const key of used) for (const l of languages) assert.ok(all[l]![key], `${key} in ${l}`);
  for (const key of Object.keys(own.it!)) {
    if (/^web\/(event-|finding-|t3-(no|yes|do-not-know|not-at-all|a-little|moderately|a-lot|very-much)$|(session|item|decision)-phase-|follow-up-(due|done|refused|reversed|explained)$|no-script(-link)?$|unloaded(-again)?$)/.test(key)) continue;
    assert.ok(used.has(key), `${key} is not used`);
  }
});

test("The words of a part are said only where they have come along", () => {
  const withThem: Record<string, RegExp> = { auditing: /^(auditing\/|screens\/(audit|table3|territory))/, following: /^(following\/|screens\/following)/, charter: /^deciding\/(wizard|wizardpeople|power|lead|after|rulenames|someone|hundred)\./, entering: /^(entering\/(code|seat|left|tutoring)|screens\/(home|enter|me|initiative)|preparing\/(takeseat|invite|manage))/, preparing: /^(preparing\/|screens\/(home|initiative))/ };
  for (const part of partsApart as string[]) {
    for (const key of Object.keys(wordsApart("it", part))) for (const file of sources) {
      if (read(file).includes(`"${key}"`)) assert.match(file, withThem[part]!, `${key} of ${part}`);
    }
  }
});

test("A rule is said in the same words here and on the pages that need no script", () => {
  const pagesOf = (l: string) => JSON.parse(readFileSync(join(root, "../pages/words", `${l}.json`), "utf8")) as Texts;
  for (const l of languages) for (const what of ["method", "threshold", "quorum", "ratification", "tie", "quorum-none", "quorum-none-now"]) {
    const here = all[l]![what.startsWith("quorum-") ? `web/${what}` : `web/rule-${what}`], there = { ...pagesOf("it"), ...pagesOf(l) }[`page/${what}`];
    assert.ok(here);
    assert.equal(here, there, `${what} in ${l}`);
  }
});

test("Nobody is called a patient", () => {
  for (const l of languages) for (const [key, text] of Object.entries(own[l]!)) for (const f of forms(text)) assert.doesNotMatch(f, /pazient|patient|malat/i, key);
});

// Every value of a code list of the contract has a label; every event a name.
test("Every code of the contract has a word in every language", () => {
  const proto = (name: string) => readFileSync(join(root, "../../../proto/tavolo", name), "utf8");
  const text = ["event/v1/decision.proto", "event/v1/session.proto", "event/v1/item.proto", "event/v1/initiative.proto", "api/v1/record.proto"].map(proto).join("\n");
  const lists: Record<string, string> = {
    ActKind: "act", Area: "area", Base: "base", Choice: "choice", ContributionKind: "kind", Method: "method", Office: "office", Outcome: "outcome",
    OutcomeReason: "outcome_reason", Ratification: "ratification", Reply: "reply", Role: "role", Scope: "scope", SessionKind: "session_kind", Stage: "stage",
    Standing: "standing", Tie: "tie", SessionPhase: "web", ItemPhase: "web", DecisionPhase: "web", Round: "web", FollowUp: "web",
  };
  let seen = 0;
  for (const [, name, body] of text.matchAll(/^enum (\w+) \{([^}]*)\}/gm)) {
    const list = lists[name!];
    assert.ok(list, `enum ${name} has no words`);
    const prefix = name!.replace(/\B([A-Z])/g, "_$1").toUpperCase() + "_";
    for (const [, value] of body!.matchAll(/^\s+(\w+) = [1-9]/gm)) {
      assert.ok(value!.startsWith(prefix), value);
      const key = list === "web" ? `web/${value!.toLowerCase().replaceAll("_", "-")}` : `${list}/${value!.slice(prefix.length).toLowerCase()}`;
      for (const l of languages) assert.ok(all[l]![key], `${key} in ${l}`);
      seen++;
    }
  }
  assert.ok(seen > 90, `${seen} values`);
  for (const [, event] of proto("event/v1/commit.proto").matchAll(/^ {4}\w+ (\w+) = \d+;/gm)) {
    if (/^workspace_/.test(event!) || event === "participant_named" || event === "tutor_chosen") continue; // nothing of a role follows from these
    assert.ok(own.it![`web/event-${event!.replaceAll("_", "-")}`], event);
  }
});

// Every finding of the record has its title and its sentence; the codes are those of package evidence.
test("Every finding has words in every language", () => {
  const text = readFileSync(join(root, "../../../pkg/domain/evidence/findings.go"), "utf8");
  const codes = [...text.matchAll(/ Code = "(\w+)"/g)].map((m) => m[1]!.replaceAll("_", "-"));
  assert.ok(codes.length >= 12, String(codes));
  for (const code of codes) for (const l of languages) for (const end of ["", "-what"]) assert.ok(all[l]![`web/finding-${code}${end}`], `${code}${end} in ${l}`);
});

interface Node { type: string; value?: unknown; name?: { name?: string }; [field: string]: unknown }

// visible finds the literal words of a component: text between tags, strings put there, and what is read aloud.
function visible(code: string): string[] {
  const js = transformSync(code, { loader: "tsx", jsx: "preserve" }).code;
  const found: string[] = [], word = /\p{L}{2,}/u;
  const walk = (node: Node, inside: boolean) => {
    if (node.type === "JSXText" && word.test(String(node.value))) found.push(String(node.value).trim());
    if (inside && (node.type === "Literal" || node.type === "TemplateElement") && typeof (node.type === "Literal" ? node.value : "") === "string") {
      const text = node.type === "Literal" ? String(node.value) : String((node.value as { cooked?: string }).cooked);
      if (word.test(text)) found.push(text);
    }
    let within = inside;
    if (node.type === "JSXAttribute") within = /^(aria-label|aria-description|title|alt|placeholder)$/.test(node.name?.name ?? "");
    if (node.type === "JSXElement" || node.type === "JSXFragment") within = true;
    if (/^(JSXOpeningElement|CallExpression|BinaryExpression|MemberExpression|ArrowFunctionExpression)$/.test(node.type) && node.type !== "JSXOpeningElement") within = false;
    for (const [field, value] of Object.entries(node)) {
      if (node.type === "JSXOpeningElement" && field === "name") continue;
      for (const child of Array.isArray(value) ? value : [value]) {
        if (!child || typeof (child as Node).type !== "string") continue;
        walk(child as Node, node.type === "JSXOpeningElement" ? false : node.type === "ConditionalExpression" && field === "test" || node.type === "LogicalExpression" && field === "left" ? false : within);
      }
    }
  };
  walk(Parser.extend(acornJsx()).parse(js, { ecmaVersion: "latest", sourceType: "module" }) as unknown as Node, false);
  return found;
}

test("No word stands in a component", () => {
  for (const [bad, why] of [["<p>Ciao</p>", "text"], ["<p>{'Ciao'}</p>", "string"], ["<p>{a ? 'Ciao' : b}</p>", "choice"], ["<p>{`Ciao ${a}`}</p>", "template"], ["<p aria-label=\"Ciao\"/>", "label"], ["<p title={`Ciao`}/>", "title"]] as const) {
    assert.equal(visible(`const x = ${bad}`).length, 1, why);
  }
  assert.deepEqual(visible("const x = <p class=\"mb-1\" role='status'>{t('web/home')} · {a === 'decisive' && <A href={'/x'}/>}</p>"), []);
  for (const file of sources.filter((f) => f.endsWith(".tsx"))) assert.deepEqual(visible(read(file)), [], file);
});

test("A count chooses the form, and a missing argument shows as an ellipsis", () => {
  const people = { one: "{{.n}} persona", other: "{{.n}} persone" };
  assert.equal(render(people, "it", { n: 1 }), "1 persona");
  assert.equal(render(people, "it-x-facile", { n: 0 }), "0 persone");
  assert.equal(render(people, "it", { n: 12345 }), "12.345 persone");
  assert.equal(render("{{.who}} e {{.other}}", "it", { who: "Ada {{.other}}" }), "Ada {{.other}} e …");
});
