use super::*;

fn configuration(text: &str) -> Result<Configuration, serde_json::Error> {
    serde_json::from_str(text)
}

fn name(text: &str) -> RepositoryName {
    RepositoryName::parse(text).unwrap()
}

const TWO_RULES: &str = r#"{"rules":[
    {"destinations":[{"region":"eu-west-1","registryId":"111122223333"},{"region":"eu-west-2","registryId":"111122223333"}],
     "repositoryFilters":[{"filter":"prod","filterType":"PREFIX_MATCH"}],"deleteReplication":{"enabled":true}},
    {"destinations":[{"region":"eu-west-2","registryId":"111122223333"},{"region":"us-east-1","registryId":"444455556666"}]}]}"#;

#[test]
fn a_push_goes_once_to_each_destination_of_the_rules_for_its_repository() {
    let rules = configuration(TWO_RULES).unwrap();
    let to = |repository, change, origin: Option<&Origin>| {
        let targets = rules.targets(&name(repository), change, origin);
        targets.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    };
    let all = "eu-west-1/111122223333 eu-west-2/111122223333 us-east-1/444455556666";
    assert_eq!(to("prod/shop", Change::Push, None), all);
    assert_eq!(to("production", Change::Push, None), all);
    assert_eq!(to("dev/prod", Change::Push, None), "eu-west-2/111122223333 us-east-1/444455556666");
    assert_eq!(to("prod/shop", Change::Delete, None), "eu-west-1/111122223333 eu-west-2/111122223333");
    assert_eq!(to("dev/shop", Change::Delete, None), "");
}

#[test]
fn what_came_by_replication_goes_nowhere() {
    let rules = configuration(TWO_RULES).unwrap();
    let origin = Origin::parse("ap-south-1/999999999999").unwrap();
    for change in [Change::Push, Change::Delete] {
        assert!(rules.targets(&name("prod/shop"), change, Some(&origin)).is_empty());
    }
    assert_eq!(Origin::parse(&origin.to_string()).unwrap(), origin);
    for bad in ["", "eu-west-1", "eu-west-1/1", "eu west/111122223333", "eu-west-1/111122223333/"] {
        assert!(Origin::parse(bad).is_err(), "`{bad}`");
    }
}

#[test]
fn a_backfill_takes_what_would_be_pushed() {
    let rules = configuration(TWO_RULES).unwrap();
    let destination =
        |region: &str| Destination { region: region.into(), registry_id: "111122223333".into() };
    assert!(rules.backfills(&name("prod/x"), &destination("eu-west-1")));
    assert!(!rules.backfills(&name("dev/x"), &destination("eu-west-1")));
    assert!(rules.backfills(&name("dev/x"), &destination("eu-west-2")));
    assert!(rules.check_for(&destination("eu-west-1")).is_err());
    assert!(rules.check_for(&destination("eu-north-1")).is_ok());
}

#[test]
fn limits_are_those_of_ecr() {
    let destination = r#"{"region":"eu-west-1","registryId":"111122223333"}"#;
    let rule = |destinations: &str, filters: &str| {
        configuration(&format!(r#"{{"rules":[{{"destinations":[{destinations}]{filters}}}]}}"#))
    };
    assert!(rule(destination, "").is_ok());
    assert!(rule("", "").is_ok());
    assert!(rule(&format!("{destination},{destination}"), "").is_err());
    assert!(rule(&destination.replace("111122223333", "1"), "").is_err());
    assert!(rule(&destination.replace("eu-west-1", "EU"), "").is_err());
    assert!(rule(destination, r#","repositoryFilters":[]"#).is_err());
    for (filter, good) in [
        ("prod", true),
        ("prod/", true),
        ("a-/b_", true),
        ("p", false),
        ("P1", false),
        ("-a/b", false),
        ("a*", false),
    ] {
        let filters =
            format!(r#","repositoryFilters":[{{"filter":"{filter}","filterType":"PREFIX_MATCH"}}]"#);
        assert_eq!(rule(destination, &filters).is_ok(), good, "`{filter}`");
    }
    let many = |count: usize| {
        let rules = vec![r#"{"destinations":[]}"#; count].join(",");
        configuration(&format!(r#"{{"rules":[{rules}]}}"#))
    };
    assert!(many(MAX_RULES).is_ok());
    assert!(many(MAX_RULES + 1).is_err());
}

#[test]
fn the_json_is_that_of_ecr() {
    let read = configuration(TWO_RULES).unwrap();
    let written = serde_json::to_value(&read).unwrap();
    assert_eq!(written, serde_json::from_str::<serde_json::Value>(TWO_RULES).unwrap());
}
