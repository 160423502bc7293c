//! User names and groups with placeholders.
//!
//! Source: aws-iam-authenticator 81b1daba, `pkg/server/server.go`, `renderTemplate`.

/// What a placeholder stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Placeholder {
    /// `{{EC2PrivateDNSName}}`: the private DNS name of the instance that the session is named after.
    Ec2PrivateDnsName,
    /// `{{AccountID}}`: the caller's account.
    AccountId,
    /// `{{SessionName}}`: the session's name with `-` for every `@`.
    SessionName,
    /// `{{SessionNameRaw}}`: the session's name as it is.
    SessionNameRaw,
    /// `{{AccessKeyID}}`: the access key that signed the request.
    AccessKeyId,
}

impl Placeholder {
    /// All of them, in the order in which the authenticator fills them.
    pub const ALL: [Self; 5] = [
        Self::Ec2PrivateDnsName,
        Self::AccountId,
        Self::SessionName,
        Self::SessionNameRaw,
        Self::AccessKeyId,
    ];

    /// The text that stands for it.
    pub fn text(self) -> &'static str {
        match self {
            Self::Ec2PrivateDnsName => "{{EC2PrivateDNSName}}",
            Self::AccountId => "{{AccountID}}",
            Self::SessionName => "{{SessionName}}",
            Self::SessionNameRaw => "{{SessionNameRaw}}",
            Self::AccessKeyId => "{{AccessKeyID}}",
        }
    }

    /// Whether whoever assumes the role chooses its value.
    pub fn is_session_name(self) -> bool {
        matches!(self, Self::SessionName | Self::SessionNameRaw)
    }

    /// Whether its value may have this byte.
    ///
    /// Source: AWS STS API, `AssumeRole`, `RoleSessionName`: `[\w+=,.@-]*`; a colon is not among them.
    fn allows(self, byte: u8) -> bool {
        match self {
            Self::Ec2PrivateDnsName => byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'),
            Self::AccountId => byte.is_ascii_digit(),
            Self::SessionName => is_session_byte(byte) && byte != b'@',
            Self::SessionNameRaw => is_session_byte(byte),
            Self::AccessKeyId => byte.is_ascii_alphanumeric(),
        }
    }
}

fn is_session_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'+' | b'=' | b',' | b'.' | b'@' | b'-')
}

/// Whether the authenticator takes a session's name for an EC2 instance id: `^i-(\w{8}|\w{17})$`.
pub(super) fn is_instance_id(session: &str) -> bool {
    session.strip_prefix("i-").is_some_and(|id| {
        matches!(id.len(), 8 | 17) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

/// A piece of a template.
enum Piece<'a> {
    Literal(&'a str),
    Open(Placeholder),
}

/// The pieces of a template, in order.
fn pieces(template: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = template;
    while let Some((before, placeholder, after)) = split_first(rest) {
        pieces.push(Piece::Literal(before));
        pieces.push(Piece::Open(placeholder));
        rest = after;
    }
    pieces.push(Piece::Literal(rest));
    pieces
}

fn split_first(text: &str) -> Option<(&str, Placeholder, &str)> {
    let first = |placeholder: &Placeholder| Some((text.find(placeholder.text())?, *placeholder));
    let (_, placeholder) = Placeholder::ALL.iter().filter_map(first).min_by_key(|(at, _)| *at)?;
    let (before, after) = text.split_once(placeholder.text())?;
    Some((before, placeholder, after))
}

/// The placeholders of a template, each once.
pub(super) fn placeholders(template: &str) -> Vec<Placeholder> {
    Placeholder::ALL.into_iter().filter(|placeholder| template.contains(placeholder.text())).collect()
}

/// What stands before the first placeholder that the caller chooses; `None` if there is none.
pub(super) fn before_session_name(template: &str) -> Option<&str> {
    let chosen = Placeholder::ALL.into_iter().filter(|placeholder| placeholder.is_session_name());
    let first = chosen.filter_map(|placeholder| template.split_once(placeholder.text()));
    first.map(|(before, _)| before).min_by_key(|before| before.len())
}

/// Whether filling the placeholders can give this text.
pub(super) fn could_become(template: &str, text: &str) -> bool {
    let bytes = text.as_bytes();
    // `at[i]`: the pieces so far can end before byte `i`.
    let mut at = vec![false; bytes.len() + 1];
    if let Some(start) = at.first_mut() {
        *start = true;
    }
    for piece in pieces(template) {
        at = match piece {
            Piece::Literal(literal) => after_literal(&at, bytes, literal.as_bytes()),
            Piece::Open(placeholder) => after_placeholder(&at, bytes, placeholder),
        };
    }
    at.last().copied().unwrap_or_default()
}

fn after_literal(at: &[bool], bytes: &[u8], literal: &[u8]) -> Vec<bool> {
    let ends = |i: usize| {
        let start = i.checked_sub(literal.len())?;
        (*at.get(start)? && bytes.get(start..i)? == literal).then_some(())
    };
    (0..at.len()).map(|i| ends(i).is_some()).collect()
}

/// At least one byte, all of them allowed.
fn after_placeholder(at: &[bool], bytes: &[u8], placeholder: Placeholder) -> Vec<bool> {
    let mut inside = false;
    let mut next = vec![false];
    for (from, byte) in at.iter().zip(bytes) {
        inside = (inside || *from) && placeholder.allows(*byte);
        next.push(inside);
    }
    next
}
