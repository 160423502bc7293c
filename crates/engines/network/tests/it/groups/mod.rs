mod build;
mod gaps;
mod guide;
mod modes;
mod naive;
pub(crate) mod properties;
mod selection;
mod warnings;
