//! Records to what crosses the network.

use allclear_domain::lab::result::Value;
use allclear_wire::lab::ResultValue;

/// The domain's word for a wire value.
#[must_use]
pub const fn value_in(value: ResultValue) -> Value {
    match value {
        ResultValue::Negative => Value::Negative,
        ResultValue::Positive => Value::Positive,
        ResultValue::Inconclusive => Value::Inconclusive,
        ResultValue::Invalid => Value::Invalid,
    }
}

/// The wire's word for a domain value.
#[must_use]
pub const fn value_out(value: Value) -> ResultValue {
    match value {
        Value::Negative => ResultValue::Negative,
        Value::Positive => ResultValue::Positive,
        Value::Inconclusive => ResultValue::Inconclusive,
        Value::Invalid => ResultValue::Invalid,
    }
}
