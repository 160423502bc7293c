//! What is wrong with one mapping on its own: its principal and its access policies.

use ringwall_model::time::milliseconds;
use ringwall_model::{AccessScope, Arn, Severity};

use super::context::{Context, Presence};
use super::flaw::{Flaw, FlawKind};
use super::mapping::{Mapping, Origin};
use super::principal::{Matcher, PARTITIONS, PrincipalKind, fold};
use super::reading::is_permission_set;
use super::{GrantedPolicy, Placeholder, RolePaths};

pub(super) const NODES: &str = "system:nodes";
pub(super) const NODE_NAME: &str = "system:node:";

/// Whether a mapping gives the whole cluster by an access policy.
pub(super) fn is_cluster_admin(mapping: &Mapping) -> bool {
    mapping.policies.iter().any(gives_cluster_admin)
}

fn gives_cluster_admin(policy: &GrantedPolicy) -> bool {
    &*policy.name == "AmazonEKSClusterAdminPolicy" && policy.scope == AccessScope::Cluster
}

/// Adds every flaw that can be seen without the other mappings.
pub(super) fn inspect(mapping: &mut Mapping, context: &Context<'_>, cluster_admins: usize) {
    let mut found = Found { flaws: Vec::new(), mapping };
    match found.mapping.matcher {
        Matcher::Account(_) => found.account(context),
        Matcher::Exact(_) => found.principal(context),
        Matcher::Prefix(_) | Matcher::PermissionSet(_) | Matcher::Like { .. } => found.pattern(context),
        Matcher::Nobody if found.mapping.origin == Origin::AccessEntry => found.principal(context),
        Matcher::Id(_) | Matcher::Nobody => {}
    }
    // EKS's own entries have EKS's own names.
    if !found.mapping.is_owned_by_eks() {
        found.names();
    }
    found.policies(cluster_admins);
    let flaws = found.flaws;
    mapping.flaws.extend(flaws);
    pin(mapping, context);
}

/// Whom IAM knows by an ARN with a path is known by the unique id from then on: who comes after it has another.
fn pin(mapping: &mut Mapping, context: &Context<'_>) {
    let is_known = context.rules.is_some_and(|rules| rules.role_paths == RolePaths::Known);
    let Some(arn) = fold(&mapping.principal).parse::<Arn>().ok().filter(|_| is_known) else { return };
    let has_path = arn.resource.starts_with("role/") && arn.resource.split('/').count() > 2;
    if mapping.unique_id.is_none()
        && mapping.origin == Origin::MapRoles
        && has_path
        && !is_permission_set(&arn.resource)
        && let Presence::Present(found) = context.presence(&arn, PrincipalKind::Role)
    {
        mapping.unique_id.clone_from(&found.id);
    }
}

/// What could not be judged for want of an export.
pub(super) fn unjudged(all: &[Mapping], context: &Context<'_>, exported: bool) -> Vec<String> {
    let is_unknown = |mapping: &&Mapping| {
        let arn = fold(&mapping.principal).parse::<Arn>().ok();
        arn.and_then(|arn| Some((PrincipalKind::of(&arn).ok()?, arn))).is_some_and(|(kind, arn)| {
            let own = context.account.is_none_or(|account| account == arn.account);
            let named = matches!(kind, PrincipalKind::User | PrincipalKind::Role);
            own && named && matches!(context.presence(&arn, kind), Presence::Unknown)
        })
    };
    let mut unjudged = Vec::new();
    if all.iter().filter(|mapping| mapping.takes_effect()).any(|mapping| is_unknown(&mapping)) {
        let what = if exported { "some IAM users or roles" } else { "IAM users and roles" };
        unjudged.push(format!(
            "{what} are not in the snapshot, so deleted and re-created principals can't be told: `aws iam \
             get-account-authorization-details`"
        ));
    }
    for mapping in all.iter().filter(|mapping| mapping.takes_effect()) {
        let Some(arn) = fold(&mapping.principal).parse::<Arn>().ok() else { continue };
        let Some(Presence::Present(found)) =
            PrincipalKind::of(&arn).ok().map(|kind| context.presence(&arn, kind))
        else {
            continue;
        };
        let dates = [&mapping.created_at, &found.created_at].map(Option::as_deref);
        if let [Some(mapped), Some(born)] = dates
            && (milliseconds(mapped).is_none() || milliseconds(born).is_none())
        {
            unjudged.push(format!(
                "whether `{}` was created again can't be told from the dates `{mapped}` and `{born}`",
                mapping.principal
            ));
        }
    }
    unjudged
}

/// Whether the ARN of a role with a path means a role; why not otherwise.
fn role_path(written: &str, arn: &Arn, context: &Context<'_>) -> Result<(), String> {
    let Some(rules) = context.rules else {
        return Err(format!(
            "`{written}` has a path and matches nobody: sessions of a role come without its path"
        ));
    };
    if rules.role_paths == RolePaths::ByName || is_permission_set(&arn.resource) {
        return Ok(());
    }
    match context.presence(arn, PrincipalKind::Role) {
        // Names are compared in any case by IAM, and paths are known to be right if they are the same in any case.
        Presence::Present(found) if fold(&found.arn) == arn.to_string() => Ok(()),
        Presence::Present(found) => {
            Err(format!("`{written}` is no longer there: the role of this name is `{}`", found.arn))
        }
        Presence::Missing | Presence::Unknown => {
            Err(format!("`{written}` has a path, and whether the role of this name has it is not known"))
        }
    }
}

/// Flaws as they are found.
pub(super) struct Found<'m> {
    flaws: Vec<Flaw>,
    pub(super) mapping: &'m Mapping,
}

impl Found<'_> {
    pub(super) fn push(&mut self, kind: FlawKind, severity: Severity, never: bool, text: String) {
        self.flaws.push(Flaw { kind, text, severity, never, source: self.mapping.source.clone() });
    }

    pub(super) fn never(&mut self, kind: FlawKind, text: String) {
        self.push(kind, Severity::Medium, true, text);
    }

    pub(super) fn is_entry(&self) -> bool {
        self.mapping.origin == Origin::AccessEntry
    }

    /// An access entry's type, if it is told.
    pub(super) fn is_node_entry(&self) -> bool {
        self.mapping.is_for_nodes()
    }

    fn account(&mut self, context: &Context<'_>) {
        let id = &self.mapping.principal;
        let foreign = context.account.is_some_and(|account| account != &**id);
        let whose = if foreign { "another account" } else { "the cluster's own account" };
        let severity = if foreign { Severity::High } else { Severity::Medium };
        let text = format!("every user and role of `{id}`, {whose}, gets in under its ARN, without groups");
        self.push(FlawKind::WholeAccount, severity, false, text);
    }

    fn pattern(&mut self, context: &Context<'_>) {
        let Ok(pattern) = self.mapping.principal.parse::<Arn>() else { return };
        self.partition(&pattern.partition, context);
        self.other_account(&pattern, context);
    }

    /// The ARN as it is written, compared with what the authenticator would see of such a principal.
    fn principal(&mut self, context: &Context<'_>) {
        let written = self.mapping.principal.clone();
        let named = if self.is_entry() { "the access entry" } else { "aws-auth" };
        if written.trim() != &*written {
            return self.never(
                FlawKind::NotAPrincipal,
                format!("`{written}` has white space around it and matches nobody"),
            );
        }
        // Case does not count, so what is looked at is the folded text.
        let Ok(arn) = fold(&written).parse::<Arn>() else {
            return self
                .never(FlawKind::NotAPrincipal, format!("`{written}` is not an ARN and matches nobody"));
        };
        if arn.account.contains(['*', '?']) || arn.resource.contains(['*', '?']) {
            let text = format!("`{written}` matches nobody: {named} takes `*` and `?` as they are written");
            return self.never(FlawKind::Wildcard, text);
        }
        if !self.partition(&arn.partition, context) {
            return;
        }
        let kind = match PrincipalKind::of(&arn) {
            Ok(kind) if arn.region.is_empty() && is_account(&arn.account) && !arn.name().is_empty() => kind,
            _ => {
                let text =
                    format!("`{written}` is the ARN of no IAM user, role or session and matches nobody");
                return self.never(FlawKind::NotAPrincipal, text);
            }
        };
        match kind {
            PrincipalKind::Session => {
                let text =
                    format!("`{written}` is a session's ARN and matches nobody: sessions come as their role");
                return self.never(FlawKind::SessionArn, text);
            }
            PrincipalKind::Role if !self.is_entry() && arn.resource.split('/').count() > 2 => {
                if let Err(text) = role_path(&written, &arn, context) {
                    return self.never(FlawKind::RolePath, text);
                }
            }
            PrincipalKind::FederatedUser => {
                let never = self.is_entry();
                let text = if never {
                    format!("`{written}` is a federated user, for whom there are no access entries")
                } else {
                    format!(
                        "`{written}` is a federated user: whoever may call `sts:GetFederationToken` under this name gets in"
                    )
                };
                self.push(FlawKind::Federated, Severity::Low, never, text);
            }
            PrincipalKind::Root if self.is_entry() => {
                let text =
                    format!("`{written}` is an account's root user, for whom there are no access entries");
                self.never(FlawKind::NotAPrincipal, text);
            }
            PrincipalKind::Role | PrincipalKind::User | PrincipalKind::Root => {}
        }
        self.other_account(&arn, context);
        self.presence(&arn, kind, context);
        self.node_template(kind);
    }

    /// Whether the partition can be right.
    fn partition(&mut self, partition: &str, context: &Context<'_>) -> bool {
        // The pattern of an `sso` entry with a partition has none; that is told already.
        if partition.is_empty() {
            return true;
        }
        let known = PARTITIONS.contains(&partition);
        let right = context.partition.is_none_or(|own| own == partition);
        if known && right {
            return true;
        }
        let principal = &self.mapping.principal;
        let text = match context.partition {
            Some(own) => format!(
                "`{principal}` is of the partition `{partition}`, the cluster of `{own}`: it matches nobody"
            ),
            None => format!(
                "`{principal}` is of the partition `{partition}`, which the authenticator does not know"
            ),
        };
        self.never(FlawKind::BadPartition, text);
        false
    }

    fn other_account(&mut self, arn: &Arn, context: &Context<'_>) {
        let Some(own) = context.account.filter(|own| *own != arn.account) else { return };
        let principal = &self.mapping.principal;
        let (text, never) = match self.mapping.kind.as_deref().filter(|_| self.is_node_entry()) {
            Some(kind) => (
                format!(
                    "`{principal}` is of another account than the cluster's `{own}`, which a `{kind}` access entry can't be"
                ),
                true,
            ),
            None => (format!("`{principal}` is of account `{}`, the cluster of `{own}`", arn.account), false),
        };
        self.push(FlawKind::OtherAccount, Severity::Medium, never, text);
    }

    fn presence(&mut self, arn: &Arn, kind: PrincipalKind, context: &Context<'_>) {
        let principal = self.mapping.principal.clone();
        match context.presence(arn, kind) {
            Presence::Unknown => {}
            Presence::Missing if self.is_entry() => {
                let text = format!(
                    "`{principal}` is not in its account, and the access entry will not match a new principal of this ARN"
                );
                self.push(FlawKind::MissingPrincipal, Severity::Low, true, text);
            }
            Presence::Missing => {
                let elsewhere = context.user_elsewhere(arn).filter(|_| kind == PrincipalKind::User);
                let hint =
                    elsewhere.map(|user| format!("; there is `{}`, and a user's path counts", user.arn));
                let text = format!(
                    "`{principal}` is not in its account: whoever may create it gets in{}",
                    hint.unwrap_or_default()
                );
                self.push(FlawKind::MissingPrincipal, Severity::Medium, false, text);
            }
            Presence::Present(found) => {
                let born = found.created_at.as_deref().and_then(milliseconds);
                let mapped = self.mapping.created_at.as_deref().and_then(milliseconds);
                if born.zip(mapped).is_some_and(|(born, mapped)| mapped < born) {
                    let text = format!(
                        "`{principal}` was created again at `{}`, after its access entry (`{}`), which is bound to the \
                         unique id of the one before",
                        found.created_at.as_deref().unwrap_or_default(),
                        self.mapping.created_at.as_deref().unwrap_or_default()
                    );
                    self.never(FlawKind::RecreatedPrincipal, text);
                }
            }
        }
    }

    fn node_template(&mut self, kind: PrincipalKind) {
        let dns = Placeholder::Ec2PrivateDnsName.text();
        let mapping = self.mapping;
        let name = mapping.username.as_deref().unwrap_or_default();
        let in_groups = mapping.groups.iter().any(|group| group.contains(dns));
        if (name.contains(dns) || in_groups) && kind != PrincipalKind::Role {
            let text = format!(
                "`{}` can't log in: `{dns}` needs a session that is named after an EC2 instance",
                mapping.principal
            );
            return self.never(FlawKind::NodeTemplate, text);
        }
        let is_node = mapping.groups.iter().any(|group| &**group == NODES);
        // EKS itself gives access entries of the node types what nodes need.
        if self.is_node_entry() {
            return;
        }
        if name.contains(dns) && !is_node {
            let text = format!(
                "`{name}` is a node's user name, and the group `{NODES}` is missing, so the nodes can't do their work"
            );
            self.push(FlawKind::NodeTemplate, Severity::Medium, false, text);
        } else if is_node && !name.starts_with(NODE_NAME) {
            let text = format!("the group `{NODES}` is for nodes, and `{name}` is no node's user name");
            self.push(FlawKind::NodeTemplate, Severity::Medium, false, text);
        } else if in_groups {
            let text = format!("`{dns}` in a group: every instance gets a group of its own");
            self.push(FlawKind::NodeTemplate, Severity::Low, false, text);
        }
    }

    fn policies(&mut self, cluster_admins: usize) {
        let mapping = self.mapping;
        for policy in &mapping.policies {
            let flaw = |kind, severity, text| Flaw {
                kind,
                text,
                severity,
                never: false,
                source: policy.source.clone(),
            };
            if gives_cluster_admin(policy) {
                let others = match cluster_admins.saturating_sub(1) {
                    0 => "nobody else does".to_owned(),
                    1 => "one other does too".to_owned(),
                    others => format!("{others} others do too"),
                };
                let text = format!(
                    "`{}` holds `{}` for the whole cluster; {others}",
                    mapping.principal, policy.name
                );
                self.flaws.push(flaw(FlawKind::ClusterAdmin, Severity::Critical, text));
            }
            if policy.rules().is_none() && !mapping.is_owned_by_eks() {
                let text = format!(
                    "`{}` holds `{}`, whose rules are not known; it is not evaluated",
                    mapping.principal, policy.name
                );
                self.flaws.push(flaw(FlawKind::UnknownPolicy, Severity::Medium, text));
            }
            match &policy.scope {
                AccessScope::Unknown(kind) => {
                    let text = format!(
                        "`{}` has the scope `{kind}`, which is not known; it is not evaluated",
                        policy.name
                    );
                    self.flaws.push(flaw(FlawKind::UnknownScope, Severity::Medium, text));
                }
                AccessScope::Namespaces(namespaces) if namespaces.is_empty() => {
                    let text = format!("`{}` holds in no namespace", policy.name);
                    self.flaws.push(flaw(FlawKind::UnknownScope, Severity::Low, text));
                }
                AccessScope::Namespaces(_) | AccessScope::Cluster => {}
            }
        }
    }
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}
