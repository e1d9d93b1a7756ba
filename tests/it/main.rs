//! Black-box tests of the whole, in one binary.

mod interleavings;
