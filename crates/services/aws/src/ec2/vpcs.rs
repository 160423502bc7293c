//! VPCs: what security groups belong to. Subnets and routes are no concern of access rules and are not served.
//!
//! Source: AWS EC2 API Reference, *CreateVpc*, *DeleteVpc*, *DescribeVpcs*.

use std::collections::BTreeMap;

use ringwall_store::{Batch, Expect};
use serde::Deserialize;
use serde_json::{Value, json};

use super::filters::{Filter, Filters};
use super::groups::{self, DEFAULT_GROUP};
use super::ids::Kind;
use super::listed::{check_ids, cut, is_wanted};
use super::permission::{ipv4_network, prefix_length};
use super::rows::{SecurityGroup, Vpc};
use super::tags::{asked, may_tag, pairs, shown as shown_tags};
use super::turns::{Turn, commit, settle};
use super::{TagSpecification, ask, ask_all, dry, error, permit};
use crate::authorize::{Answer, Ask};
use crate::call::Call;
use crate::error::Result;
use crate::{id, page};

/// Most VPCs of an account and region. Source: AWS VPC User Guide, *Amazon VPC quotas*.
const MAX_VPCS: usize = 5;

/// Shortest and longest prefix of a VPC's network. Source: AWS EC2 API Reference, *CreateVpc*.
const PREFIXES: std::ops::RangeInclusive<u32> = 16..=28;

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
    settle(call, || Box::pin(try_create(call, &input))).await
}

async fn try_create(call: &Call<'_>, input: &CreateVpc) -> Result<Option<Answer>> {
    let tags = asked(&input.tag_specifications, Kind::Vpc)?;
    let to_make = Kind::Vpc.arn(call, "*");
    let permitted = permit(call, &ask(call, "ec2:CreateVpc", to_make.clone()).request_tags(pairs(&tags)))?;
    may_tag(call, "CreateVpc", &to_make, &tags)?;
    dry(input.dry_run)?;
    if let Some((name, _)) = input.other.iter().find(|(name, value)| is_meaningful(name, value)) {
        return Err(error("UnsupportedOperation", format!("The parameter {name} is not supported")));
    }
    let cidr = input.cidr_block.as_deref().ok_or_else(|| {
        error("MissingParameter", "Either 'cidrBlock' or 'ipv4IpamPoolId' should be provided.")
    })?;
    let network = ipv4_network(cidr)?;
    if !prefix_length(&network).is_some_and(|length| PREFIXES.contains(&length)) {
        return Err(error("InvalidVpc.Range", format!("The CIDR '{network}' is invalid.")));
    }
    let ec2 = &call.shared.ec2;
    let (account, region) = (call.account(), call.region());
    let turn = Turn::begin(call).await?;
    if page::all(&ec2.vpcs, account, region, "").await?.len() >= MAX_VPCS {
        return Err(error("VpcLimitExceeded", "The maximum number of VPCs has been reached."));
    }
    let (vpc_id, group_id) = (Kind::Vpc.make()?, Kind::SecurityGroup.make()?);
    let vpc = Vpc { cidr: network, association: format!("vpc-cidr-assoc-{}", id::hex(17)?), tags };
    let group = SecurityGroup {
        name: DEFAULT_GROUP.to_owned(),
        description: "default VPC security group".to_owned(),
        vpc: vpc_id.clone(),
        tags: BTreeMap::new(),
        rules: groups::first_rules(Some(&group_id))?,
    };
    let mut batch = Batch::new();
    turn.end(call, &mut batch);
    ec2.vpcs.put(&mut batch, account, region, &vpc_id, &vpc, Expect::Absent);
    ec2.groups.put(&mut batch, account, region, &group_id, &group, Expect::Absent);
    if !commit(call, batch).await? {
        return Ok(None);
    }
    call.note_resource(&Kind::Vpc.arn(call, &vpc_id), account, Kind::Vpc.recorded());
    Ok(Some(permitted.answer(json!({ "Vpc": shown(call, &vpc_id, &vpc) }))))
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
    settle(call, || Box::pin(try_delete(call, &input))).await
}

async fn try_delete(call: &Call<'_>, input: &DeleteVpc) -> Result<Option<Answer>> {
    let id = &input.vpc_id;
    Kind::Vpc.check(id)?;
    let ec2 = &call.shared.ec2;
    let (account, region) = (call.account(), call.region());
    let turn = Turn::begin(call).await?;
    let row = ec2.vpcs.get(account, region, id).await?;
    let permitted = permit(call, &on_vpc(call, "ec2:DeleteVpc", id, row.as_deref().map(|row| &row.value)))?;
    dry(input.dry_run)?;
    let row = row.ok_or_else(|| Kind::Vpc.missing(id))?;
    let mut batch = Batch::new();
    turn.end(call, &mut batch);
    ec2.vpcs.delete(&mut batch, account, region, id, Expect::Revision(row.revision));
    for group in page::all(&ec2.groups, account, region, "").await? {
        if group.value.vpc != *id {
            continue;
        }
        if group.value.name != DEFAULT_GROUP {
            let message = format!("The vpc '{id}' has dependencies and cannot be deleted.");
            return Err(error("DependencyViolation", message));
        }
        ec2.groups.delete(&mut batch, account, region, &group.place.name, Expect::Revision(group.revision));
    }
    if !commit(call, batch).await? {
        return Ok(None);
    }
    call.note_resource(&Kind::Vpc.arn(call, id), account, Kind::Vpc.recorded());
    Ok(Some(permitted.done()))
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
    max_results: Option<i64>,
}

/// Source: AWS EC2 API Reference, *DescribeVpcs*, `Filters`, as far as VPCs here have what they ask for.
const FILTERS: [&str; 8] = [
    "cidr",
    "cidr-block-association.association-id",
    "cidr-block-association.cidr-block",
    "cidr-block-association.state",
    "is-default",
    "owner-id",
    "state",
    "vpc-id",
];

pub(crate) async fn describe(call: &Call<'_>, input: DescribeVpcs) -> Result<Answer> {
    let permitted = permit(call, &ask_all(call, "ec2:DescribeVpcs"))?;
    dry(input.dry_run)?;
    let filters = Filters::new(&input.filters, &FILTERS)?;
    let rows = page::all(&call.shared.ec2.vpcs, call.account(), call.region(), "").await?;
    check_ids(Kind::Vpc, &input.vpc_ids, |id| rows.iter().any(|row| row.place.name == id))?;
    let mut found = Vec::new();
    for row in &rows {
        let (id, vpc) = (row.place.name.as_str(), &row.value);
        let known = |name: &str| {
            let value = match name {
                "cidr" | "cidr-block-association.cidr-block" => &vpc.cidr,
                "cidr-block-association.association-id" => &vpc.association,
                "cidr-block-association.state" => "associated",
                "is-default" => "false",
                "owner-id" => call.account(),
                "state" => "available",
                _ => id,
            };
            vec![value.to_owned()]
        };
        if is_wanted(&input.vpc_ids, id) && filters.pass(&vpc.tags, known) {
            found.push((id, shown(call, id, vpc)));
        }
    }
    let (page, next) = cut(found, input.next_token.as_deref(), input.max_results)?;
    let mut answer = json!({ "Vpcs": page });
    crate::sts::put(&mut answer, "NextToken", next);
    Ok(permitted.answer(answer))
}

/// An action on a VPC, with its tags if it is there.
pub(super) fn on_vpc(call: &Call<'_>, action: &str, id: &str, vpc: Option<&Vpc>) -> Ask {
    let tags = vpc.into_iter().flat_map(|vpc| pairs(&vpc.tags));
    ask(call, action, Kind::Vpc.arn(call, id))
        .with_some("ec2:VpcID", (id != "*").then_some(id))
        .with_some("ec2:Tenancy", vpc.map(|_| "default"))
        .resource_tags(Some("ec2:ResourceTag"), tags)
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
