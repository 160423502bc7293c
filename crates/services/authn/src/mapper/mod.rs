//! From who somebody is to AWS, to who they are to the cluster.

mod instances;

use std::sync::Arc;

use ringwall_model::Arn;
use ringwall_rbac::entry::{self, GrantedPolicy, Identification, Mappings, Origin, Placeholder};

use crate::sources::{Slot, SourceKind, Sources};
use crate::sts::Caller;
pub(crate) use instances::Instances;
pub use instances::{Ask, InstanceError};

/// Who somebody is to the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mapped {
    /// The user name.
    pub(crate) username: String,
    /// The groups, without those that the apiserver adds.
    pub(crate) groups: Vec<String>,
    /// Which source says so.
    pub(crate) source: SourceKind,
    /// The principal or account as the mapping names it.
    pub(crate) principal: Arc<str>,
    /// Whether it is an access entry, which may hold access policies.
    pub(crate) is_access_entry: bool,
}

/// Why somebody is nobody to the cluster.
///
/// What is displayed is for whoever calls, and tells nothing of other mappings; `why` is for the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// Nothing names them.
    #[error(
        "`{arn}` is not mapped to a user of this cluster (hint: whoever runs the cluster can add an access entry or a mapping for it)"
    )]
    NotMapped {
        /// Their canonical ARN.
        arn: String,
        /// What came near.
        why: Vec<String>,
    },
    /// Something does and can't be used.
    #[error(
        "the mapping of `{arn}` can't be used (hint: whoever runs the cluster finds why in the webhook's log)"
    )]
    Unusable {
        /// Their canonical ARN.
        arn: String,
        /// Which source has it.
        kind: SourceKind,
        /// Why.
        why: Vec<String>,
    },
    /// A source that might name them is not known yet, or for too long.
    #[error(
        "the mappings of `{kind}` are not known just now (hint: try again; if it lasts, the webhook's log says why)"
    )]
    NotKnown {
        /// Which.
        kind: SourceKind,
        /// Why.
        why: String,
    },
    /// The name of their node can't be told.
    #[error(
        "the EC2 instance of this node could not be looked up (hint: try again; if it lasts, the webhook's log says why)"
    )]
    Instance {
        /// Why.
        why: InstanceError,
    },
}

impl Refusal {
    /// Whether the same may be answered otherwise a moment later without anybody's doing.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::NotKnown { .. } => true,
            Self::Instance { why } => !matches!(why, InstanceError::NotThere),
            Self::NotMapped { .. } | Self::Unusable { .. } => false,
        }
    }

    /// A name for metrics.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::NotMapped { .. } => "not_mapped",
            Self::Unusable { .. } => "unusable_mapping",
            Self::NotKnown { .. } => "mappings_not_known",
            Self::Instance { .. } => "instance_not_known",
        }
    }

    /// What only operators are told.
    pub(crate) fn details(&self) -> String {
        match self {
            Self::NotMapped { why, .. } | Self::Unusable { why, .. } => why.join("; "),
            Self::NotKnown { why, .. } => why.clone(),
            Self::Instance { why } => why.to_string(),
        }
    }
}

/// Maps by the sources in their order: the first that names somebody decides.
#[derive(Debug)]
pub(crate) struct Mapper {
    sources: Sources,
    instances: Instances,
    /// How old what a source knows may be, in seconds.
    oldest: Option<i64>,
}

/// What one source says of somebody.
enum Said {
    Nothing(Vec<String>),
    No(Vec<String>),
    Mapped(Box<entry::Identity>, Arc<Mappings>),
}

impl Mapper {
    pub(crate) fn new(sources: Sources, instances: Instances, oldest: Option<i64>) -> Self {
        Self { sources, instances, oldest }
    }

    pub(crate) fn sources(&self) -> &Sources {
        &self.sources
    }

    /// Who a caller is to the cluster.
    ///
    /// # Errors
    ///
    /// A [`Refusal`]: nobody, or not known. A source that is not known ends the search, since it might say something else than
    /// those after it.
    pub(crate) async fn map(&self, caller: &Caller) -> Result<Mapped, Refusal> {
        let arn = &caller.canonical_arn;
        let mut near = Vec::new();
        for slot in self.sources.slots() {
            let mappings = self.known(slot)?;
            match self.ask(&mappings, caller).await? {
                Said::Nothing(why) => near.extend(why),
                Said::No(why) => return Err(Refusal::Unusable { arn: arn.clone(), kind: slot.kind, why }),
                Said::Mapped(identity, mappings) => {
                    let unusable = |why: &str| Refusal::Unusable {
                        arn: arn.clone(),
                        kind: slot.kind,
                        why: vec![why.to_owned()],
                    };
                    return mapped(&identity, &mappings, slot.kind).map_err(|why| unusable(&why));
                }
            }
        }
        Err(Refusal::NotMapped { arn: arn.clone(), why: near })
    }

    async fn ask(&self, mappings: &Arc<Mappings>, caller: &Caller) -> Result<Said, Refusal> {
        let known = entry::Caller {
            unique_id: unique_id(caller),
            access_key_id: Some(&caller.access_key_id),
            ..entry::Caller::new(caller.arn.clone())
        };
        let said = said(mappings, &known);
        let Said::Mapped(identity, _) = &said else { return Ok(said) };
        if !identity.open.contains(&Placeholder::Ec2PrivateDnsName) {
            return Ok(said);
        }
        let name =
            self.instances.name_of(&caller.session_name).await.map_err(|why| Refusal::Instance { why })?;
        Ok(self::said(mappings, &entry::Caller { private_dns_name: Some(&name), ..known }))
    }

    /// The access policies that somebody holds now. None if no access entry says who they are.
    pub(crate) fn policies(&self, arn: &Arn, unique_id: Option<&str>) -> Result<Vec<GrantedPolicy>, Refusal> {
        let caller = entry::Caller { unique_id, ..entry::Caller::new(arn.clone()) };
        for slot in self.sources.slots() {
            match said(&self.known(slot)?, &caller) {
                Said::Nothing(_) => {}
                Said::No(_) => return Ok(Vec::new()),
                Said::Mapped(identity, mappings) => {
                    let is_entry = mappings
                        .all()
                        .get(identity.mapping)
                        .is_some_and(|it| it.origin == Origin::AccessEntry);
                    return Ok(if is_entry { identity.policies } else { Vec::new() });
                }
            }
        }
        Ok(Vec::new())
    }

    /// What a source knows, if that is fresh enough.
    fn known(&self, slot: &Slot) -> Result<Arc<Mappings>, Refusal> {
        let state = slot.get();
        let not_known = |why: String| Refusal::NotKnown { kind: slot.kind, why };
        let Some(mappings) = &state.mappings else {
            return Err(not_known(
                state.problem.clone().unwrap_or_else(|| "they are being loaded".to_owned()),
            ));
        };
        let age = state.as_of.map_or(i64::MAX, |as_of| slot.now().saturating_sub(as_of));
        match self.oldest {
            Some(oldest) if age > oldest => {
                let problem = state.problem.clone().unwrap_or_default();
                Err(not_known(format!("they are {age} s old, more than {oldest} s: {problem}")))
            }
            _ => Ok(Arc::clone(mappings)),
        }
    }

    /// What is waited for, before everybody who is named can get in.
    pub(crate) fn waits_for(&self) -> Option<&'static str> {
        let missing = self.sources.slots().iter().find(|slot| self.known(slot).is_err())?;
        Some(match missing.kind {
            SourceKind::AccessEntries => "the access entries are not known",
            SourceKind::AwsAuth => "aws-auth is not known",
            SourceKind::IdentityMappings => "the IAMIdentityMappings are not known",
            SourceKind::File => "the file of mappings is not known",
        })
    }
}

/// Only users and roles have an id of their own.
fn unique_id(caller: &Caller) -> Option<&str> {
    Some(caller.user_id.as_str()).filter(|id| !id.is_empty() && !id.contains(':'))
}

fn said(mappings: &Arc<Mappings>, caller: &entry::Caller<'_>) -> Said {
    match mappings.identify(caller) {
        Identification::NotMapped { why, ends: true, .. } => Said::No(why),
        Identification::NotMapped { why, ends: false, .. } => Said::Nothing(why),
        // What is not certain is not enough to let somebody in.
        Identification::Mapped(identity) if !identity.certain || !identity.otherwise.is_empty() => {
            Said::No(identity.not_evaluated)
        }
        Identification::Mapped(identity) => Said::Mapped(Box::new(identity), Arc::clone(mappings)),
    }
}

fn mapped(identity: &entry::Identity, mappings: &Mappings, source: SourceKind) -> Result<Mapped, String> {
    let mapping = mappings.all().get(identity.mapping).ok_or("the mapping is not there")?;
    if let Some(open) = identity.open.first() {
        return Err(format!("nothing is known to fill in `{}`", open.text()));
    }
    if !identity.complete {
        return Err("not all of the mapping is known yet".to_owned());
    }
    let ringwall_model::User { name, groups } = &identity.user;
    let given = |group: &&String| !group.is_empty() && *group != "system:authenticated";
    Ok(Mapped {
        username: name.clone(),
        groups: groups.iter().filter(given).cloned().collect(),
        source,
        principal: Arc::clone(&mapping.principal),
        is_access_entry: mapping.origin == Origin::AccessEntry,
    })
}
