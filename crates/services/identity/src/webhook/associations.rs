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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use http::StatusCode;
    use ringwall_awsclient::{Config, Endpoints, Retry, Static};
    use ringwall_server::{Handler, Limits, Metrics, Request, Response, Server, live};
    use serde_json::json;

    use super::*;

    /// EKS with two pages of associations.
    struct Eks;

    impl Handler for Eks {
        async fn handle(&self, request: Request) -> Response {
            let of = |account: &str| json!({ "namespace": "shop", "serviceAccount": account, "associationId": "a-1" });
            let answer = match (request.head.path.as_str(), request.head.query.as_deref()) {
                ("/clusters/shop/pod-identity-associations", Some("maxResults=100")) => {
                    json!({ "associations": [of("checkout")], "nextToken": "more/+=" })
                }
                (
                    "/clusters/shop/pod-identity-associations",
                    Some("maxResults=100&nextToken=more%2F%2B%3D"),
                ) => {
                    json!({ "associations": [of("cart"), { "namespace": "odd" }] })
                }
                _ => return Response::new(StatusCode::NOT_FOUND, "{\"message\": \"no such cluster\"}"),
            };
            Response::new(StatusCode::OK, answer.to_string())
        }
    }

    #[tokio::test]
    async fn every_page_is_read() {
        let server =
            Server::bind(([127, 0, 0, 1], 0).into(), None, live(Limits::default()), Metrics::default())
                .unwrap();
        let endpoint = format!("http://{}", server.address()).parse().unwrap();
        let serving = tokio::spawn(server.serve(Arc::new(Eks), std::future::pending()));
        let credentials = Static::key("AKIAIOSFODNN7EXAMPLE", "a secret".to_owned());
        let mut config = Config::new("eu-central-1", Arc::new(credentials));
        config.endpoints = Endpoints::all(endpoint);
        config.retry = Retry::never();
        let client = Client::new(config).unwrap();
        let members = list(&client, "shop").await.unwrap();
        assert!(
            members.contains("shop", "checkout") && members.contains("shop", "cart") && members.len() == 2
        );
        assert!(list(&client, "other").await.unwrap_err().contains("no such cluster"));
        serving.abort();
    }
}
