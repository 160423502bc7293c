//! The ways by which whoever asks comes to AWS credentials.

use ringwall_iam::inventory::Inventory;
use ringwall_iam::{AwsPrincipal, Context, Policy};
use ringwall_model::Decision;

use crate::error::Failure;
use crate::question::Who;

/// One way to AWS credentials.
pub(super) struct Way<'i> {
    /// Its name in JSON.
    pub(super) name: &'static str,
    /// How it comes about, in words; empty for a principal of AWS itself.
    pub(super) how: String,
    /// Whether the credentials are handed out; `None` for a principal of AWS itself.
    pub(super) decision: Option<Decision>,
    /// Whom AWS then sees.
    pub(super) principal: AwsPrincipal,
    /// What its requests carry.
    pub(super) context: Context,
    /// The policy that is passed with the session.
    pub(super) session_policy: Option<&'i Policy>,
}

/// All ways of whoever asks.
pub(super) fn ways<'i>(inventory: &'i Inventory<'_>, who: &Who) -> Result<Vec<Way<'i>>, Failure> {
    let _ = inventory;
    match who {
        Who::Aws(arn) => {
            let principal = AwsPrincipal::parse(&arn.to_string().into())
                .map_err(|error| Failure::misuse(error.to_string()))?;
            Ok(vec![Way {
                name: "itself",
                how: String::new(),
                decision: None,
                principal,
                context: Context::default(),
                session_policy: None,
            }])
        }
        Who::Kubernetes { label, .. } => Err(Failure::misuse_hint(
            format!("{label} is nobody whom AWS knows"),
            "ask for an IAM principal by its ARN, or for a service account as NAMESPACE/NAME",
        )),
    }
}
