//! The recipes of `docs/recipes.md`, played: their configuration, their inputs and their permissions, and what is
//! then counted.

use serde_json::{Value as Json, json};
use serde_yaml::Value;

use super::{each, is_green, metrics};
use crate::docs::{fenced, read};
use crate::world::{Runner, World, sha};

/// One workflow of a section with the configuration that the section shows.
struct Recipe {
    config: Option<String>,
    job: Value,
}

impl Recipe {
    /// The workflow at this place of a section, from 0, and the section's configuration at the other place.
    fn of(heading: &str, workflow: usize, config: Option<usize>) -> Self {
        let page = read("docs/recipes.md");
        let begin = format!("\n## {heading}\n");
        let (_, section) = page
            .split_once(&begin)
            .unwrap_or_else(|| panic!("{heading}"));
        let section = section.split("\n## ").next().unwrap();
        let blocks = fenced(section, "yaml");
        let parsed = |text: &String| serde_yaml::from_str::<Value>(text).unwrap();
        let is_workflow = |text: &&String| parsed(text).get("jobs").is_some();
        let (workflows, configs): (Vec<_>, Vec<_>) = blocks.iter().partition(is_workflow);
        let jobs = parsed(workflows[workflow]);
        Self {
            config: config.map(|at| configs[at].clone()),
            job: jobs["jobs"]["dora"].clone(),
        }
    }

    /// A world of five commits, with the permissions of the job.
    fn world(&self) -> World {
        let world = World::new().at("2026-03-02T10:00:00Z");
        let mut github = world.github();
        for n in 1..=5 {
            github.commit(&format!("c{n}"), &format!("2026-02-0{n}T09:00:00Z"));
        }
        if let Some(config) = &self.config {
            github.file(".github/fivekeys.yml", config);
        }
        let permissions = self.job["permissions"].as_mapping().unwrap();
        let written = |(scope, level): (&Value, &Value)| {
            format!("{}: {}", scope.as_str().unwrap(), level.as_str().unwrap())
        };
        let granted: Vec<String> = permissions.iter().map(written).collect();
        let granted: Vec<&str> = granted.iter().map(String::as_str).collect();
        github.permissions(&granted);
        drop(github);
        world
    }

    /// The run of the job: run 900 of the last commit, whose deploy went well.
    fn runner<'w>(&self, world: &'w World) -> Runner<'w> {
        let mut runner = Runner::new(world).run_id(900).sha("c5");
        let with = self.job["steps"][0].get("with");
        for (input, value) in with.and_then(Value::as_mapping).into_iter().flatten() {
            let value = value.as_str().unwrap();
            let value = match value {
                "${{ github.event.client_payload.id }}" => "argo-42".to_owned(),
                "${{ github.event.client_payload.sha }}" => sha("c4"),
                "${{ github.event.client_payload.service }}" => "api".to_owned(),
                "${{ github.event.client_payload.status }}" => "success".to_owned(),
                needs if needs.starts_with("${{ needs.") => "success".to_owned(),
                plain => {
                    assert!(!plain.contains("${{"), "{plain}");
                    plain.to_owned()
                }
            };
            runner = runner.input(input.as_str().unwrap(), &value);
        }
        runner
    }
}

/// What is counted: source, service and commit of each deployment that took effect.
fn counted(run: &Runner<'_>) -> Vec<String> {
    let done = run.run();
    is_green(&done);
    assert_eq!(done.said("warning"), Vec::<&str>::new());
    let report = metrics(&done);
    let all = report["deployments"].as_array().unwrap();
    let took_effect = all.iter().filter(|d| d["outcome"] == "success");
    took_effect
        .map(|d| {
            let kind = d["id"].as_str().unwrap().split(':').next().unwrap();
            let service = d["service"].as_str().unwrap_or("-");
            let revision = d["revision"].as_str().unwrap();
            let label = (1..=5).map(|n| format!("c{n}"));
            let label = label.into_iter().find(|label| sha(label) == revision);
            let label = label.unwrap_or_else(|| revision.to_owned());
            format!("{kind} {service} {label}")
        })
        .collect()
}

/// A deployment that a job recorded, an hour before now or on its own day.
fn deployed(world: &World, environment: &str, label: &str, run: u64) {
    let day = if label == "c5" {
        "2026-03-02".to_owned()
    } else {
        label.replace('c', "2026-02-0")
    };
    let at = |minute: u32| format!("{day}T09:{minute}:00Z");
    let ended = [("success", at(55))];
    let ended: Vec<(&str, &str)> = ended.iter().map(|(s, at)| (*s, at.as_str())).collect();
    world
        .github()
        .deploy_with(environment, label, &at(50), &ended, |deploy| {
            deploy.run(run, 1)
        });
}

#[test]
fn a_job_with_an_environment() {
    let same = [
        ("A job with an environment", 0),
        ("A matrix", 0),
        ("A reusable workflow", 0),
        ("Releases", 1),
    ];
    each(same, |(heading, workflow)| {
        let recipe = Recipe::of(heading, workflow, None);
        let world = recipe.world();
        deployed(&world, "production", "c2", 98);
        // The parts of a matrix are one deployment.
        deployed(&world, "production", "c5", 900);
        deployed(&world, "production", "c5", 900);
        let found = counted(&recipe.runner(&world));
        assert_eq!(found, ["dep - c2", "dep - c5"], "{heading}");
    });
    let recipe = Recipe::of("Several environments", 0, None);
    let world = recipe.world();
    deployed(&world, "test", "c5", 900);
    deployed(&world, "prod", "c5", 900);
    assert_eq!(counted(&recipe.runner(&world)), ["dep - c5"]);
    let recipe = Recipe::of("GitHub Pages", 0, Some(0));
    let world = recipe.world();
    deployed(&world, "github-pages", "c5", 900);
    assert_eq!(counted(&recipe.runner(&world)), ["dep - c5"]);
}

#[test]
fn a_job_without_an_environment() {
    for (heading, workflow) in [
        ("A job without an environment", 0),
        ("A reusable workflow", 0),
        ("Several environments", 1),
    ] {
        let recipe = Recipe::of(heading, workflow, None);
        let world = recipe.world();
        assert_eq!(counted(&recipe.runner(&world)), ["run - c5"], "{heading}");
    }
}

#[test]
fn a_workflow_that_the_configuration_names() {
    for (heading, config, file, job) in [
        ("A job without an environment", 0, "deploy.yml", "deploy"),
        (
            "A reusable workflow",
            0,
            "deploy-production.yml",
            "deploy / ship (api)",
        ),
    ] {
        let recipe = Recipe::of(heading, 0, Some(config));
        let world = recipe.world();
        for (id, label, day) in [(501, "c2", "2026-02-10"), (900, "c5", "2026-03-02")] {
            let jobs = [(job, 1, "09:01", "09:10", "success")];
            let at = format!("{day}T09:00:00Z");
            world.github().ran(id, file, label, &at, "success", &jobs);
        }
        let found = counted(&recipe.runner(&world));
        assert_eq!(found, ["run - c2", "run - c5"], "{heading}");
    }
}

#[test]
fn services_by_environment_and_by_input() {
    let recipe = Recipe::of("A matrix", 1, Some(0));
    let world = recipe.world();
    deployed(&world, "production-server", "c5", 900);
    deployed(&world, "production-frontend", "c5", 900);
    let mut found = counted(&recipe.runner(&world));
    found.sort();
    assert_eq!(found, ["dep frontend c5", "dep server c5"]);
    let recipe = Recipe::of("A matrix", 1, Some(1));
    let world = recipe.world();
    let jobs = [
        ("deploy (server)", 1, "09:41", "09:48", "success"),
        ("deploy (frontend)", 1, "09:41", "09:49", "success"),
    ];
    world
        .github()
        .ran(900, "deploy.yml", "c5", "2026-03-02T09:40:00Z", "", &jobs);
    let mut found = counted(&recipe.runner(&world).input("status", ""));
    found.sort();
    assert_eq!(found, ["run frontend c5", "run server c5"]);
    let recipe = Recipe::of("A monorepo", 0, Some(0));
    let world = recipe.world();
    deployed(&world, "production", "c5", 900);
    assert_eq!(counted(&recipe.runner(&world)), ["dep api c5"]);
}

/// The payload of a run of another workflow on this commit, which is on GitHub from now on.
fn after(world: &World, file: &str, label: &str) -> Json {
    let at = "2026-03-02T09:40:00Z";
    world.github().ran(77, file, label, at, "success", &[]);
    let mut run = world.github().runs.last().unwrap().body.clone();
    run["head_branch"] = json!("main");
    json!({ "action": "completed", "workflow_run": run })
}

#[test]
fn a_workflow_that_another_one_started() {
    let recipe = Recipe::of("A deploy after CI", 0, None);
    let world = recipe.world();
    let payload = after(&world, "ci.yml", "c5");
    deployed(&world, "production", "c5", 900);
    let run = recipe.runner(&world).event("workflow_run").payload(payload);
    assert_eq!(counted(&run), ["dep - c5"]);
    // Without an environment it is known by the run of CI, and names the commit that was tested.
    let world = recipe.world();
    let payload = after(&world, "ci.yml", "c4");
    let run = recipe.runner(&world).event("workflow_run").payload(payload);
    assert_eq!(counted(&run), ["run - c4"]);

    let recipe = Recipe::of("A workflow of its own", 0, None);
    for recorded in [true, false] {
        let world = recipe.world();
        let payload = after(&world, "deploy.yml", "c4");
        if recorded {
            deployed(&world, "production", "c4", 77);
        }
        let run = recipe.runner(&world).event("workflow_run").payload(payload);
        let kind = if recorded { "dep" } else { "run" };
        assert_eq!(counted(&run), [format!("{kind} - c4")]);
    }
}

#[test]
fn what_is_marked_or_written_down() {
    let recipe = Recipe::of("Releases", 0, Some(0));
    let world = recipe.world();
    world
        .github()
        .tag("v1.0.0", "c2")
        .release("v1.0.0", "2026-02-10T09:00:00Z")
        .tag("v1.1.0", "c5")
        .release("v1.1.0", "2026-03-02T09:55:00Z");
    let run = recipe.runner(&world).event("release");
    assert_eq!(counted(&run), ["rel - c2", "rel - c5"]);

    // The release that started a deploy is that deploy.
    let recipe = Recipe::of("Releases", 1, None);
    let world = recipe.world();
    world
        .github()
        .tag("v1.0.0", "c2")
        .release("v1.0.0", "2026-02-10T09:00:00Z")
        .tag("v1.1.0", "c5")
        .release("v1.1.0", "2026-03-02T09:55:00Z");
    let run = recipe.runner(&world).event("release");
    assert_eq!(counted(&run), ["rel - c2", "run - c5"]);

    let recipe = Recipe::of("Tags", 0, Some(0));
    let world = recipe.world();
    world
        .github()
        .tag("v1.0.0", "c2")
        .tag("v1.1.0", "c5")
        .tag("v2.0.0-rc.1", "c5");
    let found = counted(&recipe.runner(&world));
    assert_eq!(found, ["tag - c2", "tag - c5"]);

    let recipe = Recipe::of("State files", 0, Some(0));
    let world = recipe.world();
    let state = |label: &str| format!("{{\"api\": {{\"version\": \"{}\"}}}}", sha(label));
    let path = "deploy/production.json";
    world
        .github()
        .writes("s1", "2026-02-10T09:00:00Z", path, &state("c2"))
        .writes("s2", "2026-02-11T09:00:00Z", path, &state("c4"));
    let found = counted(&recipe.runner(&world));
    assert_eq!(found, ["state api c2", "state api c4"]);

    let recipe = Recipe::of("Merge is deploy", 0, Some(0));
    let world = recipe.world();
    let found = counted(&recipe.runner(&world));
    assert!(found.ends_with(&["merge - c5".to_owned()]), "{found:?}");
    assert!(found.len() >= 5, "{found:?}");
}

#[test]
fn what_others_deploy() {
    let recipe = Recipe::of("Vercel and other apps", 0, Some(0));
    let world = recipe.world();
    let ended = [("success", "2026-03-02T09:55:00Z")];
    for environment in ["Preview", "Production", "Production – web"] {
        let at = "2026-03-02T09:50:00Z";
        world.github().deploy(environment, "c5", at, &ended);
    }
    let payload = world.github().deployment_status("Production");
    let run = recipe.runner(&world);
    let mut found = counted(&run.event("deployment_status").payload(payload));
    found.sort();
    assert_eq!(found, ["dep - c5", "dep web c5"]);

    let recipe = Recipe::of("Argo CD", 0, None);
    let world = recipe.world();
    let run = recipe.runner(&world).event("repository_dispatch");
    assert_eq!(counted(&run), ["man api c4"]);
    assert_eq!(
        counted(&run.run_id(901)),
        ["man api c4"],
        "the same key is the same deployment"
    );
}
