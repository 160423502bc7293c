//! What the token webhook bears, next to aws-iam-authenticator in the same run: `cargo bench -p ringwall --bench token_review`, with
//! `--profile dist` for what is shipped.
//!
//! Both get the same TokenReviews over TLS, and ask the same STS, which is `ringwall serve`. aws-iam-authenticator asks
//! `sts.REGION.amazonaws.com:443` and nothing else. So all of it runs where that name is this machine's: in a network and a mount
//! namespace of its own, with an /etc/hosts and a port 443 that nobody else sees, which needs Linux and `unshare`.
//! `cargo xtask iam-authenticator` builds the peer; without it ours is measured alone.
//!
//! Cached: a cluster's tokens, each reviewed again and again, as apiservers do (every two minutes for a token's 14, each replica).
//! Uncached: every review has a token of its own.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a benchmark stops at the first surprise"
)]

#[path = "../shared/home.rs"]
mod home;
mod inside;
mod load;
#[path = "../shared/process.rs"]
mod process;
mod servers;
mod tokens;
mod webhook;
#[path = "../endpoint/wire.rs"]
#[expect(dead_code, reason = "a part of what the benchmark of the endpoint has")]
mod wire;

use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// Tells the program which part of it to be.
const ROLE: &str = "RINGWALL_BENCH_ROLE";

fn main() {
    match std::env::var(ROLE).as_deref() {
        Ok("webhook") => webhook::serve(),
        Ok("inside") => inside::measure(),
        _ => {
            // As root a user namespace is not needed, and where those are forbidden it would not be had.
            let is_root = rustix::process::getuid().is_root();
            let user: &[&str] = if is_root { &[] } else { &["--user", "--map-root-user"] };
            let error = Command::new("unshare")
                .args(user)
                .args(["--net", "--mount", "--fork", "--kill-child"])
                .arg(std::env::current_exe().unwrap())
                .env(ROLE, "inside")
                .exec();
            panic!("no namespaces of its own: {error}");
        }
    }
}
