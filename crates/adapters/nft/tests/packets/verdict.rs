//! What the analysis says of single packets.

use ringwall_model::{Cluster, Verdict};
use ringwall_network::{Network, Port, Who};

use crate::naive::Question;
use crate::world::World;

/// The clusters that packets of either family see: dual-stack peers are one pair to the analysis, which a packet is not.
pub(crate) struct Families {
    v4: Cluster,
    v6: Cluster,
}

impl Families {
    pub(crate) fn new(world: &World) -> Self {
        Self { v4: world.of_family(true).cluster(), v6: world.of_family(false).cluster() }
    }

    /// Whether each packet passes.
    pub(crate) fn allow(&self, questions: &[Question]) -> Vec<bool> {
        let (v4, v6) = (Network::new(&self.v4), Network::new(&self.v6));
        questions
            .iter()
            .map(|question| {
                let network = if question.to.is_ipv4() { &v4 } else { &v6 };
                let (from, to) = (Who::Address(question.from), Who::Address(question.to));
                let port = Port::Number(question.key());
                let decision = network.connects(&from, &to, &port, question.protocol).unwrap();
                match decision.verdict {
                    Verdict::Allowed => true,
                    Verdict::Denied => false,
                    Verdict::Unknown => panic!("{question:?}: {:?}", decision.not_evaluated),
                }
            })
            .collect()
    }
}
