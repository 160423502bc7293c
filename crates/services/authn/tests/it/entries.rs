//! Access entries, asked for and kept.

use std::time::Duration;

use http::StatusCode;
use ringwall_authn::Settings;
use ringwall_authn::sources::access_entries;
use ringwall_authn::sources::{Places, SourceKind};
use serde_json::json;

use crate::aws::{Aws, client};
use crate::support::{Webhook, caller, role, session, settings};

fn entry_settings(copy: Option<std::path::PathBuf>) -> Settings {
    let entries = access_entries::Settings {
        cluster: "shop".to_owned(),
        every: Duration::from_millis(50),
        refresh_within: Duration::from_secs(1),
        copy,
    };
    let places = Places { access_entries: entries, ..Places::default() };
    Settings { sources: vec![SourceKind::AccessEntries.into()], places, ..settings() }
}

async fn name_is(webhook: &Webhook, role: &str, name: Option<&str>) {
    let what = format!("{role} is {name:?}");
    webhook.until(&what, async |it| it.name(&session(role, "ann")).await.as_deref() == name).await;
}

#[tokio::test]
async fn entries_come_change_and_go() {
    let aws = Aws::default();
    aws.change(|world| world.page = 2);
    for name in ["dev", "ops", "qa", "admin", "view"] {
        aws.entry(&role(&format!("team/{name}")), name, &[]);
    }
    let client = aws.start();
    let webhook = Webhook::start(entry_settings(None), |parts| parts.aws = Some(client));
    for name in ["dev", "ops", "qa", "admin", "view"] {
        assert_eq!(webhook.name(&session(name, "s")).await, None, "IAM does not know it yet");
        aws.change(|world| {
            let row = (
                role(&format!("team/{name}")),
                format!("AROA{}", name.to_uppercase()),
                "2025-12-01T00:00:00Z".to_owned(),
            );
            world.roles.insert(name.to_owned(), row);
        });
        name_is(&webhook, name, Some(name)).await;
    }
    aws.entry(&role("team/dev"), "renamed", &[]);
    name_is(&webhook, "dev", Some("renamed")).await;
    aws.change(|world| drop(world.entries.remove(&role("team/ops"))));
    name_is(&webhook, "ops", None).await;
    // Down: what was known counts on, and is told to be old.
    aws.change(|world| world.down.push("eks"));
    webhook.until("a problem", async |it| it.authn.sources()[0].problem.is_some()).await;
    name_is(&webhook, "dev", Some("renamed")).await;
    aws.change(|world| world.down.clear());
    aws.entry(&role("new"), "new", &[]);
    name_is(&webhook, "new", None).await;
    aws.change(|world| {
        drop(world.roles.insert("new".into(), (role("new"), "AROANEW".into(), "2025-12-01T00:00:00Z".into())))
    });
}

#[tokio::test]
async fn an_entry_is_bound_to_its_principal_not_to_its_name() {
    let aws = Aws::default();
    let made = |id: &str, at: &str| (role("dev"), id.to_owned(), at.to_owned());
    aws.entry(&role("dev"), "dev", &[]);
    aws.entry(&role("late"), "late", &[]);
    aws.change(|world| {
        world.roles.insert("dev".into(), made("AROADEV", "2025-12-01T00:00:00Z"));
        world.roles.insert("late".into(), (role("late"), "AROALATE".into(), "2026-02-01T00:00:00Z".into()));
    });
    let client = aws.start();
    let webhook = Webhook::start(entry_settings(None), |parts| parts.aws = Some(client));
    name_is(&webhook, "dev", Some("dev")).await;
    let other = || {
        let mut other = caller(&session("dev", "ann"));
        other.user_id = "AROAOTHER".to_owned();
        other
    };
    assert_eq!(webhook.review_of(other()).await.0, StatusCode::FORBIDDEN);
    assert_eq!(webhook.name(&session("late", "ann")).await, None, "the role is younger than its entry");
    // The role is made again: its new unique id is not the entry's.
    aws.change(|world| drop(world.roles.insert("dev".into(), made("AROAOTHER", "2026-03-01T00:00:00Z"))));
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(webhook.review_of(other()).await.0, StatusCode::FORBIDDEN);
    name_is(&webhook, "dev", Some("dev")).await;
}

#[tokio::test]
async fn without_leave_to_ask_iam_the_arn_counts_and_that_is_told() {
    let aws = Aws::default();
    aws.entry(&role("dev"), "dev", &[]);
    aws.change(|world| world.denied.push("iam"));
    let client = aws.start();
    let webhook = Webhook::start(entry_settings(None), |parts| parts.aws = Some(client));
    name_is(&webhook, "dev", Some("dev")).await;
    let note = webhook.authn.sources()[0].note.clone().unwrap();
    assert!(note.contains("1 access entries count by their ARN alone"), "{note}");
}

#[tokio::test]
async fn a_start_without_aws_has_the_copy_of_the_last_one() {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("entries.json");
    let aws = Aws::default();
    aws.entry(&role("dev"), "dev", &[]);
    aws.change(|world| {
        world.roles.insert("dev".into(), (role("dev"), "AROADEV".into(), "2025-12-01T00:00:00Z".into()));
    });
    let there = aws.start();
    let first = Webhook::start(entry_settings(Some(copy.clone())), |parts| parts.aws = Some(there.clone()));
    name_is(&first, "dev", Some("dev")).await;
    first.until("the copy is kept", async |_| copy.exists()).await;
    drop(first);
    // Nobody listens there.
    let gone = client("http://127.0.0.1:1");
    let cold = Webhook::start(entry_settings(Some(copy.clone())), |parts| parts.aws = Some(gone.clone()));
    name_is(&cold, "dev", Some("dev")).await;
    cold.clock.fetch_add(3600, std::sync::atomic::Ordering::SeqCst);
    let told = cold.authn.sources().remove(0);
    assert_eq!((told.is_copy, told.mappings), (true, Some(1)));
    assert!(told.age >= Some(3600), "{told:?}");
    let mut other = caller(&session("dev", "ann"));
    other.user_id = "AROAOTHER".to_owned();
    assert_eq!(cold.review_of(other).await.0, StatusCode::FORBIDDEN, "the copy tells the unique id too");
    // Without a copy nobody gets in, until AWS can be asked.
    aws.change(|world| world.down.push("eks"));
    let bare = Webhook::start(entry_settings(None), |parts| parts.aws = Some(there));
    bare.until("a problem", async |it| it.authn.sources()[0].problem.is_some()).await;
    assert_eq!(bare.review(&session("dev", "ann")).await.0, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(bare.authn.waits_for(), Some("the access entries are not known"));
    aws.change(|world| world.down.clear());
    name_is(&bare, "dev", Some("dev")).await;
    assert_eq!(bare.authn.waits_for(), None);
}

#[tokio::test]
async fn the_first_source_that_names_somebody_decides() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("map.json");
    let row = |name: &str| json!({"rolearn": role(name), "username": format!("file:{name}")});
    std::fs::write(&path, json!({"mapRoles": [row("both"), row("filed")]}).to_string()).unwrap();
    let aws = Aws::default();
    aws.change(|world| world.denied.push("iam"));
    aws.entry(&role("both"), "entry:both", &[]);
    aws.entry(&role("entered"), "entry:entered", &[]);
    aws.entry(&role("system"), "system:admin", &[]);
    for (sources, both) in [
        ([SourceKind::AccessEntries, SourceKind::File], "entry:both"),
        ([SourceKind::File, SourceKind::AccessEntries], "file:both"),
    ] {
        let mut settings = entry_settings(None);
        settings.sources = sources.map(Into::into).to_vec();
        settings.places.file = Some(path.clone());
        let client = aws.start();
        let webhook = Webhook::start(settings, |parts| parts.aws = Some(client));
        webhook.until("both are known", async |it| it.authn.waits_for().is_none()).await;
        assert_eq!(webhook.name(&session("both", "s")).await.as_deref(), Some(both));
        assert_eq!(webhook.name(&session("filed", "s")).await.as_deref(), Some("file:filed"));
        assert_eq!(webhook.name(&session("entered", "s")).await.as_deref(), Some("entry:entered"));
        assert_eq!(webhook.name(&session("system", "s")).await, None, "a reserved name");
    }
    // A source that is not known lets nobody past it, and stops nobody before it.
    aws.change(|world| world.down.push("eks"));
    for (sources, filed) in [
        ([SourceKind::AccessEntries, SourceKind::File], None),
        ([SourceKind::File, SourceKind::AccessEntries], Some("file:filed")),
    ] {
        let mut settings = entry_settings(None);
        settings.sources = sources.map(Into::into).to_vec();
        settings.places.file = Some(path.clone());
        let client = aws.start();
        let webhook = Webhook::start(settings, |parts| parts.aws = Some(client));
        webhook
            .until("the file is known", async |it| {
                it.authn.sources().iter().any(|told| told.mappings.is_some())
            })
            .await;
        assert_eq!(webhook.name(&session("filed", "s")).await.as_deref(), filed);
        assert_eq!(webhook.review(&session("entered", "s")).await.0, StatusCode::SERVICE_UNAVAILABLE);
    }
}

#[tokio::test]
async fn paths_of_roles_are_asked_of_iam() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("map.json");
    let row = |name: &str| json!({"rolearn": role(&format!("team/{name}")), "username": name});
    std::fs::write(&path, json!({"mapRoles": [row("dev"), row("ops"), row("gone")]}).to_string()).unwrap();
    let aws = Aws::default();
    aws.change(|world| {
        let made = |path: &str, id: &str| (role(path), id.to_owned(), "2025-12-01T00:00:00Z".to_owned());
        world.roles.insert("dev".into(), made("team/dev", "AROADEV"));
        world.roles.insert("ops".into(), made("other/ops", "AROAOPS"));
    });
    let client = aws.start();
    let places = Places { file: Some(path), ..Places::default() };
    let settings = Settings { sources: vec![SourceKind::File.into()], places, ..settings() };
    let webhook = Webhook::start(settings, |parts| parts.aws = Some(client));
    name_is(&webhook, "dev", Some("dev")).await;
    assert_eq!(webhook.name(&session("ops", "s")).await, None);
    assert_eq!(webhook.name(&session("gone", "s")).await, None);
    let mut other = caller(&session("dev", "s"));
    other.user_id = "AROAOTHER".to_owned();
    assert_eq!(webhook.review_of(other).await.0, StatusCode::FORBIDDEN, "made again since");
}
