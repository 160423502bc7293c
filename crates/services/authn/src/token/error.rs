/// Why a text is no token for this cluster.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It does not begin as tokens do.
    #[error(
        "the token does not begin with `k8s-aws-v1.` (hint: `ringwall token` or `aws eks get-token` make one)"
    )]
    Prefix,
}
