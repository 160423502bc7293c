use crate::snapshot::{Asked, run};

/// Misuse: status 2, one line of error, one of hint, nothing on standard output.
fn check(question: &str, error: &str, hint: &str) {
    let said = Asked::about_shop().run("can", question);
    assert_eq!((said.status, said.stdout.as_str()), (2, ""), "{said:?}");
    assert_eq!(said.stderr, format!("error: {error}\n hint: {hint}\n"));
}

#[test]
fn unknown_words_get_a_hint() {
    check("--as x list pods -n shpo", "the snapshot has no namespace `shpo`", "did you mean `shop`?");
    check("--as x lst pods -n shop", "unknown verb `lst`", "did you mean `list`?");
    check(
        "--as x LIST pods -n shop",
        "unknown verb `LIST`",
        "verbs are compared byte for byte: write it in lower case",
    );
    check("--as x list deploymnts -n shop", "unknown resource `deploymnts`", "did you mean `deployments`?");
    check("--as shp/checkout list pods", "the snapshot has no namespace `shp`", "did you mean `shop`?");
    check("--as x get pods --subresource exce", "`pods` has no subresource `exce`", "did you mean `exec`?");
    check(
        "--as arn:aws list pods",
        "`arn:aws` is not an ARN: it needs six parts: arn:partition:service:region:account:resource",
        "as in arn:aws:iam::111122223333:role/ci-deploy",
    );
}

#[test]
fn an_unknown_snapshot_gets_a_hint() {
    let said = run(&["assess".into(), "no/such/folder".into()], "");
    assert_eq!(said.status, 2);
    assert!(said.stderr.starts_with("error: there is no folder `no/such/folder`\n hint: "), "{said:?}");
}

#[test]
fn someone_the_snapshot_does_not_know_is_remarked_on() {
    let said = Asked::about_shop().run("can", "--as scrapper get /metrics");
    assert_eq!(said.status, 1);
    assert_eq!(said.stderr, "note: no binding names the user `scrapper`; did you mean `scraper`?\n");
}

#[test]
fn unreadable_input_is_told_and_the_rest_is_answered() {
    let files = [("kubernetes/good.yaml", crate::snapshot::SHOP), ("kubernetes/bad.yaml", "kind: [\n")];
    let said = Asked::about(&files).run("can", "--as scraper get /metrics");
    assert_eq!(said.status, 3, "{said:?}");
    assert!(said.stdout.starts_with("yes"), "{said:?}");
    assert!(said.stderr.contains("error: kubernetes/bad.yaml:"), "{said:?}");
}

#[test]
fn no_arguments_print_help() {
    let said = run(&[], "");
    assert_eq!(said.status, 2);
    assert!(said.stderr.contains("Usage: ringwall"), "{said:?}");
    assert_eq!(run(&["--version".into()], "").status, 0);
}
