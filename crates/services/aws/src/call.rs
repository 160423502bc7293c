//! One call: who makes it, from where, to what.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use ringwall_iam::{Context as Keys, Key};
use serde_json::Value;

use crate::caller::{Caller, Identity};
use crate::shared::Shared;

/// One call to one operation.
#[derive(Debug)]
pub(crate) struct Call<'s> {
    /// What calls share.
    pub(crate) shared: &'s Shared,
    /// What the request tells.
    pub(crate) origin: Arc<Origin>,
    caller: Caller,
    via: Option<&'static str>,
    notes: Mutex<Notes>,
}

/// What a request tells beside its input.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    /// Service by its signing name, such as `kms`.
    pub(crate) service: &'static str,
    /// Operation, such as `Decrypt`.
    pub(crate) operation: &'static str,
    /// Region that the request was signed for.
    pub(crate) region: String,
    /// Id of the request.
    pub(crate) request_id: String,
    /// Milliseconds since 1970 when it came.
    pub(crate) now: i64,
    /// Where it came from.
    pub(crate) address: IpAddr,
    /// The VPC endpoint by which it came.
    pub(crate) vpc_endpoint: Option<String>,
    /// `User-Agent`, empty if there was none.
    pub(crate) user_agent: String,
    /// TLS version and cipher suite, if it came through TLS.
    pub(crate) tls: Option<(String, String)>,
    /// `Host`, as the client sent it.
    pub(crate) host: String,
}

/// What a handler wants the record of its call to tell.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    /// Resources: ARN, account, type.
    pub(crate) resources: Vec<(String, String, &'static str)>,
    /// Why the call was refused.
    pub(crate) denial: Option<Value>,
    /// Other accounts that keep a record of the call too.
    pub(crate) shared_with: Vec<String>,
    /// Who called, where only the handler finds out, and the account that keeps the record.
    pub(crate) subject: Option<(Caller, String)>,
    /// Further members of `additionalEventData`.
    pub(crate) additional: Vec<(&'static str, Value)>,
}

impl<'s> Call<'s> {
    pub(crate) fn new(shared: &'s Shared, origin: Origin, caller: Caller) -> Self {
        Self { shared, origin: Arc::new(origin), caller, via: None, notes: Mutex::default() }
    }

    /// A call that a service makes in its caller's name to another service, as Secrets Manager does to KMS: the caller's own
    /// policies decide, and see through which service it came.
    ///
    /// Source: AWS IAM User Guide, *Forward access sessions*.
    pub(crate) fn forwarded(&self, by: &'static str, service: &'static str, operation: &'static str) -> Self {
        let origin = Origin { service, operation, ..(*self.origin).clone() };
        Self {
            shared: self.shared,
            origin: Arc::new(origin),
            caller: self.caller.clone(),
            via: Some(by),
            notes: Mutex::default(),
        }
    }

    /// The same call by somebody else: for whom a token or a service vouches.
    pub(crate) fn of(&self, caller: Caller) -> Self {
        Self {
            shared: self.shared,
            origin: Arc::clone(&self.origin),
            caller,
            via: self.via,
            notes: Mutex::default(),
        }
    }

    /// Who calls.
    pub(crate) fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The caller's account.
    pub(crate) fn account(&self) -> &str {
        &self.caller.account
    }

    /// The region that the call is for.
    pub(crate) fn region(&self) -> &str {
        &self.origin.region
    }

    /// Milliseconds since 1970 when the call came.
    pub(crate) fn now(&self) -> i64 {
        self.origin.now
    }

    /// Seconds since 1970 when the call came, as the protocols' timestamps.
    pub(crate) fn seconds(&self) -> i64 {
        self.origin.now.div_euclid(1000)
    }

    /// The service through which the call came, such as `secretsmanager.amazonaws.com`.
    pub(crate) fn via(&self) -> Option<String> {
        self.via.map(|service| format!("{service}.amazonaws.com"))
    }

    /// Tells the call's record of a resource: its ARN, its account, and its type such as `AWS::KMS::Key`.
    pub(crate) fn note_resource(&self, arn: &str, account: &str, kind: &'static str) {
        self.note(|notes| {
            if !notes.resources.iter().any(|(known, ..)| known == arn) {
                notes.resources.push((arn.to_owned(), account.to_owned(), kind));
            }
            if account != self.account() && !notes.shared_with.iter().any(|known| known == account) {
                notes.shared_with.push(account.to_owned());
            }
        });
    }

    /// Tells the call's record something more.
    pub(crate) fn note_more(&self, name: &'static str, value: impl Into<Value>) {
        self.note(|notes| notes.additional.push((name, value.into())));
    }

    /// Tells the call's record who called, of an unsigned call whose token was believed, and whose account it concerns.
    pub(crate) fn note_subject(&self, subject: Caller, account: &str) {
        self.note(|notes| {
            notes.subject = Some((subject, account.to_owned()));
            notes.shared_with.push(account.to_owned());
        });
    }

    pub(crate) fn note_denial(&self, proof: &Value) {
        self.note(|notes| notes.denial = Some(proof.clone()));
    }

    fn note(&self, change: impl FnOnce(&mut Notes)) {
        change(&mut self.notes.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub(crate) fn take_notes(&self) -> Notes {
        std::mem::take(&mut self.notes.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The condition keys that every request has. What only the principal tells is the engine's to add.
    ///
    /// Source: AWS IAM User Guide, *AWS global condition context keys*.
    pub(crate) fn keys(&self) -> Keys {
        let mut keys = Keys::default();
        let mut set = |key: &'static str, value: Arc<str>| keys.set(global(key), [value]);
        let origin = &*self.origin;
        let flag = |value: bool| -> Arc<str> { if value { "true".into() } else { "false".into() } };
        match &origin.vpc_endpoint {
            None => set("aws:SourceIp", origin.address.to_string().into()),
            // Source: AWS IAM User Guide, `aws:SourceIp`: not there for requests through a VPC endpoint.
            Some(endpoint) => {
                set("aws:VpcSourceIp", origin.address.to_string().into());
                set("aws:SourceVpce", endpoint.as_str().into());
            }
        }
        set("aws:SecureTransport", flag(origin.tls.is_some()));
        set("aws:CurrentTime", crate::time::iso(origin.now).into());
        set("aws:EpochTime", self.seconds().to_string().into());
        set("aws:RequestedRegion", region_of(origin.service, &origin.region).into());
        if !origin.user_agent.is_empty() {
            set("aws:UserAgent", origin.user_agent.as_str().into());
        }
        set("aws:ViaAWSService", flag(self.via.is_some()));
        if let Some(via) = self.via() {
            let via: Arc<str> = via.into();
            set("aws:CalledViaFirst", Arc::clone(&via));
            set("aws:CalledViaLast", Arc::clone(&via));
            set("aws:CalledVia", via);
        }
        let caller = &self.caller;
        if !caller.user_id.is_empty() {
            set("aws:userid", Arc::clone(&caller.user_id));
        }
        if let Identity::Session { role_arn, .. } = &caller.identity {
            set("aws:PrincipalArn", Arc::clone(role_arn));
        }
        if let Identity::User(name) = &caller.identity {
            set("aws:username", Arc::clone(name));
        }
        if let Some(session) = &caller.session {
            set("aws:TokenIssueTime", crate::time::iso(session.issued.saturating_mul(1000)).into());
            set("aws:MultiFactorAuthPresent", flag(false));
            if let Some(source) = &session.source_identity {
                set("aws:SourceIdentity", source.as_str().into());
            }
            if let Some(provider) = &session.provider {
                set("aws:FederatedProvider", provider.as_str().into());
            }
        }
        for (name, value) in &caller.tags {
            keys.set(Key::new(&format!("aws:PrincipalTag/{name}").into()), [value.as_str().into()]);
        }
        keys
    }
}

/// A key that every request has, by its name: what the catalog says of it is looked up once.
fn global(name: &'static str) -> Key {
    static KEYS: LazyLock<Mutex<HashMap<&'static str, Key>>> = LazyLock::new(Mutex::default);
    let mut keys = KEYS.lock().unwrap_or_else(PoisonError::into_inner);
    keys.entry(name).or_insert_with(|| Key::new(&name.into())).clone()
}

/// The region of a request to a service: global services are in `us-east-1`.
///
/// Source: AWS IAM User Guide, *AWS global condition context keys*, `aws:RequestedRegion`.
fn region_of<'r>(service: &str, region: &'r str) -> &'r str {
    if service == "iam" { "us-east-1" } else { region }
}
