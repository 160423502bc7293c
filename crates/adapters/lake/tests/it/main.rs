//! The lake on a folder: what is written is what is read, once, whatever happens in between.

mod compaction;
mod content;
mod partition_names;
mod s3;
mod secrets;
mod support;
mod writing;
