use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use ringwall_model::network::{Ec2Subnet, InterfaceKind, NetworkInterface, PrefixList};
use ringwall_model::{AwsDocument, AwsExport, Source, Tree};

use super::Filler;
use crate::address::{address, addresses, block};
use crate::fields::{text, text_at};

impl<'d> Filler<'_, 'd> {
    /// The interfaces of `describe-network-interfaces`.
    pub(super) fn network_interfaces(&mut self, document: &'d AwsDocument) {
        for item in document.tree.list("NetworkInterfaces") {
            let instance = text_at(item, &["Attachment", "InstanceId"]);
            self.network_interface(item, instance, document.source.at(item.line));
        }
    }

    /// The interfaces that `describe-instances` tells of with their instances, unless they were exported by themselves.
    pub(super) fn interfaces_of_instances(&mut self, document: &'d AwsDocument) {
        let reservations = document.tree.list("Reservations").iter();
        for instance in reservations.flat_map(|reservation| reservation.list("Instances")) {
            let id = text(instance, "InstanceId");
            for item in instance.list("NetworkInterfaces") {
                let known = text(item, "NetworkInterfaceId")
                    .is_some_and(|id| self.is_known("network interface", &id));
                if !known {
                    self.network_interface(item, id.clone(), document.source.at(item.line));
                }
            }
        }
    }

    fn network_interface(&mut self, item: &'d Tree, instance: Option<Arc<str>>, source: Source) {
        let Some(id) = text(item, "NetworkInterfaceId") else {
            return self.incomplete(source, "a network interface", "NetworkInterfaceId");
        };
        if !self.is_first("network interface", &id, item, &source) {
            return;
        }
        let kind = match item.str("InterfaceType") {
            None | Some("" | "interface") => InterfaceKind::Interface,
            Some("trunk") => InterfaceKind::Trunk,
            Some("branch") => InterfaceKind::Branch,
            Some(other) => InterfaceKind::Other(other.into()),
        };
        let prefixes = [("Ipv4Prefixes", "Ipv4Prefix"), ("Ipv6Prefixes", "Ipv6Prefix")];
        self.cluster.aws.network_interfaces.push(NetworkInterface {
            id,
            kind,
            addresses: private_addresses(item),
            prefixes: prefixes.into_iter().flat_map(|(list, key)| blocks(item.list(list), key)).collect(),
            groups: item.list("Groups").iter().filter_map(|group| text(group, "GroupId")).collect(),
            instance,
            device_index: item.at(&["Attachment", "DeviceIndex"]).and_then(Tree::as_i64),
            subnet: text(item, "SubnetId"),
            description: text(item, "Description"),
            public_address: item.at(&["Association", "PublicIp"]).and_then(Tree::as_str).and_then(address),
            source,
        });
    }

    /// The subnets of `describe-subnets`.
    pub(super) fn subnets(&mut self, document: &'d AwsDocument) {
        for item in document.tree.list("Subnets") {
            let source = document.source.at(item.line);
            let Some(id) = text(item, "SubnetId") else {
                self.incomplete(source, "a subnet", "SubnetId");
                continue;
            };
            if !self.is_first("subnet", &id, item, &source) {
                continue;
            }
            let is_there = |association: &&Tree| {
                matches!(
                    association.at(&["Ipv6CidrBlockState", "State"]).and_then(Tree::as_str),
                    None | Some("associated" | "associating")
                )
            };
            let newer = item.list("Ipv6CidrBlockAssociationSet").iter().filter(is_there);
            let blocks = item.str("CidrBlock").and_then(block).into_iter();
            let blocks = blocks.chain(newer.filter_map(|one| block(one.str("Ipv6CidrBlock")?))).collect();
            self.cluster.aws.subnets.push(Ec2Subnet { id, vpc: text(item, "VpcId"), blocks, source });
        }
    }

    /// The lists of `describe-prefix-lists`, which tells their blocks, and of `describe-managed-prefix-lists`, which doesn't.
    pub(super) fn prefix_lists(&mut self, document: &'d AwsDocument) {
        for item in document.tree.list("PrefixLists") {
            let source = document.source.at(item.line);
            let Some(id) = text(item, "PrefixListId") else {
                self.incomplete(source, "a prefix list", "PrefixListId");
                continue;
            };
            let blocks = item.get("Cidrs").map(|_| self.listed_blocks(item.list("Cidrs"), None, &source));
            let name = text(item, "PrefixListName");
            match self.cluster.aws.prefix_lists.iter_mut().find(|known| known.id == id) {
                Some(known) => {
                    if known.blocks.is_none() {
                        known.blocks = blocks;
                    }
                }
                None => self.cluster.aws.prefix_lists.push(PrefixList { id, name, blocks, source }),
            }
        }
    }

    /// The blocks of `get-managed-prefix-list-entries`, which doesn't name its list: the one whose id the file's path has, else
    /// the only one whose blocks are not known, if this is the only such export.
    pub(super) fn prefix_list_entries(&mut self, document: &'d AwsDocument, documents: &[AwsDocument]) {
        let source = &document.source;
        let blocks = self.listed_blocks(document.tree.list("Entries"), Some("Cidr"), source);
        let lists = &mut self.cluster.aws.prefix_lists;
        let named = lists.iter().position(|list| has_id(&source.file, &list.id));
        let is_alone =
            documents.iter().filter(|other| other.export == AwsExport::Ec2PrefixListEntries).count() == 1;
        let mut open = lists.iter().enumerate().filter(|(_, list)| list.blocks.is_none()).map(|(at, _)| at);
        let only = match (open.next(), open.next()) {
            (Some(at), None) if is_alone && id_in(&source.file).is_none() => Some(at),
            _ => None,
        };
        if let Some(list) = named.or(only).and_then(|at| lists.get_mut(at)) {
            list.blocks.get_or_insert(blocks);
        } else if let Some(id) = id_in(&source.file) {
            let list = PrefixList { id: id.into(), name: None, blocks: Some(blocks), source: source.clone() };
            lists.push(list);
        } else {
            let message = "entries of a prefix list that nothing names; they were not used";
            let hint = "write the list's id into the file's name, as prefix-list-pl-0123456789abcdef0.json";
            self.warn(source.clone(), message, hint);
        }
    }

    /// Blocks of a list's items, or of a key of them; one that can't be read is told.
    fn listed_blocks(&mut self, items: &[Tree], key: Option<&str>, source: &Source) -> Vec<IpNet> {
        let mut blocks = Vec::new();
        for item in items {
            let value = key.map_or(Some(item), |key| item.get(key));
            match value.and_then(Tree::as_str).and_then(block) {
                Some(block) => blocks.push(block),
                None => {
                    let message = "an item of a prefix list is not a block and was not read";
                    let problem = ringwall_model::Problem::error(source.at(item.line), message);
                    self.problems.push(problem.hint("export it again with the AWS CLI, as JSON"));
                }
            }
        }
        blocks
    }
}

/// Private addresses of an interface or of an instance, of either family, each once.
pub(super) fn private_addresses(item: &Tree) -> Vec<IpAddr> {
    let mut found: Vec<IpAddr> = Vec::new();
    let primary = item.str("PrivateIpAddress").and_then(address);
    let more = addresses(item.list("PrivateIpAddresses"), "PrivateIpAddress");
    for address in primary.into_iter().chain(more).chain(addresses(item.list("Ipv6Addresses"), "Ipv6Address"))
    {
        if !found.contains(&address) {
            found.push(address);
        }
    }
    found
}

fn blocks<'t>(items: &'t [Tree], key: &'t str) -> impl Iterator<Item = IpNet> + 't {
    items.iter().filter_map(move |item| block(item.str(key)?))
}

/// The id of a prefix list in a file's path.
fn id_in(file: &str) -> Option<&str> {
    let at = file.rfind("pl-")?;
    let found = file.get(at..)?;
    let digits = found.bytes().skip(3).take_while(u8::is_ascii_hexdigit).count();
    found.get(..3 + digits).filter(|_| digits >= 8)
}

fn has_id(file: &str, id: &str) -> bool {
    id_in(file) == Some(id)
}
