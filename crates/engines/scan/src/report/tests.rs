use super::{Finding, Report, Severity, json, order, sarif, table};
use crate::read::{ReadError, Spot};
use crate::sbom::tests::{inventory, subject};

#[test]
fn reports_are_written() {
    let mut inventory = inventory();
    inventory.problems.push(ReadError {
        path: "app/yarn.lock".to_owned(),
        spot: Spot::Line(3),
        message: "not an entry: `x`".to_owned(),
    });
    let subject = subject();
    let find = |name: &str| inventory.packages.iter().find(|package| package.name == name).unwrap();
    let aliases = vec!["GHSA-x".to_owned()];
    let base = Finding {
        id: "CVE-2024-1",
        aliases: &aliases,
        package: find("libc6"),
        fixed: Some("2.36-9+deb12u7"),
        severity: Severity::High,
        score: Some(8.1),
        title: "overflow in `iconv` that has a title which goes on longer than a line of a table may",
        url: "https://example.org/CVE-2024-1",
        is_exploited: true,
        suppressed: None,
    };
    let mut findings = vec![
        Finding { id: "CVE-2024-0", suppressed: Some("vulnerable_code_not_present"), ..base.clone() },
        Finding {
            id: "CVE-2024-3",
            package: find("six"),
            severity: Severity::Low,
            fixed: None,
            score: None,
            title: "",
            is_exploited: false,
            ..base.clone()
        },
        base,
    ];
    order(&mut findings);
    let report = Report {
        subject: &subject,
        inventory: &inventory,
        findings: &findings,
        advisories_as_of: "2026-11-27T00:00:00Z",
    };
    insta::assert_snapshot!("table", table(&report));
    insta::assert_snapshot!("sarif", sarif(&report));
    insta::assert_snapshot!("json", json(&report));
}

#[test]
fn nothing_found_is_said() {
    let (subject, inventory) = (subject(), inventory());
    let report = Report { subject: &subject, inventory: &inventory, findings: &[], advisories_as_of: "" };
    assert_eq!(
        table(&report),
        "registry.example/shop:1: 4 packages, Debian GNU/Linux 12 (bookworm): no vulnerability known\n\
         no advisories were imported, so nothing was compared\n"
    );
}
