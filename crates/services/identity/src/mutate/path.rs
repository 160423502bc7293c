//! The token's path, as Go's `path/filepath` joins it.

/// Joins a folder and a file and makes the path short: no empty parts, no `.`, no `..` that can be resolved.
///
/// Source: Go, package `path/filepath`, `Join` and `Clean`.
pub(super) fn join(folder: &str, file: &str) -> String {
    if folder.is_empty() && file.is_empty() {
        return String::new();
    }
    let path = match folder.is_empty() {
        true => file.to_owned(),
        false => format!("{folder}/{file}"),
    };
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if rooted => {}
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    match (rooted, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => String::from("."),
        (false, false) => joined,
    }
}

/// The path in a Windows container. Source: `getPodSpecPatch`.
pub(super) fn windows(path: &str) -> String {
    format!("C:{}", path.replace('/', "\\"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_as_go_does() {
        for (folder, file, joined) in [
            ("/var/run/secrets", "token", "/var/run/secrets/token"),
            ("/var/run/secrets/", "token", "/var/run/secrets/token"),
            ("/var//run/./secrets", "../token", "/var/run/token"),
            ("/", "../../token", "/token"),
            ("", "token", "token"),
            ("", "", ""),
            ("a", "..", "."),
            ("../a", "../../b", "../../b"),
            ("a", "", "a"),
        ] {
            assert_eq!(join(folder, file), joined, "{folder:?} {file:?}");
        }
        assert_eq!(windows("/var/run/token"), r"C:\var\run\token");
    }
}
