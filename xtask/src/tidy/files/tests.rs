use super::*;
use crate::tidy::tests::file;

fn rules(path: &str, text: &str) -> Vec<(usize, &'static str)> {
    file_problems(&file(path, text)).into_iter().map(|problem| (problem.line, problem.rule)).collect()
}

const NOTHING: [(usize, &str); 0] = [];

#[test]
fn a_file_too_large_for_a_repository_is_told() {
    let large = File { path: "a.bin".to_owned(), bytes: MAX_FILE_BYTES + 1, text: None };
    assert_eq!(file_problems(&large).len(), 1);
    assert_eq!(file_problems(&File { bytes: MAX_FILE_BYTES, ..large }), []);
}

#[test]
fn a_long_rust_file_is_told() {
    assert_eq!(rules("a.rs", &"x\n".repeat(MAX_RUST_LINES)), NOTHING);
    assert_eq!(rules("a.rs", &"x\n".repeat(MAX_RUST_LINES + 1)), [(801, "file length")]);
}

#[test]
fn unfinished_work_is_told() {
    let mark = UNFINISHED[0];
    assert_eq!(rules("a.rs", &format!("fn f() {{\n    // {mark}: finish\n}}\n")), [(2, "unfinished")]);
    assert_eq!(rules("a.toml", &format!("# {mark}\n")), [(1, "unfinished")]);
    assert_eq!(
        rules("a.rs", &format!("const A: &str = \"{mark}\"; // {mark}S are kept elsewhere\n")),
        NOTHING
    );
    assert_eq!(rules("a.rs", "fn f() { dbg!(1); }\n"), [(1, "unfinished")]);
    assert_eq!(rules("a.rs", "// dbg!(1) prints\n"), NOTHING);
}

#[test]
fn banners_are_told() {
    assert_eq!(rules("a.rs", "// ------ rules ------\n"), [(1, "banner")]);
    assert_eq!(rules("a.rs", "//////////\n"), [(1, "banner")]);
    assert_eq!(rules("a.rs", "/* ===== */\n"), [(1, "banner")]);
    assert_eq!(rules("a.rs", "//! | a |\n//! |------|\n// a -- b, and so on...\n"), NOTHING);
}

#[test]
fn code_in_comments_is_told() {
    assert_eq!(rules("a.rs", "// let x = 1;\n"), [(1, "dead code")]);
    assert_eq!(rules("a.rs", "// if x {\n"), [(1, "dead code")]);
    assert_eq!(rules("a.rs", "// if the rule has no name, it matches all\n/// let x = 1;\n"), NOTHING);
}

#[test]
fn a_library_opens_with_its_docs() {
    assert_eq!(rules("crates/model/src/lib.rs", "mod a;\n"), [(1, "crate docs")]);
    assert_eq!(rules("crates/model/src/lib.rs", "//! Values.\n"), NOTHING);
}

#[test]
fn white_space_at_the_end_is_told_where_people_write() {
    assert_eq!(
        rules("a.md", "one \ntwo\t\nthree\r\nfour\n"),
        [(1, "white space"), (2, "white space"), (3, "white space")]
    );
    assert_eq!(rules("cases/rbac/a.yaml", "one \n"), NOTHING);
    assert_eq!(rules("crates/a/tests/it/snapshots/a.snap", "one \n"), NOTHING);
}

#[test]
fn paths_of_one_machine_are_told() {
    for folder in ["work", "root", "tmp/bash_jobs"].map(|folder| format!("/{folder}")) {
        assert_eq!(rules("a.md", &format!("see `{folder}/main`\n")), [(1, "foreign path")], "{folder}");
        assert_eq!(rules("a.bin", &format!("{folder}/main")), [(1, "foreign path")], "{folder}");
    }
    for fine in ["https://example.com/api/work/1", "crates/work/", "$HOME/work/", "/workspace/"] {
        assert_eq!(rules("a.md", &format!("see {fine}x\n")), NOTHING, "{fine}");
    }
}

#[test]
fn a_manifest_may_mount_the_home_of_root() {
    let line = format!("path: {}/.kube\n", "/root");
    assert_eq!(rules("examples/storefront/a.yaml", &line), NOTHING);
    assert_eq!(rules("deploy/a.yaml", &line), [(1, "foreign path")]);
}
