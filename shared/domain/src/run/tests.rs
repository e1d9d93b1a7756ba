//! Tests of the run.

mod fixture;
mod transitions;
