//! An inbound request, read once. Its size is checked before anything is read, and nothing is parsed here.

mod peer;

use crate::problem::{Code, Problem};
use application::request::Raw;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{FromRequestParts, RawPathParams, Request};
use axum::http::{HeaderMap, header, request::Parts};
use futures_util::StreamExt;
use peer::connected;
use serde_json::{Map, Value};
use std::error::Error;
use std::io;

/// Waits until a request's body has come, of at most `limit` bytes: the same request, and reading it takes no more time.
///
/// # Errors
/// 408, 413, 415 or 503, in words.
pub async fn receive(request: Request, limit: usize) -> Result<Request, Problem> {
    let (parts, body) = request.into_parts();
    let bytes = received(&parts, body, limit).await?;
    Ok(Request::from_parts(parts, bytes.into()))
}

async fn received(parts: &Parts, body: Body, limit: usize) -> Result<Bytes, Problem> {
    refuse_encoding(&parts.headers)?;
    let announced = parts.headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(too_long(limit));
    }
    read_body(body, limit).await
}

/// Reads a request with at most `limit` bytes of body.
///
/// # Errors
/// 408, 413, 415 or 503, in words.
pub async fn read(request: Request, limit: usize) -> Result<Raw, Problem> {
    let (mut parts, body) = request.into_parts();
    let bytes = received(&parts, body, limit).await?;
    let (params, peer) = (path_params(&mut parts).await, connected(&parts));
    Ok(Raw::new(parts, params, bytes, peer))
}

/// Ends a body for which there is no memory: [`read_body`] answers with 503.
#[derive(Debug, thiserror::Error)]
#[error("other bodies take all the memory that they may")]
pub struct NoRoom;

/// Reads at most `limit` bytes of a body.
///
/// # Errors
/// 413 if it is longer; 408 if it didn't come in time, where that is bounded; 503 if it ended with [`NoRoom`]; 400 if it
/// broke off.
pub async fn read_body(body: Body, limit: usize) -> Result<Bytes, Problem> {
    // One piece of memory of the announced length, of which only what has come takes room; pieces would be copied.
    let announced = body.size_hint().exact().and_then(|length| usize::try_from(length).ok()).unwrap_or_default();
    let mut read = Vec::with_capacity(announced.min(limit));
    let mut pieces = body.into_data_stream();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|error| unread(&error))?;
        if piece.len() > limit - read.len() {
            return Err(too_long(limit));
        }
        read.extend_from_slice(&piece);
    }
    Ok(read.into())
}

/// The problem behind an error of a body.
fn unread(error: &axum::Error) -> Problem {
    let mut causes = std::iter::successors(Some(error as &(dyn Error + 'static)), |error| (*error).source());
    let is_late = |error: &io::Error| error.kind() == io::ErrorKind::TimedOut;
    if causes.clone().any(|error| error.downcast_ref().is_some_and(is_late)) {
        Problem::new(Code::RequestTimeout, "the body did not come in time; nothing has happened")
    } else if causes.any(is_no_room) {
        Problem::overloaded()
    } else {
        Problem::new(Code::MalformedBody, "the body broke off")
    }
}

/// An I/O error doesn't tell of what it is made of as its source.
fn is_no_room(error: &(dyn Error + 'static)) -> bool {
    let within = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    error.is::<NoRoom>() || within.is_some_and(|within| within.is::<NoRoom>())
}

fn too_long(limit: usize) -> Problem {
    Problem::new(Code::BodyTooLarge, format!("the body is longer than {limit} bytes; send less at once"))
}

/// A compressed body could unpack to any size, and no signature covers what comes out.
fn refuse_encoding(headers: &HeaderMap) -> Result<(), Problem> {
    let encoding = headers.get(header::CONTENT_ENCODING).map(|value| value.as_bytes());
    match encoding {
        None | Some(b"" | b"identity") => Ok(()),
        Some(_) => Err(Problem::new(Code::UnsupportedEncoding, "send the body without Content-Encoding")),
    }
}

async fn path_params(parts: &mut Parts) -> Value {
    match RawPathParams::from_request_parts(parts, &()).await {
        Ok(params) => params.iter().map(|(name, value)| (name.to_owned(), Value::String(value.to_owned()))).collect(),
        Err(_) => Value::Object(Map::new()),
    }
}

#[cfg(test)]
mod tests;
