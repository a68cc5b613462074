//! The printing macros as cells see them: they say which stream is written to, so that stdout and stderr can be put
//! back into order. A macro of the same name in a notebook comes before them.

/// As `std::print!`; what is printed is seen at once.
#[macro_export]
macro_rules! print {
    ($($t:tt)*) => {{
        $crate::connection::turn_to(1);
        ::std::print!($($t)*);
        $crate::connection::flush()
    }};
}

/// As `std::println!`.
#[macro_export]
macro_rules! println {
    ($($t:tt)*) => {{
        $crate::connection::turn_to(1);
        ::std::println!($($t)*)
    }};
}

/// As `std::eprint!`.
#[macro_export]
macro_rules! eprint {
    ($($t:tt)*) => {{
        $crate::connection::turn_to(2);
        ::std::eprint!($($t)*)
    }};
}

/// As `std::eprintln!`.
#[macro_export]
macro_rules! eprintln {
    ($($t:tt)*) => {{
        $crate::connection::turn_to(2);
        ::std::eprintln!($($t)*)
    }};
}

/// As `std::dbg!`.
#[macro_export]
macro_rules! dbg {
    ($($t:tt)*) => {
        ($crate::connection::turn_to(2), ::std::dbg!($($t)*)).1
    };
}

/// The function by which the host finds that of a cell. It stands here for cells that forbid code such as this.
#[allow(
    clippy::crate_in_macro_def,
    reason = "the function is that of the crate that calls this"
)]
#[macro_export]
#[doc(hidden)]
macro_rules! __radio_start {
    ($name:ident) => {
        #[unsafe(no_mangle)]
        pub fn $name(number: u32) -> ::std::result::Result<(), $crate::Raised> {
            __radio_cell(number)
        }
    };
}
