//! What holds for any bytes that the secrets provider reads beside `objects`. Fuzz targets call it, and a test that replays
//! their corpora.
#![allow(dead_code, reason = "each fuzz target calls one of these")]

use ringwall_grpc::csi_v1alpha1::MountRequest;
use ringwall_secrets::fuzz;
use ringwall_secrets::objects::Translation;

/// Attributes, secrets and a permission, with lines of `---` between, as a Mount. Tells how many tokens it has that are the
/// service account's; what is refused is told on one line.
pub(crate) fn mount(bytes: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut parts = text.split("\n---\n").map(str::to_owned);
    let request = MountRequest {
        attributes: parts.next().unwrap_or_default(),
        secrets: parts.next().unwrap_or_default(),
        permission: parts.next().unwrap_or_else(|| "420".to_owned()),
        target_path: "/mount".to_owned(),
        ..MountRequest::default()
    };
    match fuzz::mount(&request) {
        Ok(tokens) => Some(tokens),
        Err(status) => {
            assert!(!status.message().is_empty() && !status.message().contains(char::is_control), "{status}");
            None
        }
    }
}

/// A line with a JMESPath expression, and a value. Tells whether the expression selects anything: no more than a bounded
/// multiple of the value.
pub(crate) fn expression(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let (expression, value) = text.split_once('\n').unwrap_or((&text, ""));
    for translation in [Translation::To('_'), Translation::Off] {
        for file in fuzz::keys(value.as_bytes(), translation).unwrap_or_default() {
            assert!(!file.starts_with('/') && !file.split('/').any(|part| matches!(part, "" | "." | "..")));
        }
    }
    if expression.len() > ringwall_secrets::objects::MAX_EXPRESSION {
        return false;
    }
    if let Err(why) = fuzz::check_expression(expression) {
        assert!(!why.is_empty());
        return false;
    }
    match fuzz::select(value.as_bytes(), expression) {
        // Of nothing there is `null`, which has four letters and a comma.
        Ok(selected) => {
            assert!(selected.len() <= 256 * 5 * (value.len() + 1), "{} of {}", selected.len(), value.len());
            true
        }
        Err(_) => false,
    }
}
