//! A wire to a server that can be cut.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

pub(super) struct Proxy {
    pub(super) address: SocketAddr,
    cut: Arc<watch::Sender<bool>>,
}

impl Proxy {
    pub(super) async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let cut = Arc::new(watch::Sender::new(false));
        tokio::spawn({
            let cut = Arc::clone(&cut);
            async move {
                while let Ok((mut client, _)) = listener.accept().await {
                    let mut watching = cut.subscribe();
                    if *watching.borrow_and_update() {
                        continue;
                    }
                    tokio::spawn(async move {
                        let Ok(mut server) = TcpStream::connect(server).await else { return };
                        tokio::select! {
                            _ = copy_bidirectional(&mut client, &mut server) => {}
                            _ = watching.wait_for(|cut| *cut) => {}
                        }
                    });
                }
            }
        });
        Self { address, cut }
    }

    pub(super) fn cut(&self, cut: bool) {
        self.cut.send_replace(cut);
    }
}
