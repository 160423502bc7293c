use ringwall_model::Arn;

use super::GrammarError;

/// Longest name or ARN, in characters. Source: AWS, *Secrets Manager API Reference*, GetSecretValue (`SecretId`), and
/// *Systems Manager API Reference*, GetParameters (`Names`).
const MAX_NAME: usize = 2048;

/// Which service has an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A secret of Secrets Manager.
    Secret,
    /// A parameter of Systems Manager's Parameter Store.
    Parameter,
}

impl Kind {
    /// As `objectType` has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Secret => "secretsmanager",
            Self::Parameter => "ssmparameter",
        }
    }

    fn of_type(text: &str) -> Option<Self> {
        match text {
            "secretsmanager" => Some(Self::Secret),
            "ssmparameter" => Some(Self::Parameter),
            _ => None,
        }
    }

    fn of_service(text: &str) -> Option<Self> {
        match text {
            "secretsmanager" => Some(Self::Secret),
            "ssm" => Some(Self::Parameter),
            _ => None,
        }
    }
}

/// How a region is asked for an object.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reference {
    /// Name or ARN.
    pub name: String,
    /// `VersionId` of a secret, number of a parameter's version.
    pub version: Option<String>,
    /// `VersionStage` of a secret, label of a parameter.
    pub label: Option<String>,
}

impl Reference {
    /// A parameter's name with its selector: `name`, `name:3`, `name:label`.
    pub fn parameter(&self) -> String {
        match self.version.as_ref().or(self.label.as_ref()) {
            Some(selector) => format!("{}:{selector}", self.name),
            None => self.name.clone(),
        }
    }
}

/// What kind an object is of by its `objectType` and name, which have to agree with each other and with the region.
pub(super) fn kind_of(
    name: &str,
    object_type: Option<&str>,
    region: &str,
    line: u32,
) -> Result<Kind, GrammarError> {
    if name.chars().count() > MAX_NAME {
        return Err(GrammarError::new(line, "the objectName has more than 2,048 characters"));
    }
    let by_type = match object_type {
        None => None,
        Some(text) => match Kind::of_type(text) {
            Some(kind) => Some(kind),
            None => {
                return Err(GrammarError::new(line, format!("the objectType `{text}` is not known"))
                    .hint("write `secretsmanager` or `ssmparameter`"));
            }
        },
    };
    if !name.starts_with("arn:") {
        return by_type.ok_or_else(|| {
            GrammarError::new(line, format!("`{name}` needs an objectType")).hint(
                "write `objectType: secretsmanager` or `ssmparameter`; only a full ARN tells it by itself",
            )
        });
    }
    let arn: Arn = name.parse().map_err(|error| {
        GrammarError::new(line, format!("{error}"))
            .hint("copy the ARN as the console or the AWS CLI shows it")
    })?;
    if arn.region != region {
        return Err(GrammarError::new(
            line,
            format!("the ARN `{name}` is of the region `{}`, and `{region}` is asked", arn.region),
        )
        .hint("set the parameter `region`, or name the object of that region"));
    }
    let Some(by_arn) = Kind::of_service(&arn.service) else {
        return Err(GrammarError::new(line, format!("the ARN `{name}` is of the service `{}`", arn.service))
            .hint("only ARNs of `secretsmanager` and `ssm` are served"));
    };
    match by_type {
        Some(kind) if kind != by_arn => Err(GrammarError::new(
            line,
            format!("the objectType `{}` disagrees with the ARN `{name}`", kind.as_str()),
        )
        .hint(format!("leave objectType out, or write `{}`", by_arn.as_str()))),
        _ => Ok(by_arn),
    }
}
