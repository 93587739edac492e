//! Serves the embedded web app: the smallest variant that the browser takes, for ever where the name holds the content.

use axum::body::Body;
use axum::http::header::{
    ACCEPT, ACCEPT_ENCODING, ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::web_app::{self, Asset};

pub(super) fn serve(request: &Request<Body>) -> Response {
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "GET, HEAD")]).into_response();
    }
    let path = match request.uri().path() {
        "/" => "index.html",
        path => path.trim_start_matches('/'),
    };
    let page = || web_app::find("index.html").filter(|_| is_navigation(path, request.headers()));
    match web_app::find(path).or_else(page) {
        Some(asset) => respond(asset, request.headers()),
        None if web_app::is_missing() => (StatusCode::SERVICE_UNAVAILABLE, NOT_BUILT).into_response(),
        None => (StatusCode::NOT_FOUND, "There is nothing here.\n").into_response(),
    }
}

/// The app draws its own pages: whoever comes in by the address of one gets the app. A file that is missing is missing.
fn is_navigation(path: &str, headers: &HeaderMap) -> bool {
    let is_file = path.rsplit('/').next().is_some_and(|name| name.contains('.')) || path.starts_with("assets/");
    let wanted = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    !is_file && wanted.split(',').any(|kind| kind.split(';').next().is_some_and(|kind| kind.trim() == "text/html"))
}

fn respond(asset: &Asset, asked: &HeaderMap) -> Response {
    let tag = format!("\"{}\"", asset.fingerprint);
    let mut response = if asked.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        body(asset, asked)
    };
    let headers = response.headers_mut();
    headers.insert(ETAG, HeaderValue::try_from(tag).expect("hex digits in quotes are a header value"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(asset.lifetime()));
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    response
}

fn body(asset: &Asset, asked: &HeaderMap) -> Response {
    let accepted = asked.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let variants = [("br", asset.brotli), ("gzip", asset.gzip)];
    let chosen =
        variants.into_iter().find_map(|(coding, bytes)| Some((coding, bytes?)).filter(|_| accepts(accepted, coding)));
    let mut response = match chosen {
        Some((coding, bytes)) => ([(CONTENT_ENCODING, coding)], bytes).into_response(),
        None => asset.identity.into_response(),
    };
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(asset.content_type()));
    response
}

/// RFC 9110 §12.5.3, for a coding that is named; a quality of zero forbids it.
fn accepts(header: &str, coding: &str) -> bool {
    header.split(',').any(|offer| {
        let mut parts = offer.split(';').map(str::trim);
        let is_it = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(coding));
        let forbidden = parts.any(|parameter| {
            let quality = parameter.strip_prefix("q=").or_else(|| parameter.strip_prefix("Q="));
            quality.is_some_and(|quality| quality.parse::<f32>().is_ok_and(|quality| quality == 0.0))
        });
        is_it && !forbidden
    })
}

const NOT_BUILT: &str = "This server was built without the web app. `script/run` builds both.\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_person_who_goes_to_a_page_gets_the_app_for_it() {
        let browser = "text/html,application/xhtml+xml,*/*;q=0.8";
        let goes = |path, accept: &str| {
            is_navigation(path, &HeaderMap::from_iter([(ACCEPT, HeaderValue::from_str(accept).unwrap())]))
        };
        assert!(goes("chats/17", browser));
        assert!(!goes("chats/17", "*/*"));
        assert!(!goes("assets/gone", browser));
        assert!(!goes("favicon.ico", browser));
        assert!(!goes("a/../../etc/x.conf", browser));
    }

    #[test]
    fn a_coding_is_taken_when_it_is_named_and_not_forbidden() {
        assert!(accepts("gzip, deflate, br, zstd", "br"));
        assert!(accepts("GZIP;q=0.5", "gzip"));
        assert!(!accepts("br;q=0, gzip", "br"));
        assert!(!accepts("br; q=0.000", "br"));
        assert!(!accepts("brotli", "br"));
        assert!(!accepts("", "gzip"));
    }
}
