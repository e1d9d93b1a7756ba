use super::{Mark, TEXT, Timeline, Tone, WIDTH, Who};
use crate::command::demo::paint::Paint;
use std::time::Duration;

const AT: Option<Duration> = Some(Duration::from_millis(4));

fn drawn(marks: &[(Mark, &str)]) -> String {
    let mut timeline = Timeline::new(Paint::plain());
    let lines = marks.iter().map(|(mark, text)| timeline.line(AT, *mark, Tone::Good, text));
    lines.map(|line| format!("{}\n", line.trim_end())).collect()
}

#[test]
fn arrows_run_between_the_lifelines_and_a_dead_gateway_has_none() {
    let shown = drawn(&[
        (Mark::Arrow(Who::You, Who::Gateway), "asks"),
        (Mark::Arrow(Who::Gateway, Who::Service), "calls"),
        (Mark::Arrow(Who::Service, Who::Gateway), "calls back"),
        (Mark::Arrow(Who::Gateway, Who::You), "answers"),
        (Mark::Within, "thinks"),
        (Mark::Death, "dies"),
        (Mark::Nothing, "a silence"),
        (Mark::Return, "lives"),
        (Mark::Nothing, "a remark"),
    ]);
    let expected = "
  +0.004s  ├─────────►│          │      asks
  +0.004s  │          ├─────────►│      calls
  +0.004s  │          │◄─────────┤      calls back
  +0.004s  │◄─────────┤          │      answers
  +0.004s  │          ●          │      thinks
  +0.004s  │          ╳          │      dies
  +0.004s  │                     │      a silence
  +0.004s  │          ●          │      lives
  +0.004s  │          │          │      a remark
";
    assert_eq!(shown, expected.trim_start_matches('\n'));
}

#[test]
fn texts_stand_under_the_title_and_never_run_over_the_edge() {
    let mut timeline = Timeline::new(Paint::plain());
    let heading = timeline.heading("A title");
    let line = timeline.line(AT, Mark::Nothing, Tone::Plain, &"long ".repeat(40));
    let column = |line: &str, what: &str| line[..line.find(what).unwrap()].chars().count();
    assert_eq!(column(&heading, "A title"), TEXT);
    assert_eq!(column(&line, "long"), TEXT);
    assert_eq!(column(&heading, "you") + 1, column(&line, "│"));
    assert!(line.ends_with("long…"), "{line}");
    assert!(line.chars().count() <= WIDTH);
}

#[test]
fn colours_change_nothing_but_the_colour() {
    let marks =
        [Mark::Arrow(Who::You, Who::Gateway), Mark::Death, Mark::Arrow(Who::Service, Who::Gateway), Mark::Return];
    let (mut plain, mut coloured) = (Timeline::new(Paint::plain()), Timeline::new(Paint::coloured()));
    for mark in marks {
        let line = coloured.line(AT, mark, Tone::Bad, "text");
        assert!(line.contains("\x1b["));
        let bare: String =
            line.split("\x1b[").map(|part| part.split_once('m').map_or(part, |(_, rest)| rest)).collect();
        assert_eq!(bare, plain.line(AT, mark, Tone::Bad, "text"));
    }
}
