use ringwall_lake::Partition;

/// Two clusters of one name share the folder of their account's CloudTrail.
#[test]
fn clusters_of_one_name_have_files_of_their_own() {
    let names: Vec<String> =
        [("shop", "1", "a"), ("shop", "1", "b"), ("shop", "2", "a"), ("sh/op", "1", "a"), ("", "", "")]
            .map(|(name, account, region)| Partition::new(name, account, region).name().to_owned())
            .to_vec();
    for (at, name) in names.iter().enumerate() {
        assert!(
            name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') && !name.starts_with('-')
        );
        assert!(!names[..at].contains(name));
    }
}
