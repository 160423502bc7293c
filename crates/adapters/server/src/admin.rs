//! Health, readiness and metrics, on a listener of their own.

use std::fmt;

use http::{HeaderValue, Method, StatusCode, header};
use prometheus_client::encoding::prometheus_text::encode;
use prometheus_client::registry::Registry;

use crate::handler::{Handler, Labels, Response};
use crate::request::Request;

/// The form that Prometheus reads, text format 0.0.4.
const PROMETHEUS_TEXT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// Says whether the process is ready: `Err` with what it waits for, in plain words.
pub type Ready = Box<dyn Fn() -> Result<(), String> + Send + Sync>;

/// Answers `/healthz` (the process runs), `/readyz` (it can do its work) and `/metrics` (Prometheus).
pub struct Admin {
    registry: Registry,
    ready: Ready,
}

impl Admin {
    /// Over a registry that has all metrics, and what tells whether the process is ready.
    pub fn new(registry: Registry, ready: Ready) -> Self {
        Self { registry, ready }
    }

    fn answer(&self, method: &Method, path: &str) -> Response {
        if !matches!(*method, Method::GET | Method::HEAD) {
            let mut response = Response::text(StatusCode::METHOD_NOT_ALLOWED, "only GET is served here\n");
            response.headers.insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
            return response;
        }
        match path {
            "/healthz" => Response::text(StatusCode::OK, "ok\n"),
            "/readyz" => match (self.ready)() {
                Ok(()) => Response::text(StatusCode::OK, "ok\n"),
                Err(waits) => Response::text(StatusCode::SERVICE_UNAVAILABLE, &format!("{waits}\n")),
            },
            "/metrics" => {
                let mut text = String::new();
                if encode(&mut text, &self.registry).is_err() {
                    return Response::text(StatusCode::INTERNAL_SERVER_ERROR, "metrics can't be written\n");
                }
                let mut response = Response::new(StatusCode::OK, text);
                response.headers.insert(header::CONTENT_TYPE, PROMETHEUS_TEXT);
                response
            }
            _ => Response::text(StatusCode::NOT_FOUND, "/healthz, /readyz and /metrics are served here\n"),
        }
    }
}

impl Handler for Admin {
    async fn handle(&self, request: Request) -> Response {
        let mut response = self.answer(&request.head.method, &request.head.path);
        response.labels = Labels { service: "admin".into(), ..Labels::default() };
        response
    }
}

impl fmt::Debug for Admin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admin").finish_non_exhaustive()
    }
}
