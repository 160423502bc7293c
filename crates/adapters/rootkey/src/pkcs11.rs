//! A root key that never leaves its PKCS#11 token: the token itself encrypts and decrypts, by AES-256-GCM.

mod module;
mod uri;

use std::path::Path;

use cryptoki::context::Pkcs11;
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::aead::GcmParams;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use ringwall_envelope::{EnvelopeError, KEY_BYTES, Random as _};
use ringwall_model::Secret;

use self::module::failed;
pub use self::uri::Pkcs11Uri;
use crate::wrapped::{self, Kind};
use crate::{RootKey, RootKeyError, SystemRandom};

const IV_BYTES: usize = 12;
const TAG_BITS: u64 = 128;
const TAG_BYTES: usize = 16;
const KEY_ID_BYTES: usize = 16;

/// Where the key is. Each use opens a session of its own: they are rare, and one that was left open breaks when the
/// token restarts.
pub(crate) struct Pkcs11Key {
    uri: Pkcs11Uri,
    pin: Secret,
    module: Pkcs11,
}

impl Pkcs11Key {
    pub(crate) fn open(uri: &Pkcs11Uri, data: &Path) -> Result<Self, RootKeyError> {
        let opened = Self::load(uri, data)?;
        let session = opened.session(false)?;
        opened.find(&session)?;
        drop(session);
        Ok(opened)
    }

    pub(crate) fn create(uri: &Pkcs11Uri, data: &Path) -> Result<Self, RootKeyError> {
        let created = Self::load(uri, data)?;
        let session = created.session(true)?;
        let found = session.find_objects(&created.template()).map_err(failed("looking for the key"))?;
        if !found.is_empty() {
            let why =
                format!("there is a key `{}` already (hint: open it, or give another label)", uri.object);
            return Err(RootKeyError::Token(why));
        }
        created.generate(&session)?;
        created.find(&session)?;
        drop(session);
        Ok(created)
    }

    fn load(uri: &Pkcs11Uri, data: &Path) -> Result<Self, RootKeyError> {
        Ok(Self { uri: uri.clone(), pin: uri.pin.read(data)?, module: module::load(&uri.module)? })
    }

    fn session(&self, writes: bool) -> Result<Session, RootKeyError> {
        let slot = self.slot()?;
        let open = if writes { Pkcs11::open_rw_session } else { Pkcs11::open_ro_session };
        let session = open(&self.module, slot).map_err(failed("opening a session"))?;
        let pin = self.pin.expose_text().ok_or(RootKeyError::Token("the PIN is not text".to_owned()))?;
        match session.login(UserType::User, Some(&AuthPin::from(pin))) {
            // Logins are of the process, and another session of ours may be open.
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(session),
            Err(error) => Err(failed("logging in")(error)),
        }
    }

    fn slot(&self) -> Result<Slot, RootKeyError> {
        let slots = self.module.get_slots_with_initialized_token().map_err(failed("listing the tokens"))?;
        let mut found = Vec::new();
        for slot in slots {
            let token = self.module.get_token_info(slot).map_err(failed("reading what a token is"))?;
            let serial = self.uri.serial.as_deref();
            if token.label() == self.uri.token && serial.is_none_or(|serial| token.serial_number() == serial)
            {
                found.push(slot);
            }
        }
        match found.as_slice() {
            [slot] => Ok(*slot),
            [] => Err(RootKeyError::Token(format!(
                "there is no initialised token `{}` (hint: `softhsm2-util --show-slots`, `pkcs11-tool --list-slots`)",
                self.uri.token
            ))),
            _ => Err(RootKeyError::Token(format!(
                "there are {} tokens `{}` (hint: add `serial` to the URI)",
                found.len(),
                self.uri.token
            ))),
        }
    }

    fn template(&self) -> Vec<Attribute> {
        let mut template = vec![
            Attribute::Class(ObjectClass::SECRET_KEY),
            Attribute::Token(true),
            Attribute::Label(self.uri.object.as_bytes().to_vec()),
        ];
        template.extend(self.uri.id.clone().map(Attribute::Id));
        template
    }

    fn generate(&self, session: &Session) -> Result<(), RootKeyError> {
        let mut template = self.template();
        if self.uri.id.is_none() {
            let mut id = vec![0; KEY_ID_BYTES];
            SystemRandom.fill(&mut id).map_err(EnvelopeError::from)?;
            template.push(Attribute::Id(id));
        }
        template.extend([
            Attribute::ValueLen((KEY_BYTES as u64).into()),
            Attribute::Private(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::Encrypt(true),
            Attribute::Decrypt(true),
            Attribute::Wrap(false),
            Attribute::Unwrap(false),
        ]);
        session.generate_key(&Mechanism::AesKeyGen, &template).map_err(failed("generating the key"))?;
        Ok(())
    }

    /// The key, if it is the only one of its name and the token never gives it away.
    fn find(&self, session: &Session) -> Result<ObjectHandle, RootKeyError> {
        let name = &self.uri.object;
        let found = session.find_objects(&self.template()).map_err(failed("looking for the key"))?;
        let key = match found.as_slice() {
            [key] => *key,
            [] => {
                let why =
                    format!("the token `{}` has no key `{name}` (hint: create it first)", self.uri.token);
                return Err(RootKeyError::Token(why));
            }
            _ => {
                let why =
                    format!("the token `{}` has several keys `{name}` (hint: add `id`)", self.uri.token);
                return Err(RootKeyError::Token(why));
            }
        };
        let wanted = [
            (AttributeType::KeyType, Attribute::KeyType(KeyType::AES), "is not an AES key"),
            (AttributeType::ValueLen, Attribute::ValueLen((KEY_BYTES as u64).into()), "has not 256 bits"),
            (AttributeType::Sensitive, Attribute::Sensitive(true), "can be read in the clear"),
            (AttributeType::Extractable, Attribute::Extractable(false), "can be taken out of the token"),
        ];
        let types = wanted.clone().map(|(of, ..)| of);
        let has = session.get_attributes(key, &types).map_err(failed("reading the key's attributes"))?;
        match wanted.iter().find(|(_, attribute, _)| !has.contains(attribute)) {
            Some((.., fault)) => Err(RootKeyError::Token(format!("the key `{name}` {fault}"))),
            None => Ok(key),
        }
    }
}

impl RootKey for Pkcs11Key {
    fn describe(&self) -> String {
        format!("the root key `{}`", self.uri)
    }

    fn wrap(&self, purpose: &str, secret: &Secret) -> Result<Vec<u8>, RootKeyError> {
        wrapped::check_length(secret)?;
        let session = self.session(false)?;
        let key = self.find(&session)?;
        let (iv, sealed) = seal(&session, key, purpose, secret.expose())?;
        Ok([[Kind::Pkcs11 as u8].as_slice(), &iv, &sealed].concat())
    }

    fn unwrap(&self, purpose: &str, wrapped: &[u8]) -> Result<Secret, RootKeyError> {
        let rest = Kind::Pkcs11.strip(wrapped)?;
        let (iv, sealed) = rest
            .split_first_chunk::<IV_BYTES>()
            .filter(|(_, sealed)| sealed.len() >= TAG_BYTES)
            .ok_or(RootKeyError::Malformed("it ends within the tag"))?;
        let session = self.session(false)?;
        let key = self.find(&session)?;
        let refused = || RootKeyError::Refused { by: self.describe() };
        let error = match open(&session, key, purpose, *iv, sealed)? {
            Ok(opened) => return Ok(Secret::new(opened)),
            Err(error) => error,
        };
        if is_refusal(&error) {
            return Err(refused());
        }
        if !may_be_refusal(&error) || !opens_its_own(&session, key) {
            return Err(failed("decrypting")(error));
        }
        match open(&session, key, purpose, *iv, sealed)? {
            Ok(opened) => Ok(Secret::new(opened)),
            Err(error) if is_refusal(&error) || may_be_refusal(&error) => Err(refused()),
            Err(error) => Err(failed("decrypting")(error)),
        }
    }
}

/// Seals on the token: the IV, and the ciphertext with its tag.
fn seal(
    session: &Session,
    key: ObjectHandle,
    purpose: &str,
    bytes: &[u8],
) -> Result<([u8; IV_BYTES], Vec<u8>), RootKeyError> {
    let mut iv = [0; IV_BYTES];
    SystemRandom.fill(&mut iv).map_err(EnvelopeError::from)?;
    let aad = aad(purpose);
    // Some tokens choose the IV themselves and write it back, so it is taken from there afterwards.
    let mechanism = Mechanism::AesGcm(gcm(&mut iv, &aad)?);
    let sealed = session.encrypt(&mechanism, key, bytes).map_err(failed("encrypting"))?;
    if sealed.len() != bytes.len() + TAG_BYTES {
        return Err(RootKeyError::Token("the token's ciphertext has an unexpected length".to_owned()));
    }
    Ok((iv, sealed))
}

/// Opens on the token. The inner error is the token's own.
fn open(
    session: &Session,
    key: ObjectHandle,
    purpose: &str,
    mut iv: [u8; IV_BYTES],
    sealed: &[u8],
) -> Result<Result<Vec<u8>, Error>, RootKeyError> {
    let aad = aad(purpose);
    let mechanism = Mechanism::AesGcm(gcm(&mut iv, &aad)?);
    Ok(session.decrypt(&mechanism, key, sealed))
}

/// Whether the token says that it is the ciphertext that is wrong.
fn is_refusal(error: &Error) -> bool {
    matches!(error, Error::Pkcs11(RvError::EncryptedDataInvalid | RvError::EncryptedDataLenRange, _))
}

/// Whether it may mean that: tokens that don't tell a tag that doesn't fit from a failure of their own, SoftHSM among them.
fn may_be_refusal(error: &Error) -> bool {
    matches!(error, Error::Pkcs11(RvError::GeneralError | RvError::FunctionFailed, _))
}

/// Whether the token works, with this key: then it is the ciphertext that it does not open that is wrong. It matters, as who asks
/// for something broken asks in vain, and who asks a broken token asks again.
fn opens_its_own(session: &Session, key: ObjectHandle) -> bool {
    const PURPOSE: &str = "probe";
    let Ok((iv, sealed)) = seal(session, key, PURPOSE, PURPOSE.as_bytes()) else { return false };
    matches!(open(session, key, PURPOSE, iv, &sealed), Ok(Ok(opened)) if opened == PURPOSE.as_bytes())
}

/// What the token authenticates beside the key. One part alone, so that its length need not be in it.
fn aad(purpose: &str) -> Vec<u8> {
    [b"ringwall root key 1 ", purpose.as_bytes()].concat()
}

fn gcm<'a>(iv: &'a mut [u8], aad: &'a [u8]) -> Result<GcmParams<'a>, RootKeyError> {
    GcmParams::new(iv, aad, TAG_BITS.into()).map_err(failed("preparing AES-GCM"))
}
