//! Conditions: what they compare, and whether they hold for a request.

mod arn;
mod evaluate;
mod network;
mod operator;
pub(crate) mod value;

use std::fmt;
use std::sync::Arc;

pub(crate) use evaluate::{
    Outcome, Settled, evaluate, gives_all, loosened, note_variables, replaced, settle,
};
pub use operator::{Comparison, Operator, SetOperator};
use value::Value;

use crate::key::Key;
use crate::policy::Version;

/// One key of a `Condition` element: operator, key and values.
#[derive(Clone, Debug)]
pub struct Condition {
    /// How it compares.
    pub operator: Operator,
    /// The operator as it is written.
    pub operator_written: Arc<str>,
    /// What it compares.
    pub key: Key,
    /// The values as they are written.
    pub written: Box<[Arc<str>]>,
    /// Line at which it is written.
    pub line: u32,
    pub(crate) values: Box<[Value]>,
}

impl Condition {
    pub(crate) fn new(
        operator: Operator,
        operator_written: Arc<str>,
        key: Key,
        written: Box<[Arc<str>]>,
        version: Version,
        line: u32,
    ) -> Self {
        let values = written.iter().map(|text| Value::new(text, operator.comparison, version)).collect();
        Self { operator, operator_written, key, written, line, values }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.operator_written, self.key)?;
        for (at, value) in self.written.iter().enumerate() {
            f.write_str(if at == 0 { " " } else { " or " })?;
            write!(f, "`{value}`")?;
        }
        Ok(())
    }
}
