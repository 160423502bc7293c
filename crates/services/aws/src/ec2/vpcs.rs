//! VPCs: what security groups belong to. Subnets and routes are no concern of access rules and are not served.

use std::collections::BTreeMap;

use ringwall_store::{Batch, Expect, StoreError};
use serde::Deserialize;
use serde_json::{Value, json};

use super::filters::{Filter, pass};
use super::groups::{self, DEFAULT_GROUP};
use super::permission::{ipv4_network, prefix_length};
use super::rows::{SecurityGroup, Vpc};
use super::tags::{asked, shown as shown_tags};
use super::{PAGE, TagSpecification, arn, ask, ask_all, dry, error};
use crate::authorize::{Answer, Ask};
use crate::call::Call;
use crate::error::{ApiError, Result};
use crate::{id, page};

/// Most VPCs of an account and region. Source: AWS VPC User Guide, *Quotas*.
const MAX_VPCS: usize = 5;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreateVpc {
    cidr_block: Option<String>,
    #[serde(default)]
    tag_specifications: Vec<TagSpecification>,
    #[serde(default)]
    dry_run: bool,
    /// What would change the network's meaning, and is not served.
    #[serde(flatten)]
    other: serde_json::Map<String, Value>,
}

pub(crate) async fn create(call: &Call<'_>, input: CreateVpc) -> Result<Answer> {
    let tags = asked(&input.tag_specifications, "vpc")?;
    let pairs = || tags.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    let permit = call.authorize(&ask(call, "ec2:CreateVpc", arn(call, "vpc", "*")).request_tags(pairs()))?;
    super::tags::may_tag(call, "CreateVpc", &arn(call, "vpc", "*"), &tags)?;
    dry(input.dry_run)?;
    if let Some((name, _)) = input.other.iter().find(|(name, value)| is_meaningful(name, value)) {
        return Err(error("UnsupportedOperation", format!("The parameter {name} is not supported")));
    }
    let cidr = input.cidr_block.ok_or_else(|| {
        error("MissingParameter", "Either 'cidrBlock' or 'ipv4IpamPoolId' should be provided.")
    })?;
    let network = ipv4_network(&cidr)?;
    if !prefix_length(&network).is_some_and(|length| (16..=28).contains(&length)) {
        return Err(error("InvalidVpc.Range", format!("The CIDR '{cidr}' is invalid.")));
    }
    let ec2 = &call.shared.ec2;
    let (account, region) = (call.account(), call.region());
    if page::all(&ec2.vpcs, account, region, "").await?.len() >= MAX_VPCS {
        return Err(error("VpcLimitExceeded", "The maximum number of VPCs has been reached."));
    }
    let vpc_id = format!("vpc-{}", id::hex(17)?);
    let group_id = format!("sg-{}", id::hex(17)?);
    let vpc = Vpc { cidr: network, association: format!("vpc-cidr-assoc-{}", id::hex(17)?), tags };
    let group = SecurityGroup {
        name: DEFAULT_GROUP.to_owned(),
        description: "default VPC security group".to_owned(),
        vpc: vpc_id.clone(),
        tags: BTreeMap::new(),
        rules: groups::default_rules(Some(&group_id))?,
    };
    let mut batch = Batch::new();
    ec2.vpcs.put(&mut batch, account, region, &vpc_id, &vpc, Expect::Absent);
    ec2.groups.put(&mut batch, account, region, &group_id, &group, Expect::Absent);
    ec2.names.put(
        &mut batch,
        account,
        region,
        &format!("{vpc_id}/{DEFAULT_GROUP}"),
        &group_id,
        Expect::Absent,
    );
    call.shared.store.commit(batch).await?;
    call.note_resource(&arn(call, "vpc", &vpc_id), account, "AWS::EC2::VPC");
    Ok(permit.answer(json!({ "Vpc": shown(call, &vpc_id, &vpc) })))
}

/// Whether a parameter asks for something that a VPC here has not.
fn is_meaningful(name: &str, value: &Value) -> bool {
    match name {
        "InstanceTenancy" => value != "default",
        "AmazonProvidedIpv6CidrBlock" => value != false,
        _ => true,
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DeleteVpc {
    vpc_id: String,
    #[serde(default)]
    dry_run: bool,
}

pub(crate) async fn delete(call: &Call<'_>, input: DeleteVpc) -> Result<Answer> {
    let ec2 = &call.shared.ec2;
    let (account, region) = (call.account(), call.region());
    let row = ec2.vpcs.get(account, region, &input.vpc_id).await?;
    let permit =
        call.authorize(&on_vpc(call, "ec2:DeleteVpc", &input.vpc_id, row.as_deref().map(|row| &row.value)))?;
    dry(input.dry_run)?;
    let row = row.ok_or_else(|| missing(&input.vpc_id))?;
    let groups = page::all(&ec2.groups, account, region, "").await?;
    let mut batch = Batch::new();
    ec2.vpcs.delete(&mut batch, account, region, &input.vpc_id, Expect::Revision(row.revision));
    for group in groups.into_iter().filter(|group| group.value.vpc == input.vpc_id) {
        if group.value.name != DEFAULT_GROUP {
            let message = format!("The vpc '{}' has dependencies and cannot be deleted.", input.vpc_id);
            return Err(error("DependencyViolation", message));
        }
        ec2.groups.delete(&mut batch, account, region, &group.place.name, Expect::Revision(group.revision));
        ec2.names.delete(
            &mut batch,
            account,
            region,
            &format!("{}/{DEFAULT_GROUP}", input.vpc_id),
            Expect::Any,
        );
    }
    match call.shared.store.commit(batch).await {
        Ok(_) => {}
        Err(StoreError::Conflict(_)) => {
            return Err(error("IncorrectState", "The vpc is being changed by somebody else; try again"));
        }
        Err(other) => return Err(other.into()),
    }
    call.note_resource(&arn(call, "vpc", &input.vpc_id), account, "AWS::EC2::VPC");
    Ok(permit.done())
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DescribeVpcs {
    #[serde(default)]
    filters: Vec<Filter>,
    #[serde(default)]
    vpc_ids: Vec<String>,
    #[serde(default)]
    dry_run: bool,
    next_token: Option<String>,
    max_results: Option<usize>,
}

pub(crate) async fn describe(call: &Call<'_>, input: DescribeVpcs) -> Result<Answer> {
    let permit = call.authorize(&ask_all(call, "ec2:DescribeVpcs"))?;
    dry(input.dry_run)?;
    let rows = page::all(&call.shared.ec2.vpcs, call.account(), call.region(), "").await?;
    if let Some(id) = input.vpc_ids.iter().find(|id| !rows.iter().any(|row| row.place.name == **id)) {
        return Err(missing(id));
    }
    let mut found = Vec::new();
    for row in rows.iter().filter(|row| input.vpc_ids.is_empty() || input.vpc_ids.contains(&row.place.name)) {
        let one = |value: &str| Some(vec![value.to_owned()]);
        let known = |name: &str| match name {
            "vpc-id" => one(&row.place.name),
            "cidr" | "cidr-block-association.cidr-block" => one(&row.value.cidr),
            "state" => one("available"),
            "owner-id" => one(call.account()),
            "is-default" | "isDefault" => one("false"),
            _ => None,
        };
        if pass(&input.filters, &row.value.tags, known)? {
            found.push((row.place.name.as_str(), shown(call, &row.place.name, &row.value)));
        }
    }
    let (page, next) = cut(found, input.next_token.as_deref(), input.max_results)?;
    let mut answer = json!({ "Vpcs": page });
    crate::sts::put(&mut answer, "NextToken", next);
    Ok(permit.answer(answer))
}

/// A page of items that are sorted by their ids.
pub(super) fn cut(
    items: Vec<(&str, Value)>,
    next: Option<&str>,
    limit: Option<usize>,
) -> Result<(Vec<Value>, Option<String>)> {
    let after =
        page::after(next).map_err(|_| error("InvalidPaginationToken", "The pagination token is invalid"))?;
    let mut rest = items.into_iter().filter(|(id, _)| after.as_deref().is_none_or(|after| *id > after));
    let taken: Vec<(&str, Value)> = rest.by_ref().take(limit.unwrap_or(PAGE)).collect();
    let token = rest.next().and_then(|_| taken.last()).map(|(id, _)| page::token(id));
    Ok((taken.into_iter().map(|(_, value)| value).collect(), token))
}

/// An action on a VPC, with its tags if it is there.
pub(super) fn on_vpc(call: &Call<'_>, action: &str, vpc_id: &str, vpc: Option<&Vpc>) -> Ask {
    let tags = vpc.into_iter().flat_map(|vpc| &vpc.tags);
    ask(call, action, arn(call, "vpc", vpc_id))
        .with("ec2:VpcID", vpc_id)
        .with("ec2:Tenancy", "default")
        .resource_tags(Some("ec2:ResourceTag"), tags.map(|(key, value)| (key.as_str(), value.as_str())))
}

/// The error of a VPC that is not there.
pub(super) fn missing(id: &str) -> ApiError {
    error("InvalidVpcID.NotFound", format!("The vpc ID '{id}' does not exist"))
}

fn shown(call: &Call<'_>, id: &str, vpc: &Vpc) -> Value {
    json!({
        "OwnerId": call.account(),
        "InstanceTenancy": "default",
        "CidrBlockAssociationSet": [{
            "AssociationId": vpc.association,
            "CidrBlock": vpc.cidr,
            "CidrBlockState": { "State": "associated" },
        }],
        "IsDefault": false,
        "Tags": shown_tags(&vpc.tags),
        "VpcId": id,
        "State": "available",
        "CidrBlock": vpc.cidr,
    })
}
