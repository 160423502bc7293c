//! Any bytes as a file of Kubernetes objects, up to what decides over packets in the cluster that they make.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ringwall_document::Reader;

fuzz_target!(|bytes: &[u8]| {
    let found = ringwall_snapshot::objects_of(&mut Reader::default(), &"fuzz.yaml".into(), bytes);
    drop(ringwall_snapshot::cluster_of(found.objects));
});
