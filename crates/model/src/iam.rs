use std::sync::Arc;

use crate::{Source, Tree};

/// A policy in the IAM policy language, as it was exported: engines parse it.
#[derive(Clone, Debug)]
pub struct PolicyDocument {
    /// Its name: that of the inline or managed policy, or what kind of policy it is.
    pub name: Arc<str>,
    /// Its ARN, if it has one of its own: managed policies alone do.
    pub arn: Option<Arc<str>>,
    /// The document. If it stood in a string, every line is that of the string. Why it could not be read
    /// otherwise: such a policy exists, and whoever decides has to say that it was not evaluated.
    pub document: Result<Tree, String>,
    /// Where it is written.
    pub source: Source,
}

/// A managed policy that is attached to something, or is its permissions boundary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachedPolicy {
    /// Its name; the last part of its ARN where the export names none.
    pub name: Arc<str>,
    /// Its ARN.
    pub arn: Arc<str>,
    /// Where the attachment is written.
    pub source: Source,
}

/// Users and roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum IamPrincipalKind {
    /// An IAM user.
    User,
    /// An IAM role.
    Role,
}

/// An IAM user or role of the account.
#[derive(Clone, Debug)]
pub struct IamPrincipal {
    /// User or role.
    pub kind: IamPrincipalKind,
    /// ARN, with its path.
    pub arn: Arc<str>,
    /// Name without path.
    pub name: Arc<str>,
    /// Unique id (`AROA…`, `AIDA…`), another one for a re-created principal.
    pub id: Option<Arc<str>>,
    /// `CreateDate` as it was printed.
    pub created_at: Option<Arc<str>>,
    /// Policies written into it.
    pub inline: Vec<PolicyDocument>,
    /// Managed policies attached to it.
    pub attached: Vec<AttachedPolicy>,
    /// Names of the groups that a user is in.
    pub groups: Vec<Arc<str>>,
    /// Its permissions boundary.
    pub boundary: Option<AttachedPolicy>,
    /// A role's trust policy (`AssumeRolePolicyDocument`).
    pub trust: Option<PolicyDocument>,
    /// Tags, which are `aws:PrincipalTag/…` of its requests.
    pub tags: Vec<(Arc<str>, Arc<str>)>,
    /// `RoleLastUsed.LastUsedDate` as it was printed.
    pub last_used: Option<Arc<str>>,
    /// ARNs of the instance profiles that hold a role.
    pub instance_profiles: Vec<Arc<str>>,
    /// Where it is written.
    pub source: Source,
}

impl IamPrincipal {
    /// A principal that has no policy and belongs to nothing.
    pub fn new(
        kind: IamPrincipalKind,
        arn: impl Into<Arc<str>>,
        name: impl Into<Arc<str>>,
        source: Source,
    ) -> Self {
        Self {
            kind,
            arn: arn.into(),
            name: name.into(),
            id: None,
            created_at: None,
            inline: Vec::new(),
            attached: Vec::new(),
            groups: Vec::new(),
            boundary: None,
            trust: None,
            tags: Vec::new(),
            last_used: None,
            instance_profiles: Vec::new(),
            source,
        }
    }
}

/// An IAM group.
#[derive(Clone, Debug)]
pub struct IamGroup {
    /// Its name, by which users name it.
    pub name: Arc<str>,
    /// ARN, with its path.
    pub arn: Arc<str>,
    /// Policies written into it.
    pub inline: Vec<PolicyDocument>,
    /// Managed policies attached to it.
    pub attached: Vec<AttachedPolicy>,
    /// Where it is written.
    pub source: Source,
}

/// An access key of an IAM user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessKey {
    /// Name of the user.
    pub user: Arc<str>,
    /// The last four characters of the key's id: enough to find it, and no more than that.
    pub id: Arc<str>,
    /// `Active`, `Inactive` or `Expired`; `None` if the export does not tell.
    pub status: Option<Arc<str>>,
    /// `CreateDate` as it was printed.
    pub created_at: Option<Arc<str>>,
    /// Where it is written.
    pub source: Source,
}

/// The policy of a resource: of a bucket, key, secret, queue, topic, repository …
#[derive(Clone, Debug)]
pub struct ResourcePolicy {
    /// ARN of the resource.
    pub resource_arn: Arc<str>,
    /// Account that owns the resource, if the export or the ARN tells.
    pub account: Option<Arc<str>>,
    /// The policy; `None` if the resource is known to have none.
    pub policy: Option<PolicyDocument>,
    /// Where it is written.
    pub source: Source,
}

/// An identity provider for OpenID Connect in IAM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OidcProvider {
    /// Its ARN, `arn:aws:iam::111122223333:oidc-provider/URL`.
    pub arn: Arc<str>,
    /// Its URL without `https://`, as IAM keeps it.
    pub url: Arc<str>,
    /// Its audiences; `None` if it is only listed.
    pub client_ids: Option<Vec<Arc<str>>>,
    /// Where it is written.
    pub source: Source,
}

/// The organization that the account belongs to.
#[derive(Clone, Debug)]
pub struct Organization {
    /// Its id, `o-…`.
    pub id: Arc<str>,
    /// Id of the management account, for which no service or resource control policy holds.
    pub management_account: Option<Arc<str>>,
    /// Its roots; AWS has one.
    pub roots: Vec<OrgNode>,
    /// Where it is written.
    pub source: Source,
}

impl Organization {
    /// The nodes from the root down to an account, both included; `None` if the account is not in the export.
    pub fn path_to(&self, account: &str) -> Option<Vec<&OrgNode>> {
        let mut path = Vec::new();
        self.roots.iter().any(|root| root.find(account, &mut path)).then_some(path)
    }
}

/// What a node of an organization is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OrgNodeKind {
    /// The root.
    Root,
    /// An organizational unit.
    OrganizationalUnit,
    /// An account.
    Account,
}

/// A root, organizational unit or account, with the policies attached to it itself.
#[derive(Clone, Debug)]
pub struct OrgNode {
    /// What it is.
    pub kind: OrgNodeKind,
    /// `r-…`, `ou-…`, or the account id.
    pub id: Arc<str>,
    /// Its name; its id if the export gives none.
    pub name: Arc<str>,
    /// Service control policies attached here; `None` if the export does not tell.
    pub service_control_policies: Option<Vec<PolicyDocument>>,
    /// Resource control policies attached here; `None` if the export does not tell.
    pub resource_control_policies: Option<Vec<PolicyDocument>>,
    /// Organizational units and accounts right below.
    pub children: Vec<OrgNode>,
    /// Where it is written.
    pub source: Source,
}

impl OrgNode {
    /// Puts the nodes from here down to an account on the path, and tells whether it is there.
    fn find<'n>(&'n self, account: &str, path: &mut Vec<&'n Self>) -> bool {
        path.push(self);
        let found = (self.kind == OrgNodeKind::Account && &*self.id == account)
            || self.children.iter().any(|child| child.find(account, path));
        if !found {
            path.pop();
        }
        found
    }
}
