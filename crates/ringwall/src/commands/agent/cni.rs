//! The CNI plugin: the same program under another name.

use std::ffi::OsStr;
use std::io;
use std::path::Path;

use ringwall_agent::cni::{PROGRAM, run};

/// Whether a container runtime calls this as the plugin: by its name, or as `ringwall cni`, with CNI's environment.
pub(crate) fn is_cni_plugin() -> bool {
    let mut arguments = std::env::args_os();
    let name = arguments.next();
    let by_name =
        name.as_deref().and_then(|name| Path::new(name).file_name()).is_some_and(|name| name == PROGRAM);
    let by_command = arguments.next().as_deref() == Some(OsStr::new("cni"));
    (by_name || by_command) && std::env::var_os("CNI_COMMAND").is_some()
}

/// Does what the runtime asks; gives the exit status.
pub(crate) fn cni_plugin() -> u8 {
    let env = |name: &str| std::env::var(name).ok();
    run(&env, &mut io::stdin().lock(), &mut io::stdout().lock())
}
