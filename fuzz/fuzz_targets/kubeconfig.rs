//! Any bytes as a kubeconfig that entries are put into.
#![no_main]

#[path = "../../crates/ringwall/src/commands/kubeconfig/edit.rs"]
#[allow(dead_code, reason = "what the command says of a refusal")]
mod edit;
#[path = "../../crates/ringwall/src/commands/kubeconfig/yaml.rs"]
mod yaml;

use edit::Entries;
use libfuzzer_sys::fuzz_target;
use serde_json::json;

fuzz_target!(|bytes: &[u8]| {
    for keep_context in [false, true] {
        let entries = Entries {
            name: "shop".to_owned(),
            cluster: json!({"server": "https://shop.example.com"}),
            user: json!({"exec": {"command": "ringwall", "args": ["token", "--cluster-id", "shop"]}}),
            context: json!({"cluster": "shop", "user": "shop"}),
            keep_context,
        };
        let Ok(text) = edit::edit(bytes, &entries) else { return };
        // Put in once more, nothing changes.
        assert_eq!(edit::edit(text.as_bytes(), &entries).ok(), Some(text));
    }
});
