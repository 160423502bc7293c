//! Ids of what EC2 keeps: how they look, and what is said of those that stand for nothing.

use super::error;
use crate::call::Call;
use crate::error::{ApiError, Result};
use crate::id;

/// Hexadecimal digits of an id that is made here. Source: AWS EC2 User Guide, *Resource IDs*.
const DIGITS: usize = 17;

/// Hexadecimal digits of an id from before 2018, which requests may still name.
const OLD_DIGITS: usize = 8;

/// What an id is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Vpc,
    SecurityGroup,
    Rule,
}

impl Kind {
    /// What an id is of by its form; `None` for what is no id of these.
    pub(super) fn of(id: &str) -> Option<Self> {
        let (prefix, digits) = id.rsplit_once('-')?;
        let kind =
            [Self::Vpc, Self::SecurityGroup, Self::Rule].into_iter().find(|kind| kind.prefix() == prefix)?;
        let is_hex = digits.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        (is_hex && [DIGITS, OLD_DIGITS].contains(&digits.len())).then_some(kind)
    }

    /// Its name in ARNs, tags and filters.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Vpc => "vpc",
            Self::SecurityGroup => "security-group",
            Self::Rule => "security-group-rule",
        }
    }

    /// Its name in CloudTrail's records.
    pub(super) fn recorded(self) -> &'static str {
        match self {
            Self::Vpc => "AWS::EC2::VPC",
            Self::SecurityGroup => "AWS::EC2::SecurityGroup",
            Self::Rule => "AWS::EC2::SecurityGroupRule",
        }
    }

    fn prefix(self) -> &'static str {
        match self {
            Self::Vpc => "vpc",
            Self::SecurityGroup => "sg",
            Self::Rule => "sgr",
        }
    }

    /// A new id.
    pub(super) fn make(self) -> Result<String> {
        Ok(format!("{}-{}", self.prefix(), id::hex(DIGITS)?))
    }

    /// The ARN of an id in the caller's account and region. `*` stands for what is still to be made.
    pub(super) fn arn(self, call: &Call<'_>, id: &str) -> String {
        format!("arn:aws:ec2:{}:{}:{}/{id}", call.region(), call.account(), self.name())
    }

    /// Sees that an id has the form of its kind, before it becomes part of an ARN.
    pub(super) fn check(self, id: &str) -> Result<()> {
        if Self::of(id) == Some(self) {
            return Ok(());
        }
        let code = match self {
            Self::Vpc => "InvalidVpcID.Malformed",
            Self::SecurityGroup => "InvalidGroupId.Malformed",
            Self::Rule => "InvalidSecurityGroupRuleId.Malformed",
        };
        let prefix = self.prefix();
        Err(error(code, format!("Invalid id: \"{}\" (expecting \"{prefix}-...\")", shortened(id))))
    }

    /// The error of an id that stands for nothing.
    pub(super) fn missing(self, id: &str) -> ApiError {
        match self {
            Self::Vpc => error("InvalidVpcID.NotFound", format!("The vpc ID '{id}' does not exist")),
            Self::SecurityGroup => {
                error("InvalidGroup.NotFound", format!("The security group '{id}' does not exist"))
            }
            Self::Rule => error(
                "InvalidSecurityGroupRuleId.NotFound",
                format!("The security group rule ID '{id}' does not exist"),
            ),
        }
    }
}

/// What a caller wrote, short enough for a message.
pub(super) fn shortened(text: &str) -> String {
    text.chars().take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_tell_their_kind() {
        for kind in [Kind::Vpc, Kind::SecurityGroup, Kind::Rule] {
            assert_eq!(Kind::of(&kind.make().unwrap()), Some(kind));
        }
        assert_eq!(Kind::of("sg-0a1b2c3d"), Some(Kind::SecurityGroup));
        for bad in ["", "sg", "sg-", "sg-0A1B2C3D", "sg-0a1b2c3", "vpc-*", "subnet-0a1b2c3d", "sg-0a1b2c3d/x"]
        {
            assert_eq!(Kind::of(bad), None, "{bad}");
        }
    }
}
