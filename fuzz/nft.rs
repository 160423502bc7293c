//! What holds for any bytes that the kernel's log of denied packets may give. Fuzz targets call it, and a test that replays their
//! corpora.

/// Any bytes as what a socket gave. Tells how many packets of ours they hold.
pub(crate) fn deny_log(bytes: &[u8]) -> usize {
    ringwall_nft::nflog::parse(bytes)
        .inspect(|logged| {
            let packet = &logged.packet;
            assert_eq!(packet.source.is_ipv4(), packet.destination.is_ipv4());
            assert!(logged.id.len() < bytes.len());
        })
        .count()
}
