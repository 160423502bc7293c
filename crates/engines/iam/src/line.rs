//! One request with all its policies in one JSON value, as `ringwall iam eval --batch` and the cases under `cases/iam`
//! have it.

use std::sync::Arc;

use ringwall_model::{Problem, Source, Tree, Value};

use crate::context::Context;
use crate::decide::decide;
use crate::key::Key;
use crate::layers::{Layer, Level, Policies};
use crate::limits::{MAX_CONTEXT_KEYS, MAX_CONTEXT_VALUE_BYTES};
use crate::policy::{Policy, PolicyKind};
use crate::principal::{AwsPrincipal, Principal};
use crate::request::{Request, View};
use crate::special::is_of_trust;
use crate::verdict::Outcome;

/// What a line may have.
const KEYS: [&str; 6] = ["principal", "action", "resource", "resourceAccount", "context", "policies"];

/// What `policies` may have.
const LAYERS: [&str; 7] = ["identity", "resource", "boundary", "session", "vpcEndpoint", "scp", "rcp"];

/// The answer to a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What AWS would answer; implicitly denied if the line could not be evaluated.
    pub decision: Outcome,
    /// The layers that deny or do not allow.
    pub blocked_by: Vec<Layer>,
    /// The statements that allow, or those that deny.
    pub statements: Vec<AnswerStatement>,
    /// What was taken for granted.
    pub assumed: Vec<String>,
    /// Why the line could not be evaluated.
    pub error: Option<String>,
}

/// A statement that decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerStatement {
    /// The layer.
    pub layer: Layer,
    /// The policy's name.
    pub policy: Arc<str>,
    /// The statement's place in the policy, counted from 0.
    pub index: usize,
    /// `Sid`.
    pub sid: Option<Arc<str>>,
    /// `Allow` or `Deny`.
    pub effect: &'static str,
}

/// A line, read: a request and the policies that have a say in it.
#[derive(Debug)]
pub struct Question {
    request: Request,
    identity: Vec<Policy>,
    resource: Option<Policy>,
    boundary: Vec<Policy>,
    session: Vec<Policy>,
    vpc_endpoint: Vec<Policy>,
    scp: Vec<Vec<Policy>>,
    rcp: Vec<Vec<Policy>>,
}

/// Answers a line. What cannot be evaluated is denied, and the error says why.
pub fn answer(line: &Tree, source: &Source) -> Answer {
    match Question::parse(line, source) {
        Ok(question) => question.answer(),
        Err(problem) => Answer::refused(&problem),
    }
}

impl Answer {
    /// The answer to a line that cannot be evaluated: nothing is allowed.
    pub fn refused(problem: &Problem) -> Self {
        let Problem { message, hint, .. } = problem;
        Self {
            decision: Outcome::ImplicitlyDenied,
            blocked_by: Vec::new(),
            statements: Vec::new(),
            assumed: Vec::new(),
            error: Some(match hint {
                Some(hint) => format!("{message} (hint: {hint})"),
                None => message.clone(),
            }),
        }
    }
}

impl Question {
    /// Reads a line.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong with it; a policy that AWS would refuse is told with its name.
    pub fn parse(line: &Tree, source: &Source) -> Result<Self, Problem> {
        let reader = Reader { source };
        reader.known_keys(line, "the line", &KEYS)?;
        let principal = reader.principal(reader.needed(line, "principal")?)?;
        let action = reader.text(line, "action")?;
        let resource = reader.text(line, "resource")?;
        let resource_account = match reader.given(line, "resourceAccount") {
            None => None,
            Some(_) => Some(reader.text(line, "resourceAccount")?),
        };
        let context = match reader.given(line, "context") {
            None => Context::default(),
            Some(tree) => reader.context(tree)?,
        };
        let request = Request::new(principal, &action, &resource, resource_account.as_ref(), context)
            .map_err(|error| reader.problem(line, error.to_string()))?;
        let policies = reader.needed(line, "policies")?;
        reader.known_keys(policies, "`policies`", &LAYERS)?;
        let is_trust = is_of_trust(request.action()) && resource.contains(":role/");
        let kind = if is_trust { PolicyKind::Trust } else { PolicyKind::Resource };
        let resource = match reader.given(policies, "resource") {
            None => None,
            Some(tree) => Some(reader.policy(tree, kind)?),
        };
        let list = |key, kind| reader.policies(policies, key, kind);
        Ok(Self {
            identity: list("identity", PolicyKind::Identity)?,
            resource,
            boundary: list("boundary", PolicyKind::Boundary)?,
            session: list("session", PolicyKind::Session)?,
            vpc_endpoint: list("vpcEndpoint", PolicyKind::VpcEndpoint)?,
            scp: reader.levels(policies, "scp", PolicyKind::Scp)?,
            rcp: reader.levels(policies, "rcp", PolicyKind::Rcp)?,
            request,
        })
    }

    /// The request.
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// The policies, as [`decide`] takes them.
    pub fn policies(&self) -> Policies<'_> {
        Policies {
            identity: self.identity.iter().collect(),
            resource: self.resource.as_ref(),
            boundary: self.boundary.iter().collect(),
            session: self.session.iter().collect(),
            vpc_endpoint: self.vpc_endpoint.iter().collect(),
            scp: levels(&self.scp),
            rcp: levels(&self.rcp),
            unread: Vec::new(),
        }
    }

    /// Decides it.
    pub fn answer(&self) -> Answer {
        let policies = self.policies();
        let verdict = decide(&self.request, &policies, View::Closed);
        let statements = verdict.statements.iter().map(|deciding| AnswerStatement {
            layer: deciding.layer,
            policy: Arc::clone(&deciding.policy.name),
            index: deciding.statement.index,
            sid: deciding.statement.sid.clone(),
            effect: deciding.statement.effect.name(),
        });
        Answer {
            decision: verdict.outcome,
            statements: statements.collect(),
            assumed: verdict.assumed.iter().map(ToString::to_string).collect(),
            blocked_by: verdict.blocked_by,
            error: None,
        }
    }
}

fn levels(levels: &[Vec<Policy>]) -> Vec<Level<'_>> {
    levels.iter().map(|level| Level { policies: level.iter().collect(), unread: false }).collect()
}

struct Reader<'s> {
    source: &'s Source,
}

impl Reader<'_> {
    fn problem(&self, tree: &Tree, message: impl Into<String>) -> Problem {
        Problem::error(self.source.at(tree.line), message)
    }

    fn known_keys(&self, tree: &Tree, what: &str, known: &[&str]) -> Result<(), Problem> {
        if !matches!(tree.value, Value::Mapping(_)) {
            return Err(self.problem(tree, format!("{what} is {}, not an object", tree.kind())));
        }
        let unknown = tree.entries().iter().find(|entry| !known.contains(&&*entry.key));
        match unknown {
            None => Ok(()),
            Some(entry) => {
                let key: String = entry.key.chars().take(128).collect();
                let message = format!("{what} has the unknown key `{key}`");
                Err(self.problem(&entry.value, message).hint(format!("known are {}", known.join(", "))))
            }
        }
    }

    /// The value of a key; `null` is as good as none.
    fn given<'t>(&self, tree: &'t Tree, key: &str) -> Option<&'t Tree> {
        tree.get(key).filter(|value| !value.is_null())
    }

    fn needed<'t>(&self, tree: &'t Tree, key: &str) -> Result<&'t Tree, Problem> {
        self.given(tree, key).ok_or_else(|| self.problem(tree, format!("`{key}` is missing")))
    }

    fn text(&self, tree: &Tree, key: &str) -> Result<Arc<str>, Problem> {
        let value = self.needed(tree, key)?;
        let wrong = || self.problem(value, format!("`{key}` is {}, not a string", value.kind()));
        value.as_shared().cloned().ok_or_else(wrong)
    }

    fn principal(&self, tree: &Tree) -> Result<Principal, Problem> {
        const HINT: &str =
            "it is an ARN, {\"Service\": \"…\"}, {\"Federated\": \"…\"} or {\"Anonymous\": true}";
        if let Some(text) = tree.as_shared() {
            let principal = AwsPrincipal::parse(text);
            return principal
                .map(Principal::Aws)
                .map_err(|error| self.problem(tree, error.to_string()).hint(HINT));
        }
        let wrong = || self.problem(tree, "`principal` is none").hint(HINT);
        let [entry] = tree.entries() else { return Err(wrong()) };
        match (&*entry.key, &entry.value.value) {
            ("Service", Value::String(name)) => Ok(Principal::Service(Arc::clone(name))),
            ("Federated", Value::String(name)) => Ok(Principal::Federated(Arc::clone(name))),
            ("Anonymous", Value::Bool(true)) => Ok(Principal::Anonymous),
            _ => Err(wrong()),
        }
    }

    fn context(&self, tree: &Tree) -> Result<Context, Problem> {
        if !matches!(tree.value, Value::Mapping(_)) {
            return Err(self.problem(tree, format!("`context` is {}, not an object", tree.kind())));
        }
        if tree.entries().len() > MAX_CONTEXT_KEYS {
            return Err(self.problem(tree, format!("`context` has more than {MAX_CONTEXT_KEYS} keys")));
        }
        let mut context = Context::default();
        for entry in tree.entries() {
            let items = match &entry.value.value {
                Value::Sequence(items) => items,
                _ => std::slice::from_ref(&entry.value),
            };
            let text = |item: &Tree| match &item.value {
                Value::String(text) => Some(Arc::clone(text)),
                Value::Number(number) => Some(Arc::clone(&number.written)),
                Value::Bool(value) => Some(if *value { "true".into() } else { "false".into() }),
                _ => None,
            };
            let Some(values) = items.iter().map(text).collect::<Option<Vec<_>>>() else {
                let key: String = entry.key.chars().take(128).collect();
                return Err(self.problem(&entry.value, format!("the values of `{key}` are not strings")));
            };
            if values.iter().any(|value| value.len() > MAX_CONTEXT_VALUE_BYTES) {
                let message =
                    format!("a value of the context is longer than {MAX_CONTEXT_VALUE_BYTES} bytes");
                return Err(self.problem(&entry.value, message));
            }
            let key = Key::new(&entry.key);
            if context.get(&key).is_some() {
                let message = format!("the key `{key}` is given twice: case does not count in keys");
                return Err(self.problem(&entry.value, message));
            }
            context.set(key, values);
        }
        Ok(context)
    }

    fn policy(&self, tree: &Tree, kind: PolicyKind) -> Result<Policy, Problem> {
        self.known_keys(tree, "a policy", &["name", "policy"])?;
        let name = self.text(tree, "name")?;
        let document = self.needed(tree, "policy")?;
        Policy::parse(kind, &name, document, self.source).map_err(|problems| {
            let shown: String = name.chars().take(128).collect();
            match problems.into_iter().next() {
                Some(Problem { message, hint, source, level }) => {
                    Problem { message: format!("policy `{shown}`: {message}"), hint, source, level }
                }
                None => self.problem(tree, format!("policy `{shown}` cannot be read")),
            }
        })
    }

    fn items<'t>(&self, tree: &'t Tree, key: &str) -> Result<&'t [Tree], Problem> {
        match self.given(tree, key) {
            None => Ok(&[]),
            Some(Tree { value: Value::Sequence(items), .. }) => Ok(items),
            Some(other) => Err(self.problem(other, format!("`{key}` is {}, not a list", other.kind()))),
        }
    }

    fn policies(&self, tree: &Tree, key: &str, kind: PolicyKind) -> Result<Vec<Policy>, Problem> {
        self.items(tree, key)?.iter().map(|item| self.policy(item, kind)).collect()
    }

    fn levels(&self, tree: &Tree, key: &str, kind: PolicyKind) -> Result<Vec<Vec<Policy>>, Problem> {
        let level = |item: &Tree| {
            self.known_keys(item, &format!("a level of `{key}`"), &["target", "policies"])?;
            self.needed(item, "policies")?;
            self.policies(item, "policies", kind)
        };
        self.items(tree, key)?.iter().map(level).collect()
    }
}
