//! Texts of unknown encoding: UTF-8, with or without a byte order mark, else windows-1252.
//!
//! Publishers of small text files (CMS, FDA) do not say how they encode them, and changed it over the years.
//! Windows-1252 is a superset of printable ISO-8859-1 and never fails, so it is the fallback for a whole file.
//! It does not guess further, and is not meant for files of gigabytes: the text is held in memory.

use crate::{LoadError, source::Member};
use tern_index::record::RecordSink;

/// Reads a member whole and decodes it; its bytes count as progress.
pub fn text(member: &Member, sink: &mut dyn RecordSink) -> Result<String, LoadError> {
    let bytes = member.read()?;
    sink.progress(bytes.len() as u64);
    Ok(decode(bytes))
}

/// Decodes bytes; never fails.
pub fn decode(bytes: Vec<u8>) -> String {
    if let Some((encoding, _)) = encoding_rs::Encoding::for_bom(&bytes) {
        return encoding.decode(&bytes).0.into_owned();
    }
    match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => encoding_rs::WINDOWS_1252
            .decode_without_bom_handling(error.as_bytes())
            .0
            .into_owned(),
    }
}

/// Trims a text and makes every run of white space one blank.
pub fn squeeze(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_encoding_in_use_gives_the_same_text() {
        let wanted = "Ménière";
        assert_eq!(decode(wanted.as_bytes().to_vec()), wanted);
        assert_eq!(decode([b"\xef\xbb\xbf", wanted.as_bytes()].concat()), wanted);
        assert_eq!(decode(b"M\xe9ni\xe8re".to_vec()), wanted);
        assert_eq!(squeeze("  a \r\n\t b "), "a b");
    }
}
