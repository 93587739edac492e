//! Which pages may call: our own, and those of the origins that the operator names.
//!
//! Nothing here rests on cookies or the like, so a foreign page that got through could do no more than any other program.

use axum::http::HeaderMap;
use axum::http::header::{HOST, ORIGIN};
use axum::http::uri::Uri;

/// Whether the request comes from a program that is no page, from our own page, or from one of the origins.
pub(super) fn is_allowed(headers: &HeaderMap, origins: &[String]) -> bool {
    let Some(origin) = headers.get(ORIGIN) else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    origins.iter().any(|allowed| allowed == origin) || is_own(headers, origin)
}

/// Whether the origin is another one than ours and allowed, so that the browser has to be told.
pub(super) fn foreign<'a>(headers: &'a HeaderMap, origins: &[String]) -> Option<&'a str> {
    let origin = headers.get(ORIGIN)?.to_str().ok()?;
    (!is_own(headers, origin) && origins.iter().any(|allowed| allowed == origin)).then_some(origin)
}

/// A proxy may end TLS before us, so only host and port can be compared.
fn is_own(headers: &HeaderMap, origin: &str) -> bool {
    let Ok(origin) = origin.parse::<Uri>() else { return false };
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    origin.authority().is_some_and(|authority| host.is_some_and(|host| authority.as_str().eq_ignore_ascii_case(host)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(host: &str, origin: &str) -> HeaderMap {
        HeaderMap::from_iter([(HOST, host.parse().unwrap()), (ORIGIN, origin.parse().unwrap())])
    }

    #[test]
    fn our_own_page_and_named_origins_may_call() {
        let named = ["https://chat.example".to_owned()];
        let allowed = |host, origin| is_allowed(&headers(host, origin), &named);
        assert!(allowed("sotto.example", "https://sotto.example"));
        assert!(allowed("127.0.0.1:8080", "http://127.0.0.1:8080"));
        assert!(allowed("sotto.example", "https://chat.example"));
        assert!(!allowed("sotto.example", "https://evil.example"));
        assert!(!allowed("sotto.example:8443", "https://sotto.example"));
        assert!(!allowed("sotto.example", "null"));
        assert!(!allowed("sotto.example", "https://sotto.example.evil.example"));
        assert!(is_allowed(&HeaderMap::new(), &named), "a program that is no page");
    }

    #[test]
    fn only_a_named_origin_that_is_not_ours_is_told_to_the_browser() {
        let named = ["https://chat.example".to_owned()];
        assert_eq!(foreign(&headers("a.example", "https://chat.example"), &named), Some("https://chat.example"));
        assert_eq!(foreign(&headers("chat.example", "https://chat.example"), &named), None);
        assert_eq!(foreign(&headers("a.example", "https://b.example"), &named), None);
    }
}
