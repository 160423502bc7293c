//! Maven's order: a list of numbers and qualifiers in which a hyphen, and a change between digits and letters, opens a list in
//! the list.
//!
//! Source: Maven's POM reference, "Version Order Specification"; `ComparableVersion` of maven-artifact 3.9 for what it leaves
//! open. Maven reads any text.
//!
//! A list that is in a list always ends it, so that lists are kept as levels, however deep they are.

use std::cmp::Ordering;

use super::digits;
use super::error::Why;

/// The qualifiers that are known, from the oldest; the empty one is the release.
const QUALIFIERS: [&str; 7] = ["alpha", "beta", "milestone", "rc", "snapshot", "", "sp"];

#[derive(Debug, Clone, PartialEq, Eq)]
enum Atom {
    /// Digits without zeros before them.
    Number(String),
    Qualifier(String),
}

impl Atom {
    fn number(digits: &str) -> Self {
        Self::Number(digits::significant(digits).to_owned())
    }

    fn qualifier(text: &str, before_digit: bool) -> Self {
        let known = match text {
            "a" if before_digit => "alpha",
            "b" if before_digit => "beta",
            "m" if before_digit => "milestone",
            "ga" | "final" | "release" => "",
            "cr" => "rc",
            other => other,
        };
        Self::Qualifier(known.to_owned())
    }

    fn new(is_digit: bool, text: &str) -> Self {
        if is_digit { Self::number(text) } else { Self::qualifier(text, false) }
    }

    fn is_null(&self) -> bool {
        match self {
            Self::Number(text) | Self::Qualifier(text) => text.is_empty(),
        }
    }

    /// Compares with nothing at all.
    fn beside_nothing(&self) -> Ordering {
        match self {
            Self::Number(digits) if digits.is_empty() => Ordering::Equal,
            Self::Number(_) => Ordering::Greater,
            Self::Qualifier(text) => qualifiers(text, ""),
        }
    }

    fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => digits::compare(a, b),
            (Self::Number(_), Self::Qualifier(_)) => Ordering::Greater,
            (Self::Qualifier(_), Self::Number(_)) => Ordering::Less,
            (Self::Qualifier(a), Self::Qualifier(b)) => qualifiers(a, b),
        }
    }
}

/// Known qualifiers in their order, then all others as Java compares texts: by UTF-16.
fn qualifiers(a: &str, b: &str) -> Ordering {
    let place = |text: &str| QUALIFIERS.iter().position(|known| *known == text).unwrap_or(QUALIFIERS.len());
    let (left, right) = (place(a), place(b));
    left.cmp(&right).then_with(|| a.encode_utf16().cmp(b.encode_utf16()))
}

/// A version of Maven: each level is a list, whose last member is the next level.
#[derive(Debug, Clone)]
pub(super) struct Version(Vec<Vec<Atom>>);

#[expect(clippy::unnecessary_wraps, reason = "readers of other ecosystems refuse some texts")]
pub(super) fn parse(text: &str) -> Result<Version, Why> {
    let text = text.to_lowercase();
    let mut levels = Levels { current: Vec::new(), done: Vec::new() };
    let mut pending = String::new();
    let mut is_digit = false;
    for c in text.chars() {
        match c {
            '.' | '-' => {
                let atom = if pending.is_empty() { Atom::number("0") } else { Atom::new(is_digit, &pending) };
                levels.current.push(atom);
                pending.clear();
                if c == '-' {
                    levels.open();
                }
            }
            '0'..='9' => {
                if !is_digit && !pending.is_empty() {
                    levels.open_unless_empty();
                    levels.current.push(Atom::qualifier(&pending, true));
                    pending.clear();
                    levels.open();
                }
                is_digit = true;
                pending.push(c);
            }
            _ => {
                if is_digit && !pending.is_empty() {
                    levels.current.push(Atom::number(&pending));
                    pending.clear();
                    levels.open();
                }
                is_digit = false;
                pending.push(c);
            }
        }
    }
    if !pending.is_empty() {
        if !is_digit {
            levels.open_unless_empty();
        }
        levels.current.push(Atom::new(is_digit, &pending));
    }
    Ok(Version(levels.normalized()))
}

/// Lists as they are read.
struct Levels {
    current: Vec<Atom>,
    done: Vec<Vec<Atom>>,
}

impl Levels {
    fn open(&mut self) {
        self.done.push(std::mem::take(&mut self.current));
    }

    fn open_unless_empty(&mut self) {
        if !self.current.is_empty() {
            self.open();
        }
    }

    /// Takes away what is null at the end of each list, and lists of which nothing is left.
    fn normalized(mut self) -> Vec<Vec<Atom>> {
        self.open();
        for level in &mut self.done {
            while level.last().is_some_and(Atom::is_null) {
                level.pop();
            }
        }
        while self.done.last().is_some_and(Vec::is_empty) {
            self.done.pop();
        }
        self.done
    }
}

/// One member of a list.
enum Member<'a> {
    Atom(&'a Atom),
    List,
    Nothing,
}

impl Version {
    fn member(&self, level: usize, place: usize) -> Member<'_> {
        let atoms = self.0.get(level).map(Vec::as_slice).unwrap_or_default();
        match atoms.get(place) {
            Some(atom) => Member::Atom(atom),
            None if place == atoms.len() && level + 1 < self.0.len() => Member::List,
            None => Member::Nothing,
        }
    }

    /// Compares the lists from this level on with nothing at all.
    fn beside_nothing(&self, level: usize) -> Ordering {
        let atoms = self.0.iter().skip(level).flatten();
        atoms.map(Atom::beside_nothing).find(|ordering| ordering.is_ne()).unwrap_or(Ordering::Equal)
    }

    pub(super) fn cmp(&self, other: &Self) -> Ordering {
        let (mut level, mut place) = (0, 0);
        loop {
            let ordering = match (self.member(level, place), other.member(level, place)) {
                (Member::Nothing, Member::Nothing) => return Ordering::Equal,
                (Member::List, Member::List) => {
                    (level, place) = (level + 1, 0);
                    continue;
                }
                (Member::Atom(a), Member::Atom(b)) => a.compare(b),
                (Member::Atom(a), Member::Nothing) => a.beside_nothing(),
                (Member::Nothing, Member::Atom(b)) => b.beside_nothing().reverse(),
                (Member::List, Member::Nothing) => return self.beside_nothing(level + 1),
                (Member::Nothing, Member::List) => return other.beside_nothing(level + 1).reverse(),
                (Member::Atom(Atom::Number(_)), Member::List)
                | (Member::List, Member::Atom(Atom::Qualifier(_))) => Ordering::Greater,
                (Member::Atom(Atom::Qualifier(_)), Member::List)
                | (Member::List, Member::Atom(Atom::Number(_))) => Ordering::Less,
            };
            if ordering.is_ne() {
                return ordering;
            }
            place += 1;
        }
    }
}
