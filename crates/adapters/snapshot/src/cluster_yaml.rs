use std::sync::Arc;

use ringwall_model::{AuthenticationMode, ClusterInfo, Entry, Problem, Source, Tree, Value};

use crate::fields::nearest;

/// Every key that `cluster.yaml` may have.
const KEYS: [&str; 11] = [
    "name",
    "account",
    "region",
    "partition",
    "kubernetesVersion",
    "authenticationMode",
    "oidcIssuer",
    "nodeGroups",
    "fargateProfiles",
    "selfManagedGroups",
    "autoMode",
];

/// Partitions of AWS, as `aws/partitions.json` of botocore lists them.
const PARTITIONS: [&str; 8] =
    ["aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc"];

/// What `cluster.yaml` says.
pub(crate) struct Written {
    pub(crate) info: ClusterInfo,
}

/// Reads `cluster.yaml`, strictly: it is written by hand, so a slip is told.
pub(crate) fn read(documents: Vec<(Source, Tree)>, problems: &mut Vec<Problem>) -> Written {
    let mut info = ClusterInfo::default();
    let mut documents = documents.into_iter();
    if let Some((source, tree)) = documents.next() {
        if matches!(tree.value, Value::Mapping(_)) {
            for entry in tree.entries() {
                if let Err(problem) = set(&mut info, entry, &source, problems) {
                    problems.push(problem);
                }
            }
        } else {
            let message = format!("it is {}, not a mapping", tree.kind());
            problems.push(Problem::error(source, message).hint("write keys such as `name: production`"));
        }
    }
    for (source, _) in documents {
        let message = "only the first document of cluster.yaml is read";
        problems.push(
            Problem::warning(source, message).hint("one snapshot is one cluster: remove this document"),
        );
    }
    Written { info }
}

fn set(
    info: &mut ClusterInfo,
    entry: &Entry,
    source: &Source,
    problems: &mut Vec<Problem>,
) -> Result<(), Problem> {
    if entry.value.is_null() {
        return Ok(());
    }
    let value = Field { entry, source };
    match &*entry.key {
        "name" => info.name = Some(value.text()?),
        "account" => info.account = Some(value.account(problems)?),
        "region" => info.region = Some(value.text()?),
        "partition" => info.partition = Some(value.partition()?),
        "kubernetesVersion" => info.version = Some(value.version()?),
        "authenticationMode" => {
            info.authentication_mode = Some(value.authentication_mode()?);
            info.authentication_mode_source = Some(source.at(entry.value.line));
        }
        "oidcIssuer" => {
            info.oidc_issuer = Some(value.issuer()?);
            info.oidc_issuer_source = Some(source.at(entry.value.line));
        }
        "nodeGroups" => info.node_groups = value.names()?,
        "fargateProfiles" => info.fargate_profiles = value.names()?,
        "selfManagedGroups" => info.self_managed_groups = value.names()?,
        "autoMode" => {
            info.auto_mode = entry.value.as_bool().ok_or_else(|| value.wrong("true or false"))?;
        }
        other => {
            let hint = match nearest(other, KEYS.into_iter()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("it may have: {}", KEYS.join(", ")),
            };
            let message = format!("unknown key `{other}` was ignored");
            problems.push(Problem::warning(source.at(entry.line), message).hint(hint));
        }
    }
    Ok(())
}

/// A value of `cluster.yaml` with what an error about it needs.
struct Field<'v> {
    entry: &'v Entry,
    source: &'v Source,
}

impl Field<'_> {
    fn error(&self, message: impl Into<String>) -> Problem {
        Problem::error(self.source.at(self.entry.value.line), message)
    }

    fn wrong(&self, wanted: &str) -> Problem {
        let Entry { key, value, .. } = self.entry;
        self.error(format!("`{key}` is {}, not {wanted}", value.kind())).hint(format!("write {wanted}"))
    }

    fn text(&self) -> Result<Arc<str>, Problem> {
        match self.entry.value.as_shared() {
            Some(text) if !text.is_empty() => Ok(Arc::clone(text)),
            Some(_) => {
                Err(self.error(format!("`{}` is empty", self.entry.key)).hint("remove the key or fill it"))
            }
            None => Err(self.wrong("a string").hint("quote it")),
        }
    }

    fn names(&self) -> Result<Vec<Arc<str>>, Problem> {
        let Value::Sequence(items) = &self.entry.value.value else {
            return Err(self.wrong("a list of names"));
        };
        items
            .iter()
            .map(|item| {
                item.as_shared().cloned().ok_or_else(|| {
                    let message = format!("a name in `{}` is {}, not a string", self.entry.key, item.kind());
                    Problem::error(self.source.at(item.line), message).hint("quote it")
                })
            })
            .collect()
    }

    /// An account id. Without quotes YAML takes it for a number, an octal one if it begins with 0.
    fn account(&self, problems: &mut Vec<Problem>) -> Result<Arc<str>, Problem> {
        let value = &self.entry.value;
        let written = match &value.value {
            Value::String(text) => Arc::clone(text),
            Value::Number(number) => Arc::clone(&number.written),
            _ => return Err(self.wrong("an account id in quotes")),
        };
        if written.len() != 12 || !written.bytes().all(|byte| byte.is_ascii_digit()) {
            let message = format!("`{written}` is not an account id");
            return Err(self.error(message).hint("an account id has twelve digits; write it in quotes"));
        }
        if value.as_str().is_none() {
            let message =
                format!("account id {written} is written without quotes: YAML reads it as a number");
            problems.push(
                Problem::warning(self.source.at(value.line), message).hint(format!("write \"{written}\"")),
            );
        }
        Ok(written)
    }

    fn partition(&self) -> Result<Arc<str>, Problem> {
        let text = self.text()?;
        if PARTITIONS.contains(&&*text) {
            return Ok(text);
        }
        Err(self
            .error(format!("`{text}` is not a partition"))
            .hint(format!("one of {}", PARTITIONS.join(", "))))
    }

    /// `1.34`, which YAML takes for a number; `1.30` would lose its zero.
    fn version(&self) -> Result<Arc<str>, Problem> {
        let written = match &self.entry.value.value {
            Value::Number(number) => Arc::clone(&number.written),
            _ => self.text()?,
        };
        let mut parts = written.strip_prefix('v').unwrap_or(&written).split('.');
        let numeric = |part: Option<&str>| {
            part.is_some_and(|part| part.bytes().next().is_some_and(|byte| byte.is_ascii_digit()))
        };
        if numeric(parts.next()) && numeric(parts.next()) {
            return Ok(written.strip_prefix('v').map_or_else(|| Arc::clone(&written), Arc::from));
        }
        Err(self.error(format!("`{written}` is not a Kubernetes version")).hint("write it like \"1.34\""))
    }

    /// The URL of an issuer, as `describe-cluster` prints it.
    fn issuer(&self) -> Result<Arc<str>, Problem> {
        let text = self.text()?;
        if text.starts_with("https://") {
            return Ok(text);
        }
        Err(self
            .error(format!("`{text}` is not an issuer's URL"))
            .hint("write it as `aws eks describe-cluster` prints it, with https://"))
    }

    fn authentication_mode(&self) -> Result<AuthenticationMode, Problem> {
        let text = self.text()?;
        AuthenticationMode::parse(&text).ok_or_else(|| {
            self.error(format!("`{text}` is not an authentication mode"))
                .hint("one of CONFIG_MAP, API_AND_CONFIG_MAP, API")
        })
    }
}
