//! The IAM policy language: whether a principal may do an action on a resource, and because of which statement.
//!
//! One question with its policies is a [`Request`] and [`Policies`], which [`decide`] answers as AWS would:
//!
//! ```
//! use std::sync::Arc;
//!
//! use ringwall_iam::line::answer;
//! use ringwall_model::{Entry, Source, Tree, Value};
//!
//! let text = |text: &str| Tree::new(1, Value::String(text.into()));
//! let object = |entries: Vec<(&str, Tree)>| {
//!     let entries = entries.into_iter().map(|(key, value)| Entry { key: key.into(), line: 1, value });
//!     Tree::new(1, Value::Mapping(entries.collect()))
//! };
//! let policy = object(vec![
//!     ("Version", text("2012-10-17")),
//!     ("Statement", object(vec![
//!         ("Effect", text("Allow")),
//!         ("Action", text("s3:Get*")),
//!         ("Resource", text("arn:aws:s3:::orders/${aws:PrincipalTag/team}/*")),
//!     ])),
//! ]);
//! let line = object(vec![
//!     ("principal", text("arn:aws:iam::111122223333:role/checkout")),
//!     ("action", text("s3:GetObject")),
//!     ("resource", text("arn:aws:s3:::orders/shop/1.json")),
//!     ("context", object(vec![("aws:PrincipalTag/team", text("shop"))])),
//!     ("policies", object(vec![
//!         ("identity", Tree::new(1, Value::Sequence(Box::new([object(vec![("name", text("read")), ("policy", policy)])])))),
//!     ])),
//! ]);
//! let answer = answer(&line, &Source::new("questions.jsonl", 1));
//! assert_eq!(answer.decision.name(), "Allowed");
//! assert_eq!((&*answer.statements[0].policy, answer.statements[0].index), ("read", 0));
//! ```
//!
//! What a snapshot knows of AWS is an [`inventory::Inventory`]: it finds the policies that have a say in a question, tells
//! who can ([`inventory::Inventory::who_can`]), and says what it could not evaluate. [`pods`] tells how pods come to the
//! credentials of roles, [`roles`] what roles are for, [`lint`] which policies mean something else than they seem, and
//! [`catalog()`] which actions exist.
//!
//! # Exactly
//!
//! - **Strict.** [`Policy::parse`] refuses what AWS refuses, at its line. A policy that cannot be read never allows.
//! - **Layers** in AWS's order: any Deny, then RCPs and SCPs level by level, the resource's policy, permissions boundary,
//!   session policies, identity policies, VPC endpoint policy. What a resource policy gives to a user, a session or everybody
//!   needs nothing else in the same account; what it gives to a role is limited by boundary and session; what it gives to an
//!   account, the account's policies hand on. Another account needs both sides. KMS keys and roles trust nobody by
//!   themselves.
//! - **Absent keys** are absent in a closed view and named in [`Verdict::assumed`]; in an open view they are not known, and
//!   what depends on them is in [`Verdict::open`].
//! - **What cannot be compared** (a date that is none, several values without a set operator) never allows, and keeps no
//!   Deny from denying.
//! - **Case** counts in resources, principals and values, and does not in actions, condition keys and operators.
//! - **Questions about patterns** are allowed if something that the pattern covers may be reached; a Deny counts where it
//!   covers the whole. Patterns are compared as sets of texts, exactly, up to a bound past which nothing is allowed.
//!
//! Sources: AWS IAM User Guide, *Policy evaluation logic*, *IAM JSON policy element reference*, *AWS global condition
//! context keys*; AWS Organizations User Guide, *SCPs* and *RCPs*; AWS KMS Developer Guide, *Key policies*; Service
//! Authorization Reference. `cases/iam` holds the rules as data that any language can run, and `docs/iam-differences.md`
//! where other evaluators say otherwise.

mod assumption;
pub mod catalog;
mod condition;
mod context;
mod decide;
pub mod inventory;
mod key;
mod layers;
pub mod limits;
pub mod line;
pub mod lint;
mod pattern;
mod pattern_set;
pub mod pods;
mod policy;
mod principal;
mod request;
mod resource;
pub mod roles;
mod special;
mod verdict;
mod wildcard;

pub use assumption::Assumption;
pub use catalog::{Catalog, catalog};
pub use condition::{Comparison, Condition, Operator, SetOperator};
pub use context::Context;
pub use decide::decide;
pub use key::Key;
pub use layers::{Layer, Level, Policies, Unread};
pub use pattern::Pattern;
pub use policy::{
    ActionElement, Effect, Policy, PolicyKind, PrincipalElement, ResourceElement, Statement, Version,
};
pub use principal::{AwsPrincipal, AwsPrincipalKind, InvalidPrincipal, Principal};
pub use request::{Action, InvalidRequest, Request, Resource, View};
pub use verdict::{Deciding, OpenCondition, Outcome, Verdict};
