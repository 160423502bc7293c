use std::collections::{HashSet, VecDeque};

use aws_lc_rs::digest;

/// What a line is known by.
pub(super) type Digest = [u8; 16];

/// Half of SHA-256, of a line with or without its end.
pub(super) fn digest(line: &[u8]) -> Digest {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let digest = digest::digest(&digest::SHA256, line);
    let mut half = Digest::default();
    half.iter_mut().zip(digest.as_ref()).for_each(|(to, from)| *to = *from);
    half
}

/// The last lines of a file.
#[derive(Debug)]
pub(super) struct Recent {
    order: VecDeque<Digest>,
    known: HashSet<Digest>,
    most: usize,
}

impl Recent {
    pub(super) fn new(most: usize) -> Self {
        Self { order: VecDeque::new(), known: HashSet::new(), most }
    }

    pub(super) fn has(&self, digest: &Digest) -> bool {
        self.known.contains(digest)
    }

    pub(super) fn add(&mut self, digest: Digest) {
        if !self.known.insert(digest) {
            return;
        }
        self.order.push_back(digest);
        if self.order.len() > self.most
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }

    pub(super) fn add_all(&mut self, lines: &[u8]) {
        lines.split_inclusive(|byte| *byte == b'\n').for_each(|line| self.add(digest(line)));
    }
}
