use super::*;

fn configuration(scan_type: &str, rules: &[(&str, &[&str])]) -> Result<Configuration, serde_json::Error> {
    let rule = |(frequency, filters): &(&str, &[&str])| {
        let filter = |filter: &&str| serde_json::json!({"filter": filter, "filterType": "WILDCARD"});
        let filters: Vec<_> = filters.iter().map(filter).collect();
        serde_json::json!({"scanFrequency": frequency, "repositoryFilters": filters})
    };
    let rules: Vec<_> = rules.iter().map(rule).collect();
    serde_json::from_value(serde_json::json!({"scanType": scan_type, "rules": rules}))
}

fn frequency(configuration: &Configuration, repository: &str) -> Frequency {
    configuration.frequency(&RepositoryName::parse(repository).unwrap())
}

#[test]
fn a_filter_without_a_wildcard_is_anywhere_in_the_name() {
    let basic = configuration("BASIC", &[("SCAN_ON_PUSH", &["prod", "*-release", "a*b"])]).unwrap();
    for (repository, expected) in [
        ("prod", Frequency::OnPush),
        ("my-production/x", Frequency::OnPush),
        ("shop-release", Frequency::OnPush),
        ("shop-release2", Frequency::Manual),
        ("axb", Frequency::OnPush),
        ("xaxb", Frequency::Manual),
        ("dev", Frequency::Manual),
    ] {
        assert_eq!(frequency(&basic, repository), expected, "{repository}");
    }
}

#[test]
fn continuous_scanning_wins_and_no_match_means_none() {
    let enhanced =
        configuration("ENHANCED", &[("SCAN_ON_PUSH", &["*"]), ("CONTINUOUS_SCAN", &["prod*"])]).unwrap();
    assert_eq!(frequency(&enhanced, "prod/x"), Frequency::Continuous);
    assert_eq!(frequency(&enhanced, "dev/x"), Frequency::OnPush);
    let applied = enhanced.applied(&RepositoryName::parse("prod/x").unwrap());
    assert_eq!(applied.filters.len(), 1);
    let narrow = configuration("ENHANCED", &[("CONTINUOUS_SCAN", &["prod*"])]).unwrap();
    assert_eq!(frequency(&narrow, "dev/x"), Frequency::Disabled);
    assert_eq!(frequency(&Configuration::default(), "dev/x"), Frequency::Manual);
}

#[test]
fn limits_are_those_of_ecr() {
    assert!(configuration("BASIC", &[("CONTINUOUS_SCAN", &["a"])]).is_err());
    assert!(configuration("ENHANCED", &[("MANUAL", &["a"])]).is_err());
    assert!(configuration("BASIC", &[("MANUAL", &["a"]), ("SCAN_ON_PUSH", &["b"])]).is_ok());
    assert!(configuration("BASIC", &[("SCAN_ON_PUSH", &["a"]), ("SCAN_ON_PUSH", &["b"])]).is_err());
    assert!(configuration("BASIC", &[("SCAN_ON_PUSH", &["a"; 101])]).is_err());
    for (filter, good) in [
        ("*", true),
        ("a/b*", true),
        ("a-b_c.d", true),
        ("a//b", false),
        ("a-", false),
        ("-a", false),
        ("A", false),
        ("", false),
    ] {
        assert_eq!(configuration("BASIC", &[("SCAN_ON_PUSH", &[filter])]).is_ok(), good, "`{filter}`");
    }
}
