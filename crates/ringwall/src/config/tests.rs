use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::declare::Change;
use super::file::VARIABLE;
use super::layers::Origin;
use super::reload::Changes;
use super::settings::DECLARED;
use super::value::{Raw, StoreAddress, Value};
use super::*;

/// Settings of a file, environment variables and flags; errors with their hints.
fn loaded(
    text: &str,
    env: &[(&str, &str)],
    flags: &[(&'static str, &str)],
) -> Result<(Settings, PathBuf), Vec<String>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ringwall.toml");
    std::fs::write(&path, text).unwrap();
    let mut env: BTreeMap<String, OsString> =
        env.iter().map(|(name, value)| ((*name).to_owned(), OsString::from(value))).collect();
    env.entry(String::from("HOME")).or_insert_with(|| "/home/jane".into());
    env.insert(VARIABLE.to_owned(), path.into_os_string());
    let flags = flags.iter().fold(Flags::default(), |flags, (key, value)| flags.with(key, value));
    let folder = folder.path().to_owned();
    match load_from(&flags, &|name| env.get(name).cloned()) {
        Ok(loaded) => Ok((loaded.settings, folder)),
        Err(errors) => Err(errors
            .into_iter()
            .map(|error| {
                let hint = error.hint.map(|hint| format!(" [{hint}]")).unwrap_or_default();
                format!("{}{hint}", error.message).replace(&format!("{}/", folder.display()), "")
            })
            .collect()),
    }
}

fn errors(text: &str) -> Vec<String> {
    loaded(text, &[], &[]).expect_err("it is taken")
}

#[test]
fn defaults_need_nothing() {
    let (settings, _) = loaded("", &[], &[]).unwrap();
    assert_eq!(settings.data_folder.value, Path::new("/home/jane/.local/share/ringwall"));
    assert_eq!(settings.store.value.0, "sqlite:/home/jane/.local/share/ringwall/ringwall.db");
    assert_eq!(settings.trail_folder.value, Path::new("/home/jane/.local/share/ringwall/trail"));
    assert_eq!(settings.root_key.value.to_string(), "file:/home/jane/.config/ringwall/root.key");
    assert_eq!(settings.listen.value, SocketAddr::from(([127, 0, 0, 1], 7443)));
    assert_eq!(settings.listen.origin, Origin::Default);
}

#[test]
fn the_defaults_of_limits_are_the_servers() {
    let (settings, _) = loaded("", &[], &[]).unwrap();
    assert_eq!(settings.limits(), ringwall_server::Limits::default());
}

#[test]
fn the_defaults_of_what_pods_get_are_the_existing_webhooks() {
    let (settings, _) = loaded("", &[], &[]).unwrap();
    assert_eq!(settings.pods(), ringwall_identity::mutate::Settings::default());
}

#[test]
fn what_pods_get_is_set() {
    let text = "[identity]\naws-default-region = 'eu-central-1'\ntoken-expiration = 7200\nsts-regional-endpoint = 'on'\n\
                token-mount-path = '/own'\ncompose-role-arn = 'on'\ncompose-role-arn-account-id = '111122223333'\n";
    let env = [("RINGWALL_IDENTITY_CONTAINER_CREDENTIALS_TOKEN_PATH", "own-token")];
    let flags = [("identity.container-credentials-full-uri", "http://127.0.0.1:8080/")];
    let (settings, _) = loaded(text, &env, &flags).unwrap();
    let pods = settings.pods();
    assert_eq!(pods.aws_default_region.as_deref(), Some("eu-central-1"));
    assert_eq!((pods.token_expiration, pods.sts_regional_endpoint), (7200, true));
    assert_eq!(pods.token_mount_path, "/own");
    assert_eq!(pods.container_credentials.token_path, "own-token");
    assert_eq!(pods.container_credentials.full_uri, "http://127.0.0.1:8080/");
    let composed = pods.compose_role_arn.unwrap();
    assert_eq!((composed.account_id.as_str(), composed.partition.as_str()), ("111122223333", "aws"));
}

#[test]
fn what_no_pod_could_have_is_refused_where_it_was_set() {
    let text = "[identity]\ntoken-expiration = '5m'\ntoken-mount-path = 'tokens'\n";
    assert_eq!(
        errors(text),
        [
            "ringwall.toml:2: `identity.token-expiration` can't be `300`: it has to be 600 seconds or more, as the \
             apiserver makes no token for less",
            "ringwall.toml:3: `identity.token-mount-path` can't be `tokens`: it has to be an absolute path without `:`, \
             as /var/run/secrets/eks.amazonaws.com/serviceaccount",
        ]
    );
    assert_eq!(
        errors("identity.compose-role-arn = 'on'\n"),
        [
            "ringwall.toml:1: `identity.compose-role-arn` is on, and `identity.compose-role-arn-account-id` is not set \
          [no instance is asked for it]"
        ]
    );
    assert_eq!(
        errors("identity.compose-role-arn-account-id = '111122223333'\n"),
        [
            "ringwall.toml:1: `identity.compose-role-arn-account-id` is set, and `identity.compose-role-arn` is off [set \
          identity.compose-role-arn to on]"
        ]
    );
}

#[test]
fn without_a_home_folders_have_to_be_set() {
    let set = loaded("", &[("HOME", "")], &[]).expect_err("there is no home");
    assert_eq!(
        set.first().map(String::as_str),
        Some(
            "`data-folder` has no default here: neither HOME nor the XDG folders are set [give --data-folder or set \
             RINGWALL_DATA_FOLDER]"
        )
    );
    let data =
        [("HOME", ""), ("RINGWALL_DATA_FOLDER", "/var/lib/x"), ("RINGWALL_ROOT_KEY", "file:/etc/x.key")];
    let (settings, _) = loaded("", &data, &[]).unwrap();
    assert_eq!(settings.store.value.0, "sqlite:/var/lib/x/ringwall.db");
    let relative = [("XDG_DATA_HOME", "here"), ("XDG_CONFIG_HOME", "/etc/xdg")];
    let (settings, _) = loaded("", &relative, &[]).unwrap();
    assert_eq!(settings.data_folder.value, Path::new("/home/jane/.local/share/ringwall"));
    assert_eq!(settings.root_key.value.to_string(), "file:/etc/xdg/ringwall/root.key");
}

#[test]
fn flags_come_before_the_environment_and_that_before_the_file() {
    let text = "region = 'eu-north-1'\n\n[limits]\nmax-headers = 50\n";
    let env = [("RINGWALL_REGION", "eu-west-1"), ("RINGWALL_LOG_LEVEL", "debug")];
    let (settings, folder) = loaded(text, &env, &[("region", "eu-south-1")]).unwrap();
    assert_eq!(
        (settings.region.value.0.as_str(), settings.region.origin.to_string().as_str()),
        ("eu-south-1", "--region")
    );
    assert_eq!(settings.log_level.value, LogLevel::Debug);
    assert_eq!(settings.log_level.origin.to_string(), "RINGWALL_LOG_LEVEL");
    let line = Origin::File { path: folder.join("ringwall.toml"), line: 4 };
    assert_eq!((settings.max_headers.value.get(), &settings.max_headers.origin), (50, &line));
    let (settings, _) = loaded(text, &env, &[]).unwrap();
    assert_eq!(settings.region.value.0, "eu-west-1");
    let (settings, _) = loaded(text, &[], &[]).unwrap();
    assert_eq!(settings.region.value.0, "eu-north-1");
}

#[test]
fn paths_in_the_file_are_meant_from_there() {
    let text = "data-folder = 'data'\nroot-key = 'file:secret/root.key'\n[tls]\nmode = 'files'\ncertificate = \
                'c.pem'\nkey = '/k.pem'\n";
    let (settings, folder) = loaded(text, &[], &[("trail-folder", "trail")]).unwrap();
    assert_eq!(settings.data_folder.value, folder.join("data"));
    assert_eq!(settings.store.value.0, format!("sqlite:{}", folder.join("data/ringwall.db").display()));
    assert_eq!(
        settings.root_key.value.to_string(),
        format!("file:{}", folder.join("secret/root.key").display())
    );
    assert_eq!(settings.tls_certificate.value, Some(folder.join("c.pem")));
    assert_eq!(settings.tls_key.value.as_deref(), Some(Path::new("/k.pem")));
    assert_eq!(settings.trail_folder.value, std::env::current_dir().unwrap().join("trail"));
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let text = "lsten = '0.0.0.0:1'\nregion = 7\n\n[limits]\nidle = 'long'\nmax-headers = -1\nwidth = 3\n\n[nowhere]\nx = 1\n";
    assert_eq!(
        errors(text),
        [
            "ringwall.toml:1: there is no setting `lsten` [did you mean `listen`?]",
            "ringwall.toml:2: `region` can't be `7`: it has to be a region, as eu-central-1",
            "ringwall.toml:5: `limits.idle` can't be `long`: it has to be a time up to 24h with its unit, as 500ms, \
             20s, 5m or 1h",
            "ringwall.toml:6: `limits.max-headers` can't be `-1`: it has to be a number from 1 to 4294967295",
            "ringwall.toml:7: there is no setting `limits.width` [did you mean `limits.idle`?]",
            "ringwall.toml:9: there is no setting `nowhere` [docs/reference/config.md has all of them]",
        ]
    );
}

#[test]
fn faults_of_toml_have_their_line() {
    assert_eq!(errors("region = 'a'\nregion = 'b'\n"), ["ringwall.toml:2: duplicate key"]);
    assert!(errors("\n\nregion = \n").first().unwrap().starts_with("ringwall.toml:3: "));
    assert_eq!(errors("limits = 3\n"), ["ringwall.toml:1: `limits` is a table, as [limits]"]);
    assert_eq!(
        errors("listen = true\n"),
        ["ringwall.toml:1: `listen` can't be a TOML boolean: it has to be an IP address with a port, as \
             127.0.0.1:7443 or [::]:7443"]
    );
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    assert_eq!(
        errors("listen = '0.0.0.0:7443'\n[tls]\nmode = 'off'\n"),
        [
            "ringwall.toml:3: `tls.mode` is off, and `listen` is 0.0.0.0:7443, which is not this machine alone [signed \
             requests carry secrets in the clear: take tls.mode own or files, or listen on 127.0.0.1]"
        ]
    );
    assert!(loaded("listen = '[::1]:7443'\n[tls]\nmode = 'off'\n", &[], &[]).is_ok());
    assert_eq!(
        errors("[tls]\nmode = 'files'\ncertificate = 'c.pem'\n"),
        ["ringwall.toml:2: `tls.mode` is files, and `tls.key` is not set"]
    );
    assert_eq!(
        errors("[tls]\nkey = 'k.pem'\n"),
        ["ringwall.toml:2: `tls.key` is set, and `tls.mode` is not files [set tls.mode to files]"]
    );
    assert_eq!(
        errors("admin-listen = '127.0.0.1:7443'\n"),
        ["ringwall.toml:1: `admin-listen` and `listen` are both 127.0.0.1:7443"]
    );
}

#[test]
fn an_issuer_is_one_and_its_documents_are_not_changed_on_the_way() {
    assert_eq!(
        errors("[issuer]\nurl = 'http://a'\nservice-account-key-file = ['sa.pub']\n"),
        ["ringwall.toml:2: `issuer.url`: `http://a` is no issuer: it does not begin with `https://` [as in \
          https://oidc.example.com/clusters/blue]"]
    );
    assert_eq!(
        errors("[issuer]\nservice-account-key-file = ['sa.pub']\n"),
        [
            "ringwall.toml:2: `issuer.service-account-key-file` is set, and `issuer.url` is not [it is what kube-apiserver \
          has as --service-account-issuer]"
        ]
    );
    let off = "services = ['issuer']\ntls.mode = 'off'\nissuer.listen = '0.0.0.0:7447'\n";
    assert!(
        errors(off)
            .concat()
            .starts_with("ringwall.toml:2: `tls.mode` is off, and `issuer.listen` is 0.0.0.0:7447")
    );
    assert!(loaded(&off.replace("0.0.0.0", "127.0.0.1"), &[], &[]).is_ok());
}

#[test]
fn passwords_are_shown_nowhere() {
    for (address, shown) in [
        ("postgres://ringwall:hunter2@db/ringwall", "postgres://ringwall:REDACTED@db/ringwall"),
        ("postgres://ringwall:hun@ter2@db/ringwall", "postgres://ringwall:REDACTED@db/ringwall"),
        ("postgres://db/x?user=a&password=hunter2", "postgres://db/x?user=a&password=REDACTED"),
        ("postgresql://ringwall@db/x?sslmode=verify-full", "postgresql://ringwall@db/x?sslmode=verify-full"),
    ] {
        let (settings, _) = loaded("", &[("RINGWALL_STORE", address)], &[]).unwrap();
        assert_eq!(settings.store.value.redacted(), shown);
        let mut printed = Vec::new();
        print(&mut printed, &Loaded { settings: settings.clone(), file: None }).unwrap();
        let printed = String::from_utf8(printed).unwrap();
        for text in [printed, format!("{settings:?}")] {
            assert!(!text.contains("hunter2") && !text.contains("ter2"), "{text}");
        }
    }
    let refused = loaded("", &[("RINGWALL_STORE", "mysql://a:hunter2@b")], &[]).expect_err("it is taken");
    assert!(!refused.concat().contains("hunter2"), "{refused:?}");
}

#[test]
fn what_is_printed_can_be_read_again() {
    let text = "region = 'eu-west-1'\nlisten = '[::1]:7'\n[tls]\nnames = ['a.example.com', '10.0.0.7']\n[limits]\nidle = \
                '90s'\nrequest = '1500ms'\nmax-body-bytes = 1500\nmax-buffered-bytes = '3GiB'\n[oidc]\nallow = ['h:1']\n";
    let (settings, _) = loaded(text, &[], &[]).unwrap();
    let mut printed = Vec::new();
    print(&mut printed, &Loaded { settings: settings.clone(), file: None }).unwrap();
    let printed = String::from_utf8(printed).unwrap();
    let plain = anstream::adapter::strip_str(&printed).to_string();
    let (again, _) = loaded(&plain, &[], &[]).unwrap();
    assert_eq!(compare(&settings, &again), Changes::default());
}

#[test]
fn values_are_read_strictly() {
    fn taken<T: Value>(text: &str) -> Option<String> {
        T::read(&Raw::Word(text.to_owned()), Path::new("")).ok().and_then(|value| value.toml())
    }
    use super::value::{Amount, Bytes, Issuers, Lifetime, Names, Rate, Region, Time};
    for text in ["", "0", "+1", "-1", " 1", "1.5", "4294967296", "99999999999999999999"] {
        assert_eq!(taken::<Amount>(text), None, "{text}");
    }
    for text in ["", "10", "10 s", "s", "-1s", "0s", "25h", "1d", "+1s"] {
        assert_eq!(taken::<Time>(text), None, "{text}");
    }
    assert_eq!(taken::<Time>("120s").as_deref(), Some("\"2m\""));
    for text in ["", "1023", "1kb", "65GiB", "1.5MiB", "18446744073709551615GiB"] {
        assert_eq!(taken::<Bytes>(text), None, "{text}");
    }
    assert_eq!(taken::<Bytes>("2048").as_deref(), Some("\"2KiB\""));
    for text in ["", "0", "0s", "1.5h", "10ms", "4294967296", "49711d", "-1", "1w"] {
        assert_eq!(taken::<Lifetime>(text), None, "{text}");
    }
    for (text, same) in [("86400", "\"1d\""), ("25h", "\"25h\""), ("7d", "\"7d\""), ("90", "\"90s\"")] {
        assert_eq!(taken::<Lifetime>(text).as_deref(), Some(same));
    }
    assert_eq!(taken::<Rate>("0").as_deref(), Some("0"));
    assert_eq!(taken::<Region>("EU"), None);
    assert_eq!(taken::<Names>("a, b").as_deref(), Some("[\"a\", \"b\"]"));
    assert_eq!(taken::<Names>("a,,b"), None);
    for text in ["host", "host:0", "host:65536", ":1", "https://host:1"] {
        assert_eq!(taken::<Issuers>(text), None, "{text}");
    }
    assert_eq!(taken::<ringwall_rootkey::Source>("root.key"), None);
    assert_eq!(taken::<StoreAddress>("sqlite:"), None);
    assert_eq!(taken::<StoreAddress>("sqlite://x"), None);
    assert_eq!(taken::<TlsMode>("OWN"), None);
    assert_eq!(taken::<PathBuf>("~/x"), None);
}

#[test]
fn changes_are_told_apart() {
    let (old, _) = loaded("", &[], &[]).unwrap();
    let (new, _) = loaded("region = 'x'\n[log]\nlevel = 'warn'\n[limits]\nidle = '1s'\n", &[], &[]).unwrap();
    assert_eq!(
        compare(&old, &new),
        Changes { live: vec!["limits.idle", "log.level"], restart: vec!["region"] }
    );
    assert_eq!(new.limits().idle, Duration::from_secs(1));
}

#[test]
fn names_are_unlike_those_that_kubernetes_sets() {
    // For a Service `ringwall` Kubernetes sets RINGWALL_SERVICE_HOST, RINGWALL_SERVICE_PORT… and RINGWALL_PORT…
    let mut flags = std::collections::BTreeSet::new();
    for declared in DECLARED {
        let variable = declared.variable();
        assert!(
            !variable.starts_with("RINGWALL_SERVICE_") && !variable.starts_with("RINGWALL_PORT"),
            "{variable}"
        );
        assert!(flags.insert(declared.flag()), "two flags --{}", declared.flag());
        assert!(!declared.summary().ends_with('.'), "{}", declared.key);
        assert!(declared.change == Change::Live || !declared.key.starts_with("limits."), "{}", declared.key);
    }
}

#[test]
fn mistyped_variables_are_noticed() {
    let names = [
        "RINGWALL_LSITEN",
        "RINGWALL_LISTEN",
        "RINGWALL_CONFIG",
        "RINGWALL_SERVICE_HOST",
        "RINGWALL_PORT_7443_TCP",
        "RINGWALL_PASSPHRASE",
        "LISTEN",
    ];
    let found = stray(names.into_iter().map(str::to_owned));
    assert_eq!(found, [("RINGWALL_LSITEN".to_owned(), "RINGWALL_LISTEN".to_owned())]);
}
