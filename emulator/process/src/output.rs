//! What is kept of an output of any length: its beginning and its end.

use domain::bytes;
use serde_json::Value;
use std::collections::VecDeque;
use tokio::io::{AsyncRead, AsyncReadExt};

/// Keeps at most so many bytes, however many come.
#[derive(Debug)]
pub(super) struct HeadAndTail {
    half: usize,
    head: Vec<u8>,
    tail: VecDeque<u8>,
    left_out: u64,
}

impl HeadAndTail {
    pub(super) fn new(limit: u32) -> Self {
        let half = usize::try_from(limit / 2).unwrap_or(0).max(1);
        Self { half, head: Vec::new(), tail: VecDeque::new(), left_out: 0 }
    }

    fn push(&mut self, bytes: &[u8]) {
        let room = self.half - self.head.len();
        let (first, rest) = bytes.split_at(room.min(bytes.len()));
        self.head.extend_from_slice(first);
        // Of a long piece only the end can stay.
        let rest = match rest.len().checked_sub(self.half) {
            Some(over) => {
                self.left_out += over as u64;
                rest.get(over..).unwrap_or_default()
            }
            None => rest,
        };
        self.tail.extend(rest);
        let over = self.tail.len().saturating_sub(self.half);
        self.left_out += over as u64;
        self.tail.drain(..over);
    }

    /// Reads to the end, whatever comes, so that the writer never waits for us.
    pub(super) async fn fill(&mut self, from: impl AsyncRead) {
        let mut from = std::pin::pin!(from);
        let mut buffer = vec![0; 8192];
        while let Ok(count @ 1..) = from.read(&mut buffer).await {
            self.push(buffer.get(..count).unwrap_or_default());
        }
    }

    /// All of it as bytes where nothing was left out and it is no UTF-8; else as [`HeadAndTail::finish`] gives it.
    pub(super) fn finish_exactly(self) -> (Value, bool) {
        let whole = self.head.iter().chain(&self.tail).copied().collect::<Vec<_>>();
        if self.left_out == 0 && std::str::from_utf8(&whole).is_err() {
            return (bytes::value(None, &whole), false);
        }
        let (text, truncated) = self.finish();
        (text.into(), truncated)
    }

    /// As text; what is no UTF-8 is replaced. And whether something was left out.
    pub(super) fn finish(mut self) -> (String, bool) {
        if self.left_out == 0 {
            self.head.extend(self.tail);
            return (String::from_utf8_lossy(&self.head).into_owned(), false);
        }
        // A character that was cut in two is left out whole.
        let whole = self.head.utf8_chunks().last().map_or(0, |last| last.invalid().len());
        let kept = if whole < 4 { self.head.len() - whole } else { self.head.len() };
        let tail: Vec<u8> = self.tail.into();
        let begins = tail.iter().take(3).take_while(|byte| **byte & 0b1100_0000 == 0b1000_0000).count();
        let left_out = self.left_out + (self.head.len() - kept + begins) as u64;
        let head = String::from_utf8_lossy(self.head.get(..kept).unwrap_or_default());
        let tail = String::from_utf8_lossy(tail.get(begins..).unwrap_or_default());
        (format!("{head}\n[… {left_out} bytes left out …]\n{tail}"), true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(limit: u32, pieces: &[&[u8]]) -> HeadAndTail {
        let mut output = HeadAndTail::new(limit);
        pieces.iter().for_each(|piece| output.push(piece));
        output
    }

    fn kept(limit: u32, pieces: &[&[u8]]) -> (String, bool) {
        of(limit, pieces).finish()
    }

    #[test]
    fn short_outputs_stay_whole_and_of_long_ones_both_ends() {
        assert_eq!(kept(8, &[b"abc", b"defgh"]), ("abcdefgh".to_owned(), false));
        assert_eq!(kept(8, &[b"abc", b"defgh", b"ijk"]), ("abcd\n[… 3 bytes left out …]\nhijk".to_owned(), true));
        assert_eq!(kept(4, &["é€é".as_bytes(), b"xx"]).0, "é\n[… 5 bytes left out …]\nxx");
        assert_eq!(kept(4, &["a€é€".as_bytes()]).0, "a\n[… 8 bytes left out …]\n", "no half characters");
        assert_eq!(kept(4, &[b"\xff\xfe", b"ok"]), ("\u{fffd}\u{fffd}ok".to_owned(), false));
    }

    #[test]
    fn an_output_that_is_no_text_is_kept_as_bytes_where_it_is_whole() {
        let exactly = |pieces: &[&[u8]]| of(4, pieces).finish_exactly();
        assert_eq!(exactly(&[b"\xff\xfe", b"ok"]), (bytes::value(None, b"\xff\xfeok"), false));
        assert_eq!(exactly(&["é".as_bytes(), b"ok"]), ("éok".into(), false));
        assert!(exactly(&[b"\xff\xfe", b"okay"]).0.is_string());
    }

    proptest! {
        #[test]
        fn however_it_comes_the_ends_are_kept(text in "[a-z]{0,60}", cuts in prop::collection::vec(1..9_usize, 0..20)) {
            let mut output = HeadAndTail::new(10);
            let mut rest = text.as_bytes();
            for cut in cuts {
                let (piece, left) = rest.split_at(cut.min(rest.len()));
                output.push(piece);
                rest = left;
            }
            output.push(rest);
            let (kept, truncated) = output.finish();
            prop_assert_eq!(truncated, text.len() > 10);
            if truncated {
                prop_assert!(kept.starts_with(&text[..5]) && kept.ends_with(&text[text.len() - 5..]));
                let told = format!("[… {} bytes left out …]", text.len() - 10);
                prop_assert!(kept.contains(&told), "{}", kept);
            } else {
                prop_assert_eq!(kept, text);
            }
        }
    }
}
