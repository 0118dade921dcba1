// Makes every text that the program writes of each story, and of a clone: node make.mjs PROGRAM FOLDER
//
// The ending of a file is its kind, which says who judges it: check.mjs, check.py, or the SDK of CDEvents.

import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { HOSTILE, NOW, STORIES, fifty, team } from "../browser/stories.mjs";

// What a format of `report`, a place of `digest` or a format of `explain` is.
const REPORT = {
  terminal: "terminal",
  markdown: "markdown",
  html: "html",
  digest: "markdown",
  json: "report",
  csv: "csv",
  "csv-deployments": "csv",
  "csv-changes": "csv",
  "csv-incidents": "csv",
  openmetrics: "openmetrics",
  prometheus: "prometheus",
  otlp: "otlp",
  cdevents: "cdevents",
};
const DIGEST = { markdown: "markdown", slack: "slack", teams: "teams", discord: "discord", json: "webhook" };
const EXPLAIN = { terminal: "terminal", markdown: "markdown", json: "explanation" };
// One run writes two formats: these by their ending.
const ENDINGS = { json: "json", csv: "csv", markdown: "md", html: "html", terminal: "txt" };
// Long to compute; quicker ones of the same shape stand in for them, and a browser judges their pages.
const LEFT_OUT = ["fifty-services", "ten-thousand", "two-years"];
const INSTEAD = {
  "fifty-services-soon": [team({ days: 40, perDay: 6, services: fifty }), 30],
  "two-slow-years": [team({ days: 730, perDay: 0.4, failing: 0.2 }), 730],
};
const HOUR = 3600e3;
const DAY = 24 * HOUR;

const [program, folder] = process.argv.slice(2);
const home = mkdtempSync(join(tmpdir(), "fivekeys-formats-"));
const clone = join(home, "shop");
const run = promisify(execFile);

const vars = (at) => ({ PATH: process.env.PATH, HOME: home, SOURCE_DATE_EPOCH: String(at / 1000) });
const save = (name, text) => writeFileSync(join(folder, name), text);

// What the program prints; 3 says that there is nothing to measure, which is a text too.
async function told(args, { cwd = home, at = NOW } = {}) {
  try {
    return (await run(program, args, { cwd, env: vars(at), maxBuffer: 1 << 28 })).stdout;
  } catch (error) {
    if (error.code === 3) return error.stdout;
    throw new Error(`${args.join(" ")}: ${error.stderr || error}`);
  }
}

// Whatever the program offers, somebody has to judge.
async function offered(args, judged) {
  const said = await run(program, [...args, "?"], { cwd: home }).catch((error) => error.stderr);
  const names = /\[possible values: (.*)\]/.exec(said)[1].split(", ");
  for (const name of names) if (!judged[name]) throw new Error(`${args[0]}: nobody judges ${name}`);
  return names;
}

// All formats of a report: each run prints one, and exports another.
function reports(name, formats, args, where) {
  const exported = formats.filter((format) => ENDINGS[format]);
  const printed = formats.filter((format) => !ENDINGS[format]);
  while (printed.length < exported.length) printed.push(exported.pop());
  return printed.map((format, at) => async () => {
    const other = exported[at];
    const path = other && join(home, `${name}.${other}.${ENDINGS[other]}`);
    const more = other ? ["--export", path] : [];
    save(`${name}.${format}.${REPORT[format]}`, await told(["report", ...args, "--format", format, ...more], where));
    if (other) save(`${name}.${other}.${REPORT[other]}`, readFileSync(path));
  });
}

function digests(name, places, args, where) {
  return places.map((to) => async () =>
    save(`${name}.digest-${to}.${DIGEST[to]}`, await told(["digest", ...args, "--to", to], where)),
  );
}

// A repository with a name, tags, deployments and an incident that people recorded, and what a report keeps.
async function makeClone() {
  mkdirSync(join(clone, ".github"), { recursive: true });
  let at = NOW - 80 * DAY;
  const who = ["-c", "user.name=Acme", "-c", "user.email=dev@acme.example"];
  const git = (...args) => {
    const date = `${at / 1000} +0000`;
    const env = { ...vars(at), GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date };
    return run("git", [...who, ...args], { cwd: clone, env });
  };
  await git("init", "--quiet", "--initial-branch=main");
  await git("remote", "add", "origin", "https://github.com/acme/shop.git");
  for (let version = 0; version < 12; version += 1) {
    for (const part of ["api", HOSTILE, "(#7)"]) {
      at += 5 * HOUR;
      await git("commit", "--quiet", "--allow-empty", "-m", `Change ${version} of ${part}`);
    }
    at += 2 * HOUR;
    await git("tag", `v1.${version}.0`);
    at += 5 * DAY;
  }
  const promised = ["change_lead_time.p50 <= 12h", "change_fail_rate <= 15%", "deployment_frequency >= 1/week"];
  writeFileSync(join(clone, ".github", "fivekeys.yml"), JSON.stringify({ targets: promised }));
  const record = (hours, ...args) => told(args, { cwd: clone, at: at + hours * HOUR });
  await record(0, "deploy", "--id", "first", "--service", HOSTILE, "--label", HOSTILE);
  await record(1, "incident", "open", HOSTILE, "--id", "down", "--service", HOSTILE, "--caused-by", "first");
  await record(2, "deploy", "--id", "next", "--service", "api");
  await record(3, "incident", "resolve", "down", "--fixed-by", "next");
}

// What `report` keeps beside the ledger.
async function kept() {
  await told(["report"], { cwd: clone });
  const path = join(clone, ".dora");
  for (const name of readdirSync(join(path, "badges"))) {
    const kind = name.endsWith(".svg") ? "svg" : "shields";
    save(`clone.${name}.${kind}`, readFileSync(join(path, "badges", name)));
  }
  save("clone.readme.markdown", readFileSync(join(path, "README.md")));
  save("clone.metrics.report", readFileSync(join(path, "metrics.json")));
  save("clone.dashboard.html", readFileSync(join(path, "dashboard", "index.html")));
}

mkdirSync(folder, { recursive: true });
try {
  const formats = await offered(["report", "--format"], REPORT);
  const places = await offered(["digest", "--to"], DIGEST);
  const words = await offered(["explain", "--format"], EXPLAIN);
  const stories = { ...STORIES, ...INSTEAD };
  for (const name of LEFT_OUT) delete stories[name];
  const work = [];
  for (const [name, [history, days]] of Object.entries(stories)) {
    const path = join(home, `${name}.json`);
    writeFileSync(path, JSON.stringify(history));
    const from = ["--from", `history=${path}`];
    work.push(...reports(name, formats, [...from, "--window", `${days}d`]));
    work.push(...digests(name, places, from));
    if (!INSTEAD[name]) work.push(...reports(`${name}-quarter`, ["html", "csv", "digest"], [...from, "--quarter", "2026Q1"]));
    if (name !== "hostile") continue;
    work.push(...digests(`${name}-month`, places, [...from, "--monthly"]));
    for (const [at, figure] of ["change_lead_time", "change_fail_rate", `0${HOSTILE}`].entries()) {
      for (const format of words) {
        const args = ["explain", figure, ...from, "--window", `${days}d`, "--format", format];
        work.push(async () => save(`${name}-${at}.explain-${format}.${EXPLAIN[format]}`, await told(args)));
      }
    }
  }
  await makeClone();
  work.push(...reports("clone", formats, ["--window", "60d"], { cwd: clone }));
  work.push(...digests("clone", places, [], { cwd: clone }), kept);
  const left = work.values();
  const hands = Array.from({ length: availableParallelism() }, async () => {
    for (const one of left) await one();
  });
  await Promise.all(hands);
} finally {
  rmSync(home, { recursive: true });
}
console.log(`${readdirSync(folder).length} documents of the stories and of a clone`);
