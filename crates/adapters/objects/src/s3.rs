//! S3 as an object store, by the client that all calls to AWS go through.
//!
//! Source: *Amazon S3 API Reference*, PutObject, GetObject, HeadObject, DeleteObject, ListObjectsV2.

use std::collections::VecDeque;
use std::fmt;
use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt as _};
use http::header::{CONTENT_LENGTH, CONTENT_RANGE, ETAG, LAST_MODIFIED};
use http::{HeaderMap, Method};
use object_store::path::Path;
use object_store::{
    Attributes, CopyOptions, Error, GetOptions, GetRange, GetResult, GetResultPayload, ListResult,
    MultipartUpload, ObjectMeta, ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload,
    PutResult, Result,
};
use ringwall_awsclient::http::HttpResponse;
use ringwall_awsclient::{CallError, Client, Element, ErrorKind, ObjectCall};

/// What the store is called in errors.
const NAME: &str = "S3";
/// Most bytes that one get answers: twice the largest file that the lake makes, which is the largest object that is read whole.
const MAX_ANSWER: usize = 512 << 20;
/// Deletions that go on at a time.
const DELETIONS: usize = 16;

/// A bucket.
#[derive(Clone, Debug)]
pub(crate) struct S3 {
    client: Client,
    bucket: String,
}

impl S3 {
    pub(crate) fn new(client: Client, bucket: &str) -> Self {
        Self { client, bucket: bucket.to_owned() }
    }

    fn call<'c>(&'c self, operation: &'static str, method: Method, path: &'c Path) -> ObjectCall<'c> {
        ObjectCall::new(operation, method, &self.bucket, path.as_ref())
    }

    /// A page of a listing, and where the next one begins.
    async fn page(
        &self,
        prefix: Option<&Path>,
        delimiter: bool,
        token: Option<&str>,
    ) -> Result<(ListResult, Option<String>)> {
        let prefix = prefix.filter(|prefix| !prefix.as_ref().is_empty()).map(|prefix| format!("{prefix}/"));
        let place = Path::from(prefix.as_deref().unwrap_or_default());
        let mut query = vec![("list-type", "2")];
        query.extend(prefix.as_deref().map(|prefix| ("prefix", prefix)));
        query.extend(delimiter.then_some(("delimiter", "/")));
        query.extend(token.map(|token| ("continuation-token", token)));
        let call = ObjectCall {
            query: &query,
            ..ObjectCall::new("s3:ListObjectsV2", Method::GET, &self.bucket, "")
        };
        let answer = self.client.object(call).await.map_err(|error| failure(&place, error))?;
        let answer = Element::parse(&answer.body).map_err(generic)?;
        let objects = answer
            .children
            .iter()
            .filter(|child| child.name == "Contents")
            .map(listed)
            .collect::<Result<_>>()?;
        let folders = answer.children.iter().filter(|child| child.name == "CommonPrefixes");
        let common_prefixes = folders
            .filter_map(|folder| folder.text_at(&["Prefix"]))
            .map(|prefix| Path::parse(prefix.trim_end_matches('/')).map_err(Error::from))
            .collect::<Result<_>>()?;
        let next = answer.text_at(&["NextContinuationToken"]).map(str::to_owned);
        Ok((ListResult { common_prefixes, objects }, next))
    }

    fn pages(&self, prefix: Option<&Path>, delimiter: bool) -> BoxStream<'static, Result<ListResult>> {
        let (store, prefix) = (self.clone(), prefix.cloned());
        let next = move |token: Option<Option<String>>| {
            let (store, prefix) = (store.clone(), prefix.clone());
            async move {
                let token = token?;
                match store.page(prefix.as_ref(), delimiter, token.as_deref()).await {
                    Ok((page, next)) => Some((Ok(page), next.map(Some))),
                    Err(error) => Some((Err(error), None)),
                }
            }
        };
        stream::unfold(Some(None), next).boxed()
    }
}

impl fmt::Display for S3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}", self.bucket)
    }
}

fn generic(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Generic { store: NAME, source: Box::new(error) }
}

fn no(operation: &str) -> Error {
    Error::NotImplemented { operation: operation.to_owned(), implementer: NAME.to_owned() }
}

/// Says it again without naming the object in its source, which the error names itself.
fn failure(path: &Path, error: CallError) -> Error {
    let path = path.to_string();
    let source = Box::new(Said(error.to_string()));
    match (error.status, error.kind) {
        (412, _) => Error::Precondition { path, source },
        (304, _) => Error::NotModified { path, source },
        (_, ErrorKind::NotFound) => Error::NotFound { path, source },
        (_, ErrorKind::Denied) => Error::PermissionDenied { path, source },
        (_, ErrorKind::NoCredentials | ErrorKind::Expired) => Error::Unauthenticated { path, source },
        _ => Error::Generic { store: NAME, source },
    }
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Said(String);

fn wrong(what: &str) -> Error {
    generic(Said(format!("the answer has no {what} that can be read")))
}

fn header(headers: &HeaderMap, name: http::HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

fn listed(contents: &Element) -> Result<ObjectMeta> {
    let text = |name: &'static str| contents.text_at(&[name]).ok_or_else(|| wrong(name));
    let time: jiff::Timestamp = text("LastModified")?.parse().map_err(|_| wrong("LastModified"))?;
    Ok(ObjectMeta {
        location: Path::parse(text("Key")?)?,
        last_modified: std::time::SystemTime::from(time).into(),
        size: text("Size")?.parse().map_err(|_| wrong("Size"))?,
        e_tag: contents.text_at(&["ETag"]).map(str::to_owned),
        version: None,
    })
}

fn described(path: &Path, headers: &HeaderMap, size: u64) -> Result<ObjectMeta> {
    let time = header(headers, LAST_MODIFIED).and_then(|date| jiff::fmt::rfc2822::parse(date).ok());
    let time = time.ok_or_else(|| wrong("Last-Modified"))?.timestamp();
    Ok(ObjectMeta {
        location: path.clone(),
        last_modified: std::time::SystemTime::from(time).into(),
        size,
        e_tag: header(headers, ETAG).map(str::to_owned),
        version: None,
    })
}

/// `bytes 0-99/1234`, RFC 9110, 14.4.
fn content_range(headers: &HeaderMap) -> Option<(Range<u64>, u64)> {
    let (range, size) = header(headers, CONTENT_RANGE)?.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    Some((first.parse().ok()?..last.parse::<u64>().ok()?.checked_add(1)?, size.parse().ok()?))
}

fn answered(path: &Path, answer: HttpResponse, head: bool) -> Result<GetResult> {
    let length = header(&answer.headers, CONTENT_LENGTH).and_then(|length| length.parse::<u64>().ok());
    let (range, size) = match content_range(&answer.headers) {
        Some(found) => found,
        None if head => (0..0, length.ok_or_else(|| wrong("Content-Length"))?),
        None => (0..answer.body.len() as u64, answer.body.len() as u64),
    };
    let meta = described(path, &answer.headers, size)?;
    let body = stream::once(std::future::ready(Ok(answer.body))).boxed();
    Ok(GetResult { payload: GetResultPayload::Stream(body), meta, range, attributes: Attributes::default() })
}

#[async_trait]
impl ObjectStore for S3 {
    async fn put_opts(&self, location: &Path, payload: PutPayload, opts: PutOptions) -> Result<PutResult> {
        let mut headers = vec![("content-type", "application/octet-stream".to_owned())];
        match opts.mode {
            PutMode::Overwrite => {}
            PutMode::Create => headers.push(("if-none-match", "*".to_owned())),
            PutMode::Update(version) => {
                headers.push(("if-match", version.e_tag.ok_or_else(|| no("put_opts without an ETag"))?));
            }
        }
        let is_create = headers.iter().any(|(name, _)| *name == "if-none-match");
        let body = Bytes::from(payload);
        let call = ObjectCall { headers, body, ..self.call("s3:PutObject", Method::PUT, location) };
        let answer = self.client.object(call).await.map_err(|error| match failure(location, error) {
            Error::Precondition { path, source } if is_create => Error::AlreadyExists { path, source },
            other => other,
        })?;
        Ok(PutResult { e_tag: header(&answer.headers, ETAG).map(str::to_owned), version: None })
    }

    async fn put_multipart_opts(&self, _: &Path, _: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        Err(no("put_multipart_opts"))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let GetOptions {
            if_match,
            if_none_match,
            if_modified_since,
            if_unmodified_since,
            range,
            version,
            head,
            ..
        } = options;
        if if_modified_since.is_some() || if_unmodified_since.is_some() || version.is_some() {
            return Err(no("get_opts with a time or a version"));
        }
        let mut headers = Vec::new();
        headers.extend(if_match.map(|tag| ("if-match", tag)));
        headers.extend(if_none_match.map(|tag| ("if-none-match", tag)));
        headers.extend(range.map(|range| ("range", range_text(&range))));
        let (operation, method) =
            if head { ("s3:HeadObject", Method::HEAD) } else { ("s3:GetObject", Method::GET) };
        let call = ObjectCall { headers, max_answer: MAX_ANSWER, ..self.call(operation, method, location) };
        let answer = self.client.object(call).await.map_err(|error| failure(location, error))?;
        answered(location, answer, head)
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let store = self.clone();
        let delete = move |path: Result<Path>| {
            let store = store.clone();
            async move {
                let path = path?;
                let call = store.call("s3:DeleteObject", Method::DELETE, &path);
                store.client.object(call).await.map_err(|error| failure(&path, error))?;
                Ok(path)
            }
        };
        locations.map(delete).buffered(DELETIONS).boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let objects = |page: Result<ListResult>| match page {
            Ok(page) => stream::iter(page.objects.into_iter().map(Ok).collect::<VecDeque<_>>()),
            Err(error) => stream::iter(VecDeque::from([Err(error)])),
        };
        self.pages(prefix, false).flat_map(objects).boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let mut all = ListResult { common_prefixes: Vec::new(), objects: Vec::new() };
        let mut pages = self.pages(prefix, true);
        while let Some(page) = pages.next().await {
            let page = page?;
            all.common_prefixes.extend(page.common_prefixes);
            all.objects.extend(page.objects);
        }
        Ok(all)
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        Err(no("copy_opts"))
    }
}

fn range_text(range: &GetRange) -> String {
    match range {
        GetRange::Bounded(range) => format!("bytes={}-{}", range.start, range.end.saturating_sub(1)),
        GetRange::Offset(first) => format!("bytes={first}-"),
        GetRange::Suffix(bytes) => format!("bytes=-{bytes}"),
    }
}
