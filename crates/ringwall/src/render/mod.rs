//! Renderings of engines' answers: text for people, JSON for programs.

pub(crate) mod json;
pub(crate) mod reason;
pub(crate) mod style;
pub(crate) mod table;
