//! Pushing blobs, piece by piece, so that a broken link costs one piece.

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use http::header::{CONTENT_RANGE, CONTENT_TYPE, RANGE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use ringwall_http::{HttpResponse, Url};
use ringwall_oci::{ByteStream, Digest};

use super::{Remote, RemoteError};

/// Bytes of a piece. ECR's own clients send 10 MiB and some, and it takes no less than 5 MiB but for the last one; a piece is
/// all that is in memory.
const PIECE: usize = 8 << 20;

/// How often in a row an upload is taken up again before the blob is given up for now.
const MAX_BREAKS: u32 = 4;

/// A blob to be sent.
pub trait Blob: Send + Sync {
    /// Its digest.
    fn digest(&self) -> &Digest;
    /// Its size in bytes.
    fn size(&self) -> u64;
    /// Its bytes from an offset on.
    fn read(&self, from: u64) -> impl Future<Output = std::io::Result<ByteStream>> + Send;
}

impl Remote {
    /// Sends a blob if it is not there; tells whether it was sent. Of other repositories there that may have it, it is mounted.
    ///
    /// # Errors
    ///
    /// The registry can't be asked, or refuses; what can't be sent to the end in some attempts is begun anew the next time.
    pub async fn push_blob(
        &self,
        repository: &str,
        blob: &impl Blob,
        mount: Option<&str>,
    ) -> Result<bool, RemoteError> {
        let path = format!("blobs/{}", blob.digest());
        let found = self.ask(repository, Method::HEAD, &path, &HeaderMap::new(), Bytes::new()).await?;
        if found.status == StatusCode::OK {
            return Ok(false);
        }
        self.expect(found, &[StatusCode::NOT_FOUND], &path)?;
        let mut begin = "blobs/uploads/".to_owned();
        if let Some(from) = mount {
            begin = format!("{begin}?mount={}&from={from}", blob.digest());
        }
        let begun = self.ask(repository, Method::POST, &begin, &HeaderMap::new(), Bytes::new()).await?;
        let begun = self.expect(begun, &[StatusCode::ACCEPTED, StatusCode::CREATED], &begin)?;
        if begun.status == StatusCode::CREATED {
            return Ok(false);
        }
        self.send(repository, blob, self.location(&begun.headers)?).await.map(|()| true)
    }

    /// Sends all of a blob to an upload.
    async fn send(&self, repository: &str, blob: &impl Blob, mut at: Url) -> Result<(), RemoteError> {
        let mut offset = 0;
        let mut breaks = 0;
        let mut source = None;
        while offset < blob.size() {
            let mut stream: Pieces = match source.take() {
                Some(stream) => stream,
                None => Pieces::new(blob.read(offset).await.map_err(RemoteError::Read)?),
            };
            let piece = stream.next().await.map_err(RemoteError::Read)?;
            let Some(end) =
                u64::try_from(piece.len()).ok().filter(|length| *length > 0).map(|length| offset + length)
            else {
                let why = "the blob is shorter than it was said to be";
                return Err(RemoteError::Read(std::io::Error::other(why)));
            };
            match self.patch(repository, &at, offset, piece).await {
                Ok(answer) => {
                    at = self.location(&answer.headers)?;
                    (offset, breaks, source) = (end, 0, Some(stream));
                }
                Err(error) if error.is_transient() && breaks < MAX_BREAKS => {
                    breaks += 1;
                    // How much of it arrived, the other side says.
                    (at, offset) = self.arrived(repository, at).await?;
                }
                Err(error) => return Err(error),
            }
        }
        let separator = if at.query().is_some() { '&' } else { '?' };
        let target = format!("{}{}{separator}digest={}", at.path(), query(&at), blob.digest());
        let last = at.with_target(&target)?;
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
        let answer = self.ask_at(repository, Method::PUT, last, &headers, Bytes::new()).await?;
        self.expect(answer, &[StatusCode::CREATED, StatusCode::OK], blob.digest().as_str()).map(drop)
    }

    async fn patch(
        &self,
        repository: &str,
        at: &Url,
        offset: u64,
        piece: Bytes,
    ) -> Result<HttpResponse, RemoteError> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
        let last = offset + u64::try_from(piece.len()).unwrap_or(0).saturating_sub(1);
        if let Ok(range) = HeaderValue::from_str(&format!("{offset}-{last}")) {
            headers.insert(CONTENT_RANGE, range);
        }
        let answer = self.ask_at(repository, Method::PATCH, at.clone(), &headers, piece).await?;
        self.expect(answer, &[StatusCode::ACCEPTED, StatusCode::NO_CONTENT], "an upload")
    }

    /// Where an upload goes on after a broken link.
    async fn arrived(&self, repository: &str, at: Url) -> Result<(Url, u64), RemoteError> {
        let answer = self.ask_at(repository, Method::GET, at, &HeaderMap::new(), Bytes::new()).await?;
        let answer = self.expect(answer, &[StatusCode::NO_CONTENT, StatusCode::OK], "an upload")?;
        let range = answer.headers.get(RANGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let last =
            range.trim_start_matches("bytes=").strip_prefix("0-").and_then(|last| last.parse::<u64>().ok());
        // `0-0` is said of an empty upload too; one byte more or less is found out by the next piece, so it is begun anew.
        let offset = last.filter(|last| *last > 0).map_or(0, |last| last + 1);
        Ok((self.location(&answer.headers)?, offset))
    }
}

fn query(url: &Url) -> String {
    url.query().map(|query| format!("?{query}")).unwrap_or_default()
}

/// A stream in pieces of [`PIECE`] bytes, the last one shorter.
struct Pieces {
    stream: ByteStream,
    rest: BytesMut,
}

impl Pieces {
    fn new(stream: ByteStream) -> Self {
        Self { stream, rest: BytesMut::new() }
    }

    async fn next(&mut self) -> std::io::Result<Bytes> {
        while self.rest.len() < PIECE {
            let Some(more) = self.stream.next().await else { break };
            self.rest.extend_from_slice(&more?);
        }
        let length = self.rest.len().min(PIECE);
        Ok(self.rest.split_to(length).freeze())
    }
}
