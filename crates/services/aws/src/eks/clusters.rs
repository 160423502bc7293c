//! Clusters: described and configured, not created. `ringwall cluster register` makes them known.

use serde::Deserialize;
use serde_json::{Value, json};

use super::rows::{AuthenticationMode, Cluster};
use super::{
    PAGE, cluster, cluster_arn, invalid_parameter, invalid_request, no_cluster, on_cluster, seconds,
};
use crate::authorize::{Answer, Ask};
use crate::call::Call;
use crate::error::Result;
use crate::{id, page};

#[derive(Debug, Deserialize)]
pub(crate) struct DescribeCluster {
    name: String,
}

pub(crate) async fn describe(call: &Call<'_>, input: DescribeCluster) -> Result<Answer> {
    let row = cluster(call, &input.name).await?;
    let permit = call.authorize(&on_cluster(call, "eks:DescribeCluster", &input.name, row.as_deref()))?;
    let row = row.ok_or_else(|| no_cluster(&input.name))?;
    Ok(permit.answer(json!({ "cluster": shown(&cluster_arn(call, &input.name), &input.name, &row.value) })))
}

fn shown(arn: &str, name: &str, cluster: &Cluster) -> Value {
    let mut value = json!({
        "name": name,
        "arn": arn,
        "createdAt": seconds(cluster.created),
        "identity": { "oidc": { "issuer": cluster.issuer } },
        "status": "ACTIVE",
        "accessConfig": {
            "authenticationMode": cluster.mode.name(),
            "bootstrapClusterCreatorAdminPermissions": false,
        },
        "tags": cluster.tags,
    });
    crate::sts::put(&mut value, "version", cluster.version.as_deref());
    crate::sts::put(&mut value, "endpoint", cluster.endpoint.as_deref());
    crate::sts::put(&mut value, "roleArn", cluster.role.as_deref());
    let authority = cluster.certificate_authority.as_ref().map(|data| json!({ "data": data }));
    crate::sts::put(&mut value, "certificateAuthority", authority);
    value
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListClusters {
    max_results: Option<usize>,
    next_token: Option<String>,
}

pub(crate) async fn list(call: &Call<'_>, input: ListClusters) -> Result<Answer> {
    let permit = call.authorize(&Ask::new("eks:ListClusters", "*"))?;
    let (rows, next) = page::page(
        &call.shared.eks.clusters,
        call.account(),
        call.region(),
        "",
        input.next_token.as_deref(),
        input.max_results.unwrap_or(PAGE),
    )
    .await?;
    let names: Vec<String> = rows.into_iter().map(|row| row.place.name).collect();
    let mut answer = json!({ "clusters": names });
    crate::sts::put(&mut answer, "nextToken", next);
    Ok(permit.answer(answer))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UpdateClusterConfig {
    name: String,
    access_config: Option<AccessConfig>,
    client_request_token: Option<String>,
    /// What is served by whoever runs the cluster, and not here.
    #[serde(flatten)]
    other: serde_json::Map<String, Value>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AccessConfig {
    authentication_mode: Option<AuthenticationMode>,
}

/// Changes the authentication mode. All else is the cluster's own business and refused.
pub(crate) async fn update_config(call: &Call<'_>, input: UpdateClusterConfig) -> Result<Answer> {
    let mode = input.access_config.and_then(|config| config.authentication_mode);
    let row = cluster(call, &input.name).await?;
    let ask = on_cluster(call, "eks:UpdateClusterConfig", &input.name, row.as_deref())
        .with_some("eks:authenticationMode", mode.map(AuthenticationMode::name));
    let permit = call.authorize(&ask)?;
    let row = row.ok_or_else(|| no_cluster(&input.name))?;
    if let Some(name) = input.other.keys().next() {
        return Err(invalid_request(format!(
            "{name} is not configured here but by whoever runs the cluster"
        )));
    }
    let mode = mode.ok_or_else(|| invalid_parameter("The type for cluster update was not provided."))?;
    let table = &call.shared.eks.clusters;
    let update = |cluster: Option<&Cluster>| {
        let cluster = cluster.ok_or_else(|| no_cluster(&input.name))?;
        if !cluster.mode.may_become(mode) {
            let message = format!(
                "Unsupported authentication mode update from {} to {}",
                cluster.mode.name(),
                mode.name()
            );
            return Err(invalid_parameter(message));
        }
        Ok(ringwall_store::Change::Put(Cluster { mode, ..cluster.clone() }))
    };
    table.update(&row.place, update).await?;
    call.note_resource(&cluster_arn(call, &input.name), call.account(), "AWS::EKS::Cluster");
    let id = input.client_request_token.map_or_else(id::uuid, Ok)?;
    Ok(permit.answer(json!({ "update": {
        "id": id,
        "status": "Successful",
        "type": "AccessConfigUpdate",
        "params": [{ "type": "AuthenticationMode", "value": format!("\"{}\"", mode.name()) }],
        "createdAt": seconds(call.now()),
        "errors": [],
    } })))
}
