use std::fs::File;
use std::io::{self, Read as _};

/// Whether packets between pods of one bridge pass the filter.
///
/// Source: Linux, `Documentation/networking/bridge.rst` and `br_netfilter`: bridged packets go through the hooks of IP only if the module
/// is there and `net.bridge.bridge-nf-call-iptables` (of IPv6: `-ip6tables`) is 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BridgeFilter {
    /// They do.
    On,
    /// They don't: the setting is off.
    Off,
    /// They don't: the kernel has not loaded `br_netfilter`.
    NoModule,
}

impl BridgeFilter {
    /// How it is in this thread's network namespace: for IPv4 and for IPv6.
    ///
    /// # Errors
    ///
    /// If the settings can't be read.
    pub fn here() -> io::Result<[Self; 2]> {
        Ok([Self::read("iptables")?, Self::read("ip6tables")?])
    }

    fn read(which: &str) -> io::Result<Self> {
        let mut file = match File::open(format!("/proc/sys/net/bridge/bridge-nf-call-{which}")) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::NoModule),
            Err(error) => return Err(error),
        };
        let mut first = [0];
        file.read_exact(&mut first)?;
        Ok(if first == *b"0" { Self::Off } else { Self::On })
    }
}
