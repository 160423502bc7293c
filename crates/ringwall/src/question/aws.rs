use std::fmt;
use std::sync::Arc;

use ringwall_iam::{Context, Key, catalog};

use crate::cli::{Place, RequestContext};
use crate::error::Failure;

/// An action of AWS on a resource, in a context.
#[derive(Clone, Debug)]
pub(crate) struct AwsAsked {
    /// The action, with its own capitals if it is known.
    pub(crate) action: Arc<str>,
    pub(crate) resource: Arc<str>,
    pub(crate) context: Context,
    /// The context as the command line takes it.
    pairs: Vec<String>,
    /// Something in the question that may not mean what it seems to.
    pub(crate) remark: Option<String>,
}

/// Whether a verb is an action of AWS: Kubernetes has none with a colon.
pub(crate) fn is_aws_action(verb: &str) -> bool {
    verb.contains(':')
}

impl AwsAsked {
    /// Whether the question is about every action that fits a pattern.
    pub(crate) fn is_about_actions(&self) -> bool {
        self.action.contains(['*', '?'])
    }

    /// The question as the command line takes it.
    pub(crate) fn as_arguments(&self) -> String {
        let quoted =
            |text: &str| if text.contains(['*', '?', '$']) { format!("'{text}'") } else { text.to_owned() };
        let mut words = format!("{} {}", quoted(&self.action), quoted(&self.resource));
        for pair in &self.pairs {
            words.push_str(&format!(" --context {}", quoted(pair)));
        }
        words
    }
}

impl fmt::Display for AwsAsked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.resource {
            "*" => f.write_str(&self.action),
            resource => write!(f, "{} on {resource}", self.action),
        }
    }
}

/// Reads an action of AWS, its resource and what the request carries.
pub(crate) fn ask_aws(
    action: &str,
    resource: &str,
    place: &Place,
    request: &RequestContext,
) -> Result<AwsAsked, Failure> {
    if place.namespace.is_some() || place.subresource.is_some() || place.field_selector.is_some() {
        return Err(Failure::misuse_hint(
            format!("`{action}` is an action of AWS: it has no namespace, subresource or fields"),
            "leave out -n, --subresource and --field-selector",
        ));
    }
    if !resource.starts_with("arn:") && !resource.starts_with('*') {
        return Err(Failure::misuse_hint(
            format!("`{resource}` is no resource of AWS"),
            "name an ARN, as arn:aws:s3:::orders/2026/x, a pattern of ARNs, or * for all",
        ));
    }
    let is_pattern = action.contains(['*', '?']);
    let known = if is_pattern { None } else { catalog().action(action) };
    let remark = match known {
        Some(_) => None,
        None if is_pattern && catalog().matching(action).next().is_some() => None,
        None => {
            let meant = catalog().nearest_action(action);
            let hint = meant.map(|meant| format!("; did you mean `{meant}`?")).unwrap_or_default();
            Some(format!("AWS has no action `{action}` that is known here{hint}"))
        }
    };
    Ok(AwsAsked {
        action: action.into(),
        resource: resource.into(),
        context: context(&request.pairs)?,
        pairs: request.pairs.clone(),
        remark,
    })
}

fn context(pairs: &[String]) -> Result<Context, Failure> {
    let mut context = Context::default();
    for pair in pairs {
        let Some((key, value)) = pair.split_once('=').filter(|(key, _)| !key.is_empty()) else {
            return Err(Failure::misuse_hint(
                format!("`--context {pair}` has no value"),
                "as in --context aws:SourceVpce=vpce-1",
            ));
        };
        let key = Key::new(&key.into());
        let mut values = context.get(&key).map(<[_]>::to_vec).unwrap_or_default();
        values.push(value.into());
        context.set(key, values);
    }
    Ok(context)
}
