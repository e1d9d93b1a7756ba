//! Tests of the run.

mod fixture;
mod legal;
mod lively;
mod transitions;
mod workflows;
mod world;
