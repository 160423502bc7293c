use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use aws_lc_rs::hmac;
use data_encoding::BASE64;
use ringwall_sinks::{Again, Clock, Counted, Parts, Sink, SinkSettings};

use crate::fixture::notices;
use crate::receiver::{Answer, Receiver, Sent};

const KEY: &[u8] = b"0123456789abcdef0123456789abcdef";
const NOW: i64 = 1_795_000_100;

fn parts(folder: &Path) -> Parts {
    Parts { clock: Clock::new(|| NOW), ..Parts::new(folder.to_owned()) }
}

fn sink(folder: &Path, receiver: &Receiver, more: &str) -> Sink {
    std::fs::write(folder.join("key"), BASE64.encode(KEY)).unwrap();
    let text = format!(
        "[[sink]]\nname = 'siem'\nto.webhook = {{ url = '{}', secret-file = '{}', ca-file = '{}', allow = ['{}'] {more} }}",
        receiver.url("/hook?a=b"),
        folder.join("key").display(),
        receiver.ca_file.display(),
        receiver.endpoint(),
    );
    Sink::new(&SinkSettings::parse(&text).unwrap()[0], &parts(folder)).unwrap()
}

/// As a receiver would verify it, from the specification alone.
fn verify(sent: &Sent) {
    let signed = [
        sent.header("webhook-id").as_bytes(),
        b".",
        sent.header("webhook-timestamp").as_bytes(),
        b".",
        &sent.body,
    ]
    .concat();
    let signature = BASE64.decode(sent.header("webhook-signature").strip_prefix("v1,").unwrap().as_bytes());
    hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, KEY), &signed, &signature.unwrap()).unwrap();
}

#[tokio::test]
async fn each_finding_is_posted_and_signed() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::start(|_| Answer::from(204)).await;
    let sink = sink(folder.path(), &receiver, "");
    let notices = notices(2);
    sink.deliver(&notices).await.unwrap();
    let sent = receiver.take();
    assert_eq!(sent.len(), 2);
    for (sent, notice) in sent.iter().zip(&notices) {
        verify(sent);
        assert_eq!((sent.path.as_str(), sent.header("content-type")), ("/hook", "application/json"));
        assert_eq!(sent.header("webhook-timestamp"), NOW.to_string());
        assert_eq!(sent.json()["id"], notice.id());
        assert_eq!(sent.json()["evidence"][0]["line"], 7);
    }
    assert_eq!(sink.counted(), Counted { delivered: 2, ..Counted::default() });
    // The same again has the same ids, so that the receiver can tell.
    sink.deliver(&notices).await.unwrap();
    let ids =
        |sent: &[Sent]| sent.iter().map(|sent| sent.header("webhook-id").to_owned()).collect::<Vec<_>>();
    assert_eq!(ids(&receiver.take()), ids(&sent));
    assert_ne!(ids(&sent)[0], ids(&sent)[1]);
}

#[tokio::test]
async fn a_key_can_be_changed_while_it_runs() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::start(|_| Answer::from(200)).await;
    let sink = sink(folder.path(), &receiver, "");
    let old = BASE64.encode(b"another key, of enough bytes");
    std::fs::write(folder.path().join("key"), format!("{old}\nwhsec_{}\n", BASE64.encode(KEY))).unwrap();
    sink.deliver(&notices(1)).await.unwrap();
    let mut sent = receiver.take();
    let both = sent[0].header("webhook-signature").to_owned();
    let (_, second) = both.split_once(' ').unwrap();
    sent[0].headers.insert("webhook-signature", second.parse().unwrap());
    verify(&sent[0]);
    std::fs::write(folder.path().join("key"), "").unwrap();
    let failure = sink.deliver(&notices(1)).await.unwrap_err();
    assert_eq!((failure.again, receiver.take().len()), (Again::Refused, 0), "nothing goes unsigned");
}

#[tokio::test]
async fn what_fails_is_tried_again_from_where_it_failed() {
    let folder = tempfile::tempdir().unwrap();
    let status = Arc::new(AtomicU16::new(200));
    let answered = Arc::clone(&status);
    let receiver =
        Receiver::start(move |sent| match sent.json()["id"] == crate::fixture::notices(3)[1].id() {
            true => Answer {
                headers: vec![("retry-after", "7".to_owned())],
                ..Answer::from(answered.load(Ordering::Relaxed))
            },
            false => Answer::from(200),
        })
        .await;
    let sink = sink(folder.path(), &receiver, "");
    for (code, again) in [
        (503, Again::Retry { after: Some(Duration::from_secs(7)) }),
        (429, Again::Retry { after: Some(Duration::from_secs(7)) }),
        (401, Again::Refused),
        (302, Again::Refused),
    ] {
        status.store(code, Ordering::Relaxed);
        let failure = sink.deliver(&notices(3)).await.unwrap_err();
        assert_eq!((failure.again, failure.done), (again, 1), "{failure}");
    }
    // The first went once, and the third never before the second.
    assert_eq!(receiver.take().len(), 5);
    status.store(200, Ordering::Relaxed);
    sink.deliver(&notices(3)).await.unwrap();
    assert_eq!(receiver.take().len(), 2);
    let counted = sink.counted();
    assert_eq!((counted.delivered, counted.retried, counted.closed, counted.refused), (3, 2, 2, 0));
}

#[tokio::test]
async fn a_finding_that_is_refused_is_set_aside_and_stops_none() {
    let folder = tempfile::tempdir().unwrap();
    let poison = notices(10)[6].id();
    let of_receiver = poison.clone();
    let receiver = Receiver::start(move |sent| {
        let refused = sent.json().as_array().unwrap().iter().any(|one| one["id"] == of_receiver.as_str());
        Answer { body: "bad \u{1b}[31m field".to_owned(), ..Answer::from(if refused { 422 } else { 200 }) }
    })
    .await;
    let sink = sink(folder.path(), &receiver, ", batch = 8");
    sink.deliver(&notices(10)).await.unwrap();
    let counted = sink.counted();
    assert_eq!((counted.delivered, counted.refused), (9, 1));
    let told = std::fs::read(folder.path().join("siem.refused.jsonl")).unwrap();
    let told: serde_json::Value = serde_json::from_slice(&told).unwrap();
    assert_eq!((told["id"].as_str(), told["position"].as_u64()), (Some(poison.as_str()), Some(7)));
    assert_eq!(told["refused"], "the answer is 422: bad  [31m field");
    assert_eq!(told["finding"]["id"], poison.as_str());
    // In their order, each once.
    let taken: Vec<String> = receiver
        .take()
        .iter()
        .filter(|sent| !sent.json().as_array().unwrap().iter().any(|one| one["id"] == poison.as_str()))
        .flat_map(|sent| sent.json().as_array().unwrap().clone())
        .map(|one| one["id"].as_str().unwrap().to_owned())
        .collect();
    let expected: Vec<String> =
        notices(10).iter().map(|notice| notice.id()).filter(|id| *id != poison).collect();
    assert_eq!(taken, expected);
}

#[tokio::test]
async fn only_what_the_filter_lets_through_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::start(|_| Answer::from(200)).await;
    let mut notices = notices(3);
    notices[1].finding = crate::fixture::finding("Policy:Kubernetes/ExposedDashboard", "pod-2");
    std::fs::write(folder.path().join("key"), BASE64.encode(KEY)).unwrap();
    let text = format!(
        "[[sink]]\nname = 'siem'\ntypes = ['Policy:*', 'Impact:*']\nto.webhook = {{ url = '{}', secret-file = '{}', ca-file = '{}', allow = ['{}'] }}",
        receiver.url("/"),
        folder.path().join("key").display(),
        receiver.ca_file.display(),
        receiver.endpoint(),
    );
    let sink = Sink::new(&SinkSettings::parse(&text).unwrap()[0], &parts(folder.path())).unwrap();
    sink.deliver(&notices).await.unwrap();
    let sent = receiver.take();
    assert_eq!((sent.len(), sent[0].json()["id"].as_str()), (1, Some(notices[1].id().as_str())));
    assert_eq!((sink.counted().delivered, sink.counted().filtered), (1, 2));
}

#[tokio::test]
async fn loopback_and_strange_certificates_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::start(|_| Answer::from(200)).await;
    let key = folder.path().join("key");
    std::fs::write(&key, BASE64.encode(KEY)).unwrap();
    let of = |url: &str, more: &str| {
        let text = format!(
            "[[sink]]\nname = 'siem'\nto.webhook = {{ url = '{url}', secret-file = '{}' {more} }}",
            key.display()
        );
        Sink::new(&SinkSettings::parse(&text).unwrap()[0], &parts(folder.path()))
    };
    let ca = format!(", ca-file = '{}'", receiver.ca_file.display());
    let listed = format!(", allow = ['{}']", receiver.endpoint());
    let told = |sink: Sink| async move { sink.deliver(&notices(1)).await.unwrap_err() };
    let failure = told(of(&receiver.url("/"), &ca).unwrap()).await;
    assert!(
        failure.again == Again::Refused && failure.why.contains("no address that may be called"),
        "{failure}"
    );
    let failure = told(of(&format!("https://127.0.0.1:{}/", receiver.port), &ca).unwrap()).await;
    assert!(failure.why.contains("no address that may be called"), "{failure}");
    let failure = told(of(&receiver.url("/"), &listed).unwrap()).await;
    assert!(failure.again == Again::Refused && failure.why.contains("TLS"), "{failure}");
    assert!(receiver.take().is_empty());
    let plain = of(&format!("http://localhost:{}/", receiver.port), &listed).unwrap_err();
    assert!(plain.to_string().contains("not https"), "{plain}");
}

#[tokio::test]
async fn clusters_that_share_a_sink_do_not_hide_each_others_findings() {
    let folder = tempfile::tempdir().unwrap();
    let down = Arc::new(AtomicU16::new(503));
    let answered = Arc::clone(&down);
    let receiver = Receiver::start(move |sent| {
        let is_first = sent.json()["id"] == crate::fixture::notices(1)[0].id();
        Answer::from(if is_first { 200 } else { answered.load(Ordering::Relaxed) })
    })
    .await;
    let sink = sink(folder.path(), &receiver, "");
    let one = notices(2);
    let mut other = notices(2);
    other.iter_mut().for_each(|notice| notice.scope.cluster = Some("other".to_owned()));
    assert_eq!(sink.deliver(&one).await.unwrap_err().done, 1);
    // At the same positions, and of them nothing was delivered yet.
    assert_eq!(sink.deliver(&other).await.unwrap_err().done, 0);
    down.store(200, Ordering::Relaxed);
    receiver.take();
    sink.deliver(&other).await.unwrap();
    sink.deliver(&one).await.unwrap();
    let sent: Vec<_> =
        receiver.take().iter().map(|sent| sent.json()["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(sent, [other[0].id(), other[1].id(), one[1].id()]);
}
