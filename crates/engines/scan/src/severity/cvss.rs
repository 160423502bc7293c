//! CVSS vectors and their base scores.
//!
//! Sources: FIRST, *CVSS v2 Complete Guide*, 3.2.1; *CVSS v3.0 Specification*, 8.1; *CVSS v3.1 Specification*, 7.1 and appendix A;
//! *CVSS v4.0 Specification*, 8. Temporal, threat and environmental metrics of a vector are checked for their form and have no
//! say: a base score is what databases and ECR tell.

use std::fmt::Write as _;
use std::str::FromStr;

/// Bytes of a vector: all metrics of version 4.0 have fewer than 250.
const MAX_VECTOR: usize = 512;

/// A version of the specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CvssVersion {
    /// 2.0.
    V2,
    /// 3.0.
    V30,
    /// 3.1.
    V31,
    /// 4.0.
    V40,
}

impl CvssVersion {
    /// `3.1`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V2 => "2.0",
            Self::V30 => "3.0",
            Self::V31 => "3.1",
            Self::V40 => "4.0",
        }
    }
}

/// A vector and its score.
#[derive(Clone, Debug, PartialEq)]
pub struct Cvss {
    /// Of which version.
    pub version: CvssVersion,
    /// The vector as it is written.
    pub vector: String,
    /// Base score, 0 to 10 in tenths.
    pub score: f64,
}

/// Why a vector can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CvssError {
    /// Longer than any vector.
    #[error("the vector is longer than {MAX_VECTOR} bytes")]
    TooLong,
    /// A version that is not known here.
    #[error("the vector is of a version of CVSS that is not known")]
    Version,
    /// A part without a colon, or a metric that is there twice.
    #[error("`{0}` in the vector is no metric, or there twice")]
    Metric(String),
    /// A metric of version 4.0 has no value of its.
    #[error("a metric of the vector has no value of its")]
    Vector,
    /// A metric of the base score that is missing, or whose value is none of its.
    #[error("the metric `{0}` of the vector is missing or has no value of its")]
    Value(&'static str),
}

impl FromStr for Cvss {
    type Err = CvssError;

    fn from_str(vector: &str) -> Result<Self, Self::Err> {
        if vector.len() > MAX_VECTOR {
            return Err(CvssError::TooLong);
        }
        let (version, text) = match vector.split_once('/') {
            Some(("CVSS:4.0", rest)) => (CvssVersion::V40, rest),
            Some(("CVSS:3.1", rest)) => (CvssVersion::V31, rest),
            Some(("CVSS:3.0", rest)) => (CvssVersion::V30, rest),
            _ if vector.starts_with("CVSS:") => return Err(CvssError::Version),
            _ => {
                let inner = vector.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
                (CvssVersion::V2, inner.unwrap_or(vector))
            }
        };
        let metrics = Metrics::read(text)?;
        let score = match version {
            CvssVersion::V2 => second(&metrics)?,
            CvssVersion::V30 | CvssVersion::V31 => third(&metrics, version)?,
            CvssVersion::V40 => fourth(&metrics)?,
        };
        Ok(Self { version, vector: vector.to_owned(), score })
    }
}

/// The metrics of a vector, in the order in which they stand.
struct Metrics<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Metrics<'a> {
    fn read(text: &'a str) -> Result<Self, CvssError> {
        let mut metrics: Vec<(&str, &str)> = Vec::new();
        for part in text.split('/') {
            match part.split_once(':') {
                Some((name, value)) if !metrics.iter().any(|(known, _)| *known == name) => {
                    metrics.push((name, value));
                }
                _ => return Err(CvssError::Metric(part.chars().take(40).collect())),
            }
        }
        Ok(Self(metrics))
    }

    /// The weight of a metric's value.
    fn weight(&self, name: &'static str, weights: &[(&str, f64)]) -> Result<f64, CvssError> {
        let value = self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        let weight = weights.iter().find(|(known, _)| Some(*known) == value).map(|(_, weight)| *weight);
        weight.ok_or(CvssError::Value(name))
    }
}

fn second(metrics: &Metrics<'_>) -> Result<f64, CvssError> {
    let harm = [("N", 0.0), ("P", 0.275), ("C", 0.660)];
    let c = metrics.weight("C", &harm)?;
    let i = metrics.weight("I", &harm)?;
    let a = metrics.weight("A", &harm)?;
    let vector = metrics.weight("AV", &[("L", 0.395), ("A", 0.646), ("N", 1.0)])?;
    let complexity = metrics.weight("AC", &[("H", 0.35), ("M", 0.61), ("L", 0.71)])?;
    let authentication = metrics.weight("Au", &[("M", 0.45), ("S", 0.56), ("N", 0.704)])?;
    let impact = 10.41 * (1.0 - (1.0 - c) * (1.0 - i) * (1.0 - a));
    let exploitability = 20.0 * vector * complexity * authentication;
    let factor = if impact == 0.0 { 0.0 } else { 1.176 };
    let score: f64 = (0.6 * impact + 0.4 * exploitability - 1.5) * factor;
    Ok((score * 10.0).round().max(0.0) / 10.0)
}

fn third(metrics: &Metrics<'_>, version: CvssVersion) -> Result<f64, CvssError> {
    let changed = metrics.weight("S", &[("U", 0.0), ("C", 1.0)])? > 0.5;
    let harm = [("H", 0.56), ("L", 0.22), ("N", 0.0)];
    let c = metrics.weight("C", &harm)?;
    let i = metrics.weight("I", &harm)?;
    let a = metrics.weight("A", &harm)?;
    let vector = metrics.weight("AV", &[("N", 0.85), ("A", 0.62), ("L", 0.55), ("P", 0.2)])?;
    let complexity = metrics.weight("AC", &[("L", 0.77), ("H", 0.44)])?;
    let privileges = if changed {
        metrics.weight("PR", &[("N", 0.85), ("L", 0.68), ("H", 0.5)])?
    } else {
        metrics.weight("PR", &[("N", 0.85), ("L", 0.62), ("H", 0.27)])?
    };
    let interaction = metrics.weight("UI", &[("N", 0.85), ("R", 0.62)])?;
    let base = 1.0 - (1.0 - c) * (1.0 - i) * (1.0 - a);
    let impact =
        if changed { 7.52 * (base - 0.029) - 3.25 * (base - 0.02_f64).powi(15) } else { 6.42 * base };
    if impact <= 0.0 {
        return Ok(0.0);
    }
    let exploitability = 8.22 * vector * complexity * privileges * interaction;
    let sum = if changed { 1.08 * (impact + exploitability) } else { impact + exploitability };
    let sum = sum.min(10.0);
    Ok(match version {
        // 3.1 rounds so that a sum which floating point made a bit too large is not a tenth too high.
        CvssVersion::V31 => {
            let whole = (sum * 100_000.0).round();
            if whole % 10_000.0 == 0.0 {
                whole / 100_000.0
            } else {
                ((whole / 10_000.0).floor() + 1.0) / 10.0
            }
        }
        _ => (sum * 10.0).ceil() / 10.0,
    })
}

/// The metrics of the base score of version 4.0, in the order that the specification has.
const FOURTH: [&str; 11] = ["AV", "AC", "AT", "PR", "UI", "VC", "VI", "VA", "SC", "SI", "SA"];

/// By FIRST's table of 270 classes of vectors and what is between them, which the library has.
fn fourth(metrics: &Metrics<'_>) -> Result<f64, CvssError> {
    let mut vector = "CVSS:4.0".to_owned();
    for name in FOURTH {
        let value = metrics.0.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        _ = write!(vector, "/{name}:{}", value.ok_or(CvssError::Value(name))?);
    }
    let vector: cvss::v4::Vector = vector.parse().map_err(|_| CvssError::Vector)?;
    Ok(vector.score().value())
}
