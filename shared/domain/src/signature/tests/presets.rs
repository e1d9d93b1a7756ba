//! The presets as data: all can be read, none shadows another, and each that can sign is accepted by itself.

use super::*;
use crate::signature::preset::FILES;
use std::collections::BTreeSet;

#[test]
fn every_file_of_presets_can_be_read() {
    let mut count = 0;
    for file in FILES {
        count += serde_json::from_str::<Vec<Preset>>(file).unwrap().len();
    }
    assert_eq!(Preset::all().len(), count);
    assert!(count >= 55, "{count}");
}

#[test]
fn names_and_aliases_are_unambiguous_and_each_names_its_source() {
    let mut seen = BTreeSet::new();
    for preset in Preset::all() {
        for name in preset.names() {
            let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
            assert!(seen.insert(plain), "{name} is there twice");
        }
        assert!(preset.source().starts_with("https://"), "{}", preset.name());
        assert!(preset.covers().ends_with('.'), "{}", preset.name());
        assert!(!preset.schemes().is_empty());
        for fact in preset.facts() {
            assert!(facts::NAMES.contains(&fact), "{} derives `{fact}`", preset.name());
        }
    }
}

#[test]
fn the_presets_that_were_promised_are_there() {
    for name in [
        "github",
        "gitlab",
        "bitbucket",
        "bitbucket-server",
        "gitea",
        "gogs",
        "jira",
        "stripe",
        "slack",
        "shopify",
        "twilio",
        "sendgrid",
        "mailgun",
        "discord",
        "linear",
        "notion",
        "zoom",
        "meta",
        "whatsapp",
        "paypal",
        "square",
        "standard-webhooks",
        "svix",
        "clerk",
        "openai",
        "replicate",
        "resend",
        "fal",
        "elevenlabs",
        "assemblyai",
        "intercom",
        "hubspot",
        "hubspot-v1",
        "hubspot-v2",
        "hubspot-v3",
        "docusign",
        "zendesk",
        "typeform",
        "paddle",
        "adyen",
        "aws-sns",
        "vercel",
        "workos",
        "mux",
        "line",
        "gocardless",
        "razorpay",
        "circleci",
        "twitch",
        "woocommerce",
        "webflow",
        "chargebee",
        "postmark",
        "azure-devops",
        "calendly",
        "github-sha1",
        "gitlab-signing",
    ] {
        assert!(Preset::find(name).is_ok(), "{name}");
    }
}

#[test]
fn names_are_forgiving_and_a_slip_is_answered_with_the_nearest() {
    for name in ["GitHub", "git_hub", "STANDARD_WEBHOOKS", "standardwebhooks", "AWS SNS", "sns", "fal.ai"] {
        assert!(Preset::find(name).is_ok(), "{name}");
    }
    let error = Preset::find("strpe").unwrap_err();
    assert_eq!(error.nearest, Some("stripe"));
    assert_eq!(error.to_string(), "there is no provider `strpe`; did you mean `stripe`?");
    assert_eq!(Preset::find("nobody knows").unwrap_err().to_string(), "there is no provider `nobody knows`");
    assert!(Preset::find("").is_err());
}

/// A secret that each preset can read.
fn secret(preset: &Preset) -> Option<Secret> {
    let public = ["fal", "paypal", "discord", "sendgrid", "aws-sns"];
    match preset.name() {
        name if public.contains(&name) => None,
        "adyen" => Some(Secret::new("00ff00ff")),
        "standard-webhooks" | "gitlab-signing" => Some(Secret::new("whsec_c2VjcmV0IHNlY3JldA==")),
        _ => Some(Secret::new("user:pass")),
    }
}

/// What each of them signs with its own secret is genuine, and isn't with a byte changed in the body.
#[test]
fn every_preset_with_a_shared_secret_accepts_what_it_signs_and_nothing_else() {
    let now = at(1_700_000_000);
    let mut signed = 0;
    for preset in Preset::all() {
        let Some(secret) = secret(preset) else { continue };
        let scheme = preset.scheme_for(&secret).unwrap();
        let body = br#"{"webhookTimestamp": 1700000000000, "x": 1}"#.to_vec();
        let bare = Headers::default();
        let Ok(proof) = sign(scheme, &secret, &post(&bare, &body), "id-1", now) else {
            assert!(["mailgun", "assemblyai"].contains(&preset.name()), "{}", preset.name());
            continue;
        };
        signed += 1;
        let headers: Headers = proof.iter().map(|(name, value)| (name.to_uppercase(), value.as_str())).collect();
        let verifier = Verifier::preset(preset, std::slice::from_ref(&secret)).unwrap();
        let verified = verify(&verifier, &post(&headers, &body), now);
        assert!(verified.is_ok(), "{}: {verified:?}", preset.name());
        let token = matches!(scheme.spec().algorithm, Algorithm::Token | Algorithm::Basic);
        let changed = [body.as_slice(), b" "].concat();
        assert_eq!(verify(&verifier, &post(&headers, &changed), now).is_ok(), token, "{}", preset.name());
        let other = Verifier::preset(preset, &[other(&secret)]).unwrap();
        assert!(verify(&other, &post(&headers, &body), now).is_err(), "{}", preset.name());
        let both = [self::other(&secret), secret.clone()];
        let rotating = Verifier::preset(preset, &both).unwrap();
        assert_eq!(verify(&rotating, &post(&headers, &body), now).unwrap().secret, 1, "{}", preset.name());
        assert!(verify(&verifier, &post(&bare, &body), now).is_err(), "{}", preset.name());
    }
    assert!(signed > 45, "{signed}");
}

fn other(secret: &Secret) -> Secret {
    match secret.text() {
        "00ff00ff" => Secret::new("00ff00fe"),
        text if text.starts_with("whsec_") => Secret::new("whsec_c2VjcmV0IHNlY3JlZA=="),
        _ => Secret::new("user:pasz"),
    }
}

#[test]
fn an_empty_secret_can_not_be_configured_for_any() {
    for preset in Preset::all() {
        assert_eq!(Verifier::preset(preset, &[Secret::new("")]).unwrap_err(), KeyError::Empty, "{}", preset.name());
    }
    let error = Verifier::preset(preset("svix"), &[Secret::new("whsec_")]).unwrap_err();
    assert_eq!(error, KeyError::Empty);
    assert_eq!(Verifier::preset(preset("github"), &[]).unwrap_err(), KeyError::None);
    assert!(Verifier::preset(preset("github"), &[Secret::new("a"), Secret::new("")]).is_err());
}
