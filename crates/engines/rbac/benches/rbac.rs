//! How fast questions are answered, each beside the naive evaluator of the tests in the same run:
//! `cargo bench -p ringwall-rbac`.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a benchmark stops at the first surprise")]

#[path = "../tests/it/naive.rs"]
mod naive;

use std::collections::BTreeSet;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use ringwall_model::{
    Binding, BindingSubject, Cluster, ObjectRef, PolicyRule, Role, RoleKind, RoleRef, Source, Subject, User,
    Verdict,
};
use ringwall_rbac::{Authorizer, Question, Target};

/// Rounds of each measurement; the best counts, since what is slower is the machine's noise.
const ROUNDS: usize = 15;
const VERBS: [&str; 6] = ["get", "list", "watch", "create", "update", "delete"];
const RESOURCES: [&str; 8] =
    ["pods", "pods/log", "secrets", "configmaps", "services", "deployments", "jobs", "widgets"];

/// The same numbers in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    fn pick(&mut self, from: &[&'static str]) -> Arc<str> {
        from[self.below(from.len())].into()
    }
}

fn reference(kind: &str, namespace: Option<&str>, name: String) -> ObjectRef {
    let namespace = namespace.map(Arc::from);
    ObjectRef {
        api_version: "rbac.authorization.k8s.io/v1".into(),
        kind: kind.into(),
        namespace,
        name: name.into(),
    }
}

fn role(number: usize, numbers: &mut Numbers) -> Role {
    let rule = |line, numbers: &mut Numbers| PolicyRule {
        verbs: (0..3).map(|_| numbers.pick(&VERBS)).collect(),
        api_groups: vec!["".into()],
        resources: (0..3).map(|_| numbers.pick(&RESOURCES)).collect(),
        resource_names: if numbers.below(4) == 0 { vec![numbers.pick(&["a", "b"])] } else { Vec::new() },
        non_resource_urls: Vec::new(),
        line,
    };
    Role {
        reference: reference("ClusterRole", None, format!("role-{number}")),
        source: Source::new("roles.yaml", 1),
        labels: Vec::new(),
        rules: (1..=4).map(|line| rule(line, numbers)).collect(),
        aggregation: None,
    }
}

fn subject(kind: &str, name: String) -> BindingSubject {
    BindingSubject { kind: kind.into(), name: name.into(), namespace: None, line: 1 }
}

fn binding(number: usize, roles: usize, numbers: &mut Numbers) -> Binding {
    let namespace = format!("namespace-{}", numbers.below(100));
    let namespace = (numbers.below(10) > 0).then_some(&*namespace);
    let kind = if namespace.is_some() { "RoleBinding" } else { "ClusterRoleBinding" };
    Binding {
        reference: reference(kind, namespace, format!("binding-{number}")),
        source: Source::new("bindings.yaml", 1),
        role: RoleRef {
            kind: RoleKind::ClusterRole,
            name: format!("role-{}", number % roles).into(),
            line: 1,
        },
        subjects: vec![
            subject("User", format!("user-{}", numbers.below(1_000))),
            subject("Group", format!("group-{}", numbers.below(300))),
            subject("ServiceAccount", format!("account-{}", numbers.below(20))),
        ],
    }
}

fn cluster(roles: usize, bindings: usize) -> Cluster {
    let mut numbers = Numbers(1);
    Cluster {
        roles: (0..roles).map(|number| role(number, &mut numbers)).collect(),
        bindings: (0..bindings).map(|number| binding(number, roles, &mut numbers)).collect(),
        ..Cluster::default()
    }
}

/// Seconds that one call takes.
fn best<T>(rounds: usize, mut call: impl FnMut() -> T) -> f64 {
    (0..rounds)
        .map(|_| {
            let begun = Instant::now();
            black_box(call());
            begun.elapsed().as_secs_f64()
        })
        .fold(f64::INFINITY, f64::min)
}

fn main() {
    decisions();
    everyone();
}

fn decisions() {
    let cluster = cluster(2_000, 5_000);
    let build = best(ROUNDS, || Authorizer::new(&cluster));
    let authorizer = Authorizer::new(&cluster);
    let rules = naive::rules(&cluster);
    let mut numbers = Numbers(2);
    let users: Vec<User> = (0..1_000)
        .map(|number| {
            let groups = (0..3).map(|_| format!("group-{}", numbers.below(300)));
            User::authenticated(&format!("user-{number}"), groups.collect::<Vec<_>>())
        })
        .collect();
    let namespaces: Vec<String> = (0..100).map(|number| format!("namespace-{number}")).collect();
    let questions: Vec<Question<'_>> = users
        .iter()
        .map(|user| Question {
            user,
            verb: VERBS[numbers.below(VERBS.len())],
            target: Target::resource("", RESOURCES[numbers.below(RESOURCES.len())])
                .in_namespace(&namespaces[numbers.below(namespaces.len())]),
        })
        .collect();
    let each = questions.len() as f64;
    let allowed = questions.iter().filter(|question| authorizer.decide(question).is_allowed()).count();
    let expected = questions.iter().filter(|question| naive::decide(&cluster, &rules, question)).count();
    assert_eq!(allowed, expected);
    let indexed = best(ROUNDS * 10, || {
        questions.iter().filter(|question| black_box(authorizer.decide(question)).is_allowed()).count()
    }) / each;
    let slow =
        best(3, || questions.iter().filter(|question| naive::decide(&cluster, &rules, question)).count())
            / each;
    println!("5,000 bindings, 2,000 roles, users with four groups, {allowed} of {each} questions allowed");
    println!("index build: {:.2} ms", build * 1e3);
    println!(
        "decision: {:.2} µs, {:.0} times as fast as the naive evaluator ({:.0} µs)",
        indexed * 1e6,
        slow / indexed,
        slow * 1e6,
    );
}

fn everyone() {
    let cluster = cluster(10_000, 10_000);
    let build = best(ROUNDS, || Authorizer::new(&cluster));
    let inverse = best(ROUNDS, || {
        let authorizer = Authorizer::new(&cluster);
        authorizer.prepare_who_can();
        authorizer
    });
    let authorizer = Authorizer::new(&cluster);
    authorizer.prepare_who_can();
    let target = Target::resource("", "secrets").in_namespace("namespace-1");
    let rows = authorizer.who_can("get", &target).len();
    let anywhere_rows = authorizer.who_can_anywhere("get", &target).len();
    let indexed = best(ROUNDS, || authorizer.who_can("get", &target));
    let anywhere = best(ROUNDS, || authorizer.who_can_anywhere("get", &target));
    let rules = naive::rules(&cluster);
    let begun = Instant::now();
    let slow_rows = naive_who_can(&cluster, &rules, "get", target);
    let slow = begun.elapsed().as_secs_f64();
    let found = authorizer.who_can("get", &target).into_iter().filter(|row| row.verdict == Verdict::Allowed);
    assert_eq!(found.map(|row| row.subject).collect::<BTreeSet<_>>(), slow_rows);
    println!("10,000 roles, 10,000 bindings");
    println!("index build: {:.1} ms, with the inverse index {:.1} ms", build * 1e3, inverse * 1e3);
    println!("who-can in a namespace: {:.2} ms for {rows} rows", indexed * 1e3);
    println!(
        "    {:.0} times as fast as asking the naive evaluator for every subject ({:.2} s)",
        slow / indexed,
        slow,
    );
    println!("who-can anywhere: {:.2} ms for {anywhere_rows} rows", anywhere * 1e3);
}

/// Asks for every subject that a binding names.
fn naive_who_can(
    cluster: &Cluster,
    rules: &naive::Rules<'_>,
    verb: &str,
    target: Target<'_>,
) -> BTreeSet<Subject> {
    let mut subjects = BTreeSet::from([Subject::group("system:masters")]);
    for binding in &cluster.bindings {
        for subject in &binding.subjects {
            match (&*subject.kind, &binding.reference.namespace) {
                ("User", _) => subjects.insert(Subject::user(&subject.name)),
                ("Group", _) => subjects.insert(Subject::group(&subject.name)),
                (_, Some(namespace)) => subjects.insert(Subject::service_account(namespace, &subject.name)),
                (_, None) => false,
            };
        }
    }
    subjects.retain(|subject| {
        let user = match subject {
            Subject::Group(group) => User::new("nobody else", [&**group]),
            subject => User::new(subject.user_name().unwrap(), [""; 0]),
        };
        naive::decide(cluster, rules, &Question { user: &user, verb, target })
    });
    subjects
}
