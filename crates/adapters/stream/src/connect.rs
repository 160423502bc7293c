//! The connection: whom we speak to, as whom, and through which TLS.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_nats::{Client, ConnectOptions, ServerAddr};
use ringwall_model::Secret;
use rustls::ClientConfig;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::error::StreamError;
use crate::settings::{Login, Settings, Tls};

/// How long an answer may take: a server that elects a new leader needs some seconds.
pub(crate) const ANSWER: Duration = Duration::from_secs(5);

/// How long a connection may take to be made, TLS included.
const CONNECT: Duration = Duration::from_secs(5);

/// The longest pause between attempts to connect again.
const PAUSE: Duration = Duration::from_secs(2);

/// Most addresses: a cluster of NATS has few servers.
const MAX_SERVERS: usize = 32;

/// Longest PEM file: a certificate and those above it.
const MAX_PEM_BYTES: u64 = 1 << 20;

pub(crate) async fn connect(settings: &Settings) -> Result<Client, StreamError> {
    let servers = addresses(settings)?;
    let mut options = ConnectOptions::new()
        .name("ringwall")
        .connection_timeout(CONNECT)
        .request_timeout(Some(ANSWER))
        // An outage of NATS ends some time; the service is not ready until then.
        .max_reconnects(None)
        .reconnect_delay_callback(|attempts| {
            Duration::from_millis(50_u64.saturating_mul(1 << attempts.min(8))).min(PAUSE)
        })
        .event_callback(|event| async move { tracing::info!(%event, "connection to NATS") });
    options = match &settings.login {
        Login::None => options,
        Login::User { name, password } => options.user_and_password(name.clone(), text(password)?),
        Login::Nkey(seed) => options.nkey(text(seed)?),
        Login::Credentials(credentials) => options
            .credentials(&text(credentials)?)
            .map_err(|error| StreamError::Settings(format!("the credentials are none: {error}")))?,
    };
    if let Some(tls) = &settings.tls {
        options = options.require_tls(true).tls_client_config(config(tls)?);
    }
    options.connect(servers).await.map_err(|source| StreamError::Connect {
        servers: settings.servers.iter().map(|server| without_login(server)).collect::<Vec<_>>().join(", "),
        source: source.into(),
    })
}

fn addresses(settings: &Settings) -> Result<Vec<ServerAddr>, StreamError> {
    let wrong = |why: String| Err(StreamError::Settings(why));
    if settings.servers.is_empty() || settings.servers.len() > MAX_SERVERS {
        return wrong(format!("1 to {MAX_SERVERS} addresses are needed"));
    }
    let mut addresses = Vec::new();
    for server in &settings.servers {
        let shown = without_login(server);
        let address: ServerAddr = match server.parse() {
            Ok(address) => address,
            Err(error) => return wrong(format!("`{shown}` is no address: {error}")),
        };
        if address.has_user_pass() {
            return wrong(format!(
                "`{shown}` holds a password (hint: credentials have settings of their own)"
            ));
        }
        if !matches!(address.scheme(), "nats" | "tls") {
            return wrong(format!("`{shown}` is neither `nats://` nor `tls://`"));
        }
        // Events and credentials would cross the network for all to read.
        if settings.tls.is_none() && !is_this_machine(address.host()) {
            return wrong(format!("`{shown}` is another machine, to which nothing is sent without TLS"));
        }
        addresses.push(address);
    }
    Ok(addresses)
}

fn is_this_machine(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn without_login(server: &str) -> String {
    match server.rsplit_once('@') {
        Some((_, host)) => format!("…@{host}"),
        None => server.to_owned(),
    }
}

fn text(secret: &Secret) -> Result<String, StreamError> {
    let text = secret.expose_text().ok_or_else(|| StreamError::Settings("a secret is no text".to_owned()))?;
    Ok(text.trim().to_owned())
}

fn config(tls: &Tls) -> Result<ClientConfig, StreamError> {
    let roots = ringwall_roots::load(tls.authorities.as_deref())
        .map_err(|error| StreamError::Settings(error.to_string()))?;
    let builder =
        ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| StreamError::Settings(error.to_string()))?
            .with_root_certificates(roots);
    let Some((certificate, key)) = &tls.certificate else {
        return Ok(builder.with_no_client_auth());
    };
    let pem = read(certificate)?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.expose()).collect();
    let chain = chain.map_err(|error| unusable(certificate, &error))?;
    let pem = read(key)?;
    let secret = PrivateKeyDer::from_pem_slice(pem.expose()).map_err(|error| unusable(key, &error))?;
    builder.with_client_auth_cert(chain, secret).map_err(|error| unusable(certificate, &error))
}

fn read(path: &Path) -> Result<Secret, StreamError> {
    ringwall_files::read(path, MAX_PEM_BYTES).map(Secret::new).map_err(|error| unusable(path, &error))
}

fn unusable(path: &Path, why: &dyn std::fmt::Display) -> StreamError {
    StreamError::Settings(format!("`{}` can't be used: {why}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_would_cross_the_network_in_the_clear() {
        let check = |server: &str, tls: bool| {
            let tls = tls.then(Tls::default);
            addresses(&Settings { tls, ..Settings::new(vec![server.to_owned()]) })
                .map_err(|error| error.to_string())
        };
        for fine in ["nats://127.0.0.1:4222", "localhost:4222", "nats://[::1]:4222"] {
            assert!(check(fine, false).is_ok(), "{fine}");
        }
        for wrong in ["nats://nats.example:4222", "10.0.0.1", "tls://10.0.0.1", "nats://127.0.0.1.example"] {
            assert!(check(wrong, false).unwrap_err().contains("without TLS"), "{wrong}");
            assert!(check(wrong, true).is_ok(), "{wrong}");
        }
        let error = check("nats://me:hunter2@127.0.0.1", true).unwrap_err();
        assert!(error.contains("password") && !error.contains("hunter2"), "{error}");
        assert!(check("ws://127.0.0.1", true).is_err());
    }
}
