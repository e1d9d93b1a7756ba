//! The SDK's clients, configured for calls that never leave the process.
//!
//! Requests aren't signed and no identity is looked up: nobody checks. Retries stay as the SDK has them, so that
//! throttling shows what it would in the cloud.

use aws_smithy_runtime_api::client::auth::{AuthSchemeId, AuthSchemePreference};

use super::connector::{Backend, InProcess};

/// Region of everything here; it only shows in logs.
const REGION: &str = "local";
/// Host that no request reaches.
const ENDPOINT: &str = "http://aws.local";
/// The SDK's name for not signing.
const NO_AUTH: AuthSchemeId = AuthSchemeId::new("noAuth");

pub(super) fn dynamodb<B: Backend>(connector: InProcess<B>) -> aws_sdk_dynamodb::Client {
    use aws_sdk_dynamodb::config::{BehaviorVersion, Builder, Region, StalledStreamProtectionConfig};
    let config = Builder::new()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static(REGION))
        .endpoint_url(ENDPOINT)
        .allow_no_auth()
        .auth_scheme_preference(AuthSchemePreference::from([NO_AUTH]))
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .http_client(connector)
        .build();
    aws_sdk_dynamodb::Client::from_conf(config)
}

pub(super) fn sqs<B: Backend>(connector: InProcess<B>) -> aws_sdk_sqs::Client {
    use aws_sdk_sqs::config::{BehaviorVersion, Builder, Region, StalledStreamProtectionConfig};
    let config = Builder::new()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static(REGION))
        .endpoint_url(ENDPOINT)
        .allow_no_auth()
        .auth_scheme_preference(AuthSchemePreference::from([NO_AUTH]))
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .http_client(connector)
        .build();
    aws_sdk_sqs::Client::from_conf(config)
}
