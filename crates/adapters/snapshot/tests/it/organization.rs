//! The organization with its service and resource control policies.

use std::fmt::Write as _;

use ringwall_model::{OrgNodeKind, Organization};

use crate::folder::{Folder, clean, told};

fn read(text: &str) -> (Option<Organization>, Vec<String>) {
    let snapshot = Folder::with(&[("aws/o.json", text)]).read();
    let told = told(&snapshot);
    (snapshot.cluster.aws.organization, told)
}

#[test]
fn a_tree_keeps_its_order_and_its_policies() {
    let text = r#"{"Organization": {"Id": "o-1", "MasterAccountId": "444455556666"}, "Roots": [
{"Id": "r-1", "Name": "Root", "ServiceControlPolicies": [{"Name": "FullAWSAccess", "PolicyDocument": {"Statement": []}}],
 "ResourceControlPolicies": [],
 "OrganizationalUnits": [
  {"Id": "ou-1", "ServiceControlPolicies": [{"Name": "a", "Arn": "arn:aws:organizations::444455556666:policy/o-1/service_control_policy/p-1", "PolicyDocument": "{}"}, {"Name": "b", "PolicyDocument": {}}],
   "Accounts": [{"Id": "111122223333", "Name": "shop"}]}],
 "Accounts": [{"Id": "444455556666"}]}]}"#;
    let organization = clean(&[("aws/o.json", text)]).cluster.aws.organization.unwrap();
    assert_eq!(organization.management_account.as_deref(), Some("444455556666"));
    let path = organization.path_to("111122223333").unwrap();
    let names: Vec<_> = path
        .iter()
        .map(|node| {
            let count = node.service_control_policies.as_ref().map(Vec::len);
            (node.kind, &*node.name, node.source.line, count)
        })
        .collect();
    assert_eq!(
        names,
        [
            (OrgNodeKind::Root, "Root", 2, Some(1)),
            (OrgNodeKind::OrganizationalUnit, "ou-1", 5, Some(2)),
            (OrgNodeKind::Account, "shop", 6, None),
        ]
    );
    assert_eq!(path[0].resource_control_policies.as_ref().map(Vec::len), Some(0));
    assert!(path[1].resource_control_policies.is_none());
    assert!(path[1].service_control_policies.as_ref().unwrap()[0].arn.is_some());
    assert_eq!(organization.path_to("444455556666").unwrap().len(), 2);
    assert!(organization.path_to("123456789012").is_none());
    assert!(organization.path_to("ou-1").is_none());
}

#[test]
fn describe_organization_alone_tells_no_policies() {
    let alone = r#"{"Organization": {"Id": "o-1", "MasterAccountId": "444455556666"}}"#;
    let (organization, told) = read(alone);
    assert!(organization.unwrap().roots.is_empty());
    assert_eq!(told, ["W aws/o.json:1: the organization has no `Roots`: its policies are not known"]);
    let whole = r#"{"Organization": {"Id": "o-1"}, "Roots": [{"Id": "r-1"}]}"#;
    let organization = clean(&[("aws/a.json", alone), ("aws/b.json", whole)]).cluster.aws.organization;
    assert_eq!(organization.unwrap().roots.len(), 1);
}

#[test]
fn a_second_organization_is_not_used() {
    let one = r#"{"Organization": {"Id": "o-1"}, "Roots": []}"#;
    let two = r#"{"Organization": {"Id": "o-2"}, "Roots": []}"#;
    let (organization, told) = read(&format!("{one}\n{two}\n"));
    assert_eq!(&*organization.unwrap().id, "o-1");
    assert_eq!(told, ["W aws/o.json:2: a second organization, `o-2`, was not used; aws/o.json:1 counts"]);
}

#[test]
fn wrong_types_and_doubles_cost_themselves() {
    let text = r#"{"Organization": {"Id": "o-1"}, "Roots": [7, {"Name": "x"},
{"Id": "r-1", "ServiceControlPolicies": {},
 "ResourceControlPolicies": [7,
{"Name": "n"}],
 "OrganizationalUnits": "x",
 "Accounts": [{"Id": "111122223333", "ServiceControlPolicies": null, "Accounts": [{"Id": "x"}]},
{"Id": "111122223333"}]}]}"#;
    let (organization, told) = read(text);
    let organization = organization.unwrap();
    let root = &organization.roots[0];
    let control = root.service_control_policies.as_ref().unwrap();
    assert!(control.len() == 1 && control[0].document.is_err(), "what is there must not vanish");
    assert_eq!(root.resource_control_policies.as_ref().unwrap().len(), 2);
    assert_eq!(root.children.len(), 1);
    assert!(root.children[0].service_control_policies.is_none());
    assert_eq!(
        told,
        [
            "E aws/o.json:1: a node of the organization without `Id` was not read",
            "E aws/o.json:2: `ServiceControlPolicies` is a mapping, not a list",
            "E aws/o.json:3: policy `unnamed` of `r-1` can't be read: it has no document",
            "E aws/o.json:4: policy `n` of `r-1` can't be read: it has no document",
            "E aws/o.json:5: `OrganizationalUnits` is a string, not a list",
            "W aws/o.json:6: account `111122223333` has `Accounts`, which were not read",
            "E aws/o.json:7: `111122223333` stands in the organization twice; the first one counts",
        ]
    );
    let (organization, told) = read(r#"{"Organization": {"MasterAccountId": "x"}, "Roots": []}"#);
    assert!(organization.is_none());
    assert_eq!(told, ["E aws/o.json:1: an organization without `Id` was not read"]);
}

#[test]
fn deep_and_wide_trees_end() {
    let mut deep = String::from(r#"{"Organization": {"Id": "o-1"}, "Roots": [{"Id": "r-1""#);
    for level in 0..40 {
        write!(deep, r#", "OrganizationalUnits": [{{"Id": "ou-{level}""#).unwrap();
    }
    deep.push_str(&"}]".repeat(40));
    deep.push_str("}]}");
    let (_, told) = read(&deep);
    assert_eq!(told, ["E aws/o.json:1: `ou-16` is more than 16 levels below the root and was not read"]);

    let accounts: Vec<_> = (0..100_000).map(|index| format!(r#"{{"Id": "{index:012}"}}"#)).collect();
    let wide = format!(
        r#"{{"Organization": {{"Id": "o-1"}}, "Roots": [{{"Id": "r-1", "Accounts": [{}]}}]}}"#,
        accounts.join(",")
    );
    let (organization, told) = read(&wide);
    assert_eq!(told, [""; 0]);
    assert_eq!(organization.unwrap().path_to("000000099999").unwrap().len(), 2);
}
