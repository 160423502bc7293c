//! A stand-in for AWS on loopback: EKS, IAM, STS and EC2, as far as the webhook asks them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use http::StatusCode;
use percent_encoding::percent_decode_str;
use ringwall_awsclient::{Client, Config, Endpoints, Retry, Static};
use ringwall_server::{Handler, Limits, Metrics, Request, Response, Server, live};
use serde_json::{Value as Json, json};

use crate::support::ACCOUNT;

#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    /// Access entries by principal: the entry, and its policies.
    pub(crate) entries: BTreeMap<String, (Json, Vec<Json>)>,
    /// IAM roles by name: ARN, unique id, and when it was made.
    pub(crate) roles: BTreeMap<String, (String, String, String)>,
    /// EC2 instances by id, and their names.
    pub(crate) instances: BTreeMap<String, String>,
    /// Services that answer 500.
    pub(crate) down: Vec<&'static str>,
    /// Services that refuse.
    pub(crate) denied: Vec<&'static str>,
    pub(crate) calls: Vec<String>,
    /// Entries of a page.
    pub(crate) page: usize,
}

#[derive(Clone, Default)]
pub(crate) struct Aws(pub(crate) Arc<Mutex<World>>);

impl Aws {
    /// Listens, and gives a client for it.
    pub(crate) fn start(&self) -> Client {
        let server =
            Server::bind(([127, 0, 0, 1], 0).into(), None, live(Limits::default()), Metrics::default())
                .unwrap();
        let url = format!("http://{}", server.address());
        tokio::spawn(server.serve(Arc::new(self.clone()), std::future::pending()));
        client(&url)
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut World)) {
        change(&mut self.0.lock().unwrap());
    }

    pub(crate) fn entry(&self, principal: &str, username: &str, policies: &[(&str, Json)]) {
        let policies = policies.iter().map(|(name, scope)| {
            json!({"policyArn": format!("arn:aws:eks::aws:cluster-access-policy/{name}"), "accessScope": scope,
                "associatedAt": 1.5, "modifiedAt": 1.5})
        });
        let entry = json!({
            "clusterName": "shop", "principalArn": principal, "kubernetesGroups": ["team"], "username": username,
            "accessEntryArn": format!("arn:aws:eks:eu-central-1:{ACCOUNT}:access-entry/shop/{principal}/1"),
            "createdAt": 1_767_225_600.5, "modifiedAt": 1_767_225_600.5, "tags": {}, "type": "STANDARD",
        });
        let policies = policies.collect();
        self.change(|world| drop(world.entries.insert(principal.to_owned(), (entry, policies))));
    }

    pub(crate) fn calls(&self) -> Vec<String> {
        self.0.lock().unwrap().calls.clone()
    }
}

pub(crate) fn client(url: &str) -> Client {
    let mut config =
        Config::new("eu-central-1", Arc::new(Static::key("AKIAEXAMPLE", String::from("secret"))));
    config.endpoints = Endpoints::all(url.parse().unwrap());
    config.retry = Retry::never();
    Client::new(config).unwrap()
}

impl Handler for Aws {
    async fn handle(&self, request: Request) -> Response {
        let mut world = self.0.lock().unwrap();
        let path = percent_decode_str(&request.head.path).decode_utf8().unwrap().into_owned();
        if path == "/" {
            let body = String::from_utf8(request.body.to_vec()).unwrap();
            return query(&mut world, &body);
        }
        world.calls.push(format!("eks {path}"));
        let page: usize = request
            .head
            .query
            .as_deref()
            .and_then(|it| it.split("nextToken=").nth(1)?.parse().ok())
            .unwrap_or(0);
        if let Some(response) = failing(&world, "eks") {
            return response;
        }
        let rest = path.strip_prefix("/clusters/shop/access-entries").expect("the cluster's entries");
        let missing = || {
            reply(
                StatusCode::NOT_FOUND,
                json!({"message": "no such entry", "__type": "ResourceNotFoundException"}),
            )
        };
        match rest.strip_prefix('/') {
            None => {
                let size = if world.page == 0 { 100 } else { world.page };
                let entries: Vec<&String> = world.entries.keys().skip(page).take(size).collect();
                let next = page + size;
                let more = (next < world.entries.len()).then(|| next.to_string());
                reply(StatusCode::OK, json!({"accessEntries": entries, "nextToken": more}))
            }
            Some(rest) => match rest.strip_suffix("/access-policies") {
                Some(principal) => world.entries.get(principal).map_or_else(missing, |(_, policies)| {
                    reply(
                        StatusCode::OK,
                        json!({"clusterName": "shop", "associatedAccessPolicies": policies}),
                    )
                }),
                None => world
                    .entries
                    .get(rest)
                    .map_or_else(missing, |(entry, _)| reply(StatusCode::OK, json!({"accessEntry": entry}))),
            },
        }
    }
}

fn reply(status: StatusCode, body: Json) -> Response {
    Response::new(status, body.to_string())
}

fn failing(world: &World, service: &str) -> Option<Response> {
    if world.down.contains(&service) {
        return Some(Response::text(StatusCode::INTERNAL_SERVER_ERROR, "out of order"));
    }
    let denied = world.denied.contains(&service);
    denied.then(|| reply(StatusCode::FORBIDDEN, json!({"__type": "AccessDeniedException", "message": "no"})))
}

fn query(world: &mut World, body: &str) -> Response {
    let parameters: BTreeMap<String, String> = body
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(key, value)| (key.to_owned(), percent_decode_str(value).decode_utf8().unwrap().into_owned()))
        .collect();
    let action = parameters["Action"].as_str();
    world.calls.push(action.to_owned());
    let service = match action {
        "GetRole" | "GetUser" => "iam",
        "DescribeInstances" => "ec2",
        _ => "sts",
    };
    if world.down.contains(&service) {
        return Response::text(StatusCode::INTERNAL_SERVER_ERROR, "out of order");
    }
    let error = |status: StatusCode, code: &str| {
        Response::new(
            status,
            format!("<ErrorResponse><Error><Code>{code}</Code><Message>m</Message></Error></ErrorResponse>"),
        )
    };
    if world.denied.contains(&service) {
        return error(StatusCode::FORBIDDEN, "AccessDenied");
    }
    match action {
        "GetCallerIdentity" => Response::new(
            StatusCode::OK,
            format!(
                "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>{ACCOUNT}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
            ),
        ),
        "GetRole" => match world.roles.get(&parameters["RoleName"]) {
            None => error(StatusCode::NOT_FOUND, "NoSuchEntity"),
            Some((arn, id, created)) => Response::new(
                StatusCode::OK,
                format!(
                    "<GetRoleResponse><GetRoleResult><Role><Arn>{arn}</Arn><RoleId>{id}</RoleId><CreateDate>{created}</CreateDate></Role></GetRoleResult></GetRoleResponse>"
                ),
            ),
        },
        "DescribeInstances" => {
            let wanted: Vec<&String> = parameters
                .iter()
                .filter(|(key, _)| key.starts_with("Filter.1.Value."))
                .map(|(_, value)| value)
                .collect();
            let found: String = wanted.iter().filter_map(|id| world.instances.get(*id).map(|name| format!(
                "<item><instancesSet><item><instanceId>{id}</instanceId><privateDnsName>{name}</privateDnsName></item></instancesSet></item>"
            ))).collect();
            Response::new(
                StatusCode::OK,
                format!(
                    "<DescribeInstancesResponse><reservationSet>{found}</reservationSet></DescribeInstancesResponse>"
                ),
            )
        }
        other => panic!("nobody should call {other}"),
    }
}
