//! What must hold of a scheme as a whole.

use super::{Algorithm, Part, Spec};

/// Says what is wrong with a scheme.
pub(super) fn check(spec: &Spec) -> Result<(), String> {
    let refuse = |wrong: bool, why: &str| if wrong { Err(format!("a scheme {why}")) } else { Ok(()) };
    let headers = !spec.header.0.is_empty();
    let places = [headers, spec.body_path.is_some(), spec.query.is_some()].iter().filter(|there| **there).count();
    let in_body = spec.procedure.is_some() && places == 0;
    let basic = spec.algorithm == Algorithm::Basic && places == 0;
    let names = [&spec.header, &spec.id_header, &spec.timestamp_header];
    let any = spec.header.0.iter().any(|name| name == "*");
    refuse(places != 1 && !in_body && !basic, "says where its signature is: one of `header`, `body_path` and `query`")?;
    refuse(names.iter().any(|names| names.0.iter().any(|name| !is_header(name))), "has a header whose name is none")?;
    refuse(any && spec.algorithm != Algorithm::Token, "can look in any header (`*`) only for a `token`")?;
    refuse(spec.query.is_some() && !spec.algorithm.compares(), "can have only a `token` in its `query`")?;
    refuse(spec.separator.as_deref() == Some(""), "needs something between its signatures: `separator` is empty")?;
    refuse(spec.numbered && spec.fields.is_some(), "can't have both `numbered` headers and `fields`")?;
    refuse(spec.fields.is_some() && !headers, "has `fields` in a header only")?;
    let constant = spec.procedure.is_none() && !spec.algorithm.compares() && spec.signed.is_constant();
    refuse(constant, "must sign something of the request: `signed` is always the same")?;
    let timestamps = [
        !spec.timestamp_header.0.is_empty(),
        spec.timestamp_path.is_some(),
        spec.fields.as_ref().is_some_and(|fields| fields.timestamp.is_some()),
    ];
    let timestamps = timestamps.iter().filter(|there| **there).count();
    refuse(timestamps > 1, "has its time in one place: `timestamp_header`, `timestamp_path` or `fields.timestamp`")?;
    refuse(timestamps == 0 && spec.signed.covers(&Part::Timestamp), "that signs {timestamp} says where the time is")?;
    refuse(timestamps == 0 && spec.tolerance.is_some(), "with a `tolerance` says where the time is")?;
    refuse(
        spec.timestamp_optional && spec.timestamp_path.is_none(),
        "can do without the time only if that is in the body",
    )?;
    refuse(spec.id_header.0.is_empty() && spec.signed.covers(&Part::Id), "that signs {id} says which `id_header`")?;
    // A time that the signature doesn't cover proves nothing.
    let covered = spec.signed.covers(&Part::Timestamp) || spec.timestamp_path.is_some();
    let judged = spec.tolerance.is_some() && !spec.algorithm.compares();
    refuse(judged && !covered, "with a `tolerance` must sign {timestamp}: else anybody can change the time")
}

/// A header's name (RFC 9110, section 5.6.2).
fn is_header(name: &str) -> bool {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(token)
}
