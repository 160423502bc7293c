use super::*;
use crate::tidy::tests::{file, metadata};

const LINTED: &str = r#"
[workspace.dependencies]
serde = "1"
model = { path = "crates/model" }

[workspace.lints.rust]
unsafe_code = "forbid"

[workspace.lints.clippy]
unwrap_used = "deny"
expect_used = "deny"
panic = { level = "deny" }
indexing_slicing = "deny"
string_slice = "deny"
unreachable = "deny"
todo = "deny"
unimplemented = "deny"
"#;

fn whys(root: &str, model: &str) -> Vec<String> {
    let metadata = metadata(&[("model", "crates/model", &[])]);
    let files = vec![file("Cargo.toml", root), file("crates/model/Cargo.toml", model)];
    let problems = problems(&Tree { files, metadata: &metadata }).unwrap();
    problems.iter().map(ToString::to_string).collect()
}

const GOOD: &str = "[dependencies]\nserde = { workspace = true }\n[dev-dependencies]\nmodel.workspace = true\n[lints]\nworkspace = true\n";

#[test]
fn a_manifest_that_takes_all_from_the_workspace_passes() {
    assert_eq!(whys(LINTED, GOOD), Vec::<String>::new());
}

#[test]
fn a_crate_without_the_lints_is_told() {
    let whys = whys(LINTED, &GOOD.replace("[lints]", "[package.metadata.lints]"));
    assert_eq!(whys.len(), 1);
    assert!(whys[0].starts_with("crates/model/Cargo.toml:1: lints: "), "{whys:?}");
}

#[test]
fn each_missing_lint_of_the_workspace_is_told() {
    let weaker = LINTED.replace("\"forbid\"", "\"warn\"").replace("unwrap_used = \"deny\"", "");
    assert_eq!(
        whys(&weaker, GOOD),
        [
            "Cargo.toml:1: lints: the workspace does not forbid `unsafe_code`",
            "Cargo.toml:1: lints: the workspace does not deny `clippy::unwrap_used`, which keeps panics out",
        ]
    );
}

#[test]
fn a_version_chosen_in_a_crate_is_told() {
    let own = format!("{GOOD}\n[target.'cfg(unix)'.dependencies]\nlibc = \"0.2\"\n");
    let expected = "crates/model/Cargo.toml:9: dependency table: \
        `libc` is not chosen in the workspace's table (hint: `workspace = true`)";
    assert_eq!(whys(LINTED, &own), [expected]);
}

#[test]
fn a_choice_that_nobody_uses_is_told() {
    assert_eq!(
        whys(LINTED, "[dependencies]\nmodel = { workspace = true }\n[lints]\nworkspace = true\n"),
        ["Cargo.toml:3: dependency table: no crate uses `serde`"]
    );
}

#[test]
fn own_crates_are_not_among_the_chosen() {
    assert_eq!(chosen(&LINTED.parse().unwrap()), ["serde"]);
}
