use thiserror::Error;

/// A parameter that ECR would refuse, in ECR's words (`InvalidParameterException`), which its clients print.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("Invalid parameter at '{parameter}' failed to satisfy constraint: '{constraint}'")]
pub struct Invalid {
    parameter: &'static str,
    constraint: String,
}

impl Invalid {
    /// What must hold of which parameter.
    pub fn new(parameter: &'static str, constraint: impl Into<String>) -> Self {
        Self { parameter, constraint: constraint.into() }
    }

    /// The parameter, as ECR names it.
    pub fn parameter(&self) -> &'static str {
        self.parameter
    }

    /// What should have been.
    pub fn constraint(&self) -> &str {
        &self.constraint
    }

    /// Says where a longer text is expected than is given, or a shorter one.
    pub(crate) fn length(parameter: &'static str, length: usize, min: usize, max: usize) -> Result<(), Self> {
        if length < min {
            return Err(Self::new(
                parameter,
                format!("Member must have length greater than or equal to {min}"),
            ));
        }
        if length > max {
            return Err(Self::new(parameter, format!("Member must have length less than or equal to {max}")));
        }
        Ok(())
    }
}
