//! The terminal while the screen has it: taken on one way in, given back on every way out.

use std::io::{self, Stdout};
use std::sync::atomic::{AtomicBool, Ordering};

use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::event::{
    self, DisableBracketedPaste, DisableFocusChange, DisableMouseCapture, EnableBracketedPaste, EnableFocusChange,
    EnableMouseCapture, Event,
};
use ratatui::crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use ratatui::crossterm::{cursor, execute};

use tokio::sync::mpsc;

use crate::failure::Failure;
use crate::words::Message;

/// The terminal, given back when this is dropped.
pub(crate) struct Screen {
    pub(super) terminal: Terminal<CrosstermBackend<Stdout>>,
    /// What the terminal says; none when the system wants the screen to end.
    pub(super) keys: mpsc::UnboundedReceiver<Option<Event>>,
}

impl Screen {
    pub(crate) fn take() -> Result<Self, Failure> {
        give_back_on_panic();
        let taken = enable_raw_mode().and_then(|()| {
            IS_TAKEN.store(true, Ordering::SeqCst);
            execute!(io::stdout(), EnterAlternateScreen, EnableMouseCapture, EnableBracketedPaste, EnableFocusChange)?;
            Terminal::new(CrosstermBackend::new(io::stdout()))
        });
        let screen = taken.map_err(|error| failed(&error)).and_then(|terminal| {
            let keys = listen()?;
            Ok(Self { terminal, keys })
        });
        if screen.is_err() {
            give_back();
        }
        screen
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

/// Reads the terminal on a thread of its own, which waits there at no cost and ends with the process; beside it, the system may say that it is
/// time to end.
fn listen() -> Result<mpsc::UnboundedReceiver<Option<Event>>, Failure> {
    let (send, receive) = mpsc::unbounded_channel();
    let end = send.clone();
    let stopped = ctrlc::set_handler(move || {
        // Whoever is gone already needs not be told.
        let _ = end.send(None);
    });
    stopped.map_err(|error| Message::SystemFailed { why: error.to_string() }.failed())?;
    let read = move || {
        while let Ok(event) = event::read() {
            // Where the mouse is without a button does nothing, and comes often.
            let is_idle = matches!(event, Event::Mouse(mouse) if mouse.kind == event::MouseEventKind::Moved);
            if !is_idle && send.send(Some(event)).is_err() {
                return;
            }
        }
        // A terminal that is gone is not looked at.
        let _ = send.send(None);
    };
    std::thread::Builder::new().name("keys".to_owned()).spawn(read).map_err(|error| failed(&error))?;
    Ok(receive)
}

pub(super) fn failed(error: &io::Error) -> Failure {
    Message::TerminalFailed { why: error.to_string() }.failed()
}

/// What a panic says is to be read, on a terminal that works.
fn give_back_on_panic() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        give_back();
        before(panic);
    }));
}

fn give_back() {
    if !IS_TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    // There is nobody left to tell if this fails.
    let _ = execute!(
        io::stdout(),
        DisableFocusChange,
        DisableBracketedPaste,
        DisableMouseCapture,
        LeaveAlternateScreen,
        cursor::Show
    );
    let _ = disable_raw_mode();
}

static IS_TAKEN: AtomicBool = AtomicBool::new(false);
