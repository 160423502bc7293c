//! What the user typed, and what it means in this snapshot.

mod aws;
mod network;
mod resource;
mod suggest;
mod verb;
mod who;

pub(crate) use aws::{AwsAsked, ask_aws, is_aws_action};
pub(crate) use network::{End, Ports, receiver, sender};
pub(crate) use resource::{Asked, ask};
pub(crate) use suggest::{alike, closest, did_you_mean};
pub(crate) use who::{Who, who};
