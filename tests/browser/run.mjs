// Opens the page of each story in Chromium as people do, on a phone and on a desk, light and dark, and on paper; badges too.
// Nothing may be written to the console, asked of the network or stick out to the side, and axe may find nothing.
//
// node run.mjs PROGRAM [FOLDER]: FOLDER keeps the pages, a screenshot of each view and the PDFs.

import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import { makeBadges, makePages } from "./pages.mjs";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const WIDTHS = { phone: 390, desk: 1280 };
const LONGEST = 300_000;
// A busy machine is not a failure.
const PATIENCE = 180_000;
// Stories whose tables are judged too; those of the others are the same, and axe takes long over them.
const UNFOLDED = ["typical", "hostile"];

const [program, kept] = process.argv.slice(2);
const folder = kept ?? mkdtempSync(join(tmpdir(), "fivekeys-browser-"));
const failures = [];
const fail = (where, what) => failures.push(`${where}: ${what}`);

// What axe finds, a line each.
async function judged(page) {
  await page.addScriptTag({ path: AXE });
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  return violations.flatMap((v) => v.nodes.map((n) => `axe ${v.id}: ${v.help}: ${n.target} ${n.html.slice(0, 120)}`));
}

// What sticks out to the side of the page, or of a chart's frame.
function sticksOut() {
  const root = document.documentElement;
  const wide = root.scrollWidth > root.clientWidth ? [`the page is ${root.scrollWidth} wide`] : [];
  const cut = [...document.querySelectorAll("figure svg text")]
    .filter((text) => {
      const own = text.getBoundingClientRect();
      const frame = text.closest("figure").getBoundingClientRect();
      return own.width > 0 && (own.left < frame.left || own.right > frame.right);
    })
    .map((text) => `a label leaves its frame: ${text.textContent}`);
  return wide.concat(cut);
}

// Labels of one axis that lie on each other.
function overlap() {
  return [...document.querySelectorAll("figure .chart")].flatMap((chart) => {
    const boxes = [...chart.querySelectorAll(".at")].map((text) => [text.textContent, text.getBoundingClientRect()]);
    return boxes.slice(1).flatMap(([text, box], at) => {
      const [before, left] = boxes[at];
      return box.top === left.top && box.left < left.right ? [`labels overlap: ${before} and ${text}`] : [];
    });
  });
}

async function view(browser, { name, path }, [device, width], colorScheme) {
  const where = `${name}, ${device}, ${colorScheme}`;
  // axe comes in as a script; the page's own policy allows none, which `requests` and the console watch without it.
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme, bypassCSP: true });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  page.on("console", (said) => fail(where, `console: ${said.text()}`));
  page.on("pageerror", (error) => fail(where, `error: ${error}`));
  page.on("request", (asked) => asked.url().startsWith("file:") || fail(where, `asks for ${asked.url()}`));
  await page.goto(pathToFileURL(path).href);
  for (const found of await page.evaluate(sticksOut)) fail(where, found);
  for (const found of await page.evaluate(overlap)) fail(where, found);
  if (kept) await page.screenshot({ path: join(folder, `${name}-${device}-${colorScheme}.png`), fullPage: true });
  for (const found of await judged(page)) fail(where, found);
  await page.evaluate(() => document.querySelectorAll("details").forEach((each) => (each.open = true)));
  if (UNFOLDED.includes(name) && device === "desk") {
    for (const found of await judged(page)) fail(where, `unfolded: ${found}`);
  }
  for (const found of await page.evaluate(sticksOut)) fail(where, `unfolded: ${found}`);
  if (device === "desk") for (const found of await pointedAt(page)) fail(where, found);
  // A sheet of A4 between its margins.
  await page.emulateMedia({ media: "print" });
  await page.setViewportSize({ width: 703, height: 1000 });
  for (const found of await page.evaluate(overlap)) fail(where, `printed: ${found}`);
  await context.close();
}

// What a part of a chart says of itself, by the mouse or by the keyboard; nothing while nobody asks.
const said = (page, part) =>
  part.evaluate((input) => getComputedStyle(input, "::after").content.replace(/^"|"$/g, "").replaceAll('\\"', '"'));

// Whether every chart says the value of a part that is pointed at, and steps on with the arrow keys.
async function pointedAt(page) {
  const found = [];
  const charts = page.locator(".pick");
  for (let at = 0; at < (await charts.count()); at += 1) {
    const name = await charts.nth(at).getAttribute("aria-label");
    const parts = charts.nth(at).locator("input");
    const before = await said(page, parts.first());
    await parts.first().hover();
    const words = await parts.first().getAttribute("aria-label");
    if (before !== "none" || (await said(page, parts.first())) !== words) {
      found.push(`${name}: a part that is pointed at does not say its value`);
    }
    if ((await parts.count()) < 2) continue;
    await parts.first().focus();
    await page.keyboard.press("ArrowRight");
    const next = parts.nth(1);
    if ((await said(page, next)) !== (await next.getAttribute("aria-label"))) {
      found.push(`${name}: the arrow keys do not step to the next value`);
    }
  }
  return found;
}

// By its own policy, without scripts: the first stop of the keyboard is the way past the header, and it prints.
async function paperAndKeyboard(browser, { name, path, bytes }) {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  page.on("console", (said) => fail(name, `console: ${said.text()}`));
  await page.goto(pathToFileURL(path).href);
  await page.keyboard.press("Tab");
  if (!(await page.locator(".skip").isVisible())) fail(name, "the first stop is not the skip link");
  const pdf = await page.pdf({ format: "A4" });
  if (pdf.subarray(0, 5).toString() !== "%PDF-" || pdf.length < 5000) fail(name, "no PDF");
  if (kept) writeFileSync(join(folder, `${name}.pdf`), pdf);
  if (bytes >= LONGEST) fail(name, `${bytes} bytes`);
  await context.close();
}

// What is wrong with a badge that is open by itself: no title, or words that do not fit where they stand.
function misdrawn() {
  const root = document.documentElement;
  const found = [];
  if (!root.querySelector("title")?.textContent) found.push("no title");
  const places = [...root.querySelectorAll("rect.l, rect.m")].map((rect) => rect.getBoundingClientRect());
  [...root.querySelectorAll("text")].forEach((text, at) => {
    const [own, place] = [text.getBoundingClientRect(), places[at]];
    if (own.left < place.left + 3 || own.right > place.right - 3) found.push(`does not fit: ${text.textContent}`);
    // Stretched or pressed by more than a sixth, letters look wrong.
    const natural = text.cloneNode(true);
    natural.removeAttribute("textLength");
    text.parentNode.append(natural);
    const stretch = own.width / natural.getBoundingClientRect().width;
    natural.remove();
    if (stretch < 5 / 6 || stretch > 7 / 6) found.push(`stretched by ${stretch.toFixed(2)}: ${text.textContent}`);
  });
  return found;
}

// Each badge alone, and all of them once as they stand in a page, for axe.
async function showBadges(browser, badges, colorScheme) {
  const context = await browser.newContext({ colorScheme });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  let where = colorScheme;
  page.on("console", (said) => fail(where, `console: ${said.text()}`));
  page.on("request", (asked) => asked.url().startsWith("file:") || fail(where, `asks for ${asked.url()}`));
  for (const { name, path } of badges) {
    where = `${name}, ${colorScheme}`;
    await page.goto(pathToFileURL(path).href);
    for (const found of await page.evaluate(misdrawn)) fail(where, found);
    if (kept) await page.screenshot({ path: join(folder, `${name}-${colorScheme}.png`) });
  }
  where = `badges, ${colorScheme}`;
  const drawn = badges.map(({ path }) => `<p>${readFileSync(path)}</p>`);
  await page.goto("about:blank");
  await page.setContent(`<!doctype html><html lang="en"><title>Badges</title><main><h1>Badges</h1>${drawn.join("")}</main>`);
  for (const found of await judged(page)) fail(where, found);
  await context.close();
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"],
});
try {
  const pages = makePages(program, folder);
  for (const made of pages) {
    for (const width of Object.entries(WIDTHS)) {
      for (const scheme of ["light", "dark"]) await view(browser, made, width, scheme);
    }
    await paperAndKeyboard(browser, made);
    console.log(`${made.name}: ${statSync(made.path).size} bytes`);
  }
  const badges = makeBadges(program, join(folder, "badges"));
  for (const scheme of ["light", "dark"]) await showBadges(browser, badges, scheme);
  console.log(`${badges.length} badges`);
} finally {
  await browser.close();
  if (!kept) rmSync(folder, { recursive: true });
}
for (const failure of new Set(failures)) console.error(failure);
if (failures.length > 0) process.exit(1);
console.log("every page is fine");
