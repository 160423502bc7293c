use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn entry(path: &str, kind: EntryKind) -> Entry {
    Entry { path: path.into(), kind }
}

/// One a word: `file`, `folder/`, `link>target`, `hard=target`, `-hidden`, `folder/*` for an opaque folder, `!other`.
fn layer(text: &str) -> Vec<Entry> {
    let words = text.split_whitespace().map(|word| {
        if let Some(path) = word.strip_prefix('-') {
            entry(path, EntryKind::Whiteout)
        } else if let Some(path) = word.strip_prefix('!') {
            entry(path, EntryKind::Other)
        } else if let Some(path) = word.strip_suffix('*') {
            entry(path.trim_end_matches('/'), EntryKind::Opaque)
        } else if let Some(path) = word.strip_suffix('/') {
            entry(path, EntryKind::Folder)
        } else if let Some((path, target)) = word.split_once('>') {
            entry(path, EntryKind::Link(target.into()))
        } else if let Some((path, target)) = word.split_once('=') {
            entry(path, EntryKind::HardLink(target.into()))
        } else {
            entry(word, EntryKind::File)
        }
    });
    words.collect()
}

/// The files that are seen, each with the number of its layer.
fn seen(layers: &[&str]) -> Vec<String> {
    let layers: Vec<Vec<Entry>> = layers.iter().map(|text| layer(text)).collect();
    let mut view = View::default();
    for (number, entries) in layers.iter().enumerate() {
        view.apply(number, entries, &mut |_, _| {});
    }
    view.files().map(|(path, spot)| format!("{path}:{}", spot.layer)).collect()
}

#[test]
fn whiteouts_hide_what_lies_below() {
    assert_eq!(seen(&["a b c/d c/e", "-b c/e"]), ["a:0", "c/d:0", "c/e:1"]);
    assert_eq!(seen(&["c/d c/e", "-c"]), [""; 0]);
    assert_eq!(seen(&["c/d c/e", "-c c/f"]), ["c/f:1"]);
    assert_eq!(seen(&["c/d c/e cd", "c/f c/*"]), ["c/f:1", "cd:0"], "whatever the order");
    assert_eq!(seen(&["c/d", "c/d -c/d"]), ["c/d:1"], "nothing of its own layer");
    assert_eq!(seen(&["a b/c", "*"]), [""; 0], "the root");
    assert_eq!(seen(&["a-b a/b a0", "-a"]), ["a-b:0", "a0:0"], "names that sort between");
}

#[test]
fn what_replaces_something_hides_it() {
    assert_eq!(seen(&["a/b a/c", "a"]), ["a:1"], "a file over a folder");
    assert_eq!(seen(&["a", "a/ a/b"]), ["a/b:1"], "a folder over a file");
    assert_eq!(seen(&["a/b", "a/ a/c"]), ["a/b:0", "a/c:1"], "a folder over a folder");
    assert_eq!(seen(&["a", "a/b"]), ["a/b:1"], "something in a folder that has no entry");
    assert_eq!(seen(&["a", "!a"]), [""; 0], "a device over a file");
    assert_eq!(seen(&["a", "a>b"]), [""; 0], "a link over a file");
    assert_eq!(
        seen(&["lib>usr/lib usr/lib/x", "lib/ lib/y"]),
        ["lib/y:1", "usr/lib/x:0"],
        "a folder over a link"
    );
}

#[test]
fn links_on_the_way_are_followed_inside() {
    assert_eq!(seen(&["usr/lib/x lib>usr/lib", "lib/y lib/x"]), ["usr/lib/x:1", "usr/lib/y:1"]);
    assert_eq!(seen(&["usr/lib/x lib>usr/lib", "-lib/x"]), [""; 0], "a whiteout behind a link");
    assert_eq!(seen(&["usr/lib/x usr/y lib>usr/lib", "lib/*"]), ["usr/y:0"], "an opaque one");
    assert_eq!(seen(&["lib>/usr/lib", "lib/x"]), ["usr/lib/x:1"], "from the root");
    assert_eq!(seen(&["lib>../../../usr", "lib/x"]), ["usr/x:1"], "nothing leads out");
    assert_eq!(seen(&["a>b b>c c/", "a/x"]), ["c/x:1"]);
    assert_eq!(seen(&["a>b b>a", "a/x"]), ["a/x:1"], "in circles it is its own folder");
    assert_eq!(seen(&["lib>usr/lib lib/x"]), ["usr/lib/x:0"], "in one layer");
}

#[test]
fn hard_links_are_the_file_itself() {
    assert_eq!(seen(&["a b=a"]), ["a:0", "b:0"]);
    assert_eq!(seen(&["a", "b=a -a"]), [""; 0], "whiteouts come first");
    assert_eq!(seen(&["a", "b=a", "-a"]), ["b:0"]);
    assert_eq!(seen(&["b=missing"]), [""; 0]);
}

#[test]
fn paths_lead_to_files() {
    let layers = [layer(
        "usr/lib/os-release etc/os-release>../usr/lib/os-release var/lib/rpm>../../usr/rpm usr/rpm/db loop>loop",
    )];
    let mut view = View::default();
    view.apply(0, &layers[0], &mut |_, _| {});
    let file = |path: &str| view.file(path).map(|(path, _)| path);
    assert_eq!(file("etc/os-release").as_deref(), Some("usr/lib/os-release"));
    assert_eq!(file("var/lib/rpm/db").as_deref(), Some("usr/rpm/db"));
    assert_eq!(file("loop"), None);
    assert_eq!(file("usr/lib"), None);
    assert_eq!(view.links().count(), 3);
}

/// The naive twin: folders as maps in maps, each layer put on top in the plainest way.
#[derive(Clone, Debug)]
enum Tree {
    Folder(BTreeMap<String, Tree>),
    File(usize),
    Link(String),
    Other,
}

struct Naive(Tree);

impl Naive {
    fn get(&self, path: &[String]) -> Option<&Tree> {
        path.iter().try_fold(&self.0, |tree, part| match tree {
            Tree::Folder(children) => children.get(part),
            _ => None,
        })
    }

    /// The parts of where a path leads; a path through what isn't there is taken as it is.
    fn resolve(&self, path: &str, left: &mut usize) -> Option<Vec<String>> {
        let mut real: Vec<String> = Vec::new();
        for part in path.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    real.pop();
                }
                _ => {
                    real.push(part.to_owned());
                    if let Some(Tree::Link(target)) = self.get(&real) {
                        *left = left.checked_sub(1)?;
                        real.pop();
                        let from = if target.starts_with('/') { String::new() } else { real.join("/") };
                        // Again from the start, which is slow and plain.
                        real = self.resolve(&format!("{from}/{target}"), left)?;
                    }
                }
            }
        }
        Some(real)
    }

    fn place(&self, path: &str) -> Vec<String> {
        let (folder, name) = path::split(path);
        let mut real = self.resolve(folder, &mut 255).unwrap_or_else(|| {
            folder.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect()
        });
        real.push(name.to_owned());
        real
    }

    /// The children of the folder that has a path; folders that are missing are made, and take the place of what is in the way.
    fn children(&mut self, folder: &[String]) -> Option<&mut BTreeMap<String, Tree>> {
        let mut tree = &mut self.0;
        for part in folder {
            let Tree::Folder(children) = tree else { return None };
            tree = children.entry(part.clone()).or_insert_with(|| Tree::Folder(BTreeMap::new()));
            if !matches!(tree, Tree::Folder(_)) {
                *tree = Tree::Folder(BTreeMap::new());
            }
        }
        match tree {
            Tree::Folder(children) => Some(children),
            _ => None,
        }
    }

    fn apply(&mut self, number: usize, entries: &[Entry]) {
        for entry in entries {
            match entry.kind {
                EntryKind::Whiteout => {
                    let place = self.place(&entry.path);
                    let (name, folder) = place.split_last().unwrap();
                    if matches!(self.get(folder), Some(Tree::Folder(_)))
                        && let Some(children) = self.children(folder)
                    {
                        children.remove(name);
                    }
                }
                EntryKind::Opaque => {
                    if let Some(real) = self.resolve(&entry.path, &mut 255)
                        && matches!(self.get(&real), Some(Tree::Folder(_)))
                        && let Some(children) = self.children(&real)
                    {
                        children.clear();
                    }
                }
                _ => {}
            }
        }
        for entry in entries {
            let node = match &entry.kind {
                EntryKind::Whiteout | EntryKind::Opaque => continue,
                EntryKind::Folder => Tree::Folder(BTreeMap::new()),
                EntryKind::File => Tree::File(number),
                EntryKind::Link(target) => Tree::Link(target.to_string()),
                EntryKind::Other => Tree::Other,
                EntryKind::HardLink(target) => match self.get(&self.place(target)) {
                    Some(Tree::Folder(_)) | None => Tree::Other,
                    Some(other) => other.clone(),
                },
            };
            let place = self.place(&entry.path);
            let (name, folder) = place.split_last().unwrap();
            let Some(children) = self.children(folder) else { continue };
            if matches!((&node, children.get(name)), (Tree::Folder(_), Some(Tree::Folder(_)))) {
                continue;
            }
            children.insert(name.clone(), node);
        }
    }

    fn files(tree: &Tree, path: &str, found: &mut Vec<String>) {
        match tree {
            Tree::Folder(children) => {
                for (name, child) in children {
                    Self::files(child, &path::join(path, name), found);
                }
            }
            Tree::File(layer) => found.push(format!("{path}:{layer}")),
            _ => {}
        }
    }
}

/// Entries in few folders, so that they meet. A folder stands before what lies in it, as in every layer that is made by a tool.
fn entries() -> impl Strategy<Value = Vec<Entry>> {
    let name = prop::sample::select(vec!["a", "b", "c"]);
    let path = prop::collection::vec(name, 1..4).prop_map(|parts| parts.join("/"));
    let target = prop::sample::select(vec!["a", "/b", "../c", "c/a", "."]);
    let one = (path, 0..9_u8, target).prop_map(|(path, kind, target)| {
        let kind = match kind {
            0 => EntryKind::Whiteout,
            1 => EntryKind::Opaque,
            2 => EntryKind::Link(target.into()),
            3 => EntryKind::HardLink(path::clean(target.as_bytes()).unwrap_or_default().into()),
            4 => EntryKind::Other,
            5 => EntryKind::Folder,
            _ => EntryKind::File,
        };
        entry(&path, kind)
    });
    prop::collection::vec(one, 0..8)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn the_view_is_that_of_the_naive_twin(layers in prop::collection::vec(entries(), 1..5)) {
        let mut view = View::default();
        let mut naive = Naive(Tree::Folder(BTreeMap::new()));
        for (number, entries) in layers.iter().enumerate() {
            view.apply(number, entries, &mut |_, _| {});
            naive.apply(number, entries);
        }
        let mut found = Vec::new();
        Naive::files(&naive.0, "", &mut found);
        found.sort();
        let mut seen: Vec<String> = view.files().map(|(path, spot)| format!("{path}:{}", spot.layer)).collect();
        seen.sort();
        prop_assert_eq!(seen, found);
    }
}
