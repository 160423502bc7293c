use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};

use crate::RootKeyError;

/// PKCS#11 initialises a module once per process, whoever uses it. So each is loaded once and stays: to finalise one
/// would take it from its other users.
static MODULES: Mutex<BTreeMap<PathBuf, Pkcs11>> = Mutex::new(BTreeMap::new());

/// The module of that path, loaded and initialised.
pub(super) fn load(path: &Path) -> Result<Pkcs11, RootKeyError> {
    let mut modules = MODULES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(module) = modules.get(path) {
        return Ok(module.clone());
    }
    let module = Pkcs11::new(path).map_err(failed("loading the module"))?;
    match module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
        Err(error) => return Err(failed("initialising the module")(error)),
    }
    modules.insert(path.to_owned(), module.clone());
    Ok(module)
}

/// What the module said, by its name in PKCS#11: the library's own texts quote the standard at length.
pub(super) fn failed(doing: &'static str) -> impl FnOnce(Error) -> RootKeyError {
    move |error| {
        let said = match &error {
            Error::Pkcs11(value, function) => format!("{function:?} failed: {value:?}"),
            other => other.to_string(),
        };
        let hint = match error {
            Error::LibraryLoading(_) => {
                " (hint: `module-path` is the vendor's library, for the same architecture)"
            }
            Error::Pkcs11(RvError::PinIncorrect, _) => {
                " (hint: the PIN of `pin-source` is another; a few more wrong ones lock the token)"
            }
            Error::Pkcs11(RvError::PinLocked, _) => {
                " (hint: the token's security officer can unlock the PIN)"
            }
            Error::Pkcs11(RvError::MechanismInvalid, _) => " (hint: the token has to know CKM_AES_GCM)",
            _ => "",
        };
        RootKeyError::Module { doing, said, hint }
    }
}
