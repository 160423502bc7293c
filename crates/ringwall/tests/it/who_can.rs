use serde_json::Value;

use crate::snapshot::Asked;

fn subjects(question: &str) -> Vec<Value> {
    let said = Asked::about_shop().run("who-can", &format!("{question} --output json"));
    assert_eq!(said.status, 0, "{said:?}");
    said.json()["subjects"].as_array().unwrap().clone()
}

#[test]
fn everyone_with_the_chain_from_the_aws_principal() {
    let found = subjects("list pods -n shop");
    let names: Vec<&str> = found.iter().map(|row| row["subject"]["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["system:masters", "devs", "checkout"]);
    let devs = &found[1];
    assert_eq!(devs["namespace"], "shop");
    assert_eq!(devs["principals"][0]["principal"], "arn:aws:iam::111122223333:role/Dev");
    assert_eq!(devs["principals"][0]["reason"]["file"], "kubernetes/shop.yaml");
    assert_eq!(devs["reasons"][1]["rule"]["index"], 1);
}

#[test]
fn without_a_namespace_each_row_tells_where() {
    let found = subjects("list pods");
    assert_eq!(found[0]["namespace"], Value::Null, "system:masters may everywhere");
    assert_eq!(found[1]["namespace"], "shop");
}

#[test]
fn another_namespace_has_others() {
    assert_eq!(subjects("list pods -n payments").len(), 1);
}
