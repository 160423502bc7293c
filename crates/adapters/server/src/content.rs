//! Bodies that pass through piece by piece, for what doesn't fit in memory.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Frame, Incoming, SizeHint};

use crate::handler::{Refusal, Response};
use crate::lifetime::Activity;

/// A request's body, as it comes in.
#[derive(Debug)]
pub struct Body {
    incoming: Incoming,
    patience: Duration,
}

/// An answer whose body may be longer than what fits in memory.
#[derive(Debug)]
pub struct Answer {
    /// Status, headers, labels, and the body where there is no `content`.
    pub response: Response,
    /// The body, in place of the response's.
    pub content: Option<Content>,
}

/// A body of known length, in pieces.
pub struct Content {
    left: u64,
    pieces: Pieces,
}

type Pieces = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>;

impl Body {
    pub(crate) fn new(incoming: Incoming, patience: Duration) -> Self {
        Self { incoming, patience }
    }

    /// The bytes that are still to come, where the client has announced how many.
    pub fn length(&self) -> Option<u64> {
        self.incoming.size_hint().exact()
    }

    /// The next bytes; `None` at the end. A broken body ends with an error, never as if it were whole.
    ///
    /// # Errors
    ///
    /// [`Refusal::BodyTooSlow`] if nothing came for the listener's time for a body ([`crate::Limits::body_read`]),
    /// [`Refusal::BodyBroken`] if the client is gone or its chunks are malformed.
    pub async fn next(&mut self) -> Option<Result<Bytes, Refusal>> {
        loop {
            let frame = match tokio::time::timeout(self.patience, self.incoming.frame()).await {
                Err(_) => return Some(Err(Refusal::BodyTooSlow)),
                Ok(None) => return None,
                Ok(Some(Err(_))) => return Some(Err(Refusal::BodyBroken)),
                Ok(Some(Ok(frame))) => frame,
            };
            // Trailers, which no service here looks at, are passed over.
            if let Ok(data) = frame.into_data() {
                return Some(Ok(data));
            }
        }
    }

    /// The whole body, of at most so many bytes.
    ///
    /// # Errors
    ///
    /// As [`Body::next`], and [`Refusal::BodyTooLarge`].
    pub async fn whole(&mut self, limit: usize) -> Result<Bytes, Refusal> {
        let announced = self.incoming.size_hint().lower();
        if usize::try_from(announced).map_or(true, |length| length > limit) {
            return Err(Refusal::BodyTooLarge { limit });
        }
        let mut whole = BytesMut::new();
        while let Some(piece) = self.next().await {
            let piece = piece?;
            if whole.len().saturating_add(piece.len()) > limit {
                return Err(Refusal::BodyTooLarge { limit });
            }
            whole.extend_from_slice(&piece);
        }
        Ok(whole.freeze())
    }

    /// Reads what is left, up to a limit, and forgets it: a client that is refused while it still sends would else see
    /// its connection reset before it sees the answer (RFC 9112, 9.6).
    pub async fn pass_over(&mut self, limit: u64) {
        let mut seen = 0_u64;
        while let Some(Ok(piece)) = self.next().await {
            seen = seen.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
            if seen > limit {
                return;
            }
        }
    }
}

impl Content {
    /// So many bytes, in the order of the pieces. Too few, or an error, end the connection, so that the client doesn't
    /// take a part for the whole.
    pub fn new(length: u64, pieces: impl Stream<Item = io::Result<Bytes>> + Send + 'static) -> Self {
        Self { left: length, pieces: Box::pin(pieces) }
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Content").field("left", &self.left).finish_non_exhaustive()
    }
}

impl From<Response> for Answer {
    fn from(response: Response) -> Self {
        Self { response, content: None }
    }
}

/// The body of an answer, as hyper takes it.
pub(crate) struct Outgoing {
    what: What,
    /// Whose connection is in use for as long as pieces are taken.
    activity: Arc<Activity>,
}

enum What {
    Whole(Full<Bytes>),
    Pieces(Content),
}

impl Outgoing {
    pub(crate) fn new(body: Bytes, content: Option<Content>, activity: Arc<Activity>) -> Self {
        let what = match content {
            None => What::Whole(Full::new(body)),
            Some(content) => What::Pieces(content),
        };
        Self { what, activity }
    }
}

impl hyper::body::Body for Outgoing {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let Self { what, activity } = &mut *self;
        let content = match what {
            What::Whole(full) => {
                return Pin::new(full).poll_frame(context).map_err(|never| match never {});
            }
            What::Pieces(content) => content,
        };
        // hyper asks when it has sent what it had, so this says that the client still reads.
        activity.touch();
        Poll::Ready(match std::task::ready!(content.pieces.as_mut().poll_next(context)) {
            Some(Ok(piece)) => {
                let length = u64::try_from(piece.len()).unwrap_or(u64::MAX);
                match content.left.checked_sub(length) {
                    Some(left) => {
                        content.left = left;
                        Some(Ok(Frame::data(piece)))
                    }
                    None => Some(Err(io::Error::other("there is more content than was announced"))),
                }
            }
            Some(Err(error)) => {
                tracing::error!(%error, "content broke off while it was sent");
                Some(Err(error))
            }
            None if content.left == 0 => None,
            None => Some(Err(io::ErrorKind::UnexpectedEof.into())),
        })
    }

    fn is_end_stream(&self) -> bool {
        match &self.what {
            What::Whole(full) => full.is_end_stream(),
            What::Pieces(content) => content.left == 0,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.what {
            What::Whole(full) => full.size_hint(),
            What::Pieces(content) => SizeHint::with_exact(content.left),
        }
    }
}
