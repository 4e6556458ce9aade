//! Where in a JSON text something is: the field that a refusal names.

/// The path of the value that ends at or holds byte `at` of `text`, such as `pod.addresses[1]`; empty at
/// the top. `text` is valid JSON without line breaks.
pub(crate) fn path(text: &str, at: usize) -> String {
    let mut levels: Vec<Level> = Vec::new();
    let mut bytes = text.bytes().enumerate().take(at);
    while let Some((start, byte)) = bytes.next() {
        match byte {
            b'{' => levels.push(Level::Object(String::new())),
            b'[' => levels.push(Level::Array(0)),
            b'}' | b']' => drop(levels.pop()),
            b',' => {
                if let Some(Level::Array(index)) = levels.last_mut() {
                    *index += 1;
                }
            }
            b'"' => {
                let mut end = start + 1;
                let mut escaped = false;
                for (index, byte) in bytes.by_ref() {
                    end = index;
                    if byte == b'"' && !escaped {
                        break;
                    }
                    escaped = byte == b'\\' && !escaped;
                }
                let is_key = text.as_bytes().get(end + 1) == Some(&b':');
                if let (true, Some(Level::Object(key))) = (is_key, levels.last_mut()) {
                    *key = text.get(start + 1..end).unwrap_or_default().to_owned();
                }
            }
            _ => {}
        }
    }
    levels.iter().fold(String::new(), |path, level| match level {
        Level::Object(key) if path.is_empty() || key.is_empty() => path + key,
        Level::Object(key) => format!("{path}.{key}"),
        Level::Array(index) => format!("{path}[{index}]"),
    })
}

enum Level {
    /// The key whose value comes.
    Object(String),
    /// The element that comes.
    Array(usize),
}

#[cfg(test)]
mod tests {
    use super::path;

    #[test]
    fn a_place_is_named_by_keys_and_indexes() {
        let text = r#"{"a":{"b":[1,{"c":"x,]\"}"}]},"d":true}"#;
        let at = |piece: &str| path(text, text.find(piece).expect("it is there") + piece.len());
        assert_eq!(at("1"), "a.b[0]");
        assert_eq!(at(r#""x,]\"}""#), "a.b[1].c");
        assert_eq!(at("true"), "d");
        assert_eq!(path(text, 0), "");
    }
}
