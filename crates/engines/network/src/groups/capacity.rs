//! How many pods with interfaces of their own an instance takes.

/// The figures of the VPC resource controller; `cargo xtask branch-interfaces` writes them.
const TABLE: &str = include_str!("../../data/branch-interfaces.txt");

/// What an instance type takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BranchInterfaces {
    /// Branch interfaces that one instance takes; 0 if it takes no trunk.
    pub most: u32,
    /// Whether it is of the Nitro system; others never take any.
    pub nitro: bool,
}

/// What an instance type takes; `None` if nobody has said.
///
/// Source: amazon-vpc-resource-controller-k8s, `pkg/aws/vpc/limits.go`, in the state that the data file names; no type of a `t` family
/// is among those that take any.
pub fn branch_interfaces(instance_type: &str) -> Option<BranchInterfaces> {
    TABLE.lines().find_map(|line| {
        let mut fields = line.split(' ');
        if fields.next() != Some(instance_type) {
            return None;
        }
        let most = fields.next()?.parse().ok()?;
        Some(BranchInterfaces { most, nitro: fields.next()? == "nitro" })
    })
}

#[cfg(test)]
mod tests {
    use super::{BranchInterfaces, TABLE, branch_interfaces};

    #[test]
    fn figures_that_are_published() {
        let most = |name| branch_interfaces(name).map(|found| found.most);
        let figures = [
            ("m5.large", 9),
            ("m5.xlarge", 18),
            ("m5.2xlarge", 38),
            ("m5.4xlarge", 54),
            ("m5.12xlarge", 54),
            ("m5.24xlarge", 107),
            ("m7g.medium", 4),
            ("m8g.48xlarge", 107),
            ("p4d.24xlarge", 62),
            ("p5.48xlarge", 120),
            ("c5.4xlarge", 54),
        ];
        for (name, figure) in figures {
            assert_eq!(most(name), Some(figure), "{name}");
        }
        assert_eq!(branch_interfaces("t3.large"), Some(BranchInterfaces { most: 0, nitro: true }));
        assert_eq!(branch_interfaces("m4.large"), Some(BranchInterfaces { most: 0, nitro: false }));
        assert_eq!(branch_interfaces("m5"), None);
        assert_eq!(branch_interfaces("#"), None);
    }

    #[test]
    fn the_whole_table() {
        let types: Vec<&str> = TABLE.lines().filter(|line| !line.starts_with('#')).collect();
        let of = |line: &str| branch_interfaces(line.split(' ').next().unwrap()).unwrap().most;
        assert_eq!(types.len(), 1164);
        assert_eq!(types.iter().filter(|line| of(line) > 0).count(), 1060);
        assert_eq!(types.iter().map(|line| of(line)).max(), Some(120));
        let is_burstable = |line: &&&str| line.starts_with('t') && !line.starts_with("trn");
        assert!(types.iter().filter(is_burstable).all(|line| of(line) == 0));
    }
}
