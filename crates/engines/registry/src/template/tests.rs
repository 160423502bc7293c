use super::*;

fn template(prefix: &str, occasions: &[AppliedFor]) -> Template {
    Template {
        prefix: prefix.to_owned(),
        description: None,
        applied_for: occasions.iter().copied().collect(),
        mutability: Mutability::default(),
        repository_policy: None,
        lifecycle_policy: None,
        resource_tags: Vec::new(),
        encryption_configuration: None,
        custom_role_arn: None,
    }
}

#[test]
fn the_longest_prefix_for_the_occasion_is_taken() {
    use AppliedFor::{CreateOnPush, PullThroughCache, Replication};
    let templates = [
        template("ROOT", &[Replication]),
        template("prod", &[Replication, CreateOnPush]),
        template("prod/shop/", &[CreateOnPush]),
        template("docker-hub", &[PullThroughCache]),
    ];
    let found = |name: &str, occasion| {
        find(&templates, &RepositoryName::parse(name).unwrap(), occasion)
            .map(|template| template.prefix.as_str())
    };
    assert_eq!(found("prod/x", CreateOnPush), Some("prod"));
    assert_eq!(found("prod/shop/x", CreateOnPush), Some("prod/shop/"));
    assert_eq!(found("prod/shop/x", Replication), Some("prod"));
    assert_eq!(found("prod", CreateOnPush), None);
    assert_eq!(found("prod", Replication), Some("ROOT"));
    assert_eq!(found("production/x", CreateOnPush), None);
    assert_eq!(found("docker-hub/library/nginx", PullThroughCache), Some("docker-hub"));
    assert_eq!(found("docker-hub/library/nginx", CreateOnPush), None);
}

#[test]
fn the_json_is_that_of_ecr() {
    let text = r#"{"prefix":"prod","appliedFor":["CREATE_ON_PUSH"],"imageTagMutability":"IMMUTABLE","resourceTags":[{"Key":"a","Value":"b"}]}"#;
    let read: Template = serde_json::from_str(text).unwrap();
    assert!(!read.mutability.may_move(&crate::Tag::parse("x").unwrap()));
    assert_eq!(serde_json::to_value(&read).unwrap(), serde_json::from_str::<Value>(text).unwrap());
}

#[test]
fn what_it_carries_is_checked() {
    let good = template("prod", &[AppliedFor::CreateOnPush]);
    assert!(good.check().is_ok());
    assert!(Template { lifecycle_policy: Some(String::new()), ..good.clone() }.check().is_ok());
    assert!(Template { lifecycle_policy: Some("{}".to_owned()), ..good.clone() }.check().is_err());
    assert!(Template { repository_policy: Some("x".repeat(10_241)), ..good.clone() }.check().is_err());
    assert!(template("prod", &[]).check().is_err());
    for (prefix, is_good) in
        [("a", true), ("ROOT", true), ("a/b/", true), ("A", false), ("", false), ("/", false), ("a//", false)]
    {
        assert_eq!(
            Template { prefix: prefix.to_owned(), ..good.clone() }.check().is_ok(),
            is_good,
            "`{prefix}`"
        );
    }
}
