//! The clock of the browser, and waiting by it.

use std::pin::Pin;
use std::task::{Context, Poll};

use js_sys::Promise;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

use crate::browser_key::scope;

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "no browser's clock is before 1970")]
    let now = js_sys::Date::now() as u64;
    now
}

/// Ends after so many milliseconds. Whoever drops it before then wakes nobody.
pub(crate) struct Sleep {
    ends: JsFuture,
    timer: Option<i32>,
}

pub(crate) fn sleep(ms: u64) -> Sleep {
    let ms = i32::try_from(ms).unwrap_or(i32::MAX);
    let mut timer = None;
    let promise = Promise::new(&mut |resolve, reject| {
        match scope().set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, ms) {
            Ok(id) => timer = Some(id),
            // A scope that is being closed has no timers any more, and nothing has to wait in it.
            Err(thrown) => drop(reject.call1(&JsValue::UNDEFINED, &thrown)),
        }
    });
    Sleep { ends: JsFuture::from(promise), timer }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.ends).poll(cx).map(drop)
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(timer) = self.timer {
            scope().clear_timeout_with_handle(timer);
        }
    }
}
