//! The socket in the file system: made so that nobody but its owner can ever connect, replaced only if it is stale.

use std::fs::{self, DirBuilder, File, Metadata};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixListener as StdListener;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, listen, socket_with};
use tokio::net::UnixListener;

use crate::GrpcError;
use crate::limits::BACKLOG;

/// How long the folder's lock is waited for. Whoever holds it is another listener that is starting.
const LOCKED: Duration = Duration::from_secs(5);
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// How many names are tried for the folder in which a socket is made.
const TRIES: u32 = 64;

/// Who may use a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// The socket file's permissions. Connecting takes the right to write.
    pub mode: u32,
    /// The user and group that the socket file is given to; it takes root's rights to give it away.
    pub owner: Option<(u32, u32)>,
    /// Users who may call, beside root and the one that this process runs as. Told by the kernel, not by the caller.
    pub users: Vec<u32>,
}

impl Default for Access {
    /// Root's and our own alone.
    fn default() -> Self {
        Self { mode: 0o600, owner: None, users: Vec::new() }
    }
}

/// A unix socket that is listened on. Its file goes when this is dropped, unless another one has taken its place.
#[derive(Debug)]
pub struct Listener {
    pub(crate) listener: UnixListener,
    pub(crate) access: Access,
    path: PathBuf,
    /// Device and inode.
    file: (u64, u64),
}

impl Listener {
    /// Listens at a path. A socket that nobody serves on is replaced.
    ///
    /// The socket is made in a folder that only we can enter, gets its owner and mode there, and is moved to its place:
    /// there is no moment in which it is there with other permissions, nor one without any socket if there was one.
    ///
    /// # Errors
    ///
    /// If something else stands there, somebody serves on it, others could replace it, or the system refuses.
    pub fn bind(path: &Path, access: Access) -> Result<Self, GrpcError> {
        let (folder, name) = match (path.parent(), path.file_name()) {
            (Some(folder), Some(name)) if path.is_absolute() => (folder, name),
            _ => return Err(GrpcError::Path(path.to_owned())),
        };
        let at = |doing| move |source| GrpcError::Io { path: path.to_owned(), doing, source };
        // The name under which it is made is short, the one by which it is called may be too long.
        SocketAddrUnix::new(path).map_err(io::Error::from).map_err(at("making its address"))?;
        let metadata = fs::metadata(folder).map_err(at("looking at its folder"))?;
        if metadata.mode() & 0o1002 == 0o0002 {
            return Err(GrpcError::Folder(path.to_owned()));
        }
        // Else two that start at once would both find the old socket stale, and the later one replace the earlier's.
        let _lock = lock(folder).map_err(at("locking its folder"))?;
        may_replace(path)?;

        let room = Room::make(folder).map_err(at("making a folder beside it"))?;
        let made = room.0.join("s");
        let listener = bind_and_listen(&made).map_err(at("binding the socket"))?;
        if let Some((user, group)) = access.owner {
            std::os::unix::fs::chown(&made, Some(user), Some(group)).map_err(at("giving it to its owner"))?;
        }
        fs::set_permissions(&made, fs::Permissions::from_mode(access.mode))
            .map_err(at("setting its permissions"))?;
        let file = identity(&fs::symlink_metadata(&made).map_err(at("looking at it"))?);
        fs::rename(&made, folder.join(name)).map_err(at("moving it to its place"))?;
        let listener = UnixListener::from_std(listener).map_err(at("listening"))?;
        Ok(Self { listener, access, path: path.to_owned(), file })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether its file is still there. Without it nobody new can connect.
    pub fn is_in_place(&self) -> bool {
        fs::symlink_metadata(&self.path).is_ok_and(|found| identity(&found) == self.file)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if self.is_in_place() {
            // What can't be removed is stale, and replaced at the next start.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn identity(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

fn lock(folder: &Path) -> io::Result<File> {
    let folder = File::open(folder)?;
    let begun = Instant::now();
    loop {
        match flock(&folder, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(folder),
            Err(Errno::WOULDBLOCK) if begun.elapsed() < LOCKED => std::thread::sleep(LOOK_AGAIN),
            Err(error) => return Err(error.into()),
        }
    }
}

fn may_replace(path: &Path) -> Result<(), GrpcError> {
    let at = |doing| move |source| GrpcError::Io { path: path.to_owned(), doing, source };
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(at("looking at it")(error)),
        Ok(found) if !found.file_type().is_socket() => return Err(GrpcError::NotASocket(path.to_owned())),
        Ok(_) => {}
    }
    match is_served(path) {
        Ok(false) => Ok(()),
        Ok(true) => Err(GrpcError::InUse(path.to_owned())),
        Err(error) => Err(at("looking whether it is in use")(error)),
    }
}

fn is_served(path: &Path) -> io::Result<bool> {
    // Not blocking: with a full backlog, connecting would wait.
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    match connect(&socket, &SocketAddrUnix::new(path)?) {
        Ok(()) | Err(Errno::AGAIN | Errno::INPROGRESS) => Ok(true),
        Err(Errno::CONNREFUSED | Errno::NOENT) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn bind_and_listen(path: &Path) -> io::Result<StdListener> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    rustix::net::bind(&socket, &SocketAddrUnix::new(path)?)?;
    listen(&socket, BACKLOG)?;
    Ok(StdListener::from(socket))
}

/// A folder that only we can enter, gone when dropped.
struct Room(PathBuf);

impl Room {
    /// Short names, as the path of a socket has room for 107 bytes.
    fn make(folder: &Path) -> io::Result<Self> {
        let start = std::process::id();
        for number in 0..TRIES {
            let path = folder.join(format!(".{:x}", start.wrapping_add(number.wrapping_mul(0x10001))));
            match DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => return Ok(Self(path)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    // Left behind by one that was killed: we hold the folder's lock, so nobody uses it.
                    let _ = fs::remove_file(path.join("s"));
                    let _ = fs::remove_dir(&path);
                }
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let _ = fs::remove_file(self.0.join("s"));
        let _ = fs::remove_dir(&self.0);
    }
}
