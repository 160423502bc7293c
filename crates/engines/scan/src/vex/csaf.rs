//! CSAF documents: products by id, and what is said of each.

use std::collections::HashMap;

use serde_json::Value;

use super::product::Product;
use super::{Statement, Status, list, text};

/// Branches within branches: vendor, family, name, version, architecture and a few more.
const MAX_DEPTH: usize = 32;

/// What a list of products is called, and what it says of them.
const LISTS: [(&str, Status); 8] = [
    ("known_not_affected", Status::NotAffected),
    ("fixed", Status::Fixed),
    ("first_fixed", Status::Fixed),
    ("known_affected", Status::Affected),
    ("first_affected", Status::Affected),
    ("last_affected", Status::Affected),
    ("recommended", Status::Fixed),
    ("under_investigation", Status::UnderInvestigation),
];

pub(super) fn statements(document: &Value) -> Vec<Statement> {
    let tree = document.get("product_tree").unwrap_or(&Value::Null);
    let mut products = HashMap::new();
    collect(tree, &mut products, 0);
    // A component of a product is known by the component's package URL.
    for relation in list(tree, "relationships") {
        let id = relation.pointer("/full_product_name/product_id").and_then(Value::as_str);
        let own = relation.get("full_product_name").and_then(purl);
        let component = products.get(text(relation, "product_reference")).copied();
        if let (Some(id), Some(url)) = (id, own.or(component)) {
            products.insert(id, url);
        }
    }
    let tracking = document.pointer("/document/tracking").unwrap_or(&Value::Null);
    let author = document.pointer("/document/publisher/name").and_then(Value::as_str).unwrap_or_default();
    let timestamp = text(tracking, "current_release_date");
    let mut statements = Vec::new();
    for vulnerability in list(document, "vulnerabilities") {
        let ids = list(vulnerability, "ids").iter().map(|id| text(id, "text"));
        let names = std::iter::once(text(vulnerability, "cve")).chain(ids).filter(|name| !name.is_empty());
        let names: Vec<String> = names.map(str::to_owned).collect();
        let status = vulnerability.get("product_status").unwrap_or(&Value::Null);
        for (key, says) in LISTS {
            for id in list(status, key).iter().filter_map(Value::as_str) {
                let Some(url) = products.get(id) else { continue };
                statements.push(Statement {
                    vulnerability: names.clone(),
                    status: says,
                    justification: said(vulnerability, "flags", "label", id),
                    impact: said(vulnerability, "threats", "details", id),
                    timestamp: timestamp.to_owned(),
                    author: author.to_owned(),
                    products: vec![Product::new(url, [])],
                });
            }
        }
    }
    statements
}

/// The package URL of each product.
fn collect<'v>(node: &'v Value, products: &mut HashMap<&'v str, &'v str>, depth: usize) {
    if depth > MAX_DEPTH {
        return;
    }
    let names = node.get("product").into_iter().chain(list(node, "full_product_names"));
    for product in names {
        if let Some(url) = purl(product) {
            products.insert(text(product, "product_id"), url);
        }
    }
    for branch in list(node, "branches") {
        collect(branch, products, depth + 1);
    }
}

fn purl(product: &Value) -> Option<&str> {
    product.pointer("/product_identification_helper/purl")?.as_str()
}

/// What a list says of this product, or of all.
fn said(vulnerability: &Value, key: &str, what: &str, id: &str) -> String {
    let about = |entry: &&Value| {
        let ids = list(entry, "product_ids");
        ids.is_empty() || ids.iter().any(|known| known.as_str() == Some(id))
    };
    list(vulnerability, key).iter().find(about).map(|entry| text(entry, what)).unwrap_or_default().to_owned()
}
