//! Who may do what, and who somebody is.

use crate::field::{Field, Text};
use crate::object::object;

use super::Metadata;

object! {
    /// A Role or ClusterRole.
    pub(crate) struct Role {
        "metadata" => metadata: Field<Metadata<'a>>,
        "rules" => rules: Field<Vec<Rule<'a>>>,
        "aggregationRule" => aggregation: Field<Aggregation<'a>>,
    }

    /// What a role gives.
    pub(crate) struct Rule {
        "verbs" => verbs: Field<Vec<Text<'a>>>,
        "apiGroups" => api_groups: Field<Vec<Text<'a>>>,
        "resources" => resources: Field<Vec<Text<'a>>>,
        "resourceNames" => resource_names: Field<Vec<Text<'a>>>,
    }

    /// Which roles' rules a ClusterRole takes over.
    pub(crate) struct Aggregation {
        "clusterRoleSelectors" => selectors: Field<Vec<Selector<'a>>>,
    }

    /// A selector of labels.
    pub(crate) struct Selector {
        "matchLabels" => labels: Field<crate::field::Members<'a, Text<'a>>>,
        "matchExpressions" => expressions: Field<Vec<Expression<'a>>>,
    }

    /// A condition on a label.
    pub(crate) struct Expression {
        "key" => key: Field<Text<'a>>,
    }

    /// A RoleBinding or ClusterRoleBinding.
    pub(crate) struct Binding {
        "metadata" => metadata: Field<Metadata<'a>>,
        "roleRef" => role: Field<RoleRef<'a>>,
        "subjects" => subjects: Field<Vec<Subject<'a>>>,
    }

    /// The role that a binding gives.
    pub(crate) struct RoleRef {
        "kind" => kind: Field<Text<'a>>,
        "name" => name: Field<Text<'a>>,
    }

    /// Whom a binding gives it to.
    pub(crate) struct Subject {
        "kind" => kind: Field<Text<'a>>,
        "name" => name: Field<Text<'a>>,
        "namespace" => namespace: Field<Text<'a>>,
        "$patch" => directive: Field<Text<'a>>,
    }

    /// One of the four kinds of reviews of access.
    pub(crate) struct AccessReview {
        "spec" => spec: Field<ReviewSpec<'a>>,
        "status" => status: Field<ReviewStatus<'a>>,
    }

    /// What is asked.
    pub(crate) struct ReviewSpec {
        "resourceAttributes" => resource: Field<ResourceAttributes<'a>>,
    }

    /// About a resource.
    pub(crate) struct ResourceAttributes {
        "verb" => verb: Field<Text<'a>>,
        "resource" => resource: Field<Text<'a>>,
        "subresource" => subresource: Field<Text<'a>>,
        "namespace" => namespace: Field<Text<'a>>,
        "name" => name: Field<Text<'a>>,
    }


    /// What is answered.
    pub(crate) struct ReviewStatus {
        "allowed" => allowed: Field<bool>,
    }

    /// A CertificateSigningRequest.
    pub(crate) struct CertificateRequest {
        "metadata" => metadata: Field<Metadata<'a>>,
        "spec" => spec: Field<CertificateSpec<'a>>,
        "status" => status: Field<CertificateStatus<'a>>,
    }

    /// What is asked for, and who asked.
    pub(crate) struct CertificateSpec {
        "signerName" => signer: Field<Text<'a>>,
        "username" => username: Field<Text<'a>>,
    }

    /// What was decided.
    pub(crate) struct CertificateStatus {
        "conditions" => conditions: Field<Vec<Condition<'a>>>,
    }

    /// A decision.
    pub(crate) struct Condition {
        "type" => kind: Field<Text<'a>>,
    }

    /// A TokenRequest.
    pub(crate) struct TokenRequest {
        "spec" => spec: Field<TokenSpec<'a>>,
    }

    /// What a token is to be.
    pub(crate) struct TokenSpec {
        "expirationSeconds" => expiration: Field<i64>,
        "boundObjectRef" => bound: Field<Bound<'a>>,
    }

    /// The object with which a token ends.
    pub(crate) struct Bound {
        "kind" => kind: Field<Text<'a>>,
        "name" => name: Field<Text<'a>>,
    }
}
