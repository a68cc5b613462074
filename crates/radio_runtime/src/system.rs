//! Calls of the system that the standard library does not have, for Unix.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::os::fd::AsRawFd;

#[repr(C)]
struct Polled {
    file: c_int,
    asked: i16,
    found: i16,
}

#[cfg(target_os = "macos")]
type PolledCount = std::ffi::c_uint;
#[cfg(not(target_os = "macos"))]
type PolledCount = std::ffi::c_ulong;

unsafe extern "C" {
    fn fork() -> c_int;
    fn getpid() -> c_int;
    fn kill(process: c_int, signal: c_int) -> c_int;
    fn setpgid(process: c_int, group: c_int) -> c_int;
    fn waitpid(process: c_int, status: *mut c_int, options: c_int) -> c_int;
    fn mmap(
        at: *mut c_void,
        length: usize,
        protection: c_int,
        flags: c_int,
        file: c_int,
        offset: i64,
    ) -> *mut c_void;
    fn poll(files: *mut Polled, count: PolledCount, milliseconds: c_int) -> c_int;
    fn dlopen(path: *const c_char, flags: c_int) -> *mut c_void;
    fn dlsym(library: *mut c_void, name: *const c_char) -> *mut c_void;
    fn dlerror() -> *const c_char;
    #[cfg(target_os = "linux")]
    fn prctl(option: c_int, ...) -> c_int;
}

pub const SIGKILL: i32 = 9;
pub const SIGCONT: i32 = if cfg!(target_os = "macos") { 19 } else { 18 };
const SIGSTOP: i32 = if cfg!(target_os = "macos") { 17 } else { 19 };

/// Makes a copy of this process that has the calling thread only. Returns 0 in the copy, and its number in the
/// original.
pub fn copy_process() -> std::io::Result<u32> {
    // SAFETY: the copy goes on with what the calling thread does; whoever calls this knows what other threads there
    // are.
    match unsafe { fork() } {
        -1 => Err(std::io::Error::last_os_error()),
        process => Ok(process.cast_unsigned()),
    }
}

/// The number of this process. Not `std::process::id`, which may be remembered from before a copy.
pub fn own_process() -> u32 {
    // SAFETY: it has no arguments and cannot fail.
    unsafe { getpid() }.cast_unsigned()
}

/// Sends a signal to a process.
pub fn signal(process: u32, signal: i32) {
    // SAFETY: numbers only.
    unsafe { kill(process.cast_signed(), signal) };
}

/// Ends all processes of a group.
pub fn end_group(leader: u32) {
    // SAFETY: numbers only.
    unsafe { kill(-leader.cast_signed(), SIGKILL) };
}

/// Stops this process until somebody sends it [`SIGCONT`].
pub fn stop() {
    signal(own_process(), SIGSTOP);
}

/// Makes a process the leader of a group of its own.
pub fn lead_group(process: u32) {
    // SAFETY: numbers only.
    unsafe { setpgid(process.cast_signed(), process.cast_signed()) };
}

/// Waits until a child process ends: its number, and how it ended. `None` if there is no child.
pub fn wait_for_child() -> Option<(u32, u32)> {
    let mut status = 0;
    // SAFETY: `status` lives through the call.
    let process = unsafe { waitpid(-1, &raw mut status, 0) };
    (process > 0).then(|| (process.cast_unsigned(), status.cast_unsigned()))
}

/// Lets the system forget a child process, if it has ended. Returns whether it has.
pub fn has_ended(process: u32) -> bool {
    const WNOHANG: c_int = 1;
    // SAFETY: it asks for no status.
    unsafe { waitpid(process.cast_signed(), std::ptr::null_mut(), WNOHANG) != 0 }
}

/// Has processes whose parent ends become children of this one, where the system can.
pub fn adopt_orphans() {
    #[cfg(target_os = "linux")]
    {
        const PR_SET_CHILD_SUBREAPER: c_int = 36;
        // SAFETY: numbers only.
        unsafe { prctl(PR_SET_CHILD_SUBREAPER, 1usize, 0usize, 0usize, 0usize) };
    }
}

/// Has the system end this process when its parent ends, where it can.
pub fn end_with_parent() {
    #[cfg(target_os = "linux")]
    {
        const PR_SET_PDEATHSIG: c_int = 1;
        // SAFETY: numbers only.
        unsafe { prctl(PR_SET_PDEATHSIG, SIGKILL as usize, 0usize, 0usize, 0usize) };
    }
}

/// Whether something can be read from a file without waiting.
pub fn is_readable(file: &impl AsRawFd) -> bool {
    const POLLIN: i16 = 1;
    let mut polled = Polled {
        file: file.as_raw_fd(),
        asked: POLLIN,
        found: 0,
    };
    // SAFETY: it is one, and lives through the call.
    let count = unsafe { poll(&raw mut polled, 1, 0) };
    count == 1 && polled.found & POLLIN != 0
}

/// How many threads this process has; 1 where the system does not say.
pub fn threads() -> u32 {
    let tasks = std::fs::read_dir("/proc/self/task");
    tasks.map_or(1, |tasks| tasks.count() as u32)
}

/// Memory, all zero, that this process and all its copies share. Never given back.
pub fn shared_memory<T>() -> std::io::Result<&'static T> {
    const PROT_READ_WRITE: c_int = 3;
    const MAP_SHARED: c_int = 1;
    const MAP_ANONYMOUS: c_int = if cfg!(target_os = "macos") {
        0x1000
    } else {
        0x20
    };
    // SAFETY: asks for new memory.
    let memory = unsafe {
        mmap(
            std::ptr::null_mut(),
            size_of::<T>(),
            PROT_READ_WRITE,
            MAP_SHARED | MAP_ANONYMOUS,
            -1,
            0,
        )
    };
    if memory.addr() == usize::MAX {
        return Err(std::io::Error::last_os_error());
    }
    // SAFETY: it is large enough, aligned to a page, zero, and stays. `T` is made of atomic numbers.
    Ok(unsafe { &*memory.cast::<T>() })
}

/// A library that was loaded. It stays.
#[derive(Clone, Copy, Debug)]
pub struct Library(*mut c_void);

impl Library {
    /// Loads the library at `path`; `is_global` says whether later ones find its symbols.
    pub fn load(path: &str, is_global: bool) -> Result<Library, String> {
        const RTLD_NOW: c_int = 2;
        const RTLD_GLOBAL: c_int = if cfg!(target_os = "macos") { 8 } else { 0x100 };
        let text = CString::new(path).map_err(|error| error.to_string())?;
        let flags = RTLD_NOW | if is_global { RTLD_GLOBAL } else { 0 };
        // SAFETY: a text that ends with a zero. What the library does as it is loaded is what its source says.
        let library = unsafe { dlopen(text.as_ptr(), flags) };
        match library.is_null() {
            true => Err(last_error()),
            false => Ok(Library(library)),
        }
    }

    /// The address of a symbol.
    pub fn symbol(self, name: &str) -> Result<*mut c_void, String> {
        let name = CString::new(name).map_err(|error| error.to_string())?;
        // SAFETY: the library stays loaded.
        let symbol = unsafe { dlsym(self.0, name.as_ptr()) };
        match symbol.is_null() {
            true => Err(last_error()),
            false => Ok(symbol),
        }
    }
}

fn last_error() -> String {
    // SAFETY: the text, if there is one, is valid until the next call, and is copied.
    let text = unsafe {
        let text = dlerror();
        (!text.is_null()).then(|| CStr::from_ptr(text).to_string_lossy().into_owned())
    };
    text.unwrap_or_else(|| "the system does not say why".to_owned())
}
