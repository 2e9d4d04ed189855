//! `POST /map/{target}`: lines of local codes and names in, lines of answers out, while both last.
//!
//! Blocks of lines are mapped off the threads that read sockets. Nothing is read ahead of what the client takes, but
//! for a body whose length is known and moderate: clients that send everything before they read would wait for ever
//! otherwise. A stream in which nothing moves is ended, so that its room is free for others.
//!
//! What a line is and how it is answered is [`crate::mapper::bulk`]'s.

use super::State;
use super::answer::{Wanted, code, preflight, refused, text_header};
use super::metrics::Asked;
use super::negotiation::essence;
use super::receive::{Packing, Unpacking};
use crate::fhir::hint;
use crate::fhir::outcome::{Refusal, RefusalKind};
use crate::fhir::parameters::{ParameterError, Parameters};
use crate::fhir::query;
use crate::mapper::Acceptance;
use crate::mapper::bulk::{Bulk, BulkOptions, Line, Lines};
use crate::service::algorithmic;
use actix_web::body::{BodySize, BodyStream, BoxBody, MessageBody};
use actix_web::http::header;
use actix_web::web::{self, Bytes};
use actix_web::{HttpRequest, HttpResponse};
use std::cell::RefCell;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// The media type of the answers.
const NDJSON: &str = "application/x-ndjson";
/// Lines that are mapped together.
const BLOCK_LINES: usize = 1024;
/// Bytes of lines from which on a block is full.
const BLOCK_BYTES: usize = 1 << 20;
/// Bytes that are unpacked before others have their turn. The sockets of others are looked at only once in many turns, so
/// one must be short.
const UNPACKED_AT_ONCE: usize = 64 << 10;
/// A path of FHIR that has the methods that streams have: POST.
const BATCH: &str = "";
/// Parameters of the query string.
const NAMES: &[&str] = &["version", "candidates", "accept", "error-budget", "explain", "code-system"];

/// Answers a request.
pub(super) async fn map(request: HttpRequest, payload: web::Payload, state: web::Data<State>) -> HttpResponse {
    let mut response = match start(&request, payload, &state).await {
        Ok(answers) => HttpResponse::build(code(super::status::ANSWERED))
            .insert_header((header::CONTENT_TYPE, NDJSON))
            .body(answers),
        Err(refusal) => refused(&refusal, request.path(), &Wanted::plain(None, false)),
    };
    response.extensions_mut().insert(Asked("map"));
    response
}

/// Any other method.
pub(super) async fn other_method(request: HttpRequest) -> HttpResponse {
    if request.method() == actix_web::http::Method::OPTIONS {
        return preflight(BATCH);
    }
    let text = "this method is not offered here; POST lines of JSON";
    let wanted = Wanted {
        path: BATCH.to_owned(),
        ..Wanted::plain(None, false)
    };
    refused(&Refusal::new(RefusalKind::MethodNotAllowed, text), request.path(), &wanted)
}

/// What the query string asks for.
struct Settings {
    version: Option<String>,
    options: BulkOptions,
}

fn settings(query: &str, kept_bytes: usize) -> Result<Settings, Refusal> {
    let parameters = Parameters::from_query(query)?;
    parameters.check_names(|name| NAMES.contains(&name))?;
    let accept = Acceptance::of(share(&parameters, "accept")?, share(&parameters, "error-budget")?);
    let candidates = parameters.count("candidates")?.unwrap_or(0);
    let explain = parameters.boolean("explain")?.unwrap_or(false);
    Ok(Settings {
        version: parameters.text(&["version"])?,
        options: BulkOptions {
            ask: algorithmic::ask(candidates.max(1), accept, explain)?,
            candidates,
            code_system: parameters.text(&["code-system"])?,
            kept_bytes,
        },
    })
}

fn share(parameters: &Parameters, name: &str) -> Result<Option<f32>, ParameterError> {
    let share = parameters.text(&[name])?.map(|text| {
        text.parse::<f32>().map_err(|_| ParameterError::Invalid {
            name: name.into(),
            message: format!("'{name}' must be a number between 0 and 1, but '{text}' was given"),
        })
    });
    share.transpose()
}

fn check_content_type(request: &HttpRequest) -> Result<(), Refusal> {
    let essence = essence(text_header(request.headers(), &header::CONTENT_TYPE).unwrap_or_default());
    let known = [
        "",
        NDJSON,
        "application/ndjson",
        "application/jsonl",
        "application/json",
        "text/plain",
        // What curl says of whatever it sends.
        "application/x-www-form-urlencoded",
        "application/octet-stream",
    ];
    if known.contains(&essence.as_str()) {
        return Ok(());
    }
    let text = format!("the media type '{essence}' is not read; send {NDJSON}: one JSON object on each line");
    Err(Refusal::new(RefusalKind::UnsupportedMediaType, text))
}

async fn start(request: &HttpRequest, payload: web::Payload, state: &web::Data<State>) -> Result<Answers, Refusal> {
    check_content_type(request)?;
    let packing = Packing::parse(text_header(request.headers(), &header::CONTENT_ENCODING))?;
    // Memory for it is all that can be lacking.
    let unpacking = Unpacking::new(packing).map_err(|error| Refusal::new(RefusalKind::Busy, error.to_string()))?;
    let limits = &state.limits;
    let settings = settings(request.query_string(), limits.bulk_kept_bytes)?;
    let busy = || {
        Refusal::new(
            RefusalKind::Busy,
            "the server is busy with other streams; try again in a second",
        )
    };
    let permit = state.bulk_permit().ok_or_else(busy)?;
    // As it was sent: a URL as target has slashes that are encoded, or are not.
    let path = request.uri().path();
    let target = query::path_segment(path.strip_prefix("/map/").unwrap_or(path)).map_err(ParameterError::from)?;
    let terminology = state.terminology();
    // A mapper that is not there yet takes seconds to build.
    let prepare = move || {
        let mapper = algorithmic::mapper(&terminology, &target, settings.version.as_deref());
        mapper.map_err(|failure| hint::hinted(&terminology, failure.into()))
    };
    let prepared = web::block(prepare);
    let stopping = |_| Refusal::new(RefusalKind::Busy, "the server is stopping");
    let mapper = prepared.await.map_err(stopping)??;
    let length = text_header(request.headers(), &header::CONTENT_LENGTH).and_then(|text| text.parse::<usize>().ok());
    let whole = length.is_some_and(|length| length <= limits.bulk_body_bytes);
    let stream = Stream {
        body: BodyStream::new(payload.into_inner()).boxed(),
        unpacking,
        packed: Bytes::new(),
        lines: Lines::new(limits.bulk_line_bytes),
        bulk: Some(Bulk::new(mapper, settings.options, limits.bulk_line_bytes)),
        mapping: None,
        fault: None,
        finished: false,
        received: 0,
        whole,
        _permit: permit,
    };
    let answers = Answers::new(stream);
    actix_web::rt::spawn(end_when_idle(Rc::clone(&answers.shared), limits.bulk_idle));
    Ok(answers)
}

type Mapping = Pin<Box<dyn Future<Output = Result<(Bulk, Vec<u8>), actix_web::error::BlockingError>>>>;

/// A stream at work.
struct Stream {
    body: BoxBody,
    unpacking: Unpacking,
    /// What has come and is not unpacked yet.
    packed: Bytes,
    lines: Lines,
    /// Away while a block is mapped.
    bulk: Option<Bulk>,
    mapping: Option<Mapping>,
    /// Why the body ended before its end.
    fault: Option<String>,
    finished: bool,
    /// Bytes of the body so far.
    received: u64,
    /// The body is received before anything is answered.
    whole: bool,
    _permit: Arc<()>,
}

impl Stream {
    /// The next answers; an error where the stream cannot go on.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, io::Error>>> {
        let mut unpacked = 0;
        loop {
            if let Some(mapping) = &mut self.mapping {
                let Poll::Ready(mapped) = mapping.as_mut().poll(context) else {
                    return Poll::Pending;
                };
                self.mapping = None;
                let Ok((bulk, answers)) = mapped else {
                    return Poll::Ready(Some(Err(io::Error::other("the mapper failed on these lines"))));
                };
                self.bulk = Some(bulk);
                return Poll::Ready(Some(Ok(answers.into())));
            }
            let full = self.lines.waiting() >= BLOCK_LINES || self.lines.waiting_bytes() >= BLOCK_BYTES;
            let may_map = self.finished || !self.whole;
            if self.lines.waiting() > 0 && may_map && (full || self.finished) {
                self.map();
                continue;
            }
            if self.finished {
                return Poll::Ready(self.fault.take().map(|fault| Ok(self.unfinished(&fault))));
            }
            if !self.packed.is_empty() {
                if unpacked > UNPACKED_AT_ONCE {
                    // Others want to be served, too.
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
                unpacked += self.unpack();
                continue;
            }
            match Pin::new(&mut self.body).poll_next(context) {
                Poll::Ready(Some(Ok(bytes))) => {
                    self.received += bytes.len() as u64;
                    self.packed = bytes;
                }
                Poll::Ready(Some(Err(error))) => {
                    self.fault = Some(error.to_string());
                    self.finished = true;
                }
                Poll::Ready(None) => {
                    let lines = &mut self.lines;
                    let rest = self.unpacking.finish(|bytes| {
                        lines.feed(bytes);
                        Ok(())
                    });
                    match rest {
                        Ok(()) => self.lines.finish(),
                        Err(error) => self.fault = Some(format!("it cannot be unpacked: {error}")),
                    }
                    self.finished = true;
                }
                // Whoever sends line by line waits for the answers to them.
                Poll::Pending if may_map && self.lines.waiting() > 0 => self.map(),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Unpacks a little of what has come; how many bytes it became.
    fn unpack(&mut self) -> usize {
        let piece = self.packed.split_to(self.unpacking.piece().min(self.packed.len()));
        let (lines, mut unpacked) = (&mut self.lines, 0);
        let fed = self.unpacking.feed(&piece, |bytes| {
            unpacked += bytes.len();
            lines.feed(bytes);
            Ok(())
        });
        if let Err(error) = fed {
            self.fault = Some(format!("it cannot be unpacked: {error}"));
            self.finished = true;
            self.packed.clear();
        }
        unpacked
    }

    /// Hands a block to a thread that may take its time.
    fn map(&mut self) {
        let Some(mut bulk) = self.bulk.take() else { return };
        let lines: Vec<Line> = self.lines.take(BLOCK_LINES);
        self.mapping = Some(Box::pin(web::block(move || {
            let answers = bulk.answer(&lines);
            (bulk, answers)
        })));
    }

    /// The answer to what did not arrive.
    fn unfinished(&self, fault: &str) -> Bytes {
        let line = self.lines.current();
        let reason = format!("line {line}: the body could not be received: {fault}");
        let answer = serde_json::json!({"line": line, "status": "invalid", "reason": reason});
        Bytes::from(format!("{answer}\n"))
    }
}

/// A stream, how far it is (answers given, bytes received), and whom to wake when it is ended.
struct Shared {
    stream: Option<Stream>,
    progress: (u64, u64),
    waker: Option<Waker>,
}

/// The body of the answer.
struct Answers {
    shared: Rc<RefCell<Shared>>,
}

impl Answers {
    fn new(stream: Stream) -> Self {
        let shared = Shared {
            stream: Some(stream),
            progress: (0, 0),
            waker: None,
        };
        Self {
            shared: Rc::new(RefCell::new(shared)),
        }
    }
}

impl Drop for Answers {
    fn drop(&mut self) {
        // The client is gone, or has all of it: the room is free at once, not when the watch looks next.
        self.shared.borrow_mut().stream = None;
    }
}

impl MessageBody for Answers {
    type Error = io::Error;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, io::Error>>> {
        let mut shared = self.shared.borrow_mut();
        let Some(stream) = &mut shared.stream else {
            let text = "nothing was sent or taken for too long";
            return Poll::Ready(Some(Err(io::Error::new(io::ErrorKind::TimedOut, text))));
        };
        let polled = stream.poll(context);
        shared.progress.1 = stream.received;
        match &polled {
            Poll::Pending => shared.waker = Some(context.waker().clone()),
            Poll::Ready(_) => shared.progress.0 += 1,
        }
        polled
    }
}

/// Ends a stream in which nothing moves.
async fn end_when_idle(shared: Rc<RefCell<Shared>>, idle: Duration) {
    let mut watch = Watch::default();
    loop {
        actix_web::rt::time::sleep(idle).await;
        if watch.look(&mut shared.borrow_mut()) {
            return;
        }
    }
}

/// How far a stream was at the last look. It knows no clock: when to look is its caller's.
#[derive(Default)]
struct Watch {
    seen: Option<(u64, u64)>,
}

impl Watch {
    /// Ends the stream if nothing has moved since the last look; whether it is over.
    fn look(&mut self, shared: &mut Shared) -> bool {
        if shared.stream.is_some() && self.seen.replace(shared.progress) != Some(shared.progress) {
            return false;
        }
        shared.stream = None;
        if let Some(waker) = shared.waker.take() {
            waker.wake();
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapper::Ask;
    use crate::service::{Resource, Terminology};
    use std::cell::Cell;

    /// A body that counts what is taken of it.
    struct Counted {
        taken: Rc<Cell<usize>>,
        chunks: usize,
    }

    impl MessageBody for Counted {
        type Error = io::Error;

        fn size(&self) -> BodySize {
            BodySize::Stream
        }

        fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, io::Error>>> {
            if self.taken.get() == self.chunks {
                return Poll::Ready(None);
            }
            self.taken.set(self.taken.get() + 1);
            Poll::Ready(Some(Ok(Bytes::from("{\"name\":\"Dog\"}\n".repeat(100)))))
        }
    }

    fn answers(chunks: usize) -> (Answers, Rc<Cell<usize>>, Arc<()>) {
        let animals = r#"{"resourceType":"CodeSystem","url":"http://example.org/animals","content":"complete","concept":[{"code":"dog","display":"Dog"}]}"#;
        let terminology = Terminology::of_resources(vec![Resource::parse(animals).unwrap()]);
        let mapper = algorithmic::mapper(&terminology, "http://example.org/animals", None).unwrap();
        let options = BulkOptions {
            ask: Ask::default(),
            candidates: 0,
            code_system: None,
            kept_bytes: 1 << 20,
        };
        let (taken, permit) = (Rc::new(Cell::new(0)), Arc::new(()));
        let body = Counted {
            taken: Rc::clone(&taken),
            chunks,
        };
        let stream = Stream {
            body: body.boxed(),
            unpacking: Unpacking::Plain,
            packed: Bytes::new(),
            lines: Lines::new(100),
            bulk: Some(Bulk::new(mapper, options, 100)),
            mapping: None,
            fault: None,
            finished: false,
            received: 0,
            whole: false,
            _permit: Arc::clone(&permit),
        };
        (Answers::new(stream), taken, permit)
    }

    async fn next(answers: &mut Answers) -> Option<Result<Bytes, io::Error>> {
        std::future::poll_fn(|context| Pin::new(&mut *answers).poll_next(context)).await
    }

    #[actix_web::test]
    async fn no_more_is_taken_than_the_client_reads() {
        let (mut answers, taken, _) = answers(1000);
        let block = BLOCK_LINES / 100 + 1;
        for read in 1..=3 {
            let bytes = next(&mut answers).await.unwrap().unwrap();
            assert_eq!(bytes.split(|byte| *byte == b'\n').count() - 1, BLOCK_LINES);
            assert!(taken.get() <= read * block, "{} chunks after {read} blocks", taken.get());
        }
    }

    #[actix_web::test]
    async fn a_whole_stream_has_an_answer_for_each_line() {
        let (mut answers, _, _) = answers(25);
        let mut lines = 0;
        while let Some(bytes) = next(&mut answers).await {
            let text = String::from_utf8(bytes.unwrap().to_vec()).unwrap();
            assert!(text.lines().all(|line| line.contains(r#""target_code":"dog""#)), "{text}");
            lines += text.lines().count();
        }
        assert_eq!(lines, 2500);
    }

    #[actix_web::test]
    async fn little_that_stands_for_much_gives_others_their_turn() {
        let packed = zstd::encode_all(&vec![b' '; 64 << 20][..], 19).unwrap();
        let (mut answers, _, _) = answers(0);
        {
            let mut shared = answers.shared.borrow_mut();
            let stream = shared.stream.as_mut().unwrap();
            stream.unpacking = Unpacking::new(Packing::Zstd).unwrap();
            stream.packed = packed.into();
        }
        let mut turns = 0;
        std::future::poll_fn(|context| {
            turns += 1;
            Pin::new(&mut answers).poll_next(context).map(|_| ())
        })
        .await;
        // At most a piece more than the bytes of a turn are unpacked in one.
        assert!(turns >= 32, "{turns}");
    }

    #[actix_web::test]
    async fn a_stream_in_which_nothing_moves_gives_its_room_back() {
        let (mut answers, _, permit) = answers(1000);
        let (shared, mut watch) = (Rc::clone(&answers.shared), Watch::default());
        let mut look = || watch.look(&mut shared.borrow_mut());
        assert!(!look(), "nothing was seen before");
        next(&mut answers).await.unwrap().unwrap();
        assert!(!look(), "something has moved");
        assert_eq!(Arc::strong_count(&permit), 2);
        assert!(look());
        assert_eq!(Arc::strong_count(&permit), 1);
        assert!(look(), "it is over");
        let error = next(&mut answers).await.unwrap().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[actix_web::test]
    async fn a_client_that_goes_frees_the_room_at_once() {
        let (answers, _, permit) = answers(1000);
        assert_eq!(Arc::strong_count(&permit), 2);
        drop(answers);
        assert_eq!(Arc::strong_count(&permit), 1);
    }
}
