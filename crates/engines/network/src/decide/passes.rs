//! Which ports, where a question names none.

use crate::evaluate::Allowed;
use crate::network::Network;
use crate::party::Party;
use crate::who::{QuestionError, Who};

impl Network<'_> {
    /// What passes from one end to another, at the destination's own ports: of workloads what is common to all pairs of their pods, as
    /// [`Network::connects`] answers for each port. Ports of a service are its own matter: ask for them one by one.
    ///
    /// # Errors
    ///
    /// Where an end is nobody: not in the snapshot, or a pod that is over.
    pub fn passes(&self, from: &Who, to: &Who) -> Result<Allowed, QuestionError> {
        let (sources, destinations) = (self.sources(from)?, self.sources(to)?);
        if sources.is_empty() || destinations.is_empty() {
            return Ok(Allowed::none());
        }
        let mut all = Allowed::all();
        for source in &sources {
            for destination in &destinations {
                all = all.and(&self.joint(*source, *destination));
                if all == Allowed::none() {
                    return Ok(all);
                }
            }
        }
        Ok(all)
    }

    /// What both layers let pass from one party to another.
    pub fn joint(&self, from: Party<'_>, to: Party<'_>) -> Allowed {
        let policies = self.traffic(from, to);
        match &self.groups {
            Some(groups) if !self.exempt(from, to) => {
                let allowed = groups.traffic(self, from, to);
                policies.and(&Allowed { traffic: allowed.traffic, uncertain: allowed.uncertain })
            }
            _ => policies,
        }
    }
}
