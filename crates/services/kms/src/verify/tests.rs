use super::*;
use crate::stored::Form;

fn question(resources: &[&str], provider: Option<&str>, key: Option<&str>) -> Question {
    Question {
        scope: Scope::Resources(resources.iter().map(|name| name.parse().unwrap()).collect()),
        provider: provider.map(str::to_owned),
        key: key.map(str::to_owned),
        registry: "/registry".to_owned(),
    }
}

/// A report on keys and values.
fn report(question: &Question, objects: &[(&str, &str)]) -> Report {
    let mut report = Report::new(question);
    for (key, value) in objects {
        match StoredKey::parse("/registry", key.as_bytes()) {
            Ok(parsed) => report.add(question, &parsed.resource, key.as_bytes(), value.as_bytes()),
            Err(_) => report.add_unknown(key.as_bytes()),
        }
    }
    report
}

const CBC: &str = "k8s:enc:aescbc:v1:key1:0123456789012345678901234567890123456789";
const GCM: &str = "k8s:enc:aesgcm:v1:key2:0123456789012345678901234567890123456789";

#[test]
fn all_sealed_is_sealed() {
    let report = report(
        &question(&["secrets"], None, None),
        &[("/registry/secrets/a/b", CBC), ("/registry/secrets/a/c", GCM)],
    );
    assert_eq!(report.verdict(), Verdict::Sealed);
    assert_eq!((report.objects(), report.faults(), report.groups().count()), (2, 0, 2));
}

#[test]
fn an_object_in_the_clear_is_named() {
    let report = report(
        &question(&["secrets"], None, None),
        &[("/registry/secrets/a/b", CBC), ("/registry/secrets/a/c", "k8s\0secret")],
    );
    assert_eq!(report.verdict(), Verdict::NotSealed);
    let finding = &report.findings[0];
    assert_eq!((finding.key.as_str(), finding.why), ("/registry/secrets/a/c", Why::Clear(Form::Protobuf)));
}

#[test]
fn another_key_and_another_provider_are_told() {
    let objects = [("/registry/secrets/a/b", CBC), ("/registry/secrets/a/c", GCM)];
    let by_key = report(&question(&["secrets"], None, Some("key2")), &objects);
    assert_eq!((by_key.verdict(), by_key.faults()), (Verdict::NotSealed, 1));
    assert_eq!((by_key.findings[0].why, by_key.findings[0].under.as_deref()), (Why::OtherKey, Some("key1")));
    let by_provider = report(&question(&["secrets"], Some("ringwall"), None), &objects);
    assert_eq!((by_provider.faults(), by_provider.findings[0].why), (2, Why::OtherProvider));
}

#[test]
fn what_cannot_be_read_is_unknown_unless_something_is_in_the_clear() {
    let question = question(&["secrets"], None, None);
    let broken = ("/registry/secrets/a/b", "k8s:enc:kms:v2:p:{}");
    assert_eq!(report(&question, &[broken]).verdict(), Verdict::Unknown);
    assert_eq!(
        report(&question, &[("/registry/secrets/a/b", CBC), ("/registry/secrets/a", "x/y")]).verdict(),
        Verdict::NotSealed
    );
    assert_eq!(
        report(&question, &[("/registry/secrets/a/b", CBC), ("/registry/secrets/a/b/c", "")]).verdict(),
        Verdict::Unknown
    );
    assert_eq!(report(&question, &[broken, ("/registry/secrets/a/c", "{}")]).verdict(), Verdict::NotSealed);
}

#[test]
fn what_no_configuration_seals_counts_only_by_name() {
    let objects = [("/registry/secrets/a/b", CBC), ("/registry/ranges/servicenodeports", "k8s\0range")];
    let all = Question { scope: Scope::All, ..question(&[], None, None) };
    assert_eq!(report(&all, &objects).verdict(), Verdict::Sealed);
    assert_eq!(report(&question(&["secrets", "ranges"], None, None), &objects).verdict(), Verdict::NotSealed);
    // A custom resource of that name is none of it.
    let custom = ("/registry/example.org/ranges/r", "{}");
    assert_eq!(report(&all, &[custom]).verdict(), Verdict::NotSealed);
}

#[test]
fn nothing_proves_nothing() {
    assert_eq!(report(&question(&["secrets"], None, None), &[]).verdict(), Verdict::Unknown);
    let typo = question(&["secrets", "secerts"], None, None);
    let report = report(&typo, &[("/registry/secrets/a/b", CBC)]);
    assert_eq!(report.verdict(), Verdict::Unknown);
    assert_eq!(report.empty().map(ToString::to_string).collect::<Vec<_>>(), ["secerts"]);
}

#[test]
fn findings_beyond_the_limit_are_counted() {
    let question = question(&["secrets"], None, None);
    let mut report = Report::new(&question);
    let secrets: Resource = "secrets".parse().unwrap();
    for number in 0..MAX_FINDINGS + 5 {
        report.add(&question, &secrets, format!("/registry/secrets/a/{number}").as_bytes(), b"{}");
    }
    assert_eq!((report.findings.len(), report.more_findings), (MAX_FINDINGS, 5));
    assert_eq!(report.verdict(), Verdict::NotSealed);
}
