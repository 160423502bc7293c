//! For the fuzz targets: parsers that nothing outside this crate calls otherwise. No part of its interface.

use ringwall_grpc::csi_v1alpha1::MountRequest;
use ringwall_model::Secret;
use tonic::Status;

use crate::extract::{self, ExtractError, Json};
use crate::objects::Translation;
use crate::request::{Mount, POD_IDENTITY_AUDIENCE, STS_AUDIENCE};

/// How many of a volume's tokens are its service account's, for the audiences that count; or the refusal.
pub fn mount(request: &MountRequest) -> Result<usize, Status> {
    let mount = Mount::read(request).map_err(|error| error.status())?;
    let audiences = [STS_AUDIENCE, POD_IDENTITY_AUDIENCE];
    let own = audiences.iter().filter(|audience| match mount.tokens.get(audience, &mount.volume) {
        Ok(_) => true,
        Err(error) => error.to_string().is_empty(),
    });
    Ok(own.count())
}

/// Whether an expression is served; why not.
pub fn check_expression(expression: &str) -> Result<(), String> {
    extract::check(expression)
}

/// What an expression selects of a value.
pub fn select(value: &[u8], expression: &str) -> Result<Secret, ExtractError> {
    Json::parse(&Secret::new(value.to_vec()))?.select(expression)
}

/// The files of a value's keys.
pub fn keys(value: &[u8], translation: Translation) -> Result<Vec<String>, ExtractError> {
    let keys = Json::parse(&Secret::new(value.to_vec()))?.keys(translation)?;
    Ok(keys.into_iter().map(|(file, _)| file.to_string()).collect())
}
