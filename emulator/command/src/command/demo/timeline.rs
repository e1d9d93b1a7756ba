//! The timeline: who said what to whom, and when.
//!
//! ```text
//!           you      gateway    service   A title
//!   +0.004s  ├─────────►│          │      a request, and what came back
//!   +0.310s  │          ╳          │      the gateway dies
//!   +0.312s  │                     │      and has no lifeline until it is back
//! ```

use super::paint::{Paint, Tone};
use std::time::Duration;

/// A line is at most so wide.
pub(super) const WIDTH: usize = 100;
/// From one lifeline to the next.
const GAP: usize = 11;
/// Where the texts begin.
const TEXT: usize = 40;

/// One of the three, from left to right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    You,
    Gateway,
    Service,
}

/// What a line shows between the lifelines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// The one speaks to the other, beside it.
    Arrow(Who, Who),
    /// Something happens within the gateway.
    Within,
    /// The gateway is killed.
    Death,
    /// The gateway is back.
    Return,
    /// A remark.
    Nothing,
}

/// Draws lines.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timeline {
    paint: Paint,
    gateway_lives: bool,
}

impl Timeline {
    pub(super) fn new(paint: Paint) -> Self {
        Self { paint, gateway_lives: true }
    }

    /// The names over the lifelines, and the scene's title.
    pub(super) fn heading(&self, title: &str) -> String {
        let names = format!("{:>13}{:>13}{:>11}", "you", "gateway", "service");
        format!("{}{}", self.paint.paint(Tone::Quiet, &format!("{names:<TEXT$}")), self.paint.paint(Tone::Title, title))
    }

    /// One line; `since` is the time since the scene began, and left out for a remark.
    pub(super) fn line(&mut self, since: Option<Duration>, mark: Mark, tone: Tone, text: &str) -> String {
        let time = since.map_or_else(String::new, |since| format!("+{:.3}s", since.as_secs_f64()));
        match mark {
            Mark::Death => self.gateway_lives = false,
            Mark::Return => self.gateway_lives = true,
            Mark::Arrow(..) | Mark::Within | Mark::Nothing => {}
        }
        let (time, lanes) = (self.paint.paint(Tone::Quiet, &format!("{time:>9}")), self.lanes(mark));
        let text = self.paint.paint(tone, &clipped(text, WIDTH - TEXT));
        format!("{time}  {lanes}      {text}")
    }

    fn lanes(&self, mark: Mark) -> String {
        let quiet = |text: &str| self.paint.paint(Tone::Quiet, text);
        let blank = " ".repeat(GAP - 1);
        let gateway = match mark {
            Mark::Death => self.paint.paint(Tone::Bad, "╳"),
            Mark::Return | Mark::Within => self.paint.paint(Tone::Good, "●"),
            Mark::Arrow(..) | Mark::Nothing if self.gateway_lives => quiet("│"),
            Mark::Arrow(..) | Mark::Nothing => " ".to_owned(),
        };
        let Mark::Arrow(from, to) = mark else {
            return format!("{}{blank}{gateway}{blank}{}", quiet("│"), quiet("│"));
        };
        let arrow = |text: String| self.paint.paint(Tone::Arrow, &text);
        let shaft = "─".repeat(GAP - 2);
        match (from, to) {
            (Who::You, _) => format!("{}{gateway}{blank}{}", arrow(format!("├{shaft}►")), quiet("│")),
            (_, Who::You) => format!("{}{}{blank}{}", quiet("│"), arrow(format!("◄{shaft}┤")), quiet("│")),
            (Who::Gateway, _) => format!("{}{blank}{}{}", quiet("│"), arrow(format!("├{shaft}►")), quiet("│")),
            (Who::Service, _) => format!("{}{blank}{gateway}{}", quiet("│"), arrow(format!("◄{shaft}┤"))),
        }
    }
}

fn clipped(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width - 1).collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests;
