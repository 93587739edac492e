//! How long a call may take: as its caller says, within what the contract allows.

use std::time::Duration;

use axum::http::HeaderMap;
use sotto_proto::Method;
use sotto_proto::limits::DEADLINE_MAX_MS;

/// Of calls whose callers do not say. For a stream, until it begins.
const DEFAULT: Duration = Duration::from_secs(30);

const MAX: Duration = Duration::from_millis(DEADLINE_MAX_MS as u64);

pub(super) fn of(method: Method, headers: &HeaderMap) -> Duration {
    let asked = headers.get("grpc-timeout").and_then(|value| parse(value.to_str().ok()?));
    match method {
        Method::StreamSubscribe => DEFAULT,
        _ => asked.unwrap_or(DEFAULT).min(MAX),
    }
}

/// At most eight digits and a unit.
fn parse(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if number.is_empty() || number.len() > 8 || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number = number.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(number * 3_600),
        "M" => Duration::from_secs(number * 60),
        "S" => Duration::from_secs(number),
        "m" => Duration::from_millis(number),
        "u" => Duration::from_micros(number),
        "n" => Duration::from_nanos(number),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::of as deadline;
    use super::*;

    #[test]
    fn time_limits_are_read_and_bounded() {
        let of = |text: &str| {
            let headers = HeaderMap::from_iter([("grpc-timeout".parse().unwrap(), text.parse().unwrap())]);
            deadline(Method::ConversationAppend, &headers)
        };
        assert_eq!(of("250m"), Duration::from_millis(250));
        assert_eq!(of("5S"), Duration::from_secs(5));
        assert_eq!(of("99999999H"), MAX);
        for nonsense in ["", "m", "123456789m", "-1S", "1 S", "1.5S", "5", "5x", "１S"] {
            assert_eq!(of_or_default(nonsense), DEFAULT, "{nonsense}");
        }
    }

    fn of_or_default(text: &str) -> Duration {
        parse(text).unwrap_or(DEFAULT)
    }
}
