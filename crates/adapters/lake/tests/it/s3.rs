//! The lake in S3, as moto has it, which somebody else wrote after AWS's documents. `cargo xtask test` installs it and says where it
//! is.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt as _;
use object_store::path::Path;
use object_store::{Error, GetOptions, GetRange, ObjectStore as _, ObjectStoreExt as _, PutMode, PutOptions};
use ringwall_awsclient::{Client, Config, Endpoints, Method, ObjectCall, Static};
use ringwall_lake::{CompactSettings, Day, Lake, Location, Settings, compact, expire};

use crate::support::{event, ids, shop};

/// Where its program is.
const MOTO_VARIABLE: &str = "RINGWALL_MOTO";

/// A process that ends with the test.
struct Moto(Child);

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn bucket() -> (Moto, Client) {
    let program = std::env::var_os(MOTO_VARIABLE).expect("cargo xtask test says where moto is");
    let free: SocketAddr = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    let mut command = Command::new(program);
    command
        .args(["-H", "127.0.0.1", "-p", &free.port().to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let moto = Moto(command.spawn().unwrap());
    for _ in 0..1200 {
        if TcpStream::connect(free).is_ok() {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let credentials = Static::key("AKIAIOSFODNN7EXAMPLE", "secret".to_owned());
    let mut config = Config::new("us-east-1", Arc::new(credentials));
    config.endpoints = Endpoints::all(format!("http://{free}").parse().unwrap());
    let client = Client::new(config).unwrap();
    client.object(ObjectCall::new("s3:CreateBucket", Method::PUT, "lake", "")).await.unwrap();
    (moto, client)
}

#[tokio::test]
#[ignore = "needs moto; cargo xtask test runs it"]
async fn a_bucket_is_a_lake_as_a_folder_is() {
    let (_moto, client) = bucket().await;
    let location = Location::bucket(client, "lake", "a prefix/b").unwrap();
    let write = async |positions: &[u64]| {
        let mut lake = Lake::open(location.clone(), Settings::default());
        for position in positions {
            lake.append(&shop(), *position, event(&position.to_string(), *position as u32)).unwrap();
        }
        lake.flush().await.unwrap();
    };
    write(&[1, 2]).await;
    write(&[1, 2]).await;
    write(&[3]).await;
    write(&[4, 5]).await;
    assert_eq!(ids(&location).await, ["1", "2", "3", "4", "5"]);
    let mut lake = Lake::open(location.clone(), Settings::default());
    assert_eq!(lake.rewind(&shop(), 3).await.unwrap(), 1);
    write(&[4]).await;
    let settings = CompactSettings::at(1_796_000_000_000);
    let done = compact(&location, &settings).await.unwrap();
    assert_eq!((done.made, done.replaced, done.rows), (1, 3, 4));
    assert_eq!(ids(&location).await, ["1", "2", "3", "4"]);
    let done = compact(&location, &CompactSettings { grace: Duration::ZERO, ..settings }).await.unwrap();
    assert_eq!(done.deleted, 3);
    assert_eq!(ids(&location).await, ["1", "2", "3", "4"]);
    assert_eq!(expire(&location, Day::parse("20261121").unwrap()).await.unwrap().files, 1);
    assert!(ids(&location).await.is_empty());
}

#[tokio::test]
#[ignore = "needs moto; cargo xtask test runs it"]
async fn each_call_does_what_the_store_promises() {
    let (_moto, client) = bucket().await;
    let location = Location::bucket(client, "lake", "").unwrap();
    let store = location.store();
    let path = |path: &str| Path::parse(path).unwrap();
    // More than one page of a listing.
    let names: Vec<Path> =
        (0..1005).map(|number| path(&format!("many/day={number:04}/x y+z.parquet"))).collect();
    for name in &names {
        store.put(name, format!("{name}").into()).await.unwrap();
    }
    let listed: Vec<_> = store.list(Some(&path("many"))).try_collect().await.unwrap();
    let listed: Vec<Path> = listed.into_iter().map(|object| object.location).collect();
    assert_eq!(listed, names);
    assert_eq!(store.list_with_delimiter(Some(&path("many"))).await.unwrap().common_prefixes.len(), 1005);
    let whole = store.get(&names[7]).await.unwrap();
    assert_eq!(whole.meta.size, names[7].as_ref().len() as u64);
    assert_eq!(whole.bytes().await.unwrap(), names[7].as_ref().as_bytes());
    assert_eq!(store.get_range(&names[7], 2..6).await.unwrap(), "ny/d");
    let end = GetOptions { range: Some(GetRange::Suffix(7)), ..GetOptions::default() };
    let end = store.get_opts(&names[7], end).await.unwrap();
    assert_eq!(end.range.end, end.meta.size);
    assert_eq!(end.bytes().await.unwrap(), "parquet");
    assert_eq!(store.head(&names[7]).await.unwrap().size, names[7].as_ref().len() as u64);
    assert!(matches!(store.get(&path("nothing")).await, Err(Error::NotFound { .. })));
    assert!(matches!(store.head(&path("nothing")).await, Err(Error::NotFound { .. })));
    let create = || PutOptions { mode: PutMode::Create, ..PutOptions::default() };
    store.put_opts(&path("once"), "a".into(), create()).await.unwrap();
    assert!(matches!(
        store.put_opts(&path("once"), "b".into(), create()).await,
        Err(Error::AlreadyExists { .. })
    ));
    assert_eq!(store.get(&path("once")).await.unwrap().bytes().await.unwrap(), "a");
    store.delete(&path("once")).await.unwrap();
    store.delete(&path("once")).await.unwrap();
    assert!(matches!(store.head(&path("once")).await, Err(Error::NotFound { .. })));
}
