//! What the analysis says of single packets.

use ringwall_model::Cluster;
use ringwall_network::Network;

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
                let [from] = network.holders(question.from)[..] else { panic!("{question:?}: from several") };
                let [to] = network.holders(question.to)[..] else { panic!("{question:?}: to several") };
                network.traffic(from, to).traffic.contains(question.protocol, question.port)
            })
            .collect()
    }
}
