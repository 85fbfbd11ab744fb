// Builds dist/: bundled scripts, the part of bootstrap-italia that the screens use, fonts, and the page. `npm run build`.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import * as esbuild from "esbuild";
import { PurgeCSS } from "purgecss";
import { languages, partsApart, wordsApart, wordsOf } from "./words.mjs";

// The most that one screen may load in scripts and styles, compressed (fonts aside).
const screenMax = 60 * 1024;

const out = "dist", assets = join(out, "assets");
for (const name of readdirSync(out)) if (name !== ".keep") rmSync(join(out, name), { recursive: true });
mkdirSync(assets, { recursive: true });

// words: import("words:it"), import("words:it/preparing"): the texts of one language, and those of a part that comes later, each in a file of its own.
const words = {
  name: "words",
  setup(build) {
    build.onResolve({ filter: /^words:/ }, ({ path }) => ({ path: path.slice(6), namespace: "words" }));
    // As a script: of a JSON file esbuild makes one export a text, and the file half as large again.
    build.onLoad({ filter: /./, namespace: "words" }, ({ path }) => ({ contents: `export default ${JSON.stringify(wordsApart(...path.split("/")))}`, loader: "js" }));
  },
};

// together has every file that is fetched by itself also reach what shares, so that esbuild, which makes one file of what the same files reach, makes one of
// it all: on a poor line thirty small answers take longer than four.
const together = (shares) => ({
  name: "together",
  setup(build) {
    build.onResolve({ filter: /^together:/ }, ({ path }) => ({ path: path.slice(9), namespace: "together" }));
    build.onLoad({ filter: /./, namespace: "together" }, ({ path }) => ({ contents: shares[path].of.map((file) => `import "./${file}";`).join(""), resolveDir: ".", loader: "js" }));
    build.onLoad({ filter: /\.tsx$/ }, ({ path }) => {
      const file = relative(".", path), reaches = Object.keys(shares).filter((name) => shares[name].by.includes(file));
      return { contents: reaches.map((name) => `import "together:${name}";`).join("") + readFileSync(path, "utf8"), loader: "tsx" };
    });
  },
});

const bundle = (plugins, write) => esbuild.build({
  entryPoints: { app: "src/main.tsx" },
  outdir: assets, entryNames: "[name]-[hash]", chunkNames: "[name]-[hash]",
  bundle: true, splitting: true, format: "esm", minify: true, target: "es2022", legalComments: "none", metafile: true, write,
  jsx: "automatic", jsxImportSource: "preact", plugins,
});

// First to see which files are shared by which, then in earnest: the start and what every screen may need in one file, what only screens with decisions need in
// another.
const first = (await bundle([words], false)).metafile.outputs;
const needsOf = (outputs, file, all = new Set()) => {
  if (all.has(file)) return all;
  all.add(file);
  for (const i of outputs[file].imports) if (i.kind === "import-statement") needsOf(outputs, i.path, all);
  return all;
};
const apartFiles = Object.keys(first).filter((name) => first[name].entryPoint?.startsWith("src/"));
const session = apartFiles.find((name) => first[name].entryPoint === "src/screens/session.tsx");
const shared = [...needsOf(first, session)].filter((name) => !first[name].entryPoint).flatMap((name) => Object.keys(first[name].inputs)).filter((file) => file.startsWith("src/"));
const start = [...needsOf(first, apartFiles.find((name) => first[name].entryPoint === "src/main.tsx"))].flatMap((name) => Object.keys(first[name].inputs)).filter((file) => file.startsWith("src/"));
const ofRoom = shared.filter((file) => /^src\/(deciding|meeting)\//.test(file));
const inRoom = (name) => [...needsOf(first, name)].some((n) => Object.keys(first[n].inputs).some((file) => ofRoom.includes(file)));
const scripts = await bundle([words, together({
  frame: { of: [...new Set([...start, ...shared.filter((file) => !ofRoom.includes(file))])], by: apartFiles.map((name) => first[name].entryPoint) },
  room: { of: ofRoom, by: apartFiles.filter(inRoom).map((name) => first[name].entryPoint) },
})], true);

// By itself: it comes before everything, and needs nothing of the rest.
const warm = basename(Object.keys((await esbuild.build({ entryPoints: ["src/warm.ts"], outdir: assets, entryNames: "[name]-[hash]", format: "esm", minify: true, target: "es2022", metafile: true })).metafile.outputs)[0]);

const hashed = (name, data) => {
  const [stem, end] = name.split(/\.(?=[^.]+$)/);
  const file = `${stem}-${createHash("sha256").update(data).digest("hex").slice(0, 8).toUpperCase()}.${end}`;
  writeFileSync(join(assets, file), data);
  return file;
};

const fontDir = "node_modules/bootstrap-italia/dist/fonts/Titillium_Web";
const face = ([weight, name]) => {
  const file = hashed(`titillium-web-${weight}.woff2`, readFileSync(join(fontDir, `titillium-web-v10-latin-ext_latin-${name}.woff2`)));
  return `@font-face{font-family:"Titillium Web";font-weight:${weight};font-style:normal;font-display:swap;src:url(${file}) format("woff2")}`;
};
const fonts = [[400, "regular"], [600, "600"], [700, "700"]].map(face).join("");
hashed("titillium-web-licence.txt", readFileSync(join(fontDir, "OFL.txt")));

const [kit] = await new PurgeCSS().purge({
  content: ["src/**/*.tsx", "src/index.html", "../pages/*.html"],
  css: ["node_modules/bootstrap-italia/dist/css/bootstrap-italia.min.css"],
  variables: true, keyframes: true, fontFace: true,
});
const own = readFileSync("src/style.css", "utf8");
const { code } = await esbuild.transform(fonts + kit.css + own, { loader: "css", minify: true, legalComments: "none" });
const style = hashed("app.css", code);

// A screen loads the start, its own file, what these share with others, the style and the words of one language.
const size = (file) => gzipSync(readFileSync(join(assets, basename(file)))).length;
const outputs = scripts.metafile.outputs;
const entry = basename(Object.keys(outputs).find((name) => Object.keys(outputs[name].inputs).includes("src/main.tsx")));
const built = (source) => Object.keys(outputs).find((name) => outputs[name].entryPoint === source);
rmSync(built("src/main.tsx")); // it only names the file in which the build put what begins
const needs = (file, all) => needsOf(outputs, file, all);
const kb = (bytes) => (bytes / 1024).toFixed(1);
const sum = (files) => [...files].reduce((bytes, file) => bytes + size(file), 0);
const css = size(style) + size(warm), wordsFile = (name) => Object.keys(outputs).find((file) => Object.keys(outputs[file].inputs).includes(`words:${name}`));
const longest = (part = "") => Math.max(...languages.map((l) => size(wordsFile(l + part))));
const apart = { audit: ["/auditing"], table3: ["/auditing"], territory: ["/auditing"], following: ["/following"], home: ["/entering", "/preparing"], enter: ["/entering"], me: ["/entering"], initiative: ["/entering", "/preparing"] };
// The page, and one a screen and language which names at once all that it will need, so that nothing is asked for only when something else has come.
const escape = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;");
const page = (ahead) => readFileSync("src/index.html", "utf8")
  .replace("{warm}", `/assets/${warm}`).replace("{script}", `/assets/${entry}`).replace("{style}", `/assets/${style}`).replace("{icon}", `data:image/svg+xml,${encodeURIComponent(readFileSync("src/icon.svg", "utf8").trim())}`)
  .replace("{ahead}", ahead.map((file) => `\n<link rel="modulepreload" href="/assets/${basename(file)}">`).join(""))
  .replace("{no-script-it}", escape(wordsOf("it")["web/no-script"])).replace("{no-script-en}", escape(wordsOf("en")["web/no-script"]))
  .replace(/\{(unloaded(?:-again)?)-(it|en)\}/g, (_, key, language) => escape(wordsOf(language)[`web/${key}`]))
  .replace("{no-script-link-it}", escape(wordsOf("it")["web/no-script-link"])).replace("{no-script-link-en}", escape(wordsOf("en")["web/no-script-link"]));
const screens = readdirSync("src/screens").filter((file) => file.endsWith(".tsx")).map((file) => file.replace(".tsx", "")).sort();
const scriptsOf = (screen) => needs(built(`src/screens/${screen}.tsx`)); // with what begins, for all screens share it
writeFileSync(join(out, "index.html"), page([]));
for (const screen of screens) for (const language of languages) {
  const files = [...scriptsOf(screen), wordsFile(language), ...(apart[screen] ?? []).map((part) => wordsFile(language + part))];
  writeFileSync(join(out, `${screen}.${language}.html`), page(files.filter((file) => basename(file) !== entry)));
}

// Packed as well as can be, once, for browsers that take it; who takes gzip only is served by the program itself (embed.go).
for (const file of readdirSync(assets).filter((name) => /\.(css|js)$/.test(name))) {
  const data = readFileSync(join(assets, file));
  writeFileSync(join(assets, `${file}.br`), brotliCompressSync(data, { params: { [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT, [constants.BROTLI_PARAM_SIZE_HINT]: data.length } }));
}

console.log(`KB gzip: style ${kb(css)}, words ${kb(longest())} (${partsApart.map((p) => `${p} ${kb(longest(`/${p}`))}`).join(", ")})`);
let worst = 0;
for (const name of screens) {
  const script = sum(scriptsOf(name));
  const words = longest() + (apart[name] ?? []).reduce((bytes, part) => bytes + longest(part), 0), total = script + css + words;
  worst = Math.max(worst, total);
  console.log(`${name.padEnd(10)} script ${kb(script)} + style + words ${kb(words)} = ${kb(total)}`);
}
// Before a meeting whoever takes part prepares on the same page, with what that needs; and while it goes on, whoever facilitates writes a charter.
for (const [what, file, part] of [["preparing", "src/preparing/prepare.tsx", "/preparing"], ["charter", "src/deciding/wizard.tsx", "/charter"]]) {
  const files = needs(built(file), scriptsOf("session")), total = sum(files) + css + longest() + longest(part);
  console.log(`session with ${what}: ${kb(total)}`);
}
if (worst > screenMax) throw new Error(`a screen loads ${worst} bytes, more than ${screenMax}`);
