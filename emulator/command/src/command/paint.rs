//! Colours, where somebody looks who wants them.

use platform::environment::Environment;
use std::io::IsTerminal;

/// Whether to colour.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paint(bool);

/// What a text is to the reader. The numbers are ANSI's (ECMA-48, 8.3.117).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Plain,
    Title,
    Quiet,
    Arrow,
    Good,
    Odd,
    Bad,
}

impl Paint {
    /// On a terminal, unless `NO_COLOR` is set to something (<https://no-color.org>).
    pub(crate) fn for_stdout(environment: &Environment) -> Self {
        let refused = environment.get("NO_COLOR").is_some();
        let dumb = environment.get("TERM") == Some("dumb");
        Self(std::io::stdout().is_terminal() && !refused && !dumb)
    }

    /// Never.
    #[cfg(test)]
    pub(crate) fn plain() -> Self {
        Self(false)
    }

    /// Always.
    #[cfg(test)]
    pub(crate) fn coloured() -> Self {
        Self(true)
    }

    pub(crate) fn paint(self, tone: Tone, text: &str) -> String {
        let code = match tone {
            Tone::Plain => return text.to_owned(),
            Tone::Title => "1",
            Tone::Quiet => "2",
            Tone::Arrow => "36",
            Tone::Good => "32",
            Tone::Odd => "33",
            Tone::Bad => "1;31",
        };
        if self.0 && !text.is_empty() { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}
