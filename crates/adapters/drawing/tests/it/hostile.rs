use ringwall_drawing::{csv, dot, html, svg};
use ringwall_network::Traffic;

use crate::shop::{graph, pods, tcp};

const NAMES: [&str; 7] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onload='alert(1)",
    "a\u{1b}[2J\u{0}\r\n\t\u{7}",
    "\u{202e}gpj.exe\u{2066}",
    "\\N\\\"];evil[label=\"&lt;",
    "]]>--><!--",
];

/// Whether a text is well-formed as far as markup goes: every `<` begins a tag of ours, every tag is closed.
fn tags(text: &str) -> Vec<String> {
    let mut open: Vec<String> = Vec::new();
    for part in text.split('<').skip(1) {
        let (tag, _) = part.split_once('>').unwrap();
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "{tag}");
        } else if !tag.ends_with('/') && !tag.starts_with('!') {
            open.push(tag.split(' ').next().unwrap().to_owned());
        }
    }
    open
}

#[test]
fn names_stay_names() {
    let parties: Vec<_> =
        (NAMES.iter().flat_map(|namespace| NAMES.iter().map(move |name| (namespace, name))))
            .map(|(namespace, name)| pods(namespace, "Deployment\u{7}<b>", name))
            .collect();
    let mut graph = graph(parties, |from, to| match (from.namespace == to.namespace, from.name == to.name) {
        (true, false) => tcp(80),
        (false, true) => tcp(443),
        _ => Traffic::none(),
    });
    graph.title = NAMES.concat();
    graph.notes = NAMES.iter().map(|name| (*name).to_owned()).collect();
    let drawn = svg(&graph);
    assert_eq!(tags(&drawn), Vec::<String>::new());
    let page = html(&graph);
    let mut table = Vec::new();
    csv(&graph, &mut table).unwrap();
    let table = String::from_utf8(table).unwrap();
    let graphviz = dot(&graph);
    for text in [&drawn, &page, &graphviz, &table] {
        let control = |letter: char| letter.is_control() && letter != '\n' && letter != '\r';
        assert!(!text.contains(control));
        assert!(!text.contains(['\u{202e}', '\u{2066}']));
    }
    for text in [&drawn, &page] {
        assert!(
            !text.contains("<script>alert")
                && !text.contains("<img")
                && !text.contains("onload='")
                && !text.contains("<b>")
        );
    }
    assert_eq!(page.matches("<script>").count(), 1);
    // Within a line of DOT all quotes but those that begin and end a string are escaped.
    for line in graphviz.lines() {
        let plain = line.replace("\\\\", "").replace("\\\"", "");
        assert!(plain.matches('"').count() % 2 == 0, "{line}");
        assert!(!plain.contains("evil[") || plain.matches('"').count() >= 2, "{line}");
    }
}
