//! A WebSocket: what goes out of it, and what comes in, as a queue.

use bytes::Bytes;
use js_sys::{ArrayBuffer, Uint8Array};
use sotto_proto::frame::SUBPROTOCOL;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use wasm_bindgen::JsCast as _;
use wasm_bindgen::prelude::Closure;
use web_sys::{BinaryType, Event, MessageEvent, WebSocket};

/// The sending half. The connection closes when it is dropped.
pub(super) struct Sender {
    socket: WebSocket,
    #[expect(dead_code, reason = "the browser calls it for as long as it is held")]
    on_event: Closure<dyn FnMut(Event)>,
}

/// The receiving half.
pub(super) struct Receiver(UnboundedReceiver<Heard>);

enum Heard {
    Open,
    Message(Bytes),
    Closed,
}

/// Opens a connection to the server at `address`. None if it cannot be had.
pub(super) async fn open(address: &str) -> Option<(Sender, Receiver)> {
    let address = format!("{}/ws", address.replacen("http", "ws", 1));
    let socket = WebSocket::new_with_str(&address, SUBPROTOCOL).ok()?;
    socket.set_binary_type(BinaryType::Arraybuffer);
    let (queue, mut arriving) = unbounded_channel();
    let on_event = Closure::new(move |event: Event| {
        // Who has stopped listening does not want to know.
        let _ = queue.send(Heard::from(event));
    });
    let handler = Some(on_event.as_ref().unchecked_ref());
    socket.set_onopen(handler);
    socket.set_onmessage(handler);
    socket.set_onerror(handler);
    socket.set_onclose(handler);
    let sender = Sender { socket, on_event };
    matches!(arriving.recv().await, Some(Heard::Open)).then_some((sender, Receiver(arriving)))
}

impl From<Event> for Heard {
    fn from(event: Event) -> Self {
        match event.type_().as_str() {
            "open" => Self::Open,
            // Text has no meaning here, and ends the connection as no frame.
            "message" => {
                let data = event.unchecked_into::<MessageEvent>().data().dyn_into::<ArrayBuffer>();
                data.map_or(Self::Closed, |buffer| Self::Message(Uint8Array::new(&buffer).to_vec().into()))
            }
            _ => Self::Closed,
        }
    }
}

impl Sender {
    /// What a connection that is closing does not send is lost, and whoever waits for an answer hears of that.
    pub(super) fn send(&self, message: &[u8]) {
        let _ = self.socket.send_with_u8_array(message);
    }

    pub(super) fn close(&self) {
        let _ = self.socket.close();
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.socket.set_onopen(None);
        self.socket.set_onmessage(None);
        self.socket.set_onerror(None);
        self.socket.set_onclose(None);
        self.close();
    }
}

impl Receiver {
    /// The next message; none when the connection has ended.
    pub(super) async fn next(&mut self) -> Option<Bytes> {
        match self.0.recv().await? {
            Heard::Message(bytes) => Some(bytes),
            Heard::Open | Heard::Closed => None,
        }
    }
}
