//! Pod Identity associations: which role the pods of a service account get.
//!
//! Sources: AWS EKS API Reference, *CreatePodIdentityAssociation*, *UpdatePodIdentityAssociation*; AWS EKS User Guide, *Assign
//! an IAM role to a Kubernetes service account*, *Access AWS resources using EKS Pod Identity target IAM roles*.

use std::collections::BTreeMap;
use std::sync::Arc;

use ringwall_iam::PolicyKind;
use ringwall_store::{Batch, Change, Expect, Row, StoreError};
use serde::Deserialize;
use serde_json::{Value, json};

use super::rows::{Association, Cluster};
use super::{
    PAGE, check_tags, cluster, invalid_parameter, invalid_request, no_cluster, not_found, on_cluster, seconds,
};
use crate::authorize::{Answer, Ask};
use crate::call::Call;
use crate::error::{ApiError, Result};
use crate::policy::Document;
use crate::sts::roles::{find as find_role, role_account};
use crate::{id, page};

/// Most associations of a cluster. Source: AWS EKS User Guide, *Service quotas*.
const MAX_ASSOCIATIONS: usize = 5000;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateAssociation {
    cluster_name: String,
    namespace: String,
    service_account: String,
    role_arn: String,
    client_request_token: Option<String>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    #[serde(default)]
    disable_session_tags: bool,
    target_role_arn: Option<String>,
    policy: Option<String>,
}

pub(crate) async fn create(call: &Call<'_>, input: CreateAssociation) -> Result<Answer> {
    let name = &input.cluster_name;
    let cluster_row = cluster(call, name).await?;
    let ask = on_cluster(call, "eks:CreatePodIdentityAssociation", name, cluster_row.as_deref())
        .request_tags(input.tags.iter().map(|(key, value)| (key.as_str(), value.as_str())));
    let permit = call.authorize(&ask)?;
    is_role(&input.role_arn)?;
    pass_role(call, name, &input.role_arn)?;
    cluster_row.ok_or_else(|| no_cluster(name))?;
    check_tags(&input.tags).map_err(invalid_parameter)?;
    kubernetes_name("namespace", &input.namespace, 63)?;
    kubernetes_name("serviceAccount", &input.service_account, 253)?;
    own_role(call, &input.role_arn).await?;
    input.target_role_arn.as_deref().map(is_role).transpose()?;
    let policy = session_policy(input.policy.as_deref(), input.disable_session_tags)?;
    let (account, region) = (call.account(), call.region());
    let eks = &call.shared.eks;
    let key = format!("{name}/{}/{}", input.namespace, input.service_account);
    let in_use =
        || ApiError::new("ResourceInUseException", "Association already exists: the service account has one");
    let association = Association {
        external_id: match &input.target_role_arn {
            Some(_) => Some(external_id(call, name, &input.namespace, &input.service_account)),
            None => None,
        },
        namespace: input.namespace,
        service_account: input.service_account,
        role: input.role_arn,
        target_role: input.target_role_arn,
        disable_session_tags: input.disable_session_tags,
        policy,
        tags: input.tags,
        created: call.now(),
        modified: call.now(),
        token: input.client_request_token,
    };
    if let Some(id) = eks.associated.get(account, region, &key).await? {
        let known = eks.associations.get(account, region, &format!("{name}/{}", id.value)).await?;
        let row = known.filter(|row| association.is_asked_for_again(&row.value)).ok_or_else(in_use)?;
        return Ok(permit.answer(json!({ "association": shown(call, name, &id.value, &row.value) })));
    }
    if page::all(&eks.associations, account, region, &format!("{name}/")).await?.len() >= MAX_ASSOCIATIONS {
        let message = format!("A cluster has at most {MAX_ASSOCIATIONS} Pod Identity associations");
        return Err(ApiError::new("ResourceLimitExceededException", message));
    }
    let id = format!("a-{}", id::lower(17)?);
    let mut batch = Batch::new();
    eks.clusters.require(&mut batch, account, region, name, Expect::Present);
    eks.associations.put(&mut batch, account, region, &format!("{name}/{id}"), &association, Expect::Absent);
    eks.associated.put(&mut batch, account, region, &key, &id, Expect::Absent);
    match call.shared.store.commit(batch).await {
        Ok(_) => {}
        Err(StoreError::Conflict(place)) if place.kind == eks.clusters.kind() => {
            return Err(no_cluster(name));
        }
        Err(StoreError::Conflict(_)) => return Err(in_use()),
        Err(error) => return Err(error.into()),
    }
    call.note_resource(&arn(call, name, &id), account, "AWS::EKS::PodIdentityAssociation");
    Ok(permit.answer(json!({ "association": shown(call, name, &id, &association) })))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OfAssociation {
    cluster_name: String,
    association_id: String,
}

pub(crate) async fn describe(call: &Call<'_>, input: OfAssociation) -> Result<Answer> {
    let found = find(call, &input.cluster_name, &input.association_id).await?;
    let permit = call.authorize(&found.ask("eks:DescribePodIdentityAssociation"))?;
    let row = found.there()?;
    Ok(permit.answer(
        json!({ "association": shown(call, &input.cluster_name, &input.association_id, &row.value) }),
    ))
}

pub(crate) async fn delete(call: &Call<'_>, input: OfAssociation) -> Result<Answer> {
    let found = find(call, &input.cluster_name, &input.association_id).await?;
    let permit = call.authorize(&found.ask("eks:DeletePodIdentityAssociation"))?;
    let row = found.there()?;
    let eks = &call.shared.eks;
    let key = format!("{}/{}/{}", input.cluster_name, row.value.namespace, row.value.service_account);
    let mut batch = Batch::new();
    eks.associations.delete(&mut batch, call.account(), call.region(), &row.place.name, Expect::Present);
    eks.associated.delete(&mut batch, call.account(), call.region(), &key, Expect::Any);
    match call.shared.store.commit(batch).await {
        Ok(_) => {}
        Err(StoreError::Conflict(_)) => return Err(missing(&input.association_id)),
        Err(error) => return Err(error.into()),
    }
    call.note_resource(&found.arn, call.account(), "AWS::EKS::PodIdentityAssociation");
    Ok(permit.answer(
        json!({ "association": shown(call, &input.cluster_name, &input.association_id, &row.value) }),
    ))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UpdateAssociation {
    cluster_name: String,
    association_id: String,
    role_arn: Option<String>,
    disable_session_tags: Option<bool>,
    target_role_arn: Option<String>,
    policy: Option<String>,
}

pub(crate) async fn update(call: &Call<'_>, input: UpdateAssociation) -> Result<Answer> {
    let name = &input.cluster_name;
    let found = find(call, name, &input.association_id).await?;
    let permit = call.authorize(&found.ask("eks:UpdatePodIdentityAssociation"))?;
    if let Some(role) = &input.role_arn {
        is_role(role)?;
        pass_role(call, name, role)?;
        own_role(call, role).await?;
    }
    input.target_role_arn.as_deref().filter(|arn| !arn.is_empty()).map(is_role).transpose()?;
    let row = found.there()?;
    let updated = call
        .shared
        .eks
        .associations
        .update(&row.place, |known| {
            let mut next: Association = known.cloned().ok_or_else(|| missing(&input.association_id))?;
            if let Some(role) = &input.role_arn {
                next.role.clone_from(role);
            }
            if let Some(disable) = input.disable_session_tags {
                next.disable_session_tags = disable;
            }
            match input.target_role_arn.as_deref() {
                // An empty text takes the target role away.
                Some("") => (next.target_role, next.external_id) = (None, None),
                Some(target) => {
                    next.target_role = Some(target.to_owned());
                    next.external_id = Some(external_id(call, name, &next.namespace, &next.service_account));
                }
                None => {}
            }
            match input.policy.as_deref() {
                Some("") => next.policy = None,
                Some(text) => next.policy = session_policy(Some(text), next.disable_session_tags)?,
                None if next.policy.is_some() && !next.disable_session_tags => return Err(tags_with_policy()),
                None => {}
            }
            next.modified = call.now();
            Ok::<_, ApiError>(Change::Put(next))
        })
        .await?
        .ok_or_else(|| missing(&input.association_id))?;
    call.note_resource(&found.arn, call.account(), "AWS::EKS::PodIdentityAssociation");
    Ok(permit.answer(json!({ "association": shown(call, name, &input.association_id, &updated.value) })))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListAssociations {
    cluster_name: String,
    namespace: Option<String>,
    service_account: Option<String>,
    max_results: Option<usize>,
    next_token: Option<String>,
}

pub(crate) async fn list(call: &Call<'_>, input: ListAssociations) -> Result<Answer> {
    let name = &input.cluster_name;
    let row = cluster(call, name).await?;
    let permit =
        call.authorize(&on_cluster(call, "eks:ListPodIdentityAssociations", name, row.as_deref()))?;
    row.ok_or_else(|| no_cluster(name))?;
    let prefix = format!("{name}/");
    let limit = input.max_results.unwrap_or(PAGE);
    let table = &call.shared.eks.associations;
    let next = input.next_token.as_deref();
    let (rows, next) = page::page(table, call.account(), call.region(), &prefix, next, limit).await?;
    let wanted = |association: &Association| {
        input.namespace.as_ref().is_none_or(|namespace| *namespace == association.namespace)
            && input.service_account.as_ref().is_none_or(|account| *account == association.service_account)
    };
    let shown: Vec<Value> = rows
        .iter()
        .filter(|row| wanted(&row.value))
        .map(|row| {
            let id = row.place.name.strip_prefix(&prefix).unwrap_or_default();
            json!({
                "clusterName": name,
                "namespace": row.value.namespace,
                "serviceAccount": row.value.service_account,
                "associationArn": arn(call, name, id),
                "associationId": id,
            })
        })
        .collect();
    let mut answer = json!({ "associations": shown });
    crate::sts::put(&mut answer, "nextToken", next);
    Ok(permit.answer(answer))
}

struct Found {
    arn: String,
    cluster: Option<Arc<Row<Cluster>>>,
    row: Option<Arc<Row<Association>>>,
    cluster_name: String,
    id: String,
}

impl Found {
    fn ask(&self, action: &str) -> Ask {
        let tags = self.row.iter().flat_map(|row| &row.value.tags);
        Ask::new(action, self.arn.as_str())
            .resource_tags(None, tags.map(|(key, value)| (key.as_str(), value.as_str())))
    }

    fn there(&self) -> Result<&Row<Association>> {
        self.cluster.as_ref().ok_or_else(|| no_cluster(&self.cluster_name))?;
        self.row.as_deref().ok_or_else(|| missing(&self.id))
    }
}

async fn find(call: &Call<'_>, cluster_name: &str, id: &str) -> Result<Found> {
    let cluster = cluster(call, cluster_name).await?;
    let name = format!("{cluster_name}/{id}");
    let row = call.shared.eks.associations.get(call.account(), call.region(), &name).await?;
    Ok(Found {
        arn: arn(call, cluster_name, id),
        cluster,
        row,
        cluster_name: cluster_name.to_owned(),
        id: id.to_owned(),
    })
}

/// Whoever makes an association hands the role to EKS.
///
/// Source: AWS EKS User Guide, *Assign an IAM role to a Kubernetes service account*: `iam:PassRole` is needed.
fn pass_role(call: &Call<'_>, cluster: &str, role: &str) -> Result<()> {
    let ask = Ask::new("iam:PassRole", role)
        .with("iam:PassedToService", "pods.eks.amazonaws.com")
        .with("iam:AssociatedResourceArn", super::cluster_arn(call, cluster));
    call.authorize(&ask).map(drop)
}

/// A role of the caller's own account that is there.
async fn own_role(call: &Call<'_>, arn: &str) -> Result<()> {
    let invalid = || invalid_parameter(format!("The role {arn} is no role of the cluster's account"));
    let found = find_role(call, arn).await.map_err(|_| invalid())?;
    found.filter(|(account, _)| account == call.account()).map(drop).ok_or_else(invalid)
}

/// Whether a text is a role's ARN. The account of a target role may be any, so that no more can be known of it.
fn is_role(arn: &str) -> Result<()> {
    let invalid = |_| invalid_parameter(format!("{arn} is no ARN of a role"));
    role_account(arn).map(drop).map_err(invalid)
}

/// A session policy, which takes the place of the session tags.
///
/// Source: AWS EKS API Reference, *CreatePodIdentityAssociation*, `policy`: `disableSessionTags` has to be true.
fn session_policy(text: Option<&str>, disable_session_tags: bool) -> Result<Option<Document>> {
    let Some(text) = text else { return Ok(None) };
    if !disable_session_tags {
        return Err(tags_with_policy());
    }
    Document::new(PolicyKind::Session, "session policy", text.to_owned())
        .map(Some)
        .map_err(|why| invalid_parameter(format!("The session policy is invalid: {why}")))
}

fn tags_with_policy() -> ApiError {
    invalid_request("A session policy needs disableSessionTags to be true")
}

/// The external id by which a target role knows whose pods ask.
///
/// Source: AWS EKS User Guide, *Access AWS resources using EKS Pod Identity target IAM roles*: region, account, cluster,
/// namespace and service account, with slashes.
fn external_id(call: &Call<'_>, cluster: &str, namespace: &str, service_account: &str) -> String {
    format!("{}/{}/{cluster}/{namespace}/{service_account}", call.region(), call.account())
}

fn kubernetes_name(member: &str, name: &str, longest: usize) -> Result<()> {
    let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'.';
    if name.is_empty() || name.len() > longest || !name.bytes().all(known) {
        return Err(invalid_parameter(format!("{member} is no name of Kubernetes: {name}")));
    }
    Ok(())
}

pub(super) fn arn(call: &Call<'_>, cluster: &str, id: &str) -> String {
    format!("arn:aws:eks:{}:{}:podidentityassociation/{cluster}/{id}", call.region(), call.account())
}

fn shown(call: &Call<'_>, cluster: &str, id: &str, association: &Association) -> Value {
    let mut value = json!({
        "clusterName": cluster,
        "namespace": association.namespace,
        "serviceAccount": association.service_account,
        "roleArn": association.role,
        "associationArn": arn(call, cluster, id),
        "associationId": id,
        "tags": association.tags,
        "createdAt": seconds(association.created),
        "modifiedAt": seconds(association.modified),
        "disableSessionTags": association.disable_session_tags,
    });
    crate::sts::put(&mut value, "targetRoleArn", association.target_role.as_deref());
    crate::sts::put(&mut value, "externalId", association.external_id.as_deref());
    crate::sts::put(&mut value, "policy", association.policy.as_ref().map(Document::text));
    value
}

fn missing(id: &str) -> ApiError {
    not_found(format!("No association found for id: {id}"))
}
