use std::sync::Arc;

use ringwall_model::{
    AccessKey, AttachedPolicy, AwsDocument, IamGroup, IamPrincipal, IamPrincipalKind, PolicyDocument,
    Problem, Source, Tree, Value,
};

use super::Filler;
use super::policy::Exported;
use crate::aws_export::is_incomplete;
use crate::fields::{text, text_or_number, texts};

/// Name of a role's trust policy, which has none of its own.
const TRUST: &str = "trust policy";

/// Keys of the two lists of principals: kind, list, name, id, inline policies.
const PRINCIPALS: [(IamPrincipalKind, &str, &str, &str, &str); 2] = [
    (IamPrincipalKind::User, "UserDetailList", "UserName", "UserId", "UserPolicyList"),
    (IamPrincipalKind::Role, "RoleDetailList", "RoleName", "RoleId", "RolePolicyList"),
];

impl<'d> Filler<'_, 'd> {
    /// Everything that `get-account-authorization-details` says.
    pub(super) fn account_details(&mut self, document: &'d AwsDocument) {
        let AwsDocument { source, tree, .. } = document;
        if !is_incomplete(tree) {
            self.cluster.aws.iam_exported = true;
        }
        for (kind, list, name, id, inline) in PRINCIPALS {
            for item in self.items(tree, list, source) {
                self.principal(item, kind, (name, id, inline), source.at(item.line));
            }
        }
        for item in self.items(tree, "GroupDetailList", source) {
            self.group(item, source.at(item.line));
        }
        for item in self.items(tree, "Policies", source) {
            self.managed_policy(item, source.at(item.line));
        }
    }

    fn principal(
        &mut self,
        item: &'d Tree,
        kind: IamPrincipalKind,
        (name, id, inline): (&str, &str, &str),
        source: Source,
    ) {
        let (Some(arn), Some(name)) = (text(item, "Arn"), text(item, name)) else {
            return self.incomplete(source, "an IAM principal", "Arn` or `Name");
        };
        if !self.is_first("IAM principal", &arn, item, &source) {
            return;
        }
        let trust = item.get("AssumeRolePolicyDocument").filter(|tree| !tree.is_null());
        let trust = trust.map(|tree| {
            self.policy(Exported {
                owner: &arn,
                name: TRUST.into(),
                arn: None,
                document: Some(tree),
                source: source.clone(),
            })
        });
        let principal = IamPrincipal {
            id: text(item, id),
            created_at: text_or_number(item, "CreateDate"),
            inline: self.inline(&arn, item, inline, &source),
            attached: self.attached(item, &source),
            groups: self.group_names(item, &source),
            boundary: self.boundary(item, &source),
            trust,
            tags: tags(self.items(item, "Tags", &source)),
            last_used: item.get("RoleLastUsed").and_then(|used| text_or_number(used, "LastUsedDate")),
            instance_profiles: self
                .items(item, "InstanceProfileList", &source)
                .iter()
                .filter_map(|profile| text(profile, "Arn"))
                .collect(),
            ..IamPrincipal::new(kind, arn, name, source)
        };
        self.cluster.aws.principals.push(principal);
    }

    fn group_names(&mut self, item: &'d Tree, source: &Source) -> Vec<Arc<str>> {
        let list = self.items(item, "GroupList", source);
        for item in list.iter().filter(|item| item.as_str().is_none()) {
            let message = format!("a name in `GroupList` is {}, not a string", item.kind());
            let problem = Problem::error(source.at(item.line), message);
            self.problems.push(problem.hint("export it again with the AWS CLI, as JSON"));
        }
        texts(list)
    }

    fn group(&mut self, item: &'d Tree, source: Source) {
        let (Some(arn), Some(name)) = (text(item, "Arn"), text(item, "GroupName")) else {
            return self.incomplete(source, "an IAM group", "Arn` or `GroupName");
        };
        if !self.is_first("IAM group", &arn, item, &source) {
            return;
        }
        let inline = self.inline(&arn, item, "GroupPolicyList", &source);
        let attached = self.attached(item, &source);
        self.cluster.aws.groups.push(IamGroup { name, arn, inline, attached, source });
    }

    /// A managed policy with its default version, the one that counts.
    fn managed_policy(&mut self, item: &'d Tree, source: Source) {
        let Some(arn) = text(item, "Arn") else {
            return self.incomplete(source, "a managed policy", "Arn");
        };
        if !self.is_first("managed policy", &arn, item, &source) {
            return;
        }
        let default = item.str("DefaultVersionId");
        let document = self
            .items(item, "PolicyVersionList", &source)
            .iter()
            .find(|version| match default {
                Some(default) => version.str("VersionId") == Some(default),
                None => version.get("IsDefaultVersion").and_then(Tree::as_bool) == Some(true),
            })
            .and_then(|version| version.get("Document"));
        let name = text(item, "PolicyName").unwrap_or_else(|| last_part(&arn));
        let policy =
            self.policy(Exported { owner: &Arc::clone(&arn), name, arn: Some(arn), document, source });
        self.cluster.aws.managed_policies.push(policy);
    }

    fn inline(&mut self, owner: &str, item: &Tree, list: &str, source: &Source) -> Vec<PolicyDocument> {
        self.policies(owner, item, (list, "PolicyName"), source).unwrap_or_default()
    }

    /// Attached managed policies. One without an ARN is kept, so that it is not found and said to be missing.
    fn attached(&mut self, item: &'d Tree, source: &Source) -> Vec<AttachedPolicy> {
        let list = self.items(item, "AttachedManagedPolicies", source);
        list.iter()
            .map(|item| {
                let source = source.at(item.line);
                let arn = text(item, "PolicyArn").unwrap_or_else(|| {
                    self.incomplete(source.clone(), "an attached policy", "PolicyArn");
                    Arc::default()
                });
                let name = text(item, "PolicyName").unwrap_or_else(|| last_part(&arn));
                AttachedPolicy { name, arn, source }
            })
            .collect()
    }

    fn boundary(&mut self, item: &Tree, source: &Source) -> Option<AttachedPolicy> {
        let boundary = item.get("PermissionsBoundary").filter(|tree| !tree.is_null())?;
        let source = source.at(boundary.line);
        let arn = text(boundary, "PermissionsBoundaryArn").unwrap_or_else(|| {
            self.incomplete(source.clone(), "a permissions boundary", "PermissionsBoundaryArn");
            Arc::default()
        });
        Some(AttachedPolicy { name: last_part(&arn), arn, source })
    }

    /// The items of a list; nothing if there is none, and a problem as well if there is something else.
    pub(super) fn items(&mut self, tree: &'d Tree, key: &str, source: &Source) -> &'d [Tree] {
        match tree.get(key) {
            Some(Tree { value: Value::Sequence(items), .. }) => items,
            Some(other) if !other.is_null() => {
                self.not_a_list(source, key, other);
                &[]
            }
            _ => &[],
        }
    }

    /// The access keys of a user. Of their ids no more is kept than tells them apart.
    pub(super) fn access_keys(&mut self, document: &'d AwsDocument) {
        self.cluster.aws.access_keys_exported = true;
        for item in document.tree.list("AccessKeyMetadata") {
            let source = document.source.at(item.line);
            let (Some(user), Some(id)) = (text(item, "UserName"), text(item, "AccessKeyId")) else {
                self.incomplete(source, "an access key", "UserName` or `AccessKeyId");
                continue;
            };
            if !self.is_first_key(&id, item, &source) {
                continue;
            }
            self.cluster.aws.access_keys.push(AccessKey {
                user,
                id: ending(&id).into(),
                status: text(item, "Status"),
                created_at: text_or_number(item, "CreateDate"),
                source,
            });
        }
    }

    /// Like [`Filler::is_first`], without the whole id in the message.
    fn is_first_key(&mut self, id: &Arc<str>, item: &'d Tree, source: &Source) -> bool {
        match self.seen("access key", id, item, source) {
            None => true,
            Some((known, same)) => {
                if !same {
                    let message = format!(
                        "access key `…{}` is exported twice with different content; {known} counts",
                        ending(id)
                    );
                    self.problems.push(
                        Problem::warning(source.clone(), message).hint("remove the one that is out of date"),
                    );
                }
                false
            }
        }
    }
}

/// The last four characters of a key's id.
fn ending(id: &str) -> &str {
    id.char_indices().rev().nth(3).and_then(|(at, _)| id.get(at..)).unwrap_or(id)
}

/// The last part of an ARN after a slash.
fn last_part(arn: &str) -> Arc<str> {
    arn.rsplit('/').next().unwrap_or_default().into()
}

fn tags(items: &[Tree]) -> Vec<(Arc<str>, Arc<str>)> {
    items.iter().filter_map(|tag| Some((tag.shared("Key")?, tag.shared("Value")?))).collect()
}
