//! What requests send and get: the parts of Kubernetes' objects that rules look at.

mod access;
mod network;
mod pod;
mod policy;
mod written;

pub(crate) use access::{
    AccessReview, Binding, CertificateRequest, ResourceAttributes, Role, Rule, Subject, TokenRequest,
};
pub(crate) use network::{Ingress, Service};
pub(crate) use pod::{Container, PodSpec, Workload};
pub(crate) use policy::{ConfigMap, PersistentVolume, Secret, Webhook, Webhooks};
pub(crate) use written::Written;

use crate::field::{Field, Members, Read, Text};
use crate::object::object;

object! {
    /// What all objects have.
    pub(crate) struct Metadata {
        "name" => name: Field<Text<'a>>,
        "generateName" => generate_name: Field<Text<'a>>,
        "uid" => uid: Field<Text<'a>>,
        "generation" => generation: Field<i64>,
        "labels" => labels: Field<Members<'a, Text<'a>>>,
        "annotations" => annotations: Field<Members<'a, Text<'a>>>,
        "ownerReferences" => owners: Field<Vec<Owner<'a>>>,
    }

    /// What an object belongs to.
    pub(crate) struct Owner {
        "kind" => kind: Field<Text<'a>>,
        "name" => name: Field<Text<'a>>,
        "controller" => controller: Field<bool>,
    }
}

impl Metadata<'_> {
    /// An annotation's value, or nothing.
    pub(crate) fn annotation(&self, name: &str) -> &str {
        self.annotations.get().and_then(|all| all.get(name)).map_or("", |value| value)
    }

    /// The controller that it belongs to: kind and name.
    pub(crate) fn controller(&self) -> Option<(&str, &str)> {
        let owner = self.owners.items().iter().find(|owner| owner.controller.is_true())?;
        Some((owner.kind.text(), owner.name.text()))
    }
}

/// What a JSON text holds; `None` if it is another kind of value.
pub(crate) fn read<'a, T: Read<'a>>(json: &'a str) -> Option<T> {
    match serde_json::from_str(json) {
        Ok(Field::Is(value)) => Some(value),
        Ok(Field::Absent | Field::Wrong) | Err(_) => None,
    }
}
