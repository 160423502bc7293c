use std::net::IpAddr;

use ringwall_model::{AwsDocument, Ec2Instance, Tree};

use super::Filler;
use super::vpc::private_addresses;
use crate::fields::{text, text_at};

impl<'d> Filler<'_, 'd> {
    /// The instances of `describe-instances`, which come in reservations.
    pub(super) fn instances(&mut self, document: &'d AwsDocument) {
        let source = &document.source;
        for reservation in document.tree.list("Reservations") {
            for item in self.items(reservation, "Instances", source) {
                self.instance(item, document);
            }
        }
    }

    fn instance(&mut self, item: &'d Tree, document: &AwsDocument) {
        let source = document.source.at(item.line);
        let Some(id) = text(item, "InstanceId") else {
            return self.incomplete(source, "an instance", "InstanceId");
        };
        if !self.is_first("instance", &id, item, &source) {
            return;
        }
        self.cluster.aws.instances.push(Ec2Instance {
            id,
            state: text_at(item, &["State", "Name"]),
            private_dns_name: text(item, "PrivateDnsName"),
            instance_type: text(item, "InstanceType"),
            addresses: instance_addresses(item),
            instance_profile_arn: text_at(item, &["IamInstanceProfile", "Arn"]),
            http_endpoint: text_at(item, &["MetadataOptions", "HttpEndpoint"]),
            http_tokens: text_at(item, &["MetadataOptions", "HttpTokens"]),
            hop_limit: item.at(&["MetadataOptions", "HttpPutResponseHopLimit"]).and_then(Tree::as_i64),
            source,
        });
    }
}

/// An instance's own addresses, then those of all of its interfaces.
fn instance_addresses(item: &Tree) -> Vec<IpAddr> {
    let mut found = private_addresses(item);
    for address in item.list("NetworkInterfaces").iter().flat_map(private_addresses) {
        if !found.contains(&address) {
            found.push(address);
        }
    }
    found
}
