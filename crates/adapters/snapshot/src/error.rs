use std::io;
use std::path::PathBuf;

/// Why there is no snapshot to read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// Nothing is there.
    #[error("there is no folder `{}`", .0.display())]
    NotFound(PathBuf),
    /// Something else is there.
    #[error("`{}` is not a folder", .0.display())]
    NotAFolder(PathBuf),
    /// The folder has nothing that belongs to a snapshot.
    #[error("`{}` holds no part of a snapshot", .0.display())]
    NoParts(PathBuf),
    /// The system refuses to read it.
    #[error("can't read `{}`", .0.display())]
    Unreadable(PathBuf, #[source] io::Error),
}

impl SnapshotError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "check the path; a snapshot is a folder, for example examples/storefront",
            Self::NotAFolder(_) => {
                "a snapshot is a folder: put the file into its kubernetes/ or aws/ and name the folder"
            }
            Self::NoParts(_) => "a snapshot has cluster.yaml, kubernetes/, aws/, audit/ or cloudtrail/",
            Self::Unreadable(..) => "check the folder's permissions",
        }
    }
}
