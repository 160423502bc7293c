//! Queries that are ready made.

use crate::error::HuntError;

/// A query with a name. Its text begins with its question, and with what has to be given for it: `-- set who`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Query {
    /// Its name.
    pub name: &'static str,
    text: &'static str,
}

macro_rules! queries {
    ($($name:literal),* $(,)?) => {
        /// All, in the order in which they are listed.
        pub const QUERIES: &[Query] =
            &[$(Query { name: $name, text: include_str!(concat!("../queries/", $name, ".sql")) }),*];
    };
}

queries! {
    "activity-by-day",
    "who-did-what",
    "timeline-of",
    "history-of",
    "seen-from",
    "addresses",
    "rare-clients",
    "newcomers",
    "denied",
    "denied-then-allowed",
    "anonymous",
    "impersonation",
    "secrets-read",
    "secrets-in-bulk",
    "exec",
    "bindings",
    "roles",
    "privileged-workloads",
    "host-paths",
    "images",
    "tokens",
    "certificates",
    "node-proxy",
    "webhooks",
    "deletions",
    "aws-access",
    "aws-sessions",
    "aws-logging",
    "findings-by-type",
    "findings-worst",
    "findings-by-actor",
}

/// Days that have a value of themselves: all.
const DEFAULTS: [(&str, &str); 2] = [("since", "00000000"), ("until", "99999999")];

/// How alike, from 0 to 1, a name has to be to be suggested.
const LIKE: f64 = 0.7;

impl Query {
    /// The one of this name.
    ///
    /// # Errors
    ///
    /// There is none; the error has one that is like it.
    pub fn named(name: &str) -> Result<Self, HuntError> {
        let found = QUERIES.iter().find(|query| query.name == name).copied();
        found.ok_or_else(|| {
            let like = |query: &&Self| strsim::jaro_winkler(query.name, name);
            let similar = QUERIES.iter().max_by(|one, other| like(one).total_cmp(&like(other)));
            let similar = similar.filter(|query| like(query) > LIKE).map(|query| query.name.to_owned());
            HuntError::NoQuery { name: name.to_owned(), similar }
        })
    }

    /// What it answers.
    pub fn question(&self) -> &'static str {
        self.text.lines().next().and_then(|line| line.strip_prefix("-- ")).unwrap_or_default()
    }

    /// What has to be given for it.
    pub fn needs(&self) -> impl Iterator<Item = &'static str> {
        self.text.lines().filter_map(|line| line.strip_prefix("-- set "))
    }

    /// What can be given for it.
    pub fn takes(&self) -> impl Iterator<Item = &'static str> {
        self.needs()
            .chain(DEFAULTS.into_iter().map(|(key, _)| key).filter(|key| self.text.contains(&place(key))))
    }

    /// Its SQL with these values, each a text of SQL.
    ///
    /// # Errors
    ///
    /// A value is missing, or is one too many.
    pub fn sql(&self, values: &[(String, String)]) -> Result<String, HuntError> {
        if let Some((key, _)) = values.iter().find(|(key, _)| !self.takes().any(|taken| taken == key)) {
            let keys = self.takes().map(str::to_owned).collect();
            return Err(HuntError::NoKey { query: self.name.to_owned(), key: key.clone(), keys });
        }
        let mut sql: String =
            self.text.lines().filter(|line| !line.starts_with("--")).collect::<Vec<_>>().join("\n");
        // All at once: a value that looks like a place is a value.
        let mut done = String::new();
        while let Some((before, rest)) = sql.split_once("{{") {
            let (key, after) = rest.split_once("}}").unwrap_or((rest, ""));
            let given = values.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value.as_str());
            let usual = || DEFAULTS.into_iter().find(|(name, _)| *name == key).map(|(_, value)| value);
            let value = given
                .or_else(usual)
                .ok_or_else(|| HuntError::NoValue { query: self.name, key: key.to_owned() })?;
            done.push_str(before);
            done.push_str(&literal(value));
            sql = after.to_owned();
        }
        Ok(done + &sql)
    }
}

fn place(key: &str) -> String {
    format!("{{{{{key}}}}}")
}

/// A text of SQL: what is in it can't end it.
fn literal(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_question_and_a_name_of_its_own() {
        for query in QUERIES {
            assert!(query.question().ends_with('?'), "{}", query.name);
            assert_eq!(QUERIES.iter().filter(|other| other.name == query.name).count(), 1);
        }
        assert!(QUERIES.len() >= 20);
    }

    #[test]
    fn a_value_stays_a_value() {
        let values = [("who".to_owned(), "o'neil' OR {{since}} --".to_owned())];
        let sql = Query::named("timeline-of").unwrap().sql(&values).unwrap();
        assert!(sql.contains("who = 'o''neil'' OR {{since}} --'"), "{sql}");
        assert!(matches!(Query::named("timeline-of").unwrap().sql(&[]), Err(HuntError::NoValue { .. })));
        let wrong = [("whom".to_owned(), String::new())];
        assert!(matches!(Query::named("exec").unwrap().sql(&wrong), Err(HuntError::NoKey { .. })));
        assert!(Query::named("secret-read").unwrap_err().to_string().contains("`secrets-read` is one"));
    }
}
