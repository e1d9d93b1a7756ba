//! How a function reaches AWS: in the region and with the credentials that Lambda puts into its environment
//! (<https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>).
//!
//! The SDK's own search also looks into files, containers and networks. A function finds nothing there, and would carry and
//! set up at each cold start what looks.

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use platform::environment::Environment;

/// Those of the environment; another service than the region's own where `AWS_ENDPOINT_URL` names one.
pub(super) fn config(environment: &Environment) -> SdkConfig {
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(platform::http_client())
        .credentials_provider(SharedCredentialsProvider::new(EnvironmentVariableCredentialsProvider::new()));
    config
        .set_region(environment.text("AWS_REGION").map(Region::new))
        .set_endpoint_url(environment.text("AWS_ENDPOINT_URL"));
    config.build()
}

#[cfg(test)]
mod tests {
    use super::{Environment, config};
    use aws_config::Region;

    #[test]
    fn the_region_is_the_functions_own_and_an_endpoint_only_what_is_set() {
        let set = [("AWS_REGION", "eu-west-1"), ("AWS_ENDPOINT_URL", "http://127.0.0.1:1")].into_iter().collect();
        let set = config(&set);
        assert_eq!(set.region(), Some(&Region::from_static("eu-west-1")));
        assert_eq!(set.endpoint_url(), Some("http://127.0.0.1:1"));
        assert!(config(&Environment::default()).endpoint_url().is_none());
    }
}
