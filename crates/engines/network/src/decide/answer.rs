//! What many pairs of ends come to, told so that a person can read it.

use ringwall_model::{Decision, Reason, Verdict};

use super::{MAX_SINGLY, MAX_TOLD, built_in, push_new, worst};

/// What has been found of all pairs so far. All must be allowed, so the worst verdict is the answer, and the reasons for it are told.
pub(super) struct Answer {
    verdict: Verdict,
    told: Vec<Told>,
    /// Pairs with that verdict for reasons that are not told.
    untold: usize,
}

/// A pair that is told in full, and those that are like it but for their names.
struct Told {
    /// The two ends, where the answer is about two.
    pair: Option<String>,
    /// Its reasons without the names of its ends.
    nameless: Vec<(Reason, String)>,
    decision: Decision,
    like: Vec<String>,
    /// How many more there are than are kept by name.
    more: usize,
}

impl Answer {
    pub(super) fn new() -> Self {
        Self { verdict: Verdict::Allowed, told: Vec::new(), untold: 0 }
    }

    /// Takes in what holds whichever the ends are.
    pub(super) fn take(&mut self, decision: Decision) {
        self.add(None, Vec::new(), decision);
    }

    /// Takes in what holds of two ends, each by how its reasons name it.
    pub(super) fn pair(&mut self, from: &str, to: &str, decision: Decision) {
        let without_names = |text: &str| text.replace(from, "\u{1}").replace(to, "\u{2}");
        let nameless = decision
            .reasons
            .iter()
            .map(|reason| (Reason { text: "".into(), ..reason.clone() }, without_names(&reason.text)))
            .chain(decision.not_evaluated.iter().map(|why| (built_in(""), without_names(why))))
            .collect();
        self.add(Some(format!("{from} to {to}")), nameless, decision);
    }

    fn add(&mut self, pair: Option<String>, nameless: Vec<(Reason, String)>, decision: Decision) {
        let verdict = worst(self.verdict, decision.verdict);
        if verdict != self.verdict {
            (self.told, self.untold) = (Vec::new(), 0);
        }
        self.verdict = verdict;
        if decision.verdict != verdict {
            return;
        }
        let is_like = |told: &&mut Told| pair.is_some() && told.pair.is_some() && told.nameless == nameless;
        if let Some(told) = self.told.iter_mut().find(is_like) {
            match pair {
                Some(pair) if told.like.len() < MAX_SINGLY => push_new(&mut told.like, pair),
                _ => told.more += 1,
            }
        } else if self.told.len() < MAX_TOLD {
            self.told.push(Told { pair, nameless, decision, like: Vec::new(), more: 0 });
        } else {
            self.untold += 1;
        }
    }

    pub(super) fn end(self) -> Decision {
        let mut answer = Decision { verdict: self.verdict, reasons: Vec::new(), not_evaluated: Vec::new() };
        for told in self.told {
            let others = told.others();
            for reason in told.decision.reasons {
                push_new(&mut answer.reasons, reason);
            }
            for why in told.decision.not_evaluated {
                push_new(&mut answer.not_evaluated, why);
            }
            answer.reasons.extend(others.map(built_in));
        }
        if self.untold > 0 {
            let text =
                format!("the same verdict holds for {} more pairs, each for reasons of its own", self.untold);
            answer.reasons.push(built_in(text));
        }
        answer
    }
}

impl Told {
    /// For whom the same holds.
    fn others(&self) -> Option<String> {
        let others = self.like.iter().filter(|pair| Some(*pair) != self.pair.as_ref());
        let mut named: Vec<&str> = others.map(String::as_str).collect();
        let more = named.len().saturating_sub(MAX_TOLD) + self.more;
        named.truncate(MAX_TOLD);
        match (named.is_empty(), more) {
            (true, _) => None,
            (false, 0) => Some(format!("the same holds from {}", named.join(", "))),
            (false, more) => {
                Some(format!("the same holds from {} and for {more} more pairs", named.join(", ")))
            }
        }
    }
}
