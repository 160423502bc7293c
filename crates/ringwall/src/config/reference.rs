//! `docs/reference/config.md`, from the declarations.

use std::fmt::Write as _;

use super::declare::{Change, Declared};
use super::settings::DECLARED;

const HEAD: &str = "\
# Settings of `ringwall serve`

Made from `crates/ringwall/src/config/settings.rs` by `INSTA_UPDATE=always cargo test -p ringwall reference`; a test fails
when it is out of date.

A setting is given by a flag, by an environment variable or in a file; what comes first in this list holds. The file is the
one that `--config` or `RINGWALL_CONFIG` names, else `$XDG_CONFIG_HOME/ringwall/ringwall.toml` (by default
`~/.config/ringwall/ringwall.toml`), if it is there. `ringwall serve --print-config` prints what is in force and who set it,
without passwords.

```toml
# ringwall.toml
data-folder = \"/var/lib/ringwall\"
root-key = \"file:/etc/ringwall/root.key\"
listen = \"0.0.0.0:7443\"

[tls]
names = [\"ringwall.example.com\"]

[limits]
max-body-bytes = \"512KiB\"
```

- A key that does not exist, a value of a wrong type, or settings that contradict each other: nothing of it is taken, and
  each fault is told with its file and line.
- The file is read again on SIGHUP and when it changes. Settings marked *live* then take effect; of others it is said in the
  log that they need a restart. If the file is faulty, everything stays as it is.
- In flags and environment variables a list has commas between its items. Relative paths in the file start at the file's
  folder, others at the working directory.
- Times have a unit: `500ms`, `20s`, `5m`, `1h`. Lifetimes are seconds or have one: `86400`, `24h`, `7d`. Sizes are bytes or
  have one: `65536`, `64KiB`, `1MiB`, `1GiB`.

`ringwall init`, `account` and `store` take the settings under *Where things are*, from the same places.
";

/// The page.
pub(super) fn page() -> String {
    let mut page = String::from(HEAD);
    let mut section = "";
    for declared in DECLARED {
        if declared.section != section {
            section = declared.section;
            let _ = write!(page, "\n## {section}\n\n");
            page.push_str("| Setting | Type | Default | Means |\n|---|---|---|---|\n");
        }
        let _ = writeln!(page, "{}", row(declared));
    }
    page
}

fn row(declared: &Declared) -> String {
    let Declared { key, kind, fallback, change, .. } = declared;
    let details = declared.details();
    let mut means = format!("{}.", declared.summary());
    if !details.trim().is_empty() {
        means.push(' ');
        means.push_str(details.trim());
    }
    if *change == Change::Live {
        means.push_str(" *Live.*");
    }
    let names = format!("`{key}`<br>`--{}`<br>`{}`", declared.flag(), declared.variable());
    format!("| {names} | {kind} | {} | {} |", fallback.described(), means.replace('|', "\\|"))
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the repository's own file")]
fn the_page_is_up_to_date() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/config.md");
    if std::env::var("INSTA_UPDATE").is_ok_and(|value| value == "always") {
        std::fs::write(path, page()).unwrap();
    }
    let there = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        there == page(),
        "docs/reference/config.md is out of date: INSTA_UPDATE=always cargo test -p ringwall"
    );
}
