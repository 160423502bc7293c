//! From a Kubernetes subject, or a permission, back to AWS principals.

use ringwall_model::{Arn, Decision, Subject, Verdict};

use super::mapping::{Mapping, Origin};
use super::principal::{Matcher, PrincipalKind, fold};
use super::template::{could_become, placeholders};
use super::{Mappings, Placeholder};
use crate::Target;

/// A mapping by which somebody becomes a subject.
#[derive(Clone, Copy, Debug)]
pub struct Entrant<'a> {
    /// Its place in [`Mappings::all`].
    pub place: usize,
    /// The mapping.
    pub mapping: &'a Mapping,
    /// Whether a session's or an instance's name has to be right for it, or something that is not known.
    pub possible: bool,
}

impl Mappings {
    /// The mappings by which AWS principals become this user, service account or member of this group.
    ///
    /// Access entries of which user name and groups are not known are not among them:
    /// [`not_evaluated`](Self::not_evaluated) names those.
    pub fn principals_of(&self, subject: &Subject) -> Vec<Entrant<'_>> {
        let effective = self.all.iter().enumerate().filter(|(_, mapping)| mapping.takes_effect());
        effective
            .filter_map(|(place, mapping)| {
                let surely = match subject.user_name() {
                    Some(name) => becomes_user(mapping, &name)?,
                    None => is_in_group(mapping, subject)?,
                };
                let possible =
                    !surely || matches!(mapping.matcher, Matcher::Prefix(_) | Matcher::Like { .. });
                Some(Entrant { place, mapping, possible })
            })
            .collect()
    }

    /// The mappings whose access policies allow this, or may: each with its decision, which is never a denial.
    pub fn principals_allowed(&self, verb: &str, target: &Target<'_>) -> Vec<(usize, Decision)> {
        let effective = self.all.iter().enumerate().filter(|(_, mapping)| mapping.takes_effect());
        let decided = effective.map(|(place, mapping)| {
            let mut decision = super::decide_by_policies(&mapping.policies, verb, target);
            if !mapping.policies_known && !decision.is_allowed() {
                decision.verdict = Verdict::Unknown;
                decision.not_evaluated.extend(mapping.not_evaluated.iter().cloned());
            }
            (place, decision)
        });
        decided.filter(|(_, decision)| decision.verdict != Verdict::Denied).collect()
    }
}

/// Whether the name is certain; `None` if the mapping can't give it.
fn becomes_user(mapping: &Mapping, name: &str) -> Option<bool> {
    if let Matcher::Account(id) = &mapping.matcher {
        let arn = name.parse::<Arn>().ok()?;
        let kind = PrincipalKind::of(&arn).ok()?;
        return (arn.account == *id && kind != PrincipalKind::Session).then_some(true);
    }
    produces(mapping, mapping.username.as_deref()?, name)
}

fn is_in_group(mapping: &Mapping, subject: &Subject) -> Option<bool> {
    let Subject::Group(group) = subject else { return None };
    if &**group == "system:authenticated" {
        return Some(true);
    }
    let found: Vec<bool> = mapping.groups.iter().filter_map(|own| produces(mapping, own, group)).collect();
    (!found.is_empty()).then(|| found.contains(&true))
}

/// Whether a template surely, or possibly, gives this text for this mapping's principal.
fn produces(mapping: &Mapping, template: &str, text: &str) -> Option<bool> {
    let bound = bind(mapping, template);
    if bound == text {
        return Some(true);
    }
    (!placeholders(&bound).is_empty() && could_become(&bound, text)).then_some(false)
}

/// Fills in what the mapping's own principal tells.
fn bind(mapping: &Mapping, template: &str) -> String {
    let Ok(arn) = fold(&mapping.principal).parse::<Arn>() else { return template.to_owned() };
    let mut text = template.replace(Placeholder::AccountId.text(), &arn.account);
    let has_no_session = mapping.origin != Origin::MapAccounts
        && matches!(PrincipalKind::of(&arn), Ok(PrincipalKind::User | PrincipalKind::Root));
    if has_no_session {
        for placeholder in [Placeholder::SessionName, Placeholder::SessionNameRaw] {
            text = text.replace(placeholder.text(), "");
        }
    }
    text
}
