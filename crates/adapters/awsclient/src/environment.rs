use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// Where variables come from: the process, or what a caller or a test gives.
///
/// A variable that is empty counts as absent, as for the SDKs.
#[derive(Clone)]
pub struct Environment(Arc<Variable>);

/// A variable's value by its name.
type Variable = dyn Fn(&str) -> Option<String> + Send + Sync;

impl Environment {
    /// The variables of this process.
    pub fn process() -> Self {
        Self::new(|name| std::env::var(name).ok())
    }

    /// Those that a function knows.
    pub fn new(variable: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(variable))
    }

    /// These and no others.
    pub fn of<const N: usize>(pairs: [(&str, &str); N]) -> Self {
        let pairs: Vec<(String, String)> =
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self::new(move |name| pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()))
    }

    /// A variable's value.
    pub fn get(&self, name: &str) -> Option<String> {
        (self.0)(name).filter(|value| !value.is_empty())
    }

    /// Whether a variable says `true`, in any letters.
    pub(crate) fn is_true(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// A path, of which a leading `~/` means the home folder.
    pub(crate) fn path(&self, text: &str) -> PathBuf {
        match (text.strip_prefix("~/"), self.get("HOME")) {
            (Some(rest), Some(home)) => PathBuf::from(home).join(rest),
            _ => PathBuf::from(text),
        }
    }
}

impl fmt::Debug for Environment {
    /// Shows nothing: variables hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Environment")
    }
}
