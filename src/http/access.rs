//! What is done around every request, whatever it asks: a name, headers for other origins, counting, and a line in the
//! log where one is wanted.

use super::State;
use super::answer::request_id;
use super::metrics::Asked;
use actix_web::Error;
use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web;
use std::time::Instant;

/// Where lines about requests go: the target of the log.
pub const ACCESS: &str = "access";

/// Counts a request as running as long as it is held, also where its client goes away.
struct Running<'s>(&'s State);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.metrics.running.dec();
    }
}

/// Names every request, lets pages of other origins read the answers, which are public, and keeps account.
pub(super) async fn account(
    state: web::Data<State>,
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let begun = Instant::now();
    state.metrics.running.inc();
    let _running = Running(&state);
    let id = request_id(request.headers());
    let mut response = next.call(request).await?;
    let headers = response.headers_mut();
    headers.insert(HeaderName::from_static("x-request-id"), id);
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("ETag, Last-Modified, Location, X-Request-Id"),
    );
    let asked = response.response().extensions().get().copied().unwrap_or(Asked("none"));
    let time = begun.elapsed();
    state.metrics.answered(asked, response.status().as_u16(), time);
    if tracing::enabled!(target: ACCESS, tracing::Level::INFO) {
        write_line(&response, asked, time.as_micros());
    }
    Ok(response)
}

/// A line about a request. Query strings are left out: they say what a client looks up.
fn write_line<B: MessageBody>(response: &ServiceResponse<B>, asked: Asked, micros: u128) {
    let request = response.request();
    let client = request.peer_addr().map(|address| address.ip().to_string());
    let bytes = match response.response().body().size() {
        BodySize::None => Some(0),
        BodySize::Sized(bytes) => Some(bytes),
        BodySize::Stream => None,
    };
    let id = response.headers().get("x-request-id").and_then(|id| id.to_str().ok());
    tracing::info!(
        target: ACCESS,
        client = client.as_deref().unwrap_or("-"),
        method = request.method().as_str(),
        path = request.path(),
        operation = asked.0,
        status = response.status().as_u16(),
        micros = u64::try_from(micros).unwrap_or(u64::MAX),
        bytes,
        id = id.unwrap_or("-"),
    );
}
