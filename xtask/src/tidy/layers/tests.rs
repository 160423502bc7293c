use super::*;
use crate::tidy::tests::{Sample, metadata};

fn whys(packages: &[Sample<'_>]) -> Vec<String> {
    let metadata = metadata(packages);
    let problems = problems(&Tree { files: Vec::new(), metadata: &metadata });
    problems.into_iter().map(|problem| problem.why).collect()
}

const MODEL: Sample<'_> = ("model", "crates/model", &[]);

#[test]
fn downwards_is_fine() {
    let whys = whys(&[
        MODEL,
        ("rbac", "crates/engines/rbac", &[("model", None)]),
        ("paths", "crates/engines/paths", &[("model", None), ("rbac", None)]),
        ("document", "crates/adapters/document", &[("model", None)]),
        ("snapshot", "crates/adapters/snapshot", &[("document", None), ("rbac", None)]),
        ("kms", "crates/services/kms", &[("snapshot", None), ("rbac", None)]),
        ("ringwall", "crates/ringwall", &[("kms", None), ("rbac", None)]),
    ]);
    assert_eq!(whys, Vec::<String>::new());
}

#[test]
fn each_forbidden_direction_is_told_with_its_reason() {
    for (user, used) in [
        ("crates/model", "crates/engines/a"),
        ("crates/engines/b", "crates/engines/a"),
        ("crates/engines/b", "crates/adapters/a"),
        ("crates/engines/b", "crates/services/a"),
        ("crates/adapters/b", "crates/services/a"),
        ("crates/services/b", "crates/services/a"),
        ("crates/services/b", "crates/ringwall"),
        ("crates/adapters/b", "xtask"),
    ] {
        let whys = whys(&[("a", used, &[]), ("b", user, &[("a", None)])]);
        assert_eq!(whys.len(), 1, "{user} -> {used}");
        assert!(whys[0].starts_with("`b` must not depend on `a`: "), "{whys:?}");
    }
}

#[test]
fn build_and_test_dependencies_count_too() {
    for kind in ["build", "dev"] {
        let whys = whys(&[
            ("snapshot", "crates/adapters/snapshot", &[]),
            ("rbac", "crates/engines/rbac", &[("snapshot", Some(kind))]),
        ]);
        assert_eq!(whys.len(), 1, "{kind}");
    }
}

#[test]
fn a_crate_outside_the_layers_is_told() {
    assert_eq!(
        whys(&[("stray", "crates/misc/stray", &[])]),
        ["`stray` is in no layer: see the folders of ARCHITECTURE.md"]
    );
}
