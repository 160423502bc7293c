//! The lake on a folder: what is written is what is read, once, whatever happens in between.

mod compaction;
mod content;
mod secrets;
mod support;
mod writing;
