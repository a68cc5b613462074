//! The figures of a walk: saved as soon as there are any, named below their cell, opened at a key.

use super::inline::{picture, protocol};
use super::{Stop, Walk};
use crate::figures;
use radio_notebook::document::Output;
use radio_notebook::error::Result;
use radio_notebook::files;
use std::path::PathBuf;

/// How wide a figure is in the terminal, in columns, at most.
const MAX_COLUMNS: usize = 72;

/// Asks a terminal how large its characters are, and what it can do. It answers as if keys were pressed.
const WHAT_IT_CAN: &str = "\x1b[16t\x1b[c";

impl Walk {
    /// Asks the terminal whether it shows sixels. Nobody waits for the answer.
    pub(super) fn ask_for_sixels(&self) {
        if self.screen.is_terminal && self.screen.has_colours && self.screen.can_erase {
            self.write(WHAT_IT_CAN);
        }
    }

    /// Shows the figure of an output in the terminal, if that can.
    pub(super) fn draw(&self, output: &Output) {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let protocol = protocol(&variable).or_else(|| self.keys.shows_sixels());
        let (Output::Data { bundle, .. }, Some(protocol)) = (output, protocol) else {
            return;
        };
        let png = bundle.iter().find(|(mime, _)| mime == "image/png");
        if let (true, Some((_, png))) = (self.screen.is_terminal && self.screen.has_colours, png) {
            self.write(&picture(
                protocol,
                png,
                self.screen.width().min(MAX_COLUMNS),
            ));
        }
    }

    pub(super) fn show_figures(&self, stop: &Stop) {
        for figure in &stop.figures {
            let figure = figure.display().to_string();
            let line = format!("figure: {} · e opens it\n", self.screen.plain(&figure));
            self.write(&line);
        }
    }

    pub(super) fn open_figures(&self, at: usize) {
        let figures = self.stops.get(at).map_or(&[][..], |stop| &stop.figures);
        if figures.is_empty() {
            self.say("This cell has no figure so far.");
        }
        for figure in figures {
            let whole = files::real(figure);
            let opened = has_display().then(|| open::that_detached(&whole));
            let file = whole.display();
            match opened {
                Some(Ok(())) => self.say(&format!("opened {file}")),
                Some(Err(error)) => self.say(&format!("{file} cannot be opened here: {error}")),
                None => self.say(&format!(
                    "There is no display to open it on. The figure is {file}"
                )),
            }
        }
    }

    /// Writes the figures that there are so far, and returns the new ones: of a figure in two formats, the first.
    pub(super) fn save_figures(&mut self) -> Result<Vec<PathBuf>> {
        let staged = figures::stage(&self.notebook, &self.figure_folder)?;
        let saved: Vec<_> = staged.iter().map(|file| file.path().to_owned()).collect();
        files::put_all_in_place(staged, &[])?;
        let mut new = saved.clone();
        new.retain(|path| !self.saved.contains(path));
        new.dedup_by(|b, a| a.with_extension("") == b.with_extension(""));
        self.saved = saved;
        Ok(new)
    }
}

pub(super) fn has_picture(bundle: &[(String, String)]) -> bool {
    bundle
        .iter()
        .any(|(mime, _)| matches!(mime.as_str(), "image/svg+xml" | "image/png"))
}

/// Whether there is a desktop to open a file on: over ssh, there is none.
fn has_display() -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if cfg!(any(windows, target_os = "macos")) {
        !is_set("SSH_CONNECTION")
    } else {
        is_set("DISPLAY") || is_set("WAYLAND_DISPLAY")
    }
}
