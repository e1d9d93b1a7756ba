//! Tests of the run.

mod fixture;
mod chapters;
mod order;
mod output;
mod transitions;
mod workflows;
mod legal;
mod world;
mod lively;
