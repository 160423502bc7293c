//! Blobs and manifests, in and out.

use ringwall_oci::{Algorithm, Digest};
use ringwall_registry_service::Settings;
use serde_json::json;

use crate::harness::{Lab, basic};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

async fn manifest(lab: &Lab, name: &str, more: serde_json::Value) -> Vec<u8> {
    let config = lab.push(name, b"{}").await;
    let layer = lab.push(name, b"layer").await;
    let mut manifest = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": { "mediaType": "application/vnd.oci.image.config.v1+json", "digest": config, "size": 2 },
        "layers": [{ "mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": layer, "size": 5 }],
    });
    manifest.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::to_vec(&manifest).unwrap()
}

async fn put(lab: &Lab, path: &str, bytes: &[u8]) -> crate::harness::Answer {
    lab.send("PUT", path, &[("authorization", &basic("good")), ("content-type", MANIFEST)], bytes).await
}

#[tokio::test]
async fn a_blob_comes_back_whole_and_in_part() {
    let lab = Lab::new(Settings::default()).await;
    let digest = lab.push("team/a", b"0123456789").await;
    let path = format!("/v2/team/a/blobs/{digest}");
    let whole = lab.ask("GET", &path, b"").await;
    assert_eq!((whole.status, whole.body.as_slice()), (200, &b"0123456789"[..]));
    assert_eq!(whole.header("docker-content-digest"), Some(digest.as_str()));
    assert_eq!(whole.header("content-length"), Some("10"));
    let head = lab.ask("HEAD", &path, b"").await;
    assert_eq!((head.status, head.header("content-length"), head.body.len()), (200, Some("10"), 0));
    let part = async |range: &str, more: &[(&str, &str)]| {
        let mut headers = vec![("range", range)];
        let authorization = basic("good");
        headers.push(("authorization", &authorization));
        headers.extend(more);
        lab.send("GET", &path, &headers, b"").await
    };
    let middle = part("bytes=3-5", &[]).await;
    assert_eq!((middle.status, middle.body.as_slice()), (206, &b"345"[..]));
    assert_eq!(middle.header("content-range"), Some("bytes 3-5/10"));
    assert_eq!(part("bytes=-2", &[]).await.body, b"89");
    assert_eq!(part("bytes=7-", &[]).await.body, b"789");
    let outside = part("bytes=10-", &[]).await;
    assert_eq!((outside.status, outside.header("content-range")), (416, Some("bytes */10")));
    assert_eq!(part("bytes=0-1", &[("if-range", "\"another\"")]).await.status, 200);
    let none = lab.ask("GET", &format!("/v2/team/a/blobs/{}", Algorithm::Sha256.of(b"?")), b"").await;
    assert_eq!((none.status, none.code().as_str()), (404, "BLOB_UNKNOWN"));
}

#[tokio::test]
async fn an_upload_goes_on_where_it_was() {
    let lab = Lab::new(Settings::default()).await;
    let begun = lab.ask("POST", "/v2/team/a/blobs/uploads/?digest-algorithm=sha512", b"").await;
    assert_eq!(begun.status, 202);
    let path = begun.header("location").unwrap().to_owned();
    let piece = async |range: &str, bytes: &[u8]| {
        let headers = [("authorization", basic("good")), ("content-range", range.to_owned())];
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        lab.send("PATCH", &path, &headers, bytes).await
    };
    let first = piece("0-4", b"01234").await;
    assert_eq!((first.status, first.header("range")), (202, Some("0-4")));
    let early = piece("7-9", b"789").await;
    assert_eq!(
        (early.status, early.header("range"), early.header("location")),
        (416, Some("0-4"), Some(path.as_str()))
    );
    assert_eq!(piece("5-9", b"5").await.code(), "SIZE_INVALID");
    assert_eq!(piece("nonsense", b"5").await.status, 416);
    let state = lab.ask("GET", &path, b"").await;
    assert_eq!((state.status, state.header("range")), (204, Some("0-4")));
    let digest = Algorithm::Sha512.of(b"0123456789");
    let ended = lab.ask("PUT", &format!("{path}?digest={digest}"), b"56789").await;
    assert_eq!((ended.status, ended.header("docker-content-digest")), (201, Some(digest.as_str())));
    let blob = lab.ask("GET", ended.header("location").unwrap(), b"").await;
    assert_eq!(blob.body, b"0123456789");
    assert_eq!(lab.ask("GET", &path, b"").await.code(), "BLOB_UPLOAD_UNKNOWN");

    let begun = lab.ask("POST", "/v2/team/a/blobs/uploads/", b"").await;
    let path = begun.header("location").unwrap();
    assert_eq!(lab.ask("DELETE", path, b"").await.status, 204);
    assert_eq!(lab.ask("DELETE", path, b"").await.status, 404);
    let wrong = format!("/v2/team/a/blobs/uploads/?digest={}", Algorithm::Sha256.of(b"a"));
    assert_eq!(lab.ask("POST", &wrong, b"b").await.code(), "DIGEST_INVALID");
    for bad in ["sha256:0", "md5:00", "x"] {
        let path = format!("/v2/team/a/blobs/uploads/?digest={bad}");
        assert_eq!(lab.ask("POST", &path, b"b").await.status, 400, "{bad}");
    }
}

#[tokio::test]
async fn a_blob_is_mounted_from_where_it_may_be_read() {
    let lab = Lab::new(Settings::default()).await;
    let digest = lab.push("team/a", b"0123456789").await;
    let mount = |from: &str| format!("/v2/team/b/blobs/uploads/?mount={digest}{from}");
    for from in ["&from=team/a", ""] {
        let mounted = lab.ask("POST", &mount(from), b"").await;
        assert_eq!(mounted.status, 201, "{mounted:?}");
    }
    for from in ["&from=secret", "&from=team/none"] {
        assert_eq!(lab.ask("POST", &mount(from), b"").await.status, 202, "{from}");
    }
    // The repository of nobody's template isn't made.
    let elsewhere =
        lab.ask("POST", &format!("/v2/other/blobs/uploads/?mount={digest}&from=team/a"), b"").await;
    assert_eq!((elsewhere.status, elsewhere.code().as_str()), (404, "NAME_UNKNOWN"));
}

#[tokio::test]
async fn a_manifest_gets_its_tags_and_its_referrers() {
    let lab = Lab::new(Settings::default()).await;
    let bytes = manifest(&lab, "team/a", json!({})).await;
    let digest: Digest = Algorithm::Sha256.of(&bytes);
    let pushed = put(&lab, &format!("/v2/team/a/manifests/{digest}?tag=1&tag=1.2&tag=fixed"), &bytes).await;
    assert_eq!((pushed.status, pushed.all("oci-tag")), (201, vec!["1", "1.2", "fixed"]));
    let by_tag = lab.ask("GET", "/v2/team/a/manifests/1.2", b"").await;
    assert_eq!((by_tag.header("content-type"), &by_tag.body), (Some(MANIFEST), &bytes));
    assert_eq!(by_tag.header("docker-content-digest"), Some(digest.as_str()));

    let tags = lab.ask("GET", "/v2/team/a/tags/list?n=2", b"").await;
    assert_eq!(tags.json(), json!({ "name": "team/a", "tags": ["1", "1.2"] }));
    assert_eq!(tags.header("link"), Some("</v2/team/a/tags/list?n=2&last=1.2>; rel=\"next\""));
    let rest = lab.ask("GET", "/v2/team/a/tags/list?n=2&last=1.2", b"").await;
    assert_eq!((rest.json()["tags"].clone(), rest.header("link")), (json!(["fixed"]), None));
    let none = lab.ask("GET", "/v2/team/a/tags/list?n=0", b"").await;
    assert_eq!((none.json()["tags"].clone(), none.header("link")), (json!([]), None));

    let subject = json!({ "mediaType": MANIFEST, "digest": digest, "size": bytes.len() });
    let signature =
        json!({ "subject": subject, "artifactType": "text/x-signature", "annotations": { "a": "b" } });
    let referrer = manifest(&lab, "team/a", signature).await;
    let attached = put(&lab, "/v2/team/a/manifests/signature", &referrer).await;
    assert_eq!((attached.status, attached.header("oci-subject")), (201, Some(digest.as_str())));
    let found = lab.ask("GET", &format!("/v2/team/a/referrers/{digest}"), b"").await;
    assert_eq!(found.json()["manifests"][0]["artifactType"], "text/x-signature");
    assert_eq!(found.json()["manifests"][0]["annotations"], json!({ "a": "b" }));
    let other = lab.ask("GET", &format!("/v2/team/a/referrers/{digest}?artifactType=text/plain"), b"").await;
    assert_eq!(
        (other.json()["manifests"].clone(), other.header("oci-filters-applied")),
        (json!([]), Some("artifactType"))
    );
    assert_eq!(lab.ask("GET", "/v2/team/a/referrers/nonsense", b"").await.status, 400);

    // The tag that may not move stays, whichever way it is tried.
    for path in [
        "/v2/team/a/manifests/fixed".to_owned(),
        format!("/v2/team/a/manifests/{}?tag=fixed", Algorithm::Sha256.of(&referrer)),
    ] {
        let refused = put(&lab, &path, &referrer).await;
        assert_eq!((refused.status, refused.code().as_str()), (400, "TAG_INVALID"), "{path}");
    }
    assert_eq!(lab.ask("DELETE", "/v2/team/a/manifests/1", b"").await.status, 202);
    assert_eq!(lab.ask("GET", "/v2/team/a/manifests/1", b"").await.status, 404);
    assert_eq!(lab.ask("DELETE", &format!("/v2/team/a/manifests/{digest}"), b"").await.status, 202);
    assert_eq!(lab.ask("GET", "/v2/team/a/manifests/1.2", b"").await.code(), "MANIFEST_UNKNOWN");
}

#[tokio::test]
async fn what_can_not_be_is_told() {
    let lab = Lab::new(Settings::default()).await;
    for (method, path, status, code) in [
        ("GET", "/v2/Team/tags/list", 400, "NAME_INVALID"),
        ("GET", "/v2/team/none/tags/list", 404, "NAME_UNKNOWN"),
        ("GET", "/v2/team/none/manifests/.x", 404, "MANIFEST_UNKNOWN"),
        ("GET", "/v2/team/none/blobs/x", 400, "DIGEST_INVALID"),
        ("PUT", "/v2/team/a/manifests/.x", 400, "MANIFEST_INVALID"),
        ("PUT", "/v2/team/a/manifests/x", 400, "MANIFEST_INVALID"),
        ("POST", "/v2/team/a/manifests/x", 405, "UNSUPPORTED"),
        ("GET", "/v2/team/a/what/x", 404, "UNSUPPORTED"),
        ("GET", "/", 404, "UNSUPPORTED"),
    ] {
        let answer = lab.ask(method, path, b"").await;
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{method} {path}");
    }
    let large = vec![b' '; ringwall_oci::MAX_MANIFEST_BYTES + 1];
    assert_eq!(put(&lab, "/v2/team/a/manifests/x", &large).await.status, 413);
}
