//! Keys that clusters seal their Secrets with.

use ringwall_model::Severity;

use super::Tell;
use super::details::{lower, ringwall, signal};
use crate::cloudtrail::call::{Call, Origin};
use crate::cloudtrail::watch::Watch;
use crate::field::{Field, Members, Text};
use crate::finding::{Kind, Place};
use crate::object::object;

static KEY_LOST: Kind = ringwall(
    "Impact:EKS/Ringwall.EncryptionKeyDisabled",
    Severity::High,
    "A KMS key was disabled or is to be deleted, without which a cluster can't read its Secrets",
    "Enable the key again, or cancel its deletion (`aws kms cancel-key-deletion`) before its date: what it sealed is lost with it.",
);

pub(super) const KINDS: &[&Kind] = &[&KEY_LOST];

object! {
    struct Encrypts {
        "encryptionConfig" => configs: Field<Vec<Config<'a>>>,
    }

    struct Config {
        "provider" => provider: Field<Provider<'a>>,
    }

    struct Provider {
        "keyArn" => key: Field<Text<'a>>,
    }

    struct Keyed {
        "keyId" => key: Field<Text<'a>>,
        "encryptionContext" => context: Field<Members<'a, Text<'a>>>,
    }
}

/// Learns which keys clusters use: from what is asked of EKS, and from what EKS asks of KMS.
pub(super) fn learn(watch: &mut Watch, call: &Call<'_>) {
    match (call.service, call.action) {
        ("eks", "CreateCluster" | "AssociateEncryptionConfig") => {
            let asked: Encrypts<'_> = call.request();
            for provider in asked.configs.items().iter().filter_map(|config| config.provider.get()) {
                watch.key_used(provider.key.text());
            }
        }
        ("kms", "Encrypt" | "Decrypt" | "GenerateDataKey" | "CreateGrant" | "DescribeKey") => {
            let by_eks = matches!(call.origin, Origin::Aws(by) if by.starts_with("eks."));
            let has_context = || {
                let asked: Keyed<'_> = call.request();
                let purpose = asked.context.get().and_then(|context| context.get(PURPOSE.0));
                purpose.is_some_and(|purpose| &**purpose == PURPOSE.1)
            };
            if by_eks || has_context() {
                for resource in call.record.resources.items() {
                    watch.key_used(resource.arn.text());
                }
            }
        }
        _ => {}
    }
}

/// What the context of Ringwall's own KMS plugin has: docs/plugs/kms.md.
const PURPOSE: (&str, &str) = ("ringwall:purpose", "kubernetes-kms-local-kek");

pub(super) fn look(watch: &Watch, call: &Call<'_>, place: &Place, tell: Tell<'_>) {
    let what = match call.action {
        "DisableKey" => "disabled",
        "ScheduleKeyDeletion" => "has scheduled the deletion of",
        "DeleteImportedKeyMaterial" => "deleted the material of",
        _ => return,
    };
    let asked: Keyed<'_> = call.request();
    let arn = call.record.resources.items().first().map_or("", |resource| resource.arn.text());
    let key = if arn.is_empty() { asked.key.text() } else { arn };
    let is_known = watch.is_key_used(key) || watch.is_key_used(asked.key.text());
    let severity = match (is_known, call.is_infrastructure()) {
        (true, false) => KEY_LOST.severity,
        (true, true) => lower(KEY_LOST.severity),
        // Of what is torn down as it was built, nobody knows that it sealed a cluster's Secrets.
        (false, true) => return,
        (false, false) => Severity::Medium,
    };
    let of = if is_known {
        "which seals a cluster's Secrets"
    } else {
        "of which these records don't tell what it seals"
    };
    let description = format!("`{}` {what} the key `{key}`, {of}", call.who());
    tell(signal(&KEY_LOST, severity, call, place, key, description));
}
