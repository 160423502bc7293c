//! Settings as the listener takes them.

use ringwall_server::Limits;

use super::settings::Settings;

impl Settings {
    /// The limits of the endpoint's listener.
    pub(crate) fn limits(&self) -> Limits {
        Limits {
            max_connections: self.max_connections.value.get(),
            max_concurrent_requests: self.max_concurrent_requests.value.get(),
            max_header_bytes: self.max_header_bytes.value.0,
            max_headers: self.max_headers.value.get(),
            max_body_bytes: self.max_body_bytes.value.0,
            max_buffered_bytes: self.max_buffered_bytes.value.0,
            max_streams: self.max_streams.value.0,
            tls_handshake: self.tls_handshake.value.0,
            header_read: self.header_read.value.0,
            body_read: self.body_read.value.0,
            request: self.request.value.0,
            idle: self.idle.value.0,
            drain: self.drain.value.0,
        }
    }
}
