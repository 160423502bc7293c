//! What reaches what, in forms that people look at and programs read: SVG, HTML, DOT and CSV.
//!
//! ```
//! use ringwall_drawing::{Graph, Link, Party, Side, svg};
//! use ringwall_model::network::Protocol;
//! use ringwall_network::Traffic;
//!
//! let pods = |name: &str| Party {
//!     side: Side::Pods,
//!     namespace: "shop".into(),
//!     kind: "Deployment".into(),
//!     name: name.into(),
//!     detail: String::new(),
//! };
//! let web = Traffic::ports(Protocol::Tcp, 80, 80);
//! let graph = Graph {
//!     title: "shop".into(),
//!     parties: vec![pods("web"), pods("api")],
//!     classes: vec![vec![0], vec![1]],
//!     links: vec![Link { from: 0, to: 1, allowed: web, possible: Traffic::none() }],
//!     ..Graph::default()
//! };
//! assert!(svg(&graph).starts_with("<svg"));
//! ```
//!
//! A cluster has far more pairs than anybody would look at. [`fold`] tells them by few: what everybody reaches is written into the box of
//! whoever is reached, a namespace stands for its members where they may the same, and only the rest is arrows. It is exact: nothing is
//! left out and nothing is added. Above [`MAX_PARTIES`] workloads or [`MAX_ARROWS`] arrows namespaces are drawn whole, which the drawing
//! says, and above [`MAX_FOLDED`] pairs nothing else is told than namespaces; the CSV and the table have everything whatever the size.
//!
//! All of it is pure: the same graph gives the same bytes. Names may be anybody's: they are escaped for the form that they are written in,
//! and what would move a cursor or turn the direction of writing is shown by its code.

mod csv;
mod dot;
mod fold;
mod graph;
mod html;
mod layers;
mod layout;
mod scene;
mod svg;
mod text;

pub use csv::{HEADER, csv};
pub use dot::dot;
pub use fold::{Edge, Folded, Unit, fold};
pub use graph::{Graph, Group, Link, MAX_FOLDED, Party, Side};
pub use html::{MAX_MATRIX, MAX_PAIRS, SCRIPT, SCRIPT_HASH, html};
pub use scene::{MAX_ARROWS, MAX_BOXES, MAX_PARTIES};
pub use svg::svg;
pub use text::printable;
