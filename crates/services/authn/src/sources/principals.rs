//! What IAM tells of roles and users that mappings name: their unique ids, their paths, and since when they are there.

use std::sync::Arc;
use std::time::Duration;

use hashbrown::HashMap;
use ringwall_awsclient::{Client, Element, ErrorKind};
use ringwall_model::{Arn, IamPrincipal, IamPrincipalKind, Source};
use tokio::sync::{Mutex, OnceCell};
use tokio::time::Instant;

/// The version of IAM's API, and of STS's.
const IAM: &str = "2010-05-08";
const STS: &str = "2011-06-15";

/// How long an answer counts. A role that was deleted and made again has another unique id, which is compared at every login; this
/// is for how long its path may be taken for the old one's.
const FRESH: Duration = Duration::from_secs(240);

/// For how long nothing is asked after it could not be.
const REST: Duration = Duration::from_secs(30);

/// Most principals that are asked about in one go. IAM allows about 20 calls a second.
const MOST_ASKED: usize = 500;

/// What IAM said of a principal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fact {
    /// It is there.
    There {
        /// Its ARN, with its path.
        arn: Arc<str>,
        /// Its unique id.
        id: Arc<str>,
        /// When it was made, as IAM printed it.
        created: Arc<str>,
    },
    /// There is none of this name.
    Gone,
    /// IAM can't be asked about it: it is another account's, or that is not allowed.
    Unknown,
}

/// What came of asking.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    /// Whether something is known that was not, or otherwise.
    pub(crate) changed: bool,
    /// Why something could not be asked.
    pub(crate) problem: Option<String>,
}

/// What IAM is known to say.
pub(crate) struct Principals {
    aws: Option<Client>,
    account: OnceCell<String>,
    facts: Mutex<HashMap<String, (Fact, Instant)>>,
    /// Since when nothing is asked, after it could not be.
    resting: Mutex<Option<(Instant, String)>>,
}

impl Principals {
    pub(crate) fn new(aws: Option<Client>) -> Self {
        Self { aws, account: OnceCell::new(), facts: Mutex::default(), resting: Mutex::default() }
    }

    /// All that is there, for the engine.
    pub(crate) async fn known(&self) -> Vec<IamPrincipal> {
        let facts = self.facts.lock().await;
        let mut known: Vec<IamPrincipal> = facts.values().filter_map(|(fact, _)| principal(fact)).collect();
        known.sort_by(|a, b| a.arn.cmp(&b.arn));
        known
    }

    /// Asks about users and roles of which nothing fresh is known.
    pub(crate) async fn ask(&self, arns: &[Arn]) -> Asked {
        let mut asked = Asked::default();
        for arn in arns.iter().take(MOST_ASKED) {
            let key = key(arn);
            let known = self.facts.lock().await.get(&key).cloned();
            if known.as_ref().is_some_and(|(_, at)| at.elapsed() < FRESH) {
                continue;
            }
            match self.look_up(arn).await {
                Ok(fact) => {
                    asked.changed |= known.is_none_or(|(known, _)| known != fact);
                    self.facts.lock().await.insert(key, (fact, Instant::now()));
                }
                // What was known counts on: the role is taken to be as it was while IAM does not answer.
                Err(problem) => asked.problem = Some(problem),
            }
        }
        asked
    }

    /// What IAM says of a user or role now, `Unknown` if it is another account's.
    ///
    /// After a failure nobody asks for a while, so that a thousand entries don't wait a thousand times for an IAM that is away.
    pub(crate) async fn look_up(&self, arn: &Arn) -> Result<Fact, String> {
        if let Some((since, problem)) = &*self.resting.lock().await
            && since.elapsed() < REST
        {
            return Err(problem.clone());
        }
        let found = self.look_up_now(arn).await;
        if let Err(Failure { rests: true, text }) = &found {
            *self.resting.lock().await = Some((Instant::now(), text.clone()));
        }
        found.map_err(|failure| failure.text)
    }

    async fn look_up_now(&self, arn: &Arn) -> Result<Fact, Failure> {
        let Some(aws) = &self.aws else { return Ok(Fact::Unknown) };
        let (action, parameter, result, element) = match arn.kind_and_rest() {
            Some(("role", _)) => ("GetRole", "RoleName", "GetRoleResult", "Role"),
            Some(("user", _)) => ("GetUser", "UserName", "GetUserResult", "User"),
            _ => return Ok(Fact::Unknown),
        };
        // Names of other accounts' principals would be looked up among one's own.
        if self.own_account(aws).await? != arn.account {
            return Ok(Fact::Unknown);
        }
        match aws.query("iam", action, IAM, &[(parameter, arn.name())]).await {
            Ok(answer) => {
                let found = answer.find(&[result, element]).and_then(fact);
                let not_understood =
                    || Failure { rests: false, text: format!("iam:{action}: the answer is not understood") };
                found.ok_or_else(not_understood)
            }
            Err(error) => match error.kind {
                ErrorKind::NotFound => Ok(Fact::Gone),
                // Leave may be given for some of them.
                ErrorKind::Denied => Err(Failure { rests: false, text: error.to_string() }),
                _ => Err(Failure { rests: true, text: error.to_string() }),
            },
        }
    }

    async fn own_account(&self, aws: &Client) -> Result<&str, Failure> {
        let failed = |text: String| Failure { rests: true, text };
        let ask = || async {
            let answer = aws.query("sts", "GetCallerIdentity", STS, &[]).await;
            let answer = answer.map_err(|error| failed(error.to_string()))?;
            let account = answer.text_at(&["GetCallerIdentityResult", "Account"]).map(str::to_owned);
            account.ok_or_else(|| failed("sts:GetCallerIdentity: the answer is not understood".to_owned()))
        };
        self.account.get_or_try_init(ask).await.map(String::as_str)
    }
}

/// Why something could not be asked.
struct Failure {
    /// Whether it is the same for whatever is asked next.
    rests: bool,
    text: String,
}

fn fact(element: &Element) -> Option<Fact> {
    let text = |name: &str| element.text_at(&[name]).filter(|text| !text.is_empty());
    let id = text("RoleId").or_else(|| text("UserId"))?;
    Some(Fact::There { arn: text("Arn")?.into(), id: id.into(), created: text("CreateDate")?.into() })
}

/// A role's path does not count: the name alone is asked for.
fn key(arn: &Arn) -> String {
    let kind = arn.kind_and_rest().map_or("", |(kind, _)| kind);
    format!("{}:{kind}/{}", arn.account, arn.name()).to_lowercase()
}

fn principal(fact: &Fact) -> Option<IamPrincipal> {
    let Fact::There { arn, id, created } = fact else { return None };
    let name = arn.rsplit('/').next().unwrap_or_default();
    let is_role = arn.contains(":role/");
    let kind = if is_role { IamPrincipalKind::Role } else { IamPrincipalKind::User };
    Some(IamPrincipal {
        id: Some(Arc::clone(id)),
        created_at: Some(Arc::clone(created)),
        ..IamPrincipal::new(kind, Arc::clone(arn), name, Source::built_in())
    })
}
