//! A source between the API's JSON, the table and the file's reader.

use domain::config::load_stored_source;
use domain::source::Source;
use platform::secret::KeyRing;
use platform::store::{ConfigEntry, ConfigKind};
use serde_json::{Map, Value};

/// The fields of a source that are secret.
pub const SECRETS: [&str; 3] = ["secret", "token", "verify_token"];

/// Makes a source of its entry, and says which targets it names.
///
/// # Errors
/// In words, for the log.
pub fn read_entry(entry: &ConfigEntry, keys: &KeyRing) -> Result<(Source, Vec<String>), String> {
    let mut secrets = Vec::new();
    for (field, sealed) in &entry.secrets {
        let name = ConfigEntry::seal_name(ConfigKind::Source, &entry.name, field);
        let mut texts = Vec::new();
        for sealed in sealed {
            let opened = keys.open(sealed, &name).map_err(|error| error.to_string())?;
            texts.push(String::from_utf8(opened.to_vec()).map_err(|_| format!("`{field}` is no text"))?);
        }
        secrets.push((field.clone(), texts));
    }
    let content = entry.content.as_object().ok_or("it is no object")?;
    load_stored_source(&entry.name, &fields_with_secrets(content, &secrets)).map_err(|errors| errors.join("; "))
}

/// The fields as the file's reader takes them: secrets that come through the API are what they are, and no templates.
pub fn fields_with_secrets(content: &Map<String, Value>, secrets: &[(String, Vec<String>)]) -> Value {
    let mut fields = content.clone();
    for (field, texts) in secrets {
        let literal = |text: &String| Value::String(text.replace("${", "$${"));
        let value = match texts.as_slice() {
            [only] => literal(only),
            several => several.iter().map(literal).collect(),
        };
        fields.insert(field.clone(), value);
    }
    Value::Object(fields)
}
