//! Against the parameters' double.

use super::of_file;
use crate::environment::Environment;
use crate::parameters::tests::service;
use crate::signed::Signed;
use domain::config::{EnvReference, load};
use serde_json::{Value, json};

/// What a file with these templates reads.
fn reads(templates: &[&str]) -> Vec<EnvReference> {
    let input: String = templates.iter().enumerate().map(|(n, t)| format!("\n        k{n}: {t}")).collect();
    load(&format!("workflow:\n  jobs:\n    - component: c\n      input:{input}\n"), "ringback.yml").env
}

/// A service that has these parameters and no others.
async fn having(parameters: Value) -> Signed {
    service(move |_, body| {
        let names = body["Names"].as_array().unwrap();
        let found =
            names.iter().filter_map(|name| Some(json!({"Name": name, "Value": parameters.get(name.as_str()?)?})));
        (200, json!({"Parameters": found.collect::<Vec<_>>()}))
    })
    .await
}

#[tokio::test]
async fn a_variable_goes_before_the_parameter_of_its_name() {
    let aws = having(json!({"/ringback/env/A": "parameter", "/ringback/env/B": "b"})).await;
    let reads = reads(&["${env.A}", "${env.B}", "${env.C | none}", "${env.B}"]);
    assert_eq!(reads.len(), 4);
    let set: Environment = [("A", "variable")].into_iter().collect();
    let env = of_file(&set, &aws, &reads, Some("/ringback/env/")).await.unwrap();
    assert_eq!(Value::Object(env), json!({"A": "variable", "B": "b"}));
}

#[tokio::test]
async fn what_has_no_value_anywhere_and_no_default_is_named() {
    let aws = having(json!({"/ringback/env/A": "the secret value"})).await;
    let reads = reads(&["${env.A}", "${env.MISSING}"]);
    let error = of_file(&Environment::default(), &aws, &reads, Some("/ringback/env")).await.unwrap_err().to_string();
    assert!(error.contains("/ringback/env/MISSING") && !error.contains("secret value"), "{error}");
}

#[tokio::test]
async fn without_a_path_nothing_is_asked_for() {
    let aws = service(|_, _| (500, json!({}))).await;
    let env = of_file(&Environment::default(), &aws, &reads(&["${env.A}"]), None).await.unwrap();
    assert!(env.is_empty());
}
