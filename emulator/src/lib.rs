//! Ringback on one machine.
