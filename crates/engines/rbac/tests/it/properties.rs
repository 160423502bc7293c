use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;
use ringwall_model::{Cluster, Decision, Proof, Subject, User, Verdict};
use ringwall_rbac::{Authorizer, Question, Scope, Target};

use crate::generate::{self, Asked, NAMESPACES, PEOPLE, TEAMS};
use crate::naive;

fn target(asked: Asked) -> Target<'static> {
    let (_, group, resource, subresource, name, namespace, path) = asked;
    match path {
        Some(path) => Target::NonResource { path },
        None => Target::Resource { group, resource, subresource, name, namespace },
    }
}

/// Binding, role and rule of each grant of an answer.
fn grants(decision: &Decision) -> Vec<naive::Grant> {
    let mut grants = Vec::new();
    let mut binding = String::new();
    for reason in &decision.reasons {
        let Proof::Object(object) = &reason.proof else { continue };
        match (object.kind.ends_with("Binding"), reason.rule) {
            (true, _) => binding = object.to_string(),
            // The aggregating role stands between: the last role of a grant is the one that counts.
            (false, Some(rule)) => {
                if reason.text.starts_with("has this rule") {
                    continue;
                }
                grants.push((binding.clone(), object.to_string(), rule));
            }
            (false, None) => panic!("a role's reason has a rule: {reason:?}"),
        }
    }
    grants
}

/// Everyone whom small clusters can name, as somebody who is nothing else.
fn everyone() -> Vec<(Subject, User)> {
    let people = PEOPLE.iter().map(|name| {
        let user = User::new(*name, [""; 0]);
        let subject = match user.as_service_account() {
            Some((namespace, name)) => Subject::service_account(namespace, name),
            None => Subject::user(name),
        };
        (subject, user)
    });
    // A member of the group whose own name nothing uses.
    let teams = TEAMS.iter().map(|group| (Subject::group(group), User::new("nobody else", [*group])));
    people.chain(teams).collect()
}

fn who(cluster: &Cluster, asked: Asked) -> BTreeSet<Subject> {
    let rows = Authorizer::new(cluster).who_can(asked.0, &target(asked));
    rows.into_iter().filter(|row| row.verdict == Verdict::Allowed).map(|row| row.subject).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn decide_agrees_with_the_rules_read_one_by_one(
        cluster in generate::cluster(),
        questions in vec((generate::user(), generate::asked()), 1..12),
    ) {
        let authorizer = Authorizer::new(&cluster);
        let rules = naive::rules(&cluster);
        for (user, asked) in &questions {
            let question = Question { user, verb: asked.0, target: target(*asked) };
            let decision = authorizer.decide(&question);
            prop_assert_eq!(decision.is_allowed(), naive::decide(&cluster, &rules, &question), "{:?}", question);
            let mut expected = naive::all_grants(&cluster, &rules, &question);
            let explained = authorizer.explain(&question);
            prop_assert_eq!(explained.verdict, decision.verdict);
            if !user.groups.iter().any(|group| group == "system:masters") {
                let first = grants(&decision);
                prop_assert_eq!(first.first(), expected.first(), "{:?}", question);
            }
            let mut found = grants(&explained);
            found.sort();
            expected.sort();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn who_can_names_exactly_those_who_can(cluster in generate::cluster(), asked in generate::asked()) {
        let found = who(&cluster, asked);
        let rules = naive::rules(&cluster);
        for (subject, user) in everyone() {
            let question = Question { user: &user, verb: asked.0, target: target(asked) };
            let can = naive::decide(&cluster, &rules, &question);
            prop_assert_eq!(found.contains(&subject), can, "{} {:?}", subject, asked);
        }
        // And nobody besides those can be decided for as well.
        for subject in &found {
            let user = match subject.user_name() {
                Some(name) => User::new(name, [""; 0]),
                None => User::new("nobody else", [subject.to_string().trim_start_matches("group ").to_owned()]),
            };
            let question = Question { user: &user, verb: asked.0, target: target(asked) };
            prop_assert!(Authorizer::new(&cluster).decide(&question).is_allowed(), "{} {:?}", subject, asked);
        }
    }

    #[test]
    fn who_can_anywhere_is_the_sum_of_all_namespaces(cluster in generate::cluster(), asked in generate::asked()) {
        let authorizer = Authorizer::new(&cluster);
        let anywhere: BTreeSet<(Subject, Scope)> =
            authorizer.who_can_anywhere(asked.0, &target(asked)).into_iter().map(|row| (row.subject, row.scope)).collect();
        let namespaces = std::iter::once("").chain(NAMESPACES.iter().copied());
        let each: BTreeSet<(Subject, Scope)> = namespaces
            .flat_map(|namespace| authorizer.who_can(asked.0, &target(asked).in_namespace(namespace)))
            .map(|row| (row.subject, row.scope))
            .collect();
        prop_assert_eq!(anywhere, each);
    }

    #[test]
    fn rules_of_a_user_are_those_that_decide(
        cluster in generate::cluster(),
        user in generate::user(),
        asked in generate::asked(),
    ) {
        prop_assume!(!user.groups.iter().any(|group| group == "system:masters"));
        let authorizer = Authorizer::new(&cluster);
        let question = Question { user: &user, verb: asked.0, target: target(asked) };
        let by_rules = authorizer
            .rules_in(&user, question.target.namespace())
            .any(|held| naive::allows(held.rule, &question));
        prop_assert_eq!(by_rules, authorizer.decide(&question).is_allowed());
        let everywhere = authorizer.rules_of(&user).count();
        prop_assert!(everywhere >= authorizer.rules_in(&user, "n1").count());
    }
}
