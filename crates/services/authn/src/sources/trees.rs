//! Lists in aws-auth's vocabulary, from whatever they are written in, to mappings.

use std::sync::Arc;

use ringwall_model::{Arn, AuthenticationMode, AwsAuthConfigMap, AwsAuthEntry, IamPrincipal, Source, Tree};
use ringwall_rbac::entry::{FlawKind, Mappings, Parts, Reading, RolePaths, Rules};

use super::Slot;
use super::principals::Principals;

/// What a task fills a source's slot with.
pub(crate) struct List {
    pub(crate) slot: Arc<Slot>,
    pub(crate) rules: Rules,
    pub(crate) principals: Arc<Principals>,
}

impl List {
    /// The mappings of a list, with what IAM is known to say of roles.
    fn mappings(&self, list: &AwsAuthConfigMap, principals: &[IamPrincipal]) -> Mappings {
        mappings(list, principals, self.rules.clone())
    }

    /// Takes up a list at once, and again when IAM has told of its roles what has to be known.
    pub(crate) async fn take(&self, list: &AwsAuthConfigMap, note: Option<String>) {
        let known = self.principals.known().await;
        let mappings = self.mappings(list, &known);
        let asked = self.with_paths(&mappings);
        self.slot.is(mappings, note.clone());
        self.ask(list, &asked, note).await;
    }

    /// Asks IAM again about the roles of a list that was taken up.
    pub(crate) async fn refresh(&self, list: &AwsAuthConfigMap, note: Option<String>) {
        let mappings = self.slot.get().mappings.clone();
        let asked = mappings.map(|mappings| self.with_paths(&mappings)).unwrap_or_default();
        self.slot.still_is();
        self.ask(list, &asked, note).await;
    }

    async fn ask(&self, list: &AwsAuthConfigMap, asked: &[Arn], note: Option<String>) {
        if asked.is_empty() {
            return;
        }
        let told = self.principals.ask(asked).await;
        if told.changed {
            let known = self.principals.known().await;
            self.slot.is(self.mappings(list, &known), told.problem.or(note));
        }
    }

    /// Roles with a path, of which IAM has to tell.
    fn with_paths(&self, mappings: &Mappings) -> Vec<Arn> {
        if self.rules.role_paths == RolePaths::ByName {
            return Vec::new();
        }
        let with_path = |principal: &str| {
            let arn: Arn = principal.parse().ok()?;
            (arn.service == "iam" && arn.resource.starts_with("role/") && arn.resource.split('/').count() > 2)
                .then_some(arn)
        };
        mappings.all().iter().filter_map(|mapping| with_path(&mapping.principal)).collect()
    }
}

/// The mappings of a list, by rules.
pub(crate) fn mappings(list: &AwsAuthConfigMap, principals: &[IamPrincipal], rules: Rules) -> Mappings {
    Mappings::from_parts(&Parts {
        mode: Some(AuthenticationMode::ConfigMap),
        aws_auth: Some(list),
        principals,
        reading: Reading::Webhook(rules),
        ..Parts::default()
    })
}

/// A list from its sections.
pub(crate) fn list(
    file: &Arc<str>,
    sections: impl IntoIterator<Item = (Arc<str>, Result<Tree, String>)>,
) -> AwsAuthConfigMap {
    let source = Source::new(Arc::clone(file), 1);
    let entry = |(key, document): (Arc<str>, Result<Tree, String>)| {
        let line = document.as_ref().map_or(1, |tree| tree.line);
        AwsAuthEntry { key, source: source.at(line), document }
    };
    let entries = sections.into_iter().map(entry).collect();
    AwsAuthConfigMap { entries, source: source.clone() }
}

/// What is wrong with a list that is to be taken whole or not at all.
///
/// A role whose path is not known yet is nothing that is wrong with the list.
pub(crate) fn wrong(list: &AwsAuthConfigMap, rules: &Rules) -> Option<String> {
    let mappings = mappings(list, &[], Rules { role_paths: RolePaths::ByName, ..rules.clone() });
    let of_mappings = mappings.all().iter().flat_map(|mapping| &mapping.flaws);
    let bad = |kind: FlawKind| {
        matches!(
            kind,
            FlawKind::BadEntry
                | FlawKind::UnreadKey
                | FlawKind::NotAPrincipal
                | FlawKind::SessionArn
                | FlawKind::Wildcard
                | FlawKind::BadPartition
                | FlawKind::Duplicate
        )
    };
    let first = mappings.flaws().iter().chain(of_mappings).find(|flaw| bad(flaw.kind))?;
    Some(format!("{}: {}", first.source, first.text))
}
