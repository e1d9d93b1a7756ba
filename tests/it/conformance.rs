//! The scenarios against a deployment, and the store against every AWS that there is. What each stand-in does otherwise
//! than AWS is in docs/conformance.md.

mod deployment;
mod store;
