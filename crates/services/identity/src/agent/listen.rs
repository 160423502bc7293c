//! The agent's listeners.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ringwall_server::{Limits, Metrics, Server, ServerError, live};
use rustix::io::Errno;

use super::error::AgentError;

/// Connections at once for each address: each of some hundred pods opens one or two.
const CONNECTIONS: usize = 1024;

/// Bytes of a request's body: there is none.
const BODY: usize = 1024;

/// How long a request's head may take, and how long a connection may be idle: the way is short, and who holds connections
/// holds the places of others.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long requests in hand may go on once the agent stops: as long as a call.
const DRAIN: Duration = Duration::from_secs(10);

/// Listeners that listen.
#[derive(Debug)]
pub struct Listening {
    /// Those listeners: at least one.
    pub servers: Vec<Server>,
    /// IPv6 addresses that the node does not have, and what the system says.
    pub absent: Vec<(SocketAddr, io::Error)>,
}

impl Listening {
    /// The addresses.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.servers.iter().map(Server::address).collect()
    }
}

/// Listens on all of these addresses. A node without IPv6 has only pods that ask by IPv4, so that an IPv6 address may be
/// missing if another address is there.
///
/// # Errors
///
/// An address is taken, or not the node's; or it stands for all of them, since a request's host could then not be known.
pub fn listen(addresses: &[SocketAddr], metrics: &Metrics) -> Result<Listening, AgentError> {
    let limits = live(Limits {
        max_connections: CONNECTIONS,
        max_body_bytes: BODY,
        max_buffered_bytes: CONNECTIONS * BODY,
        header_read: PATIENCE,
        body_read: PATIENCE,
        idle: PATIENCE,
        drain: DRAIN,
        ..Limits::default()
    });
    let (mut servers, mut absent) = (Vec::new(), Vec::new());
    for address in addresses {
        if address.ip().is_unspecified() {
            return Err(AgentError::EveryAddress(*address));
        }
        match Server::bind(*address, None, Arc::clone(&limits), metrics.clone()) {
            Ok(server) => servers.push(server),
            Err(ServerError::Bind { address, source }) if address.is_ipv6() && is_absent(&source) => {
                absent.push((address, source));
            }
            Err(error) => return Err(error.into()),
        }
    }
    match absent.pop() {
        Some((address, source)) if servers.is_empty() => Err(ServerError::Bind { address, source }.into()),
        Some(last) => {
            absent.push(last);
            Ok(Listening { servers, absent })
        }
        None => Ok(Listening { servers, absent }),
    }
}

fn is_absent(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::AddrNotAvailable
        || error.raw_os_error() == Some(Errno::AFNOSUPPORT.raw_os_error())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listen(addresses: &[&str]) -> Result<Listening, AgentError> {
        let addresses: Vec<SocketAddr> = addresses.iter().map(|address| address.parse().unwrap()).collect();
        super::listen(&addresses, &Metrics::default())
    }

    // Of the range for documentation, which no machine has.
    const NOWHERE: &str = "[2001:db8::23]:0";

    #[tokio::test]
    async fn ipv6_may_be_absent_and_ipv4_may_not() {
        let listening = listen(&["127.0.0.1:0", NOWHERE]).unwrap();
        assert_eq!((listening.addresses().len(), listening.absent.len()), (1, 1));
        let none = listen(&[NOWHERE]).unwrap_err();
        assert!(none.hint().is_some_and(|hint| hint.contains("--manage-link")), "{none}");
        assert!(listen(&["192.0.2.23:0", "127.0.0.1:0"]).is_err());
        let taken = listening.addresses()[0].to_string();
        assert!(listen(&[&taken]).unwrap_err().hint().is_some_and(|hint| hint.contains("add-on")));
    }

    #[tokio::test]
    async fn every_address_is_none() {
        for address in ["0.0.0.0:0", "[::]:0"] {
            assert!(matches!(listen(&[address]), Err(AgentError::EveryAddress(_))), "{address}");
        }
    }
}
