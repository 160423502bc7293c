//! The request: who asks, for what, and what the request itself tells.

use serde_json::Value;

use super::{Facts, strings};

pub(crate) enum Caller {
    Root { account: String },
    User { arn: String, account: String, name: String },
    Role { arn: String, account: String, name: String },
    Session { arn: String, account: String, role: String },
    FederatedUser { arn: String, account: String },
    Service(String),
    Federated(String),
    Anonymous,
}

impl Caller {
    fn new(principal: &Value) -> Result<Self, String> {
        if let Some(service) = principal["Service"].as_str() {
            return Ok(Self::Service(service.to_owned()));
        }
        if let Some(provider) = principal["Federated"].as_str() {
            return Ok(Self::Federated(provider.to_owned()));
        }
        if principal["Anonymous"] == true {
            return Ok(Self::Anonymous);
        }
        let arn = principal.as_str().ok_or("the principal is none that is known")?.to_owned();
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let &["arn", _, service, "", account, rest] = parts.as_slice() else {
            return Err(format!("principal `{arn}` is no ARN"));
        };
        let account = account.to_owned();
        let (kind, path) = rest.split_once('/').unwrap_or((rest, ""));
        let name = path.rsplit('/').next().unwrap_or_default().to_owned();
        match (service, kind) {
            ("iam", "root") => Ok(Self::Root { account }),
            ("iam", "user") => Ok(Self::User { arn, account, name }),
            ("iam", "role") => Ok(Self::Role { arn, account, name }),
            ("sts", "federated-user") => Ok(Self::FederatedUser { arn, account }),
            ("sts", "assumed-role") => {
                let role = path.split('/').next().unwrap_or_default().to_owned();
                Ok(Self::Session { arn, account, role })
            }
            _ => Err(format!("principal `{arn}` is of no kind that is known")),
        }
    }

    pub(crate) fn account(&self) -> Option<&str> {
        match self {
            Self::Root { account }
            | Self::User { account, .. }
            | Self::Role { account, .. }
            | Self::Session { account, .. }
            | Self::FederatedUser { account, .. } => Some(account),
            Self::Service(_) | Self::Federated(_) | Self::Anonymous => None,
        }
    }

    pub(crate) fn role_name(&self) -> Option<&str> {
        match self {
            Self::Role { name, .. } | Self::Session { role: name, .. } => Some(name),
            _ => None,
        }
    }

    pub(crate) fn is_service_linked(&self) -> bool {
        match self {
            Self::Role { arn, .. } => arn.contains(":role/aws-service-role/"),
            Self::Session { role, .. } => role.starts_with("AWSServiceRoleFor"),
            _ => false,
        }
    }
}

pub(crate) struct Question<'a> {
    pub(crate) caller: Caller,
    pub(crate) action: String,
    /// `*` for actions that take no other.
    pub(crate) resource: String,
    /// Whether the resource stands for all that it matches.
    pub(crate) is_pattern: bool,
    pub(crate) resource_account: Option<String>,
    /// Whether the account of the resource is only taken to be that of the principal.
    pub(crate) own_account_taken: bool,
    /// Whether a permissions boundary limits the caller.
    pub(crate) has_boundary: bool,
    context: Vec<(String, Vec<String>)>,
    pub(crate) facts: &'a Facts,
}

impl<'a> Question<'a> {
    pub(crate) fn new(line: &Value, facts: &'a Facts) -> Result<Self, String> {
        let caller = Caller::new(&line["principal"])?;
        let action = line["action"].as_str().ok_or("no action")?.to_owned();
        let asked = line["resource"].as_str().ok_or("no resource")?;
        let star_only = (facts.star_only)(&action);
        let resource = if star_only { "*" } else { asked }.to_owned();
        let is_pattern = !star_only && resource.contains(['*', '?']);
        let of_arn = resource.split(':').nth(4).filter(|account| is_account(account)).map(str::to_owned);
        let told = line["resourceAccount"].as_str().map(str::to_owned).or(of_arn);
        let own_account_taken = told.is_none() && caller.account().is_some();
        let resource_account = told.or_else(|| caller.account().map(str::to_owned));
        let context = line["context"].as_object().into_iter().flatten();
        let context = context.map(|(key, values)| (key.to_ascii_lowercase(), strings(values))).collect();
        let has_boundary =
            line["policies"]["boundary"].as_array().is_some_and(|policies| !policies.is_empty());
        Ok(Self {
            caller,
            action,
            resource,
            is_pattern,
            resource_account,
            own_account_taken,
            has_boundary,
            context,
            facts,
        })
    }

    /// The values of a condition key; notes if the request does not have it.
    pub(crate) fn ask(&self, key: &str, notes: &mut Vec<String>) -> Option<Vec<String>> {
        let lower = key.to_ascii_lowercase();
        if let Some((_, values)) = self.context.iter().find(|(name, _)| *name == lower) {
            return Some(values.clone());
        }
        let told = self.told(&lower);
        if told.is_none() {
            note(notes, format!("{key} absent"));
        } else if lower == "aws:resourceaccount" && self.own_account_taken {
            note(notes, OWN_ACCOUNT.to_owned());
        }
        told.map(|value| vec![value])
    }

    /// The value of a variable: that of a key with one value.
    pub(crate) fn variable(&self, key: &str, notes: &mut Vec<String>) -> Option<String> {
        let values = self.ask(key, notes)?;
        (values.len() == 1 && !(self.facts.multi_valued)(key)).then(|| values[0].clone())
    }

    pub(crate) fn user_id(&self) -> Option<String> {
        self.ask("aws:userid", &mut Vec::new()).and_then(|values| values.first().cloned())
    }

    fn told(&self, key: &str) -> Option<String> {
        match key {
            "aws:principalarn" => match &self.caller {
                Caller::Root { account } => Some(format!("arn:aws:iam::{account}:root")),
                Caller::User { arn, .. } | Caller::Role { arn, .. } | Caller::FederatedUser { arn, .. } => {
                    Some(arn.clone())
                }
                Caller::Session { account, role, .. } => Some(format!("arn:aws:iam::{account}:role/{role}")),
                Caller::Service(_) | Caller::Federated(_) | Caller::Anonymous => None,
            },
            "aws:principalaccount" => self.caller.account().map(str::to_owned),
            "aws:principaltype" => match &self.caller {
                Caller::Root { .. } => Some("Account".to_owned()),
                Caller::User { .. } => Some("User".to_owned()),
                Caller::Role { .. } | Caller::Session { .. } => Some("AssumedRole".to_owned()),
                Caller::FederatedUser { .. } => Some("FederatedUser".to_owned()),
                Caller::Anonymous => Some("Anonymous".to_owned()),
                Caller::Service(_) | Caller::Federated(_) => None,
            },
            "aws:username" => match &self.caller {
                Caller::User { name, .. } => Some(name.clone()),
                _ => None,
            },
            "aws:resourceaccount" => self.resource_account.clone(),
            "aws:principalisawsservice" => Some(matches!(self.caller, Caller::Service(_)).to_string()),
            "aws:principalservicename" => match &self.caller {
                Caller::Service(name) => Some(name.clone()),
                _ => None,
            },
            _ => None,
        }
    }

    pub(crate) fn service(&self) -> String {
        self.action.split(':').next().unwrap_or_default().to_ascii_lowercase()
    }

    pub(crate) fn is_action(&self, name: &str) -> bool {
        self.action.eq_ignore_ascii_case(name)
    }

    /// The part of the resource after its account.
    pub(crate) fn resource_part(&self) -> &str {
        self.resource.splitn(6, ':').nth(5).unwrap_or_default()
    }

    pub(crate) fn is_role(&self) -> bool {
        self.resource.split(':').nth(2) == Some("iam") && self.resource_part().starts_with("role/")
    }

    /// Whether a resource policy that is given is a role's trust policy.
    pub(crate) fn is_trust_action(&self) -> bool {
        self.service() == "sts" && self.is_role()
    }
}

pub(crate) const OWN_ACCOUNT: &str = "aws:ResourceAccount is the principal's own";

pub(crate) fn note(notes: &mut Vec<String>, text: String) {
    if !notes.iter().any(|known| known.eq_ignore_ascii_case(&text)) {
        notes.push(text);
    }
}

pub(crate) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}
