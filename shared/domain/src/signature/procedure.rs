//! What no template can say: one module for each provider that needs code.

pub(super) mod adyen;
pub(super) mod sns;
pub(super) mod twilio;
