//! A cluster's Pod Identity associations, from the EKS API or what speaks like it.

use http::Method;
use ringwall_awsclient::{Client, escape};
use serde_json::Value;

use crate::mutate::Membership;

/// Most pages that are read: a cluster has 5,000 associations at most (AWS, *EKS User Guide*, "Service quotas"), and a page 100.
const MAX_PAGES: usize = 200;

/// Source: AWS, *EKS API Reference*, ListPodIdentityAssociations.
pub(super) async fn list(client: &Client, cluster: &str) -> Result<Membership, String> {
    let path = format!("/clusters/{}/pod-identity-associations", escape(cluster));
    let mut members = Membership::default();
    let mut token: Option<String> = None;
    for _ in 0..MAX_PAGES {
        let mut query = vec![("maxResults", "100")];
        query.extend(token.as_deref().map(|token| ("nextToken", token)));
        let page =
            client.rest("eks", Method::GET, &path, &query, None).await.map_err(|error| error.to_string())?;
        let associations =
            page.get("associations").and_then(Value::as_array).ok_or("the answer has no list")?;
        for association in associations {
            let of = |field| association.get(field).and_then(Value::as_str);
            if let (Some(namespace), Some(account)) = (of("namespace"), of("serviceAccount")) {
                members.insert(namespace.to_owned(), account.to_owned());
            }
        }
        token =
            page.get("nextToken").and_then(Value::as_str).filter(|next| !next.is_empty()).map(str::to_owned);
        if token.is_none() {
            return Ok(members);
        }
    }
    Err(format!("there are more than {MAX_PAGES} pages of associations"))
}
