//! OpenVEX documents.

use serde_json::Value;

use super::product::Product;
use super::{Statement, Status, VexError, list, text};

pub(super) fn statements(document: &Value) -> Result<Vec<Statement>, VexError> {
    let all = list(document, "statements").iter().enumerate();
    all.map(|(place, statement)| one(document, statement).ok_or(VexError::Status(place + 1))).collect()
}

fn one(document: &Value, statement: &Value) -> Option<Statement> {
    let status = match text(statement, "status") {
        "not_affected" => Status::NotAffected,
        "affected" => Status::Affected,
        "fixed" => Status::Fixed,
        "under_investigation" => Status::UnderInvestigation,
        _ => return None,
    };
    // Before 0.2.0 it was its name alone.
    let vulnerability = match statement.get("vulnerability") {
        Some(Value::String(name)) => vec![name.clone()],
        Some(value) => {
            let aliases = list(value, "aliases").iter().filter_map(Value::as_str);
            let own = [text(value, "name"), text(value, "@id")].into_iter().filter(|name| !name.is_empty());
            own.chain(aliases).map(str::to_owned).collect()
        }
        None => Vec::new(),
    };
    let products = list(statement, "products").iter().flat_map(|product| {
        let parts: Vec<&str> = list(product, "subcomponents").iter().flat_map(names).collect();
        names(product).into_iter().map(move |name| Product::new(name, parts.iter().copied()))
    });
    let timestamp = match text(statement, "timestamp") {
        "" => text(document, "timestamp"),
        own => own,
    };
    Some(Statement {
        vulnerability,
        status,
        justification: text(statement, "justification").to_owned(),
        impact: text(statement, "impact_statement").to_owned(),
        timestamp: timestamp.to_owned(),
        author: text(document, "author").to_owned(),
        products: products.collect(),
    })
}

/// The names of a product or a part: its id, its identifiers, its hashes.
fn names(product: &Value) -> Vec<&str> {
    if let Some(name) = product.as_str() {
        return vec![name];
    }
    let identifiers = product.get("identifiers").and_then(Value::as_object).into_iter().flatten();
    let identifiers = identifiers.filter(|(key, _)| *key == "purl").filter_map(|(_, value)| value.as_str());
    Some(text(product, "@id")).filter(|id| !id.is_empty()).into_iter().chain(identifiers).collect()
}
