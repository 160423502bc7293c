use super::*;

fn rule(prefix: &str, upstream_prefix: Option<&str>) -> Rule {
    Rule {
        ecr_repository_prefix: prefix.to_owned(),
        upstream_registry_url: "quay.io".to_owned(),
        upstream_registry: Some(Upstream::Quay),
        upstream_repository_prefix: upstream_prefix.map(str::to_owned),
        credential_arn: None,
        custom_role_arn: None,
    }
}

#[test]
fn the_longest_prefix_says_where_a_repository_is_upstream() {
    let rules = [
        rule("ROOT", None),
        rule("quay", Some("ROOT")),
        rule("quay/red", Some("redhat")),
        rule("gl/", Some("a/b/")),
    ];
    let upstream = |name: &str| find(&rules, &RepositoryName::parse(name).unwrap()).map(|(_, name)| name);
    assert_eq!(upstream("quay/prometheus/node").as_deref(), Some("prometheus/node"));
    assert_eq!(upstream("quay/red/ubi").as_deref(), Some("redhat/ubi"));
    assert_eq!(upstream("gl/x").as_deref(), Some("a/b/x"));
    assert_eq!(upstream("quayside/x").as_deref(), Some("quayside/x"));
    assert_eq!(upstream("quay").as_deref(), Some("quay"));
    let narrow = [rule("quay", None)];
    assert!(find(&narrow, &RepositoryName::parse("quay").unwrap()).is_none());
    assert!(find(&narrow, &RepositoryName::parse("shop").unwrap()).is_none());
}

#[test]
fn upstreams_are_known_by_their_addresses() {
    for (url, upstream) in [
        ("public.ecr.aws", Some(Upstream::EcrPublic)),
        ("https://registry-1.docker.io/", Some(Upstream::DockerHub)),
        ("my.azurecr.io", Some(Upstream::AzureContainerRegistry)),
        ("111122223333.dkr.ecr.eu-west-1.amazonaws.com", Some(Upstream::Ecr)),
        ("11112222333.dkr.ecr.eu-west-1.amazonaws.com", None),
        ("evil.example/quay.io", None),
        ("x/.azurecr.io", None),
        ("", None),
    ] {
        assert_eq!(Upstream::at(url), upstream, "`{url}`");
    }
    assert!(Upstream::DockerHub.needs_credential());
    assert!(!Upstream::K8s.needs_credential());
    assert_eq!(
        serde_json::to_string(&Upstream::GithubContainerRegistry).unwrap(),
        "\"github-container-registry\""
    );
    assert_eq!(serde_json::to_string(&Upstream::K8s).unwrap(), "\"k8s\"");
}

#[test]
fn an_upstream_is_asked_once_a_day() {
    assert!(is_due(None, 0));
    assert!(!is_due(Some(1_000), 1_000 + CHECK_AFTER - 1));
    assert!(is_due(Some(1_000), 1_000 + CHECK_AFTER));
    assert!(is_due(Some(2_000), 1_000));
    assert!(is_due(Some(i64::MIN), i64::MAX));
}

#[test]
fn prefixes_are_limited() {
    for (prefix, good) in [("ab", true), ("ROOT", true), ("a", false), ("A/b", false)] {
        assert_eq!(rule(prefix, None).check().is_ok(), good, "`{prefix}`");
        assert_eq!(rule("ab", Some(prefix)).check().is_ok(), good, "`{prefix}`");
    }
    assert!(rule(&"a".repeat(31), None).check().is_err());
}
