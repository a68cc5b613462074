//! How a cell's value is shown: by its own `evcxr_display`, by that of what it points to, or as text.

use crate::connection::{next_phase, send, turn_to};
use crate::protocol::{Frame, MAX_TEXT, boundary};
use std::any::type_name;

/// Says that what follows on stdout is the trailing expression's own display.
pub fn displaying() {
    turn_to(1);
    let phase = next_phase();
    send(&Frame::Displaying { phase });
}

/// The name of a value's type, without the modules that types are in.
pub fn type_name_of<T: ?Sized>(_: &T) -> String {
    without_modules(type_name::<T>())
}

/// A type's name, without the modules that types are in.
pub fn without_modules(name: &str) -> String {
    let mut short = String::new();
    let name = name.replace("::{{closure}}", "::closure");
    for part in name.split_inclusive(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')) {
        short.push_str(part.rsplit("::").next().unwrap_or(part));
    }
    short
}

/// What `evcxr_display` is for a type that has none.
pub struct NoDisplay;

/// Gives every type an `evcxr_display`. For a reference it is the last to be found, as nothing but the reference itself
/// is borrowed mutably for it: a method of the type's own, or of another trait, that takes `&self` comes before.
pub trait AnyDisplay {
    /// No display.
    fn evcxr_display(&mut self) -> NoDisplay {
        NoDisplay
    }
}
impl<T: ?Sized> AnyDisplay for &T {}

/// What a deferred call of `evcxr_display` returns, as a type.
pub struct Kind<R>(std::marker::PhantomData<R>);
/// The kind of a call without making it.
pub fn kind_of<R>(_: &impl FnOnce() -> R) -> Kind<R> {
    Kind(std::marker::PhantomData)
}
/// The type has no display of its own.
pub struct Absent;
/// The type has a display of its own.
pub struct Present;
impl Kind<NoDisplay> {
    /// Absent.
    pub fn presence(&self) -> Absent {
        Absent
    }
}
/// For all other kinds.
pub trait OtherKind {
    /// Present.
    fn presence(&self) -> Present {
        Present
    }
}
impl<R> OtherKind for Kind<R> {}

/// Looks through `Box`, `Rc`, guards and the like: `*value` where there is one, `()` where there is not.
pub struct Through<'a, T: ?Sized>(pub &'a T);
impl<'a, T: ?Sized + std::ops::Deref> Through<'a, T> {
    /// What it points to.
    pub fn target(&self) -> &'a T::Target {
        self.0.deref()
    }
}
/// For all that cannot be looked through.
pub trait NotThrough {
    /// Nothing.
    fn target(&self) -> &'static () {
        &()
    }
}
impl<T: ?Sized> NotThrough for Through<'_, T> {}

/// How a cell's result becomes text where its type has no display: the cell's `:fmt`, which asks for `Debug` or
/// `Display`.
pub trait Formats<T: ?Sized> {
    /// The value's text.
    fn format(value: &T) -> String;
}

/// A value's text, without what is longer than anybody reads. It is formatted to its end all the same: an
/// implementation of `Debug` need not expect that writing fails.
pub fn text_of(value: std::fmt::Arguments<'_>) -> String {
    struct Start(String);
    impl std::fmt::Write for Start {
        fn write_str(&mut self, text: &str) -> std::fmt::Result {
            if self.0.len() < MAX_TEXT {
                let room = boundary(text, MAX_TEXT - self.0.len() + 4);
                self.0.push_str(&text[..room]);
            }
            Ok(())
        }
    }
    let mut start = Start(String::new());
    let _ = std::fmt::write(&mut start, value);
    start.0
}

/// Shows `value`: by its own `evcxr_display`, by that of what it points to (up to three times), or by the given format.
#[macro_export]
#[doc(hidden)]
macro_rules! __radio_show {
    ($bound:ident, $format:literal, $types:literal, $value:expr) => {
        match &($value) {
            value => {
                #[allow(unused_imports)]
                use $crate::shown::{AnyDisplay as _, NotThrough as _, OtherKind as _};
                struct CellFormat;
                impl<T: ?::std::marker::Sized + ::std::fmt::$bound> $crate::shown::Formats<T> for CellFormat {
                    fn format(value: &T) -> ::std::string::String {
                        let text = $crate::shown::text_of(::std::format_args!($format, value));
                        match $types {
                            true => {
                                ::std::format!(": {} = {text}", $crate::shown::type_name_of(value))
                            }
                            false => text,
                        }
                    }
                }
                let once = $crate::shown::Through(value).target();
                let twice = $crate::shown::Through(once).target();
                let thrice = $crate::shown::Through(twice).target();
                let (mut it, mut first, mut second, mut third) = (value, once, twice, thrice);
                let own = || it.evcxr_display();
                let first = || first.evcxr_display();
                let second = || second.evcxr_display();
                let third = || third.evcxr_display();
                $crate::shown::Shown(
                    $crate::shown::kind_of(&own).presence(),
                    $crate::shown::kind_of(&first).presence(),
                    $crate::shown::kind_of(&second).presence(),
                    $crate::shown::kind_of(&third).presence(),
                )
                .show::<_, _, _, _, _, CellFormat>(own, first, second, third, value);
            }
        }
    };
}

/// Which of the value, what it points to, what that points to, and so on, has a display.
pub struct Shown<A, B, C, D>(pub A, pub B, pub C, pub D);

/// Has the value shown by the last of these calls where the presences are these: of the value, what it points to, and
/// so on.
macro_rules! shows {
    ($($free:ident)*, $shown:ty: $own:ident $first:ident $second:ident $third:ident => $call:ident) => {
        impl<$($free),*> $shown {
            /// Shows it.
            pub fn show<Q, R, S, U, T: ?Sized, F>(
                self,
                $own: impl FnOnce() -> Q,
                $first: impl FnOnce() -> R,
                $second: impl FnOnce() -> S,
                $third: impl FnOnce() -> U,
                _: &T,
            ) {
                displaying();
                $call();
            }
        }
    };
}

shows!(B C D, Shown<Present, B, C, D>: own _first _second _third => own);
shows!(C D, Shown<Absent, Present, C, D>: _own first _second _third => first);
shows!(D, Shown<Absent, Absent, Present, D>: _own _first second _third => second);
shows!(, Shown<Absent, Absent, Absent, Present>: _own _first _second third => third);

impl Shown<Absent, Absent, Absent, Absent> {
    /// Shows it.
    pub fn show<Q, R, S, U, T: ?Sized, F: Formats<T>>(
        self,
        _: impl FnOnce() -> Q,
        _: impl FnOnce() -> R,
        _: impl FnOnce() -> S,
        _: impl FnOnce() -> U,
        value: &T,
    ) {
        if type_name::<T>() != "()" {
            send(&Frame::Result {
                text: F::format(value),
            });
        }
    }
}
