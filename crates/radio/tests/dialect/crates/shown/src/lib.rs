//! Values that a notebook shows.

/// Shown by Debug.
#[derive(Clone, Debug, PartialEq)]
pub struct Plain(pub u32);

/// Shown by its own display, as text and HTML.
pub struct Rich(pub u32);

impl Rich {
    /// What the evcxr kernel calls.
    pub fn evcxr_display(&self) {
        println!("EVCXR_BEGIN_CONTENT text/plain\nrich {}\nEVCXR_END_CONTENT", self.0);
        println!("EVCXR_BEGIN_CONTENT text/html\n<b>{}</b>\nEVCXR_END_CONTENT", self.0);
    }
}

/// A static of a dependency.
pub static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);

/// Counts the calls.
pub fn count() -> u32 {
    COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1
}

/// A macro of a dependency.
#[macro_export]
macro_rules! plain {
    ($value:expr) => {
        $crate::Plain($value)
    };
}
