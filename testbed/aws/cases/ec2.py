"""EC2: VPCs, security groups, their rules."""

from . import Cli, Probe, Raw, change, raises, read, tags


def group(w, **more):
    found = w.ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["web"]}], **more)["SecurityGroups"]
    return found[0]


def rules(w, is_egress):
    listed = w.ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [w.kept["group"]["GroupId"]]}])
    return [rule for rule in listed["SecurityGroupRules"] if rule["IsEgress"] == is_egress]


def of_group(w, **more):
    return {"GroupId": w.kept["group"]["GroupId"], **more}


HTTPS = {
    "IpProtocol": "tcp", "FromPort": 443, "ToPort": 443,
    "IpRanges": [{"CidrIp": "10.1.0.0/16", "Description": "office"}],
}
DNS = {"IpProtocol": "udp", "FromPort": 53, "ToPort": 53, "IpRanges": [{"CidrIp": "10.2.0.0/16"}]}


def described(permission, text):
    return {**permission, "IpRanges": [{**permission["IpRanges"][0], "Description": text}]}


CASES = [
    change(
        "CreateVpc", {"CidrBlock": "10.0.0.0/16"}, keep="vpc",
        seen=lambda w: [vpc["CidrBlock"] for vpc in w.ec2.describe_vpcs()["Vpcs"]] == ["10.0.0.0/16"],
    ),
    read(
        "DescribeVpcs", lambda w: {"VpcIds": [w.kept["vpc"]["Vpc"]["VpcId"]]},
        lambda w, out: [vpc["CidrBlock"] for vpc in out["Vpcs"]] == ["10.0.0.0/16"],
    ),
    change(
        "CreateSecurityGroup",
        lambda w: {"GroupName": "web", "Description": "of the web", "VpcId": w.kept["vpc"]["Vpc"]["VpcId"]}, keep="group",
        seen=lambda w: group(w)["Description"] == "of the web",
    ),
    read(
        "DescribeSecurityGroups", lambda w: {"GroupIds": [w.kept["group"]["GroupId"]]},
        lambda w, out: out["SecurityGroups"][0]["GroupName"] == "web",
    ),
    change(
        "AuthorizeSecurityGroupIngress", lambda w: of_group(w, IpPermissions=[HTTPS]),
        lambda w: [rule["CidrIpv4"] for rule in rules(w, False)] == ["10.1.0.0/16"],
    ),
    change(
        "AuthorizeSecurityGroupEgress", lambda w: of_group(w, IpPermissions=[DNS]),
        lambda w: "10.2.0.0/16" in [rule.get("CidrIpv4") for rule in rules(w, True)],
    ),
    read(
        "DescribeSecurityGroupRules",
        lambda w: {"Filters": [{"Name": "group-id", "Values": [w.kept["group"]["GroupId"]]}]},
        lambda w, out: {rule.get("FromPort") for rule in out["SecurityGroupRules"]} == {443, 53, -1},
    ),
    change(
        "UpdateSecurityGroupRuleDescriptionsIngress", lambda w: of_group(w, IpPermissions=[described(HTTPS, "home")]),
        lambda w: rules(w, False)[0]["Description"] == "home",
    ),
    change(
        "UpdateSecurityGroupRuleDescriptionsEgress", lambda w: of_group(w, IpPermissions=[described(DNS, "names")]),
        lambda w: "names" in [rule.get("Description") for rule in rules(w, True)],
    ),
    change(
        "ModifySecurityGroupRules",
        lambda w: of_group(w, SecurityGroupRules=[{
            "SecurityGroupRuleId": rules(w, False)[0]["SecurityGroupRuleId"],
            "SecurityGroupRule": {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIpv4": "10.3.0.0/16"},
        }]),
        lambda w: group(w)["IpPermissions"][0]["IpRanges"][0]["CidrIp"] == "10.3.0.0/16",
    ),
    change(
        "CreateTags", lambda w: {"Resources": [w.kept["group"]["GroupId"]], "Tags": [{"Key": "team", "Value": "shop"}]},
        lambda w: tags(group(w).get("Tags", [])) == {"team": "shop"},
    ),
    read(
        "DescribeTags", lambda w: {"Filters": [{"Name": "resource-id", "Values": [w.kept["group"]["GroupId"]]}]},
        lambda w, out: tags(out["Tags"]) == {"team": "shop"},
    ),
    change(
        "DeleteTags", lambda w: {"Resources": [w.kept["group"]["GroupId"]], "Tags": [{"Key": "team"}]},
        lambda w: not group(w).get("Tags"),
    ),
    change(
        "RevokeSecurityGroupIngress",
        lambda w: of_group(w, SecurityGroupRuleIds=[rules(w, False)[0]["SecurityGroupRuleId"]]),
        lambda w: group(w)["IpPermissions"] == [],
    ),
    change(
        "RevokeSecurityGroupEgress", lambda w: of_group(w, IpPermissions=[DNS]),
        lambda w: "10.2.0.0/16" not in [rule.get("CidrIpv4") for rule in rules(w, True)],
    ),
    change(
        "DeleteSecurityGroup", of_group,
        lambda w: raises(
            "InvalidGroup.NotFound", lambda: w.ec2.describe_security_groups(GroupIds=[w.kept["group"]["GroupId"]])
        ),
    ),
    change(
        "DeleteVpc", lambda w: {"VpcId": w.kept["vpc"]["Vpc"]["VpcId"]},
        lambda w: raises(
            "InvalidVpcID.NotFound", lambda: w.ec2.describe_vpcs(VpcIds=[w.kept["vpc"]["Vpc"]["VpcId"]])
        ),
    ),
]

CLI = [Cli(["ec2", "describe-vpcs"], "ec2:DescribeVpcs", lambda out: isinstance(out["Vpcs"], list))]

MALFORMED = [
    Raw("ec2", "CreateSecurityGroup", {"GroupName": "x"}, "MissingParameter"),
    Raw("ec2", "DescribeVpcs", {"MaxResults": "many"}, "InvalidParameterValue"),
]

PROBES = [Probe("ec2", "describe_vpcs", "ec2:DescribeVpcs")]
