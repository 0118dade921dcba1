//! YAML from outside, with bounds: a few hundred kilobytes can keep a reader of YAML busy for hours.

use serde::de::DeserializeOwned;

use super::ShapeError;

/// Most bytes of a document.
pub const LONGEST_YAML: usize = 1 << 20;
/// Most brackets that are open at once. The reader's time grows with their number for every word that follows.
const MOST_OPEN: usize = 500;

/// Reads a document. Aliases are bounded by the reader itself, and so is nesting by indentation.
///
/// # Errors
/// When it is too long or too deep, or not of this shape; with its place.
pub fn parse_yaml<T: DeserializeOwned>(text: &str) -> Result<T, ShapeError> {
    if text.len() > LONGEST_YAML {
        let what = format!("longer than {LONGEST_YAML} bytes");
        return Err(ShapeError::new(&what, None));
    }
    if let Some(place) = too_deep(text) {
        let what = format!("more than {MOST_OPEN} brackets are open");
        return Err(ShapeError::new(&what, Some(place)));
    }
    serde_yaml::from_str(text).map_err(|e| {
        let place = e.location().map(|at| (at.line(), at.column()));
        ShapeError::new(&e.to_string(), place)
    })
}

/// Where too many brackets are open. Those in quotes count too: which quotes are quotes, only a whole reader knows.
fn too_deep(text: &str) -> Option<(usize, usize)> {
    let mut open = 0_usize;
    let mut place = (1, 0);
    for byte in text.bytes() {
        place = if byte == b'\n' {
            (place.0 + 1, 0)
        } else {
            (place.0, place.1 + 1)
        };
        match byte {
            b'[' | b'{' => open += 1,
            b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        if open > MOST_OPEN {
            return Some(place);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    #[test]
    fn what_is_too_long_or_too_deep_is_refused_before_it_is_read() {
        let long = format!("# {}", "x".repeat(LONGEST_YAML));
        let error = parse_yaml::<Vec<String>>(&long).unwrap_err();
        assert_eq!(error.to_string(), "longer than 1048576 bytes");
        let deep = format!("a:\n {}", "[".repeat(100_000));
        let error = parse_yaml::<Vec<String>>(&deep).unwrap_err();
        assert_eq!(
            error.to_string(),
            "line 2, column 502: more than 500 brackets are open"
        );
        let list = format!("[{}]", "{a: [1]}, ".repeat(10_000));
        let read = parse_yaml::<Vec<serde_yaml::Value>>(&list);
        assert_eq!(read.map(|list| list.len()), Ok(10_000));
    }

    #[test]
    fn an_alias_of_an_alias_does_not_multiply() {
        let mut text = "a: &a [x, x, x, x]\n".to_owned();
        for (name, inner) in ('b'..='z').zip('a'..) {
            let _ = writeln!(
                text,
                "{name}: &{name} [*{inner}, *{inner}, *{inner}, *{inner}]"
            );
        }
        assert!(parse_yaml::<serde_yaml::Value>(&text).is_err());
    }
}
