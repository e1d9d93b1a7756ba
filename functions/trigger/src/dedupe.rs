//! The identity that a file chooses: `dedupe_by` of a trigger or a source.

use application::bulk::{kind_of, render};
use domain::expr::{Scope, Template};
use domain::source::Identity;
use domain::wait::{MAX_KEY, key_text};
use edge::problem::{Code, Problem};
use serde_json::Value;

/// The identity under the value of `dedupe_by`, where the file has one.
///
/// # Errors
/// 422 if the value can't be had, or is no key.
pub(crate) fn chosen(dedupe_by: Option<&Template>, identity: Identity, scope: &Scope<'_>) -> Result<Identity, Problem> {
    let Some(template) = dedupe_by else { return Ok(identity) };
    let value = render(template, scope, "dedupe_by")?;
    let text = key_text(&value).ok_or_else(|| {
        let gave = match &value {
            Value::String(text) if text.is_empty() => "an empty text".to_owned(),
            Value::String(text) => format!("a text of {} bytes", text.len()),
            other => kind_of(other).to_owned(),
        };
        let detail = format!("`dedupe_by` must give a number or a text of 1 to {MAX_KEY} bytes, and gave {gave}");
        Problem::new(Code::UnusableRequest, detail)
    })?;
    Ok(identity.chosen(text))
}
