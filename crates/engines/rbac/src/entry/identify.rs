//! From a caller to an identity.
//!
//! Source: aws-iam-authenticator 81b1daba, `pkg/server/server.go` `doMapping` and `renderTemplates`,
//! `pkg/mapper/configmap/mapper.go` `Map`.

use hashbrown::HashMap;
use ringwall_model::{Arn, AuthenticationMode, User};

use super::mapping::{Mapping, Origin};
use super::principal::{Matcher, PrincipalKind, canonical, fold, session_name};
use super::template::{is_instance_id, placeholders};
use super::{Caller, Identification, Identity, Mappings, Parts, Placeholder, Reading};

/// Near misses that an answer names.
const MOST_NEAR: usize = 5;

/// Mappings by what they match.
#[derive(Clone, Debug, Default)]
pub(super) struct Lookup {
    /// Those that are found, by folded canonical ARN, in the order of search.
    exact: HashMap<String, Vec<usize>>,
    /// Entries with patterns that are found, in the order of search.
    patterns: Vec<usize>,
    /// Entries that name a unique id alone, in the order of search.
    unique_ids: HashMap<String, Vec<usize>>,
    /// Accounts let in as a whole.
    accounts: HashMap<String, usize>,
    /// Those that are not, by the folded canonical ARN that they were meant for.
    near: HashMap<String, Vec<usize>>,
    /// Unique ids of exported users and roles, by folded canonical ARN.
    ids: HashMap<String, String>,
    /// Names of nodes by EC2 instance id.
    nodes: HashMap<String, String>,
    /// What could let in a caller that nothing names.
    gaps: Vec<String>,
    /// What could change a caller's identity if aws-auth alone names it.
    entries_unknown: bool,
}

impl Lookup {
    pub(super) fn new(all: &[Mapping], parts: &Parts<'_>, gaps: Vec<String>) -> Self {
        let mut lookup = Self { gaps, ..Self::default() };
        lookup.entries_unknown =
            parts.mode != Some(AuthenticationMode::ConfigMap) && !parts.access_entries_exported;
        for (place, mapping) in all.iter().enumerate() {
            if !mapping.is_found() {
                if let Some(meant) = meant(&mapping.principal) {
                    lookup.near.entry(meant).or_default().push(place);
                }
                continue;
            }
            match &mapping.matcher {
                Matcher::Exact(key) => lookup.exact.entry(key.clone()).or_default().push(place),
                Matcher::Prefix(_) | Matcher::PermissionSet(_) | Matcher::Like { .. } => {
                    lookup.patterns.push(place);
                }
                Matcher::Id(id) => lookup.unique_ids.entry(id.clone()).or_default().push(place),
                Matcher::Account(id) => {
                    lookup.accounts.entry(id.clone()).or_insert(place);
                }
                Matcher::Nobody => {}
            }
        }
        for principal in parts.principals {
            if let (Some(arn), Some(id)) = (meant(&principal.arn), &principal.id) {
                lookup.ids.insert(arn, id.to_string());
            }
        }
        for (provider_id, name) in &parts.nodes {
            // `aws:///eu-west-1a/i-0123456789abcdef0`
            if let Some(instance) = provider_id.rsplit('/').next().filter(|id| is_instance_id(id)) {
                lookup.nodes.insert(instance.to_owned(), (*name).to_owned());
            }
        }
        lookup
    }
}

/// The folded canonical ARN of whoever an ARN was meant for.
fn meant(principal: &str) -> Option<String> {
    let arn: Arn = fold(principal.trim()).parse().ok()?;
    let kind = PrincipalKind::of(&arn).ok()?;
    Some(canonical(&arn, kind))
}

impl Mappings {
    /// What a caller becomes.
    ///
    /// The cost is one look-up, whatever the number of mappings.
    pub fn identify(&self, caller: &Caller<'_>) -> Identification {
        let refused =
            |why: String| Identification::NotMapped { why: vec![why], not_evaluated: Vec::new(), ends: true };
        let kind = match PrincipalKind::of(&caller.arn) {
            Ok(kind) => kind,
            Err(why) => return refused(why),
        };
        let canonical = canonical(&caller.arn, kind);
        let folded = fold(&canonical);
        let values = Values::new(caller, kind, &self.lookup.nodes);
        let mut failures = Vec::new();
        let candidates = match &self.reading {
            Reading::Eks => self.candidates(&folded, &caller.arn.account),
            Reading::Webhook(_) => {
                let candidates = self.webhook_candidates(&folded, caller);
                match self.chosen(&candidates, caller.unique_id) {
                    Ok(chosen) => chosen.into_iter().collect(),
                    Err(why) => return refused(why),
                }
            }
        };
        let several = candidates.len() > 1;
        let mut identities = Vec::new();
        for place in candidates {
            let Some(mapping) = self.all.get(place) else { continue };
            match self.identity(mapping, place, &canonical, &values) {
                Ok(identity) => identities.push(identity),
                Err(why) => failures.push(why),
            }
        }
        if identities.is_empty() {
            return self.not_mapped(&canonical, &folded, failures);
        }
        let mut first = identities.remove(0);
        first.otherwise = identities;
        self.compare_ids(&mut first, caller, &folded);
        if several {
            first.certain = false;
            first
                .not_evaluated
                .push(format!("`{canonical}` is mapped more than once, and which entry counts is not known"));
        }
        first.not_evaluated.extend(failures);
        Identification::Mapped(first)
    }

    /// Places of the mappings of which one becomes the identity, the likeliest first.
    fn candidates(&self, folded: &str, account: &str) -> Vec<usize> {
        let exact = self.lookup.exact.get(folded).map_or(&[][..], Vec::as_slice);
        let of = |origin: Origin| {
            // Of two that are equally good the later one, as in a map that is filled from front to back.
            let all = exact.iter().rev().copied();
            all.filter(move |place| self.all.get(*place).is_some_and(|mapping| mapping.origin == origin))
        };
        let mut found: Vec<usize> = of(Origin::AccessEntry).collect();
        // Without a mode either list may be the one that counts.
        if !found.is_empty() && self.mode.is_some() {
            return found;
        }
        let entries = found.len();
        found.extend(of(Origin::MapRoles));
        let surely = found.len() > entries;
        let permission_sets = self.lookup.patterns.iter().copied();
        found.extend(permission_sets.filter(|place| {
            self.all.get(*place).is_some_and(|mapping| mapping.matcher.matches(folded, account, None))
        }));
        if surely {
            return found;
        }
        let before = found.len();
        found.extend(of(Origin::MapUsers));
        if found.len() == before {
            found.extend(self.lookup.accounts.get(account));
        }
        found
    }

    /// Places of the mappings that a webhook finds for a caller, the first of which counts: what is written exactly before
    /// patterns, roles before users before accounts; of two that are equally good the later, as in a map that is filled from
    /// front to back, and of two patterns the earlier.
    fn webhook_candidates(&self, folded: &str, caller: &Caller<'_>) -> Vec<usize> {
        let account = &caller.arn.account;
        let exact = self.lookup.exact.get(folded).into_iter().flatten().rev();
        let by_id = caller.unique_id.and_then(|id| self.lookup.unique_ids.get(id));
        let patterns = self.lookup.patterns.iter().filter(|place| {
            self.all.get(**place).is_some_and(|it| it.matcher.matches(folded, account, caller.unique_id))
        });
        let mut found: Vec<usize> = exact
            .chain(by_id.into_iter().flatten().rev())
            .chain(patterns)
            .chain(self.lookup.accounts.get(account))
            .copied()
            .collect();
        // Stable: within a list the order above stays.
        found.sort_by_key(|place| self.all.get(*place).map(|mapping| mapping.origin));
        found
    }

    /// The first of them that is for this caller's unique id.
    fn chosen(&self, candidates: &[usize], unique_id: Option<&str>) -> Result<Option<usize>, String> {
        let is_for = |place: &&usize| {
            let needed = self.all.get(**place).and_then(|mapping| mapping.unique_id.as_deref());
            needed.is_none() || needed == unique_id
        };
        let mut own = candidates.iter().filter(is_for);
        let Some(first) = own.next() else { return Ok(None) };
        let entry = |place: &usize| self.all.get(*place).filter(|it| it.origin == Origin::AccessEntry);
        if let (Some(first), Some(second)) = (entry(first), own.next().and_then(entry))
            && first.unique_id.is_none()
        {
            return Err(format!(
                "`{}` and `{}` both have an access entry, and which of them the caller is can't be told",
                first.principal, second.principal
            ));
        }
        Ok(Some(*first))
    }

    fn identity(
        &self,
        mapping: &Mapping,
        place: usize,
        canonical: &str,
        values: &Values<'_>,
    ) -> Result<Identity, String> {
        if let Some(flaw) = mapping.flaws.iter().find(|flaw| flaw.never) {
            return Err(flaw.text.clone());
        }
        let (name, groups) = if mapping.origin == Origin::MapAccounts {
            (canonical.to_owned(), Vec::new())
        } else {
            let name = values.fill(mapping.username.as_deref().unwrap_or_default())?;
            let groups: Result<Vec<String>, String> =
                mapping.groups.iter().map(|group| values.fill(group)).collect();
            (name, groups?)
        };
        if let Some(rules) = self.reading.rules().filter(|_| mapping.origin != Origin::MapAccounts) {
            rules.check(mapping, &name, &groups).map_err(|why| format!("the login is refused: {why}"))?;
        }
        let mut open: Vec<Placeholder> = Vec::new();
        if mapping.origin != Origin::MapAccounts {
            open = std::iter::once(&name).chain(&groups).flat_map(|text| placeholders(text)).collect();
            open.sort_unstable();
            open.dedup();
        }
        let mut not_evaluated = mapping.not_evaluated.clone();
        not_evaluated.extend(open.iter().map(|placeholder| open_text(*placeholder, &name)));
        let is_permission_set = matches!(mapping.matcher, Matcher::Prefix(_));
        if is_permission_set {
            not_evaluated.push(format!(
                "`{}` counts only with the authenticator's feature gate SSORoleMatch; whether EKS sets it is not documented",
                mapping.principal
            ));
        }
        if self.mode.is_none() && self.reading == Reading::Eks {
            not_evaluated.extend(self.lookup.gaps.first().cloned());
        }
        if mapping.origin.is_aws_auth() && self.lookup.entries_unknown {
            not_evaluated.push(format!(
                "access entries are not in the snapshot; one for `{canonical}` would count in place of aws-auth"
            ));
        }
        Ok(Identity {
            user: authenticated(name, groups),
            mapping: place,
            open,
            complete: mapping.not_evaluated.is_empty(),
            certain: !is_permission_set,
            otherwise: Vec::new(),
            policies: mapping.policies.clone(),
            reasons: vec![mapping.reason()],
            not_evaluated,
        })
    }

    /// An access entry is bound to a unique id that no export shows: a caller who is not the exported
    /// principal may be the one it is bound to, or not.
    fn compare_ids(&self, identity: &mut Identity, caller: &Caller<'_>, folded: &str) {
        let exported = self.lookup.ids.get(folded).map(String::as_str);
        let is_entry = self.all.get(identity.mapping).is_some_and(|it| it.origin == Origin::AccessEntry);
        if self.reading == Reading::Eks
            && let (true, Some(own), Some(exported)) = (is_entry, caller.unique_id, exported)
            && own != exported
        {
            identity.certain = false;
            identity.not_evaluated.push(format!(
                "the caller's unique id `{own}` is not the exported principal's `{exported}`; to which of them the \
                 access entry is bound is not known"
            ));
        }
    }

    fn not_mapped(&self, canonical: &str, folded: &str, failures: Vec<String>) -> Identification {
        let failed = !failures.is_empty();
        let mut why = failures;
        if !failed {
            why.push(match self.mode {
                Some(AuthenticationMode::Api) => format!("no access entry names `{canonical}`"),
                Some(AuthenticationMode::ConfigMap) => format!("aws-auth does not name `{canonical}`"),
                Some(AuthenticationMode::ApiAndConfigMap) | None => {
                    format!("neither an access entry nor aws-auth names `{canonical}`")
                }
            });
        }
        let near =
            self.lookup.near.get(folded).into_iter().flatten().filter_map(|place| self.all.get(*place));
        let bound = self.lookup.exact.get(folded).into_iter().flatten();
        let bound = bound.filter_map(|place| self.all.get(*place).filter(|it| it.unique_id.is_some()));
        why.extend(bound.take(if failed { 0 } else { MOST_NEAR }).map(|mapping| {
            format!(
                "{}: `{}` is mapped for another unique id than the caller's",
                mapping.source, mapping.principal
            )
        }));
        for mapping in near.take(MOST_NEAR) {
            let never = mapping.flaws.iter().filter(|flaw| flaw.never);
            why.extend(never.map(|flaw| format!("{}: {}", flaw.source, flaw.text)));
        }
        // A login that fails is not tried elsewhere.
        let not_evaluated = if failed { Vec::new() } else { self.lookup.gaps.clone() };
        Identification::NotMapped { why, not_evaluated, ends: failed }
    }
}

fn open_text(placeholder: Placeholder, name: &str) -> String {
    let what = match placeholder {
        Placeholder::Ec2PrivateDnsName => "the instance's private DNS name",
        Placeholder::AccountId => "the account",
        Placeholder::SessionName | Placeholder::SessionNameRaw => "the session's name",
        Placeholder::AccessKeyId => "the access key",
    };
    format!("{what} is not known, so bindings to single names that `{name}` can become are not evaluated")
}

/// A user with the group that the apiserver adds to whoever has none of the two.
///
/// Source: Kubernetes v1.34, `apiserver/pkg/authentication/group/authenticated_group_adder.go`.
fn authenticated(name: String, groups: Vec<String>) -> User {
    let has_either = groups.iter().any(|it| it == "system:authenticated" || it == "system:unauthenticated");
    if has_either { User::new(name, groups) } else { User::authenticated(&name, groups) }
}

/// What placeholders are filled with.
struct Values<'a> {
    account: &'a str,
    /// Empty for callers that are no session; `None` for a role, whose sessions have any name.
    session: Option<&'a str>,
    access_key: Option<&'a str>,
    dns_name: Option<&'a str>,
}

impl<'a> Values<'a> {
    fn new(caller: &'a Caller<'a>, kind: PrincipalKind, nodes: &'a HashMap<String, String>) -> Self {
        let session = match kind {
            PrincipalKind::Role => None,
            _ => Some(session_name(&caller.arn, kind).unwrap_or_default()),
        };
        let known = || session.and_then(|session| nodes.get(session)).map(String::as_str);
        Self {
            account: &caller.arn.account,
            session,
            access_key: caller.access_key_id,
            dns_name: caller.private_dns_name.or_else(known),
        }
    }

    /// Fills in what is known, in the authenticator's order; the login fails otherwise.
    fn fill(&self, template: &str) -> Result<String, String> {
        let mut text = template.to_owned();
        let dns = Placeholder::Ec2PrivateDnsName.text();
        if let Some(session) = self.session.filter(|_| text.contains(dns)) {
            if !is_instance_id(session) {
                return Err(format!(
                    "the login fails: `{template}` needs an EC2 instance id as the session's name, not `{session}`"
                ));
            }
            if let Some(name) = self.dns_name {
                text = text.replace(dns, name);
            }
        }
        text = text.replace(Placeholder::AccountId.text(), self.account);
        if let Some(session) = self.session {
            text = text.replace(Placeholder::SessionName.text(), &session.replace('@', "-"));
            text = text.replace(Placeholder::SessionNameRaw.text(), session);
        }
        if let Some(key) = self.access_key {
            text = text.replace(Placeholder::AccessKeyId.text(), key);
        }
        Ok(text)
    }
}
