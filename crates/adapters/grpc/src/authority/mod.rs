//! Callers whose `:authority` is none.
//!
//! Drivers up to v1.5.6 of the Secrets Store CSI driver (secrets-store-csi-driver issue #1862), and gRPC clients built on
//! C-core, send a unix socket's path where HTTP/2 has a host and port. `h2` answers with PROTOCOL_ERROR and can't be told not
//! to. So what comes from a caller passes through here first: blocks of headers are read and written again, with
//! `localhost` in the place of an authority that is none. Everything else stays as it comes.
//!
//! Blocks refer to earlier ones by HPACK's tables. One that were left as it is would refer to what the reader behind has not
//! seen, so every block is written again, in a form that needs no table.

mod frames;
mod hpack;
mod huffman;

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use frames::Rewriter;

/// Bytes that are read at a time.
const READ_BYTES: usize = 16 * 1024;

/// Why what a caller sends is no HTTP/2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// A reference to an entry that isn't there.
    #[error("a header refers to an entry that is in no table")]
    Index,
    /// The block ends within a header.
    #[error("a block of headers ends within one")]
    Truncated,
    /// Headers, or a number in them, that are larger than any caller's.
    #[error("a block of headers is too large")]
    TooLarge,
    /// The table's size is changed where it may not be, or beyond what was offered.
    #[error("a block of headers sets the table's size wrongly")]
    TableSize,
    /// What is no Huffman code of HPACK's.
    #[error("a header's text is no Huffman code")]
    Huffman,
    /// Frames in an order or of a form that HTTP/2 has not.
    #[error("a frame of headers is malformed, or another one stands within a block")]
    Frame,
}

/// A connection from which no authority comes that is none.
#[derive(Debug)]
pub struct Lenient<S> {
    stream: S,
    rewriter: Rewriter,
    input: Box<[u8; READ_BYTES]>,
    /// What of `input` is not taken yet.
    left: std::ops::Range<usize>,
    output: Vec<u8>,
    /// How much of `output` is read.
    read: usize,
}

impl<S> Lenient<S> {
    /// Around the server's end of a connection.
    pub fn new(stream: S) -> Self {
        let (input, output) = (Box::new([0; READ_BYTES]), Vec::new());
        Self { stream, rewriter: Rewriter::new(), input, left: 0..0, output, read: 0 }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Lenient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            if let Some(ready) = this.output.get(this.read..).filter(|ready| !ready.is_empty()) {
                let count = ready.len().min(buffer.remaining());
                buffer.put_slice(ready.get(..count).unwrap_or_default());
                this.read += count;
                return Poll::Ready(Ok(()));
            }
            this.output.clear();
            this.read = 0;
            if this.left.is_empty() {
                let mut filled = ReadBuf::new(&mut *this.input);
                ready!(Pin::new(&mut this.stream).poll_read(context, &mut filled))?;
                let count = filled.filled().len();
                if count == 0 {
                    return Poll::Ready(Ok(()));
                }
                this.left = 0..count;
            }
            let input = this.input.get(this.left.clone()).unwrap_or_default();
            let taken = this
                .rewriter
                .push(input, &mut this.output)
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
            this.left.start += taken;
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Lenient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// What comes out of what a caller sends, all at once: for tests and fuzzing.
pub fn rewrite(mut input: &[u8]) -> Result<Vec<u8>, HeaderError> {
    let (mut rewriter, mut output) = (Rewriter::new(), Vec::new());
    while !input.is_empty() {
        let taken = rewriter.push(input, &mut output)?;
        input = input.get(taken..).unwrap_or_default();
    }
    Ok(output)
}
