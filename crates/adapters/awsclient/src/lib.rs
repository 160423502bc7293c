//! Calls to AWS, or to what speaks like it: credentials, signing, retries, limits.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use ringwall_awsclient::{Client, Config, Static};
//! use serde_json::json;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let credentials = Static::key("AKIAIOSFODNN7EXAMPLE", String::from("a secret"));
//! let client = Client::new(Config::new("eu-central-1", Arc::new(credentials)))?;
//! let sealed = client
//!     .json("kms", "TrentService.Encrypt", &json!({"KeyId": "alias/etcd", "Plaintext": "aGVsbG8="}))
//!     .await?;
//! println!("{}", sealed["CiphertextBlob"]);
//! # Ok(())
//! # }
//! ```

mod client;
mod clock;
mod cluster_token;
mod credentials;
mod endpoints;
mod environment;
mod error;
mod load;
pub mod partition;
mod profile;
mod xml;

pub use ::http::Method;
/// What sends the requests.
pub use ringwall_http as http;

pub use self::client::{Client, Config, ObjectCall, Retry, escape, read_error};
pub use self::clock::Clock;
pub use self::cluster_token::ClusterToken;
pub use self::credentials::{
    AssumeRole, BoxFuture, Cached, Container, Credentials, CredentialsError, Instance, ProvideCredentials,
    REFRESH_BEFORE_SECONDS, Static, TokenSource, WebIdentity,
};
pub use self::endpoints::{Endpoints, SERVICES};
pub use self::environment::Environment;
pub use self::error::{CallError, ErrorKind, SetupError};
pub use self::load::{Load, region_of};
pub use self::profile::Profiles;
pub use self::xml::{Element, XmlError};
