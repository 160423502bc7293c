//! `can` and `who-can` for actions of AWS.

mod can;
mod minters;
mod ways;
mod who_can;

pub(super) use can::run as can;
pub(super) use who_can::run as who_can;
