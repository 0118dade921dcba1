//! Text from bytes that should be UTF-8, without losing those that are not.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The text in a file. UTF-16 is decoded behind its byte order mark; any other line that is not UTF-8 is U+FFFD and its
/// bytes in Base64, so that it can be told from every other and nothing of it is lost.
#[must_use]
pub fn of_bytes(bytes: Vec<u8>) -> String {
    match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(e) => {
            let bytes = e.as_bytes();
            utf16(bytes).unwrap_or_else(|| {
                let lines = bytes.split(|byte| *byte == b'\n').map(line);
                lines.collect::<Vec<_>>().join("\n")
            })
        }
    }
}

fn line(bytes: &[u8]) -> String {
    match str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => format!("\u{fffd}{}", STANDARD.encode(bytes)),
    }
}

fn utf16(bytes: &[u8]) -> Option<String> {
    let unit: fn([u8; 2]) -> u16 = match bytes {
        [0xff, 0xfe, ..] => u16::from_le_bytes,
        [0xfe, 0xff, ..] => u16::from_be_bytes,
        _ => return None,
    };
    let (pairs, rest) = bytes.as_chunks::<2>();
    let units: Vec<u16> = pairs.iter().map(|pair| unit(*pair)).collect();
    String::from_utf16(&units).ok().filter(|_| rest.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_itself_and_utf16_is_decoded_behind_its_mark() {
        assert_eq!(of_bytes("ä\r\n\0".into()), "ä\r\n\0");
        for big in [false, true] {
            let units = "\u{feff}{}\nä".encode_utf16();
            let bytes = units.flat_map(|u| {
                if big {
                    u.to_be_bytes()
                } else {
                    u.to_le_bytes()
                }
            });
            assert_eq!(of_bytes(bytes.collect()), "\u{feff}{}\nä");
        }
    }

    #[test]
    fn a_line_of_other_bytes_is_kept_and_its_neighbours_are_read() {
        assert_eq!(
            of_bytes(b"{}\nJos\xe9\n{}\n".to_vec()),
            "{}\n\u{fffd}Sm9z6Q==\n{}\n"
        );
        // Half a UTF-16 unit is no text.
        assert_eq!(of_bytes(b"\xff\xfea".to_vec()), "\u{fffd}//5h");
    }
}
