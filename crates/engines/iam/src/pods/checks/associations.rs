//! Associations of EKS Pod Identity, and trust policies for it.
//!
//! Sources: Amazon EKS User Guide, *Create IAM role with trust policy required by EKS Pod Identity* and *Assign an IAM role
//! to a Kubernetes service account*: whoever creates an association names the service account, and needs `iam:PassRole`.

use ringwall_model::{AwsExport, CheckResult, Severity, Verdict};

use super::super::association::{SERVICE, reason};
use super::super::{Pods, RouteKind};
use super::{About, IAM_MISSING};
use crate::layers::Layer;
use crate::policy::{Effect, PrincipalPattern, Statement};
use crate::request::Action;
use crate::verdict::Deciding;

const NO_CONDITION: About = About {
    check: "pod-identity-no-condition",
    title: "trust policies for EKS Pod Identity name the service accounts that they are for",
    remedy: "add conditions on `aws:RequestTag/kubernetes-namespace`, `aws:RequestTag/kubernetes-service-account` and `aws:RequestTag/eks-cluster-arn`",
};
const TRUST: About = About {
    check: "pod-identity-trust",
    title: "roles of Pod Identity associations let EKS assume them",
    remedy: "let the role trust `pods.eks.amazonaws.com` for `sts:AssumeRole` and `sts:TagSession`",
};
const MISSING: About = About {
    check: "pod-identity-missing-account",
    title: "service accounts of Pod Identity associations exist",
    remedy: "delete the association: whoever may create a service account of that name has the role",
};

pub(super) const CHECKS: &[&About] = &[&NO_CONDITION, &TRUST, &MISSING];

/// How keys begin that tell of the service account, and of the cluster.
const ACCOUNT_TAGS: &str = "aws:requesttag/kubernetes-";
const CLUSTER_KEYS: [&str; 3] =
    ["aws:requesttag/eks-cluster-arn", "aws:requesttag/eks-cluster-name", "aws:sourcearn"];

impl Pods<'_> {
    pub(super) fn associations(&self) -> Vec<CheckResult> {
        let mut results = NO_CONDITION.or(self.unconditional(), self.trust_gap());
        let exported = !self.cluster.aws.pod_identities.is_empty()
            || self.cluster.aws.documents.iter().any(|document| {
                matches!(
                    document.export,
                    AwsExport::EksPodIdentityAssociationList | AwsExport::EksPodIdentityAssociation
                )
            });
        let gap = (!exported).then_some("`aws eks list-pod-identity-associations` is missing");
        let (mut trust, mut missing) = (Vec::new(), Vec::new());
        for (namespace, name) in self.accounts() {
            let Some(account) = self.accounts.get(&(namespace, name)) else { continue };
            let Some(association) = account.association else { continue };
            if account.object.is_none() && !self.cluster.service_accounts.is_empty() {
                let role = association.role_arn.as_deref().unwrap_or("a role that the export does not tell");
                let why = format!(
                    "the association gives {role} to {namespace}/{name}, which does not exist: whoever creates it has the role"
                );
                missing.push(MISSING.fails(Severity::Medium, why, vec![reason(association)]));
            }
            let mut routes = self.routes(namespace, name).into_iter();
            let Some(route) = routes.find(|route| route.kind == RouteKind::PodIdentity) else {
                let why = format!(
                    "the role that {namespace}/{name} gets is only listed: `aws eks describe-pod-identity-association` is missing"
                );
                trust.push(TRUST.unknown(why, vec![reason(association)]));
                continue;
            };
            let gaps = route.decision.not_evaluated.join("; ");
            match route.decision.verdict {
                Verdict::Allowed => {}
                Verdict::Denied => {
                    let why = format!("{namespace}/{name}: {}", route.how);
                    trust.push(TRUST.fails(Severity::Medium, why, route.decision.reasons));
                }
                Verdict::Unknown => {
                    trust.push(TRUST.unknown(format!("{namespace}/{name}: {gaps}"), route.decision.reasons));
                }
            }
        }
        results.extend(TRUST.or(trust, gap));
        let no_accounts =
            self.cluster.service_accounts.is_empty().then_some("the snapshot has no service accounts");
        results.extend(MISSING.or(missing, gap.or(no_accounts)));
        results
    }

    /// Statements that let EKS assume a role for any service account, or any of one cluster.
    fn unconditional(&self) -> Vec<CheckResult> {
        let Ok(action) = Action::new(&"sts:AssumeRole".into()) else {
            return vec![NO_CONDITION.unknown(IAM_MISSING, Vec::new())];
        };
        let trusting = self.inventory.principals().iter().filter_map(|known| Some((known, known.trust()?)));
        let statements = trusting.flat_map(|(known, policy)| {
            policy.statements.iter().map(move |statement| (known, policy, statement))
        });
        let open = statements.filter(|(_, _, statement)| {
            statement.effect == Effect::Allow && statement.actions.matches(&action) && is_for_pods(statement)
        });
        let results = open.filter_map(|(known, policy, statement)| {
            let asks = |wanted: &dyn Fn(&str) -> bool| {
                statement.conditions.iter().any(|condition| wanted(condition.key.lower()))
            };
            if asks(&|key| key.starts_with(ACCOUNT_TAGS)) {
                return None;
            }
            let of_cluster = asks(&|key| CLUSTER_KEYS.contains(&key));
            let (severity, which) = if of_cluster {
                (Severity::Low, "any service account of the cluster")
            } else {
                (Severity::Medium, "any service account of any cluster of the account")
            };
            let why = format!(
                "the trust policy of {} (statement {}) lets EKS assume the role for {which}: whoever may create an association \
                 and pass the role picks the service account",
                known.principal.arn, statement.index
            );
            let reason = Deciding { layer: Layer::Resource, policy, statement }.reason();
            Some(NO_CONDITION.fails(severity, why, vec![reason]))
        });
        results.collect()
    }
}

fn is_for_pods(statement: &Statement) -> bool {
    let Some(element) = statement.principals.as_ref().filter(|element| !element.negated) else {
        return false;
    };
    let is_eks =
        |pattern: &PrincipalPattern| matches!(pattern, PrincipalPattern::Service(name) if &**name == SERVICE);
    element.patterns.iter().any(|(pattern, _)| is_eks(pattern))
}
