//! The body of an answer that is written while it is sent: the next piece is made when the client has taken the one
//! before, on a thread that may take its time.

use crate::fhir::render_expansion::ExpansionPieces;
use actix_web::body::{BodySize, MessageBody};
use actix_web::error::BlockingError;
use actix_web::web::{self, Bytes};
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

type Making = Pin<Box<dyn Future<Output = Result<(Box<ExpansionPieces>, Option<Vec<u8>>), BlockingError>>>>;

/// The body.
pub(super) struct Pieces {
    /// Away while a piece is made, and at the end.
    pieces: Option<Box<ExpansionPieces>>,
    making: Option<Making>,
}

impl Pieces {
    pub fn new(pieces: Box<ExpansionPieces>) -> Self {
        Self {
            pieces: Some(pieces),
            making: None,
        }
    }
}

impl MessageBody for Pieces {
    type Error = io::Error;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, io::Error>>> {
        if let Some(mut pieces) = self.pieces.take() {
            self.making = Some(Box::pin(web::block(move || {
                let piece = pieces.next_piece();
                (pieces, piece)
            })));
        }
        let Some(making) = &mut self.making else {
            return Poll::Ready(None);
        };
        let Poll::Ready(made) = making.as_mut().poll(context) else {
            return Poll::Pending;
        };
        self.making = None;
        match made {
            Ok((pieces, Some(piece))) => {
                self.pieces = Some(pieces);
                Poll::Ready(Some(Ok(piece.into())))
            }
            Ok((_, None)) => Poll::Ready(None),
            // The client sees that the answer has no end.
            Err(_) => Poll::Ready(Some(Err(io::Error::other("the expansion could not be written to its end")))),
        }
    }
}
