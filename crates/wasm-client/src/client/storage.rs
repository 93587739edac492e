//! The history as a file, which a person keeps (docs/HISTORY-FILE.md).

use std::io::BufRead;

use bytes::{Buf as _, Bytes};
use tsify::{Ts, Tsify as _};
use wasm_bindgen::prelude::*;

use super::Client;
use crate::failure::{Failure, FailureCode};
use crate::view;

#[wasm_bindgen]
impl Client {
    /// Everything that is here of all conversations, as a file. It is not encrypted.
    #[wasm_bindgen(js_name = exportHistory)]
    pub fn export_history(&self) -> Result<Vec<u8>, Failure> {
        let mut file = Vec::new();
        self.act(|engine, moment| engine.export(&mut file, moment))?;
        Ok(file)
    }

    /// Takes over what such a file has and this store has not: all of it, or nothing if anything is wrong with it.
    #[wasm_bindgen(js_name = importHistory)]
    pub fn import_history(&self, file: Vec<u8>) -> Result<Ts<view::Archived>, Failure> {
        if file.len() > HISTORY_MAX {
            return Err(Failure::new(
                FailureCode::Unusable,
                "a file that is larger than a browser can take over at once",
            ));
        }
        let file = Bytes::from(file);
        let open = || Ok(Box::new(file.clone().reader()) as Box<dyn BufRead>);
        let archived = self.act(|engine, moment| engine.import(open, moment))?;
        Ok(view::Archived::from(archived).into_ts()?)
    }
}

/// The file is in memory as a whole, next to the store.
const HISTORY_MAX: usize = 512 << 20;
