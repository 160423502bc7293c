//! A real PKCS#11 module. `cargo xtask test` installs SoftHSM, gives it a folder for its tokens, and says here where
//! the module is. The folder is a new one in each run: a label names one token.

use std::path::PathBuf;
use std::sync::Mutex;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeType, ObjectClass};
use cryptoki::session::{Session, UserType};
use cryptoki::types::AuthPin;
use ringwall_envelope::{Aad, Keyring};
use ringwall_model::Secret;
use ringwall_rootkey::{RootKey, RootKeyError, SealedKeyring, Source, SystemRandom};

use super::{Folders, refusal, wraps_and_unwraps};

/// Where the module is; the configuration is SoftHSM's own variable.
const MODULE_VARIABLE: &str = "RINGWALL_SOFTHSM";

const PIN: &str = "4711-0815";

/// SoftHSM has one free slot at a time, and a login is of the whole process.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

struct Token {
    folders: Folders,
    module: PathBuf,
    library: Pkcs11,
    label: &'static str,
}

impl Token {
    fn new(label: &'static str) -> Self {
        let module = PathBuf::from(std::env::var_os(MODULE_VARIABLE).expect("the module"));
        let library = Pkcs11::new(&module).unwrap();
        // Whether another test or the code under test was first doesn't matter.
        _ = library.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK));
        let slots = library.get_slots_with_token().unwrap();
        let free = slots.into_iter().find(|slot| !library.get_token_info(*slot).unwrap().token_initialized());
        let officer = AuthPin::from("officer");
        library.init_token(free.unwrap(), &officer, label).unwrap();
        let token = Self { folders: Folders::new(), module, library, label };
        let session = token.session();
        session.login(UserType::So, Some(&officer)).unwrap();
        session.init_pin(&AuthPin::from(PIN)).unwrap();
        drop(session);
        token.folders.write("pin", &format!("{PIN}\n"), 0o600);
        token
    }

    fn session(&self) -> Session {
        let slots = self.library.get_slots_with_initialized_token().unwrap();
        let slot =
            slots.into_iter().find(|slot| self.library.get_token_info(*slot).unwrap().label() == self.label);
        self.library.open_rw_session(slot.unwrap()).unwrap()
    }

    fn source(&self, object: &str) -> Source {
        let (label, module, pin) = (self.label, self.module.display(), self.folders.path("pin"));
        let pin = pin.display();
        let text = format!("pkcs11:token={label};object={object}?module-path={module}&pin-source=file:{pin}");
        text.parse().unwrap()
    }

    fn create(&self, object: &str) -> Box<dyn RootKey> {
        self.source(object).create(&self.folders.data()).unwrap()
    }

    fn refusal(&self, object: &str) -> String {
        refusal(self.source(object).open(&self.folders.data()), &self.folders)
    }

    /// A key as somebody else may have made it.
    fn foreign_key(&self, object: &str, attributes: &[Attribute]) {
        let session = self.session();
        session.login(UserType::User, Some(&AuthPin::from(PIN))).unwrap();
        let label = Attribute::Label(object.as_bytes().to_vec());
        let template = [&[Attribute::Token(true), label], attributes].concat();
        session.generate_key(&Mechanism::AesKeyGen, &template).unwrap();
    }
}

#[test]
#[ignore = "needs SoftHSM; cargo xtask test runs it"]
fn a_token_wraps_what_its_key_alone_unwraps() {
    let _guard = ONE_AT_A_TIME.lock();
    let token = Token::new("wraps");
    let created = token.create("root");
    wraps_and_unwraps(&*created);

    let wrapped = created.wrap("test", &Secret::new(vec![3; 32])).unwrap();
    drop(created);
    let opened = token.source("root").open(&token.folders.data()).unwrap();
    assert_eq!(opened.unwrap("test", &wrapped).unwrap().expose(), [3; 32]);
    assert!(!opened.describe().contains(PIN));

    let other = token.create("other");
    let refused = |root: &dyn RootKey, purpose: &str, wrapped: &[u8]| {
        let error = root.unwrap(purpose, wrapped).unwrap_err();
        assert!(matches!(error, RootKeyError::Refused { .. }), "{error}");
        assert!(
            error.to_string().ends_with("does not open it: another one wrapped it, or it was changed"),
            "{error}"
        );
    };
    refused(&*other, "test", &wrapped);
    refused(&*opened, "another purpose", &wrapped);
    // Each byte but the first, which says what kind of root key it was.
    for at in 1..wrapped.len() {
        let mut changed = wrapped.clone();
        changed[at] ^= 1;
        refused(&*opened, "test", &changed);
    }
    assert_eq!(opened.unwrap("test", &wrapped).unwrap().expose(), [3; 32], "the session is still one");

    let again = refusal(token.source("root").create(&token.folders.data()), &token.folders);
    assert!(again.starts_with("PKCS#11: there is a key `root` already"), "{again}");
}

#[test]
#[ignore = "needs SoftHSM; cargo xtask test runs it"]
fn many_threads_use_one_key() {
    let _guard = ONE_AT_A_TIME.lock();
    let token = Token::new("shared");
    let root = token.create("root");
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let root = &root;
            scope.spawn(move || {
                for round in 0..3 {
                    let secret = Secret::new(vec![thread, round]);
                    let wrapped = root.wrap("test", &secret).unwrap();
                    assert_eq!(root.unwrap("test", &wrapped).unwrap().expose(), secret.expose());
                }
            });
        }
    });
}

#[test]
#[ignore = "needs SoftHSM; cargo xtask test runs it"]
fn the_key_never_leaves_the_token() {
    let _guard = ONE_AT_A_TIME.lock();
    let token = Token::new("stays");
    token.create("root");
    let session = token.session();
    session.login(UserType::User, Some(&AuthPin::from(PIN))).unwrap();
    let keys = session.find_objects(&[Attribute::Class(ObjectClass::SECRET_KEY)]).unwrap();
    let asked = [
        AttributeType::Value,
        AttributeType::Sensitive,
        AttributeType::AlwaysSensitive,
        AttributeType::Extractable,
        AttributeType::NeverExtractable,
        AttributeType::Private,
        AttributeType::Wrap,
        AttributeType::Unwrap,
    ];
    let has = session.get_attributes(keys[0], &asked).unwrap();
    let expected = [
        Attribute::Sensitive(true),
        Attribute::AlwaysSensitive(true),
        Attribute::Extractable(false),
        Attribute::NeverExtractable(true),
        Attribute::Private(true),
        Attribute::Wrap(false),
        Attribute::Unwrap(false),
    ];
    assert_eq!(has, expected, "and no value among them");
}

#[test]
#[ignore = "needs SoftHSM; cargo xtask test runs it"]
fn what_is_wrong_with_a_token_or_key_is_told() {
    let _guard = ONE_AT_A_TIME.lock();
    let token = Token::new("wrong");
    assert_eq!(token.refusal("root"), "PKCS#11: the token `wrong` has no key `root` (hint: create it first)");

    let length = |bytes: u64| Attribute::ValueLen(bytes.into());
    let (kept, hidden) = (Attribute::Extractable(false), Attribute::Sensitive(true));
    token.foreign_key("short", &[length(16), kept.clone(), hidden.clone()]);
    token.foreign_key("leaves", &[length(32), Attribute::Extractable(true), hidden.clone()]);
    token.foreign_key("shows", &[length(32), kept.clone(), Attribute::Sensitive(false)]);
    token.foreign_key("twice", &[length(32), kept.clone(), hidden.clone()]);
    token.foreign_key("twice", &[length(32), kept, hidden]);
    assert_eq!(token.refusal("short"), "PKCS#11: the key `short` has not 256 bits");
    assert_eq!(token.refusal("leaves"), "PKCS#11: the key `leaves` can be taken out of the token");
    assert_eq!(token.refusal("shows"), "PKCS#11: the key `shows` can be read in the clear");
    assert_eq!(
        token.refusal("twice"),
        "PKCS#11: the token `wrong` has several keys `twice` (hint: add `id`)"
    );

    token.folders.write("pin", "wrong PIN", 0o600);
    let refused = token.refusal("root");
    assert!(refused.starts_with("PKCS#11: logging in: Login failed: PinIncorrect (hint: "), "{refused}");
    assert!(!refused.contains("wrong PIN"), "{refused}");
    token.folders.write("pin", PIN, 0o640);
    assert!(token.refusal("root").contains("its mode is 0640"));

    let elsewhere = token.source("root").to_string().replace("token=wrong", "token=nowhere");
    token.folders.write("pin", PIN, 0o600);
    let elsewhere: Source = elsewhere.parse().unwrap();
    let refused = refusal(elsewhere.open(&token.folders.data()), &token.folders);
    assert!(refused.starts_with("PKCS#11: there is no initialised token `nowhere`"), "{refused}");
}

#[test]
#[ignore = "needs SoftHSM; cargo xtask test runs it"]
fn a_keyring_moves_from_a_file_into_a_token_and_back() {
    let _guard = ONE_AT_A_TIME.lock();
    let token = Token::new("moves");
    let file = token.folders.source("file", "root.key").create(&token.folders.data()).unwrap();
    let root = token.create("root");
    let keyring = Keyring::generate(&SystemRandom).unwrap();
    let place = Aad::new("test", ["here"]);
    let blob = keyring.seal(&place, b"value", &SystemRandom).unwrap();

    let in_file = SealedKeyring::seal(&keyring, &*file).unwrap();
    let in_token = in_file.rewrap(&*file, &*root).unwrap();
    assert!(in_token.open(&*file).is_err());
    assert_eq!(in_token.open(&*root).unwrap().open(&place, &blob).unwrap().expose(), b"value");
    let back = in_token.rewrap(&*root, &*file).unwrap();
    assert_eq!(back.open(&*file).unwrap().open(&place, &blob).unwrap().expose(), b"value");
}

#[test]
fn a_module_that_is_none_is_told() {
    let folders = Folders::new();
    folders.write("pin", PIN, 0o600);
    folders.write("module.so", "not a library", 0o700);
    let (module, pin) = (folders.path("module.so"), folders.path("pin"));
    let (module, pin) = (module.display(), pin.display());
    let source: Source =
        format!("pkcs11:token=t;object=o?module-path={module}&pin-source=file:{pin}").parse().unwrap();
    let refused = refusal(source.open(&folders.data()), &folders);
    assert!(refused.starts_with("PKCS#11: loading the module: libloading error"), "{refused}");
    assert!(refused.contains("(hint: `module-path` is"), "{refused}");
}
