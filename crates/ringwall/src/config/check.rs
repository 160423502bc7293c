//! What settings have to be to each other.

use super::error::ConfigError;
use super::settings::Settings;
use super::value::TlsMode;

/// Adds what is wrong with settings that are right each by itself.
pub(super) fn check(settings: &Settings, errors: &mut Vec<ConfigError>) {
    let listen = &settings.listen;
    if settings.tls_mode.value == TlsMode::Off && !listen.value.ip().is_loopback() {
        let message =
            format!("`tls.mode` is off, and `listen` is {}, which is not this machine alone", listen.value);
        errors.push(ConfigError::at(&settings.tls_mode.origin, &message).hint(
            "signed requests carry secrets in the clear: take tls.mode own or files, or listen on 127.0.0.1",
        ));
    }
    for (name, file) in [("tls.certificate", &settings.tls_certificate), ("tls.key", &settings.tls_key)] {
        let wanted = settings.tls_mode.value == TlsMode::Files;
        if wanted && file.value.is_none() {
            errors.push(ConfigError::at(
                &settings.tls_mode.origin,
                &format!("`tls.mode` is files, and `{name}` is not set"),
            ));
        }
        if !wanted && file.value.is_some() {
            let error =
                ConfigError::at(&file.origin, &format!("`{name}` is set, and `tls.mode` is not files"));
            errors.push(error.hint("set tls.mode to files"));
        }
    }
    if settings.tls_mode.value != TlsMode::Own && !settings.tls_names.value.0.is_empty() {
        let error =
            ConfigError::at(&settings.tls_names.origin, "`tls.names` is set, and `tls.mode` is not own");
        errors.push(error.hint("the names of a given certificate are in the certificate"));
    }
    if listen.value == settings.admin_listen.value && listen.value.port() != 0 {
        let message = format!("`admin-listen` and `listen` are both {}", listen.value);
        errors.push(ConfigError::at(&settings.admin_listen.origin, &message));
    }
}
