use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

fn action(name: &str) -> &'static Action {
    catalog().action(name).unwrap_or_else(|| panic!("`{name}` is not in the catalog"))
}

fn resources(name: &str) -> Vec<(&'static str, bool)> {
    action(name).resources().iter().map(|resource| (resource.name, resource.required)).collect()
}

fn matching(pattern: &str) -> Vec<String> {
    catalog()
        .matching(pattern)
        .map(|(service, action)| format!("{}:{}", service.prefix(), action.name()))
        .collect()
}

fn on(arn: &str) -> BTreeSet<String> {
    let actions = catalog().actions_on(arn).into_iter();
    actions.map(|(service, action)| format!("{}:{}", service.prefix(), action.name())).collect()
}

fn key(name: &str) -> Option<(ValueType, bool)> {
    catalog().condition_key(name).map(|key_type| (key_type.value, key_type.multi_valued))
}

/// What the head of the data file says of a tag such as `services`.
fn counted(tag: &str) -> usize {
    let head = lines::blocks(DATA).find(|block| block.kind == "package").unwrap();
    lines::field(head.lines, tag).parse().unwrap()
}

#[test]
fn all_of_the_data_is_read() {
    let services: Vec<&Service> = catalog().services().collect();
    assert_eq!(services.len(), counted("services"));
    assert_eq!(services.iter().map(|service| service.actions().len()).sum::<usize>(), counted("actions"));
    // A service has a line for each thing that is read of it, and every item of a list finds what it names.
    for block in lines::blocks(DATA).filter(|block| block.kind == "service") {
        let service = catalog().service(block.value(0)).unwrap();
        let read = service.condition_keys().len() + service.resource_types().len() + service.actions().len();
        assert_eq!(read, block.lines.lines().count(), "{}", service.prefix());
        for (tag, fields) in lines::all(block.lines).filter(|(tag, _)| *tag != lines::KEY) {
            let mut fields = fields.clone();
            let name = fields.next().unwrap();
            let (second, keys) = (lines::list(fields.next()).count(), lines::list(fields.next()).count());
            let read = if tag == lines::RESOURCE_TYPE {
                let found = service.resource_type(name).unwrap();
                (found.arn_patterns().count(), found.condition_keys().len())
            } else {
                let found = service.action(name).unwrap();
                assert!(found.resources().iter().all(|each| service.resource_type(each.name).is_some()));
                (found.resources().len(), found.condition_keys().len())
            };
            assert_eq!((second, keys), read, "{}:{name}", service.prefix());
            assert_eq!(fields.next(), None, "{}:{name}", service.prefix());
        }
    }
    assert_eq!(catalog().shared_keys().items().len(), catalog().shared_key_lines.lines().count());
}

#[test]
fn the_data_is_as_large_as_when_it_was_brought_in() {
    // AWS takes services away at times, but never many: less than this means that the package has changed its form.
    assert!(counted("services") >= 450, "{}", counted("services"));
    assert!(counted("actions") >= 22_000, "{}", counted("actions"));
    assert!(catalog().version().starts_with("0."));
    assert_eq!(catalog().date().split('-').map(str::len).collect::<Vec<_>>(), [4, 2, 2]);
}

#[test]
fn the_data_is_sorted_and_without_duplicates() {
    let prefixes: Vec<&str> = catalog().services().map(Service::prefix).collect();
    assert!(prefixes.is_sorted_by(|a, b| a < b));
    for block in lines::blocks(DATA).filter(|block| matches!(block.kind, "keys" | "service")) {
        let order = |(tag, mut fields): (&'static str, std::str::Split<'static, char>)| {
            let rank = [lines::KEY, lines::RESOURCE_TYPE].iter().position(|known| *known == tag).unwrap_or(2);
            (rank, fields.next().unwrap().to_lowercase())
        };
        let order: Vec<_> = lines::all(block.lines).map(order).collect();
        assert!(order.is_sorted_by(|a, b| a < b), "{} {}", block.kind, block.value(0));
    }
    assert!(DATA.is_ascii() && !DATA.contains("\n\n\n") && !DATA.contains('\r'));
}

#[test]
fn actions_are_what_aws_says_of_them() {
    use AccessLevel::*;

    let get = action("s3:GetObject");
    assert_eq!((get.name(), get.access()), ("GetObject", Read));
    assert_eq!(resources("s3:GetObject"), [("accesspointobject", false), ("object", false)]);
    assert!(get.condition_keys().contains(&"s3:ExistingObjectTag/${key}"));
    assert!(get.condition_keys().contains(&"s3:TlsVersion"));

    let list = action("s3:ListAllMyBuckets");
    assert_eq!(list.access(), List);
    assert!(list.takes_only_star() && !get.takes_only_star());

    assert_eq!(resources("kms:Decrypt"), [("key", true)]);
    assert!(
        action("kms:Decrypt").condition_keys().contains(&"kms:EncryptionContext:${EncryptionContextKey}")
    );
    assert!(action("kms:CreateKey").takes_only_star());

    assert_eq!(resources("iam:PassRole"), [("role", true)]);
    assert_eq!(action("iam:PassRole").condition_keys(), ["iam:AssociatedResourceArn", "iam:PassedToService"]);
    assert_eq!(action("iam:AttachRolePolicy").access(), PermissionsManagement);
    assert_eq!(action("iam:TagRole").access(), Tagging);

    let assume = action("sts:AssumeRoleWithWebIdentity");
    assert_eq!(assume.access(), Write);
    assert!(assume.condition_keys().contains(&"token.actions.githubusercontent.com:repository"));
    assert_eq!(resources("sts:AssumeRoleWithWebIdentity"), [("role", true)]);

    assert_eq!(resources("secretsmanager:GetSecretValue"), [("Secret", true)]);
    assert!(action("secretsmanager:GetSecretValue").condition_keys().contains(&"aws:ResourceTag/${TagKey}"));

    let entry = action("eks:CreateAccessEntry");
    assert_eq!(resources("eks:CreateAccessEntry"), [("cluster", true)]);
    assert!(entry.condition_keys().contains(&"eks:kubernetesGroups"));
    assert!(List < Read && Read < Write && Write < Tagging && Tagging < PermissionsManagement);
}

#[test]
fn names_are_looked_up_in_any_case() {
    assert_eq!(action("S3:getobject").name(), "GetObject");
    assert_eq!(catalog().service("IAM").unwrap().prefix(), "iam");
    assert_eq!(
        catalog().service("SecretsManager").unwrap().resource_type("secret").unwrap().name(),
        "Secret"
    );
    assert_eq!(key("AWS:TAGKEYS"), Some((ValueType::String, true)));
}

#[test]
fn what_is_no_action_is_not_found() {
    let long = "s3:".to_owned() + &"GetObject".repeat(200_000);
    let colons = ":".repeat(100_000);
    for name in [
        "",
        ":",
        "s3",
        "s3:",
        ":GetObject",
        "s3:GetObject ",
        "s3:Get*",
        "s3:GetObject:x",
        "s3:GetObjeçt",
        "ſ3:GetObject",
        "\u{0}",
        &long,
        &colons,
    ] {
        assert!(catalog().action(name).is_none(), "{name:.40}");
        assert!(catalog().service(name).is_none() || name == "s3", "{name:.40}");
        assert_eq!(key(name), None, "{name:.40}");
        assert!(!catalog().supports_rcp(name) || name == "s3", "{name:.40}");
        assert!(catalog().actions_on(name).is_empty(), "{name:.40}");
    }
}

#[test]
fn a_pattern_means_the_actions_it_fits() {
    assert_eq!(matching("s3:GetObject"), ["s3:GetObject"]);
    assert_eq!(matching("S3:getobjectt?gging"), ["s3:GetObjectTagging"]);
    assert_eq!(matching("sts:AssumeRole*").first().unwrap(), "sts:AssumeRole");
    assert!(matching("sts:AssumeRole*").len() >= 3);
    assert_eq!(matching("*").len(), counted("actions"));
    assert_eq!(matching("*:*").len(), counted("actions"));
    assert_eq!(matching("s3:*").len(), catalog().service("s3").unwrap().actions().len());
    assert!(matching("s3*").iter().any(|name| name.starts_with("s3tables:")));
    // A wildcard does not stop at the colon.
    assert!(matching("s*ject").contains(&"s3:GetObject".to_owned()));
    let nothing =
        ["", "s3", ":", "s3:", "nosuch:*", "s3:GetObjekt", "s3:GetObject:*", "GetObject", "s3:Get*ë"];
    for pattern in nothing {
        assert_eq!(matching(pattern), [""; 0], "{pattern}");
    }
}

#[test]
fn a_hostile_pattern_ends() {
    assert_eq!(matching(&format!("s3:{}x", "*?".repeat(50_000))), [""; 0]);
    assert!(matching(&"*".repeat(1_000)).len() == counted("actions"));
}

#[test]
fn an_unknown_action_has_a_nearest() {
    let nearest = |name: &str| catalog().nearest_action(name);
    assert_eq!(nearest("s3:GetObjct").as_deref(), Some("s3:GetObject"));
    assert_eq!(nearest("s3:listbuckets").as_deref(), Some("s3:ListBucket"));
    assert_eq!(nearest("secretmanager:GetSecretValue").as_deref(), Some("secretsmanager:GetSecretValue"));
    assert_eq!(nearest("ekss:CreateAcessEntry").as_deref(), Some("eks:CreateAccessEntry"));
    assert_eq!(nearest("s3:PutObject").as_deref(), Some("s3:PutObject"));
    let hopeless = ["", ":", "s3", "s3:", "s3:Zzzzzzzzzzz", "nosuchservice:GetObject", "日本:語"];
    for name in hopeless {
        assert_eq!(nearest(name), None, "{name}");
    }
    assert_eq!(nearest(&("s3:".to_owned() + &"é".repeat(1_000_000))), None);
}

#[test]
fn resource_types_know_their_arns() {
    let s3 = catalog().service("s3").unwrap();
    let (bucket, object) = (s3.resource_type("bucket").unwrap(), s3.resource_type("object").unwrap());
    assert_eq!(bucket.arn_patterns().collect::<Vec<_>>(), ["arn:${Partition}:s3:::${BucketName}"]);
    assert!(bucket.matches("arn:aws:s3:::shop") && bucket.matches("arn:aws-cn:s3:::shop"));
    assert!(!bucket.matches("arn:aws:s3:::shop/orders/1") && object.matches("arn:aws:s3:::shop/orders/1"));
    assert!(!object.matches("arn:aws:s3:::shop") && !object.matches("arn:aws:s3:::shop/"));
    assert!(!bucket.matches("arn:aws:s3:eu-west-1:111122223333:accesspoint"));

    let role = catalog().service("iam").unwrap().resource_type("role").unwrap();
    assert!(role.matches("arn:aws:iam::111122223333:role/apps/checkout"));
    for arn in [
        "",
        "*",
        "arn",
        "arn:aws:iam::111122223333",
        "arn:aws:iam::111122223333:user/ada",
        "arn:aws:iam::1111:2222:role/a",
    ] {
        assert!(!role.matches(arn), "{arn}");
    }
    // Two patterns of one type, a star and a brace without a dollar sign stand in the reference too.
    let authorizer = catalog().service("apigateway").unwrap().resource_type("Authorizer").unwrap();
    assert_eq!(authorizer.arn_patterns().count(), 2);
    let backup = catalog().service("opsworks-cm").unwrap().resource_type("backup").unwrap();
    assert!(backup.matches("arn:aws:opsworks-cm::111122223333:backup/server-20260926"));
}

#[test]
fn an_arn_has_its_actions() {
    let role = on("arn:aws:iam::111122223333:role/checkout");
    for name in
        ["iam:PassRole", "iam:UpdateAssumeRolePolicy", "sts:AssumeRole", "sts:AssumeRoleWithWebIdentity"]
    {
        assert!(role.contains(name), "{name}");
    }
    assert!(!role.contains("iam:CreateUser") && !role.contains("s3:GetObject"));

    let bucket = on("arn:aws:s3:::shop");
    assert!(bucket.contains("s3:ListBucket") && !bucket.contains("s3:GetObject"));
    assert!(!bucket.contains("s3:ListAllMyBuckets"));
    let object = on("arn:aws:s3:::shop/orders/1");
    assert!(object.contains("s3:GetObject") && !object.contains("s3:ListBucket"));

    let key = on("arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab");
    assert!(key.contains("kms:Decrypt") && !key.contains("kms:CreateKey"));
    assert!(on("arn:aws:eks:eu-west-1:111122223333:cluster/shop").contains("eks:CreateAccessEntry"));
    // A version of a function: the reference lists only the function for this action.
    assert!(on("arn:aws:lambda:eu-west-1:111122223333:function:pay:7").contains("lambda:InvokeFunction"));
    assert!(on("*").is_empty());
}

#[test]
fn condition_keys_have_their_types() {
    use ValueType::*;

    let expected = [
        ("aws:SourceIp", IpAddress, false),
        ("aws:SourceArn", Arn, false),
        ("aws:MultiFactorAuthAge", Numeric, false),
        ("aws:SecureTransport", Bool, false),
        ("aws:CurrentTime", Date, false),
        ("aws:PrincipalTag/team", String, false),
        ("aws:principaltag/a/b:c", String, false),
        ("aws:PrincipalTag/${TagKey}", String, false),
        ("aws:RequestTag/Owner", String, false),
        ("s3:prefix", String, false),
        ("s3:ExistingObjectTag/class", String, false),
        ("s3:x-amz-server-side-encryption-aws-kms-key-id", Arn, false),
        ("kms:EncryptionContext:SecretARN", String, false),
        ("kms:EncryptionContextKeys", String, true),
        ("kms:GrantOperations", String, true),
        ("eks:kubernetesGroups", String, true),
        ("events:Metadata/x", String, true),
        ("events:Metadata/x/Matcher", String, false),
        ("sts:ExternalId", String, false),
        ("sts:TransitiveTagKeys", String, true),
        ("secretsmanager:ResourceTag/team", String, false),
        ("identitystore:UserId", String, false),
        ("saml:aud", String, false),
        ("saml:edupersonaffiliation", String, true),
        ("token.actions.githubusercontent.com:sub", String, false),
        ("token.actions.githubusercontent.com:repository", String, false),
        ("token.actions.example.ghe.com:repository", String, false),
        ("oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B716D3041E:sub", String, false),
        ("oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B716D3041E:AUD", String, false),
        ("cognito-identity.amazonaws.com:amr", String, true),
        ("accounts.google.com:google/organization_number", Numeric, false),
    ];
    for (name, value, multi_valued) in expected {
        assert_eq!(key(name), Some((value, multi_valued)), "{name}");
        assert_eq!(catalog().is_multi_valued(name), multi_valued, "{name}");
    }
    let unknown = [
        "aws:PrincipalTag/",
        "aws:PrincipalTag",
        "aws:NoSuchKey",
        "s3:nosuch",
        "nosuch:sub",
        "oidc.example.com:nosuch",
        "aws:",
        "sub",
        "kms:EncryptionContext:",
    ];
    for name in unknown {
        assert_eq!(key(name), None, "{name}");
        assert!(!catalog().is_multi_valued(name), "{name}");
    }
    assert_eq!(key(&("aws:PrincipalTag/".to_owned() + &"/".repeat(1_000_000))), Some((String, false)));
}

#[test]
fn global_keys_with_lists_are_known() {
    let lists = [
        "aws:CalledVia",
        "aws:PrincipalOrgPaths",
        "aws:PrincipalServiceNamesList",
        "aws:ResourceOrgPaths",
        "aws:SourceOrgPaths",
        "aws:TagKeys",
        "aws:VpceOrgPaths",
    ];
    let shared = catalog().shared_keys().items().iter();
    let found = shared.filter(|key| key.name.starts_with("aws:") && key.key_type.multi_valued);
    assert_eq!(found.map(|key| key.name).collect::<Vec<_>>(), lists);
}

#[test]
fn every_key_of_a_service_is_found_by_its_name() {
    for service in catalog().services() {
        for known in service.condition_keys() {
            let found = catalog().condition_key(known.name);
            let differs = [
                ("identitystore:UserId", "q"),
                ("identitystore:UserId", "qbusiness"),
                ("cognito-identity.amazonaws.com:amr", "sts"),
            ];
            if differs.contains(&(known.name, service.prefix())) {
                assert_ne!(found, Some(known.key_type), "{} {}", service.prefix(), known.name);
            } else {
                assert_eq!(found, Some(known.key_type), "{} {}", service.prefix(), known.name);
            }
        }
    }
}

#[test]
fn some_services_have_resource_control_policies() {
    for prefix in ["s3", "sts", "kms", "sqs", "secretsmanager", "ecr"] {
        assert!(catalog().supports_rcp(prefix), "{prefix}");
    }
    for prefix in ["iam", "eks", "ec2", "nosuch", ""] {
        assert!(!catalog().supports_rcp(prefix), "{prefix}");
    }
}

/// The textbook version: exponential, and plain to see.
fn naive(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern, text) {
        ([], []) => true,
        ([b'*', rest @ ..], _) => {
            naive(rest, text) || matches!(text, [_, shorter @ ..] if naive(pattern, shorter))
        }
        ([b'?', rest @ ..], [_, shorter @ ..]) => naive(rest, shorter),
        ([a, rest @ ..], [b, shorter @ ..]) => a.eq_ignore_ascii_case(b) && naive(rest, shorter),
        _ => false,
    }
}

proptest! {
    #[test]
    fn patterns_fit_as_a_naive_matcher_says(pattern in "[abB*?]{0,8}", text in "[aAb]{0,10}") {
        prop_assert_eq!(
            glob::matches_caseless(&pattern, text.bytes()),
            naive(pattern.as_bytes(), text.as_bytes())
        );
    }

    #[test]
    fn placeholders_fit_as_a_naive_matcher_says(pattern in "[ab*]{0,4}(\\$\\{X\\}[ab]{0,3}){0,3}", text in "[ab]{0,10}") {
        let wild = pattern.replace("${X}", "?*");
        prop_assert_eq!(glob::fills(&pattern, &text), naive(wild.as_bytes(), text.as_bytes()));
    }

    #[test]
    fn any_text_is_an_answer(text in ".{0,40}(:.{0,40}){0,6}") {
        let known = catalog().action(&text).is_some();
        prop_assert_eq!(known && !glob::has_wildcard(&text), matching(&text).len() == 1 && known);
        let _ = (key(&text), catalog().nearest_action(&text), catalog().actions_on(&text));
    }
}

proptest! {
    // Each case is compared with every action there is.
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_pattern_means_what_a_scan_finds(pattern in "(s3|S?s|i*m|\\*):?[A-Ca-c*?]{0,3}\\*?") {
        let scan: Vec<String> = catalog()
            .services()
            .flat_map(|service| service.actions().iter().map(move |action| format!("{}:{}", service.prefix(), action.name())))
            .filter(|name| naive(pattern.as_bytes(), name.as_bytes()))
            .collect();
        prop_assert_eq!(matching(&pattern), scan);
    }
}
