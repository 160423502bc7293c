//! `AssumeRoleForPodIdentity`: credentials for a pod, by the token of its service account.
//!
//! Sources: AWS EKS Auth API Reference, *AssumeRoleForPodIdentity*; AWS EKS User Guide, *Learn how EKS Pod Identity grants pods
//! access to AWS services*, *Grant Pods access to AWS resources based on tags*, *Access AWS resources using EKS Pod Identity
//! target IAM roles*.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ringwall_oidc::{Claims, Expected, KeySet, Token, TokenError};
use ringwall_store::Row;
use serde::Deserialize;
use serde_json::{Value, json};

use super::rows::{Association, Cluster};
use super::{associations, cluster, cluster_arn, no_cluster, not_found, on_cluster};
use crate::authorize::{Answer, Ask};
use crate::call::Call;
use crate::caller::Caller;
use crate::error::{ACCESS_DENIED, ApiError, Result};
use crate::iam::rows::Role;
use crate::id;
use crate::sts::issue::{Issued, Wish, issue};
use crate::sts::roles::{find as find_role, trusted};

/// Who assumes the role: EKS, for the pod.
const SERVICE: &str = "pods.eks.amazonaws.com";

/// What the pod's token is for.
const AUDIENCE: &str = "pods.eks.amazonaws.com";

/// Length of a session, in seconds. Source: AWS EKS User Guide, *EKS Pod Identity*: credentials are for six hours.
const SESSION: i64 = 6 * 3600;

/// Longest session of a target role, in seconds: it is reached by role chaining.
const CHAINED_SESSION: i64 = 3600;

/// Longest name of a session. Source: AWS STS API Reference, *AssumeRole*, `RoleSessionName`.
const MAX_SESSION_NAME: usize = 64;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AssumeRoleForPodIdentity {
    cluster_name: String,
    token: String,
}

pub(crate) async fn assume_role_for_pod_identity(
    call: &Call<'_>,
    input: AssumeRoleForPodIdentity,
) -> Result<Answer> {
    let name = &input.cluster_name;
    let row = cluster(call, name).await?;
    let permit =
        call.authorize(&on_cluster(call, "eks-auth:AssumeRoleForPodIdentity", name, row.as_deref()))?;
    let row = row.ok_or_else(|| no_cluster(name))?;
    let claims = verify(call, &row.value, &input.token).await?;
    let pod = Pod::of(&claims)?;
    let (id, association) = association(call, name, &pod).await?;
    let tags = if association.value.disable_session_tags { BTreeMap::new() } else { pod.tags(call, name) };
    let session = pod.session_name(name)?;
    let mut issued = first_role(call, name, &association.value, &tags, &session).await?;
    if let Some(target) = &association.value.target_role {
        issued = target_role(call, target, &association.value, &tags, &session, &issued).await?;
    }
    let arn = associations::arn(call, name, &id);
    call.note_resource(&arn, call.account(), "AWS::EKS::PodIdentityAssociation");
    Ok(permit.answer(json!({
        "subject": { "namespace": pod.namespace, "serviceAccount": pod.service_account },
        "audience": AUDIENCE,
        "podIdentityAssociation": { "associationArn": arn, "associationId": id },
        "assumedRoleUser": { "arn": issued.arn, "assumeRoleId": issued.role_id },
        "credentials": {
            "sessionToken": issued.token,
            "secretAccessKey": issued.session.secret.text(),
            "accessKeyId": issued.session.access_key,
            "expiration": issued.session.expires,
        },
    })))
}

/// Checks a token by the keys of the cluster: those that it was registered with, or its issuer's.
async fn verify(call: &Call<'_>, cluster: &Cluster, text: &str) -> Result<Claims> {
    let refused = |error: &TokenError| {
        tracing::info!(%error, "a pod's token was refused");
        match error {
            TokenError::Expired { .. } => ApiError::new("ExpiredTokenException", error.aws_message()),
            // That is not the token's fault, and a later try may do.
            TokenError::Keys { source, .. } => {
                tracing::warn!(%source, issuer = cluster.issuer, "the keys of a cluster's issuer can't be had");
                let message = format!(
                    "The keys of the cluster's issuer {} can't be had; a cluster whose issuer can't be reached has to be registered with its keys",
                    cluster.issuer
                );
                ApiError::new("ServiceUnavailableException", message)
            }
            _ => ApiError::new("InvalidTokenException", error.aws_message()),
        }
    };
    let token = Token::parse(text).map_err(|error| refused(&error))?;
    let audiences = [AUDIENCE.to_owned()];
    let expected = Expected { issuer: &cluster.issuer, audiences: &audiences, thumbprints: &[] };
    let now = call.seconds();
    let claims = match &cluster.keys {
        Some(keys) => {
            let keys = KeySet::parse(keys.as_bytes()).map_err(|error| ApiError::internal(&error))?;
            token.verify_with(&keys, &expected, now)
        }
        None => call.shared.issuers.verify(&token, &expected, now).await,
    };
    claims.map_err(|error| refused(&error))
}

/// What a token tells of its pod.
#[derive(Debug, Deserialize)]
struct KubernetesClaim {
    namespace: String,
    serviceaccount: Named,
    pod: Option<Named>,
}

#[derive(Debug, Deserialize)]
struct Named {
    name: String,
    uid: String,
}

#[derive(Debug)]
struct Pod {
    namespace: String,
    service_account: String,
    name: String,
    uid: String,
}

impl Pod {
    /// The pod of a token that is bound to one, as the kubelet's are.
    fn of(claims: &Claims) -> Result<Self> {
        let invalid = |why: &str| ApiError::new("InvalidTokenException", format!("The token {why}"));
        let claim = claims.all.get("kubernetes.io").cloned().unwrap_or(Value::Null);
        let claim: KubernetesClaim =
            serde_json::from_value(claim).map_err(|_| invalid("is none of a Kubernetes service account"))?;
        let subject = format!("system:serviceaccount:{}:{}", claim.namespace, claim.serviceaccount.name);
        if claims.subject != subject {
            return Err(invalid("names two service accounts"));
        }
        let pod = claim.pod.ok_or_else(|| invalid("is not bound to a pod"))?;
        Ok(Self {
            namespace: claim.namespace,
            service_account: claim.serviceaccount.name,
            name: pod.name,
            uid: pod.uid,
        })
    }

    /// Session tags, all of them transitive.
    fn tags(&self, call: &Call<'_>, cluster: &str) -> BTreeMap<String, String> {
        let tags = [
            ("eks-cluster-arn", cluster_arn(call, cluster)),
            ("eks-cluster-name", cluster.to_owned()),
            ("kubernetes-namespace", self.namespace.clone()),
            ("kubernetes-service-account", self.service_account.clone()),
            ("kubernetes-pod-name", self.name.clone()),
            ("kubernetes-pod-uid", self.uid.clone()),
        ];
        tags.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }

    /// `eks-CLUSTER-POD-UUID`, cut so that the UUID fits.
    fn session_name(&self, cluster: &str) -> Result<String> {
        let uuid = id::uuid()?;
        let room = MAX_SESSION_NAME.saturating_sub(uuid.len() + 1);
        let known = |letter: &char| letter.is_ascii_alphanumeric() || "_=,.@-".contains(*letter);
        let head: String = format!("eks-{cluster}-{}", self.name).chars().filter(known).take(room).collect();
        Ok(format!("{head}-{uuid}"))
    }
}

async fn association(call: &Call<'_>, cluster: &str, pod: &Pod) -> Result<(String, Arc<Row<Association>>)> {
    let eks = &call.shared.eks;
    let (account, region) = (call.account(), call.region());
    let missing = || {
        not_found(format!(
            "No association found for the service account {}:{}",
            pod.namespace, pod.service_account
        ))
    };
    let key = format!("{cluster}/{}/{}", pod.namespace, pod.service_account);
    let id = eks.associated.get(account, region, &key).await?.ok_or_else(missing)?;
    let row = eks.associations.get(account, region, &format!("{cluster}/{}", id.value)).await?;
    Ok((id.value.clone(), row.ok_or_else(missing)?))
}

/// The association's role, assumed by EKS for the pod.
async fn first_role(
    call: &Call<'_>,
    cluster: &str,
    association: &Association,
    tags: &BTreeMap<String, String>,
    session: &str,
) -> Result<Issued> {
    let eks = call.of(Caller::service(SERVICE));
    let (account, row) = role(call, &association.role).await?;
    let ask = |action: &str| {
        asked(action, &association.role, &row, tags, session)
            .with("aws:SourceAccount", call.account())
            .with("aws:SourceArn", cluster_arn(call, cluster))
    };
    assume(call, &eks, ask, tags)?;
    call.note_resource(&association.role, &account, "AWS::IAM::Role");
    let wish = Wish {
        name: session.to_owned(),
        duration: Some(SESSION.min(row.value.max_session)),
        policy: association
            .policy
            .as_ref()
            .filter(|_| association.target_role.is_none())
            .map(|policy| policy.text().to_owned()),
        tags: tags.clone(),
        transitive: tags.keys().cloned().collect(),
        ..Wish::default()
    };
    issue(call, &account, &row, wish).await
}

/// The target role, assumed by the session of the first one.
async fn target_role(
    call: &Call<'_>,
    target: &str,
    association: &Association,
    tags: &BTreeMap<String, String>,
    session: &str,
    first: &Issued,
) -> Result<Issued> {
    let caller = call.shared.session_caller(Arc::new(first.session.clone())).await?;
    let inner = call.of(caller);
    let (account, row) = role(call, target).await?;
    let ask = |action: &str| {
        asked(action, target, &row, tags, session)
            .with_some("sts:ExternalId", association.external_id.as_deref())
    };
    assume(call, &inner, ask, tags)?;
    // The target's account keeps a record too, where its owner sees who got in.
    call.note_resource(target, &account, "AWS::IAM::Role");
    let wish = Wish {
        name: session.to_owned(),
        duration: Some(CHAINED_SESSION),
        policy: association.policy.as_ref().map(|policy| policy.text().to_owned()),
        tags: tags.clone(),
        transitive: tags.keys().cloned().collect::<BTreeSet<_>>(),
        chained: true,
        ..Wish::default()
    };
    issue(call, &account, &row, wish).await
}

async fn role(call: &Call<'_>, arn: &str) -> Result<(String, Arc<Row<Role>>)> {
    let found = find_role(call, arn).await?;
    found.ok_or_else(|| not_found(format!("The role {arn} of the association is gone")))
}

fn asked(
    action: &str,
    arn: &str,
    row: &Arc<Row<Role>>,
    tags: &BTreeMap<String, String>,
    session: &str,
) -> Ask {
    trusted(action, arn, Some(row))
        .with("sts:RoleSessionName", session)
        .with_all("sts:TransitiveTagKeys", tags.keys().map(String::as_str))
        .request_tags(tags.iter().map(|(key, value)| (key.as_str(), value.as_str())))
}

/// Whether the role may be assumed, and tagged if there are tags.
fn assume(
    call: &Call<'_>,
    by: &Call<'_>,
    ask: impl Fn(&str) -> Ask,
    tags: &BTreeMap<String, String>,
) -> Result<()> {
    let mut actions = vec!["sts:AssumeRole"];
    if !tags.is_empty() {
        actions.push("sts:TagSession");
    }
    for action in actions {
        by.authorize(&ask(action)).map_err(|error| {
            if let Some(denial) = by.take_notes().denial {
                call.note_denial(&denial);
            }
            if error.is_denial() { ApiError::new(ACCESS_DENIED, error.message) } else { error }
        })?;
    }
    Ok(())
}
