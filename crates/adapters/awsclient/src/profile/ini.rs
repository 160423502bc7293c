//! The form of `~/.aws/config` and `~/.aws/credentials`.
//!
//! Source: AWS, *AWS SDKs and Tools Reference Guide*, "Using shared config and credentials files", "Format of the config
//! file"; botocore's `configloader.py`.

use std::collections::BTreeMap;

/// Most bytes of a file: hundreds of profiles take some ten thousand.
pub(super) const MAX_BYTES: u64 = 1 << 20;

/// Sections by their names, as they stand between the brackets; of each, keys in lower case with values. A key with values
/// of its own below it (`s3 =`, then indented lines) has an empty value, and those are left out.
pub(super) type Sections = BTreeMap<String, BTreeMap<String, String>>;

/// A line that can't be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BadLine {
    pub(super) line: usize,
    pub(super) why: &'static str,
}

/// Reads a file. A section that is there twice is one; of a key that is there twice the last counts.
pub(super) fn parse(text: &str) -> Result<Sections, BadLine> {
    let mut sections = Sections::new();
    let mut section: Option<&mut BTreeMap<String, String>> = None;
    for (at, line) in text.lines().enumerate() {
        let bad = |why| BadLine { line: at + 1, why };
        let indented = line.starts_with([' ', '\t']);
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        if !indented && let Some(rest) = trimmed.strip_prefix('[') {
            let (name, rest) = rest.split_once(']').ok_or_else(|| bad("its `[` is not closed"))?;
            if !without_comment(rest).is_empty() && !rest.trim_start().starts_with(['#', ';']) {
                return Err(bad("there is something after its `]`"));
            }
            let words: Vec<&str> = name.split_whitespace().collect();
            section = Some(sections.entry(words.join(" ")).or_default());
            continue;
        }
        if indented {
            // It belongs to the key above.
            continue;
        }
        let place = section.as_mut().ok_or_else(|| bad("it is in no section"))?;
        let (key, value) = trimmed.split_once('=').ok_or_else(|| bad("it has no `=`"))?;
        let key = key.trim();
        if key.is_empty() {
            return Err(bad("there is nothing before its `=`"));
        }
        place.insert(key.to_ascii_lowercase(), without_comment(value).to_owned());
    }
    Ok(sections)
}

/// A value without what follows a blank and `#` or `;`.
fn without_comment(value: &str) -> &str {
    let value = value.trim();
    let end = value
        .char_indices()
        .zip(value.chars().skip(1))
        .find(|((_, blank), mark)| blank.is_whitespace() && matches!(mark, '#' | ';'))
        .map_or(value.len(), |((at, _), _)| at);
    value.get(..end).unwrap_or(value).trim_end()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value<'a>(sections: &'a Sections, section: &str, key: &str) -> Option<&'a str> {
        sections.get(section)?.get(key).map(String::as_str)
    }

    #[test]
    fn files_of_the_cli_are_read() {
        let text = "# mine\n[default]\nregion = eu-central-1 ; here\nOutput=json#no comment\n\n\
                    [profile  prod] # x\nrole_arn=arn:aws:iam::111122223333:role/r\ns3 =\n  max = 1\n\tregion = no\n\
                    ; x\n[default]\naws_secret_access_key = a=b;c #d\n";
        let sections = parse(text).unwrap();
        assert_eq!(value(&sections, "default", "region"), Some("eu-central-1"));
        assert_eq!(value(&sections, "default", "output"), Some("json#no comment"));
        assert_eq!(value(&sections, "default", "aws_secret_access_key"), Some("a=b;c"));
        assert_eq!(value(&sections, "profile prod", "role_arn"), Some("arn:aws:iam::111122223333:role/r"));
        assert_eq!(value(&sections, "profile prod", "s3"), Some(""));
        assert_eq!(value(&sections, "profile prod", "region"), None);
    }

    #[test]
    fn a_bad_line_is_told() {
        for (text, line) in
            [("region=x", 1), ("[a]\n[b\n", 2), ("[a]\nx", 2), ("[a]\n\n= x", 3), ("[a] b\n", 1)]
        {
            assert_eq!(parse(text).unwrap_err().line, line, "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// What is written is read, whatever stands around it.
        #[test]
        fn what_is_written_is_read(
            pairs in proptest::collection::btree_map("[a-z_]{1,8}", "[!-~&&[^#;]]([ -~&&[^#;]]{0,8}[!-~&&[^#;]])?", 0..5),
            name in "[a-zA-Z0-9./-]{1,8}",
            blank in "[ \t]{0,2}",
        ) {
            let mut text = format!("[{name}]{blank} # comment\n");
            for (key, value) in &pairs {
                text.push_str(&format!("{key}{blank}={blank}{value}{blank} ; comment\n\n"));
            }
            let sections = parse(&text).unwrap();
            prop_assert_eq!(sections.get(&name), Some(&pairs));
        }

        /// Any text is an answer, and one that doesn't grow.
        #[test]
        fn any_text_is_read_or_refused(text in "(\\[[a-z]{0,3}\\]?|[a-z]{0,3}|=|#|;| |\t|\n|é){0,40}") {
            if let Ok(sections) = parse(&text) {
                let size: usize = sections.iter().map(|(name, keys)| {
                    name.len() + keys.iter().map(|(key, value)| key.len() + value.len()).sum::<usize>()
                }).sum();
                prop_assert!(size <= text.len());
            }
        }
    }
}
