//! The socket's file.

use std::fs;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _, symlink};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ringwall_grpc::{Access, GrpcError, Limits, Listener};

use crate::harness::{Served, client};

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().mode() & 0o7777
}

#[tokio::test]
async fn it_is_its_owners_alone_and_goes_with_the_listener() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kms.sock");
    let listener = Listener::bind(&path, Access::default()).unwrap();
    assert!(fs::symlink_metadata(&path).unwrap().file_type().is_socket());
    assert_eq!(mode(&path), 0o600);
    assert!(listener.is_in_place());
    drop(listener);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left behind");

    let access = Access { mode: 0o660, ..Access::default() };
    let _listener = Listener::bind(&path, access).unwrap();
    assert_eq!(mode(&path), 0o660);
}

/// Whatever the moment, a file at the path has the mode that was asked for; a socket that was there is never missing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_no_moment_it_has_another_mode_or_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kms.sock");
    let stale = || drop(UnixListener::bind(folder.path().join("stale")).unwrap());
    let bind = |path: &Path| drop(Listener::bind(path, Access::default()).unwrap());
    bind(&path);
    let done = Arc::new(AtomicBool::new(false));
    let watcher = std::thread::spawn({
        let (path, done) = (path.clone(), Arc::clone(&done));
        move || {
            let (mut seen, mut wrong) = (0, 0);
            while !done.load(Ordering::SeqCst) {
                if let Ok(found) = fs::symlink_metadata(&path) {
                    seen += 1;
                    wrong += usize::from(found.mode() & 0o777 != 0o600);
                }
            }
            (seen, wrong)
        }
    });
    for _ in 0..300 {
        // A stale one, of our mode, takes the place; then it is replaced.
        stale();
        fs::set_permissions(folder.path().join("stale"), fs::Permissions::from_mode(0o600)).unwrap();
        fs::rename(folder.path().join("stale"), &path).unwrap();
        bind(&path);
    }
    done.store(true, Ordering::SeqCst);
    let (seen, wrong) = watcher.join().unwrap();
    assert!(seen > 0);
    assert_eq!(wrong, 0);
}

#[tokio::test]
async fn it_is_given_to_its_owner() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("it takes root to give it away");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kms.sock");
    let access = Access { mode: 0o660, owner: Some((4711, 4712)), ..Access::default() };
    let _listener = Listener::bind(&path, access).unwrap();
    let made = fs::symlink_metadata(&path).unwrap();
    assert_eq!((made.uid(), made.gid(), made.mode() & 0o7777), (4711, 4712, 0o660));
}

#[tokio::test]
async fn a_stale_socket_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kms.sock");
    drop(UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    let _listener = Listener::bind(&path, Access::default()).unwrap();
    assert_eq!(mode(&path), 0o600);
    UnixStream::connect(&path).unwrap();
}

#[tokio::test]
async fn a_socket_that_is_served_on_is_left_alone() {
    let served = Served::start(Limits::default(), Access::default());
    let refusal = Listener::bind(&served.path, Access::default()).unwrap_err();
    assert!(matches!(&refusal, GrpcError::InUse(path) if *path == served.path), "{refusal}");
    let mut client = served.client().await;
    assert!(client.encrypt(crate::harness::encrypt(1)).await.is_ok());
}

/// One whose backlog is full is served on as well.
#[tokio::test]
async fn a_busy_socket_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kms.sock");
    let listener = Listener::bind(&path, Access::default()).unwrap();
    // Nobody accepts; more than the backlog are refused for now.
    let mut waiting = Vec::new();
    while let Ok(stream) = tokio::net::UnixStream::connect(&path).await {
        waiting.push(stream);
    }
    assert!(waiting.len() > 100);
    assert!(matches!(Listener::bind(&path, Access::default()), Err(GrpcError::InUse(_))));
    drop(listener);
}

#[tokio::test]
async fn what_is_no_socket_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (file, link) = (folder.path().join("file"), folder.path().join("link"));
    fs::write(&file, "precious").unwrap();
    symlink(&file, &link).unwrap();
    for path in [&file, &link] {
        assert!(matches!(Listener::bind(path, Access::default()), Err(GrpcError::NotASocket(_))));
    }
    assert_eq!(fs::read(&file).unwrap(), b"precious");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[tokio::test]
async fn a_socket_that_took_its_place_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kms.sock");
    let listener = Listener::bind(&path, Access::default()).unwrap();
    fs::remove_file(&path).unwrap();
    let _other = UnixListener::bind(&path).unwrap();
    assert!(!listener.is_in_place());
    drop(listener);
    assert!(path.exists());
}

#[tokio::test]
async fn places_where_it_cannot_be_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let open = folder.path().join("open");
    fs::create_dir(&open).unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
    assert!(matches!(Listener::bind(&open.join("s"), Access::default()), Err(GrpcError::Folder(_))));
    // As /tmp.
    fs::set_permissions(&open, fs::Permissions::from_mode(0o1777)).unwrap();
    assert!(Listener::bind(&open.join("s"), Access::default()).is_ok());

    assert!(matches!(Listener::bind(Path::new("kms.sock"), Access::default()), Err(GrpcError::Path(_))));
    let missing = folder.path().join("missing").join("s");
    assert!(matches!(Listener::bind(&missing, Access::default()), Err(GrpcError::Io { .. })));
    let long = folder.path().join("x".repeat(120));
    assert!(matches!(
        Listener::bind(&long, Access::default()),
        Err(GrpcError::Io { .. } | GrpcError::Path(_))
    ));
}

/// Of many that start at once one wins, and it can be connected to.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_one_wins() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kms.sock");
    drop(UnixListener::bind(&path).unwrap());
    let mut starting = Vec::new();
    for _ in 0..8 {
        let path = path.clone();
        starting.push(tokio::spawn(async move { Listener::bind(&path, Access::default()) }));
    }
    let mut winners = Vec::new();
    for start in starting {
        match start.await.unwrap() {
            Ok(listener) => winners.push(listener),
            Err(refusal) => assert!(matches!(refusal, GrpcError::InUse(_)), "{refusal}"),
        }
    }
    assert_eq!(winners.len(), 1);
    UnixStream::connect(&path).unwrap();
}

/// A process of another user is let connect by the file's mode, and is still turned away.
#[tokio::test]
async fn another_user_is_turned_away() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("it takes root to act as another user");
        return;
    }
    let stranger = 4711;
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    for (users, let_in) in [(vec![], false), (vec![stranger], true)] {
        let access = Access { mode: 0o666, owner: None, users };
        let served = Served::start(Limits::default(), access);
        fs::set_permissions(served.path.parent().unwrap(), fs::Permissions::from_mode(0o755)).unwrap();
        assert!(
            client(ringwall_grpc::connect(&served.path).await.unwrap())
                .encrypt(crate::harness::encrypt(1))
                .await
                .is_ok()
        );
        let answered = as_user(stranger, &served.path).await;
        assert_eq!(answered, let_in);
    }
}

/// Whether the server says anything to a client that runs as this user: its settings frame, or nothing and the end.
async fn as_user(user: u32, path: &Path) -> bool {
    let script = "import socket,sys; s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); \
                  s.sendall(b'PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n\\0\\0\\0\\4\\0\\0\\0\\0\\0'); \
                  sys.exit(0 if s.recv(1) else 3)";
    let status = tokio::process::Command::new("python3")
        .args(["-c", script])
        .arg(path)
        .uid(user)
        .gid(user)
        .status()
        .await
        .unwrap();
    // Hung up on while it wrote, or before.
    status.success()
}
