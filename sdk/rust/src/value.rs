use std::borrow::Cow;

/// What a located field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The text between the quotes, without escapes.
    String,
    /// The text between the quotes of a JSON string that has escapes.
    Escaped,
    /// A number, as it is written.
    Number,
    /// `true` or `false`.
    Bool,
    /// `null`.
    Null,
    /// An object or array, as it stands.
    Json,
    /// The text between the quotes of a CSV field in which quotes are doubled.
    Quoted,
}

impl Kind {
    pub(crate) fn of(number: u32) -> Option<Kind> {
        use Kind::*;
        [None, Some(String), Some(Escaped), Some(Number), Some(Bool), Some(Null), Some(Json), Some(Quoted)]
            .get(number as usize)
            .copied()
            .flatten()
    }
}

/// One field that the wheel located while decoding; borrowed from the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Value<'a> {
    /// What it holds.
    pub kind: Kind,
    /// Its bytes as they stand in the payload.
    pub raw: &'a [u8],
}

impl<'a> Value<'a> {
    /// The value as text, unescaped. Bytes that are no UTF-8 are replaced.
    pub fn text(&self) -> Cow<'a, str> {
        match self.kind {
            Kind::Escaped => Cow::Owned(unescape(&String::from_utf8_lossy(self.raw))),
            Kind::Quoted => Cow::Owned(String::from_utf8_lossy(self.raw).replace("\"\"", "\"")),
            _ => String::from_utf8_lossy(self.raw),
        }
    }

    /// The value as a whole number; `None` if it is none, or does not fit.
    pub fn int(&self) -> Option<i64> {
        let (minus, digits) = match self.raw.split_first() {
            Some((b'-', rest)) => (true, rest),
            _ => (false, self.raw),
        };
        if digits.is_empty() {
            return None;
        }
        let mut n: i64 = 0; // negative, since there is one more of those
        for d in digits {
            let d = d.wrapping_sub(b'0');
            if d > 9 {
                return None;
            }
            n = n.checked_mul(10)?.checked_sub(i64::from(d))?;
        }
        if minus {
            Some(n)
        } else {
            n.checked_neg()
        }
    }

    /// The value as a number; `None` if it is none.
    pub fn float(&self) -> Option<f64> {
        let text = std::str::from_utf8(self.raw).ok()?;
        if !text.bytes().next().map_or(false, |b| b == b'-' || b.is_ascii_digit()) {
            return None; // Rust also reads "inf" and the like
        }
        text.parse().ok()
    }

    /// The value as true or false; `None` if it is neither.
    pub fn bool(&self) -> Option<bool> {
        match self.raw {
            b"true" => Some(true),
            b"false" => Some(false),
            _ => None,
        }
    }
}

/// The text of a JSON string's inside.
pub(crate) fn unescape(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        text.push_str(&rest[..at]);
        let mut chars = rest[at + 1..].chars();
        match chars.next() {
            Some('n') => text.push('\n'),
            Some('t') => text.push('\t'),
            Some('r') => text.push('\r'),
            Some('b') => text.push('\u{8}'),
            Some('f') => text.push('\u{c}'),
            Some('u') => {
                let (c, after) = unicode(chars.as_str());
                text.push(c);
                rest = after;
                continue;
            }
            Some(c) => text.push(c),
            None => {}
        }
        rest = chars.as_str();
    }
    text.push_str(rest);
    text
}

/// The character of what follows `\u`, of which two may make one, and what is behind it.
fn unicode(rest: &str) -> (char, &str) {
    let unit = |s: &str| s.get(..4).and_then(|hex| u32::from_str_radix(hex, 16).ok());
    let bad = std::char::REPLACEMENT_CHARACTER;
    let high = match unit(rest) {
        Some(u) => u,
        None => return (bad, rest),
    };
    let after = &rest[4..];
    if (0xd800..0xdc00).contains(&high) {
        if let Some(low) = after.strip_prefix("\\u").and_then(unit).filter(|u| (0xdc00..0xe000).contains(u)) {
            let code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
            return (std::char::from_u32(code).unwrap_or(bad), &after[6..]);
        }
    }
    (std::char::from_u32(high).unwrap_or(bad), after)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(raw: &str) -> Value<'_> {
        Value { kind: Kind::Number, raw: raw.as_bytes() }
    }

    #[test]
    fn whole_numbers() {
        for n in [0, 7, -7, i64::MAX, i64::MIN] {
            assert_eq!(number(&n.to_string()).int(), Some(n));
        }
        for bad in ["", "-", "1.5", "9223372036854775808", "-9223372036854775809", "1x"] {
            assert_eq!(number(bad).int(), None, "{}", bad);
        }
    }

    #[test]
    fn numbers() {
        assert_eq!(number("-2.5e3").float(), Some(-2500.0));
        assert_eq!(number("inf").float(), None);
    }

    #[test]
    fn texts() {
        let text = |kind, raw: &str| Value { kind, raw: raw.as_bytes() }.text().into_owned();
        assert_eq!(text(Kind::Escaped, r#"caf\u00e9 \ud83d\ude00 \"\\\/\n"#), "café 😀 \"\\/\n");
        assert_eq!(text(Kind::Escaped, r"\ud83d \u12 \uzzzz"), "\u{fffd} \u{fffd}12 \u{fffd}zzzz");
        assert_eq!(text(Kind::Quoted, "say \"\"hi\"\""), "say \"hi\"");
        assert_eq!(text(Kind::String, "plain\\n"), "plain\\n");
    }
}
