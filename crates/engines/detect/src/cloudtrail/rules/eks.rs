//! Changes to who gets into an EKS cluster, and to what is seen of it.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use ringwall_model::Severity;

use super::Tell;
use super::details::{lower, ringwall, signal};
use crate::cloudtrail::call::{Call, Caller, session_of};
use crate::cloudtrail::record::Flag;
use crate::cloudtrail::watch::Watch;
use crate::field::{Field, Text};
use crate::finding::{Kind, Place};
use crate::object::object;

static AUDIT_OFF: Kind = ringwall(
    "DefenseEvasion:EKS/Ringwall.AuditLoggingDisabled",
    Severity::High,
    "The audit log of an EKS cluster was turned off",
    "Turn it on again (`aws eks update-cluster-config --logging`), and take what happened in between from CloudTrail: whoever turns it \
     off means to do something unseen.",
);
static ENTRY_CREATED: Kind = ringwall(
    "Persistence:EKS/Ringwall.AccessEntryCreated",
    Severity::Medium,
    "An IAM principal was let into an EKS cluster",
    "Ask whether the principal belongs there; `aws eks delete-access-entry` takes it out. Manage entries as code, by one role.",
);
static ENTRY_CHANGED: Kind = ringwall(
    "PrivilegeEscalation:EKS/Ringwall.AccessEntryChanged",
    Severity::Medium,
    "The groups or the user name of an access entry were changed",
    "Compare the entry's groups with what they are bound to (`ringwall who-can`), and put them back.",
);
static ADMIN_ASSOCIATED: Kind = ringwall(
    "PrivilegeEscalation:EKS/Ringwall.ClusterAdminAssociated",
    Severity::High,
    "An IAM principal was made administrator of an EKS cluster",
    "Take the policy away (`aws eks disassociate-access-policy`) unless it was meant, and look at what the principal did since.",
);
static ENDPOINT_OPENED: Kind = ringwall(
    "InitialAccess:EKS/Ringwall.PublicEndpointOpened",
    Severity::Medium,
    "The API endpoint of an EKS cluster was opened to the whole internet",
    "Close it, or list the networks that need it (`publicAccessCidrs`).",
);
static PROVIDER_ASSOCIATED: Kind = ringwall(
    "Persistence:EKS/Ringwall.IdentityProviderAssociated",
    Severity::High,
    "An EKS cluster was made to trust another identity provider",
    "Whoever runs the issuer is anybody whom the cluster's bindings name. Take it away \
     (`aws eks disassociate-identity-provider-config`) unless it was meant.",
);
static POD_IDENTITY: Kind = ringwall(
    "PrivilegeEscalation:EKS/Ringwall.PodIdentityAssociated",
    Severity::Medium,
    "The pods of a Kubernetes service account were given a role of AWS",
    "Ask whether the pods need it; whoever may create pods with that service account has the role. \
     `aws eks delete-pod-identity-association` takes it away.",
);

pub(super) const KINDS: &[&Kind] = &[
    &AUDIT_OFF,
    &ENTRY_CREATED,
    &ENTRY_CHANGED,
    &ADMIN_ASSOCIATED,
    &ENDPOINT_OPENED,
    &PROVIDER_ASSOCIATED,
    &POD_IDENTITY,
];

object! {
    /// What is asked of EKS. The cluster's name is part of the path, where it is called `name`.
    /// Source: AWS EKS API Reference, *Actions*.
    struct Asked {
        "name" => name: Field<Text<'a>>,
        "clusterName" => cluster_name: Field<Text<'a>>,
        "principalArn" => principal: Field<Text<'a>>,
        "kubernetesGroups" => groups: Field<Vec<Text<'a>>>,
        "username" => username: Field<Text<'a>>,
        "type" => kind: Field<Text<'a>>,
        "policyArn" => policy: Field<Text<'a>>,
        "accessScope" => scope: Field<Scope<'a>>,
        "logging" => logging: Field<Logging<'a>>,
        "resourcesVpcConfig" => network: Field<Network<'a>>,
        "oidc" => oidc: Field<Oidc<'a>>,
        "namespace" => namespace: Field<Text<'a>>,
        "serviceAccount" => service_account: Field<Text<'a>>,
        "roleArn" => role: Field<Text<'a>>,
        "targetRoleArn" => target_role: Field<Text<'a>>,
    }

    struct Scope {
        "type" => kind: Field<Text<'a>>,
        "namespaces" => namespaces: Field<Vec<Text<'a>>>,
    }

    struct Logging {
        "clusterLogging" => setups: Field<Vec<LogSetup<'a>>>,
    }

    struct LogSetup {
        "types" => types: Field<Vec<Text<'a>>>,
        "enabled" => enabled: Field<Flag>,
    }

    struct Network {
        "endpointPublicAccess" => public: Field<Flag>,
        "publicAccessCidrs" => cidrs: Field<Vec<Text<'a>>>,
    }

    struct Oidc {
        "issuerUrl" => issuer: Field<Text<'a>>,
        "groupsClaim" => groups: Field<Text<'a>>,
    }
}

impl Asked<'_> {
    fn cluster(&self) -> &str {
        if self.cluster_name.text().is_empty() { self.name.text() } else { self.cluster_name.text() }
    }

    /// The principal's ARN, which CloudTrail records as it stands in the path.
    fn principal(&self) -> Cow<'_, str> {
        percent_decode_str(self.principal.text()).decode_utf8_lossy()
    }
}

/// Looks at a call that was carried out.
pub(super) fn look(watch: &mut Watch, call: &Call<'_>, place: &Place, tell: Tell<'_>) {
    // EKS makes entries for its own node groups, and what people ask of it by other services is judged there.
    if call.is_by_aws() && !asked_by_somebody(call) {
        return;
    }
    let asked: Asked<'_> = match call.action {
        "CreateCluster"
        | "UpdateClusterConfig"
        | "CreateAccessEntry"
        | "UpdateAccessEntry"
        | "AssociateAccessPolicy"
        | "AssociateIdentityProviderConfig"
        | "CreatePodIdentityAssociation"
        | "UpdatePodIdentityAssociation" => call.request(),
        _ => return,
    };
    let cluster = asked.cluster();
    match call.action {
        "CreateCluster" => watch.cluster_made(call, cluster),
        "UpdateClusterConfig" => {
            audit(call, &asked, place, tell);
            endpoint(watch, call, &asked, place, tell);
        }
        _ if watch.is_set_up(call, cluster) => {}
        "CreateAccessEntry" | "UpdateAccessEntry" => entry(call, &asked, place, tell),
        "AssociateAccessPolicy" => policy(call, &asked, place, tell),
        "AssociateIdentityProviderConfig" => {
            let issuer = asked.oidc.get().map_or("", |oidc| oidc.issuer.text());
            let severity = scaled(&PROVIDER_ASSOCIATED, call);
            let description = format!("`{}` made cluster `{cluster}` trust `{issuer}`", call.who());
            tell(signal(&PROVIDER_ASSOCIATED, severity, call, place, cluster, description));
        }
        _ => pod_identity(call, &asked, place, tell),
    }
}

/// A service such as CloudFormation, in the name of somebody who is recorded.
fn asked_by_somebody(call: &Call<'_>) -> bool {
    matches!(call.caller, Caller::Session { .. } | Caller::User(_) | Caller::Root)
        && !call.principal().contains("/aws-service-role/")
}

/// How bad it is, less so if it is the usual way of change. What is dangerous stays told: the client's name proves nothing.
fn scaled(kind: &Kind, call: &Call<'_>) -> Severity {
    if call.is_infrastructure() { lower(kind.severity) } else { kind.severity }
}

fn audit(call: &Call<'_>, asked: &Asked<'_>, place: &Place, tell: Tell<'_>) {
    let setups = asked.logging.get().map(|logging| logging.setups.items()).unwrap_or_default();
    let ends_audit = |setup: &LogSetup<'_>| {
        setup.enabled.get().is_some_and(|enabled| !enabled.0)
            && setup.types.items().iter().any(|kind| &**kind == "audit")
    };
    if setups.iter().any(ends_audit) {
        let cluster = asked.cluster();
        let description = format!("`{}` turned the audit log of cluster `{cluster}` off", call.who());
        tell(signal(&AUDIT_OFF, scaled(&AUDIT_OFF, call), call, place, cluster, description));
    }
}

fn endpoint(watch: &Watch, call: &Call<'_>, asked: &Asked<'_>, place: &Place, tell: Tell<'_>) {
    let Some(network) = asked.network.get() else { return };
    let cluster = asked.cluster();
    let cidrs = network.cidrs.items();
    let is_public = network.public.get().map(|public| public.0);
    let is_open = match (is_public, cidrs) {
        (Some(false), _) | (None, []) => false,
        // Source: AWS EKS API Reference, *VpcConfigRequest*: without a list it is 0.0.0.0/0 and ::/0.
        (Some(true), []) => true,
        (_, cidrs) => cidrs.iter().any(|cidr| matches!(&**cidr, "0.0.0.0/0" | "::/0")),
    };
    if is_open && !watch.is_set_up(call, cluster) {
        let description =
            format!("`{}` opened the endpoint of cluster `{cluster}` to the internet", call.who());
        tell(signal(&ENDPOINT_OPENED, scaled(&ENDPOINT_OPENED, call), call, place, cluster, description));
    }
}

/// Whether somebody lets himself in.
fn is_own(call: &Call<'_>, principal: &str) -> bool {
    let caller_role = session_of(call.who()).map(|(role, _)| role);
    principal == call.principal()
        || caller_role
            .is_some_and(|role| principal.contains(":role/") && principal.rsplit('/').next() == Some(role))
}

/// Account of an ARN.
fn account_of(arn: &str) -> &str {
    arn.split(':').nth(4).unwrap_or_default()
}

fn entry(call: &Call<'_>, asked: &Asked<'_>, place: &Place, tell: Tell<'_>) {
    let (cluster, principal) = (asked.cluster(), asked.principal());
    let kind = if call.action == "CreateAccessEntry" { &ENTRY_CREATED } else { &ENTRY_CHANGED };
    let is_foreign = !account_of(&principal).is_empty() && account_of(&principal) != call.account;
    let is_wide = principal.ends_with(":root") || is_foreign || is_own(call, &principal);
    let is_node = !matches!(asked.kind.text(), "" | "STANDARD");
    let severity = match (is_wide, call.is_infrastructure()) {
        (true, false) => Severity::High,
        (true, true) => Severity::Medium,
        // Written down and reviewed, as a rule; what it then may do is told when it is given.
        (false, true) => return,
        (false, false) if is_node => Severity::Low,
        (false, false) => kind.severity,
    };
    let groups: Vec<&str> = asked.groups.items().iter().map(|group| &**group).collect();
    let what = if is_own(call, &principal) { "himself".to_owned() } else { format!("`{principal}`") };
    let with =
        if groups.is_empty() { String::new() } else { format!(" with the groups `{}`", groups.join("`, `")) };
    let description = format!("`{}` let {what} into cluster `{cluster}`{with}", call.who());
    tell(signal(kind, severity, call, place, &format!("{cluster}\0{principal}"), description));
}

fn policy(call: &Call<'_>, asked: &Asked<'_>, place: &Place, tell: Tell<'_>) {
    let (cluster, principal) = (asked.cluster(), asked.principal());
    let decoded = percent_decode_str(asked.policy.text()).decode_utf8_lossy();
    let policy = decoded.rsplit('/').next().unwrap_or_default();
    let is_everywhere = asked.scope.get().is_none_or(|scope| scope.kind.text() != "namespace");
    // Source: AWS EKS User Guide, *Review access policy permissions*: AmazonEKSAdminPolicy is ClusterRole `admin`.
    let severity = match (policy, is_everywhere) {
        ("AmazonEKSClusterAdminPolicy", true) => ADMIN_ASSOCIATED.severity,
        ("AmazonEKSClusterAdminPolicy", false) | ("AmazonEKSAdminPolicy", true) => Severity::Medium,
        _ => return,
    };
    let severity = if call.is_infrastructure() { lower(severity) } else { severity };
    let what = if is_own(call, &principal) { "himself".to_owned() } else { format!("`{principal}`") };
    let description = format!("`{}` gave {what} {policy} on cluster `{cluster}`", call.who());
    tell(signal(&ADMIN_ASSOCIATED, severity, call, place, &format!("{cluster}\0{principal}"), description));
}

fn pod_identity(call: &Call<'_>, asked: &Asked<'_>, place: &Place, tell: Tell<'_>) {
    let role = if asked.target_role.text().is_empty() { asked.role.text() } else { asked.target_role.text() };
    if role.is_empty() || call.is_infrastructure() {
        return;
    }
    let (cluster, namespace, account) =
        (asked.cluster(), asked.namespace.text(), asked.service_account.text());
    let name = role.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    let is_strong = ["admin", "poweruser"].iter().any(|word| name.contains(word));
    let severity = if is_strong { Severity::High } else { POD_IDENTITY.severity };
    let whom = if account.is_empty() {
        "an association's pods".to_owned()
    } else {
        format!("pods of `{namespace}/{account}`")
    };
    let description = format!("`{}` gave {whom} on cluster `{cluster}` the role `{role}`", call.who());
    tell(signal(
        &POD_IDENTITY,
        severity,
        call,
        place,
        &format!("{cluster}\0{namespace}\0{account}"),
        description,
    ));
}
