//! A query to its answer.

use std::io::Write;

use datafusion::prelude::{SQLOptions, SessionContext};
use futures_util::StreamExt as _;

use crate::error::HuntError;
use crate::limits::Limits;
use crate::output::{Format, Printer};
use crate::queries::Query;

/// What came of a query.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hunted {
    /// Rows that were printed.
    pub rows: usize,
    /// Whether there are more.
    pub more: bool,
}

/// The SQL of what was asked: SQL itself, or the name of a query with its values.
///
/// # Errors
///
/// There is no query of this name, or its values are wrong.
pub fn statement(asked: &str, values: &[(String, String)]) -> Result<String, HuntError> {
    if asked.trim().contains(char::is_whitespace) {
        Ok(asked.to_owned())
    } else {
        Query::named(asked.trim())?.sql(values)
    }
}

/// Answers SQL, and prints the answer.
///
/// # Errors
///
/// The statement is wrong or no query, fails, takes too long or too much memory; or the answer can't be written.
pub async fn hunt(
    context: &SessionContext,
    sql: &str,
    limits: &Limits,
    format: Format,
    out: &mut (dyn Write + Send),
) -> Result<Hunted, HuntError> {
    let answer = answer(context, sql, limits.rows, format, out);
    match tokio::time::timeout(limits.time, answer).await {
        Ok(answer) => answer,
        Err(_) => Err(HuntError::Time(limits.time.as_secs())),
    }
}

async fn answer(
    context: &SessionContext,
    sql: &str,
    most: usize,
    format: Format,
    out: &mut (dyn Write + Send),
) -> Result<Hunted, HuntError> {
    let read_only =
        SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    let frame = context.sql_with_options(sql, read_only).await?;
    // One more than is printed, to know whether there are more; EXPLAIN is no plan that could be limited.
    let frame = match frame.logical_plan() {
        datafusion::logical_expr::LogicalPlan::Explain(_)
        | datafusion::logical_expr::LogicalPlan::Analyze(_)
        | datafusion::logical_expr::LogicalPlan::DescribeTable(_) => frame,
        _ => frame.limit(0, Some(most.saturating_add(1)))?,
    };
    let mut printer = Printer::new(format, frame.schema().as_arrow());
    let mut batches = frame.execute_stream().await?;
    let mut hunted = Hunted::default();
    while let Some(batch) = batches.next().await {
        let batch = batch?;
        let left = most.saturating_sub(hunted.rows);
        hunted.more |= batch.num_rows() > left;
        let batch = batch.slice(0, batch.num_rows().min(left));
        hunted.rows = hunted.rows.saturating_add(batch.num_rows());
        printer.add(&batch, out)?;
    }
    printer.finish(out)?;
    Ok(hunted)
}
