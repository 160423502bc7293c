//! Any text as a token.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| drop(ringwall_oidc::Token::parse(text)));
