use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why a socket could not be made or reached.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum GrpcError {
    /// The path has no folder and name, or is relative.
    #[error("`{}` is no place for a socket (hint: an absolute path, as /run/ringwall/kms.sock)", .0.display())]
    Path(PathBuf),

    /// Something that isn't a socket stands there, and is left alone.
    #[error("`{}` exists and is not a socket (hint: move it away, or choose another path)", .0.display())]
    NotASocket(PathBuf),

    /// Somebody serves on the socket.
    #[error(
        "another process serves on `{}` (hint: `ss -lxp` shows which one; stop it, or choose another path)",
        .0.display()
    )]
    InUse(PathBuf),

    /// Others could put their own socket in the place of ours.
    #[error(
        "everybody can write to the folder of `{}`, and so replace the socket (hint: chmod o-w, or chmod +t)",
        .0.display()
    )]
    Folder(PathBuf),

    /// The system refused.
    #[error("`{}`: {doing}: {source}", path.display())]
    Io {
        /// The socket or its folder.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },

    /// The peer speaks no HTTP/2.
    #[error("`{}`: the handshake failed: {source}", path.display())]
    Handshake {
        /// The socket.
        path: PathBuf,
        /// What went wrong.
        source: hyper::Error,
    },
}
