//! The shape of a role's ARN, and how a bare name becomes one.

use super::settings::ComposeRoleArn;

/// Whether a text is the ARN of an IAM role: `^arn:aws[a-z0-9-]*:iam::\d{12}:role\/[\w-\/.@+=,]+$`.
///
/// Source: amazon-eks-pod-identity-webhook v0.6.17, `addSA`, which warns of any other and injects it all the same.
pub(super) fn is_role_arn(arn: &str) -> bool {
    let parse = || {
        let (partition, rest) = arn.strip_prefix("arn:aws")?.split_once(":iam::")?;
        let (account, path) = rest.split_once(":role/")?;
        let lower = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let named = |byte: u8| byte.is_ascii_alphanumeric() || b"_-/.@+=,".contains(&byte);
        let fits = partition.bytes().all(lower)
            && account.len() == 12
            && account.bytes().all(|byte| byte.is_ascii_digit())
            && !path.is_empty()
            && path.bytes().all(named);
        fits.then_some(())
    };
    parse().is_some()
}

/// The ARN that an annotation means.
pub(super) fn compose(annotation: &str, compose: Option<&ComposeRoleArn>) -> String {
    match compose {
        Some(ComposeRoleArn { account_id, partition }) if !annotation.contains("arn:") => {
            format!("arn:{partition}:iam::{account_id}:role/{annotation}")
        }
        _ => annotation.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shape_is_the_pattern() {
        for arn in [
            "arn:aws:iam::111122223333:role/a",
            "arn:aws-cn:iam::111122223333:role/path/to/a_b-c.d@e+f=g,h",
            "arn:aws-iso-b:iam::000000000000:role/a",
        ] {
            assert!(is_role_arn(arn), "{arn}");
        }
        for arn in [
            "",
            "a",
            "arn:aws:iam::111122223333:role/",
            "arn:aws:iam::111122223333:role/a ",
            "arn:aws:iam::111122223333:role/a\n",
            "arn:aws:iam::11112222333:role/a",
            "arn:aws:iam::1111222233334:role/a",
            "arn:aws:iam::111122223333:user/a",
            "arn:aws:sts::111122223333:assumed-role/a/b",
            "arn:AWS:iam::111122223333:role/a",
            "arn:aws_x:iam::111122223333:role/a",
            "arn:aws:iam::111122223333:role/ä",
            " arn:aws:iam::111122223333:role/a",
        ] {
            assert!(!is_role_arn(arn), "{arn}");
        }
    }

    #[test]
    fn only_bare_names_are_composed() {
        let with = ComposeRoleArn { account_id: "111122223333".into(), partition: "aws-cn".into() };
        assert_eq!(compose("a/b", Some(&with)), "arn:aws-cn:iam::111122223333:role/a/b");
        assert_eq!(compose("arn:aws:iam::1:role/a", Some(&with)), "arn:aws:iam::1:role/a");
        assert_eq!(compose("a/b", None), "a/b");
    }
}
