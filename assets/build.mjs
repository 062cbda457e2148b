// Builds everything under static/ that comes from npm packages: the stylesheet, Inter, the icon sprite.
//   node assets/build.mjs            writes into static/
//   node assets/build.mjs --check    writes into a temporary folder and fails when static/ differs
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const checking = process.argv.includes("--check");
const out = checking ? mkdtempSync(join(tmpdir(), "ruche-assets-")) : join(root, "static");
const from = (...parts) => join(root, "node_modules", ...parts);

const FONTS = {
  "fonts/inter-latin.woff2": "inter-latin-wght-normal.woff2",
  "fonts/inter-latin-ext.woff2": "inter-latin-ext-wght-normal.woff2",
};

function stylesheet() {
  const target = join(out, "css/ruche.css");
  execFileSync(
    process.execPath,
    [from("@tailwindcss/cli/dist/index.mjs"), "-i", join(root, "assets/css/ruche.css"), "-o", target, "--minify"],
    { cwd: root, stdio: ["ignore", "ignore", "pipe"] },
  );
  return ["css/ruche.css"];
}

function fonts() {
  for (const [target, source] of Object.entries(FONTS)) {
    copyFileSync(from("@fontsource-variable/inter/files", source), join(out, target));
  }
  return Object.keys(FONTS);
}

function listedIcons() {
  const lines = readFileSync(join(root, "assets/icons.txt"), "utf8").split("\n");
  return [...new Set(lines.map((line) => line.replace(/#.*/, "").trim()).filter(Boolean))].sort();
}

function symbol(name) {
  const svg = readFileSync(from("lucide-static/icons", `${name}.svg`), "utf8");
  const inner = svg.replace(/<!--[\s\S]*?-->/g, "").replace(/^[\s\S]*?<svg[^>]*>/, "").replace(/<\/svg>\s*$/, "");
  return `<symbol id="${name}" viewBox="0 0 24 24">${inner.replace(/\s*\n\s*/g, "")}</symbol>`;
}

function icons() {
  const license = "<!-- Lucide, ISC license: see static/vendor/LICENSES.md -->";
  const symbols = listedIcons().map(symbol).join("\n");
  writeFileSync(join(out, "icons/lucide.svg"), `${license}\n<svg xmlns="http://www.w3.org/2000/svg">\n${symbols}\n</svg>\n`);
  return ["icons/lucide.svg"];
}

// An icon that a template names and the sprite lacks would be an invisible hole on the page.
function missingIcons() {
  const known = new Set(listedIcons());
  const templates = readdirSync(join(root, "templates"), { recursive: true }).filter((name) => name.endsWith(".html"));
  const missing = [];
  for (const name of templates) {
    const text = readFileSync(join(root, "templates", name), "utf8").replace(/\{% comment %\}[\s\S]*?\{% endcomment %\}/g, "");
    for (const [, icon] of text.matchAll(/(?:\{%\s*icon\s+|\bicon(?:_name)?=)"([a-z0-9-]+)"/g)) {
      if (!known.has(icon)) missing.push(`${name}: ${icon}`);
    }
  }
  return missing;
}

for (const folder of ["css", "fonts", "icons"]) mkdirSync(join(out, folder), { recursive: true });
const built = [...fonts(), ...icons(), ...stylesheet()];
const problems = missingIcons().map((line) => `icon not listed in assets/icons.txt: ${line}`);

if (checking) {
  for (const name of built) {
    const same = readFileSync(join(out, name)).equals(readFileSync(join(root, "static", name)));
    if (!same) problems.push(`static/${name} is not current: run "npm run build" and commit it`);
  }
  rmSync(out, { recursive: true });
}
if (problems.length) {
  console.error(problems.join("\n"));
  process.exit(1);
}
console.log(checking ? "Assets are current." : `Built: ${built.join(", ")}`);
