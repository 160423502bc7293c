//! What a route leads to.

use std::sync::Arc;

use ringwall_model::Verdict;

use super::proof::{both, unknown};
use super::trust::absent;
use super::{Pods, Route};
use crate::inventory::{Ask, Gathered, Inventory, Reply};
use crate::key::Key;
use crate::principal::Principal;
use crate::request::InvalidRequest;

/// How keys of the session's tags begin. Of other keys that nobody told, each may be there or not.
const TAGS: &str = "aws:principaltag/";

impl Pods<'_> {
    /// Whether an action may be done on a resource by a route: the route has to be open, and the session allowed.
    ///
    /// # Errors
    ///
    /// If the action or the resource cannot be one.
    pub fn ask<'r>(
        &'r self,
        route: &'r Route,
        action: &Arc<str>,
        resource: &Arc<str>,
    ) -> Result<Reply<'r>, InvalidRequest> {
        ask_by(self.inventory, route, action, resource)
    }
}

/// Whether an action may be done on a resource by a route. A route that is closed leads nowhere, and one of which that is
/// not known to nothing that is sure.
///
/// # Errors
///
/// If the action or the resource cannot be one.
pub fn ask_by<'r>(
    inventory: &'r Inventory<'_>,
    route: &'r Route,
    action: &Arc<str>,
    resource: &Arc<str>,
) -> Result<Reply<'r>, InvalidRequest> {
    let inventory: &'r Inventory<'r> = inventory;
    let mut ask = Ask {
        principal: Principal::Aws(route.session.clone()),
        action: Arc::clone(action),
        resource: Arc::clone(resource),
        context: route.context.clone(),
    };
    let mut gathered = gather(inventory, route, &ask)?;
    // Pod tags of a session are there, whatever their value; tags that neither session nor role has are not.
    let has_none = |key: &Key| {
        key.lower().starts_with(TAGS) && !key.lower().starts_with("aws:principaltag/kubernetes-pod-")
    };
    let tags: Vec<Key> = absent(&gathered, &[]).into_iter().filter(has_none).collect();
    if !tags.is_empty() {
        for key in tags {
            ask.context.set(key, []);
        }
        gathered = gather(inventory, route, &ask)?;
    }
    let mut reply = gathered.reply();
    let allowed_by_session = reply.decision.verdict;
    let mut decision = both(route.decision.clone(), reply.decision);
    if let Some(why) = &route.session_policy_unread
        && allowed_by_session != Verdict::Denied
    {
        decision = both(decision, unknown(why.clone()));
    }
    reply.decision = decision;
    Ok(reply)
}

fn gather<'r>(
    inventory: &'r Inventory<'r>,
    route: &'r Route,
    ask: &Ask,
) -> Result<Gathered<'r>, InvalidRequest> {
    let gathered = inventory.gather(ask)?;
    Ok(match &route.session_policy {
        Some(policy) => gathered.with_session_policy(policy),
        None => gathered,
    })
}
