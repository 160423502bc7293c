mod build;
mod gaps;
mod guide;
mod modes;
mod naive;
mod properties;
mod selection;
