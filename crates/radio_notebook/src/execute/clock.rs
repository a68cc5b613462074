//! Times as notebooks have them: of day, whatever the clock says, and what a cell took.

use crate::document::Output;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The last second that is written with a year of four digits: the end of 9999.
const LAST: Duration = Duration::from_secs(253_402_300_799);

/// When something ended that began at `begin` and took `took`: never before its beginning, even if the clock was set
/// back.
pub fn after(begin: SystemTime, took: Duration) -> SystemTime {
    begin.checked_add(took).unwrap_or(begin)
}

/// A time in the form of RFC 3339. A time that has none, before 1970 or after 9999, becomes the nearest that has one.
pub(crate) fn stamp(at: SystemTime) -> String {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default().min(LAST);
    humantime::format_rfc3339_micros(UNIX_EPOCH + since).to_string()
}

/// What `:timing` shows after a cell.
pub(crate) fn took(time: Duration) -> Output {
    let text = format!("Took {}ms", time.as_millis());
    let html = format!("<span style=\"color: rgba(0,0,0,0.4);\">{text}</span>");
    Output::Data {
        bundle: vec![("text/html".into(), html), ("text/plain".into(), text)],
        is_result: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_time_has_a_stamp() {
        let at = |seconds: u64| UNIX_EPOCH + Duration::from_secs(seconds);
        assert_eq!(stamp(at(86_400)), "1970-01-02T00:00:00.000000Z");
        let before = UNIX_EPOCH - Duration::from_secs(5);
        assert_eq!(stamp(before), "1970-01-01T00:00:00.000000Z");
        assert_eq!(stamp(at(1 << 40)), "9999-12-31T23:59:59.000000Z");
        assert_eq!(after(before, Duration::from_secs(7)), at(2));
        let late = at(i64::MAX.cast_unsigned());
        assert_eq!(stamp(after(late, Duration::MAX)), stamp(late));
    }
}
