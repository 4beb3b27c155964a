//! Bodies of answers.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use hyper::body::{Frame, SizeHint};

/// A body: pieces that are there, then a stream.
pub struct Body {
    pieces: VecDeque<Bytes>,
    stream: Option<BoxStream<'static, Bytes>>,
}

impl Body {
    /// One piece.
    pub fn full(bytes: impl Into<Bytes>) -> Self {
        Self::pieces([bytes.into()])
    }

    /// Many pieces; a long list is never copied into one.
    pub fn pieces(pieces: impl IntoIterator<Item = Bytes>) -> Self {
        let pieces = pieces.into_iter().filter(|piece| !piece.is_empty()).collect();
        Self { pieces, stream: None }
    }

    /// A stream.
    pub fn stream(stream: impl futures::Stream<Item = Bytes> + Send + 'static) -> Self {
        Self { pieces: VecDeque::new(), stream: Some(stream.boxed()) }
    }
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(piece) = self.pieces.pop_front() {
            return Poll::Ready(Some(Ok(Frame::data(piece))));
        }
        match &mut self.stream {
            None => Poll::Ready(None),
            Some(stream) => {
                stream.as_mut().poll_next(cx).map(|item| item.map(|bytes| Ok(Frame::data(bytes))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.pieces.is_empty() && self.stream.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        match self.stream {
            Some(_) => SizeHint::default(),
            None => SizeHint::with_exact(self.pieces.iter().map(|piece| piece.len() as u64).sum()),
        }
    }
}
