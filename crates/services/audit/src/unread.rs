//! What came and could not be read: it is kept, so that nothing is lost that somebody may want to look at.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use serde_json::json;

/// Longest file; then it becomes the older one, whose place it takes. Two of them bound what a hostile sender can fill.
const MAX_FILE: u64 = 32 << 20;

/// Longest text that is kept of one.
const MAX_TEXT: usize = 64 << 10;

/// What names what must not lie about: a text with one of these is not kept, as nobody could say what of it is secret.
const SECRET: [&[u8]; 3] = [b"secret", b"Secret", b"token"];

/// A file of what could not be read, a line of JSON each: `{"file", "line", "why", "text"}`.
#[derive(Debug)]
pub(crate) struct Unread {
    path: PathBuf,
    file: Option<(File, u64)>,
}

impl Unread {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, file: None }
    }

    /// Keeps a text. That it could not be is told and has no other effect.
    pub(crate) fn keep(&mut self, file: &str, line: u64, why: &str, text: &[u8]) {
        let cut = text.get(..MAX_TEXT).unwrap_or(text);
        let is_secret = SECRET.iter().any(|word| memchr::memmem::find(text, word).is_some());
        let text =
            if is_secret { "withheld: it may hold a secret".into() } else { String::from_utf8_lossy(cut) };
        let mut row = json!({ "file": file, "line": line, "why": why, "text": text }).to_string();
        row.push('\n');
        if let Err(error) = self.append(row.as_bytes()) {
            tracing::warn!(path = %self.path.display(), %error, "what could not be read could not be kept either");
            self.file = None;
        }
    }

    fn append(&mut self, row: &[u8]) -> io::Result<()> {
        let (file, length) = match &mut self.file {
            Some(open) => open,
            none => {
                let file = OpenOptions::new().append(true).create(true).mode(0o600).open(&self.path)?;
                let length = file.metadata()?.len();
                none.insert((file, length))
            }
        };
        file.write_all(row)?;
        *length = length.saturating_add(row.len() as u64);
        if *length >= MAX_FILE {
            fs::rename(&self.path, self.path.with_extension("older"))?;
            self.file = None;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_kept_and_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("unread");
        let mut unread = Unread::new(path.clone());
        unread.keep("a.log", 7, "it is no JSON", b"{\xff");
        let row: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        assert_eq!(row, json!({ "file": "a.log", "line": 7, "why": "it is no JSON", "text": "{\u{fffd}" }));
        unread.keep("a.log", 8, "it is no JSON", b"{\"kind\":\"Secret\", planted");
        assert!(!String::from_utf8(fs::read(&path).unwrap()).unwrap().contains("planted"));
        let long = vec![b'x'; MAX_TEXT * 2];
        for _ in 0..(3 * MAX_FILE / MAX_TEXT as u64) {
            unread.keep("a.log", 8, "too long", &long);
        }
        let held: u64 =
            fs::read_dir(folder.path()).unwrap().map(|at| at.unwrap().metadata().unwrap().len()).sum();
        assert!(held > MAX_FILE && held < 2 * MAX_FILE + 2 * MAX_TEXT as u64, "{held}");
    }
}
