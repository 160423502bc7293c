//! For the fuzz targets: parsers that nothing outside this crate calls otherwise. No part of its interface.

use ringwall_awsclient::http::HttpResponse;
use ringwall_rbac::entry::{Mappings, Rules};
use serde_json::Value as Json;

use crate::sources::{access_entries, aws_auth, file, trees};
use crate::sts::{Caller, VerifyError};
use crate::token::Token;
use crate::{authorize, webhook};

/// A refusal of a TokenReview, and how long its token is.
pub fn token_review(body: &[u8]) -> Result<(Json, usize), String> {
    let asked = webhook::review::Asked::read(body).map_err(|error| error.to_string())?;
    _ = asked.audiences(&["https://kubernetes.default.svc".to_owned()]);
    Ok((asked.refused("no"), asked.token.len()))
}

/// An answer to a SubjectAccessReview, and whether it asks anything.
pub fn subject_access_review(body: &[u8]) -> Result<(Json, bool), String> {
    let asked = authorize::review::Asked::read(body).map_err(|error| error.to_string())?;
    _ = (asked.extra("arn").count(), asked.impersonates_extra("arn"));
    Ok((asked.reply(&authorize::review::Answer::NoOpinion(None)), asked.target().is_some()))
}

/// The mappings of a manifest of aws-auth.
pub fn aws_auth(bytes: &[u8], rules: Rules) -> Result<Mappings, String> {
    aws_auth::parse(&"aws-auth.yaml".into(), bytes).map(|list| trees::mappings(&list, &[], rules))
}

/// The mappings of a file, which is taken whole or not at all.
pub fn mapping_file(bytes: &[u8], rules: Rules) -> Result<Mappings, String> {
    let list = file::parse(&"mappings.yaml".into(), bytes)?;
    match trees::wrong(&list, &rules) {
        Some(why) => Err(why),
        None => Ok(trees::mappings(&list, &[], rules)),
    }
}

/// The mappings of a copy of a cluster's access entries.
pub fn access_entries(bytes: &[u8], cluster: &str, rules: &Rules) -> Result<Mappings, String> {
    access_entries::of_copy(bytes, cluster, rules)
}

/// What an answer of STS's makes of a token.
pub fn sts_answer(token: &Token, answer: &HttpResponse) -> Result<Caller, VerifyError> {
    crate::sts::answer::read(token, answer)
}
