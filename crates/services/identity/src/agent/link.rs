//! The link that has the addresses which pods ask: a dummy interface of the node, or a bridge without ports where the kernel
//! has no dummy interfaces, as those of small virtual machines.
//!
//! A pod's packet to a link-local address leaves its network namespace by the default route and comes to the node, where the
//! address is one of its own. Nothing has to be routed, and no other node's agent can be meant.

use std::io;
use std::net::IpAddr;

use super::error::AgentError;

/// Its name. Source: the EKS Pod Identity agent, whose link has the same name, so that network plugins know it.
pub const LINK: &str = "pod-id-link0";

/// What was found or made.
#[derive(Debug, Default)]
pub struct Ensured {
    /// Whether something was missing, and is there now.
    pub changed: bool,
    /// IPv6 addresses that the link can't have, as the node has no IPv6, and what the kernel says.
    pub absent: Vec<(IpAddr, io::Error)>,
}

/// Makes the link, if it is not there, and gives it these addresses. What is there already is left as it is, so that pods
/// don't notice a restart.
///
/// # Errors
///
/// The kernel refuses, or the name is another link's. That IPv6 is off is none: it is told in [`Ensured::absent`].
pub async fn ensure(addresses: &[IpAddr]) -> Result<Ensured, AgentError> {
    system::ensure(addresses).await
}

/// Takes the link away, with its addresses; `false` if there was none.
///
/// # Errors
///
/// The kernel refuses, or the name is another link's.
pub async fn remove() -> Result<bool, AgentError> {
    system::remove().await
}

#[cfg(target_os = "linux")]
mod system {
    use std::future::Future;
    use std::io;
    use std::net::IpAddr;

    use futures_util::TryStreamExt as _;
    use rtnetlink::packet_route::address::AddressHeaderFlags;
    use rtnetlink::packet_route::link::{InfoKind, LinkAttribute, LinkFlags, LinkInfo, LinkMessage};
    use rtnetlink::{Error, Handle, LinkBridge, LinkDummy, LinkMessageBuilder, LinkUnspec};
    use rustix::io::Errno;

    use super::{AgentError, Ensured, LINK};

    pub(super) async fn ensure(addresses: &[IpAddr]) -> Result<Ensured, AgentError> {
        with_kernel(async |kernel| {
            let mut ensured = Ensured::default();
            let link = match find(&kernel).await? {
                Some(link) => link,
                None => {
                    // Another agent may have been quicker.
                    ensured.changed |= make(&kernel).await.map_err(failed("made"))?;
                    find(&kernel).await?.ok_or_else(|| failed("made")(Errno::NODEV.into()))?
                }
            };
            let index = link.header.index;
            if !link.header.flags.contains(LinkFlags::Up) {
                let up = LinkMessageBuilder::<LinkUnspec>::new().index(index).up().build();
                kernel.link().set(up).execute().await.map_err(io).map_err(failed("brought up"))?;
                ensured.changed = true;
            }
            for address in addresses {
                let prefix = if address.is_ipv4() { 32 } else { 128 };
                let mut request = kernel.address().add(index, *address, prefix);
                // Nobody else is on the link, and an address that is looked for can't be listened on.
                request.message_mut().header.flags |= AddressHeaderFlags::Nodad;
                match is_new(request.execute().await) {
                    Ok(new) => ensured.changed |= new,
                    Err(error) if address.is_ipv6() && is_no_ipv6(&error) => {
                        ensured.absent.push((*address, error));
                    }
                    Err(error) => return Err(failed("given its address")(error)),
                }
            }
            Ok(ensured)
        })
        .await
    }

    pub(super) async fn remove() -> Result<bool, AgentError> {
        with_kernel(async |kernel| {
            let Some(link) = find(&kernel).await? else { return Ok(false) };
            kernel.link().del(link.header.index).execute().await.map_err(io).map_err(failed("removed"))?;
            Ok(true)
        })
        .await
    }

    /// Speaks to the kernel for as long as the work lasts.
    async fn with_kernel<T, W>(work: impl FnOnce(Handle) -> W) -> Result<T, AgentError>
    where
        W: Future<Output = Result<T, AgentError>>,
    {
        let (connection, handle, _) = rtnetlink::new_connection().map_err(failed("looked at"))?;
        let speaking = tokio::spawn(connection);
        let done = work(handle).await;
        speaking.abort();
        done
    }

    async fn make(kernel: &Handle) -> io::Result<bool> {
        match is_new(kernel.link().add(LinkDummy::new(LINK).up().build()).execute().await) {
            Err(error) if is(&error, &[Errno::OPNOTSUPP]) => {
                is_new(kernel.link().add(LinkBridge::new(LINK).up().build()).execute().await)
            }
            made => made,
        }
    }

    async fn find(kernel: &Handle) -> Result<Option<LinkMessage>, AgentError> {
        let found = kernel.link().get().match_name(LINK.to_owned()).execute().try_next().await;
        let link = match found.map_err(io) {
            Ok(Some(link)) => link,
            Ok(None) => return Ok(None),
            Err(error) if is(&error, &[Errno::NODEV]) => return Ok(None),
            Err(error) => return Err(failed("looked at")(error)),
        };
        let is_ours = |info: &LinkInfo| {
            matches!(info, LinkInfo::Kind(InfoKind::Dummy) | LinkInfo::Kind(InfoKind::Bridge))
        };
        let is_ours = link.attributes.iter().any(|attribute| match attribute {
            LinkAttribute::LinkInfo(infos) => infos.iter().any(is_ours),
            _ => false,
        });
        if is_ours { Ok(Some(link)) } else { Err(AgentError::OtherLink) }
    }

    /// Whether something was made; `false` if it was there.
    fn is_new(made: Result<(), Error>) -> io::Result<bool> {
        match made.map_err(io) {
            Ok(()) => Ok(true),
            Err(error) if is(&error, &[Errno::EXIST]) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// What the kernel says of an IPv6 address when IPv6 is off, on this link (`disable_ipv6`) or altogether.
    fn is_no_ipv6(error: &io::Error) -> bool {
        is(error, &[Errno::ACCESS, Errno::OPNOTSUPP, Errno::AFNOSUPPORT])
    }

    fn is(error: &io::Error, any: &[Errno]) -> bool {
        error.raw_os_error().is_some_and(|code| any.contains(&Errno::from_raw_os_error(code)))
    }

    fn io(error: Error) -> io::Error {
        match error {
            Error::NetlinkError(message) => message.to_io(),
            other => io::Error::other(other.to_string()),
        }
    }

    fn failed(action: &'static str) -> impl Fn(io::Error) -> AgentError {
        move |source| AgentError::Link { action, source }
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use std::net::IpAddr;

    use super::{AgentError, Ensured};

    pub(super) async fn ensure(_: &[IpAddr]) -> Result<Ensured, AgentError> {
        Err(AgentError::System)
    }

    pub(super) async fn remove() -> Result<bool, AgentError> {
        Err(AgentError::System)
    }
}
