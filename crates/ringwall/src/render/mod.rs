//! Renderings of engines' answers: text for people, JSON for programs.

pub(crate) mod aws;
pub(crate) mod backtest;
pub(crate) mod detect_text;
pub(crate) mod iam_json;
pub(crate) mod iam_lint_json;
pub(crate) mod iam_lint_text;
pub(crate) mod json;
pub(crate) mod kms_json;
pub(crate) mod kms_text;
pub(crate) mod reach_exposure;
pub(crate) mod reach_json;
pub(crate) mod reach_text;
pub(crate) mod reason;
pub(crate) mod report_images;
pub(crate) mod report_json;
pub(crate) mod report_text;
pub(crate) mod style;
pub(crate) mod table;
pub(crate) mod timeline_json;
pub(crate) mod timeline_text;
pub(crate) mod yaml;
