//! What the user wants next: a key pressed on a terminal, or a character of a line from elsewhere.

use super::inline::Protocol;
use anstyle_parse::{Params, Parser, Perform};
use radio_notebook::interrupt;
use std::collections::VecDeque;
use std::io::Read;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

/// A wish of the user's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// Enter, the space bar, or what presenters send for the next slide.
    Forward,
    /// `b`, or what presenters send for the slide before.
    Back,
    /// `r`.
    Rest,
    /// `e`.
    Figure,
    /// `g`, and then the name of a cell: see [`Keys::argument`].
    Go,
    /// `?` or `h`.
    Help,
    /// `q`, the end of the input, or Ctrl-C.
    Quit,
    /// A key without a meaning.
    Unknown(char),
}

/// What a terminal that shows sixels says of itself.
const SIXELS: u16 = 4;
/// How many dots wide a column is, where the terminal does not say.
const USUAL_DOTS: usize = 8;
/// Ctrl-D: there is nothing more to read.
const END_OF_INPUT: u8 = 0x04;

/// The keys that are pressed, in order.
#[derive(Debug)]
pub struct Keys {
    bytes: Receiver<u8>,
    parser: Parser,
    pressed: Pressed,
    by_key: bool,
}

#[derive(Debug)]
struct Pressed {
    keys: VecDeque<Key>,
    by_key: bool,
    /// Whether the line has commands, so that its end is no command of its own.
    in_line: bool,
    /// What the terminal has said of itself: whether it shows sixels, and how many dots wide its columns are.
    shows_sixels: bool,
    dots: Option<u16>,
}

impl Keys {
    /// Starts to read standard input: key by key, without echo, where `by_key` says that it is a terminal. That ends
    /// when this is dropped.
    pub fn new(by_key: bool) -> Keys {
        let by_key = by_key && mode::by_key();
        let (sender, bytes) = mpsc::channel();
        // Of its own, so that waiting for a key can be interrupted.
        std::thread::spawn(move || {
            for byte in std::io::stdin().lock().bytes() {
                let Ok(byte) = byte else { return };
                if sender.send(byte).is_err() {
                    return;
                }
            }
        });
        Keys {
            bytes,
            parser: Parser::default(),
            pressed: Pressed {
                keys: VecDeque::new(),
                by_key,
                in_line: false,
                shows_sixels: false,
                dots: None,
            },
            by_key,
        }
    }

    /// Waits for a line, which is shown as it is typed unless it `is_secret`. `None` if there is none: after Ctrl-C or
    /// Ctrl-D, at the end of the input, or where a secret line would be shown. `show_prompt` is called when typing may
    /// begin.
    pub fn line(&mut self, is_secret: bool, show_prompt: impl FnOnce()) -> Option<String> {
        // What was pressed before was meant as keys.
        for byte in self.bytes.try_iter() {
            self.parser.advance(&mut self.pressed, byte);
        }
        if is_secret && !self.by_key {
            show_prompt();
            return None;
        }
        self.typed(!is_secret, show_prompt)
    }

    /// Takes note of what was pressed so far, and of what the terminal has answered.
    pub fn take_in(&mut self) {
        // What follows a `g` is no keys, but the name of a cell.
        while self.pressed.keys.back() != Some(&Key::Go)
            && let Ok(byte) = self.bytes.try_recv()
        {
            self.parser.advance(&mut self.pressed, byte);
        }
    }

    /// How the terminal shows pictures, if it has said that it shows sixels.
    pub fn shows_sixels(&self) -> Option<Protocol> {
        self.pressed.protocol()
    }

    /// Waits for what belongs to the key that was pressed: a line, or the rest of one.
    pub fn argument(&mut self, show_prompt: impl FnOnce()) -> Option<String> {
        let line = self.typed(true, show_prompt);
        self.pressed.in_line = false;
        line
    }

    /// Has a line typed, which is shown if there is an `echo`.
    fn typed(&mut self, echo: bool, show_prompt: impl FnOnce()) -> Option<String> {
        if self.by_key {
            mode::by_line(echo);
        }
        show_prompt();
        let line = self.rest_of_line();
        if self.by_key {
            mode::by_key();
        }
        line
    }

    fn rest_of_line(&mut self) -> Option<String> {
        let mut line = Vec::new();
        loop {
            if interrupt::requested() {
                return None;
            }
            match self.bytes.recv_timeout(Duration::from_millis(50)) {
                Ok(b'\n') => break,
                Ok(END_OF_INPUT) if line.is_empty() => return None,
                Ok(END_OF_INPUT) => break,
                Ok(byte) => line.push(byte),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
        Some(
            String::from_utf8_lossy(&line)
                .trim_end_matches('\r')
                .to_owned(),
        )
    }

    /// Waits for the next key.
    pub fn next(&mut self) -> Key {
        if self.by_key {
            // Once more: a shell that radio was stopped in (Ctrl-Z) has a mode of its own.
            mode::by_key();
        }
        loop {
            if interrupt::requested() {
                return Key::Quit;
            }
            if let Some(key) = self.pressed.keys.pop_front() {
                return key;
            }
            match self.bytes.recv_timeout(Duration::from_millis(50)) {
                Ok(byte) => self.parser.advance(&mut self.pressed, byte),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Key::Quit,
            }
        }
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        mode::restore();
    }
}

impl Pressed {
    fn protocol(&self) -> Option<Protocol> {
        let dots = self.dots.filter(|dots| *dots > 0);
        let dots = dots.map_or(USUAL_DOTS, usize::from);
        self.shows_sixels.then_some(Protocol::Sixel { dots })
    }

    fn push(&mut self, key: Key) {
        self.in_line = true;
        self.keys.push_back(key);
    }

    fn line_end(&mut self) {
        let is_command = self.by_key || !self.in_line;
        if is_command {
            self.push(Key::Forward);
        }
        self.in_line = false;
    }
}

impl Perform for Pressed {
    fn print(&mut self, c: char) {
        self.push(match c {
            ' ' => Key::Forward,
            'b' | 'B' => Key::Back,
            'r' | 'R' => Key::Rest,
            'e' | 'E' => Key::Figure,
            'g' | 'G' => Key::Go,
            '?' | 'h' | 'H' => Key::Help,
            'q' | 'Q' => Key::Quit,
            other => Key::Unknown(other),
        });
    }

    fn execute(&mut self, byte: u8) {
        match byte {
            b'\n' => self.line_end(),
            b'\r' if self.by_key => self.line_end(),
            b'\r' => {}
            // Ctrl-C and Ctrl-D, where the terminal does not make a signal or an end of them.
            0x03 | END_OF_INPUT => self.push(Key::Quit),
            other => self.push(Key::Unknown(other.into())),
        }
    }

    fn csi_dispatch(&mut self, params: &Params, intermediates: &[u8], _: bool, action: u8) {
        let numbers = params.iter().filter_map(|parts| parts.first().copied());
        let numbers: Vec<u16> = numbers.collect();
        match (action, numbers.first()) {
            // Its kind, and what it can do besides.
            (b'c', Some(_)) if intermediates == b"?" => {
                self.shows_sixels = numbers[1..].contains(&SIXELS);
            }
            // How high and how wide a character is.
            (b't', Some(6)) => self.dots = numbers.get(2).copied(),
            (b'B' | b'C', _) | (b'~', Some(6)) => self.push(Key::Forward),
            (b'A' | b'D', _) | (b'~', Some(5)) => self.push(Key::Back),
            _ => {}
        }
    }

    fn esc_dispatch(&mut self, _: &[u8], _: bool, byte: u8) {
        self.print(byte.into());
    }
}

/// Gives the terminal back the mode that it had, if it was changed, before `radio` exits from any thread.
pub fn restore_terminal_for_good() {
    mode::restore_for_good();
}

mod mode {
    use super::END_OF_INPUT;
    use nix::sys::termios::{
        LocalFlags, SetArg, SpecialCharacterIndices, Termios, tcgetattr, tcsetattr,
    };
    use std::sync::Mutex;

    /// The mode that the terminal had.
    static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

    /// Has keys arrive as they are pressed, without echo; Ctrl-C stays a signal. Returns whether that could be done.
    pub fn by_key() -> bool {
        let (Ok(mut before), Ok(now)) = (BEFORE.lock(), tcgetattr(std::io::stdin())) else {
            return false;
        };
        let mut mode = now.clone();
        mode.local_flags
            .remove(LocalFlags::ICANON | LocalFlags::ECHO);
        before.get_or_insert(now);
        tcsetattr(std::io::stdin(), SetArg::TCSANOW, &mode).is_ok()
    }

    /// The character that stands for none.
    const DISABLED: u8 = if cfg!(target_os = "linux") { 0 } else { 0xff };

    /// Has lines arrive that can be corrected until Enter is pressed. Ctrl-D arrives as a character: its reader would
    /// take an end of the input for the last.
    pub fn by_line(echo: bool) {
        // Held meanwhile: who gives the mode back for good locks it.
        let (Ok(_before), Ok(mut mode)) = (BEFORE.lock(), tcgetattr(std::io::stdin())) else {
            return;
        };
        mode.local_flags.insert(LocalFlags::ICANON);
        mode.local_flags.set(LocalFlags::ECHO, echo);
        mode.control_chars[SpecialCharacterIndices::VEOF as usize] = DISABLED;
        mode.control_chars[SpecialCharacterIndices::VEOL as usize] = END_OF_INPUT;
        let _ = tcsetattr(std::io::stdin(), SetArg::TCSANOW, &mode);
    }

    fn put_back(before: &mut Option<Termios>) {
        if let Some(mode) = before.take() {
            let _ = tcsetattr(std::io::stdin(), SetArg::TCSANOW, &mode);
        }
    }

    pub fn restore() {
        if let Ok(mut before) = BEFORE.lock() {
            put_back(&mut before);
        }
    }

    pub fn restore_for_good() {
        if let Ok(mut before) = BEFORE.lock() {
            put_back(&mut before);
            // Never unlocked: the mode cannot be changed again.
            std::mem::forget(before);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pressed(text: &str, by_key: bool) -> Pressed {
        let mut parser: Parser = Parser::default();
        let mut pressed = Pressed {
            keys: VecDeque::new(),
            by_key,
            in_line: false,
            shows_sixels: false,
            dots: None,
        };
        for byte in text.bytes() {
            parser.advance(&mut pressed, byte);
        }
        pressed
    }

    fn keys(text: &str, by_key: bool) -> Vec<Key> {
        pressed(text, by_key).keys.into()
    }

    #[test]
    fn the_end_of_a_line_with_commands_is_no_command() {
        use Key::{Back, Figure, Forward, Quit, Rest, Unknown};
        assert_eq!(keys("\n\nq", false), [Forward, Forward, Quit]);
        assert_eq!(keys("b\n\r\nr\n", false), [Back, Forward, Rest]);
        assert_eq!(keys(" e\nx", false), [Forward, Figure, Unknown('x')]);
        assert_eq!(keys("b\nq", true), [Back, Forward, Quit]);
    }

    #[test]
    fn what_a_terminal_says_of_itself_is_no_key() {
        for (said, expected) in [
            ("\x1b[?62;22c", None),
            ("\x1b[?62;4;22c", Some(USUAL_DOTS)),
            ("\x1b[6;20;11t\x1b[?65;4c", Some(11)),
        ] {
            let of = pressed(said, true);
            let expected = expected.map(|dots| Protocol::Sixel { dots });
            assert_eq!((of.protocol(), of.keys.len()), (expected, 0), "{said:?}");
        }
    }

    #[test]
    fn a_presenters_keys_walk_too() {
        use Key::{Back, Forward};
        let sent = "\x1b[6~\x1b[5~\x1b[C\x1b[D\x1b[15~\x1b[Z";
        assert_eq!(keys(sent, true), [Forward, Back, Forward, Back]);
    }
}
