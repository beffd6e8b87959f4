use crate::host;
use crate::value::{unescape, Kind, Value};

/// What a plugin starts with: its `config`, and the place to declare its outputs. A key of the config that was not asked
/// for makes the start fail, so that a typing mistake does not pass unseen.
pub struct Setup<'a> {
    text: &'a str,
    settings: Vec<Setting<'a>>,
    all: bool,
}

struct Setting<'a> {
    name: String,
    kind: Kind,
    raw: &'a str,
    asked: bool,
}

impl<'a> Setup<'a> {
    pub(crate) fn new(text: &'a str) -> Result<Setup<'a>, String> {
        let settings = object(text).ok_or("config: it is no JSON object")?;
        Ok(Setup { text, settings, all: false })
    }

    /// Declares an output with the content type of its emits; empty means application/json.
    pub fn output(&mut self, name: &str, content_type: &str) {
        host::declare(name, content_type);
    }

    /// A whole number, or the default if the config does not have it.
    pub fn int(&mut self, name: &str, default: i64) -> Result<i64, String> {
        self.read(name, default, "a whole number", |v| v.int())
    }

    /// A number, or the default.
    pub fn float(&mut self, name: &str, default: f64) -> Result<f64, String> {
        self.read(name, default, "a number", |v| v.float())
    }

    /// True or false, or the default.
    pub fn bool(&mut self, name: &str, default: bool) -> Result<bool, String> {
        self.read(name, default, "true or false", |v| v.bool())
    }

    /// A text, or the default.
    pub fn text(&mut self, name: &str, default: &str) -> Result<String, String> {
        self.read(name, default.to_owned(), "a text", |v| match v.kind {
            Kind::Escaped => Some(v.text().into_owned()),
            _ => None,
        })
    }

    /// The whole config as JSON, for a parser of your own. Then unknown keys are for it to find.
    pub fn json(&mut self) -> &'a str {
        self.all = true;
        self.text
    }

    fn read<T>(&mut self, name: &str, default: T, wanted: &str, get: impl Fn(Value) -> Option<T>) -> Result<T, String> {
        match self.settings.iter_mut().find(|s| s.name == name) {
            None => Ok(default),
            Some(s) => {
                s.asked = true;
                get(Value { kind: s.kind, raw: s.raw.as_bytes() })
                    .ok_or_else(|| format!("config: {:?} wants {}", name, wanted))
            }
        }
    }

    /// Whether everything in the config was asked for.
    pub(crate) fn finish(&self) -> Result<(), String> {
        match self.settings.iter().find(|s| !s.asked && !self.all) {
            Some(s) => Err(format!("config: unknown key {:?}", s.name)),
            None => Ok(()),
        }
    }
}

/// The members of a JSON object. The host has checked that it is JSON.
fn object(text: &str) -> Option<Vec<Setting<'_>>> {
    let mut members = Vec::new();
    let mut rest = text.trim_start().strip_prefix('{')?.trim_start();
    if rest.strip_prefix('}').is_some() {
        return Some(members);
    }
    loop {
        let (name, after) = string(rest)?;
        let (kind, raw, after) = value(after.trim_start().strip_prefix(':')?.trim_start())?;
        members.push(Setting { name: unescape(name), kind, raw, asked: false });
        rest = after.trim_start();
        if rest.starts_with('}') {
            return Some(members);
        }
        rest = rest.strip_prefix(',')?.trim_start();
    }
}

/// The inside of the string that text begins with, and what follows it.
fn string(text: &str) -> Option<(&str, &str)> {
    let inside = text.strip_prefix('"')?;
    let mut escaped = false;
    for (i, b) in inside.bytes().enumerate() {
        match b {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some((&inside[..i], &inside[i + 1..])),
            _ => {}
        }
    }
    None
}

fn value(text: &str) -> Option<(Kind, &str, &str)> {
    if let Some((inside, rest)) = string(text) {
        return Some((Kind::Escaped, inside, rest));
    }
    let mut depth = 0;
    let mut at = 0;
    while let Some(&b) = text.as_bytes().get(at) {
        match b {
            b'"' => {
                let (_, rest) = string(&text[at..])?;
                at = text.len() - rest.len();
                continue;
            }
            b',' | b'}' | b' ' | b'\n' | b'\r' | b'\t' if depth == 0 => break,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
    let (raw, rest) = text.split_at(at);
    let kind = match raw.as_bytes().first()? {
        b'{' | b'[' => Kind::Json,
        b't' | b'f' => Kind::Bool,
        b'n' => Kind::Null,
        _ => Kind::Number,
    };
    Some((kind, raw, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_and_unknown_ones_refused() {
        let mut s =
            Setup::new(r#" { "n" : -3, "f":2.5 ,"b":true,"t":"a\"\u00e9","o":{"x":["}",1]},"z":null } "#).unwrap();
        assert_eq!(s.int("n", 1), Ok(-3));
        assert_eq!(s.float("f", 0.0), Ok(2.5));
        assert_eq!(s.bool("b", false), Ok(true));
        assert_eq!(s.text("t", ""), Ok("a\"é".to_owned()));
        assert_eq!(s.int("absent", 7), Ok(7));
        assert_eq!(s.int("f", 0), Err("config: \"f\" wants a whole number".to_owned()));
        assert_eq!(s.text("n", ""), Err("config: \"n\" wants a text".to_owned()));
        assert_eq!(s.finish(), Err("config: unknown key \"o\"".to_owned()));
        assert!(s.json().contains("\"z\":null"));
        assert_eq!(s.finish(), Ok(()));
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for bad in ["", "[]", "{", r#"{"a"}"#, r#"{"a":}"#, r#"{"a":1"#, r#"{"a":"x}"#] {
            assert!(Setup::new(bad).is_err(), "{}", bad);
        }
        assert!(Setup::new("{}").is_ok());
    }
}
