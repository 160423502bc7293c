//! How much a request may hold, whoever sends it.

/// Bytes of a body: twice what the largest request of the served operations needs, `SimulateCustomPolicy` with policies that
/// AWS lets be 131,072 characters long each.
pub const MAX_BODY: usize = 2 * 1024 * 1024;

/// Bytes of a body that brings a piece of a layer: ECR's `UploadLayerPart` takes 20 MiB, a third more as base64, and as much
/// room again for the rest of the request as others need in all.
pub const MAX_UPLOAD_BODY: usize = 20 * 1024 * 1024 / 3 * 4 + MAX_BODY;

/// Parameters of a query string and form body: `AuthorizeSecurityGroupIngress` with 1,000 rules of five each is the most
/// that a client has reason to send, with as much again.
pub const MAX_PARAMETERS: usize = 10_000;

/// Parts of a parameter's name (`Tags.member.1.Key` has four): no shape of the served operations nests deeper than 12.
pub const MAX_NAME_PARTS: usize = 16;

/// Values of a JSON body, each element and member counted.
pub const MAX_VALUES: usize = 20_000;

/// How deep JSON may nest; no shape of the served operations comes near.
pub const MAX_DEPTH: usize = 32;

/// Violations told in one message: the first few are what a person reads.
pub(crate) const MAX_VIOLATIONS: usize = 20;

/// Characters of a value that a message repeats.
pub(crate) const MAX_SHOWN: usize = 1024;
