//! Numbers of JSON by their value: `1`, `1.0` and `10e-1` are one, and JupyterLab writes `1.0` as `1` when it saves.
//!
//! The decimal digits are compared, not the nearest `f64`: of two long integers that differ in their last digit, none
//! is lost.

use serde_json::{Number, Value};

/// The value with all numbers in one form.
pub fn by_value(value: Value) -> Value {
    match value {
        Value::Number(number) => Value::Number(plain(&number.to_string()).unwrap_or(number)),
        Value::Array(values) => values.into_iter().map(by_value).collect(),
        Value::Object(fields) => {
            let fields = fields.into_iter();
            fields.map(|(key, value)| (key, by_value(value))).collect()
        }
        other => other,
    }
}

/// A number in the form that JavaScript gives it, with as many digits as it has; `None` for an exponent beyond all use.
fn plain(text: &str) -> Option<Number> {
    let (sign, text) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text),
    };
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let without_head = all.trim_start_matches('0');
    let digits = without_head.trim_end_matches('0');
    if digits.is_empty() {
        return Some(0.into());
    }
    // The number is 0.DIGITS times ten to the power of `point`.
    let head = all.len() - without_head.len();
    let point = exponent
        .parse::<i64>()
        .ok()?
        .checked_add(whole.len() as i64 - head as i64)?;
    let length = digits.len() as i64;
    let zeros = |count: i64| "0".repeat(usize::try_from(count).unwrap_or(0));
    let unsigned = match point {
        1..=21 if point >= length => format!("{digits}{}", zeros(point - length)),
        1..=21 => {
            let (whole, fraction) = digits.split_at(usize::try_from(point).ok()?);
            format!("{whole}.{fraction}")
        }
        -5..=0 => format!("0.{}{digits}", zeros(-point)),
        _ => {
            let (first, rest) = digits.split_at(1);
            let dot = if rest.is_empty() { "" } else { "." };
            format!("{first}{dot}{rest}e{}", point.checked_sub(1)?)
        }
    };
    serde_json::from_str(&format!("{sign}{unsigned}")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(text: &str) -> String {
        by_value(serde_json::from_str(text).unwrap()).to_string()
    }

    #[test]
    fn each_form_of_a_number_becomes_the_same() {
        for (forms, expected) in [
            (&["1", "1.0", "1.000", "10e-1", "0.1e1", "0.01E+2"][..], "1"),
            (
                &["0", "-0", "0.0", "-0.0e7", "0e999999999999999999999"],
                "0",
            ),
            (&["-1200", "-1.2e3", "-1200.00"], "-1200"),
            (&["0.00012", "1.2e-4", "12E-5"], "0.00012"),
            (&["1e21", "1000000000000000000000"], "1e+21"),
            (&["1e-7", "0.0000001"], "1e-7"),
            (&["1.5e400", "15e399"], "1.5e+400"),
            (&["9007199254740993"], "9007199254740993"),
            (&["9007199254740992"], "9007199254740992"),
        ] {
            for form in forms {
                assert_eq!(shown(form), expected, "{form}");
            }
        }
        assert_eq!(
            shown(r#"{"a": [1.0, {"b": "1.0"}]}"#),
            r#"{"a":[1,{"b":"1.0"}]}"#
        );
    }

    proptest! {
        #[test]
        fn the_value_stays(number in any::<f64>().prop_filter("finite", |n| n.is_finite())) {
            for text in [format!("{number:?}"), format!("{number:e}")] {
                let again: f64 = shown(&text).parse().unwrap();
                prop_assert_eq!(again, number, "{}", text);
            }
        }

        #[test]
        fn any_number_is_taken(text in "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,30})?([eE][+-]?[0-9]{1,30})?") {
            let once = shown(&text);
            prop_assert_eq!(shown(&once), once.clone(), "{}", text);
        }
    }
}
