//! How much rules may ask for. Their author is trusted more than whoever is watched, but a folder of rules may be somebody else's,
//! and one bad rule must not stop the others or the service.

/// Longest file of rules, in bytes: the longest of SigmaHQ's has 60 KiB.
pub const MAX_FILE: u64 = 1 << 20;
/// Most files: SigmaHQ has some 3,500.
pub const MAX_FILES: usize = 20_000;
/// Deepest nesting of folders below the one that is named.
pub const MAX_FOLDERS: usize = 16;
/// Most rules, correlations and filters that are kept: those of the two logs, of which SigmaHQ has under a hundred.
pub const MAX_RULES: usize = 5_000;
/// Most correlations among them: each event that one of their rules matches is counted in each.
pub const MAX_CORRELATIONS: usize = 500;
/// Deepest nesting of a rule's values; the deepest of SigmaHQ's has 8.
pub const MAX_DEPTH: usize = 32;
/// Most values of one rule: a list of addresses, say. What is compiled of each is held in memory.
pub const MAX_VALUES: usize = 20_000;
/// Longest condition, in bytes, and most parentheses in it: it is parsed by recursion.
pub const MAX_CONDITION: usize = 4_096;
/// See [`MAX_CONDITION`].
pub const MAX_PARENTHESES: usize = 64;
/// Most regular expressions of a set of rules, and the largest program that one of them may become, in bytes. They are matched in
/// time linear in the text, so that their memory is what they cost.
pub const MAX_PATTERNS: usize = 1_000;
/// See [`MAX_PATTERNS`].
pub const MAX_PATTERN_BYTES: usize = 256 << 10;
/// Longest time that a correlation looks back, in seconds: 31 days. State is held as long.
pub const MAX_TIMESPAN: u64 = 31 * 24 * 3600;
/// Most that one group of a correlation remembers, and so the highest number that a correlation may count to.
pub const MAX_GROUP_ENTRIES: usize = 1_000;
/// Most groups of all correlations together; beyond, those that are quiet longest are forgotten.
pub const MAX_GROUPS: usize = 20_000;
/// Longest text of an event that correlations remember, in bytes: of a longer one its beginning and its hash.
pub const MAX_REMEMBERED: usize = 256;
/// Events between two looks for correlation state that is over.
pub const EVENTS_PER_SWEEP: u64 = 100_000;
/// Longest member of an event, in bytes, of which a tree is built: a tree takes ten times as much memory.
pub const MAX_MEMBER: usize = 4 << 20;
/// Longest state that is taken back, in bytes.
pub const MAX_STATE: usize = 256 << 20;
/// Most distinct causes and actors that a back-test tells apart for one rule; the rest is counted as one.
pub const MAX_DISTINCT: usize = 10_000;
/// Events that a back-test names for one rule.
pub const MAX_EXAMPLES: usize = 5;
