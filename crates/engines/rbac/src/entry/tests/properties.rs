use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use ringwall_model::{Arn, AuthenticationMode, Subject};
use serde_json::{Value as Json, json};

use super::input::{aws_auth, cluster, entry};
use crate::entry::template::could_become;
use crate::entry::{Caller, Identification, Mappings, Parts, Reading, RolePaths, Rules};

/// ARNs that come close to each other: case, paths, kinds and accounts.
fn arns() -> impl Strategy<Value = String> {
    let account = prop_oneof![Just("111122223333"), Just("444455556666")];
    let kind = prop_oneof![Just("role/"), Just("user/"), Just("role/team/"), Just("user/team/")];
    let name = prop_oneof![Just("a"), Just("A"), Just("b"), Just("c")];
    (account, kind, name).prop_map(|(account, kind, name)| format!("arn:aws:iam::{account}:{kind}{name}"))
}

fn callers() -> impl Strategy<Value = String> {
    let session = ("[abc]", prop_oneof![Just("111122223333"), Just("444455556666")])
        .prop_map(|(name, account)| format!("arn:aws:sts::{account}:assumed-role/{name}/s"));
    let user = arns().prop_filter("a user", |arn| arn.contains(":user/"));
    prop_oneof![session, user]
}

#[derive(Clone, Debug)]
struct Input {
    mode: Option<AuthenticationMode>,
    entries: Vec<(String, String)>,
    roles: Vec<(String, String)>,
    users: Vec<(String, String)>,
    accounts: Vec<String>,
}

fn inputs() -> impl Strategy<Value = Input> {
    let mapped = || prop::collection::vec((arns(), "[m-z]{3}"), 0..6);
    let mode = prop_oneof![
        Just(None),
        Just(Some(AuthenticationMode::ConfigMap)),
        Just(Some(AuthenticationMode::ApiAndConfigMap)),
        Just(Some(AuthenticationMode::Api)),
    ];
    let accounts = prop::collection::vec(Just("444455556666".to_owned()), 0..2);
    (mode, mapped(), mapped(), mapped(), accounts).prop_map(|(mode, entries, roles, users, accounts)| {
        // A cluster has one access entry a principal.
        let entries: BTreeMap<String, (String, String)> =
            entries.into_iter().map(|(arn, name)| (stripped(&arn), (arn, name))).collect();
        Input { mode, entries: entries.into_values().collect(), roles, users, accounts }
    })
}

/// A role's path left out, in lower case.
fn stripped(arn: &str) -> String {
    arn.to_lowercase().replace("role/team/", "role/")
}

fn mappings(input: &Input) -> Mappings {
    let list = |key: &str, entries: &[(String, String)]| -> Vec<Json> {
        entries.iter().map(|(arn, name)| json!({key: arn, "username": name, "groups": []})).collect()
    };
    let mut cluster = cluster(&json!({"accessEntries": []}));
    cluster.info.authentication_mode = input.mode;
    cluster.aws_auth = Some(aws_auth(&json!({
        "mapRoles": list("rolearn", &input.roles),
        "mapUsers": list("userarn", &input.users),
        "mapAccounts": input.accounts,
    })));
    cluster.aws.access_entries = (1..)
        .zip(&input.entries)
        .map(|(line, (arn, name))| {
            entry(&json!({"principalArn": arn, "type": "STANDARD", "username": name}), line)
        })
        .collect();
    Mappings::of(&cluster)
}

/// The names that a caller may get, straight from the rules: no index, nothing judged beforehand.
fn naive(input: &Input, arn: &str) -> BTreeSet<String> {
    let canonical = match arn.split_once(":assumed-role/") {
        Some((head, rest)) => {
            format!("{}:role/{}", head.replace(":sts:", ":iam:"), rest.split('/').next().unwrap_or_default())
        }
        None => arn.to_owned(),
    };
    let lower = canonical.to_lowercase();
    let entries = || -> BTreeSet<String> {
        input.entries.iter().filter(|(arn, _)| stripped(arn) == lower).map(|(_, name)| name.clone()).collect()
    };
    let aws_auth = || -> BTreeSet<String> {
        let role = input.roles.iter().rev().find(|(arn, _)| arn.to_lowercase() == lower);
        if let Some((_, name)) = role {
            return BTreeSet::from([name.clone()]);
        }
        let users: BTreeMap<&str, &str> = input.users.iter().map(|(arn, name)| (&**arn, &**name)).collect();
        let found: BTreeSet<String> = users
            .into_iter()
            .filter(|(arn, _)| arn.to_lowercase() == lower)
            .map(|(_, name)| name.to_owned())
            .collect();
        let in_account = input.accounts.iter().any(|account| canonical.contains(&format!("::{account}:")));
        if found.is_empty() && in_account { BTreeSet::from([canonical.clone()]) } else { found }
    };
    match input.mode {
        Some(AuthenticationMode::Api) => entries(),
        Some(AuthenticationMode::ConfigMap) => aws_auth(),
        Some(AuthenticationMode::ApiAndConfigMap) => {
            let found = entries();
            if found.is_empty() { aws_auth() } else { found }
        }
        None => entries().into_iter().chain(aws_auth()).collect(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn identify_agrees_with_the_rules_read_one_by_one(input in inputs(), arn in callers()) {
        let got = match mappings(&input).identify(&Caller::new(arn.parse::<Arn>().unwrap())) {
            Identification::Mapped(identity) => identity.all().map(|one| one.user.name.clone()).collect(),
            Identification::NotMapped { .. } => BTreeSet::new(),
        };
        prop_assert_eq!(got, naive(&input, &arn));
    }

    #[test]
    fn the_way_back_finds_whoever_gets_in(input in inputs(), arn in callers()) {
        let mappings = mappings(&input);
        if let Identification::Mapped(identity) = mappings.identify(&Caller::new(arn.parse::<Arn>().unwrap())) {
            for one in identity.all() {
                let found = mappings.principals_of(&Subject::user(&one.user.name));
                prop_assert!(found.iter().any(|entrant| entrant.place == one.mapping && !entrant.possible));
            }
        }
    }

    #[test]
    fn case_of_the_caller_does_not_count(input in inputs(), arn in callers()) {
        let mappings = mappings(&input);
        let name = |arn: &str| {
            let found = mappings.identify(&Caller::new(arn.parse::<Arn>().unwrap()));
            found.identity().map(|identity| identity.mapping)
        };
        let (head, tail) = arn.split_once('/').unwrap();
        prop_assert_eq!(name(&arn), name(&format!("{head}/{}", tail.to_uppercase())));
    }
}

fn jsons() -> impl Strategy<Value = Json> {
    let text = prop_oneof![
        any::<String>().prop_map(Json::from),
        arns().prop_map(Json::from),
        Just(json!("{{SessionName}}{{EC2PrivateDNSName}}{{{{AccountID}}")),
        Just(json!("system:node:{{EC2PrivateDNSName}}")),
    ];
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        text
    ];
    let key = prop_oneof![
        Just("rolearn".to_owned()),
        Just("UserARN".to_owned()),
        Just("username".to_owned()),
        Just("groups".to_owned()),
        Just("sso".to_owned()),
        Just("accountID".to_owned()),
        any::<String>(),
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Json::from),
            prop::collection::vec((key.clone(), inner), 0..6)
                .prop_map(|entries| Json::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn nothing_that_is_written_makes_it_panic(
        roles in jsons(), users in jsons(), accounts in jsons(), key in any::<String>(),
        arn in prop_oneof![any::<String>(), arns(), callers()], name in any::<String>(), date in any::<String>(),
    ) {
        let map = json!({"mapRoles": roles, "mapUsers": users, "mapAccounts": accounts, key: roles});
        let mut cluster = cluster(&json!({"accessEntries": []}));
        cluster.aws_auth = Some(aws_auth(&map));
        let written = json!({"principalArn": arn, "type": name, "username": name, "createdAt": date, "kubernetesGroups": [name]});
        cluster.aws.access_entries = vec![entry(&written, 1)];
        let mappings = Mappings::of(&cluster);
        let _ = mappings.results();
        let _ = mappings.principals_of(&Subject::user(&name));
        let _ = mappings.principals_of(&Subject::group(&name));
        for arn in [arn, "arn:aws:sts::111122223333:assumed-role/a/i-01234567".to_owned()] {
            if let Ok(arn) = arn.parse::<Arn>() {
                let _ = mappings.identify(&Caller::new(arn));
            }
        }
    }

    #[test]
    fn a_filled_template_could_be_what_it_became(
        before in "[a-z:{}]{0,6}", session in "[a-z0-9_+=,.-]{2,20}", after in "[a-z:{}]{0,6}",
    ) {
        let template = format!("{before}{{{{SessionName}}}}{after}");
        let filled = format!("{before}{session}{after}");
        prop_assert!(could_become(&template, &filled));
        let raw = format!("{before}{{{{SessionNameRaw}}}}{after}");
        let colon = format!("{before}a:b{after}");
        prop_assert!(!could_become(&raw, &colon));
    }

    #[test]
    fn dates_never_panic(text in any::<String>(), close in "[0-9]{1,4}-[0-9]{1,2}-[0-9]{1,2}T[0-9:.]{0,12}[Z+-][0-9:]{0,5}") {
        let _ = ringwall_model::time::milliseconds(&text);
        let _ = ringwall_model::time::milliseconds(&close);
    }
}

/// What a webhook's list gives, straight from the rules.
fn naive_webhook(input: &Webhook, arn: &str, id: &str) -> Option<String> {
    let canonical = match arn.split_once(":assumed-role/") {
        Some((head, rest)) => {
            format!("{}:role/{}", head.replace(":sts:", ":iam:"), rest.split('/').next().unwrap_or_default())
        }
        None => arn.to_owned(),
    };
    let lower = canonical.to_lowercase();
    let is = |entry: &&(String, Option<String>, String)| {
        let (written, needed, _) = entry;
        let written = written.to_lowercase();
        let named = match written.strip_suffix('*') {
            Some(head) => input.wildcards && !written.contains("role/team/") && lower.starts_with(head),
            None => stripped(&written) == lower,
        };
        named && needed.as_deref().is_none_or(|needed| needed == id)
    };
    let exact = |entry: &&(String, Option<String>, String)| !entry.0.ends_with('*');
    for list in [&input.roles, &input.users] {
        // Of two entries that are for the same callers the last alone is there.
        let own = list.iter().rev().filter(exact).find(is);
        let mut patterns: Vec<&(String, Option<String>, String)> = Vec::new();
        for entry in list.iter().filter(|entry| !exact(entry)) {
            patterns.retain(|other| (other.0.to_lowercase(), &other.1) != (entry.0.to_lowercase(), &entry.1));
            patterns.push(entry);
        }
        if let Some((_, _, name)) = own.or_else(|| patterns.into_iter().find(|entry| is(entry))) {
            return Some(name.clone());
        }
    }
    input.accounts.iter().any(|account| canonical.contains(&format!("::{account}:"))).then_some(canonical)
}

#[derive(Clone, Debug)]
struct Webhook {
    wildcards: bool,
    roles: Vec<(String, Option<String>, String)>,
    users: Vec<(String, Option<String>, String)>,
    accounts: Vec<String>,
}

fn webhooks() -> impl Strategy<Value = Webhook> {
    let list = |kind: &'static str| {
        let arn = prop_oneof![
            4 => arns().prop_filter("of its kind", move |arn| arn.contains(kind)),
            1 => Just(format!("arn:aws:iam::111122223333{kind}*")),
            1 => Just(format!("arn:aws:iam::111122223333{kind}team/*")),
        ];
        let id = prop_oneof![3 => Just(None), 1 => "[XY]".prop_map(Some)];
        prop::collection::vec((arn, id, "[m-z]{3}"), 0..7)
    };
    let accounts = prop::collection::vec(Just("444455556666".to_owned()), 0..2);
    (any::<bool>(), list(":role/"), list(":user/"), accounts)
        .prop_map(|(wildcards, roles, users, accounts)| Webhook { wildcards, roles, users, accounts })
}

proptest! {
    #[test]
    fn a_webhook_agrees_with_its_rules_read_one_by_one(
        input in webhooks(), arn in callers(), id in "[XYZ]",
    ) {
        let list = |key: &str, entries: &[(String, Option<String>, String)]| -> Vec<Json> {
            let row = |(arn, id, name): &(String, Option<String>, String)| {
                let mut row = json!({key: arn, "username": name});
                if let Some(id) = id {
                    row["userid"] = json!(id);
                }
                row
            };
            entries.iter().map(row).collect()
        };
        let map = aws_auth(&json!({
            "mapRoles": list("rolearn", &input.roles),
            "mapUsers": list("userarn", &input.users),
            "mapAccounts": input.accounts,
        }));
        let rules = Rules { role_paths: RolePaths::ByName, wildcards: input.wildcards, ..Rules::default() };
        let mappings = Mappings::from_parts(&Parts {
            mode: Some(AuthenticationMode::ConfigMap),
            aws_auth: Some(&map),
            reading: Reading::Webhook(rules),
            ..Parts::default()
        });
        let caller = Caller { unique_id: Some(&id), ..Caller::new(arn.parse().unwrap()) };
        let found = mappings.identify(&caller);
        if let Some(identity) = found.identity() {
            prop_assert!(identity.certain && identity.complete && identity.otherwise.is_empty());
        }
        let name = found.identity().map(|identity| identity.user.name.clone());
        prop_assert_eq!(name, naive_webhook(&input, &arn, &id));
    }
}
