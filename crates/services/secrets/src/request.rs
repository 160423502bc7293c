//! What the driver asks for, out of its request.
//!
//! Source: Secrets Store CSI driver, `provider/v1alpha1/service.proto` and `pkg/secrets-store/nodeserver.go`; AWS provider,
//! `server/server.go`.

use std::collections::BTreeMap;

use data_encoding::BASE64URL_NOPAD;
use ringwall_grpc::csi_v1alpha1::MountRequest;
use ringwall_model::{Arn, Secret};
use serde::Deserialize;

use crate::error::MountError;
use crate::objects::Translation;

const POD_NAME: &str = "csi.storage.k8s.io/pod.name";
const POD_NAMESPACE: &str = "csi.storage.k8s.io/pod.namespace";
const POD_UID: &str = "csi.storage.k8s.io/pod.uid";
const SERVICE_ACCOUNT: &str = "csi.storage.k8s.io/serviceAccount.name";
const TOKENS: &str = "csi.storage.k8s.io/serviceAccount.tokens";

/// Audience of the tokens that STS takes.
pub(crate) const STS_AUDIENCE: &str = "sts.amazonaws.com";

/// Audience of the tokens that EKS Pod Identity takes.
pub(crate) const POD_IDENTITY_AUDIENCE: &str = "pods.eks.amazonaws.com";

/// Longest text of a token. Source: AWS, *STS API Reference*, AssumeRoleWithWebIdentity: 20,000 characters.
const MAX_TOKEN: usize = 20_000;

/// Seconds that the session of an assumed role may last. Source: AWS, *STS API Reference*, AssumeRole.
const DURATIONS: std::ops::RangeInclusive<u32> = 900..=43_200;

/// A volume, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Volume {
    /// Where it will be mounted: different for every volume of every pod on a node.
    pub(crate) target_path: String,
    pub(crate) namespace: String,
    pub(crate) pod: String,
    pub(crate) pod_uid: String,
    pub(crate) service_account: String,
}

/// What to fill it with.
#[derive(Debug)]
pub(crate) struct Mount {
    pub(crate) volume: Volume,
    pub(crate) parameters: Parameters,
    /// The mode of files that say none.
    pub(crate) mode: u32,
    pub(crate) tokens: Tokens,
}

/// The parameters of a SecretProviderClass.
#[derive(Debug)]
pub(crate) struct Parameters {
    pub(crate) objects: String,
    pub(crate) region: Option<String>,
    pub(crate) failover_region: Option<String>,
    pub(crate) translation: Translation,
    pub(crate) use_pod_identity: bool,
    pub(crate) addresses: Addresses,
    pub(crate) assume_role: Option<AssumedRole>,
}

/// At which of its addresses the Pod Identity agent is asked: `preferredAddressType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Addresses {
    /// The one that answered last, then the other; IPv4 at first.
    Auto,
    Ipv4,
    Ipv6,
}

/// A role to assume with the pod's own, as of another account.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct AssumedRole {
    pub(crate) arn: String,
    pub(crate) external_id: Option<String>,
    pub(crate) duration: Option<u32>,
}

/// The pod's tokens by audience.
#[derive(Debug, Default)]
pub(crate) struct Tokens(BTreeMap<String, Secret>);

impl Mount {
    pub(crate) fn read(request: &MountRequest) -> Result<Self, MountError> {
        if request.target_path.is_empty() {
            return Err(MountError::Request(String::from("no target path")));
        }
        let attributes = map(&request.attributes, "attributes")?;
        let secrets = if matches!(request.secrets.as_str(), "" | "null") {
            BTreeMap::new()
        } else {
            map(&request.secrets, "secrets")?
        };
        let mode =
            request.permission.trim().parse::<u32>().ok().filter(|mode| *mode <= 0o777).ok_or_else(|| {
                MountError::Request(String::from("a permission that is no number from 0 to 511"))
            })?;
        // Where kubelet gives tokens as secrets, the attribute would be a parameter of the class.
        let tokens = match secrets.get(TOKENS).or_else(|| attributes.get(TOKENS)) {
            Some(text) => Tokens::read(text)?,
            None => Tokens::default(),
        };
        let needed = |key: &'static str| {
            attributes.get(key).filter(|text| !text.is_empty()).cloned().ok_or_else(|| {
                MountError::Request(format!(
                    "no `{key}` among its attributes (hint: the CSIDriver `secrets-store.csi.k8s.io` has to have podInfoOnMount)"
                ))
            })
        };
        let volume = Volume {
            target_path: request.target_path.clone(),
            namespace: needed(POD_NAMESPACE)?,
            pod: needed(POD_NAME)?,
            pod_uid: attributes.get(POD_UID).cloned().unwrap_or_default(),
            service_account: needed(SERVICE_ACCOUNT)?,
        };
        Ok(Self { volume, parameters: Parameters::read(&attributes)?, mode, tokens })
    }
}

impl Parameters {
    /// Reads the parameters; whatever else is among the attributes is not looked at.
    pub(crate) fn read(attributes: &BTreeMap<String, String>) -> Result<Self, MountError> {
        let get = |name: &str| attributes.get(name).filter(|text| !text.is_empty()).cloned();
        let wrong = |name, message: String, hint| MountError::Parameter { name, message, hint };
        let region = |name: &'static str| match get(name) {
            Some(text) if !ringwall_awsclient::partition::is_region(&text) => Err(wrong(
                name,
                format!("is `{}`, which is no region", text.escape_debug()),
                "write it as `eu-central-1`",
            )),
            region => Ok(region),
        };
        let translation = get("pathTranslation").unwrap_or_default();
        let translation = Translation::parse(&translation).ok_or_else(|| {
            wrong(
                "pathTranslation",
                format!("is `{}`", translation.escape_debug()),
                "write `False`, or one character that stands for `/`",
            )
        })?;
        let use_pod_identity = match get("usePodIdentity").as_deref() {
            // Source: Go, `strconv.ParseBool`.
            None | Some("0" | "f" | "F" | "false" | "False" | "FALSE") => false,
            Some("1" | "t" | "T" | "true" | "True" | "TRUE") => true,
            Some(text) => {
                return Err(wrong(
                    "usePodIdentity",
                    format!("is `{}`", text.escape_debug()),
                    "write \"true\" or \"false\"",
                ));
            }
        };
        let addresses = match get("preferredAddressType").map(|text| text.to_ascii_lowercase()).as_deref() {
            Some("ipv4") => Addresses::Ipv4,
            Some("ipv6") => Addresses::Ipv6,
            // As the existing provider: whatever else is said.
            _ => Addresses::Auto,
        };
        Ok(Self {
            objects: get("objects").ok_or_else(|| {
                wrong(
                    "objects",
                    String::from("is missing"),
                    "list the secrets there, each as `- objectName: …`",
                )
            })?,
            region: region("region")?,
            failover_region: region("failoverRegion")?,
            translation,
            use_pod_identity,
            addresses,
            assume_role: assumed(&get)?,
        })
    }
}

fn assumed(get: &dyn Fn(&str) -> Option<String>) -> Result<Option<AssumedRole>, MountError> {
    let Some(arn) = get("assumeRoleArn") else { return Ok(None) };
    let is_role = arn
        .parse::<Arn>()
        .is_ok_and(|arn| arn.service == "iam" && arn.kind_and_rest().is_some_and(|(kind, _)| kind == "role"));
    if !is_role {
        return Err(MountError::Parameter {
            name: "assumeRoleArn",
            message: format!("is `{}`, which is no role's ARN", arn.escape_debug()),
            hint: "write it as `arn:aws:iam::123456789012:role/NAME`",
        });
    }
    let duration = match get("assumeRoleDurationSeconds") {
        None => None,
        Some(text) => match text.parse() {
            Ok(seconds) if DURATIONS.contains(&seconds) => Some(seconds),
            _ => {
                return Err(MountError::Parameter {
                    name: "assumeRoleDurationSeconds",
                    message: format!("is `{}`", text.escape_debug()),
                    hint: "write a number of seconds from 900 to 43200",
                });
            }
        },
    };
    Ok(Some(AssumedRole { arn, external_id: get("assumeRoleExternalId"), duration }))
}

/// A JSON object of strings. What the text says is not repeated in an error: there are tokens in it.
fn map(text: &str, what: &str) -> Result<BTreeMap<String, String>, MountError> {
    serde_json::from_str(text)
        .map_err(|_| MountError::Request(format!("{what} that are no JSON object of strings")))
}

#[derive(Deserialize)]
struct Token {
    token: String,
}

impl Tokens {
    fn read(text: &str) -> Result<Self, MountError> {
        let tokens: BTreeMap<String, Token> = serde_json::from_str(text)
            .map_err(|_| MountError::Token("are not the JSON that kubelet writes"))?;
        Ok(Self(tokens.into_iter().map(|(audience, token)| (audience, Secret::from(token.token))).collect()))
    }

    /// One token, for a single audience.
    pub(crate) fn of(audience: &str, token: Secret) -> Self {
        Self(BTreeMap::from([(audience.to_owned(), token)]))
    }

    /// The token for an audience, if it is the service account's own.
    ///
    /// Whether it is genuine the issuer of credentials tells; whose it says to be is compared here so that the role of one
    /// service account is never asked for with the token of another.
    pub(crate) fn get(&self, audience: &'static str, volume: &Volume) -> Result<&Secret, MountError> {
        let token = self.0.get(audience).filter(|token| !token.is_empty());
        let token = token.ok_or(MountError::NoToken { audience })?;
        if token.len() > MAX_TOKEN {
            return Err(MountError::Token("are longer than any is"));
        }
        let subject = subject(token).ok_or(MountError::Token("are no JWTs with a subject"))?;
        let expected = format!("system:serviceaccount:{}:{}", volume.namespace, volume.service_account);
        if subject != expected {
            return Err(MountError::Token("are of another service account than the pod's"));
        }
        Ok(token)
    }
}

/// The subject that a token names.
fn subject(token: &Secret) -> Option<String> {
    #[derive(Deserialize)]
    struct Claims {
        sub: String,
    }
    let claims = token.expose().split(|byte| *byte == b'.').nth(1)?;
    let claims = Secret::new(BASE64URL_NOPAD.decode(claims).ok()?);
    serde_json::from_slice::<Claims>(claims.expose()).ok().map(|claims| claims.sub)
}
