use super::*;

fn rule(text: &str) -> Rule {
    serde_json::from_str(text).unwrap()
}

fn clean(repository: &RepositoryName) -> Facts<'_> {
    let scan = Scan::Complete { advisories_of: Some(0), worst: Some(Severity::Low), worst_fixable: None };
    Facts { repository, signature: Signature::Verified, scan, now: DAY }
}

fn reasons(rule: &Rule, facts: &Facts<'_>) -> Vec<Reason> {
    let verdict = judge([rule], facts);
    assert!(verdict.would_refuse.is_empty());
    verdict.refused.into_iter().map(|(_, reason)| reason).collect()
}

#[test]
fn each_demand_refuses_what_does_not_meet_it() {
    let shop = RepositoryName::parse("shop").unwrap();
    let strict = rule(
        r#"{"name":"strict","mode":"enforce","signed":true,"scanned":true,"maxScanAgeDays":2,"maxSeverity":"MEDIUM"}"#,
    );
    assert_eq!(reasons(&strict, &clean(&shop)), []);
    let facts = Facts { signature: Signature::None, ..clean(&shop) };
    assert_eq!(reasons(&strict, &facts), [Reason::Unsigned]);
    let facts = Facts { signature: Signature::Unverified("expired"), ..clean(&shop) };
    assert_eq!(reasons(&strict, &facts), [Reason::Unverified("expired".into())]);
    let facts = Facts { scan: Scan::None, ..clean(&shop) };
    assert_eq!(reasons(&strict, &facts), [Reason::Unscanned]);
    let facts = Facts { scan: Scan::Failed("bomb"), ..clean(&shop) };
    assert_eq!(reasons(&strict, &facts), [Reason::ScanFailed("bomb".into())]);
    let facts = Facts { now: 3 * DAY, ..clean(&shop) };
    assert_eq!(reasons(&strict, &facts), [Reason::ScanTooOld(Some(3))]);
    let of_unknown_age = Scan::Complete { advisories_of: None, worst: None, worst_fixable: None };
    assert_eq!(reasons(&strict, &Facts { scan: of_unknown_age, ..clean(&shop) }), [Reason::ScanTooOld(None)]);
    for worst in [Severity::High, Severity::Critical, Severity::Undefined] {
        let scan = Scan::Complete { advisories_of: Some(0), worst: Some(worst), worst_fixable: None };
        let expected = Reason::TooVulnerable { worst, allowed: Severity::Medium };
        assert_eq!(reasons(&strict, &Facts { scan, ..clean(&shop) }), [expected]);
    }
}

#[test]
fn findings_without_a_fix_count_unless_they_are_let_through() {
    let shop = RepositoryName::parse("shop").unwrap();
    let scan = Scan::Complete {
        advisories_of: None,
        worst: Some(Severity::Critical),
        worst_fixable: Some(Severity::Low),
    };
    let facts = Facts { scan, ..clean(&shop) };
    let text = r#"{"name":"a","mode":"enforce","maxSeverity":"LOW","onlyFixable":true}"#;
    assert_eq!(reasons(&rule(text), &facts), []);
    assert_eq!(reasons(&rule(&text.replace("true", "false")), &facts).len(), 1);
    assert_eq!(reasons(&rule(text), &Facts { scan: Scan::None, ..facts }), [Reason::Unscanned]);
}

#[test]
fn a_rule_in_audit_tells_and_refuses_nothing() {
    let shop = RepositoryName::parse("shop").unwrap();
    let facts = Facts { signature: Signature::None, ..clean(&shop) };
    let audit = rule(r#"{"name":"try","signed":true}"#);
    let other = rule(r#"{"name":"other","mode":"enforce","signed":true,"repositories":["prod/*"]}"#);
    let verdict = judge([&audit, &other], &facts);
    assert!(verdict.is_admitted());
    assert_eq!(verdict.would_refuse, [("try".to_owned(), Reason::Unsigned)]);
    let prod = RepositoryName::parse("prod/shop").unwrap();
    let verdict = judge([&audit, &other], &Facts { repository: &prod, ..facts });
    assert_eq!(verdict.refused, [("other".to_owned(), Reason::Unsigned)]);
    assert!(!verdict.is_admitted());
}

#[test]
fn a_misspelt_demand_is_no_rule() {
    assert!(serde_json::from_str::<Rule>(r#"{"name":"a","sgined":true}"#).is_err());
}
