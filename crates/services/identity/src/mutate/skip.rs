//! The annotation `skip-containers`: one record of comma-separated values, as Go's `encoding/csv` reads it.

/// The names in the first record; none if the annotation can't be read, since then none is skipped.
///
/// Names keep their blanks, as the existing webhook has it. A quote inside a field that does not begin with one, and
/// text behind a closing quote, make the record unreadable. Source: Go, package `encoding/csv`, `Reader.Read`.
pub(super) fn names(annotation: &str) -> Option<Vec<String>> {
    let text = annotation.replace("\r\n", "\n");
    let text = text.strip_suffix('\r').unwrap_or(&text);
    let mut rest = text.trim_start_matches('\n');
    if rest.is_empty() {
        return None;
    }
    let mut names = Vec::new();
    loop {
        let name;
        (name, rest) = field(rest)?;
        names.push(name);
        match rest.strip_prefix(',') {
            Some(next) => rest = next,
            None => return Some(names),
        }
    }
}

/// A field and what follows it: a comma, a line's end or nothing.
fn field(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let (field, rest) = text.split_at(text.find([',', '\n']).unwrap_or(text.len()));
        return (!field.contains('"')).then(|| (field.to_owned(), rest));
    };
    let mut field = String::new();
    let mut rest = quoted;
    loop {
        let (part, after) = rest.split_once('"')?;
        field.push_str(part);
        match after.strip_prefix('"') {
            Some(next) => {
                field.push('"');
                rest = next;
            }
            None if after.is_empty() || after.starts_with([',', '\n']) => return Some((field, after)),
            None => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_as_go_does() {
        for (text, read) in [
            ("a", Some(&["a"][..])),
            ("a,b", Some(&["a", "b"])),
            ("a, b ,", Some(&["a", " b ", ""])),
            ("\n\r\na,b\nc", Some(&["a", "b"])),
            ("a\r", Some(&["a"])),
            ("\"a,b\",\"c\"\"d\",e", Some(&["a,b", "c\"d", "e"])),
            ("\"a\nb\",c", Some(&["a\nb", "c"])),
            ("\"\"", Some(&[""])),
            (",", Some(&["", ""])),
            ("", None),
            ("\n\n", None),
            ("a\"b", None),
            ("\"a\"b", None),
            ("\"a", None),
        ] {
            assert_eq!(
                names(text).as_deref(),
                read.map(|names| names.iter().map(|n| n.to_string()).collect::<Vec<_>>()).as_deref(),
                "{text:?}"
            );
        }
    }
}
