//! Access passes: how an authorization request shows who somebody is to AWS.
//!
//! An authorizer is told a user's name, groups, uid and extra fields, and all of them can be another's: an impersonator's request
//! comes with what was asked for. So what earns access policies is a proof that this webhook let in this user, which it puts into
//! an extra field and which nobody else can make:
//!
//! - a pass is a MAC under a key of the webhook's own over the cluster, the principal's ARN and unique id, the user name, uid and
//!   groups, and a time at which it ends. With any of these changed it is worth nothing;
//! - a pass is no secret: audit events show it, and whoever has them could impersonate the same user, uid, groups and pass. So the
//!   authorization webhook denies everybody to impersonate the field ([`super::Access`]), whatever RBAC allows;
//! - it tells who somebody is and not what they may: policies are those that their access entry holds at the time of the request.

use std::fmt;

use aws_lc_rs::hmac;
use data_encoding::BASE64URL_NOPAD;
use ringwall_model::{Arn, Secret};

use crate::sources::SetupError;
use crate::sts::Caller;

/// The extra field. In lower case, as the apiserver makes keys of extra fields that are impersonated.
pub const PASS: &str = "ringwall.github.io/access-pass";

/// How long a pass holds, in seconds, unless configured otherwise: longer than an apiserver remembers what it was told of a token
/// (two minutes by default, `--authentication-token-webhook-cache-ttl`), so that no user is without policies for a while.
pub const HOLDS: i64 = 300;

/// Bytes of a key; longer ones give no more.
pub const KEY_BYTES: usize = 32;

/// Longest pass that is looked at: an ARN of 2,048 bytes, an id of 128, and what is around them.
const MAX_BYTES: usize = 4096;

const VERSION: &str = "1";

/// Why a pass does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadPass {
    #[error("the access pass is none of this webhook's")]
    Forged,
    #[error("the access pass is of the past")]
    Ended,
}

/// Makes passes, and tells whether they hold.
pub(crate) struct Passes {
    cluster: String,
    /// The first one makes passes.
    keys: Vec<hmac::Key>,
    holds: i64,
}

impl fmt::Debug for Passes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Passes")
            .field("keys", &self.keys.len())
            .field("holds", &self.holds)
            .finish_non_exhaustive()
    }
}

/// Whom a pass is bound to, as an authorizer is told of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Holder<'a> {
    pub(crate) username: &'a str,
    pub(crate) uid: &'a str,
    pub(crate) groups: &'a [String],
}

/// Who somebody is to AWS, by a pass that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Principal {
    pub(crate) arn: Arn,
    pub(crate) unique_id: String,
}

impl Passes {
    /// Passes under these keys: the first makes them, all of them count. Without one, a key that dies with the process.
    pub(crate) fn new(cluster: &str, keys: &[Secret], holds: i64) -> Result<Self, SetupError> {
        if let Some(short) = keys.iter().find(|key| key.len() < KEY_BYTES) {
            return Err(SetupError::PassKey(short.len()));
        }
        let own = if keys.is_empty() {
            vec![crate::random::bytes(KEY_BYTES).ok_or(SetupError::NoRandom)?]
        } else {
            keys.to_vec()
        };
        let keys = own.iter().map(|key| hmac::Key::new(hmac::HMAC_SHA256, key.expose())).collect();
        Ok(Self { cluster: cluster.to_owned(), keys, holds })
    }

    /// A pass for somebody who was let in.
    pub(crate) fn issue(
        &self,
        caller: &Caller,
        username: &str,
        uid: &str,
        groups: &[String],
        now: i64,
    ) -> String {
        let Some(key) = self.keys.first() else { return String::new() };
        let ends = now.saturating_add(self.holds).to_string();
        let principal = format!("{} {}", caller.user_id, caller.arn);
        let holder = Holder { username, uid, groups };
        let tag = hmac::sign(key, &self.bound(&ends, &principal, holder));
        let principal = BASE64URL_NOPAD.encode(principal.as_bytes());
        format!("{VERSION}.{ends}.{principal}.{}", BASE64URL_NOPAD.encode(tag.as_ref()))
    }

    /// Who the holder of a pass is.
    pub(crate) fn verify(&self, pass: &str, holder: Holder<'_>, now: i64) -> Result<Principal, BadPass> {
        let (ends, principal, tag) = parts(pass).ok_or(BadPass::Forged)?;
        let bound = self.bound(ends, &principal, holder);
        if !self.keys.iter().any(|key| hmac::verify(key, &bound, &tag).is_ok()) {
            return Err(BadPass::Forged);
        }
        let ends: i64 = ends.parse().map_err(|_| BadPass::Forged)?;
        if now >= ends {
            return Err(BadPass::Ended);
        }
        let (unique_id, arn) = principal.split_once(' ').ok_or(BadPass::Forged)?;
        Ok(Principal { arn: arn.parse().map_err(|_| BadPass::Forged)?, unique_id: unique_id.to_owned() })
    }

    /// All that a pass is bound to, each part with its length before it, so that no two mean the same bytes.
    fn bound(&self, ends: &str, principal: &str, holder: Holder<'_>) -> Vec<u8> {
        // The apiserver adds a group, and their order means nothing.
        let given = |group: &&str| !matches!(*group, "system:authenticated" | "system:unauthenticated");
        let mut groups: Vec<&str> = holder.groups.iter().map(String::as_str).filter(given).collect();
        groups.sort_unstable();
        groups.dedup();
        let mut bytes = Vec::new();
        let parts =
            ["ringwall access pass", VERSION, &self.cluster, ends, principal, holder.username, holder.uid];
        for part in parts.into_iter().chain(groups) {
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
        bytes
    }
}

fn parts(pass: &str) -> Option<(&str, String, Vec<u8>)> {
    let rest = pass.strip_prefix(VERSION)?.strip_prefix('.')?;
    if pass.len() > MAX_BYTES {
        return None;
    }
    let mut parts = rest.split('.');
    let (Some(ends), Some(principal), Some(tag), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    let principal = String::from_utf8(BASE64URL_NOPAD.decode(principal.as_bytes()).ok()?).ok()?;
    Some((ends, principal, BASE64URL_NOPAD.decode(tag.as_bytes()).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(crate) fn caller() -> Caller {
        Caller {
            arn: "arn:aws:sts::111122223333:assumed-role/dev/ann".parse().unwrap(),
            canonical_arn: "arn:aws:iam::111122223333:role/dev".to_owned(),
            account: "111122223333".to_owned(),
            user_id: "AROADEV".to_owned(),
            session_name: "ann".to_owned(),
            access_key_id: "ASIAEXAMPLE".to_owned(),
            sts_host: "sts.eu-central-1.amazonaws.com".to_owned(),
            expires: 900,
        }
    }

    fn groups(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    fn passes(cluster: &str, key: u8) -> Passes {
        Passes::new(cluster, &[Secret::new(vec![key; 32])], 300).unwrap()
    }

    #[test]
    fn a_pass_tells_who_its_holder_is_until_it_ends() {
        let passes = passes("shop", 1);
        let pass = passes.issue(&caller(), "ann", "uid", &groups(&["b", "a"]), 1000);
        let groups = groups(&["a", "b", "system:authenticated", "a"]);
        let holder = Holder { username: "ann", uid: "uid", groups: &groups };
        let principal = Principal { arn: caller().arn, unique_id: "AROADEV".to_owned() };
        assert_eq!(passes.verify(&pass, holder, 1000), Ok(principal.clone()));
        assert_eq!(passes.verify(&pass, holder, 1299), Ok(principal));
        assert_eq!(passes.verify(&pass, holder, 1300), Err(BadPass::Ended));
    }

    #[test]
    fn a_pass_is_worth_nothing_to_anybody_else() {
        let own = passes("shop", 1);
        let pass = own.issue(&caller(), "ann", "uid", &groups(&["a", "b"]), 1000);
        let check = |passes: &Passes, pass: &str, username: &str, uid: &str, texts: &[&str]| {
            passes.verify(pass, Holder { username, uid, groups: &groups(texts) }, 1000)
        };
        for (username, uid, texts) in [
            ("bob", "uid", &["a", "b"][..]),
            ("ann", "other", &["a", "b"]),
            ("ann", "", &["a", "b"]),
            ("ann", "uid", &["a"]),
            ("ann", "uid", &["a", "b", "c"]),
            ("ann", "uid", &["ab"]),
            ("annu", "id", &["a", "b"]),
        ] {
            assert_eq!(
                check(&own, &pass, username, uid, texts),
                Err(BadPass::Forged),
                "{username} {uid} {texts:?}"
            );
        }
        assert_eq!(check(&passes("other", 1), &pass, "ann", "uid", &["a", "b"]), Err(BadPass::Forged));
        assert_eq!(check(&passes("shop", 2), &pass, "ann", "uid", &["a", "b"]), Err(BadPass::Forged));
        let later = pass.replacen("1300", "9999", 1);
        assert_eq!(check(&own, &later, "ann", "uid", &["a", "b"]), Err(BadPass::Forged));
        for pass in
            ["", "1", "1.", "1...", "1.1300.x.y", "2.1300.x.y", &"1.".repeat(3000), &format!("{pass}.")]
        {
            assert_eq!(check(&own, pass, "ann", "uid", &["a", "b"]), Err(BadPass::Forged), "{pass}");
        }
    }

    #[test]
    fn keys_can_be_replaced_one_after_the_other() {
        let (old, new) = (Secret::new(vec![1; 32]), Secret::new(vec![2; 32]));
        let before = Passes::new("shop", std::slice::from_ref(&old), 300).unwrap();
        let both = Passes::new("shop", &[new.clone(), old], 300).unwrap();
        let after = Passes::new("shop", &[new], 300).unwrap();
        let holder = Holder { username: "ann", uid: "uid", groups: &[] };
        let issued = |passes: &Passes| passes.issue(&caller(), "ann", "uid", &[], 1000);
        assert!(both.verify(&issued(&before), holder, 1000).is_ok());
        assert!(after.verify(&issued(&both), holder, 1000).is_ok());
        assert!(after.verify(&issued(&before), holder, 1000).is_err());
        assert!(matches!(
            Passes::new("shop", &[Secret::new(vec![0; 31])], 300),
            Err(SetupError::PassKey(31))
        ));
        let alone = [Passes::new("shop", &[], 300).unwrap(), Passes::new("shop", &[], 300).unwrap()];
        assert!(alone[0].verify(&issued(&alone[1]), holder, 1000).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn no_other_holder_is_believed(
            name in "[ab:]{0,3}", uid in "[ab]{0,3}", of in prop::collection::vec("[ab]{0,2}", 0..3),
            other_name in "[ab:]{0,3}", other_uid in "[ab]{0,3}", others in prop::collection::vec("[ab]{0,2}", 0..3),
        ) {
            let passes = passes("shop", 1);
            let pass = passes.issue(&caller(), &name, &uid, &of, 1000);
            let set = |groups: &[String]| groups.iter().cloned().collect::<std::collections::BTreeSet<_>>();
            let same = (&name, &uid, set(&of)) == (&other_name, &other_uid, set(&others));
            let holder = Holder { username: &other_name, uid: &other_uid, groups: &others };
            prop_assert_eq!(passes.verify(&pass, holder, 1000).is_ok(), same);
        }

        #[test]
        fn no_text_is_a_pass(text in ".{0,80}", close in "1\\.[0-9]{1,5}\\.[A-Za-z0-9_-]{0,60}\\.[A-Za-z0-9_-]{43}") {
            let holder = Holder { username: "ann", uid: "uid", groups: &[] };
            prop_assert!(passes("shop", 1).verify(&text, holder, 0).is_err());
            prop_assert!(passes("shop", 1).verify(&close, holder, 0).is_err());
        }
    }
}
