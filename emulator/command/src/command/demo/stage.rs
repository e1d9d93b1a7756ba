//! What every scene is played with: the cast, the timeline, the clock, and the book of what was expected.

use super::gateway::Gateway;
use super::image_service::ImageService;
use super::paint::{Paint, Tone};
use super::place::Place;
use super::studio::{Habits, Manner, Seen, What};
use super::tally::Tally;
use super::timeline::{Mark, Timeline, Who};
use super::visitor::Visitor;
use super::{STEP, Unmet};
use crate::command::Failure;
use std::fmt::Display;
use std::io::Write;
use std::time::{Duration, Instant};

/// After each scene: time to read, and for anything that should not happen to happen.
const BREATH: Duration = Duration::from_millis(250);

/// The stage.
pub(super) struct Stage {
    pub(super) gateway: Gateway,
    pub(super) service: ImageService,
    pub(super) you: Visitor,
    pub(super) tally: Tally,
    pub(super) paint: Paint,
    timeline: Timeline,
    unheard: Vec<Seen>,
    scene: &'static str,
    began: Instant,
}

impl Stage {
    /// The image service runs; the gateway does not yet.
    pub(super) async fn open(place: &Place, paint: Paint) -> Result<Self, Failure> {
        let service = ImageService::start(0, Habits::on_stage()).await?;
        let gateway = Gateway::new(place, service.url());
        let you = Visitor::new(place.ports)?;
        let timeline = Timeline::new(paint);
        let (tally, scene, began) = (Tally::default(), "0: before the first", Instant::now());
        Ok(Self { gateway, service, you, tally, paint, timeline, unheard: Vec::new(), scene, began })
    }

    /// Nothing runs any more.
    pub(super) async fn close(&mut self) {
        self.gateway.close().await;
    }

    /// The title of the scene that is being played.
    pub(super) fn scene(&self) -> &'static str {
        self.scene
    }

    /// A scene begins; its times count from here.
    pub(super) fn enter(&mut self, title: &'static str, manner: Manner) {
        self.service.behave(manner);
        self.scene = title;
        say(&format!("\n{}", self.timeline.heading(title)));
        self.began = Instant::now();
    }

    /// A scene is over: nothing more may happen.
    pub(super) async fn leave(&mut self) -> Result<(), Unmet> {
        tokio::time::sleep(BREATH).await;
        let stray = self.unheard();
        self.expect("each job ran once: the service hears nothing more", stray.is_empty(), told(&stray))
    }

    /// Holds, or the demo has failed.
    pub(super) fn expect(&mut self, expected: &str, holds: bool, seen: impl Display) -> Result<(), Unmet> {
        if !holds {
            return Err(Unmet::new(expected, seen));
        }
        self.tally.checks += 1;
        Ok(())
    }

    /// What the service sees next of this sort. Two things may come in either order: what isn't wanted yet is kept.
    pub(super) async fn hear(&mut self, expected: &str, wanted: impl Fn(&What) -> bool) -> Result<Seen, Unmet> {
        if let Some(index) = self.unheard.iter().position(|seen| wanted(&seen.what)) {
            return Ok(self.unheard.remove(index));
        }
        let listening = async {
            while let Some(seen) = self.service.next_seen().await {
                if wanted(&seen.what) {
                    return Some(seen);
                }
                self.unheard.push(seen);
            }
            None
        };
        match tokio::time::timeout(STEP, listening).await {
            Ok(Some(seen)) => Ok(seen),
            Ok(None) => Err(Unmet::new(expected, "the image service has ended")),
            Err(_) => Err(Unmet::new(expected, format!("{} within {} s", told(&self.unheard), STEP.as_secs()))),
        }
    }

    /// What the service has seen and nobody has heard yet.
    pub(super) fn unheard(&mut self) -> Vec<Seen> {
        let mut seen = std::mem::take(&mut self.unheard);
        seen.extend(self.service.seen_meanwhile());
        seen
    }

    /// One line: who speaks to whom.
    pub(super) fn says(&mut self, at: Instant, from: Who, to: Who, tone: Tone, text: &str) {
        self.draw(Some(at), Mark::Arrow(from, to), tone, text);
    }

    /// One line: something within the gateway.
    pub(super) fn within(&mut self, at: Instant, text: &str) {
        self.draw(Some(at), Mark::Within, Tone::Plain, text);
    }

    /// One line without a time.
    pub(super) fn remark(&mut self, text: &str) {
        self.draw(None, Mark::Nothing, Tone::Quiet, text);
    }

    pub(super) fn draw(&mut self, at: Option<Instant>, mark: Mark, tone: Tone, text: &str) {
        let since = at.map(|at| at.saturating_duration_since(self.began));
        say(&self.timeline.line(since, mark, tone, text));
    }
}

/// Prints. That nobody reads on, as behind `| head`, is no reason to stop halfway.
pub(super) fn say(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// In words.
fn told(seen: &[Seen]) -> String {
    match seen {
        [] => "nothing".to_owned(),
        some => some.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
    }
}
