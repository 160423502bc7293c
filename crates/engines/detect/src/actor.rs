//! Who somebody is, by each name that the two logs have for him.

use serde::{Deserialize, Serialize};

use crate::act::{Act, Caller};
use crate::audit::User;
use crate::cloudtrail::{self, Call};
use crate::field::{Field, Text};
use crate::object::object;

/// A name of somebody.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Identity {
    /// The ARN of an IAM user, or of the root user.
    Principal(String),
    /// The ARN of a role's session: `arn:aws:sts::111122223333:assumed-role/ROLE/SESSION`.
    Session(String),
    /// The id of an access key.
    AccessKey(String),
    /// A user name of Kubernetes, a service account's included.
    KubernetesUser(String),
    /// A service account's token, by its `jti`.
    Token(String),
    /// A pod: namespace and name.
    Pod(String, String),
    /// What makes pods: namespace and name.
    Workload(String, String),
    /// Nobody that is known, from an address.
    Nobody(String),
    /// The bearer of an identity provider's token, by its `sub`: `repo:example/shop:ref:refs/heads/main`.
    WebIdentity(String),
}

impl Identity {
    /// The name.
    pub fn name(&self) -> String {
        match self {
            Self::Pod(namespace, name) | Self::Workload(namespace, name) => format!("{namespace}/{name}"),
            Self::Principal(name)
            | Self::Session(name)
            | Self::AccessKey(name)
            | Self::KubernetesUser(name)
            | Self::Token(name)
            | Self::Nobody(name)
            | Self::WebIdentity(name) => name.clone(),
        }
    }

    /// What kind of name it is, in words.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Principal(_) => "IAM principal",
            Self::Session(_) => "role session",
            Self::AccessKey(_) => "access key",
            Self::KubernetesUser(name) if name.starts_with("system:serviceaccount:") => "service account",
            Self::KubernetesUser(_) => "Kubernetes user",
            Self::Token(_) => "service-account token",
            Self::Pod(..) => "pod",
            Self::Workload(..) => "workload",
            Self::Nobody(_) => "address",
            Self::WebIdentity(_) => "web identity",
        }
    }

    /// Of an ARN, in CloudTrail's form.
    pub(crate) fn of_arn(arn: &str) -> Option<Self> {
        if arn.contains(":assumed-role/") {
            Some(Self::Session(arn.to_owned()))
        } else {
            arn.starts_with("arn:").then(|| Self::Principal(arn.to_owned()))
        }
    }
}

/// What an authenticator gave of a name, whatever prefix it puts before it.
///
/// Sources: aws-iam-authenticator and EKS (`accessKeyId`, `arn`, `sessionName`, `principalId`); Kubernetes v1.37,
/// `staging/src/k8s.io/apiserver/pkg/authentication/serviceaccount/util.go` (`authentication.kubernetes.io/pod-name`,
/// `credential-id`).
pub(crate) fn extra<'e>(user: &'e User<'_>, name: &str) -> &'e str {
    let Field::Is(extra) = &user.extra else { return "" };
    extra
        .iter()
        .find(|(known, _)| is_named(known, name))
        .and_then(|(_, values)| values.first())
        .map_or("", |value| value)
}

/// Whether a key is a name, or ends with it after a slash.
fn is_named(key: &str, name: &str) -> bool {
    let Some((head, tail)) = key.len().checked_sub(name.len()).and_then(|at| key.split_at_checked(at)) else {
        return false;
    };
    (head.is_empty() || head.ends_with('/')) && tail.eq_ignore_ascii_case(name)
}

/// The names of whoever made a request to the apiserver, the strongest first.
///
/// The user name of somebody who came by AWS is what a mapping makes of him, maybe the same for many: then it is none of his.
pub(crate) fn of_act(act: &Act<'_>) -> Vec<Identity> {
    let Some(user) = act.user else { return Vec::new() };
    let username = user.username.text();
    if act.caller == Caller::Anonymous {
        let address = act.source.map(|address| Identity::Nobody(address.to_string()));
        return address.into_iter().collect();
    }
    // EKS's own name for somebody is the ARN of his session, where nothing else is mapped.
    let arn = Identity::of_arn(extra(user, "arn")).or_else(|| Identity::of_arn(username));
    let mut names: Vec<Identity> = arn.into_iter().collect();
    let key = extra(user, "accessKeyId");
    if !key.is_empty() {
        names.push(Identity::AccessKey(key.to_owned()));
    }
    if let Caller::ServiceAccount { namespace, .. } = act.caller {
        let token = extra(user, "credential-id");
        if !token.is_empty() {
            names.push(Identity::Token(token.strip_prefix("JTI=").unwrap_or(token).to_owned()));
        }
        let pod = extra(user, "pod-name");
        if !pod.is_empty() {
            names.push(Identity::Pod(namespace.to_owned(), pod.to_owned()));
        }
    }
    if !names.iter().any(|name| matches!(name, Identity::Session(_) | Identity::Principal(_)))
        && !username.is_empty()
    {
        names.push(Identity::KubernetesUser(username.to_owned()));
    }
    names
}

/// The annotation that names a token that was made; the second is what Kubernetes 1.29 called it.
/// Sources: Kubernetes v1.37, `staging/src/k8s.io/apiserver/pkg/authentication/serviceaccount/util.go`
/// (`IssuedCredentialIDAuditAnnotationKey`), and its change log of v1.30 (#123098).
const ISSUED: [&str; 2] = [
    "authentication.kubernetes.io/issued-credential-id",
    "authentication.kubernetes.io/issued-credential-identifier",
];

/// The token that a TokenRequest gave, if the apiserver tells which.
pub(crate) fn issued_token(act: &Act<'_>) -> Option<Identity> {
    let annotations = act.event.annotations.get()?;
    let issued = ISSUED.iter().find_map(|name| annotations.get(name))?;
    issued.strip_prefix("JTI=").map(|token| Identity::Token(token.to_owned()))
}

/// The names of whoever called AWS, the strongest first.
pub(crate) fn of_call(call: &Call<'_>) -> Vec<Identity> {
    let Some(identity) = call.identity() else { return Vec::new() };
    let mut names: Vec<Identity> = Identity::of_arn(identity.arn.text()).into_iter().collect();
    let key = identity.access_key.text();
    if !key.is_empty() {
        names.push(Identity::AccessKey(key.to_owned()));
    }
    if let cloudtrail::Caller::WebIdentity(subject) = call.caller
        && subject.starts_with("system:serviceaccount:")
    {
        names.push(Identity::KubernetesUser(subject.to_owned()));
    }
    names
}

object! {
    /// What AWS answers whoever asks for credentials.
    struct Given {
        "credentials" => credentials: Field<Credentials<'a>>,
        "assumedRoleUser" => assumed: Field<Assumed<'a>>,
        "accessKey" => access_key: Field<Credentials<'a>>,
        "subject" => subject: Field<Subject<'a>>,
    }

    struct Credentials {
        "accessKeyId" => key: Field<Text<'a>>,
    }

    struct Assumed {
        "arn" => arn: Field<Text<'a>>,
    }

    struct Subject {
        "namespace" => namespace: Field<Text<'a>>,
        "serviceAccount" => account: Field<Text<'a>>,
    }

    struct AskedRole {
        "tags" => tags: Field<Vec<Tag<'a>>>,
    }

    struct Tag {
        "key" => key: Field<Text<'a>>,
        "value" => value: Field<Text<'a>>,
    }
}

/// Who got credentials by a call, and by which names.
#[derive(Debug, Default)]
pub(crate) struct Handover {
    /// Whether whoever called asked for himself. The agent of Pod Identity asks for the pods of its node, and EKS for all.
    pub(crate) for_himself: bool,
    /// For whom, if not.
    pub(crate) holders: Vec<Identity>,
    /// The names that the credentials have.
    pub(crate) given: Vec<Identity>,
}

/// What a call handed out.
///
/// Sources: AWS STS API Reference, *AssumeRole*, *AssumeRoleWithWebIdentity*, *GetSessionToken*; AWS EKS Auth API Reference,
/// *AssumeRoleForPodIdentity*; AWS EKS User Guide, *Grant Pods access to AWS resources based on tags*, for the tags.
pub(crate) fn handover(call: &Call<'_>) -> Option<Handover> {
    let is_one = matches!(
        (call.service, call.action),
        (
            "sts",
            "AssumeRole"
                | "AssumeRoleWithWebIdentity"
                | "AssumeRoleWithSAML"
                | "AssumeRoot"
                | "GetSessionToken"
                | "GetFederationToken"
        ) | ("eks-auth", "AssumeRoleForPodIdentity")
            | ("iam", "CreateAccessKey")
    );
    if !is_one || !call.succeeded {
        return None;
    }
    let answer: Given<'_> = call.response();
    let mut handover = Handover { for_himself: call.service != "eks-auth", ..Handover::default() };
    handover.given.extend(answer.assumed.get().and_then(|assumed| Identity::of_arn(assumed.arn.text())));
    for key in [&answer.credentials, &answer.access_key] {
        let key = key.get().map_or("", |credentials| credentials.key.text());
        if !key.is_empty() {
            handover.given.push(Identity::AccessKey(key.to_owned()));
        }
    }
    if let Some(subject) = answer.subject.get() {
        handover.holders.push(service_account(subject.namespace.text(), subject.account.text()));
    }
    if call.is("sts", "AssumeRole") {
        let asked: AskedRole<'_> = call.request();
        let tag = |name: &str| {
            let tag = asked.tags.items().iter().find(|tag| tag.key.text() == name);
            tag.map_or("", |tag| tag.value.text())
        };
        let namespace = tag("kubernetes-namespace");
        let is_of_eks = call.is_by_aws() && !namespace.is_empty();
        if is_of_eks {
            handover.for_himself = false;
            handover.holders.push(Identity::Pod(namespace.to_owned(), tag("kubernetes-pod-name").to_owned()));
            handover.holders.push(service_account(namespace, tag("kubernetes-service-account")));
        }
    }
    (!handover.given.is_empty()).then_some(handover)
}

/// The user name of a service account.
pub(crate) fn service_account(namespace: &str, name: &str) -> Identity {
    Identity::KubernetesUser(format!("system:serviceaccount:{namespace}:{name}"))
}
