//! What `?` does in a cell: the place and the text of the error are kept, and `Option` and `ControlFlow` can fail too.

use crate::protocol::ProgramLocation;
use std::any::TypeId;
use std::panic::Location;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU8, Ordering::SeqCst};

/// Where the last `?` of a cell found an error.
static PLACE: Mutex<Option<ProgramLocation>> = Mutex::new(None);

/// How the error of a failing `?` becomes text: 0 `{}`, 1 `{:?}`, 2 `{:#?}`.
static ERROR_FORMAT: AtomicU8 = AtomicU8::new(0);

/// Chooses how the error of a failing `?` becomes text.
pub fn set_error_format(format: u8) {
    ERROR_FORMAT.store(format, SeqCst);
}

fn debug_text(error: &impl std::fmt::Debug) -> String {
    match ERROR_FORMAT.load(SeqCst) {
        2 => format!("{error:#?}"),
        _ => format!("{error:?}"),
    }
}

/// What a cell's `?` found, ready to be shown.
///
/// It must not implement `Debug`: that is what lets it be made from everything that does.
pub struct Raised(pub(crate) String);

impl<E: std::fmt::Debug> From<E> for Raised {
    fn from(error: E) -> Raised {
        let of = crate::variables::type_id::<E>();
        // Text is a message, and no value to be shown between quotation marks.
        if of == TypeId::of::<&str>() {
            // SAFETY: the types are the same, apart from how long the text lives, and it is copied here.
            return Raised(unsafe { *std::ptr::from_ref(&error).cast::<&str>() }.to_owned());
        }
        if of == TypeId::of::<String>() {
            // SAFETY: the types are the same.
            return Raised(unsafe { &*std::ptr::from_ref(&error).cast::<String>() }.clone());
        }
        Raised(debug_text(&error))
    }
}

/// Put around what stands before every `?` of a cell: remembers the place, shows the error, and makes `?` work on
/// `Option`.
///
/// The method of its own is for errors that can be displayed; [`QuestionMark`]'s, which comes after it, for all others.
pub struct Try<T>(pub T);

impl<T, E: std::fmt::Display + std::fmt::Debug> Try<Result<T, E>> {
    /// What stands before the `?`, with an error that is ready to be shown.
    #[track_caller]
    pub fn __radio_question_mark(self) -> Result<T, Raised> {
        let place = Location::caller();
        self.0.map_err(|error| {
            remember(place);
            match ERROR_FORMAT.load(SeqCst) {
                0 => Raised(error.to_string()),
                _ => Raised(debug_text(&error)),
            }
        })
    }
}

/// See [`Try`].
pub trait QuestionMark {
    /// What stands before the `?`, with an error that is ready to be shown.
    type Out;
    /// See [`Try`].
    fn __radio_question_mark(self) -> Self::Out;
}

impl<T, E: std::fmt::Debug> QuestionMark for Try<Result<T, E>> {
    type Out = Result<T, Raised>;
    #[track_caller]
    fn __radio_question_mark(self) -> Result<T, Raised> {
        let place = Location::caller();
        self.0.map_err(|error| {
            remember(place);
            Raised(debug_text(&error))
        })
    }
}

impl<T> QuestionMark for Try<Option<T>> {
    type Out = Result<T, Raised>;
    #[track_caller]
    fn __radio_question_mark(self) -> Result<T, Raised> {
        let place = Location::caller();
        self.0.ok_or_else(|| {
            remember(place);
            Raised("`?` found None".to_owned())
        })
    }
}

impl<B, C> QuestionMark for Try<std::ops::ControlFlow<B, C>> {
    type Out = Result<C, Raised>;
    #[track_caller]
    fn __radio_question_mark(self) -> Result<C, Raised> {
        match self.0 {
            std::ops::ControlFlow::Continue(value) => Ok(value),
            std::ops::ControlFlow::Break(_) => {
                remember(Location::caller());
                Err(Raised("`?` found ControlFlow::Break".to_owned()))
            }
        }
    }
}

pub(crate) fn remember(at: &Location<'_>) {
    if let Ok(mut place) = PLACE.lock() {
        *place = Some(at.into());
    }
}

/// Takes the place of the last `?` that failed.
pub(crate) fn take_place() -> ProgramLocation {
    let mut place = PLACE
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    place.take().unwrap_or_default()
}
