//! `--print-config`: the settings in force, as a file that could be used.

use std::io::{self, Write};

use super::Loaded;
use super::declare::Shown;
use crate::render::style;

/// Prints every setting with who set it. Settings without a table come first, as TOML wants it.
pub(crate) fn print(out: &mut dyn Write, loaded: &Loaded) -> io::Result<()> {
    let shown = loaded.settings.shown();
    let table = |shown: &Shown<'_>| shown.declared.key.split_once('.').map(|(table, _)| table);
    let mut current = None;
    for shown in shown.iter().filter(|shown| table(shown).is_none()) {
        print_one(out, shown, shown.declared.key)?;
    }
    for shown in shown.iter() {
        let Some((table, name)) = shown.declared.key.split_once('.') else { continue };
        if current != Some(table) {
            writeln!(out, "\n{}", style::paint(style::HEADING, &format!("[{table}]")))?;
            current = Some(table);
        }
        print_one(out, shown, name)?;
    }
    Ok(())
}

fn print_one(out: &mut dyn Write, shown: &Shown<'_>, name: &str) -> io::Result<()> {
    match &shown.text {
        Some(text) => {
            let origin = style::paint(style::FAINT, &format!("# {}", shown.origin));
            writeln!(out, "{name} = {text}  {origin}")
        }
        None => writeln!(out, "{}", style::paint(style::FAINT, &format!("# {name} is not set"))),
    }
}
