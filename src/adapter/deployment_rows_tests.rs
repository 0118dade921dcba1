//! Rows of deployments, as exports write them.

use super::*;
use crate::event::parse_instant;

fn first(text: &str) -> (Event, Deployment) {
    let event = parse(text).unwrap().events.swap_remove(0);
    let deployment = event.fact.as_deployment().unwrap().clone();
    (event, deployment)
}

#[test]
fn the_same_deployment_in_every_form() {
    let forms = [
        "deployed_at,app,environment,version\n2026-03-02T10:00:00Z,api,production,v1\n",
        "Deployed At;Service;Env;SHA\r\n2026-03-02 10:00;api;production;v1\r\n",
        "time\tcomponent\tstage\ttag\n1772445600\tapi\tproduction\tv1\n",
        r#"{"finishedAt": "2026-03-02T11:00:00+01:00", "service": "api", "env": "production", "revision": "v1"}"#,
        r#"[{"time": 1772445600, "app": "api", "environment": "production", "version": "v1", "extra": {}}]"#,
    ];
    for text in forms {
        let (event, deployment) = first(text);
        assert_eq!(
            event.time,
            parse_instant("2026-03-02T10:00:00Z").unwrap(),
            "{text}"
        );
        assert_eq!(deployment.service.as_deref(), Some("api"), "{text}");
        assert_eq!(deployment.environment, "production");
        assert_eq!(deployment.revision.as_deref(), Some("v1"));
        assert_eq!(deployment.outcome, Outcome::Success);
        assert_eq!(
            event.id,
            first(forms[0]).0.id,
            "an id is content, not form: {text}"
        );
    }
}

#[test]
fn what_is_not_read_and_what_was_assumed_is_said() {
    let rows =
        parse("date,author,result\n2026-03-02 10:00,Ada,success\n2026-03-03T10:00:00Z,Ben,shrug\n")
            .unwrap();
    assert_eq!(rows.unread, ["author"]);
    assert_eq!(rows.assumed_utc, 1);
    assert_eq!(rows.unknown_statuses["shrug"], 1);
    let outcome = |n: usize| rows.events[n].fact.as_deployment().unwrap().outcome;
    assert_eq!(
        (outcome(0), outcome(1)),
        (Outcome::Success, Outcome::Ignored)
    );
    assert_eq!(rows.since, parse_instant("2026-03-02T10:00:00Z").ok());
}

#[test]
fn the_first_name_that_has_a_value_counts_and_quoted_cells_hold_anything() {
    let (_, deployment) = first("time,sha,version,url\n2026-03-02,abc,,javascript:x\n");
    assert_eq!(
        (deployment.revision.as_deref(), deployment.url),
        (Some("abc"), None)
    );
    let (_, deployment) =
        first("time,version,app\n2026-03-02,\"v1, \"\"final\"\"\nbuild\",\"a,b\"\n");
    assert_eq!(deployment.revision.as_deref(), Some("v1, \"final\"\nbuild"));
    assert_eq!(deployment.service.as_deref(), Some("a,b"));
}

#[test]
fn without_an_environment_column_all_is_production_and_an_empty_cell_is_not() {
    assert_eq!(first("time\n2026-03-02\n").1.environment, "production");
    let rows = parse("time,env\n2026-03-02,\n2026-03-03,live\n").unwrap();
    assert_eq!(
        rows.events[0].fact.as_deployment().unwrap().environment,
        "unknown"
    );
}

#[test]
fn what_is_wrong_is_said_with_its_line_and_a_near_match() {
    let wrong = |text: &str| {
        let error = parse(text).unwrap_err();
        (
            error.place.unwrap().0,
            format!("{} / {}", error.what, error.help.unwrap_or_default()),
        )
    };
    assert!(
        wrong("time,enviroment\n2026-03-02,prod\n")
            .1
            .contains("did you mean `environment`?")
    );
    assert!(
        wrong("app,author\napi,Ada\n")
            .1
            .contains("no column says when")
    );
    assert_eq!(
        wrong("time\n2026-03-02\nsoon\n"),
        (
            3,
            "`soon` is not a moment / write it as 2026-03-02T10:00:00Z".to_owned()
        )
    );
    assert_eq!(wrong("time,app\n2026-03-02,api\n2026-03-03\n").0, 3);
    assert_eq!(wrong("{\"time\": \"2026-03-02\"}\n{\"time\": \n").0, 2);
    assert_eq!(
        wrong("{\"time\": \"2026-03-02\"}\n{\"app\": \"api\"}\n"),
        (2, "this deployment has no time / ".to_owned())
    );
    assert!(wrong("").1.contains("no rows"));
    assert!(wrong("[1]").1.contains("one JSON object"));
    assert!(wrong("[").1.contains("EOF"));
}
