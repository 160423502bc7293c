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
