use std::path::PathBuf;

use ringwall_model::Secret;

use super::Profiles;
use crate::Environment;
use crate::credentials::{Credentials, CredentialsError};

/// Profiles that lead to each other: as many roles as anyone chains, twice.
const MAX_CHAIN: usize = 8;

/// What a profile, or the environment, says to do for credentials.
#[derive(Debug, Clone)]
pub(crate) enum Plan {
    /// They are there.
    Static(Credentials),
    /// A program prints them.
    Process { profile: String, command: String },
    /// A token is exchanged for those of a role.
    WebIdentity { role_arn: String, session_name: Option<String>, token_file: PathBuf },
    /// A role is assumed with others.
    AssumeRole {
        source: Box<Plan>,
        role_arn: String,
        session_name: Option<String>,
        external_id: Option<String>,
        duration: Option<u32>,
    },
    /// The agent of a container gives them.
    Container,
    /// The instance's metadata service gives them.
    Instance,
}

/// The keys of a profile that demand what is not done here, and what to do instead.
const REFUSED: [(&str, &str); 5] = [
    (
        "sso_session",
        "IAM Identity Center is not spoken here; export the session: aws configure export-credentials",
    ),
    (
        "sso_start_url",
        "IAM Identity Center is not spoken here; export the session: aws configure export-credentials",
    ),
    (
        "sso_account_id",
        "IAM Identity Center is not spoken here; export the session: aws configure export-credentials",
    ),
    (
        "login_session",
        "sign-in sessions are not spoken here; export the session: aws configure export-credentials",
    ),
    ("mfa_serial", "nobody is there to enter a code; export a session that was made with one"),
];

impl Plan {
    /// Access keys of the environment.
    pub(crate) fn environment(environment: &Environment) -> Result<Option<Self>, CredentialsError> {
        let id = environment.get("AWS_ACCESS_KEY_ID");
        let secret = environment.get("AWS_SECRET_ACCESS_KEY");
        let (access_key_id, secret) = match (id, secret) {
            (Some(id), Some(secret)) => (id, secret),
            (None, None) => return Ok(None),
            (Some(_), None) => return Err(half("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")),
            (None, Some(_)) => return Err(half("AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID")),
        };
        Ok(Some(Self::Static(Credentials {
            access_key_id,
            secret: Secret::from(secret),
            session_token: environment.get("AWS_SESSION_TOKEN").map(Secret::from),
            expires: None,
            account: environment.get("AWS_ACCOUNT_ID"),
        })))
    }

    /// What a profile says. `None` if it says nothing about credentials.
    ///
    /// Source: AWS, *AWS SDKs and Tools Reference Guide*, "Assume role credential provider", "Process credential provider",
    /// "Static credentials"; of several the order of botocore: role, token, keys, program.
    pub(crate) fn profile(
        profiles: &Profiles,
        name: &str,
        environment: &Environment,
    ) -> Result<Option<Self>, CredentialsError> {
        Self::follow(profiles, name, environment, &mut Vec::new())
    }

    fn follow<'a>(
        profiles: &'a Profiles,
        name: &'a str,
        environment: &Environment,
        visited: &mut Vec<&'a str>,
    ) -> Result<Option<Self>, CredentialsError> {
        let wrong = |why: String| CredentialsError::invalid(format!("the profile `{name}`"), why);
        let get = |key: &str| profiles.get(name, key);
        for (key, why) in REFUSED {
            if get(key).is_some() {
                return Err(wrong(format!("it has `{key}`: {why}")));
            }
        }
        // A profile may name itself as the source of its role: then its keys are meant.
        if visited.last() == Some(&name) {
            return Self::own(profiles, name);
        }
        if visited.contains(&name) {
            return Err(wrong("its `source_profile` leads back to it".to_owned()));
        }
        if visited.len() >= MAX_CHAIN {
            return Err(wrong(format!("`source_profile` leads through more than {MAX_CHAIN} profiles")));
        }
        visited.push(name);
        let Some(role_arn) = get("role_arn") else { return Self::own(profiles, name) };
        let session_name = get("role_session_name").map(str::to_owned);
        if let Some(file) = get("web_identity_token_file") {
            return Ok(Some(Self::WebIdentity {
                role_arn: role_arn.to_owned(),
                session_name,
                token_file: environment.path(file),
            }));
        }
        let source = match (get("source_profile"), get("credential_source")) {
            (Some(source), None) if !profiles.has(source) => {
                return Err(wrong(format!("its `source_profile` `{source}` is not there")));
            }
            (Some(source), None) => Self::follow(profiles, source, environment, visited)?
                .ok_or_else(|| wrong(format!("its `source_profile` `{source}` has no credentials")))?,
            (None, Some("Environment")) => Self::environment(environment)?
                .ok_or_else(|| wrong("its `credential_source` is Environment, which has none".to_owned()))?,
            (None, Some("EcsContainer")) => Self::Container,
            (None, Some("Ec2InstanceMetadata")) => Self::Instance,
            (None, Some(other)) => {
                return Err(wrong(format!(
                    "its `credential_source` `{other}` is none of Environment, EcsContainer and Ec2InstanceMetadata"
                )));
            }
            (Some(_), Some(_)) => {
                return Err(wrong("it has `source_profile` and `credential_source`".to_owned()));
            }
            (None, None) => {
                return Err(wrong(
                    "it has `role_arn` but neither `source_profile`, `credential_source` nor `web_identity_token_file`"
                        .to_owned(),
                ));
            }
        };
        let duration = get("duration_seconds").map(|text| {
            text.parse().map_err(|_| wrong(format!("its `duration_seconds` `{text}` is no number")))
        });
        Ok(Some(Self::AssumeRole {
            source: Box::new(source),
            role_arn: role_arn.to_owned(),
            session_name,
            external_id: get("external_id").map(str::to_owned),
            duration: duration.transpose()?,
        }))
    }

    /// The keys of a profile itself, or its program.
    fn own(profiles: &Profiles, name: &str) -> Result<Option<Self>, CredentialsError> {
        let get = |key: &str| profiles.get(name, key);
        let wrong = |why: &str| CredentialsError::invalid(format!("the profile `{name}`"), why);
        match (get("aws_access_key_id"), get("aws_secret_access_key")) {
            (Some(id), Some(secret)) => {
                return Ok(Some(Self::Static(Credentials {
                    access_key_id: id.to_owned(),
                    secret: Secret::from(secret.to_owned()),
                    session_token: get("aws_session_token").map(|token| Secret::from(token.to_owned())),
                    expires: None,
                    account: get("aws_account_id").map(str::to_owned),
                })));
            }
            (Some(_), None) => {
                return Err(wrong("it has `aws_access_key_id` but no `aws_secret_access_key`"));
            }
            (None, Some(_)) => {
                return Err(wrong("it has `aws_secret_access_key` but no `aws_access_key_id`"));
            }
            (None, None) => {}
        }
        Ok(get("credential_process")
            .map(|command| Self::Process { profile: name.to_owned(), command: command.to_owned() }))
    }
}

fn half(there: &str, missing: &str) -> CredentialsError {
    CredentialsError::invalid("the environment", format!("{there} is set, {missing} is not"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(config: &str, credentials: &str, name: &str) -> Result<Option<Plan>, CredentialsError> {
        let profiles = Profiles::parse(config, credentials).unwrap();
        let environment = Environment::of([("AWS_ACCESS_KEY_ID", "AKIAENV"), ("AWS_SECRET_ACCESS_KEY", "s")]);
        Plan::profile(&profiles, name, &environment)
    }

    fn key(plan: &Plan) -> &str {
        match plan {
            Plan::Static(credentials) => &credentials.access_key_id,
            Plan::AssumeRole { source, .. } => key(source),
            other => panic!("{other:?}"),
        }
    }

    const CREDENTIALS: &str = "[base]\naws_access_key_id=AKIABASE\naws_secret_access_key=planted\n";

    #[test]
    fn profiles_lead_to_their_sources() {
        let config = "[profile a]\nrole_arn=ra\nsource_profile=b\nexternal_id=x\nduration_seconds=900\n\
                      [profile b]\nrole_arn=rb\nsource_profile=base\nrole_session_name=me\n\
                      [profile base]\naws_access_key_id=other\nregion=eu-west-1\n\
                      [profile e]\nrole_arn=re\ncredential_source=Environment\n";
        let Some(Plan::AssumeRole { source, role_arn, external_id, duration, .. }) =
            plan(config, CREDENTIALS, "a").unwrap()
        else {
            panic!()
        };
        assert_eq!((role_arn.as_str(), external_id.as_deref(), duration), ("ra", Some("x"), Some(900)));
        let Plan::AssumeRole { role_arn, session_name, .. } = &*source else { panic!() };
        assert_eq!((role_arn.as_str(), session_name.as_deref()), ("rb", Some("me")));
        // The credentials file goes first.
        assert_eq!(key(&source), "AKIABASE");
        assert_eq!(key(&plan(config, CREDENTIALS, "e").unwrap().unwrap()), "AKIAENV");
    }

    #[test]
    fn a_profile_may_be_its_own_source() {
        let config = "[profile base]\nrole_arn=r\nsource_profile=base\n";
        let plan = plan(config, CREDENTIALS, "base").unwrap().unwrap();
        assert!(matches!(plan, Plan::AssumeRole { .. }));
        assert_eq!(key(&plan), "AKIABASE");
    }

    #[test]
    fn tokens_and_programs_are_found() {
        let config = "[profile w]\nrole_arn=r\nweb_identity_token_file=/t\n\
                      [profile p]\ncredential_process=print me\n[default]\nregion=x\n";
        assert!(matches!(plan(config, "", "w").unwrap(), Some(Plan::WebIdentity { .. })));
        assert!(matches!(plan(config, "", "p").unwrap(), Some(Plan::Process { .. })));
        assert!(plan(config, "", "default").unwrap().is_none());
    }

    #[test]
    fn what_leads_nowhere_is_told() {
        for (config, told) in [
            ("[profile x]\nrole_arn=r\nsource_profile=y\n", "`y` is not there"),
            ("[profile x]\nrole_arn=r\nsource_profile=y\n[profile y]\nregion=r\n", "has no credentials"),
            (
                "[profile x]\nrole_arn=r\nsource_profile=y\n[profile y]\nrole_arn=r\nsource_profile=x\n",
                "leads back",
            ),
            ("[profile x]\nrole_arn=r\n", "neither"),
            (
                "[profile x]\nrole_arn=r\nsource_profile=x\ncredential_source=Environment\n",
                "and `credential_source`",
            ),
            ("[profile x]\nrole_arn=r\ncredential_source=Moon\n", "`Moon` is none of"),
            ("[profile x]\nsso_session=s\n", "Identity Center"),
            ("[profile x]\nrole_arn=r\nsource_profile=x\nmfa_serial=s\n", "mfa_serial"),
            ("[profile x]\naws_access_key_id=a\n", "no `aws_secret_access_key`"),
            (
                "[profile x]\nrole_arn=r\ncredential_source=Environment\nduration_seconds=long\n",
                "is no number",
            ),
        ] {
            let error = plan(config, "", "x").unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
        let mut config = String::new();
        for at in 0..9 {
            config += &format!("[profile p{at}]\nrole_arn=r\nsource_profile=p{}\n", at + 1);
        }
        config += "[profile p9]\naws_access_key_id=a\naws_secret_access_key=b\n";
        assert!(plan(&config, "", "p0").unwrap_err().to_string().contains("more than 8"));
        assert!(plan(&config, "", "p2").unwrap().is_some());
    }

    #[test]
    fn no_secret_is_shown() {
        let plan = plan("", CREDENTIALS, "base").unwrap();
        assert!(!format!("{plan:?}").contains("planted"));
        assert!(!format!("{:?}", Profiles::parse("", CREDENTIALS)).contains("planted"));
    }
}
