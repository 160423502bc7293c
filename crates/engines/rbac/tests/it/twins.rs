//! The index and its naive twin agree, on whatever is asked of whatever cluster.

use std::collections::BTreeSet;

use proptest::prelude::*;
use ringwall_model::{Subject, User};
use ringwall_rbac::{Authorizer, Question, Scope, covers};

use crate::{generated, naive};

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn decisions(
        cluster in generated::cluster(),
        asked in proptest::collection::vec((generated::user(), generated::question()), 8),
    ) {
        let authorizer = Authorizer::new(&cluster);
        for (user, question) in &asked {
            let target = question.target();
            let ours = authorizer.decide(&Question { user, verb: question.verb, target });
            let expected = naive::allows(&cluster, user, question.verb, &target);
            prop_assert_eq!(ours.is_allowed(), expected, "{:?} {:?}: {:?}", user, question, ours);
            prop_assert_eq!(ours.reasons.is_empty(), !expected, "an allowed request has its reasons, a denied one none");
            // All grants are an answer of the same kind, and the first of them is the decision's.
            let all = authorizer.explain(&Question { user, verb: question.verb, target });
            prop_assert_eq!(all.verdict, ours.verdict);
            prop_assert_eq!(all.reasons.first(), ours.reasons.first());
        }
    }

    #[test]
    fn everyone(cluster in generated::cluster(), question in generated::question()) {
        let authorizer = Authorizer::new(&cluster);
        let target = question.target();
        // A service account and a user of its name are the same to an authorizer.
        let by_name = |(subject, scope): (Subject, Scope)| match subject.user_name() {
            Some(name) => (Subject::user(&name), scope),
            None => (subject, scope),
        };
        let rows = authorizer.who_can(question.verb, &target).into_iter();
        let ours: BTreeSet<_> = rows.map(|row| by_name((row.subject, row.scope))).collect();
        let expected: BTreeSet<_> = naive::who_can(&cluster, question.verb, &target).into_iter().map(by_name).collect();
        prop_assert_eq!(ours, expected);
    }

    /// Whoever is listed may, and whoever may is listed, by name or by group.
    #[test]
    fn listed_and_allowed(cluster in generated::cluster(), user in generated::user(), question in generated::question()) {
        let authorizer = Authorizer::new(&cluster);
        let target = question.target();
        let rows = authorizer.who_can(question.verb, &target);
        let is_listed = rows.iter().any(|row| match &row.subject {
            Subject::Group(name) => user.groups.iter().any(|group| **group == **name),
            subject => subject.user_name().as_deref() == Some(&*user.name),
        });
        let decision = authorizer.decide(&Question { user: &user, verb: question.verb, target });
        prop_assert_eq!(is_listed, decision.is_allowed());
        for row in rows {
            let member = match &row.subject {
                Subject::Group(name) => User::new("somebody", [name.to_string()]),
                subject => User::new(subject.user_name().unwrap_or_default(), Vec::<String>::new()),
            };
            let decision = authorizer.decide(&Question { user: &member, verb: question.verb, target });
            prop_assert!(decision.is_allowed(), "{:?} is listed for {:?}", row, question);
        }
    }

    #[test]
    fn coverage(
        held in proptest::collection::vec(generated::rule(), 0..5),
        wanted in proptest::collection::vec(generated::rule(), 0..4),
    ) {
        prop_assert_eq!(covers(&held, &wanted).count(), naive::uncovered(&held, &wanted));
    }
}
