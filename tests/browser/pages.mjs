// Makes the page of each story with the real program: node pages.mjs PROGRAM FOLDER [STORY…]

import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { NOW, STORIES } from "./stories.mjs";

export function makePages(program, folder, names = Object.keys(STORIES)) {
  mkdirSync(folder, { recursive: true });
  const home = mkdtempSync(join(tmpdir(), "fivekeys-pages-"));
  try {
    return names.map((name) => {
      const [history, days] = STORIES[name];
      const from = join(home, `${name}.json`);
      const path = join(folder, `${name}.html`);
      writeFileSync(from, JSON.stringify(history));
      const args = ["report", "--from", `history=${from}`, "--window", `${days}d`, "--format", "html"];
      const run = spawnSync(program, args, {
        cwd: home,
        env: { PATH: process.env.PATH, HOME: home, SOURCE_DATE_EPOCH: String(NOW / 1000) },
        maxBuffer: 64 << 20,
      });
      // 3: there is nothing to measure; the page says so too.
      if (run.status !== 0 && run.status !== 3) {
        throw new Error(`${name}: exit ${run.status}: ${run.stderr}${run.error ?? ""}`);
      }
      writeFileSync(path, run.stdout);
      return { name, path, bytes: readFileSync(path).length };
    });
  } finally {
    rmSync(home, { recursive: true });
  }
}

// The badges of a clone with one deployment, or with a few: some say a value and others that there is none.
export function makeBadges(program, folder) {
  mkdirSync(folder, { recursive: true });
  const home = mkdtempSync(join(tmpdir(), "fivekeys-badges-"));
  const run = (command, ...args) => {
    const env = { PATH: process.env.PATH, HOME: home, SOURCE_DATE_EPOCH: String(NOW / 1000) };
    const done = spawnSync(command, args, { cwd: home, env });
    if (done.status !== 0) throw new Error(`${command} ${args}: exit ${done.status}: ${done.stderr}${done.error ?? ""}`);
  };
  const one = ["-c", "user.name=Ann", "-c", "user.email=ann@acme.example", "commit", "--quiet", "--allow-empty", "-m", "One"];
  try {
    run("git", "init", "--quiet");
    run("git", ...one);
    return [1, 8].flatMap((deployments) => {
      for (let n = 0; n < deployments; n += 1) {
        const at = new Date(NOW - (n + 1) * 86_400e3).toISOString();
        run(program, "deploy", "--id", `d${n}`, "--at", at);
      }
      run(program, "report", "--compact");
      const from = join(home, ".dora", "badges");
      return readdirSync(from)
        .filter((name) => name.endsWith(".svg"))
        .map((name) => {
          const path = join(folder, `${deployments}-${name}`);
          copyFileSync(join(from, name), path);
          return { name: `${deployments}-${name}`, path };
        });
    });
  } finally {
    rmSync(home, { recursive: true });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [program, folder, ...names] = process.argv.slice(2);
  for (const made of makePages(program, folder, names.length ? names : undefined)) {
    console.log(`${made.name}: ${made.bytes} bytes`);
  }
}
