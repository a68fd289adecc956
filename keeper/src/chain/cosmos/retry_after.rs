//! How long an endpoint says not to be asked again for.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, header};

use crate::chain::cosmos::timeouts::RETRY_AFTER_MAX;

/// What proxies of gRPC say it by, in milliseconds; the latter is gRPC's own.
const MILLISECONDS: [&str; 2] = ["retry-after-ms", "grpc-retry-pushback-ms"];

/// By the headers of an answer, or the metadata of gRPC: seconds, milliseconds or an HTTP date. No more than
/// [`RETRY_AFTER_MAX`]; `None` where it says nothing, or that it may be asked at once.
pub(super) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let in_milliseconds = MILLISECONDS.iter().find_map(|name| text(name)?.parse().ok().map(Duration::from_millis));
    let wait = in_milliseconds.or_else(|| {
        let text = text(header::RETRY_AFTER.as_str())?;
        let seconds = text.parse().ok().map(Duration::from_secs);
        seconds.or_else(|| httpdate::parse_http_date(text).ok()?.duration_since(now).ok())
    });
    wait.filter(|wait| !wait.is_zero()).map(|wait| wait.min(RETRY_AFTER_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_milliseconds_and_dates_are_read_and_bounded() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_445_412_480);
        for (name, said, wanted) in [
            ("retry-after", "7", Some(7_000)),
            ("retry-after", " 7 ", Some(7_000)),
            ("retry-after", "86400", Some(60_000)),
            ("retry-after", "Wed, 21 Oct 2015 07:28:05 GMT", Some(5_000)),
            ("retry-after", "Wed, 21 Oct 2015 07:27:00 GMT", None),
            ("retry-after", "0", None),
            ("retry-after", "soon", None),
            ("retry-after-ms", "250", Some(250)),
            ("grpc-retry-pushback-ms", "1500", Some(1_500)),
            ("grpc-retry-pushback-ms", "-1", None),
            ("something-else", "7", None),
        ] {
            let headers = HeaderMap::from_iter([(name.parse().unwrap(), said.parse().unwrap())]);
            assert_eq!(retry_after(&headers, now), wanted.map(Duration::from_millis), "{name}: {said}");
        }
    }
}
