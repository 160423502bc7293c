use datafusion::error::DataFusionError;
use ringwall_lake::LakeError;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HuntError {
    /// The lake can't be read.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// The query is wrong, or failed.
    #[error("{}", told(.0))]
    Query(Box<DataFusionError>),
    /// There is no query of this name.
    #[error("there is no query `{name}`{}", or(.similar.as_deref()))]
    NoQuery {
        /// As it was named.
        name: String,
        /// A name like it.
        similar: Option<String>,
    },
    /// A query's value is not given.
    #[error("the query `{query}` needs a value for `{key}`")]
    NoValue {
        /// The query.
        query: &'static str,
        /// What it needs.
        key: String,
    },
    /// A value is given that the query has no use for.
    #[error("the query `{query}` has no value `{key}`; it takes {}", .keys.join(", "))]
    NoKey {
        /// The query.
        query: String,
        /// What was given.
        key: String,
        /// What it takes.
        keys: Vec<String>,
    },
    /// It took too long.
    #[error("the query took more than {0} seconds")]
    Time(u64),
    /// The answer can't be written.
    #[error("the answer can't be written")]
    Write(#[from] std::io::Error),
    /// The scheduler or an executor can't run.
    #[error("Ballista: {0}")]
    Ballista(String),
}

impl HuntError {
    /// What may help.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Query(error) => hint(&error.to_string()),
            Self::NoQuery { .. } => Some("`--list` has all; a statement begins with SELECT or WITH"),
            Self::NoValue { .. } => Some("give it with `--set KEY=VALUE`"),
            Self::Time(_) => {
                Some("`--time` allows more; a condition on `day`, `account` or `region` reads fewer files")
            }
            _ => None,
        }
    }
}

impl From<DataFusionError> for HuntError {
    fn from(error: DataFusionError) -> Self {
        Self::Query(Box::new(error))
    }
}

/// The innermost words, without the names that DataFusion's own layers put before them.
fn told(error: &DataFusionError) -> String {
    error.find_root().strip_backtrace()
}

fn or(name: Option<&str>) -> String {
    name.map(|name| format!("; `{name}` is one")).unwrap_or_default()
}

fn hint(told: &str) -> Option<&'static str> {
    let has = |words: &str| told.contains(words);
    if has("No field named") {
        Some(
            "columns: what, when_at, who, on_what, where_seen, from_where, to_where and others; `DESCRIBE events` has all",
        )
    } else if has("not found") && has("table") {
        Some("tables: events, findings, findings_latest")
    } else if has("Resources exhausted") {
        Some("`--memory` allows more; a condition on `day`, `account` or `region` reads fewer files")
    } else if has("not supported") && (has("DDL") || has("DML") || has("Statement")) {
        Some("the lake is read alone: SELECT, WITH, EXPLAIN, DESCRIBE")
    } else {
        None
    }
}
