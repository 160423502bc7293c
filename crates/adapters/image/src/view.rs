//! Layers on top of one another: what a container would see.
//!
//! Sources: OCI image-spec, "Image Layer Filesystem Changeset", for whiteouts; containerd's `archive.Apply` for the rest, since
//! the specification leaves open what a link on the way to a file means.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Bound;

use crate::layer::{Entry, EntryKind};
use crate::limits::MAX_LINKS;
use crate::path;

/// A file of the view: its layer, and the entry's place in that layer's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Spot {
    pub(crate) layer: usize,
    pub(crate) entry: usize,
}

#[derive(Clone, Debug)]
enum Node<'l> {
    Folder,
    File(Spot),
    Link(Cow<'l, str>),
    Other,
}

/// All files, folders and links, by path.
#[derive(Debug, Default)]
pub(crate) struct View<'l> {
    nodes: BTreeMap<Cow<'l, str>, Node<'l>>,
}

impl<'l> View<'l> {
    /// Puts a layer on top. Tells of each of its files, by number, which one it replaces.
    pub(crate) fn apply(
        &mut self,
        layer: usize,
        entries: &'l [Entry],
        told: &mut dyn FnMut(usize, Option<Spot>),
    ) {
        // Whiteouts are of what lies below, wherever in the layer they stand.
        for entry in entries {
            match entry.kind {
                EntryKind::Whiteout => {
                    let hidden = self.place(&entry.path).into_owned();
                    self.remove(&hidden);
                }
                EntryKind::Opaque => {
                    let folder = self.resolve(&entry.path).unwrap_or_else(|| entry.path.to_string());
                    self.remove_below(&folder);
                }
                _ => {}
            }
        }
        // Most entries lie beside the one before.
        let mut last: Option<(&'l str, Option<String>)> = None;
        for (number, entry) in entries.iter().enumerate() {
            if entry.path.is_empty() {
                continue;
            }
            let node = match &entry.kind {
                EntryKind::Whiteout | EntryKind::Opaque => continue,
                EntryKind::Folder => Node::Folder,
                EntryKind::File => Node::File(Spot { layer, entry: number }),
                EntryKind::Other => Node::Other,
                EntryKind::Link(target) => Node::Link(Cow::Borrowed(target)),
                EntryKind::HardLink(target) => {
                    // What it is a link to is the same file, also after that name is gone.
                    let target = self.place(target).into_owned();
                    match self.nodes.get(target.as_str()) {
                        Some(node @ (Node::File(_) | Node::Link(_) | Node::Other)) => node.clone(),
                        _ => Node::Other,
                    }
                }
            };
            let (folder, name) = path::split(&entry.path);
            let moved = match &last {
                Some((known, moved)) if *known == folder => moved.clone(),
                _ => {
                    let real = self.resolve(folder).filter(|real| real != folder);
                    self.make_way(real.as_deref().unwrap_or(folder));
                    last = Some((folder, real.clone()));
                    real
                }
            };
            let place: Cow<'l, str> = match moved {
                Some(real) => Cow::Owned(path::join(&real, name)),
                None => Cow::Borrowed(&entry.path),
            };
            let replaced = self.nodes.get(&place);
            if let Node::File(spot) = &node
                && spot.entry == number
            {
                told(
                    number,
                    match replaced {
                        Some(Node::File(before)) => Some(*before),
                        _ => None,
                    },
                );
            }
            // A folder may have no entry of its own.
            let may_be_folder = matches!(replaced, Some(Node::Folder) | None);
            let is_same = matches!((&node, replaced), (Node::Folder, Some(Node::Folder)));
            // A link to a folder, made or replaced, changes where the next entry's folder is.
            if matches!(node, Node::Link(_)) || matches!(replaced, Some(Node::Link(_))) {
                last = None;
            }
            if is_same {
                continue;
            }
            if may_be_folder && !matches!(node, Node::Folder) {
                let below = place.clone().into_owned();
                self.remove_below(&below);
            }
            self.nodes.insert(place, node);
        }
    }

    /// All files with their paths, in the order of these.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&str, Spot)> {
        self.nodes.iter().filter_map(|(path, node)| match node {
            Node::File(spot) => Some((path.as_ref(), *spot)),
            _ => None,
        })
    }

    /// All symbolic links.
    pub(crate) fn links(&self) -> impl Iterator<Item = &str> {
        self.nodes.iter().filter(|(_, node)| matches!(node, Node::Link(_))).map(|(path, _)| path.as_ref())
    }

    /// The file that a path leads to, links followed inside the image, and that file's own path.
    pub(crate) fn file(&self, path: &str) -> Option<(String, Spot)> {
        let real = self.resolve(path)?;
        match self.nodes.get(real.as_str()) {
            Some(Node::File(spot)) => Some((real, *spot)),
            _ => None,
        }
    }

    /// The entry's own place: links on the way are followed, the last part is not.
    fn place<'p>(&self, path: &'p str) -> Cow<'p, str> {
        let (folder, name) = path::split(path);
        match self.resolve(folder) {
            Some(real) if real != folder => Cow::Owned(path::join(&real, name)),
            _ => Cow::Borrowed(path),
        }
    }

    /// Where a path leads: every link is followed, `/` and `..` end at the image's root. None if links go in circles.
    fn resolve(&self, path: &str) -> Option<String> {
        let mut followed = 0;
        // What is still to walk, the next part last.
        let mut rest: Vec<Cow<'_, str>> = path.split('/').rev().map(Cow::Borrowed).collect();
        let mut real = String::with_capacity(path.len());
        while let Some(part) = rest.pop() {
            match part.as_ref() {
                "" | "." => continue,
                ".." => {
                    real.truncate(real.rfind('/').unwrap_or_default());
                    continue;
                }
                _ => {}
            }
            let parent = real.len();
            if !real.is_empty() {
                real.push('/');
            }
            real.push_str(&part);
            let Some(Node::Link(target)) = self.nodes.get(real.as_str()) else { continue };
            followed += 1;
            if followed > MAX_LINKS {
                return None;
            }
            real.truncate(if target.starts_with('/') { 0 } else { parent });
            rest.extend(target.split('/').rev().map(|part| Cow::Owned(part.to_owned())));
        }
        Some(real)
    }

    /// Takes away what is no folder where there has to be one, since something lies in it.
    fn make_way(&mut self, folder: &str) {
        let ends = folder.match_indices('/').map(|(at, _)| at).chain([folder.len()]);
        for end in ends {
            let Some(place) = folder.get(..end) else { continue };
            if self.nodes.get(place).is_some_and(|node| !matches!(node, Node::Folder)) {
                self.nodes.remove(place);
            }
        }
    }

    fn remove(&mut self, path: &str) {
        if matches!(self.nodes.remove(path), Some(Node::Folder) | None) {
            self.remove_below(path);
        }
    }

    fn remove_below(&mut self, folder: &str) {
        if folder.is_empty() {
            self.nodes.clear();
            return;
        }
        // `0` comes right after `/`.
        let (from, to) = (format!("{folder}/"), format!("{folder}0"));
        let below = (Bound::Excluded(from.as_str()), Bound::Excluded(to.as_str()));
        let gone: Vec<Cow<'l, str>> =
            self.nodes.range::<str, _>(below).map(|(path, _)| path.clone()).collect();
        for path in gone {
            self.nodes.remove(&path);
        }
    }
}

#[cfg(test)]
mod tests;
