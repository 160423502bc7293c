//! Any text as the `objects` of a SecretProviderClass.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ringwall_secrets::objects::{Rules, Translation, read};

fuzz_target!(|text: &str| {
    for translation in [Translation::To('_'), Translation::Off] {
        let rules = Rules {
            region: "eu-west-1",
            failover_region: Some("eu-west-2"),
            translation,
            mode: 0o644,
        };
        let Ok(objects) = read(text, &rules) else { continue };
        for object in &objects {
            for file in std::iter::once(&object.file).chain(object.parts.iter().map(|part| &part.file)) {
                assert!(!file.as_str().starts_with('/'));
                assert!(!file.as_str().split('/').any(|part| matches!(part, "" | "." | "..")));
            }
        }
    }
});
