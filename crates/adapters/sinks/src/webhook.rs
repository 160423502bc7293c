//! Findings to a receiver of webhooks, signed.
//!
//! Source: *Standard Webhooks* 1.0.0.

use std::path::PathBuf;

use serde_json::Value;

use crate::post::{Post, Receiver, read_secret};
use crate::settings::WebhookSettings;
use crate::signature::Keys;
use crate::{Clock, Fault, Format, Notice};

/// Longest body that is sent. Source: Standard Webhooks, "Payload size": below 20 KB is what receivers like, and many take up to a
/// megabyte.
const MAX_BODY: usize = 1 << 20;

/// A receiver of webhooks.
#[derive(Debug)]
pub(crate) struct Webhook {
    post: Post,
    secret_file: PathBuf,
    format: Format,
    batch: usize,
    clock: Clock,
}

impl Webhook {
    pub(crate) fn new(settings: &WebhookSettings, clock: Clock) -> Result<Self, String> {
        let post = Post::new(&Receiver {
            url: &settings.url,
            allow: &settings.allow,
            ca_file: settings.ca_file.as_deref(),
            bearer_file: settings.bearer_file.as_deref(),
            plain: false,
        })?;
        let webhook = Self {
            post,
            secret_file: settings.secret_file.clone(),
            format: settings.format,
            batch: settings.batch,
            clock,
        };
        // Told at the start, though they are read anew for each request.
        webhook.keys().map_err(Fault::why)?;
        Ok(webhook)
    }

    /// How many notices a request has.
    pub(crate) fn batch(&self) -> usize {
        self.batch
    }

    pub(crate) async fn send(&self, batch: &[&Notice]) -> Result<(), Fault> {
        let mut values: Vec<Value> = batch.iter().map(|notice| self.format.value(notice)).collect();
        let body = match (self.batch, values.pop()) {
            (1, Some(one)) if values.is_empty() => one.to_string(),
            (_, last) => {
                values.extend(last);
                Value::Array(values).to_string()
            }
        };
        if body.len() > MAX_BODY {
            return Err(Fault::Notice(format!(
                "the body would have {} bytes; at most {MAX_BODY} are sent",
                body.len()
            )));
        }
        let id = id(batch);
        let time = self.clock.now();
        let signature = self.keys()?.sign(&id, time, body.as_bytes());
        let headers =
            [("webhook-id", id), ("webhook-timestamp", time.to_string()), ("webhook-signature", signature)];
        self.post.json(body.into(), &headers).await.map(|_| ())
    }

    fn keys(&self) -> Result<Keys, Fault> {
        let wrong = |why| Fault::Closed(format!("`{}`: {why}", self.secret_file.display()));
        Keys::parse(&read_secret(&self.secret_file)?).map_err(wrong)
    }
}

/// The same for the same content, so that a receiver knows again what it has had. Source: as above, `webhook-id`: "the same when the
/// same webhook is being resent due to a previous failure".
fn id(batch: &[&Notice]) -> String {
    let tellings: Vec<String> = batch.iter().map(|notice| notice.telling()).collect();
    let texts: Vec<&str> = tellings.iter().map(String::as_str).collect();
    format!("msg_{}", crate::digest(&texts))
}
