/// In which form a caller takes the answers of Query services.
///
/// They answer in XML, and in JSON to whoever asks for that, which the SDKs don't, but aws-iam-authenticator does. Services of other
/// protocols have one form.
///
/// Source: aws-iam-authenticator 81b1daba, `pkg/token/token.go`, `Verify` and `getCallerIdentityWrapper`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Accept {
    /// The protocol's own.
    #[default]
    Usual,
    /// JSON.
    Json,
}

impl Accept {
    /// What a request's header `accept` asks for: JSON if that is its first, or only, media type.
    #[must_use]
    pub fn of(header: Option<&str>) -> Self {
        let first = header.unwrap_or_default().split(',').next().unwrap_or_default();
        let media_type = first.split(';').next().unwrap_or_default().trim();
        if media_type.eq_ignore_ascii_case("application/json") { Self::Json } else { Self::Usual }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_asked_for_by_name() {
        for text in ["application/json", " Application/JSON ", "application/json;q=1, text/xml"] {
            assert_eq!(Accept::of(Some(text)), Accept::Json, "{text}");
        }
        for text in [
            "",
            "*/*",
            "application/*",
            "text/xml",
            "text/xml, application/json",
            "application/jsonp",
            "json",
        ] {
            assert_eq!(Accept::of(Some(text)), Accept::Usual, "{text}");
        }
        assert_eq!(Accept::of(None), Accept::Usual);
    }
}
