use std::sync::Arc;

use hashbrown::HashMap;
use ringwall_model::{AwsDocument, OidcProvider, Source, Tree};

use super::Filler;
use crate::aws_export::is_incomplete;
use crate::fields::{text, texts};

/// What stands between the account and the URL in a provider's ARN.
const RESOURCE: &str = ":oidc-provider/";

/// What a provider is called in messages.
const PROVIDER: &str = "identity provider";

impl<'d> Filler<'_, 'd> {
    /// A provider in full. The export does not say its ARN, which its URL and the account make up.
    pub(super) fn oidc_provider(&mut self, document: &'d AwsDocument, listed: &Listed) {
        let AwsDocument { source, tree, .. } = document;
        let Some(url) = text(tree, "Url") else { return };
        let url: Arc<str> = match url.strip_prefix("https://") {
            Some(bare) => bare.into(),
            None => url,
        };
        let Some(arn) = listed.get(&url).cloned().or_else(|| self.oidc_arn(&url)) else {
            let message = format!("the account of identity provider `{url}` can't be told; it was not used");
            let hint = "export `aws iam list-open-id-connect-providers`, or write `account` in cluster.yaml";
            return self.warn(source.clone(), message, hint);
        };
        if !self.is_first(PROVIDER, &arn, tree, source) {
            return;
        }
        let client_ids = Some(texts(self.items(tree, "ClientIDList", source)));
        self.cluster.aws.oidc_providers.push(OidcProvider { arn, url, client_ids, source: source.clone() });
    }

    fn oidc_arn(&self, url: &str) -> Option<Arc<str>> {
        let info = &self.cluster.info;
        let partition = info.partition.as_deref().unwrap_or("aws");
        Some(format!("arn:{partition}:iam::{}{RESOURCE}{url}", info.account.as_deref()?).into())
    }

    /// Providers that are listed and not exported in full.
    pub(super) fn oidc_provider_list(&mut self, document: &'d AwsDocument) {
        if !is_incomplete(&document.tree) {
            self.cluster.aws.oidc_providers_exported = true;
        }
        for item in document.tree.list("OpenIDConnectProviderList") {
            let source = document.source.at(item.line);
            let Some(arn) = text(item, "Arn") else {
                self.incomplete(source, "an identity provider", "Arn");
                continue;
            };
            self.listed_provider(arn, item, source);
        }
    }

    fn listed_provider(&mut self, arn: Arc<str>, item: &'d Tree, source: Source) {
        let Some((_, url)) = arn.split_once(RESOURCE) else {
            let message = format!("`{arn}` is not the ARN of an identity provider");
            return self.warn(source, message, "export it again with the AWS CLI, as JSON");
        };
        if self.seen(PROVIDER, &arn, item, &source).is_none() {
            let url = url.into();
            self.cluster.aws.oidc_providers.push(OidcProvider { arn, url, client_ids: None, source });
        }
    }
}

/// ARNs of identity providers by their URLs.
pub(super) type Listed = HashMap<Arc<str>, Arc<str>>;

/// The ARNs in the lists of identity providers.
pub(super) fn listed<'d>(documents: impl Iterator<Item = &'d AwsDocument>) -> Listed {
    documents
        .flat_map(|document| document.tree.list("OpenIDConnectProviderList"))
        .filter_map(|item| text(item, "Arn"))
        .filter_map(|arn| Some((arn.split_once(RESOURCE)?.1.into(), arn)))
        .collect()
}
