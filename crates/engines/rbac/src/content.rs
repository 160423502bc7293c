use std::hash::{Hash, Hasher};

use ringwall_model::PolicyRule;

/// A rule compared by what it says, not by where it is written: the order within lists counts, as it does for the
/// aggregation controller.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Content<'r>(pub(crate) &'r PolicyRule);

type Lists<'r> = [&'r [std::sync::Arc<str>]; 5];

impl<'r> Content<'r> {
    fn lists(&self) -> Lists<'r> {
        let PolicyRule { verbs, api_groups, resources, resource_names, non_resource_urls, line: _ } = self.0;
        [verbs, api_groups, resources, resource_names, non_resource_urls]
    }
}

impl PartialEq for Content<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.lists() == other.lists()
    }
}

impl Eq for Content<'_> {}

impl Hash for Content<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.lists().hash(state);
    }
}
