//! The wire protocols of AWS's APIs: requests to validated values, values to answers.
//!
//! A request is taken to an operation by [`route`], read to a JSON value by [`read`] and answered with [`write()`] or
//! [`write_error`]. All of it follows the models that AWS publishes for its SDKs (`data/`, made by
//! `cargo xtask aws-models`), so that an operation needs no code here.
//!
//! ```
//! use ringwall_protocol::{Accept, RequestHead, read, route, write};
//! use serde_json::json;
//!
//! let head = RequestHead {
//!     method: "POST",
//!     segments: &[],
//!     query: &[],
//!     headers: &[("content-type", "application/x-www-form-urlencoded; charset=utf-8")],
//!     signed_for: Some("iam"),
//! };
//! let body = b"Action=GetRole&Version=2010-05-08&RoleName=deployer";
//! let operation = route(&head, body)?;
//! assert_eq!(operation.name(), "GetRole");
//! assert_eq!(read(operation, &head, body)?, json!({ "RoleName": "deployer" }));
//!
//! let answer = write(operation, &json!({ "Role": { "RoleName": "deployer" } }), Accept::Usual, "f00")?;
//! assert_eq!(answer.status, 200);
//! assert!(answer.body.starts_with(br#"<GetRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">"#));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Values
//!
//! Members have their names of the model (`RoleName`), whatever the protocol calls them. Blobs are base64 text, times are
//! seconds since 1970 (with a fraction if there is one), maps are objects.
//!
//! # Protocols
//!
//! | Protocol | Services | An operation is told by | Members stand in |
//! |---|---|---|---|
//! | Query | STS, IAM | `Action` and `Version` | the form, or the query string of a GET |
//! | EC2 Query | EC2 | the same | the same, with names of its own |
//! | JSON 1.1 | ECR, KMS, Secrets Manager, SSM | the header `X-Amz-Target` | the body |
//! | REST-JSON | EKS, EKS Auth | method and path | path, query string and body |
//!
//! The request alone decides which protocol it is in: `X-Amz-Target` means JSON, a path REST-JSON, all else Query. A
//! `Content-Type` that says otherwise is refused; it never chooses a parser. A parameter or a member that stands there
//! twice is refused, so that no two readers of a request can see different things in it.
//!
//! Sources: Smithy, *AWS protocols* (`awsQuery`, `ec2Query`, `awsJson1_1`, `restJson1`); AWS, *Common Errors* of each API
//! reference.

mod error;
mod form;
mod head;
mod json;
mod limits;
mod model;
mod names;
mod read;
mod redact;
mod route;
mod shown;
mod time;
mod validate;
mod write;

pub use error::WireError;
pub use head::RequestHead;
pub use limits::{MAX_BODY, MAX_DEPTH, MAX_NAME_PARTS, MAX_PARAMETERS, MAX_UPLOAD_BODY, MAX_VALUES};
pub use model::{Operation, Protocol, Service, service, services};
pub use read::read;
pub use redact::HIDDEN;
pub use route::route;
pub use write::{Accept, Answer, Fault, WriteError, write, write_error};
