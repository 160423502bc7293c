//! What decides about others: webhooks, configuration, volumes that pods come to by a claim.

use crate::field::{Field, Members, Text};
use crate::object::object;

use super::Metadata;

object! {
    /// A MutatingWebhookConfiguration or ValidatingWebhookConfiguration.
    pub(crate) struct Webhooks {
        "webhooks" => webhooks: Field<Vec<Webhook<'a>>>,
    }

    /// One webhook.
    pub(crate) struct Webhook {
        "clientConfig" => client: Field<Client<'a>>,
        "rules" => rules: Field<Vec<WebhookRule<'a>>>,
        "failurePolicy" => failure_policy: Field<Text<'a>>,
    }

    /// Where it is.
    pub(crate) struct Client {
        "url" => url: Field<Text<'a>>,
    }

    /// What it is asked about.
    pub(crate) struct WebhookRule {
        "resources" => resources: Field<Vec<Text<'a>>>,
    }

    /// A ConfigMap.
    pub(crate) struct ConfigMap {
        "metadata" => metadata: Field<Metadata<'a>>,
        "data" => data: Field<Members<'a, Text<'a>>>,
    }

    /// A Secret, of which nothing is read that is secret.
    pub(crate) struct Secret {
        "metadata" => metadata: Field<Metadata<'a>>,
        "type" => kind: Field<Text<'a>>,
    }

    /// A PersistentVolume.
    pub(crate) struct PersistentVolume {
        "spec" => spec: Field<PersistentVolumeSpec<'a>>,
    }

    /// What it is.
    pub(crate) struct PersistentVolumeSpec {
        "hostPath" => host_path: Field<NodePath<'a>>,
        "local" => local: Field<NodePath<'a>>,
    }

    /// A file or folder of a node.
    pub(crate) struct NodePath {
        "path" => path: Field<Text<'a>>,
    }
}
