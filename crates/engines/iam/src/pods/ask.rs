//! What a route leads to.

use std::sync::Arc;

use super::proof::both;
use super::trust::absent;
use super::{Pods, Route};
use crate::context::Context;
use crate::inventory::{Ask, Gathered, Inventory, Reply};
use crate::key::Key;
use crate::layers::Layer;
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
        let mut reply = ask_session(self.inventory, route, action, resource, &Context::default())?;
        reply.decision = both(route.decision.clone(), reply.decision);
        Ok(reply)
    }
}

/// Whether the session that a route leads to may do an action on a resource, in a context that is given beside what the
/// route tells. Whether the route is open is another question.
///
/// # Errors
///
/// If the action or the resource cannot be one.
pub fn ask_session<'r>(
    inventory: &'r Inventory<'_>,
    route: &'r Route,
    action: &Arc<str>,
    resource: &Arc<str>,
    given: &Context,
) -> Result<Reply<'r>, InvalidRequest> {
    let inventory: &'r Inventory<'r> = inventory;
    let mut context = route.context.clone();
    for (key, values) in given.iter() {
        context.set(key.clone(), values);
    }
    let mut ask = Ask {
        principal: Principal::Aws(route.session.clone()),
        action: Arc::clone(action),
        resource: Arc::clone(resource),
        context,
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
    Ok(gathered.reply())
}

fn gather<'r>(
    inventory: &'r Inventory<'r>,
    route: &'r Route,
    ask: &Ask,
) -> Result<Gathered<'r>, InvalidRequest> {
    let mut gathered = inventory.gather(ask)?;
    if let Some(why) = &route.session_policy_unread {
        gathered.miss(Layer::Session, true, why.clone());
    }
    Ok(match &route.session_policy {
        Some(policy) => gathered.with_session_policy(policy),
        None => gathered,
    })
}
