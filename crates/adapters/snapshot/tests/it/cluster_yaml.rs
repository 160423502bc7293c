//! `cluster.yaml`, and where an export contradicts it.

use ringwall_model::AuthenticationMode;

use crate::folder::{Folder, clean, told};

#[test]
fn every_key_is_read() {
    let text = "name: shop\naccount: \"111122223333\"\nregion: eu-central-1\npartition: aws\nkubernetesVersion: 1.30\nauthenticationMode: API_AND_CONFIG_MAP\nnodeGroups: [a]\nfargateProfiles: [b]\nselfManagedGroups: [c, d]\nautoMode: true\n";
    let info = clean(&[("cluster.yaml", text)]).cluster.info;
    assert_eq!(info.name.as_deref(), Some("shop"));
    assert_eq!(info.version.as_deref(), Some("1.30"));
    assert_eq!(info.authentication_mode, Some(AuthenticationMode::ApiAndConfigMap));
    assert_eq!(info.authentication_mode_source.unwrap().to_string(), "cluster.yaml:6");
    assert_eq!(
        (info.node_groups.len(), info.fargate_profiles.len(), info.self_managed_groups.len()),
        (1, 1, 2)
    );
    assert!(info.auto_mode);
}

#[test]
fn an_account_id_without_quotes_is_read_as_it_is_written() {
    for account in ["111122223333", "012345678901", "012345670123"] {
        let snapshot = Folder::with(&[("cluster.yaml", &format!("name: x\naccount: {account}\n"))]).read();
        assert_eq!(snapshot.cluster.info.account.as_deref(), Some(account));
        assert_eq!(
            told(&snapshot),
            [format!(
                "W cluster.yaml:2: account id {account} is written without quotes: YAML reads it as a number"
            )]
        );
    }
}

#[test]
fn slips_are_told() {
    let text = "nam: x\naccount: \"1\"\nregion: 1\npartition: azure\nkubernetesVersion: new\nauthenticationMode: api\nnodeGroups: a\nfargateProfiles: [1]\nautoMode: maybe\nname: ''\n";
    let snapshot = Folder::with(&[("cluster.yaml", text)]).read();
    let lines: Vec<u32> = snapshot.problems.iter().map(|problem| problem.source.line).collect();
    assert_eq!(lines, (1..=10).collect::<Vec<_>>(), "{:#?}", snapshot.problems);
    assert_eq!(snapshot.problems[0].hint.as_deref(), Some("did you mean `name`?"));
    assert_eq!(snapshot.cluster.info, ringwall_model::ClusterInfo::default());
    let snapshot = Folder::with(&[("cluster.yaml", "name: a\n---\nname: b\n")]).read();
    assert_eq!(told(&snapshot), ["W cluster.yaml:3: only the first document of cluster.yaml is read"]);
    assert_eq!(
        told(&Folder::with(&[("cluster.yaml", "- a\n")]).read()),
        ["E cluster.yaml:1: it is a list, not a mapping"]
    );
}

const EXPORT: &str = r#"{"cluster": {
 "name": "shop",
 "arn": "arn:aws:eks:eu-central-1:111122223333:cluster/shop",
 "version": "1.34",
 "accessConfig": {"authenticationMode": "API"},
 "computeConfig": {"enabled": true}}}"#;

#[test]
fn an_export_completes_and_overrules_it() {
    let info = clean(&[("aws/cluster.json", EXPORT)]).cluster.info;
    assert_eq!(info.account.as_deref(), Some("111122223333"));
    assert!(info.auto_mode);
    let text = "name: shop\naccount: \"444455556666\"\nkubernetesVersion: \"1.33\"\nauthenticationMode: CONFIG_MAP\n";
    let snapshot = Folder::with(&[("cluster.yaml", text), ("aws/cluster.json", EXPORT)]).read();
    let says = |line: u32, what: &str, old: &str, new: &str| {
        format!(
            "W aws/cluster.json:{line}: cluster.yaml says `{what}: {old}`, the export says `{new}`; the export counts"
        )
    };
    assert_eq!(
        told(&snapshot),
        [
            says(3, "account", "444455556666", "111122223333"),
            says(4, "kubernetesVersion", "1.33", "1.34"),
            says(5, "authenticationMode", "CONFIG_MAP", "API"),
        ]
    );
    assert_eq!(snapshot.cluster.info.authentication_mode, Some(AuthenticationMode::Api));
    let snapshot = Folder::with(&[("cluster.yaml", "name: other\n"), ("aws/cluster.json", EXPORT)]).read();
    assert_eq!(
        told(&snapshot),
        ["W aws/cluster.json:1: this describes cluster `shop`, not `other`; it was not used"]
    );
    assert_eq!(snapshot.cluster.info.account, None);
}
