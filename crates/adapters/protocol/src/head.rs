use std::borrow::Cow;

/// A request without its body, taken apart.
///
/// Path and query string come decoded, from whoever checked the signature: what is read is then what was signed.
#[derive(Clone, Copy, Debug)]
pub struct RequestHead<'a> {
    /// The HTTP method, in capitals.
    pub method: &'a str,
    /// The decoded parts of the path; the root has none. A part may hold a `/` that was sent as `%2F`.
    pub segments: &'a [Cow<'a, str>],
    /// The decoded parameters of the query string, without those of a signature.
    pub query: &'a [(Cow<'a, str>, Cow<'a, str>)],
    /// Headers with lower-case names, in their order.
    pub headers: &'a [(&'a str, &'a str)],
    /// The service in the scope of the signature, if there is one. It chooses the form of an error where nothing else
    /// tells the service, and no more.
    pub signed_for: Option<&'a str>,
}

impl<'a> RequestHead<'a> {
    /// A header's value without blanks around it. `Err` if it is there more than once.
    pub(crate) fn header(&self, name: &str) -> Result<Option<&'a str>, ()> {
        let mut values =
            self.headers.iter().filter(|(other, _)| *other == name).map(|(_, value)| value.trim());
        let value = values.next();
        if values.next().is_some() { Err(()) } else { Ok(value) }
    }

    /// The media type of the body in lower case, without parameters: empty if none is given.
    pub(crate) fn media_type(&self) -> Result<String, ()> {
        let value = self.header("content-type")?.unwrap_or_default();
        Ok(value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
    }
}
