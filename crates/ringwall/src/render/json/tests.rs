use ringwall_model::{Proof, Reason, Ring, Source, StatementRef};

use super::ReasonJson;

fn shown(statement: Option<StatementRef>) -> String {
    let reason = Reason {
        ring: Ring::Authorization,
        proof: Proof::Arn("arn:aws:iam::111122223333:role/r".into()),
        rule: None,
        statement,
        source: Source::new("aws/iam.json", 7),
        text: "allows it".into(),
    };
    serde_json::to_string(&ReasonJson::from(&reason)).unwrap()
}

#[test]
fn a_statement_is_told_with_its_sid_if_it_has_one() {
    let around = |statement: &str| {
        format!(
            r#"{{"ring":"authorization","arn":"arn:aws:iam::111122223333:role/r",{statement}"file":"aws/iam.json","line":7,"text":"allows it"}}"#
        )
    };
    let statement = |sid: Option<&str>| Some(StatementRef { index: 2, sid: sid.map(Into::into) });
    assert_eq!(shown(None), around(""));
    assert_eq!(shown(statement(None)), around(r#""statement":{"index":2},"#));
    assert_eq!(shown(statement(Some("S"))), around(r#""statement":{"index":2,"sid":"S"},"#));
}
