use super::*;

#[test]
fn every_service_loads() {
    for (name, service) in &SERVICES {
        let service = service.unwrap_or_else(|| panic!("{name} is not loaded"));
        assert_eq!(service.name(), *name);
        assert!(service.operations().count() > 0);
    }
}

fn visit(shape: &'static Shape, seen: &mut impl FnMut(&'static Shape)) {
    seen(shape);
    match &shape.kind {
        Kind::Structure { members, .. } => members.iter().for_each(|member| visit(member.shape, seen)),
        Kind::List { element, .. } => visit(element, seen),
        Kind::Map { key, value } => [key, value].into_iter().for_each(|shape| visit(shape, seen)),
        _ => {}
    }
}

#[test]
fn every_pattern_compiles() {
    let mut patterns = 0;
    for operation in services().flat_map(Service::operations) {
        for shape in operation.input.into_iter().chain(operation.output) {
            visit(shape, &mut |shape| {
                if let Some(pattern) = &shape.pattern {
                    patterns += 1;
                    pattern.matches("");
                    assert!(pattern.compiled.get().unwrap().is_some(), "{}", pattern.shown);
                }
            });
        }
    }
    assert!(patterns > 100, "{patterns}");
}

/// What the reader of forms has no code for.
#[test]
fn no_form_has_a_map() {
    let forms = services().filter(|service| matches!(service.protocol, Protocol::Query | Protocol::Ec2));
    for operation in forms.flat_map(Service::operations) {
        if let Some(input) = operation.input {
            visit(input, &mut |shape| assert!(!matches!(shape.kind, Kind::Map { .. }), "{}", operation.name));
        }
    }
}

/// The first operation that fits is taken, so that no second one may fit.
#[test]
fn no_path_is_two_operations() {
    let all: Vec<&Operation> = services()
        .filter(|service| service.protocol == Protocol::RestJson)
        .flat_map(Service::operations)
        .collect();
    let overlaps = |left: &Operation, right: &Operation| {
        left.method == right.method
            && left.path.len() == right.path.len()
            && left.path.iter().zip(&right.path).all(|(left, right)| match (left, right) {
                (Segment::Literal(left), Segment::Literal(right)) => left == right,
                _ => true,
            })
    };
    for (at, left) in all.iter().enumerate() {
        for right in &all[at + 1..] {
            assert!(!overlaps(left, right), "{} {}", left.name, right.name);
        }
    }
}

/// A date tells one service.
#[test]
fn versions_and_targets_are_of_one_service() {
    let unique = |names: Vec<&str>| {
        let set: std::collections::BTreeSet<_> = names.iter().collect();
        assert_eq!(set.len(), names.len(), "{names:?}");
    };
    let forms = services().filter(|service| matches!(service.protocol, Protocol::Query | Protocol::Ec2));
    unique(forms.map(Service::api_version).collect());
    unique(services().filter_map(|service| service.target_prefix).collect());
}

#[test]
fn a_broken_file_is_refused() {
    let service = r#""service": {"name":"x","signingName":"x","apiVersion":"1","protocol":"query"}"#;
    let file = |shapes: &str| -> &'static str {
        let text = format!(
            r#"{{"from": "", {service}, "operations": {{"Do": {{"method":"POST","uri":"/","input":"In"}}}}, "shapes": {{{shapes}}}}}"#
        );
        Box::leak(text.into_boxed_str())
    };
    assert!(load::load(file(r#""In": {"type":"structure"}"#)).is_ok());
    for shapes in [
        "",
        r#""In": {"type":"structure","members":[{"name":"Me","shape":"In"}]}"#,
        r#""In": {"type":"list"}"#,
        r#""In": {"type":"float"}"#,
        r#""In": {"type":"structure","flattened":true}"#,
    ] {
        assert!(load::load(file(shapes)).is_err(), "{shapes}");
    }
}
