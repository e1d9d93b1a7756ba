//! Routes of the file as axum's.

use axum::routing::MethodFilter;
use domain::config::Method;

/// What lets requests with this method through.
pub fn filter(method: Method) -> MethodFilter {
    match method {
        Method::Get => MethodFilter::GET,
        Method::Post => MethodFilter::POST,
        Method::Put => MethodFilter::PUT,
        Method::Patch => MethodFilter::PATCH,
        Method::Delete => MethodFilter::DELETE,
        Method::Options => MethodFilter::OPTIONS,
    }
}

/// What lets requests with any of these methods through.
pub fn any_of(first: Method, others: &[Method]) -> MethodFilter {
    others.iter().fold(filter(first), |all, method| all.or(filter(*method)))
}
