//! `docs/detection`, made from the declarations.

use std::fmt::Write;

use ringwall_detect::finding::{DefinedBy, Kind};
use ringwall_detect::rules::{KINDS, Listed};
use ringwall_detect::{Tactic, cloudtrail};
use ringwall_model::Responsible;

const TYPES: &str = "# Types of findings of the audit log

Made from the declarations in `crates/engines/detect/src/rules` by `INSTA_UPDATE=always cargo test -p ringwall-detect pages`; a test fails
while it is out of date.

Types have the form `ThreatPurpose:Kubernetes/Family.Mechanism!Artifact`. GuardDuty's have its names; those that it does not have
begin with `Ringwall.` after the slash. What GuardDuty has and the audit log does not show is not here.

What is dangerous in itself is told from the first event on. What is merely unusual is told by the baseline, after its learning
period, and under the same types. Attempts that were refused and dry runs tell nothing, except where a type is about attempts;
neither does what the parts of Kubernetes and EKS themselves do in their normal work.

Of a change it counts what it adds: see the module documentation of `rules`. Whoever must act is the customer, who decides who may
call the cluster's API, unless a row says otherwise.

";

fn responsible(kind: &Kind) -> &'static str {
    match kind.responsible {
        Responsible::Customer => "the customer",
        Responsible::Aws => "AWS",
        Responsible::Shared => "AWS and the customer",
    }
}

fn types() -> String {
    let mut page = TYPES.to_owned();
    for (heading, by) in [
        ("GuardDuty's", DefinedBy::GuardDuty),
        ("Retired by GuardDuty: told if asked for", DefinedBy::Retired),
        ("Ringwall's own", DefinedBy::Ringwall),
    ] {
        writeln!(page, "## {heading}\n").unwrap();
        for Listed { kind, trigger } in KINDS.iter().filter(|listed| listed.kind.by == by) {
            let at_metadata = if kind.at_metadata.is_empty() { "Nothing is lost." } else { kind.at_metadata };
            writeln!(
                page,
                "### {}\n\n{}.\n\n| | |\n|---|---|\n| Severity | {} |\n| Told of | {trigger} |\n| At the level `Metadata` | {at_metadata} |\n| Who acts | {} |\n| What to do | {} |\n",
                kind.name,
                kind.title,
                kind.severity.name(),
                responsible(kind),
                kind.remedy,
            )
            .unwrap();
        }
    }
    page.truncate(page.trim_end().len());
    page.push('\n');
    page
}

fn tactics() -> String {
    format!(
        "# Which tactic a call serves

Made from `crates/engines/detect/src/tactic.rs` by `INSTA_UPDATE=always cargo test -p ringwall-detect pages`; a test fails while it is out
of date.

GuardDuty names its types of callers by tactic (`Discovery:Kubernetes/TorIPCaller`) and does not publish which calls it counts to which.
This is Ringwall's table; the first line that fits counts. What is public of GuardDuty's is AWS's own tester: to read `/api` and to list pods
is Discovery, to make a service account is Impact.

{}
## Calls to AWS

`…:IAMUser/AnomalousBehavior` is told by the tactic that a call serves, if it is unusual ([anomalies](anomalies.md)). AWS publishes some calls of each
tactic (AWS GuardDuty User Guide, *IAM finding types*); they are in the table, from `crates/engines/detect/src/cloudtrail/tactic.rs`. A call that isn't
there is learned, and not told.

{}",
        Tactic::page(),
        cloudtrail::Tactic::page()
    )
}

fn check(name: &str, page: &str) {
    let path = format!("{}/../../../docs/detection/{name}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var("INSTA_UPDATE").is_ok_and(|value| value == "always") {
        std::fs::write(&path, page).unwrap();
    }
    let there = String::from_utf8(std::fs::read(&path).unwrap_or_default()).unwrap();
    assert!(
        there == page,
        "docs/detection/{name} is out of date: INSTA_UPDATE=always cargo test -p ringwall-detect pages"
    );
}

#[test]
fn the_pages_are_up_to_date() {
    check("types.md", &types());
    check("tactics.md", &tactics());
}

#[test]
fn names_are_unique_and_well_formed() {
    let mut names: Vec<&str> = KINDS.iter().map(|listed| listed.kind.name).collect();
    for Listed { kind, trigger } in KINDS {
        let (purpose, rest) = kind.name.split_once(':').unwrap();
        assert!(purpose == kind.purpose() && rest.starts_with("Kubernetes/"), "{}", kind.name);
        assert_eq!(rest.starts_with("Kubernetes/Ringwall."), kind.by == DefinedBy::Ringwall, "{}", kind.name);
        for text in [kind.title, kind.remedy, trigger, kind.at_metadata] {
            assert!(
                !text.contains("  ") && !text.contains('|') && text.trim() == text,
                "{}: {text}",
                kind.name
            );
        }
        assert!(
            !kind.title.is_empty()
                && !kind.title.ends_with('.')
                && kind.remedy.ends_with('.')
                && trigger.ends_with('.'),
            "{}",
            kind.name
        );
    }
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all);
    let guardduty = KINDS.iter().filter(|listed| listed.kind.by != DefinedBy::Ringwall).count();
    assert_eq!(guardduty, 35, "as many as GuardDuty documents");
}
