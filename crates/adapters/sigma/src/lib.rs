//! Sigma rules over audit events and CloudTrail records: what somebody wants to be told beyond what Ringwall tells by itself.
//!
//! ```
//! use std::sync::Arc;
//!
//! use ringwall_detect::audit;
//! use ringwall_detect::finding::Place;
//! use ringwall_sigma::{Rules, Sigma};
//!
//! let rule = br"
//! title: A Secret of the payments was read by a person
//! id: 5a0f5f0e-3a4e-4f5c-9a55-3b6f2a1f9c10
//! logsource: {product: kubernetes, service: audit}
//! detection:
//!     selection: {verb: get, objectRef.resource: secrets, objectRef.namespace: payments}
//!     machines: {user.username|startswith: 'system:'}
//!     condition: selection and not machines
//! level: high
//! ";
//! let rules = Arc::new(Rules::parse("secrets.yml", rule).map_err(|problems| format!("{problems:?}"))?);
//! let mut sigma = Sigma::new(rules)?;
//! let line = r#"{"auditID":"a-1","stage":"ResponseComplete","verb":"get","user":{"username":"ann"},
//!     "objectRef":{"resource":"secrets","namespace":"payments","name":"stripe"}}"#;
//! let place = Place { file: "audit.log".into(), line: 1 };
//! let mut titles = Vec::new();
//! audit::read_with_json(line, &mut |event, json| {
//!     sigma.audit(event, json, &place, &mut |found| titles.push(found.rule.title.clone()));
//! })?;
//! assert_eq!(titles, ["A Secret of the payments was read by a person"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The engine is `rsigma`; what is added here is what makes it fit for a service: rules are read with their lines and within
//! [`limits`], events that no rule can match are told by fields that are read anyway, trees are built only of what a rule asks
//! into, and matches become findings whose cause, id and events are those of Ringwall's own.
//!
//! Source: *Sigma Rules Specification* and *Sigma Correlation Rules Specification* 2.1. `docs/detection/sigma.md` says what is
//! supported, and how arrays in events are asked for.

mod backtest;
mod canon;
mod describe;
mod event;
mod find;
pub mod limits;
mod mark;
mod prefilter;
mod rule;
mod rules;
mod sigma;
mod state;

pub use backtest::{Actor, Backtest, Tally};
pub use find::Origin;
pub use rule::Rule;
pub use rules::Rules;
pub use sigma::{Counts, Match, Sigma};

/// What is wrong with rules or their state as a whole; what is wrong with one rule is a [`ringwall_model::Problem`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The rules don't hold together.
    #[error("the rules can't be used: {0}")]
    Rules(String),
    /// It is no state of correlations.
    #[error("the state of correlations can't be used: {0}")]
    State(String),
}
