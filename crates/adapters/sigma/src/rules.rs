//! Files to a set of rules that hold together, or to what is wrong with them.

use std::sync::Arc;

use hashbrown::{HashMap, HashSet};
use ringwall_detect::finding::Log;
use ringwall_document::Reader;
use ringwall_model::{Problem, Source, Tree};
use rsigma_eval::{CorrelationConfig, CorrelationEngine, CorrelationEventMode, compile_rule};
use rsigma_parser::{
    CorrelationCondition, CorrelationRule, CorrelationType, FilterRule, LogSource, SigmaCollection,
    parse_sigma_yaml,
};

use crate::canon::{self, Budget};
use crate::find::{self, Origin, RuleFile};
use crate::limits::{MAX_CORRELATIONS, MAX_GROUP_ENTRIES, MAX_GROUPS, MAX_PATTERNS, MAX_RULES, MAX_TIMESPAN};
use crate::prefilter::{self, Prefilter};
use crate::rule::{Rule, severity};

/// Rules that were read whole and hold together.
#[derive(Debug)]
pub struct Rules {
    origins: Vec<Origin>,
    collection: SigmaCollection,
    rules: Vec<Arc<Rule>>,
    by_key: HashMap<Arc<str>, usize>,
    others: usize,
}

/// What is read of a folder before it is known whether it holds together.
#[derive(Default)]
struct Draft {
    collection: SigmaCollection,
    rules: Vec<Rule>,
    /// The places of rules by their keys and names.
    places: HashMap<String, usize>,
    /// Ids, names and titles of rules about other logs: what correlates them is not ours either.
    foreign: HashSet<String>,
    waiting: Vec<(CorrelationRule, Rule)>,
    filters: Vec<(FilterRule, Source)>,
    budget: Budget,
    others: usize,
}

impl Rules {
    /// Reads all rules of these files and folders. Rules about other logs are left out and counted.
    ///
    /// # Errors
    ///
    /// All that is wrong, each at its file and line: a rule that is not there is a rule that does not fire, so a set with an error
    /// is none.
    pub fn load(origins: &[Origin]) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let files = find::read(origins, &mut problems);
        let read = Self::read(&files, problems)?;
        Ok(Self { origins: origins.to_owned(), ..read })
    }

    /// Reads one file's text, as [`Rules::load`] reads files.
    ///
    /// # Errors
    ///
    /// As [`Rules::load`] has them.
    pub fn parse(file: &str, text: &[u8]) -> Result<Self, Vec<Problem>> {
        let file = RuleFile { name: file.into(), text: text.to_owned(), is_dry_run: false };
        Self::read(&[file], Vec::new())
    }

    /// Reads the same files and folders again: the rules, if they changed. These stay as they are.
    ///
    /// # Errors
    ///
    /// As [`Rules::load`] has them.
    pub fn reload(&self) -> Result<Option<Arc<Self>>, Vec<Problem>> {
        let new = Self::load(&self.origins)?;
        Ok((new.rules != self.rules || new.collection.filters != self.collection.filters)
            .then(|| Arc::new(new)))
    }

    /// All rules, in the order of their files.
    pub fn all(&self) -> &[Arc<Rule>] {
        &self.rules
    }

    /// How many rules were left out because they are about other logs.
    pub fn others(&self) -> usize {
        self.others
    }

    pub(crate) fn by_key(&self, key: &str) -> Option<&Arc<Rule>> {
        self.by_key.get(key).and_then(|at| self.rules.get(*at))
    }

    /// Which events of a log the rules could match.
    pub(crate) fn prefilter(&self, log: Log) -> Prefilter {
        let mut prefilter = Prefilter::default();
        let fields = if log == Log::Audit { &prefilter::AUDIT } else { &prefilter::CLOUDTRAIL };
        for rule in self.collection.rules.iter().filter(|rule| log_of(&rule.logsource) == Some(log)) {
            prefilter.add(rule, fields);
        }
        prefilter
    }

    /// An engine that has seen nothing. It is an error for no set that was read: that is how it is known to hold together.
    pub(crate) fn engine(&self) -> Result<CorrelationEngine, rsigma_eval::EvalError> {
        let mut engine = CorrelationEngine::new(CorrelationConfig {
            max_state_entries: MAX_GROUPS,
            max_group_entries: Some(MAX_GROUP_ENTRIES),
            correlation_event_mode: CorrelationEventMode::Refs,
            max_correlation_events: ringwall_detect::finding::MAX_EVIDENCE,
            ..CorrelationConfig::default()
        });
        engine.add_collection(&self.collection)?;
        Ok(engine)
    }

    fn read(files: &[RuleFile], mut problems: Vec<Problem>) -> Result<Self, Vec<Problem>> {
        let mut draft = Draft::default();
        for file in files {
            draft.file(file, &mut problems);
            if let Err(too_many) = draft.is_bounded() {
                problems.push(too_many);
                return Err(problems);
            }
        }
        draft.join(&mut problems);
        if !problems.is_empty() {
            problems.sort();
            return Err(problems);
        }
        let rules: Vec<Arc<Rule>> = draft.rules.into_iter().map(Arc::new).collect();
        let by_key = rules.iter().zip(0..).map(|(rule, at)| (Arc::clone(&rule.key), at)).collect();
        let all =
            Self { origins: Vec::new(), collection: draft.collection, rules, by_key, others: draft.others };
        match all.engine() {
            Ok(_) => Ok(all),
            Err(error) => Err(vec![Problem::error(Source::built_in(), error.to_string())]),
        }
    }
}

impl Draft {
    /// Looked at file by file, so that the rest is not read when there are too many.
    fn is_bounded(&self) -> Result<(), Problem> {
        let kept = self.rules.len().saturating_add(self.waiting.len()).saturating_add(self.filters.len());
        let bounds = [
            (kept, MAX_RULES, "rules", "name the folders that are needed"),
            (self.waiting.len(), MAX_CORRELATIONS, "correlations", "name the folders that are needed"),
            (
                self.budget.patterns,
                MAX_PATTERNS,
                "regular expressions",
                "`contains` and `startswith` cost less",
            ),
        ];
        bounds.into_iter().filter(|(count, most, ..)| count > most).try_for_each(|(_, most, what, hint)| {
            Err(Problem::error(Source::built_in(), format!("more than {most} {what} in one set of rules"))
                .hint(hint))
        })
    }

    fn file(&mut self, file: &RuleFile, problems: &mut Vec<Problem>) {
        let mut trees = Vec::new();
        let unread =
            Reader::default().read(&file.name, &file.text, &mut |document| trees.push(document.tree));
        problems.extend(unread);
        for tree in trees {
            let source = Source::new(Arc::clone(&file.name), tree.line);
            if let Err(problem) = self.document(&tree, source, file.is_dry_run) {
                problems.push(problem);
            }
        }
    }

    fn document(&mut self, tree: &Tree, source: Source, is_dry_run: bool) -> Result<(), Problem> {
        let line_of = |key: &str| source.at(tree.entry(key).map_or(tree.line, |entry| entry.line));
        if let Some(entry) = tree.entries().iter().find(|entry| entry.key.starts_with("rsigma.")) {
            let why = format!("`{}` is a setting of another program", entry.key);
            return Err(
                Problem::error(source.at(entry.line), why).hint("take it out: it would count for all rules")
            );
        }
        if tree.get("action").is_some() {
            let why = "documents with `action` build on one another, which is not supported";
            return Err(Problem::error(line_of("action"), why).hint("write each rule out"));
        }
        let is_dry_run = match tree.get("mode").map(|mode| (mode.line, mode.as_str())) {
            None => is_dry_run,
            Some((_, Some("live"))) => is_dry_run,
            Some((_, Some("dry-run"))) => true,
            Some((line, _)) => {
                return Err(Problem::error(source.at(line), "a rule's `mode` is none that there is")
                    .hint("`live` or `dry-run`"));
            }
        };
        let json = canon::json(tree, &source, &mut self.budget)?;
        let text = json.to_string();
        let spot = if tree.get("correlation").is_some() { "correlation" } else { "detection" };
        let fault = |why: String| Problem::error(line_of(spot), why);
        let collection = parse_sigma_yaml(&text).map_err(|error| fault(error.to_string()))?;
        if let Some(error) = collection.errors.into_iter().next() {
            return Err(fault(error).hint("docs/detection/sigma.md says what a rule may have"));
        }
        let base = |title: &str, key: &Option<String>, log: Log| Rule {
            key: key.as_deref().unwrap_or(title).into(),
            title: title.to_owned(),
            severity: ringwall_model::Severity::Medium,
            is_dry_run,
            is_silent: false,
            is_correlation: false,
            log,
            tags: Vec::new(),
            false_positives: Vec::new(),
            source: source.clone(),
            text: text.clone(),
        };
        for mut rule in collection.rules {
            let key = rule.id.clone().or_else(|| rule.name.clone());
            let Some(log) = log_of(&rule.logsource) else {
                self.others = self.others.saturating_add(1);
                self.foreign.extend(rule.id.into_iter().chain(rule.name).chain([rule.title]));
                continue;
            };
            compile_rule(&rule).map_err(|error| fault(error.to_string()))?;
            let about = Rule {
                severity: severity(rule.level),
                tags: rule.tags.clone(),
                false_positives: rule.falsepositives.clone(),
                ..base(&rule.title, &key, log)
            };
            rule.id = Some(about.key.to_string());
            rule.custom_attributes.clear();
            // What is not said of the source would fit any; what is said beyond it was judged above.
            rule.logsource = logsource(log);
            self.add(about, rule.name.as_ref());
            self.collection.rules.push(rule);
        }
        for mut rule in collection.correlations {
            check(&rule).map_err(|(why, hint)| fault(why).hint(hint))?;
            let key = rule.id.clone().or_else(|| rule.name.clone());
            let about = Rule {
                severity: severity(rule.level),
                is_correlation: true,
                tags: rule.tags.clone(),
                false_positives: rule.falsepositives.clone(),
                ..base(&rule.title, &key, Log::Audit)
            };
            rule.id = Some(about.key.to_string());
            rule.custom_attributes.clear();
            self.waiting.push((rule, about));
        }
        for mut filter in collection.filters {
            let is_ours = filter.logsource.as_ref().is_none_or(|of| log_of(of).is_some());
            if is_ours {
                filter.logsource = filter.logsource.as_ref().and_then(log_of).map(logsource);
                self.filters.push((filter, source.clone()));
            } else {
                self.others = self.others.saturating_add(1);
            }
        }
        Ok(())
    }

    /// Correlations and filters with their rules, whatever the order of the files.
    fn join(&mut self, problems: &mut Vec<Problem>) {
        // A correlation may build on another: each round takes those whose parts are known.
        loop {
            let before = self.waiting.len();
            for (rule, about) in std::mem::take(&mut self.waiting) {
                if rule.rules.iter().any(|part| self.foreign.contains(part)) {
                    self.others = self.others.saturating_add(1);
                    self.foreign.extend(rule.id.into_iter().chain(rule.name).chain([rule.title]));
                } else if let Some(parts) = self.parts(&rule) {
                    self.take(rule, about, &parts);
                } else {
                    self.waiting.push((rule, about));
                }
            }
            if self.waiting.is_empty() || self.waiting.len() == before {
                break;
            }
        }
        for (rule, about) in std::mem::take(&mut self.waiting) {
            let missing = rule.rules.iter().find(|part| self.named(part).is_none());
            let missing = missing.map_or("", String::as_str);
            let why = format!("no rule has the id or the name `{missing}`");
            problems.push(Problem::error(about.source, why).hint("the rules of a correlation are in the same folder, or named as well; none may build on itself"));
        }
        for (filter, source) in std::mem::take(&mut self.filters) {
            if let rsigma_parser::FilterRuleTarget::Specific(rules) = &filter.rules
                && let Some(missing) =
                    rules.iter().find(|part| self.named(part).is_none() && !self.foreign.contains(*part))
            {
                let why = format!("no rule has the id or the name `{missing}`");
                problems.push(Problem::error(source, why));
                continue;
            }
            self.collection.filters.push(filter);
        }
        let mut known: HashMap<&str, &Source> = HashMap::new();
        for rule in &self.rules {
            if let Some(first) = known.insert(&rule.key, &rule.source) {
                let why = format!("`{}` is {first} as well", rule.key);
                problems
                    .push(Problem::error(rule.source.clone(), why).hint("give each rule an `id` of its own"));
            }
        }
    }

    /// The places of the rules that a correlation joins, if all are known.
    fn parts(&self, rule: &CorrelationRule) -> Option<Vec<usize>> {
        rule.rules.iter().map(|part| self.named(part)).collect()
    }

    fn named(&self, part: &str) -> Option<usize> {
        self.places.get(part).copied()
    }

    /// A key goes before a name, and the first of a name before others.
    fn add(&mut self, about: Rule, name: Option<&String>) {
        let at = self.rules.len();
        self.places.insert(about.key.to_string(), at);
        if let Some(name) = name {
            self.places.entry(name.clone()).or_insert(at);
        }
        self.rules.push(about);
    }

    fn take(&mut self, rule: CorrelationRule, mut about: Rule, parts: &[usize]) {
        let mut logs = Vec::new();
        for at in parts {
            let Some(part) = self.rules.get_mut(*at) else { continue };
            logs.push(part.log);
            about.text.push_str(&part.text);
            part.is_silent |= !rule.generate;
        }
        about.log = match logs.iter().copied().reduce(|one, other| if one == other { one } else { Log::Both })
        {
            Some(log) => log,
            None => Log::Audit,
        };
        self.add(about, rule.name.as_ref());
        self.collection.correlations.push(rule);
    }
}

/// What the engine would take and we do not.
fn check(rule: &CorrelationRule) -> Result<(), (String, String)> {
    if rule.rules.is_empty() {
        return Err(("a correlation without rules".to_owned(), "`rules` has their ids or names".to_owned()));
    }
    let longest = rule.gap.as_ref().map_or(0, |gap| gap.seconds).max(rule.timespan.seconds);
    if longest > MAX_TIMESPAN {
        let why = format!("`{}` is longer than a correlation can look back", rule.timespan.original);
        return Err((why, "at most 31 days".to_owned()));
    }
    let counts = matches!(rule.correlation_type, CorrelationType::EventCount | CorrelationType::ValueCount);
    if let CorrelationCondition::Threshold { predicates, .. } = &rule.condition
        && counts
        && predicates.iter().any(|(_, number)| *number > MAX_GROUP_ENTRIES as u64)
    {
        let why = format!("a correlation counts to {MAX_GROUP_ENTRIES} at most");
        return Err((why, "lower the number, or shorten the time".to_owned()));
    }
    Ok(())
}

/// Which log a rule is about, if it is one of ours. Source: SigmaHQ's rules, which give Kubernetes' audit log the category
/// `application` or none.
fn log_of(source: &LogSource) -> Option<Log> {
    let is = |of: &Option<String>, name: &str| of.as_deref().is_none_or(|of| of.eq_ignore_ascii_case(name));
    let product = source.product.as_deref()?;
    if product.eq_ignore_ascii_case("kubernetes")
        && is(&source.service, "audit")
        && is(&source.category, "application")
    {
        Some(Log::Audit)
    } else if product.eq_ignore_ascii_case("aws")
        && is(&source.service, "cloudtrail")
        && source.category.is_none()
    {
        Some(Log::CloudTrail)
    } else {
        None
    }
}

/// A log's source, as rules and events are compared by it.
pub(crate) fn logsource(log: Log) -> LogSource {
    let (product, service) =
        if log == Log::CloudTrail { ("aws", "cloudtrail") } else { ("kubernetes", "audit") };
    LogSource { product: Some(product.to_owned()), service: Some(service.to_owned()), ..LogSource::default() }
}
