//! Tests of the judgement.

mod allowed;
mod spellings;
mod table;

use super::{Guard, Refusal, Target};

/// What is said of a URL where nothing is allowed.
fn verdict(url: &str) -> Result<Target, Refusal> {
    Guard::default().judge(url).map(|(_, target)| target)
}

/// The code of a refusal; `ok` where there is none.
fn code(url: &str) -> &'static str {
    verdict(url).map_or_else(|refusal| refusal.code(), |_| "ok")
}
