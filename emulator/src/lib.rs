//! Ringback on one machine.

pub mod aws;
