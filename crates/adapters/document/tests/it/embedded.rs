//! Documents within strings of documents: their lines are those of the file where that can be.

use ringwall_document::{Document, Lines, Reader};

use crate::read::{FILE, read};

/// The line that each item of the list in `data.mapRoles` gets, beside the line at which it stands in the file.
fn lines(text: &str) -> Vec<(u32, u32)> {
    let (mut documents, problems) = read(text);
    assert!(problems.is_empty(), "{problems:?}");
    let Document { tree, literals } = documents.pop().unwrap();
    let value = tree.at(&["data", "mapRoles"]).unwrap();
    let lines = literals.lines_of(value);
    let inner = Reader::default().read_embedded(&FILE.into(), value.as_str().unwrap(), lines).unwrap();
    inner
        .items()
        .iter()
        .map(|item| {
            let written = item.str("username").unwrap();
            let at = text.lines().position(|line| line.contains(written)).unwrap();
            (item.line, u32::try_from(at + 1).unwrap())
        })
        .collect()
}

fn all_match(text: &str) {
    let lines = lines(text);
    assert_eq!(lines.len(), 2, "{text}");
    for (found, file) in lines {
        assert_eq!(found, file, "{text}");
    }
}

#[test]
fn lines_in_a_literal_block_are_those_of_the_file() {
    for header in ["|", "|-", "|+", "|2", "| # comment"] {
        let indent = if header == "|2" { "    " } else { "      " };
        for lead in ["", "\n", "\n\n\n", "# a comment\n", "\n# a comment\n\n"] {
            let lead: String = lead
                .lines()
                .map(|line| format!("{}{line}\n", if line.is_empty() { "" } else { indent }))
                .collect();
            let text = format!(
                "kind: ConfigMap\ndata:\n  mapRoles: {header}\n{lead}{indent}- username: one\n{indent}  groups: [a]\n\n{indent}- username: two\n"
            );
            all_match(&text);
            all_match(&format!("a: |\n  x\n---\n{text}"));
            all_match(&text.replace('\n', "\r\n"));
        }
    }
}

#[test]
fn blank_lines_with_blanks_count_too() {
    all_match("data:\n  mapRoles: |\n    \n  \n    - username: one\n    - username: two\n");
    all_match("data:\n  mapRoles: |\n\n      \n      - username: one\n      - username: two\n");
}

#[test]
fn other_strings_stand_at_one_line() {
    let text = "data:\n  mapRoles: \"- username: one\\n- username: two\\n\"\n";
    assert_eq!(lines(text), [(2, 2), (2, 2)]);
    let text = "data:\n  mapRoles: >\n    - username: one\n\n    - username: two\n";
    let found: Vec<u32> = lines(text).into_iter().map(|(line, _)| line).collect();
    assert_eq!(found.len(), 2);
    assert_eq!(found[0], found[1]);
    let text = "{\"data\": {\n  \"mapRoles\": \"- username: one\\n- username: two\\n\"}}\n";
    assert_eq!(lines(text), [(2, 2), (2, 2)]);
}

#[test]
fn problems_in_an_embedded_document_have_its_line() {
    let mut reader = Reader::default();
    let mut read = |text, lines| reader.read_embedded(&FILE.into(), text, lines);
    let problem = read("- a: 1\n- b: [\n", Lines::From(10)).unwrap_err();
    assert!((11..=12).contains(&problem.source.line), "{problem}");
    assert_eq!(read("a: 1\na: 2\n", Lines::All(7)).unwrap_err().source.line, 7);
    assert_eq!(read("a: 1\na: 2\n", Lines::From(7)).unwrap_err().source.line, 8);
    assert!(read("", Lines::From(3)).unwrap().is_null());
    assert!(read("# only a comment\n", Lines::From(3)).unwrap().is_null());
}
