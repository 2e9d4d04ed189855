//! PATCH: changes to a resource instead of a new one, as a JSON Patch (RFC 6902) or as a FHIRPath Patch.
//!
//! A patch is applied to the resource as it is read, and what comes out is written like any other: it is validated, and
//! nothing is changed where an operation of the patch cannot be done. A short patch must not make much of a resource, nor
//! nest it deeply, nor hold up others who want to write: memory and depth are bounded, and the work asks whether to stop.
//! XML Patch (RFC 5261) is not read.

mod json_patch;
mod path;
mod path_patch;
#[cfg(test)]
mod tests;

use super::FhirVersion;
use super::outcome::Refusal;
use super::parameters::ParameterError;
use crate::stop::Stop;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

/// The media type of a JSON Patch.
pub const JSON_PATCH: &str = "application/json-patch+json";

/// As deep as a resource may become: as deep as XML may be, and a little less than JSON that is read again.
const DEEPEST: usize = 120;

/// Applies a patch, in whichever form it is, to a resource.
pub fn apply(patch: &Value, resource: Value, version: FhirVersion, stop: &Stop) -> Result<Value, Refusal> {
    match patch {
        Value::Array(operations) => json_patch::apply(operations, resource, stop),
        Value::Object(object) => match object.get("resourceType").and_then(Value::as_str) {
            Some("Parameters") => path_patch::apply(patch, resource, version, stop),
            Some("Binary") => apply(&unpacked(patch)?, resource, version, stop),
            other => {
                let text = format!(
                    "a patch cannot be a resource of type '{}'; {FORMS}",
                    other.unwrap_or("(none)")
                );
                Err(malformed("Patch", text))
            }
        },
        _ => Err(malformed("Patch", format!("this is none; {FORMS}"))),
    }
}

const FORMS: &str = "send a JSON Patch (application/json-patch+json) or a Parameters resource with a FHIRPath Patch";

fn malformed(place: &str, message: String) -> Refusal {
    let place = place.to_owned();
    ParameterError::Malformed { place, message }.into()
}

/// The JSON Patch in the Binary by which a Bundle carries one.
fn unpacked(binary: &Value) -> Result<Value, Refusal> {
    let text = |name: &str| binary.get(name).and_then(Value::as_str).unwrap_or_default();
    let essence = text("contentType").split(';').next().unwrap_or_default().trim();
    if essence != JSON_PATCH {
        return Err(malformed(
            "Binary.contentType",
            format!("must be {JSON_PATCH}, but it is '{essence}'"),
        ));
    }
    let mut data = text("data").to_owned();
    // Blanks between lines are passed over.
    data.retain(|letter| !letter.is_ascii_whitespace());
    let bytes = BASE64_STANDARD.decode(data);
    let bytes = bytes.map_err(|error| malformed("Binary.data", format!("is not base64: {error}")))?;
    let patch: Value =
        serde_json::from_slice(&bytes).map_err(|error| malformed("Binary.data", format!("is no JSON: {error}")))?;
    match patch {
        Value::Array(_) => Ok(patch),
        _ => Err(malformed("Binary.data", "must be a JSON Patch, which is an array".into())),
    }
}

/// How many arrays and objects a value has inside each other.
fn levels(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(levels).max().unwrap_or(0),
        Value::Object(object) => 1 + object.values().map(levels).max().unwrap_or(0),
        _ => 0,
    }
}
