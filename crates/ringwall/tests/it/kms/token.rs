//! The plugin over a key in a PKCS#11 token. `cargo xtask test` installs SoftHSM and says where the module is.

use std::path::PathBuf;
use std::process::Command;

use tonic::Code;

use super::Apiserver;
use super::process::Process;
use crate::installation::Home;

/// Where the module is; the configuration is SoftHSM's own variable.
const MODULE_VARIABLE: &str = "RINGWALL_SOFTHSM";
const SETTINGS_VARIABLE: &str = "SOFTHSM2_CONF";

struct Token {
    home: Home,
    module: PathBuf,
}

impl Token {
    fn new(label: &str) -> Self {
        let home = Home::new();
        let module = PathBuf::from(std::env::var_os(MODULE_VARIABLE).unwrap());
        let made = Command::new("softhsm2-util")
            .args(["--init-token", "--free", "--label", label, "--pin", "4711-0815", "--so-pin", "officer"])
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        std::fs::write(home.path("pin"), "4711-0815\n").unwrap();
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(home.path("pin"), private).unwrap();
        Self { home, module }
    }

    fn uri(&self, label: &str, object: &str) -> String {
        let (module, pin) = (self.module.display(), self.home.path("pin"));
        format!("pkcs11:token={label};object={object}?module-path={module}&pin-source=file:{}", pin.display())
    }

    /// A key in the token, made by way of a keyring that nobody uses.
    fn key(&self, label: &str, object: &str) {
        std::fs::create_dir_all(self.home.path("unused")).unwrap();
        let file = self.home.path("unused").join(object);
        let mut command = self.home.command(&format!("kms keyring create {}", file.display()));
        command.args(["--root-key", &self.uri(label, object)]);
        let settings = std::env::var_os(SETTINGS_VARIABLE).unwrap();
        let said = command.env(SETTINGS_VARIABLE, settings).output().unwrap();
        assert!(said.status.success(), "{said:?}");
    }

    fn serve(&self, backends: &[String]) -> Process {
        let socket = self.home.path("kms.sock");
        let arguments = format!(
            "kms serve --listen {} --probe-every 100ms --grace 500ms --admin-listen 127.0.0.1:0 --log-format json",
            socket.display()
        );
        let mut command = self.home.command(&arguments);
        for backend in backends {
            command.args(["--backend", backend]);
        }
        Process::start(command.env(SETTINGS_VARIABLE, std::env::var_os(SETTINGS_VARIABLE).unwrap()))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs SoftHSM; cargo xtask test runs it"]
async fn a_token_seals_and_another_key_takes_over() {
    let label = "kms-plugin";
    let token = Token::new(label);
    token.key(label, "first");
    token.key(label, "second");
    let (first, second) = (token.uri(label, "first"), token.uri(label, "second"));
    let mut plugin = token.serve(std::slice::from_ref(&first));
    let mut apiserver = Apiserver::connect(&token.home.path("kms.sock")).await;
    assert_eq!(apiserver.key_id().await, format!("pkcs11:token={label};object=first"));
    let old = apiserver.encrypt(b"seed").await.unwrap();
    assert_eq!(apiserver.decrypt(&old).await.unwrap(), "seed");
    plugin.kill();

    let mut plugin = token.serve(&[second.clone(), first]);
    let mut apiserver = Apiserver::connect(&token.home.path("kms.sock")).await;
    assert_eq!(apiserver.key_id().await, format!("pkcs11:token={label};object=second"));
    assert_eq!(apiserver.decrypt(&old).await.unwrap(), "seed");
    let new = apiserver.encrypt(b"seed").await.unwrap();
    plugin.kill();

    // Without the first one, what it sealed names it.
    let _plugin = token.serve(&[second]);
    let mut apiserver = Apiserver::connect(&token.home.path("kms.sock")).await;
    apiserver.key_id().await;
    assert_eq!(apiserver.decrypt(&new).await.unwrap(), "seed");
    let refusal = apiserver.decrypt(&old).await.unwrap_err();
    assert!(refusal.message().contains("object=first"), "{refusal}");
    // The apiserver would ask again if the token seemed to be away.
    let damages: [fn(&mut Vec<u8>); 3] =
        [|bytes| *bytes.last_mut().unwrap() ^= 1, |bytes| bytes.truncate(bytes.len() - 1), Vec::clear];
    for damage in damages {
        let mut damaged = new.clone();
        let blob = damaged.annotations.values_mut().next().unwrap();
        let mut bytes = blob.to_vec();
        damage(&mut bytes);
        *blob = bytes.into();
        let refusal = apiserver.decrypt(&damaged).await.unwrap_err();
        assert_eq!(refusal.code(), Code::InvalidArgument, "{refusal}");
    }
    assert!(apiserver.status().await.is_ok(), "what is broken in a request says nothing about the token");
    assert_eq!(apiserver.decrypt(&new).await.unwrap(), "seed");
}
