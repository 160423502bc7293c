//! Bounds on what a policy or a question may hold, so that hostile input costs bounded time and memory.

/// Longest policy that is read, in bytes of its keys and strings. The largest that AWS takes from customers are key policies
/// of KMS with 32 KiB, but its own `AWSSupportServiceRolePolicy`, which every account has, is of 140 KiB and grows.
pub const MAX_POLICY_BYTES: usize = 512 * 1024;

/// Deepest nesting of a policy: statement list, statement, condition, operator, key, list of values. AWS has no deeper
/// one.
pub(crate) const MAX_DEPTH: usize = 8;

/// Errors told of one policy; more would hide the first.
pub(crate) const MAX_ERRORS: usize = 20;

/// Longest text of a policy that is repeated in an error, in characters.
pub(crate) const MAX_SHOWN: usize = 128;

/// Longest resource of a question, in bytes: an S3 key has up to 1,024 bytes, an ARN up to 2,048.
pub const MAX_RESOURCE_BYTES: usize = 4096;

/// States visited to tell whether one set of patterns covers another; a comparison that takes more is not decided.
pub(crate) const MAX_COVER_STATES: usize = 20_000;

/// Steps that all comparisons of patterns for one decision may take together, some tenths of a second; what is left then is
/// not decided. Ordinary policies take some hundreds.
pub(crate) const MAX_COMPARE_STEPS: usize = 10_000_000;

/// Longest value of a question's context, in bytes. AWS takes headers of 8 KiB, and a session's tags are far shorter.
pub const MAX_CONTEXT_VALUE_BYTES: usize = 16 * 1024;

/// Keys of a question's context. AWS requests carry some dozens.
pub const MAX_CONTEXT_KEYS: usize = 10_000;

/// Findings that are told of one policy.
pub(crate) const MAX_FINDINGS: usize = 500;

/// Steps that go into comparing the patterns of one policy with each other and with the catalog's, about a second.
pub(crate) const MAX_LINT_WORK: usize = 20_000_000;
