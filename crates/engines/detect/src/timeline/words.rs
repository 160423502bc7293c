//! How requests and calls read.

use percent_encoding::percent_decode_str;

use crate::act::Act;
use crate::cloudtrail::Call;
use crate::field::{Field, Text};
use crate::object::object;

/// A request to the apiserver in words: what is done, to which object, and with what.
pub(super) fn request(act: &Act<'_>) -> (String, String, String) {
    let verb = act.event.verb.text();
    if act.resource.is_empty() {
        return (verb.to_owned(), act.path.to_owned(), String::new());
    }
    let mut action = format!("{verb} {}", act.resource);
    if !act.subresource.is_empty() {
        action.push('/');
        action.push_str(act.subresource);
    }
    let object = match (act.namespace, act.name) {
        (namespace, "") => namespace.to_owned(),
        ("", name) => name.to_owned(),
        (namespace, name) => format!("{namespace}/{name}"),
    };
    let commands: Vec<String> = act
        .query
        .split('&')
        .filter_map(|pair| pair.strip_prefix("command="))
        .map(|command| percent_decode_str(&command.replace('+', " ")).decode_utf8_lossy().into_owned())
        .collect();
    (action, object, commands.join(" "))
}

object! {
    /// What calls name most often as their object.
    struct Target {
        "roleArn" => role_arn: Field<Text<'a>>,
        "principalArn" => principal: Field<Text<'a>>,
        "secretId" => secret: Field<Text<'a>>,
        "bucketName" => bucket: Field<Text<'a>>,
        "userName" => user: Field<Text<'a>>,
        "roleName" => role: Field<Text<'a>>,
        "repositoryName" => repository: Field<Text<'a>>,
        "keyId" => key: Field<Text<'a>>,
        "clusterName" => cluster: Field<Text<'a>>,
        "name" => name: Field<Text<'a>>,
    }
}

/// A call to AWS in words: what is done, and to what.
pub(super) fn call(call: &Call<'_>) -> (String, String) {
    let asked: Target<'_> = call.request();
    let target = [
        &asked.role_arn,
        &asked.principal,
        &asked.secret,
        &asked.bucket,
        &asked.user,
        &asked.role,
        &asked.repository,
        &asked.key,
        &asked.cluster,
        &asked.name,
    ]
    .into_iter()
    .map(|field| field.text())
    .find(|text| !text.is_empty())
    .unwrap_or_default();
    let target = percent_decode_str(target).decode_utf8_lossy().into_owned();
    let touched = || call.record.resources.items().iter().map(|resource| resource.arn.text());
    let target = if target.is_empty() { touched().next().unwrap_or_default().to_owned() } else { target };
    (format!("{}:{}", call.service, call.action), target)
}
