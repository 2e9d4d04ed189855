//! Receives the body of a request, and unpacks it, within limits: of bytes as they come, of bytes unpacked, of time.
//!
//! A few packed bytes may stand for gigabytes, so nothing is unpacked further than is read.

use super::Limits;
use crate::fhir::outcome::{Refusal, RefusalKind};
use actix_web::body::{BodyStream, MessageBody};
use actix_web::rt::time::timeout;
use actix_web::web::{self, Bytes, BytesMut};
use std::borrow::Cow;
use std::io::{self, Read, Write};
use std::pin::pin;

/// How a body is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    /// Not at all.
    Plain,
    /// `gzip`
    Gzip,
    /// `deflate`, which is zlib
    Deflate,
    /// `zstd`
    Zstd,
}

impl Packing {
    /// Reads a `Content-Encoding`.
    pub fn parse(encoding: Option<&str>) -> Result<Self, Refusal> {
        let encoding = encoding.unwrap_or("").trim().to_ascii_lowercase();
        match encoding.as_str() {
            "" | "identity" => Ok(Self::Plain),
            "gzip" => Ok(Self::Gzip),
            "deflate" => Ok(Self::Deflate),
            "zstd" => Ok(Self::Zstd),
            _ => {
                let text = format!("the Content-Encoding '{encoding}' is not read; send gzip, deflate, zstd or none");
                Err(Refusal::new(RefusalKind::UnsupportedMediaType, text))
            }
        }
    }
}

/// The bytes of a body as they are sent.
pub(super) async fn receive(payload: web::Payload, limits: &Limits) -> Result<Bytes, Refusal> {
    match timeout(limits.receive, all(payload, limits.request_bytes)).await {
        Ok(received) => received,
        Err(_) => {
            let seconds = limits.receive.as_secs_f64();
            let text = format!("the body took longer than {seconds} seconds to arrive; send less at once");
            Err(Refusal::new(RefusalKind::TooSlow, text))
        }
    }
}

async fn all(payload: web::Payload, limit: usize) -> Result<Bytes, Refusal> {
    let mut body = pin!(BodyStream::new(payload.into_inner()));
    let mut next = async || std::future::poll_fn(|context| body.as_mut().poll_next(context)).await;
    let mut whole = Bytes::new();
    let mut parts = BytesMut::new();
    while let Some(chunk) = next().await {
        let chunk = chunk.map_err(|error| {
            let text = format!("the body could not be received: {error}");
            Refusal::new(RefusalKind::Invalid, text)
        })?;
        if whole.len() + parts.len() + chunk.len() > limit {
            return Err(too_large(limit));
        }
        // Most bodies come in one piece, which need not be copied.
        if whole.is_empty() && parts.is_empty() {
            whole = chunk;
        } else {
            parts.extend_from_slice(&std::mem::take(&mut whole));
            parts.extend_from_slice(&chunk);
        }
    }
    Ok(if parts.is_empty() { whole } else { parts.freeze() })
}

fn too_large(limit: usize) -> Refusal {
    let text = format!("the body is larger than the {limit} bytes that are read; send less at once");
    Refusal::new(RefusalKind::TooLarge, text)
}

/// Memory that a packed body may ask for to be unpacked: 2 to the power of this many bytes.
const WINDOW: u32 = 23;

/// A body as it was before it was packed.
pub(super) fn unpack(packing: Packing, body: &[u8], limit: usize) -> Result<Cow<'_, [u8]>, Refusal> {
    if packing == Packing::Plain || body.is_empty() {
        return Ok(Cow::Borrowed(body));
    }
    let mut unpacked = Vec::new();
    let most = limit as u64 + 1;
    let read = match packing {
        Packing::Plain => Ok(0),
        Packing::Gzip => flate2::read::MultiGzDecoder::new(body).take(most).read_to_end(&mut unpacked),
        Packing::Deflate => flate2::read::ZlibDecoder::new(body).take(most).read_to_end(&mut unpacked),
        Packing::Zstd => zstd::stream::read::Decoder::with_buffer(body).and_then(|mut decoder| {
            decoder.window_log_max(WINDOW)?;
            decoder.take(most).read_to_end(&mut unpacked)
        }),
    };
    if let Err(error) = read {
        let text = format!("the body cannot be unpacked: {error}; it must be what its Content-Encoding says");
        return Err(Refusal::new(RefusalKind::Invalid, text));
    }
    if unpacked.len() > limit {
        return Err(too_large(limit));
    }
    Ok(Cow::Owned(unpacked))
}

/// Unpacks a body while it comes, a little at a time.
pub(super) enum Unpacking {
    Plain,
    Gzip(flate2::write::MultiGzDecoder<Vec<u8>>),
    Deflate(flate2::write::ZlibDecoder<Vec<u8>>),
    Zstd(Box<zstd::stream::write::Decoder<'static, Vec<u8>>>),
}

impl Unpacking {
    /// Nothing has come yet.
    pub fn new(packing: Packing) -> io::Result<Self> {
        Ok(match packing {
            Packing::Plain => Self::Plain,
            Packing::Gzip => Self::Gzip(flate2::write::MultiGzDecoder::new(Vec::new())),
            Packing::Deflate => Self::Deflate(flate2::write::ZlibDecoder::new(Vec::new())),
            Packing::Zstd => {
                let mut decoder = zstd::stream::write::Decoder::new(Vec::new())?;
                decoder.window_log_max(WINDOW)?;
                Self::Zstd(Box::new(decoder))
            }
        })
    }

    /// Bytes to feed at once, so that what they become is a megabyte at most: zstd may make 32,768 of one, deflate 1,032.
    pub fn piece(&self) -> usize {
        match self {
            Self::Plain => 64 << 10,
            Self::Gzip(_) | Self::Deflate(_) => 128,
            Self::Zstd(_) => 32,
        }
    }

    /// Hands what these bytes stand for to `take`, in pieces of about a megabyte at most, as long as it says to go on.
    pub fn feed(&mut self, packed: &[u8], mut take: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        if let Self::Plain = self {
            return take(packed);
        }
        for piece in packed.chunks(self.piece()) {
            let out = match self {
                Self::Plain => return take(packed),
                Self::Gzip(decoder) => {
                    decoder.write_all(piece)?;
                    decoder.get_mut()
                }
                Self::Deflate(decoder) => {
                    decoder.write_all(piece)?;
                    decoder.get_mut()
                }
                Self::Zstd(decoder) => {
                    decoder.write_all(piece)?;
                    decoder.get_mut()
                }
            };
            if !out.is_empty() {
                take(out)?;
                out.clear();
            }
        }
        Ok(())
    }

    /// What is left at the end; an error where the end is missing.
    pub fn finish(&mut self, mut take: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        let out = match self {
            Self::Plain => return Ok(()),
            Self::Gzip(decoder) => {
                decoder.try_finish()?;
                decoder.get_mut()
            }
            Self::Deflate(decoder) => {
                decoder.try_finish()?;
                decoder.get_mut()
            }
            Self::Zstd(decoder) => {
                decoder.flush()?;
                decoder.get_mut()
            }
        };
        take(out)?;
        out.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zlib(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn packed(bytes: &[u8]) -> [(Packing, Vec<u8>); 4] {
        [
            (Packing::Plain, bytes.to_vec()),
            (Packing::Gzip, gzip(bytes)),
            (Packing::Deflate, zlib(bytes)),
            (Packing::Zstd, zstd::encode_all(bytes, 19).unwrap()),
        ]
    }

    #[test]
    fn a_body_is_unpacked_whole_and_in_pieces_alike() {
        let text: Vec<u8> = (0..50_000u32).flat_map(|number| number.to_string().into_bytes()).collect();
        for (packing, packed) in packed(&text) {
            assert_eq!(unpack(packing, &packed, text.len()).unwrap(), text, "{packing:?}");
            let mut unpacking = Unpacking::new(packing).unwrap();
            let mut out = Vec::new();
            for chunk in packed.chunks(1_000) {
                unpacking.feed(chunk, |bytes| out.write_all(bytes)).unwrap();
            }
            unpacking.finish(|bytes| out.write_all(bytes)).unwrap();
            assert_eq!(out, text, "{packing:?}");
        }
    }

    #[test]
    fn little_that_stands_for_much_is_not_unpacked_past_the_limit() {
        let bomb = vec![b' '; 16 << 20];
        for (packing, packed) in packed(&bomb).into_iter().skip(1) {
            let refusal = unpack(packing, &packed, 1 << 20).unwrap_err();
            assert_eq!(refusal.kind, RefusalKind::TooLarge, "{packing:?}");
            let (mut most, mut taken) = (0, 0);
            let mut unpacking = Unpacking::new(packing).unwrap();
            let fed = unpacking.feed(&packed, |bytes| {
                most = most.max(bytes.len());
                taken += bytes.len();
                if taken > 1 << 20 {
                    return Err(io::Error::other("enough"));
                }
                Ok(())
            });
            assert!(fed.is_err() && most <= 2 << 20, "{packing:?}: {most}");
        }
    }

    #[test]
    fn what_is_not_packed_as_it_says_is_refused() {
        for (packing, packed) in packed(b"{\"resourceType\":\"Parameters\"}").into_iter().skip(1) {
            let cut = packed.get(..packed.len() / 2).unwrap();
            for bytes in [cut, b"{\"resourceType\":\"Parameters\"}"] {
                assert_eq!(
                    unpack(packing, bytes, 1_000).unwrap_err().kind,
                    RefusalKind::Invalid,
                    "{packing:?}"
                );
            }
        }
        assert!(Packing::parse(Some("br")).is_err());
        assert_eq!(Packing::parse(Some("GZIP")).unwrap(), Packing::Gzip);
    }
}
