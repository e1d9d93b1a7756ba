//! Tests of the run.

mod fixture;
mod chapters;
mod request;
mod stored;
mod output;
mod order;
mod program;
mod blocks;
mod before;
mod failure;
mod keys;
mod kept;
mod publish;
mod waiting;
mod workers;
mod unwritten;
mod transitions;
mod workflows;
mod legal;
mod world;
mod lively;
