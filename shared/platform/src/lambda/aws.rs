//! How a function reaches AWS: in the region and with the credentials that Lambda puts into its environment
//! (<https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>).
//!
//! The SDK's own search also looks into files, containers and networks. A function finds nothing there, and would carry and
//! set up at each cold start what looks.

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;

/// Those of the environment; another service than the region's own where `AWS_ENDPOINT_URL` names one.
pub(super) fn config(variable: impl Fn(&str) -> Option<String>) -> SdkConfig {
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(crate::http_client())
        .credentials_provider(SharedCredentialsProvider::new(EnvironmentVariableCredentialsProvider::new()));
    config.set_region(variable("AWS_REGION").map(Region::new)).set_endpoint_url(variable("AWS_ENDPOINT_URL"));
    config.build()
}

#[cfg(test)]
mod tests {
    use super::config;
    use aws_config::Region;

    #[test]
    fn the_region_is_the_functions_own_and_an_endpoint_only_what_is_set() {
        let set = config(|name| match name {
            "AWS_REGION" => Some("eu-west-1".to_owned()),
            "AWS_ENDPOINT_URL" => Some("http://127.0.0.1:1".to_owned()),
            _ => None,
        });
        assert_eq!(set.region(), Some(&Region::from_static("eu-west-1")));
        assert_eq!(set.endpoint_url(), Some("http://127.0.0.1:1"));
        assert!(config(|_| None).endpoint_url().is_none());
    }
}
