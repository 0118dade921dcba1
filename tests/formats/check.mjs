// Charts, cards, badges and the dashboard by the libraries that draw them: node check.mjs DASHBOARD FOLDER…

import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { JSDOM } from "jsdom";

const [dashboard, ...folders] = process.argv.slice(2);

// They look for a browser when they are loaded.
const { window } = new JSDOM("");
globalThis.window = window;
globalThis.document = window.document;
const { default: mermaid } = await import("mermaid");
// The bundle, because the modules leave the endings of files out.
const cards = createRequire(import.meta.url)("adaptivecards/dist/adaptivecards.js");
const { makeBadge } = await import("badge-maker");
const { parser: promql } = await import("@prometheus-io/lezer-promql");

const documents = folders.flatMap((folder) =>
  readdirSync(folder).map((name) => ({ name, kind: name.split(".").pop(), path: join(folder, name) })),
);
const failures = [];

// Judges each document of these kinds; a judge answers how many things it has judged.
async function judge(tool, what, kinds, judged) {
  let count = 0;
  const texts = documents.filter((one) => kinds.includes(one.kind));
  for (const { name, path } of texts) {
    try {
      count += await judged(readFileSync(path, "utf8"));
    } catch (error) {
      failures.push(`${name}: ${tool}: ${error.message}`);
    }
  }
  if (count === 0) failures.push(`${tool} has judged no ${what}`);
  console.log(`${count} ${what} of ${texts.length} documents: judged by ${tool}`);
}

function must(holds, message) {
  if (!holds) throw new Error(message);
}

async function charts(text) {
  const blocks = [...text.matchAll(/^ *```mermaid\n(.*?)^ *```$/gms)].map(([, code]) => code);
  for (const code of blocks) {
    const { diagramType } = await mermaid.parse(code);
    must(diagramType === "xychart", `a ${diagramType}`);
  }
  return blocks.length;
}

// Microsoft's own reader says what it does not know, and what is missing.
function card(text) {
  must(Buffer.byteLength(text) < 28 * 1024, "Teams takes 28 KB");
  const message = JSON.parse(text);
  must(message.type === "message" && message.attachments.length === 1, "no message with one card");
  const [{ contentType, content }] = message.attachments;
  must(contentType === CARD, contentType);
  const context = new cards.SerializationContext(cards.Versions.v1_4);
  const read = new cards.AdaptiveCard();
  read.parse(content, context);
  const found = new cards.ValidationResults();
  read.internalValidateProperties(found);
  const said = [...Array(context.eventCount).keys()].map((at) => context.getEventAt(at).message);
  said.push(...found.validationEvents.map((event) => event.message));
  must(said.length === 0, said.join("; "));
  must(read.getItemCount() === content.body.length, "an element is not known");
  return 1;
}

const CARD = "application/vnd.microsoft.card.adaptive";

function envelope(element) {
  const content = { type: "AdaptiveCard", version: "1.4", body: [element] };
  return JSON.stringify({ type: "message", attachments: [{ contentType: CARD, content }] });
}

// What shields.io makes of an endpoint.
function shield(text) {
  const { schemaVersion, label, message, color, ...more } = JSON.parse(text);
  must(schemaVersion === 1 && Object.keys(more).length === 0, "no endpoint of version 1");
  must(label && message && color, "something is empty");
  const svg = makeBadge({ label, message, color });
  must(svg.includes(`fill="#${color}"`), `no colour: ${color}`);
  return 1;
}

// Names and labels that OpenMetrics has, from text that its own parser has judged.
function written() {
  const known = new Map();
  for (const { path } of documents.filter((one) => one.kind === "openmetrics")) {
    for (const line of readFileSync(path, "utf8").split("\n")) {
      const name = /^[a-z]\w*/.exec(line)?.[0];
      if (!name) continue;
      const labels = known.get(name) ?? new Set();
      for (const [, label] of line.matchAll(/[{,](\w+)="(?:[^"\\]|\\.)*"/g)) labels.add(label);
      known.set(name, labels);
    }
  }
  return known;
}

// Whether it is PromQL, and asks for what is written.
function asks(query, known) {
  let name;
  promql.parse(query).iterate({
    enter: (node) => {
      const text = query.slice(node.from, node.to);
      must(!node.type.isError, `no PromQL: ${query}`);
      if (node.name === "VectorSelector") name = text.split("{")[0];
      if (node.name === "VectorSelector") must(known.has(name), `nothing writes ${name}`);
      if (node.name === "LabelName") must(known.get(name).has(text), `${name} has no label ${text}`);
    },
  });
}

function panels() {
  const known = written();
  const board = JSON.parse(readFileSync(dashboard, "utf8"));
  const variables = board.templating.list.filter((one) => one.type === "query");
  const asked = variables.map((one) => /^label_values\((.*), \w+\)$/.exec(one.query.query)[1]);
  asked.push(...board.panels.flatMap((panel) => (panel.targets ?? []).map((target) => target.expr)));
  for (const query of asked) asks(query, known);
  return asked.length;
}

// What each of them has to refuse, or it judges nothing.
const metrics = new Map([["fivekeys_x", new Set(["a"])]]);
for (const bad of [
  () => charts("```mermaid\nxychart-beta\n  bar [1,,2]\n```"),
  () => charts("```mermaid\nxychart-beta\n  x-axis [\"a]\n  bar [1]\n```"),
  () => charts("```mermaid\nflowchart\n  a\n```"),
  () => card(envelope({ type: "Sparkline" })),
  () => card(envelope({ type: "TextBlock", text: "x", size: "enormous" })),
  () => shield('{"schemaVersion":1,"label":"a","message":"b","color":"nocolour"}'),
  () => shield('{"schemaVersion":1,"label":"a","message":"b","color":"fff","more":1}'),
  () => asks("fivekeys_x{", metrics),
  () => asks("fivekeys_y", metrics),
  () => asks('fivekeys_x{b="c"}', metrics),
]) {
  // `async`, so that what is thrown at once is caught as well.
  const refused = await (async () => bad())().then(() => false, () => true);
  if (!refused) failures.push(`takes what is bad: ${bad}`);
}

await judge("mermaid", "charts", ["markdown", "summary", "comment"], charts);
await judge("adaptivecards", "cards", ["teams"], card);
await judge("badge-maker", "badges", ["shields"], shield);
try {
  console.log(`${panels()} queries of the dashboard: judged by lezer-promql`);
} catch (error) {
  failures.push(`dashboard: ${error.message}`);
}
for (const failure of failures) console.error(failure);
if (failures.length > 0) process.exit(1);
