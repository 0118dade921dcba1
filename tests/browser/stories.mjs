// Histories that the page is looked at with: the same ones at every run, as files of the `history` adapter.

export const NOW = Date.UTC(2026, 2, 30);
const HOUR = 3600e3;
const DAY = 24 * HOUR;

// Markup, a mention, a right-to-left override, a terminal escape, and no place to break a line.
const HOSTILE = `"><script>alert(1)</script><b onload=x>'&amp; @acme #1 \u202e\u001b[31m ${"w".repeat(300)}`;

// Numbers that look random and never change.
function dice(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const iso = (at) => new Date(at).toISOString();
const weekend = (at) => [0, 6].includes(new Date(at).getUTCDay());

// A team that deploys in working hours and, from the middle of the history on, reviews sooner.
function team({ days, perDay, services = [""], failing = 0.05, lasting = 2, openFailures = 0, agents = 0, seed = 7 }) {
  const roll = dice(seed);
  const spread = (middle) => middle * Math.exp((roll() + roll() + roll() - 1.5) * 1.6);
  const from = NOW - days * DAY;
  const out = { history_since: iso(from), deployments: [], pulls: [], incidents: [] };
  let number = 0;
  const workdays = [...Array(days).keys()].map((d) => from + d * DAY).filter((at) => !weekend(at));
  const each = (perDay * days) / workdays.length;
  let due = 0;
  for (const day of workdays) {
    const later = day > NOW - days * DAY * 0.5;
    for (due += each; due >= 1; due -= 1) {
      const finished = day + 8 * HOUR + roll() * 9 * HOUR;
      const id = `d${out.deployments.length}`;
      const service = services[out.deployments.length % services.length];
      const merged = [];
      for (let left = 1 + Math.floor(roll() * roll() * 14); left > 0; left -= 1) {
        number += 1;
        const mergedAt = finished - spread(0.8) * HOUR;
        const approved = mergedAt - spread(0.3) * HOUR;
        const reviewed = approved - spread(2) * HOUR;
        const created = reviewed - spread(later ? 3 : 9) * HOUR;
        // Agents begin less before the pull request, and write more.
        const ai = agents > 0 ? number % 10 < agents * 10 : undefined;
        out.pulls.push({
          number,
          author: roll() < 0.1 ? "dependabot[bot]" : "acme-dev",
          created_at: iso(created),
          first_review_at: iso(reviewed),
          approved_at: [iso(approved)],
          merged_at: iso(mergedAt),
          ai,
          lines: Math.ceil(spread(ai ? 140 : 60)),
          commits: [{ sha: `c${number}`, authored_at: iso(created - spread(ai ? 2 : 5) * HOUR) }],
        });
        merged.push(number);
      }
      out.deployments.push({
        id,
        ...(service && { component: service }),
        environment: "production",
        status: roll() < 0.04 ? "failure" : "success",
        started_at: iso(finished - spread(0.2) * HOUR),
        finished_at: iso(finished),
        sha: id.padStart(40, "a").replace("d", "e"),
        merged_pulls: merged,
      });
      if (roll() < failing * (1 + merged.length / 6)) {
        const opened = finished + spread(0.4) * HOUR;
        const resolved = opened + spread(lasting) * HOUR;
        out.incidents.push({
          id: `i${out.incidents.length}`,
          opened_at: iso(opened),
          resolved_at: resolved < NOW ? iso(resolved) : null,
          deployment: id,
        });
      }
    }
  }
  for (const incident of out.incidents.slice(-openFailures || Infinity)) {
    incident.resolved_at = null;
  }
  out.deployments = out.deployments.filter((d) => Date.parse(d.finished_at) < NOW);
  return out;
}

function one() {
  const full = team({ days: 30, perDay: 1 });
  const deployments = full.deployments.filter((d) => d.status === "success").slice(-1);
  return { history_since: deployments[0].started_at, deployments, pulls: [], incidents: [] };
}

function hostile() {
  const full = team({ days: 90, perDay: 2, services: [HOSTILE, `b ${HOSTILE}`], failing: 0.2, openFailures: 1 });
  const names = new Map(full.deployments.map((d, at) => [d.id, `${at}${HOSTILE}`]));
  for (const deployment of full.deployments) {
    deployment.id = names.get(deployment.id);
    deployment.sha = HOSTILE;
  }
  full.incidents.forEach((incident, at) => {
    incident.id = `${at}${HOSTILE}`;
    incident.title = HOSTILE;
    incident.deployment = names.get(incident.deployment);
  });
  return full;
}

const fifty = [...Array(50).keys()].map((n) => `service-${String(n).padStart(2, "0")}`);

// NAME: the history, and the length of the window in days.
export const STORIES = {
  empty: [{ deployments: [] }, 90],
  one: [one(), 90],
  typical: [team({ days: 180, perDay: 2.4, agents: 0.2 }), 90],
  failing: [team({ days: 180, perDay: 5, failing: 0.45, lasting: 30, openFailures: 5 }), 90],
  "fifty-services": [team({ days: 180, perDay: 20, services: fifty }), 90],
  "ten-thousand": [team({ days: 365, perDay: 28, failing: 0.03 }), 365],
  "two-years": [team({ days: 730, perDay: 20, failing: 0.03, agents: 0.3 }), 730],
  hostile: [hostile(), 90],
};

// For those who tell stories of their own.
export { HOSTILE, fifty, team };
