//! `SimulatePrincipalPolicy` and `SimulateCustomPolicy`, answered by the engine that decides calls too.
//!
//! A role's trust policy is part of the answer, which AWS's own simulator leaves out: for the actions that it is about, and
//! unless the caller gives another resource policy.
//!
//! Source: AWS IAM API Reference, *SimulatePrincipalPolicy*, *SimulateCustomPolicy*, *EvaluationResult*.

mod question;
pub(super) mod sources;

use ringwall_iam::PolicyKind;
use serde::Deserialize;
use serde_json::Value;

use self::question::{Asked, Question};
use self::sources::{Exclusion, Source};
use super::fault::invalid;
use super::page::{self, Page};
use crate::authorize::{Answer, Ask};
use crate::call::Call;
use crate::error::Result;

/// Most resources of one call, and most actions. AWS tells no limit; a page has as many answers as the caller wants.
const MAX_ASKED: usize = 1000;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SimulatePrincipal {
    policy_source_arn: String,
    #[serde(default)]
    policy_exclusion_list: Vec<Exclusion>,
    #[serde(flatten)]
    simulation: Simulation,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SimulateCustom {
    #[serde(default)]
    ordered_organization_policy_input_list: Vec<OrganizationLevel>,
    #[serde(flatten)]
    simulation: Simulation,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct OrganizationLevel {
    #[serde(default)]
    service_control_policy_input_list: Vec<String>,
}

/// What both have in common.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Simulation {
    #[serde(default)]
    policy_input_list: Vec<String>,
    permissions_boundary_policy_input_list: Option<Vec<String>>,
    action_names: Vec<String>,
    #[serde(default)]
    resource_arns: Vec<String>,
    resource_policy: Option<String>,
    resource_owner: Option<String>,
    caller_arn: Option<String>,
    #[serde(default)]
    context_entries: Vec<ContextEntry>,
    #[serde(flatten)]
    page: Page,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ContextEntry {
    context_key_name: Option<String>,
    #[serde(default)]
    context_key_values: Vec<String>,
}

pub(crate) async fn simulate_principal_policy(call: &Call<'_>, input: SimulatePrincipal) -> Result<Answer> {
    let (permit, subject) = sources::subject(call, &input.policy_source_arn).await?;
    let simulation = &input.simulation;
    let mut identity = sources::identity(call, &subject).await?;
    let excluded = |source: &Source, is_boundary| {
        input.policy_exclusion_list.iter().any(|exclusion| source.is_excluded(exclusion, is_boundary))
    };
    identity.retain(|source| !excluded(source, false));
    identity.extend(sources::given(PolicyKind::Identity, "PolicyInputList", &simulation.policy_input_list)?);
    let boundary = match given_boundary(simulation)? {
        Some(boundary) => boundary,
        None => {
            let mut boundary = sources::boundary(call, &subject).await?;
            boundary.retain(|source| !excluded(source, true));
            boundary
        }
    };
    let caller = match &simulation.caller_arn {
        Some(arn) => question::Caller::of(call, arn).await?,
        None => question::Caller::subject(call, &subject)?,
    };
    let question = Question { identity, boundary, organizations: Vec::new(), caller };
    Ok(permit.answer(answers(call, simulation, question).await?))
}

pub(crate) async fn simulate_custom_policy(call: &Call<'_>, input: SimulateCustom) -> Result<Answer> {
    let permit = call.authorize(&Ask::new("iam:SimulateCustomPolicy", "*"))?;
    let simulation = &input.simulation;
    let mut organizations = Vec::new();
    for level in &input.ordered_organization_policy_input_list {
        let texts = &level.service_control_policy_input_list;
        organizations.push(sources::given(PolicyKind::Scp, "ServiceControlPolicyInputList", texts)?);
    }
    let caller = match &simulation.caller_arn {
        Some(arn) => question::Caller::of(call, arn).await?,
        None if simulation.resource_policy.is_some() => {
            return Err(invalid("CallerArn is required with a resource policy."));
        }
        None => question::Caller::nobody(call)?,
    };
    let question = Question {
        identity: sources::given(PolicyKind::Identity, "PolicyInputList", &simulation.policy_input_list)?,
        boundary: given_boundary(simulation)?.unwrap_or_default(),
        organizations,
        caller,
    };
    Ok(permit.answer(answers(call, simulation, question).await?))
}

/// The boundary that the caller gives in place of the principal's own.
fn given_boundary(simulation: &Simulation) -> Result<Option<Vec<Source>>> {
    const NAME: &str = "PermissionsBoundaryPolicyInputList";
    let texts =
        simulation.permissions_boundary_policy_input_list.as_deref().filter(|texts| !texts.is_empty());
    texts.map(|texts| sources::given(PolicyKind::Boundary, NAME, texts)).transpose()
}

/// A page of answers: one for each action on each resource.
async fn answers(call: &Call<'_>, simulation: &Simulation, question: Question) -> Result<Value> {
    let Simulation { action_names, resource_arns, page, .. } = simulation;
    let any = [String::from("*")];
    let resources = if resource_arns.is_empty() { any.as_slice() } else { resource_arns };
    if action_names.len() > MAX_ASKED || resources.len() > MAX_ASKED {
        return Err(invalid(format!(
            "More than {MAX_ASKED} actions or resources cannot be simulated at once."
        )));
    }
    let policy = match &simulation.resource_policy {
        Some(text) => Some(sources::resource(text)?),
        None => None,
    };
    let after = match page.after()?.map(|place| place.parse::<usize>()) {
        None => 0,
        Some(Ok(place)) => place,
        Some(Err(_)) => return Err(invalid("The marker is none of this operation.")),
    };
    let count = action_names.len() * resources.len();
    let next = after.saturating_add(page.limit()).min(count);
    let mut shown = Vec::new();
    for place in after..next {
        let (action, resource) = (place / resources.len(), place % resources.len());
        if let (Some(action), Some(resource)) = (action_names.get(action), resources.get(resource)) {
            let asked = Asked { action, resource, simulation, policy: policy.as_ref() };
            shown.push(question.answer(call, &asked).await?);
        }
    }
    let more = next < count;
    let next = next.to_string();
    Ok(page::answer("EvaluationResults", shown, more.then_some(next.as_str())))
}
