// Makes one HTML file of src/: script, style and licences are in it, and the place of the data is marked.
// node bundle.mjs OUTPUT
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = dirname(fileURLToPath(import.meta.url));
const output = process.argv[2];

const result = await build({
  absWorkingDir: root,
  entryPoints: { page: "src/main.js", style: "src/style.css" },
  outdir: "out",
  bundle: true,
  minify: true,
  charset: "ascii",
  format: "iife",
  target: ["chrome123", "firefox120", "safari17.5"],
  legalComments: "none",
  metafile: true,
  write: false,
});

const bundled = (ending) => result.outputFiles.find((file) => file.path.endsWith(ending)).text;
const script = bundled("page.js");
const style = bundled("style.css");

/** The packages that the bundle has code of, with what their licences say. */
function licences() {
  const names = new Set();
  for (const input of Object.keys(result.metafile.inputs)) {
    const found = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input);
    if (found) names.add(found[1]);
  }
  return [...names].sort().map((name) => {
    const folder = join(root, "node_modules", name);
    const { version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const file = readdirSync(folder).find((each) => /^(licen[cs]e|copying)/i.test(each));
    if (file === undefined) throw new Error(`${name} has no licence file`);
    return `${name} ${version} (${license})\n\n${readFileSync(join(folder, file), "utf8").trim()}\n`;
  });
}

const hash = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
// Nothing is loaded, and no script runs but this one: not even if a name of the target became markup.
const policy = [
  "default-src 'none'",
  `script-src ${hash(script)}`,
  "style-src 'unsafe-inline'",
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

if (/<\/script|<!--/i.test(script) || /<\/style/i.test(style)) {
  throw new Error("the bundle would end its own element");
}
const escaped = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;");
const parts = {
  POLICY: policy,
  STYLE: style,
  SCRIPT: script,
  LICENCES: escaped(licences().join(`\n${"-".repeat(72)}\n\n`)),
};
const page = readFileSync(join(root, "src/page.html"), "utf8").replace(
  /@PARKED_(POLICY|STYLE|SCRIPT|LICENCES)@/g,
  (_, name) => parts[name],
);
writeFileSync(`${output}.new`, page);
renameSync(`${output}.new`, output);
