//! The Secret that is to be.

use std::collections::BTreeMap;

use bytes::Bytes;
use data_encoding::BASE64;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use ringwall_kubernetes::{Cluster, Kind};
use ringwall_model::Secret;
use serde_json::json;

use super::SyncError;
use super::class::{Class, Wanted};
use crate::volume::File;

/// In whose name fields are applied.
const MANAGER: &str = "ringwall-secrets";

/// The label by which people find what is synced. Source: Kubernetes, *Recommended Labels*.
const MANAGED_BY: &str = "app.kubernetes.io/managed-by";

/// Bytes of a Secret's values. Source: Kubernetes, *Secrets*, "Size limit": 1 MiB.
const MAX_BYTES: usize = 1 << 20;

/// Brings one Secret in step.
///
/// A Secret is ours if the class is its owner, which it is from the moment that we made it. One that is not is never touched.
pub(super) async fn apply(
    cluster: &Cluster,
    class: &Class,
    wanted: &Wanted,
    data: &Data,
) -> Result<(), SyncError> {
    let kind = Kind::new("", "v1", "secrets");
    let existing = cluster.metadata(&kind, Some(&class.namespace), &wanted.name).await?;
    let version = match &existing {
        None => None,
        Some(metadata) if is_owned(metadata, class) => metadata.resource_version.clone(),
        Some(_) => return Err(SyncError::Foreign(wanted.name.clone())),
    };
    let body = object(class, wanted, data, version.as_deref());
    cluster.apply(&kind, Some(&class.namespace), &wanted.name, MANAGER, body).await.map_err(SyncError::from)
}

fn is_owned(metadata: &ObjectMeta, class: &Class) -> bool {
    let owners = metadata.owner_references.as_deref().unwrap_or_default();
    owners.iter().any(|owner| owner.uid == class.uid && owner.controller == Some(true))
}

/// The values of a Secret by key.
pub(super) type Data = BTreeMap<String, Secret>;

/// The values that a Secret is to have.
pub(super) fn data(wanted: &Wanted, files: &[File]) -> Result<Data, SyncError> {
    let mut bytes = 0;
    let mut data = Data::new();
    for (key, name) in &wanted.keys {
        let file = files
            .iter()
            .find(|file| file.path.as_str() == name)
            .ok_or_else(|| SyncError::NoFile { secret: wanted.name.clone(), file: name.clone() })?;
        let value = if wanted.secret_type == "kubernetes.io/tls" {
            tls_part(key, &file.value)
                .ok_or_else(|| SyncError::Tls { secret: wanted.name.clone(), key: key.clone() })?
        } else {
            Secret::new(file.value.expose().to_vec())
        };
        bytes += value.len();
        data.insert(key.clone(), value);
    }
    if bytes > MAX_BYTES {
        return Err(SyncError::TooLarge { secret: wanted.name.clone(), bytes });
    }
    Ok(data)
}

/// The certificates of a PEM text, or its private key: a value often holds both.
///
/// Source: Secrets Store CSI driver, `secretutil.GetCertPart`, which also reads PKCS#12 and writes keys in another form;
/// here blocks stay as they are.
fn tls_part(key: &str, value: &Secret) -> Option<Secret> {
    let text = value.expose_text()?;
    let mut part = String::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("-----BEGIN ") {
        let (label, body) = after.split_once("-----")?;
        let (body, after) = body.split_once(&format!("-----END {label}-----"))?;
        let is_wanted = match key {
            "tls.crt" => label == "CERTIFICATE",
            "tls.key" => label.ends_with("PRIVATE KEY") && part.is_empty(),
            _ => return None,
        };
        if is_wanted {
            part.push_str(&format!("-----BEGIN {label}-----{body}-----END {label}-----\n"));
        }
        rest = after;
    }
    Some(Secret::from(part)).filter(|part| !part.is_empty())
}

fn object(class: &Class, wanted: &Wanted, data: &Data, version: Option<&str>) -> Bytes {
    let mut labels = wanted.labels.clone();
    labels.insert(MANAGED_BY.to_owned(), MANAGER.to_owned());
    let data: BTreeMap<&String, String> =
        data.iter().map(|(key, value)| (key, BASE64.encode(value.expose()))).collect();
    let mut object = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": wanted.name,
            "namespace": class.namespace,
            "labels": labels,
            "annotations": wanted.annotations,
            "ownerReferences": [{
                "apiVersion": "secrets-store.csi.x-k8s.io/v1",
                "kind": "SecretProviderClass",
                "name": class.name,
                "uid": class.uid,
                "controller": true,
            }],
        },
        "type": wanted.secret_type,
        "data": data,
    });
    if let (Some(version), Some(metadata)) =
        (version, object.get_mut("metadata").and_then(|it| it.as_object_mut()))
    {
        metadata.insert("resourceVersion".to_owned(), version.into());
    }
    object.to_string().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_and_keys_are_told_apart() {
        let block =
            |label: &str, body: &str| format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n");
        let both =
            [block("CERTIFICATE", "leaf"), block("EC PRIVATE KEY", "key"), block("CERTIFICATE", "authority")]
                .concat();
        let part = |key: &str, text: &str| {
            tls_part(key, &Secret::from(text.to_owned())).map(|part| part.expose_text().unwrap().to_owned())
        };
        assert_eq!(
            part("tls.crt", &both),
            Some(block("CERTIFICATE", "leaf") + &block("CERTIFICATE", "authority"))
        );
        assert_eq!(part("tls.key", &both), Some(block("EC PRIVATE KEY", "key")));
        assert_eq!(part("tls.key", &block("CERTIFICATE", "leaf")), None);
        assert_eq!(part("ca.crt", &both), None);
        assert_eq!(part("tls.crt", "-----BEGIN CERTIFICATE-----\nopen"), None);
        assert_eq!(part("tls.crt", "hunter2"), None);
    }
}
