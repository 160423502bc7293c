//! The ConfigMap aws-auth, decoded as Go decodes it.
//!
//! Source: aws-iam-authenticator 81b1daba, `pkg/mapper/configmap/configmap.go` `ParseMap`,
//! `pkg/config/mapper.go` `Validate`; Go's `encoding/json`, into which `mapRoles` and `mapUsers` go after
//! their conversion from YAML: keys in any case and sorted, `null` and wrong types leave a field as it was.

use std::sync::Arc;

use ringwall_model::{Arn, AwsAuthConfigMap, AwsAuthEntry, Severity, Source, Tree, Value};

use super::Reading;
use super::flaw::{Flaw, FlawKind};
use super::mapping::{Mapping, Origin};
use super::principal::{Matcher, PrincipalKind, canonical, fold};
use super::sso::Sso;

/// What an aws-auth says.
#[derive(Default)]
pub(super) struct Decoded {
    pub(super) mappings: Vec<Mapping>,
    pub(super) flaws: Vec<Flaw>,
    pub(super) not_evaluated: Vec<String>,
}

const SECTIONS: [(&str, Origin); 3] =
    [("mapRoles", Origin::MapRoles), ("mapUsers", Origin::MapUsers), ("mapAccounts", Origin::MapAccounts)];

/// Reads all of it. Mappings stand in the order in which the authenticator searches them.
pub(super) fn decode(config_map: &AwsAuthConfigMap, reading: &Reading) -> Decoded {
    let mut decoded = Decoded::default();
    for (key, origin) in SECTIONS {
        for entry in config_map.entries.iter().filter(|entry| *entry.key == *key) {
            section(entry, origin, reading, &mut decoded);
        }
    }
    for entry in &config_map.entries {
        if !SECTIONS.iter().any(|(key, _)| *entry.key == **key) {
            unread(entry, reading, &mut decoded);
        }
    }
    decoded
}

/// A key that nobody reads; what it says is kept, so that it can be told what does not take effect.
fn unread(entry: &AwsAuthEntry, reading: &Reading, decoded: &mut Decoded) {
    let meant = SECTIONS.iter().find(|(key, _)| key.eq_ignore_ascii_case(&entry.key));
    let text = match meant {
        Some((key, _)) => format!("the key `{}` is not read: it has to be `{key}`, in this case", entry.key),
        None => format!("the key `{}` is not read", entry.key),
    };
    let severity = if meant.is_some() { Severity::Medium } else { Severity::Low };
    let flaw = |source: &Source| Flaw {
        kind: FlawKind::UnreadKey,
        text: text.clone(),
        severity,
        never: true,
        source: source.clone(),
    };
    let mut inside = Decoded::default();
    if let Some((_, origin)) = meant {
        section(entry, *origin, reading, &mut inside);
    }
    if inside.mappings.is_empty() {
        decoded.flaws.push(flaw(&entry.source));
    }
    decoded.mappings.extend(inside.mappings.into_iter().map(|mut mapping| {
        mapping.flaws.insert(0, flaw(&mapping.source));
        mapping
    }));
}

fn section(entry: &AwsAuthEntry, origin: Origin, reading: &Reading, decoded: &mut Decoded) {
    let tree = match &entry.document {
        Ok(tree) => tree,
        Err(why) => {
            let text = format!(
                "`{}` can't be read: {why}; the authenticator drops a list that it can't read",
                entry.key
            );
            decoded
                .not_evaluated
                .push(format!("`{}` of aws-auth ({}) can't be read: {why}", entry.key, entry.source));
            decoded.flaws.push(bad(text, Severity::High, true, &entry.source));
            return;
        }
    };
    match &tree.value {
        Value::Null => {}
        Value::String(text) if is_skippable(text) => {}
        Value::Sequence(items) => {
            for (index, item) in items.iter().enumerate() {
                let source = entry.source.at(item.line);
                decoded.mappings.push(match origin {
                    Origin::MapAccounts => account(item, index, source),
                    _ => role_or_user(item, origin, index, source, reading),
                });
            }
        }
        _ => {
            let text =
                format!("`{}` is {} where a list is needed: none of it counts", entry.key, tree.kind());
            decoded.flaws.push(bad(text, Severity::High, true, &entry.source));
        }
    }
}

/// Texts that count as absent.
fn is_skippable(text: &str) -> bool {
    matches!(text.trim(), "" | "``" | "\"\"" | "''")
}

fn bad(text: String, severity: Severity, never: bool, source: &Source) -> Flaw {
    Flaw { kind: FlawKind::BadEntry, text, severity, never, source: source.clone() }
}

/// An account id is text whatever it looks like: `yaml.v2` gives a string field the number's own text, so that
/// neither leading zeros nor octal digits are lost.
fn account(item: &Tree, index: usize, source: Source) -> Mapping {
    let id: Option<Arc<str>> = match &item.value {
        Value::String(text) => Some(Arc::clone(text)),
        Value::Number(number) => Some(Arc::clone(&number.written)),
        _ => None,
    };
    let mut mapping = blank(Origin::MapAccounts, index, source);
    match id {
        Some(id) if id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit()) => {
            mapping.matcher = Matcher::Account(id.to_string());
            mapping.principal = id;
        }
        Some(id) => {
            let text = format!("`{id}` is not an account id: twelve digits, in quotes");
            mapping.flaws.push(bad(text, Severity::Medium, true, &mapping.source));
            mapping.principal = id;
        }
        None => {
            let text = format!("the entry is {} where an account id is needed", item.kind());
            mapping.flaws.push(bad(text, Severity::Medium, true, &mapping.source));
        }
    }
    mapping
}

fn blank(origin: Origin, index: usize, source: Source) -> Mapping {
    Mapping {
        origin,
        index,
        principal: "".into(),
        kind: None,
        username: None,
        groups: Vec::new(),
        policies: Vec::new(),
        policies_known: true,
        not_evaluated: Vec::new(),
        source,
        flaws: Vec::new(),
        created_at: None,
        unique_id: None,
        matcher: Matcher::Nobody,
    }
}

fn role_or_user(item: &Tree, origin: Origin, index: usize, source: Source, reading: &Reading) -> Mapping {
    let mut mapping = blank(origin, index, source);
    if !matches!(item.value, Value::Mapping(_)) {
        let text = format!("the entry is {} where a mapping is needed; it is skipped", item.kind());
        mapping.flaws.push(bad(text, Severity::Medium, true, &mapping.source));
        return mapping;
    }
    let mut fields = Fields { tree: item, flaws: Vec::new(), source: mapping.source.clone() };
    let arn_key = if origin == Origin::MapRoles { "rolearn" } else { "userarn" };
    let arn = fields.string(arn_key);
    let sso = if origin == Origin::MapRoles { fields.sso() } else { None };
    mapping.username = Some(fields.string("username"));
    mapping.groups = fields.groups();
    // EKS's authenticator reads it and never uses it.
    let user_id = fields.string("userid");
    if reading.rules().is_some() && !user_id.is_empty() {
        mapping.unique_id = Some(Arc::clone(&user_id));
    }
    fields.unknown(&[
        arn_key,
        "username",
        "groups",
        "userid",
        if origin == Origin::MapRoles { "sso" } else { "" },
    ]);
    mapping.flaws = fields.flaws;
    let refused = |text: String| bad(text, Severity::Medium, true, &mapping.source);
    match (arn.is_empty(), sso) {
        (true, None) if mapping.unique_id.is_some() => {
            mapping.matcher = Matcher::Id(user_id.to_string());
            mapping.principal = user_id;
        }
        (true, None) => {
            let other = if origin == Origin::MapRoles { " nor `sso`" } else { "" };
            mapping.flaws.push(refused(format!("the entry has no `{arn_key}`{other}; it is skipped")));
        }
        (false, Some(_)) => {
            mapping
                .flaws
                .push(refused(format!("the entry has `rolearn` (`{arn}`) and `sso`; it is skipped")));
            mapping.principal = arn;
        }
        (false, None) => {
            mapping.matcher = matcher(&arn, reading);
            mapping.principal = arn;
        }
        (true, Some(sso)) => match sso.validate() {
            Ok(()) => {
                mapping.principal = sso.pattern(reading).into();
                mapping.matcher = sso.matcher(reading);
                if *reading == Reading::Eks {
                    mapping.flaws.push(sso.flaw(&mapping.source));
                }
            }
            Err(why) => mapping.flaws.push(refused(why)),
        },
    }
    if reading.rules().is_some_and(|rules| rules.require_user_ids) && mapping.unique_id.is_none() {
        let text = format!("`{}` has no `userid`, and unique ids are demanded", mapping.principal);
        mapping.flaws.push(bad(text, Severity::Medium, true, &mapping.source));
    }
    if mapping.username.as_deref() == Some("") && mapping.matcher != Matcher::Nobody {
        let text = format!("`{}` gets no user name", mapping.principal);
        mapping.flaws.push(bad(text, Severity::Low, false, &mapping.source));
    }
    mapping
}

/// Whom an ARN means.
fn matcher(written: &str, reading: &Reading) -> Matcher {
    let folded = fold(written);
    let (Some(rules), Ok(arn)) = (reading.rules(), folded.parse::<Arn>()) else {
        return Matcher::Exact(folded);
    };
    if rules.wildcards && arn.resource.contains(['*', '?']) {
        // What IAM would match by a path, no session's ARN has.
        let is_like = arn.service == "iam"
            && arn.region.is_empty()
            && !arn.account.contains(['*', '?'])
            && !arn.partition.contains(['*', '?'])
            && match arn.kind_and_rest() {
                Some(("role", name)) => !name.contains('/'),
                Some((kind, _)) => kind == "user",
                None => false,
            };
        if is_like {
            let head = format!("arn:{}:iam::{}:", arn.partition, arn.account);
            return Matcher::Like { head, resource: arn.resource };
        }
    }
    match PrincipalKind::of(&arn) {
        Ok(PrincipalKind::Role) => Matcher::Exact(canonical(&arn, PrincipalKind::Role)),
        _ => Matcher::Exact(folded),
    }
}

/// The fields of one entry, with what is lost of them.
struct Fields<'t> {
    tree: &'t Tree,
    flaws: Vec<Flaw>,
    source: Source,
}

impl<'t> Fields<'t> {
    /// The values of a key in every spelling, the one that counts last.
    fn spelled(&self, key: &str) -> Vec<&'t Tree> {
        let mut entries: Vec<_> =
            self.tree.entries().iter().filter(|entry| fold(&entry.key) == fold(key)).collect();
        entries.sort_by(|a, b| a.key.cmp(&b.key));
        entries.into_iter().map(|entry| &entry.value).filter(|value| !value.is_null()).collect()
    }

    fn lost(&mut self, key: &str, value: &Tree, needed: &str) {
        let written = match &value.value {
            Value::Number(number) => format!(" (`{}`)", number.written),
            Value::Bool(value) => format!(" (`{value}`)"),
            Value::String(text) => format!(" (`{text}`)"),
            _ => String::new(),
        };
        let text = format!("`{key}` is {}{written} where {needed} is needed; it stays empty", value.kind());
        self.flaws.push(bad(text, Severity::Medium, false, &self.source.at(value.line)));
    }

    fn string(&mut self, key: &str) -> Arc<str> {
        let mut found: Arc<str> = "".into();
        for value in self.spelled(key) {
            match value.as_shared() {
                Some(text) => found = Arc::clone(text),
                None => self.lost(key, value, "a string"),
            }
        }
        found
    }

    fn groups(&mut self) -> Vec<Arc<str>> {
        let mut groups = Vec::new();
        for value in self.spelled("groups") {
            let Value::Sequence(items) = &value.value else {
                self.lost("groups", value, "a list of strings");
                continue;
            };
            groups.clear();
            for item in items {
                if item.as_shared().is_none() {
                    self.lost("groups", item, "a string");
                }
                groups.push(item.as_shared().map_or_else(|| "".into(), Arc::clone));
            }
        }
        groups
    }

    /// Anything but `null` is there, even if nothing can be read from it.
    fn sso(&mut self) -> Option<Sso> {
        let value = *self.spelled("sso").last()?;
        let mut inside = Fields { tree: value, flaws: Vec::new(), source: self.source.at(value.line) };
        let sso = Sso {
            permission_set: inside.string("permissionSetName"),
            account: inside.string("accountID"),
            partition: inside.string("partition"),
        };
        if !matches!(value.value, Value::Mapping(_)) {
            self.lost("sso", value, "a mapping");
        }
        self.flaws.append(&mut inside.flaws);
        Some(sso)
    }

    /// Keys that the authenticator does not know, such as `group`.
    fn unknown(&mut self, known: &[&str]) {
        for entry in self.tree.entries() {
            if !known.iter().any(|key| fold(key) == fold(&entry.key)) {
                let text = format!("the key `{}` is not read", entry.key);
                self.flaws.push(bad(text, Severity::Low, false, &self.source.at(entry.line)));
            }
        }
    }
}
