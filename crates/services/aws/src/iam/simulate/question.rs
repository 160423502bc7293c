//! One question of a simulation, and its answer.

use std::collections::BTreeMap;
use std::sync::Arc;

use ringwall_iam::{
    Assumption, AwsPrincipal, Context as Keys, Key, Layer, Level, Outcome, Policies, Policy, Principal,
    Request, Verdict, View, decide,
};
use ringwall_model::Arn;
use serde_json::{Value, json};

use super::Simulation;
use super::sources::{self, Source, Subject};
use crate::call::Call;
use crate::error::{ApiError, Result};
use crate::iam::entity::find_arn;
use crate::iam::fault::invalid;
use crate::iam::rows::{Role, User};
use crate::iam::{context_keys, managed, positions};

/// AWS's policy that allows everything, to see what other layers say by themselves.
const EVERYTHING: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

/// What stands in the place of a wildcard in a resource. A simulated resource is one text, in which a wildcard is no more
/// than a letter: only a policy's own wildcard covers it.
const NO_WILDCARD: char = '\u{2217}';

/// Condition keys that tell who calls.
const OF_CALLER: [&str; 5] =
    ["aws:principalarn", "aws:principalaccount", "aws:principaltype", "aws:userid", "aws:username"];

/// The policies of a simulation, and who calls.
pub(super) struct Question {
    pub(super) identity: Vec<Source>,
    pub(super) boundary: Vec<Source>,
    /// Service control policies by levels.
    pub(super) organizations: Vec<Vec<Source>>,
    pub(super) caller: Caller,
}

/// What is asked.
pub(super) struct Asked<'a> {
    pub(super) action: &'a str,
    pub(super) resource: &'a str,
    pub(super) simulation: &'a Simulation,
    pub(super) policy: Option<&'a Source>,
}

/// Who calls in a simulation.
pub(super) struct Caller {
    principal: AwsPrincipal,
    keys: Keys,
}

impl Caller {
    /// A user, a role or a session by its ARN, with what is known of it.
    pub(super) async fn of(call: &Call<'_>, arn: &str) -> Result<Self> {
        let mut caller = Self::new(arn, &BTreeMap::new(), None)?;
        if let Some(row) = find_arn::<User>(call, arn).await? {
            caller = Self::new(arn, &row.value.tags, Some(row.value.id.clone()))?;
        } else if let Some(row) = find_arn::<Role>(call, arn).await? {
            caller = Self::role(arn, &row.value)?;
        }
        Ok(caller)
    }

    /// Whose policies are simulated.
    pub(super) fn subject(call: &Call<'_>, subject: &Subject) -> Result<Self> {
        match subject {
            Subject::User(row) => {
                let user = &row.value;
                Self::new(&user.arn(call.account()), &user.tags, Some(user.id.clone()))
            }
            Subject::Role(row) => Self::role(&row.value.arn(call.account()), &row.value),
            Subject::Group(_) => Self::nobody(call),
        }
    }

    /// Somebody of the account of whom nothing is known: keys that tell who calls are absent unless they are given.
    pub(super) fn nobody(call: &Call<'_>) -> Result<Self> {
        let mut caller =
            Self::new(&format!("arn:aws:iam::{}:user/simulated", call.account()), &BTreeMap::new(), None)?;
        for key in OF_CALLER {
            caller.keys.set(Key::new(&key.into()), []);
        }
        Ok(caller)
    }

    /// A role: one of its sessions, of which the name is not told.
    fn role(arn: &str, role: &Role) -> Result<Self> {
        Self::new(arn, &role.tags, Some(format!("{}:simulated", role.id)))
    }

    fn new(arn: &str, tags: &BTreeMap<String, String>, id: Option<String>) -> Result<Self> {
        let principal = AwsPrincipal::parse(&arn.into()).map_err(|error| invalid(error.to_string()))?;
        let mut keys = Keys::default();
        let mut set = |key: &str, value: &str| keys.set(Key::new(&key.into()), [value.into()]);
        for (key, value) in tags {
            set(&format!("aws:PrincipalTag/{key}"), value);
        }
        if let Some(id) = id {
            set("aws:userid", &id);
        }
        Ok(Self { principal, keys })
    }
}

impl Question {
    /// `EvaluationResult`.
    pub(super) async fn answer(&self, call: &Call<'_>, asked: &Asked<'_>) -> Result<Value> {
        let trust = match asked.policy {
            None => sources::trust(call, asked.action, asked.resource).await?,
            Some(_) => None,
        };
        let resource = asked.policy.or(trust.as_ref());
        let request = self.request(asked)?;
        let verdict = decide(&request, &self.policies(resource), View::Closed);
        let decision = decision(verdict.outcome);
        let matched = self.matched(&verdict, resource);
        let missing = self.missing(&verdict, &request, resource);
        let mut specific = json!({
            "EvalResourceName": asked.resource,
            "EvalResourceDecision": decision,
            "MatchedStatements": matched,
            "MissingContextValues": missing,
        });
        let mut answer = json!({
            "EvalActionName": asked.action,
            "EvalResourceName": asked.resource,
            "EvalDecision": decision,
            "MatchedStatements": matched,
            "MissingContextValues": missing,
        });
        if !self.boundary.is_empty() {
            let allows = allows(&request, borrowed(&self.boundary), Vec::new(), Layer::Boundary);
            let detail = json!({ "AllowedByPermissionsBoundary": allows });
            crate::sts::put(&mut specific, "PermissionsBoundaryDecisionDetail", Some(detail.clone()));
            crate::sts::put(&mut answer, "PermissionsBoundaryDecisionDetail", Some(detail));
        }
        if !self.organizations.is_empty() {
            let allows = allows(&request, Vec::new(), self.levels(), Layer::Scp);
            let detail = json!({ "AllowedByOrganizations": allows });
            crate::sts::put(&mut answer, "OrganizationsDecisionDetail", Some(detail));
        }
        crate::sts::put(&mut answer, "ResourceSpecificResults", Some(vec![specific]));
        Ok(answer)
    }

    fn request(&self, asked: &Asked<'_>) -> Result<Request> {
        let mut keys = self.caller.keys.clone();
        for entry in &asked.simulation.context_entries {
            let Some(name) = &entry.context_key_name else { continue };
            let values: Box<[Arc<str>]> =
                entry.context_key_values.iter().map(|value| value.as_str().into()).collect();
            keys.set(Key::new(&name.as_str().into()), values);
        }
        if asked.resource != "*" && !asked.resource.starts_with("arn:") {
            return Err(invalid(format!("Invalid resource: {}", asked.resource)));
        }
        let resource = asked.resource.replace(['*', '?'], &NO_WILDCARD.to_string());
        let owner = asked.simulation.resource_owner.as_deref().map(owner).transpose()?;
        let principal = Principal::Aws(self.caller.principal.clone());
        Request::new(principal, &asked.action.into(), &resource.into(), owner.as_ref(), keys)
            .map_err(|error| invalid(error.to_string()))
    }

    fn policies<'p>(&'p self, resource: Option<&'p Source>) -> Policies<'p> {
        Policies {
            identity: borrowed(&self.identity),
            boundary: borrowed(&self.boundary),
            resource: resource.map(|source| &*source.policy),
            scp: self.levels(),
            ..Policies::default()
        }
    }

    fn levels(&self) -> Vec<Level<'_>> {
        let levels = self.organizations.iter();
        levels.map(|sources| Level { policies: borrowed(sources), unread: false }).collect()
    }

    fn sources<'p>(&'p self, resource: Option<&'p Source>) -> impl Iterator<Item = &'p Source> {
        let organizations = self.organizations.iter().flatten();
        self.identity.iter().chain(&self.boundary).chain(organizations).chain(resource)
    }

    /// `MatchedStatements`.
    fn matched(&self, verdict: &Verdict<'_>, resource: Option<&Source>) -> Vec<Value> {
        let shown = |deciding: &ringwall_iam::Deciding<'_>| {
            let source =
                self.sources(resource).find(|source| std::ptr::eq(&*source.policy, deciding.policy))?;
            let (start, end) = positions::statement(&source.text, deciding.statement.index)?;
            let position = |place: positions::Position| json!({ "Line": place.line, "Column": place.column });
            Some(json!({
                "SourcePolicyId": source.id(),
                "SourcePolicyType": source.kind(),
                "StartPosition": position(start),
                "EndPosition": position(end),
            }))
        };
        verdict.statements.iter().filter_map(shown).collect()
    }

    /// `MissingContextValues`: keys that statements asked for and that nobody gave.
    fn missing(&self, verdict: &Verdict<'_>, request: &Request, resource: Option<&Source>) -> Vec<String> {
        let mut missing: BTreeMap<String, String> = BTreeMap::new();
        for assumption in &verdict.assumed {
            if let Assumption::Absent(key) = assumption {
                missing.insert(key.lower().to_owned(), key.written().to_owned());
            }
        }
        // Keys of a caller of whom nothing is known are not told by the engine, which was told that they are absent.
        let is_unknown = |key: &str| request.context().named(key).is_some_and(<[_]>::is_empty);
        if OF_CALLER.into_iter().any(is_unknown) {
            let mut asked = BTreeMap::new();
            self.sources(resource).for_each(|source| context_keys::add(&source.policy, &mut asked));
            asked.retain(|key, _| OF_CALLER.contains(&key.as_str()) && is_unknown(key));
            missing.extend(asked);
        }
        missing.into_values().collect()
    }
}

fn borrowed(sources: &[Source]) -> Vec<&Policy> {
    sources.iter().map(|source| &*source.policy).collect()
}

/// Whether a layer allows, where the principal's own policies allow everything.
fn allows<'p>(request: &Request, boundary: Vec<&'p Policy>, scp: Vec<Level<'p>>, layer: Layer) -> bool {
    let Some(everything) = managed::policy(EVERYTHING) else { return false };
    let policies = Policies { identity: vec![&*everything], boundary, scp, ..Policies::default() };
    !decide(request, &policies, View::Closed).blocked_by.contains(&layer)
}

fn decision(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Allowed => "allowed",
        Outcome::ImplicitlyDenied => "implicitDeny",
        Outcome::ExplicitlyDenied => "explicitDeny",
    }
}

/// The account of a `ResourceOwner`.
fn owner(text: &str) -> Result<Arc<str>> {
    match text.parse::<Arn>() {
        Ok(arn) => Ok(arn.account.as_str().into()),
        Err(_) if text.len() == 12 => Ok(text.into()),
        Err(_) => Err::<_, ApiError>(invalid(format!("Invalid resource owner: {text}"))),
    }
}
