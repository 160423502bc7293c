//! YAML and JSON text to [`Tree`](ringwall_model::Tree)s that keep their lines, read as kubectl reads them.
//!
//! ```
//! use ringwall_document::Reader;
//!
//! let text = b"kind: Namespace\nmetadata: {name: shop}\n---\nkind: [broken\n---\nkind: Pod\n";
//! let mut kinds = Vec::new();
//! let problems = Reader::default().read(&"kubernetes/all.yaml".into(), text, &mut |document| {
//!     kinds.push((document.tree.line, document.tree.str("kind").map(str::to_owned)));
//! });
//! assert_eq!(kinds, [(1, Some("Namespace".into())), (6, Some("Pod".into()))]);
//! assert_eq!(problems.len(), 1);
//! ```
//!
//! A file is cut at its `---` lines first, as kubectl's `YAMLReader` does, so that a broken document costs
//! itself alone. A document that begins with `{` or `[` is read as JSON, and as YAML if it is none: flow
//! YAML begins like that too. Several JSON values may follow each other, as the AWS CLI prints them.
//!
//! Plain scalars mean what they mean to kubectl, which reads YAML through `sigs.k8s.io/yaml` and its YAML 1.1
//! library, `go.yaml.in/yaml/v2` (`resolve.go`, `decode.go`), and hands the outcome on as JSON: `yes`, `on` and
//! `y` are booleans, `012` is ten, `1_000` a thousand, a timestamp a string, `.inf` an error, the key `true:`
//! the string `"true"`, a merge key `<<` the mapping it names. Unlike kubectl, a duplicate key is an error,
//! and so is what lies beyond the [`limits`].

mod build;
mod embedded;
mod intern;
mod json;
pub mod limits;
mod reader;
mod scalar;
mod split;
mod yaml;

pub use embedded::{Lines, Literals};
pub use reader::{Document, Reader};
