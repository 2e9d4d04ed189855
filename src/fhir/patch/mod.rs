//! PATCH: changes to a resource instead of a new one, as a JSON Patch (RFC 6902) or as a FHIRPath Patch.
//!
//! A patch is applied to the resource as it is read, and what comes out is written like any other: it is validated, and
//! nothing is changed where an operation of the patch cannot be done. XML Patch (RFC 5261) is not read.

mod json_patch;
mod path;
mod path_patch;
#[cfg(test)]
mod tests;

use super::FhirVersion;
use super::outcome::Refusal;
use super::parameters::ParameterError;
use serde_json::Value;

/// The media type of a JSON Patch.
pub const JSON_PATCH: &str = "application/json-patch+json";

/// Applies a patch, in whichever form it is, to a resource.
pub fn apply(patch: &Value, resource: Value, version: FhirVersion) -> Result<Value, Refusal> {
    match patch {
        Value::Array(operations) => json_patch::apply(operations, resource),
        Value::Object(object) => match object.get("resourceType").and_then(Value::as_str) {
            Some("Parameters") => path_patch::apply(patch, resource, version),
            Some("Binary") => apply(&unpacked(patch)?, resource, version),
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
    let bytes = base64(text("data")).ok_or_else(|| malformed("Binary.data", "is not base64".into()))?;
    let patch: Value =
        serde_json::from_slice(&bytes).map_err(|error| malformed("Binary.data", format!("is no JSON: {error}")))?;
    match patch {
        Value::Array(_) => Ok(patch),
        _ => Err(malformed("Binary.data", "must be a JSON Patch, which is an array".into())),
    }
}

/// The bytes that base64 (RFC 4648) stands for; blanks between lines are passed over.
fn base64(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let text: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let padding = text.iter().rev().take_while(|byte| **byte == b'=').count();
    let digits = text.get(..text.len().checked_sub(padding)?)?;
    if padding > 2 || !text.len().is_multiple_of(4) {
        return None;
    }
    let (mut bytes, mut bits, mut held) = (Vec::with_capacity(text.len() / 4 * 3), 0u32, 0u32);
    for byte in digits {
        bits = (bits << 6) | u32::from(digit(*byte)?);
        held += 6;
        if held >= 8 {
            held -= 8;
            // The last eight of the bits that are held; the cast cuts off those that have been taken.
            bytes.push(((bits >> held) & 0xff) as u8);
            bits &= (1 << held) - 1;
        }
    }
    Some(bytes)
}
