//! The SDK's clients, configured for calls that never leave the process.
//!
//! What only serves the way to the real service is left out: requests aren't signed and no identity is looked up,
//! the endpoint is one that stands, and the headers that tell AWS who calls aren't made. Retries stay as the SDK has
//! them, so that throttling shows what it would in the cloud.

use aws_runtime::{
    invocation_id::InvocationIdInterceptor, request_info::RequestInfoInterceptor,
    service_clock_skew::ServiceClockSkewInterceptor, user_agent::UserAgentInterceptor,
};
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        auth::{AuthSchemeId, AuthSchemeOption, AuthSchemeOptionsFuture},
        endpoint::EndpointFuture,
        interceptors::{
            Intercept, context::BeforeSerializationInterceptorContextRef, disable_interceptor, dyn_dispatch_hint,
        },
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::{config_bag::ConfigBag, endpoint::Endpoint};

use super::connector::{Backend, InProcess};

/// Region of everything here; it only shows in logs.
const REGION: &str = "local";
/// Host that no request reaches.
const ENDPOINT: &str = "http://aws.local";
/// The SDK's name for not signing.
const NO_AUTH: AuthSchemeId = AuthSchemeId::new("noAuth");
/// Why headers are left out; the SDK keeps it for its logs.
const NOBODY_READS: &str = "nobody reads it";

pub(super) fn dynamodb<B: Backend>(connector: InProcess<B>) -> aws_sdk_dynamodb::Client {
    use aws_sdk_dynamodb::config::{BehaviorVersion, Builder, Region, StalledStreamProtectionConfig};
    let config = Builder::new()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static(REGION))
        .endpoint_resolver(Here)
        .allow_no_auth()
        .auth_scheme_resolver(Unsigned)
        .interceptor(Bare)
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
        .endpoint_resolver(Here)
        .allow_no_auth()
        .auth_scheme_resolver(Unsigned)
        .interceptor(Bare)
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .http_client(connector)
        .build();
    aws_sdk_sqs::Client::from_conf(config)
}

/// The one endpoint, without going through AWS's rules for each request.
#[derive(Debug)]
struct Here;

impl Here {
    fn endpoint<'a>() -> EndpointFuture<'a> {
        EndpointFuture::ready(Ok(Endpoint::builder().url(ENDPOINT).build()))
    }
}

impl aws_sdk_dynamodb::config::endpoint::ResolveEndpoint for Here {
    fn resolve_endpoint<'a>(&'a self, _: &'a aws_sdk_dynamodb::config::endpoint::Params) -> EndpointFuture<'a> {
        Self::endpoint()
    }
}

impl aws_sdk_sqs::config::endpoint::ResolveEndpoint for Here {
    fn resolve_endpoint<'a>(&'a self, _: &'a aws_sdk_sqs::config::endpoint::Params) -> EndpointFuture<'a> {
        Self::endpoint()
    }
}

/// No request is signed.
#[derive(Debug)]
struct Unsigned;

impl Unsigned {
    fn schemes<'a>() -> AuthSchemeOptionsFuture<'a> {
        AuthSchemeOptionsFuture::ready(Ok(vec![AuthSchemeOption::from(NO_AUTH)]))
    }
}

impl aws_sdk_dynamodb::config::auth::ResolveAuthScheme for Unsigned {
    fn resolve_auth_scheme<'a>(
        &'a self,
        _: &'a aws_sdk_dynamodb::config::auth::Params,
        _: &'a ConfigBag,
        _: &'a RuntimeComponents,
    ) -> AuthSchemeOptionsFuture<'a> {
        Self::schemes()
    }
}

impl aws_sdk_sqs::config::auth::ResolveAuthScheme for Unsigned {
    fn resolve_auth_scheme<'a>(
        &'a self,
        _: &'a aws_sdk_sqs::config::auth::Params,
        _: &'a ConfigBag,
        _: &'a RuntimeComponents,
    ) -> AuthSchemeOptionsFuture<'a> {
        Self::schemes()
    }
}

/// Turns off what makes the headers that only AWS itself reads.
#[derive(Debug)]
struct Bare;

#[dyn_dispatch_hint]
impl Intercept for Bare {
    fn name(&self) -> &'static str {
        "Bare"
    }

    fn read_before_execution(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let state = cfg.interceptor_state();
        state.store_put(disable_interceptor::<UserAgentInterceptor>(NOBODY_READS));
        state.store_put(disable_interceptor::<InvocationIdInterceptor>(NOBODY_READS));
        state.store_put(disable_interceptor::<RequestInfoInterceptor>(NOBODY_READS));
        state.store_put(disable_interceptor::<ServiceClockSkewInterceptor>(NOBODY_READS));
        Ok(())
    }
}
