//! What answers at a listener of its own, as a part of the process: a webhook of apiservers, the issuer's documents.

use std::sync::Arc;

use ringwall_server::{Drained, Handler};

use super::listener::{Bound, Listener};
use super::part::{Doing, Part, Prepared, Waits};
use crate::error::Failure;

/// What answers. It works from the start, with what it knows by then.
pub(super) trait Answers: Handler {
    /// What it waits for, to know all that it should.
    fn waits_for(&self) -> Waits;

    /// Looks at once at what it looks at from time to time.
    fn reload(&self) {}
}

/// What answers, and its listener.
pub(super) struct Prepare<H> {
    pub(super) service: &'static str,
    pub(super) bound: Bound,
    pub(super) answers: Arc<H>,
}

struct Answering<H> {
    listener: Listener,
    answers: Arc<H>,
}

impl<H: Answers> Prepared for Prepare<H> {
    fn start(self: Box<Self>) -> Doing<'static, Result<Box<dyn Part>, Failure>> {
        Box::pin(async move {
            let Self { service, bound, answers } = *self;
            let listener = bound.serve(service, Arc::clone(&answers));
            Ok(Box::new(Answering { listener, answers }) as Box<dyn Part>)
        })
    }
}

impl<H: Answers> Part for Answering<H> {
    fn waits_for(&self) -> Doing<'_, Waits> {
        Box::pin(async { self.answers.waits_for() })
    }

    fn look(&mut self) -> Doing<'_, ()> {
        Box::pin(self.listener.look())
    }

    fn reload(&self) {
        self.answers.reload();
    }

    fn drain(&mut self) -> Doing<'_, Option<Drained>> {
        Box::pin(self.listener.drain())
    }

    fn close(self: Box<Self>) -> Doing<'static, ()> {
        Box::pin(async {})
    }
}
