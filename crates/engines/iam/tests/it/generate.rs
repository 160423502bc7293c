//! Lines of a batch from small alphabets: all layers, all elements, and now and then a policy that AWS refuses.

mod alphabet;
mod conditions;
mod refused;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use alphabet::{ASKERS, Asker, EC2, Family, IAM, KMS, OTHERS, S3, SQS, STS};

/// What a policy of a layer looks like.
#[derive(Clone, Copy, Debug)]
struct Shape {
    family: &'static Family,
    asker: &'static Asker,
    layer: &'static str,
}

impl Shape {
    fn limits(self) -> bool {
        !["identity", "resource"].contains(&self.layer)
    }

    fn is_trust(self) -> bool {
        self.layer == "resource" && self.family.trust
    }
}

/// One text, or several as a list.
fn texts(one: impl Strategy<Value = &'static str> + Clone) -> impl Strategy<Value = Value> {
    prop_oneof![
        30 => one.clone().prop_map(Value::from),
        20 => vec(one, 1..=3).prop_map(Value::from),
        1 => Just(json!([])),
    ]
}

fn action(family: &'static Family) -> impl Strategy<Value = Value> {
    texts(prop_oneof![2 => Just("*"), 6 => select(family.action_patterns), 1 => Just("other:*")])
}

fn resource(family: &'static Family) -> impl Strategy<Value = Value> {
    texts(prop_oneof![3 => Just("*"), 5 => select(family.resource_patterns)])
}

/// A Principal element; with `*` or without.
fn principal(shape: Shape) -> impl Strategy<Value = Value> {
    let named = prop_oneof![
        6 => select(shape.asker.names),
        1 => select(OTHERS),
    ];
    let map = vec(named, 1..=3).prop_map(|named| {
        let mut map = json!({});
        for (kind, text) in named {
            match &mut map[kind] {
                Value::Array(all) => all.push(json!(text)),
                empty @ Value::Null => *empty = json!(text),
                one => *one = json!([one, text]),
            }
        }
        map
    });
    prop_oneof![2 => Just(json!("*")), 1 => Just(json!({"AWS": "*"})), 10 => map]
}

fn principal_element(shape: Shape) -> BoxedStrategy<Option<(&'static str, Value)>> {
    match shape.layer {
        "rcp" => Just(Some(("Principal", json!("*")))).boxed(),
        "vpcEndpoint" => principal(shape).prop_map(|value| Some(("Principal", value))).boxed(),
        "resource" => (prop::bool::weighted(0.2), principal(shape))
            .prop_map(move |(not, value)| {
                Some((if not && !shape.is_trust() { "NotPrincipal" } else { "Principal" }, value))
            })
            .boxed(),
        _ => Just(None).boxed(),
    }
}

fn statement(shape: Shape) -> impl Strategy<Value = Value> {
    let from_account = (shape.asker.principal)().is_string();
    let conditions = if shape.limits() { 0.25 } else { 0.4 };
    (
        prop::bool::weighted(0.8),
        principal_element(shape),
        (prop::bool::weighted(0.12), action(shape.family)),
        (prop::bool::weighted(0.12), resource(shape.family)),
        prop::bool::weighted(0.15),
        option::weighted(conditions, conditions::condition(from_account)),
        prop::bool::weighted(0.3),
        prop::bool::weighted(0.6),
    )
        .prop_map(move |(allow, principal, action, resource, attached, condition, sid, guarded)| {
            // NotPrincipal is there for Deny above all.
            let spares = principal.as_ref().is_some_and(|(element, _)| *element == "NotPrincipal");
            let allow = allow && (guarded || !spares);
            let mut statement = json!({"Effect": if allow { "Allow" } else { "Deny" }});
            if sid {
                statement["Sid"] = json!("S");
            }
            if let Some((element, value)) = principal {
                statement[element] = value;
            }
            statement[if action.0 { "NotAction" } else { "Action" }] = action.1;
            if !(shape.is_trust() || (shape.layer == "resource" && attached)) {
                statement[if resource.0 { "NotResource" } else { "Resource" }] = resource.1;
            }
            // A Deny without condition ends most questions at once.
            let guard = (!allow && guarded).then(|| json!({"Bool": {"aws:SecureTransport": false}}));
            if let Some(condition) = condition.or(guard) {
                statement["Condition"] = condition;
            }
            statement
        })
}

fn policy(shape: Shape) -> BoxedStrategy<Value> {
    let version = prop_oneof![8 => Just(Some("2012-10-17")), 1 => Just(Some("2008-10-17")), 1 => Just(None)];
    let broad = if shape.limits() { 0.6 } else { 0.12 };
    (version, vec(statement(shape), 1..=3), prop::bool::weighted(broad), any::<bool>())
        .prop_map(move |(version, mut statements, broad, bare)| {
            if broad {
                let mut all = json!({"Effect": "Allow", "Action": "*"});
                if !["identity", "boundary", "session", "scp"].contains(&shape.layer) {
                    all["Principal"] = json!("*");
                }
                if !shape.is_trust() {
                    all["Resource"] = json!("*");
                }
                statements.insert(0, all);
            }
            for (index, statement) in statements.iter_mut().enumerate() {
                if statement.get("Sid").is_some() {
                    statement["Sid"] = json!(format!("S{index}"));
                }
            }
            let mut policy = json!({});
            if let Some(version) = version {
                policy["Version"] = json!(version);
            }
            let single = bare && statements.len() == 1;
            policy["Statement"] = if single { statements.remove(0) } else { Value::from(statements) };
            policy
        })
        .boxed()
}

fn named(policies: Vec<Value>, prefix: &str) -> Value {
    let all = policies.into_iter().enumerate();
    all.map(|(index, policy)| json!({"name": format!("{prefix}{index}"), "policy": policy})).collect()
}

fn list(shape: Shape, there: f64, most: usize) -> impl Strategy<Value = Option<Value>> {
    let policies = prop_oneof![15 => vec(policy(shape), 1..=most), 1 => Just(Vec::new())];
    option::weighted(there, policies.prop_map(move |policies| named(policies, shape.layer)))
}

fn levels(shape: Shape, there: f64) -> impl Strategy<Value = Option<Value>> {
    let level = prop_oneof![20 => vec(policy(shape), 1..=2), 1 => Just(Vec::new())];
    let levels = vec(level, 0..=3).prop_map(|levels| {
        let level = |(depth, policies): (usize, Vec<Value>)| {
            json!({"target": format!("level{depth}"), "policies": named(policies, &format!("at{depth}-"))})
        };
        levels.into_iter().enumerate().map(level).collect()
    });
    option::weighted(there, levels)
}

/// A line of a batch.
pub(crate) fn line() -> impl Strategy<Value = Value> {
    let family = prop_oneof![
        5 => Just(&S3),
        4 => Just(&SQS),
        3 => Just(&KMS),
        4 => Just(&STS),
        1 => Just(&IAM),
        1 => Just(&EC2),
    ];
    // The last few are those whom fewer layers concern.
    let asker = prop_oneof![3 => 0..7_usize, 1 => 7..ASKERS.len()];
    (family, asker).prop_flat_map(|(family, asker): (&'static Family, _)| parts(family, &ASKERS[asker]))
}

fn parts(family: &'static Family, asker: &'static Asker) -> impl Strategy<Value = Value> {
    let shape = |layer| Shape { family, asker, layer };
    let resource = policy(shape("resource")).prop_map(|policy| json!({"name": "own", "policy": policy}));
    let layers = (
        list(shape("identity"), 0.9, 3),
        option::weighted(family.own_policy, resource),
        list(shape("boundary"), 0.25, 2),
        list(shape("session"), 0.2, 2),
        option::weighted(
            0.12,
            vec(policy(shape("vpcEndpoint")), 1..=2).prop_map(|all| named(all, "endpoint")),
        ),
        levels(shape("scp"), 0.25),
        levels(shape("rcp"), 0.2),
        any::<bool>(),
    );
    let account = option::weighted(0.5, select(vec!["111122223333", "111122223333", "444455556666"]));
    let question = (select(family.actions), select(family.resources), account);
    let refusal = option::weighted(0.04, refused::refusal());
    (question, conditions::context(asker.user_id), layers, refusal).prop_map(
        move |((action, resource, account), context, layers, refusal)| {
            let mut line = json!({
                "principal": (asker.principal)(), "action": action, "resource": resource, "context": context,
            });
            if let Some(account) = account.filter(|_| family.no_account) {
                line["resourceAccount"] = json!(account);
            }
            let (identity, own, boundary, session, endpoint, scp, rcp, null) = layers;
            let is_root = line["principal"] == "arn:aws:iam::111122223333:root";
            let mut policies = json!({});
            for (layer, given) in [
                ("identity", identity.filter(|_| !is_root)),
                ("resource", own),
                ("boundary", boundary.filter(|_| !is_root)),
                ("session", session.filter(|_| !is_root)),
                ("vpcEndpoint", endpoint),
                ("scp", scp),
                ("rcp", rcp),
            ] {
                if given.is_some() || null {
                    policies[layer] = given.unwrap_or_default();
                }
            }
            line["policies"] = policies;
            if let Some(refusal) = refusal {
                refused::apply(&mut line, refusal);
            }
            line
        },
    )
}
