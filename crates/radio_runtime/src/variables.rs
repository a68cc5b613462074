//! The variables of the cells: where each is, and of which type, from the end of the cell that declares it on.
//!
//! A cell takes the variables that it names as locals of its own, by copying their bits, and gives them back at its
//! end. What it has moved is gone. Types are checked whenever a variable is taken: they were read from what the
//! compiler prints.

// These functions are for the text that radio generates around cells, which may forbid unsafe code.
#![allow(clippy::not_unsafe_ptr_arg_deref)]

use crate::question_mark::Raised;
use crate::shown::without_modules;
use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::any::{Any, TypeId, type_name};
use std::marker::PhantomData;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// In the order in which they were declared.
static VARIABLES: Mutex<Vec<Variable>> = Mutex::new(Vec::new());

struct Variable {
    name: String,
    of: Type,
    place: Storage,
    /// Whether the cell that runs has it.
    is_taken: bool,
    /// Whether another variable may refer to it: then it stays where it is, for ever.
    is_lent: bool,
}

/// What has to be known of a type. What is done by this alone is compiled once, here, and not in each cell for each
/// type.
#[derive(Clone, Copy)]
struct Type {
    id: TypeId,
    name: &'static str,
    layout: Layout,
    /// Drops the value at a place.
    drop: unsafe fn(*mut u8),
}

impl Type {
    fn of<T>() -> Self {
        Self {
            id: type_id::<T>(),
            name: type_name::<T>(),
            layout: Layout::new::<T>(),
            drop: drop_at::<T>,
        }
    }
}

/// Where a variable is.
#[derive(Clone, Copy)]
struct Storage {
    address: *mut u8,
    /// Whether it was allocated for the variable alone, rather than being a local of a cell that has not returned.
    is_own: bool,
}

// SAFETY: only the thread that runs the cells uses what is there.
unsafe impl Send for Storage {}

impl Variable {
    /// Drops the value, unless somebody may refer to it.
    fn end(self) {
        if self.is_lent {
            return;
        }
        if !self.is_taken {
            // SAFETY: there is a value of the type that `drop` is for, and nobody looks at it any more.
            unsafe { (self.of.drop)(self.place.address) };
        }
        self.free();
    }

    fn free(&self) {
        if self.place.is_own && self.of.layout.size() > 0 {
            // SAFETY: it was allocated with this layout, by `own_place`.
            unsafe { dealloc(self.place.address, self.of.layout) };
        }
    }
}

fn variables() -> MutexGuard<'static, Vec<Variable>> {
    VARIABLES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The identity of a type, whatever it refers to for however long.
pub fn type_id<T: ?Sized>() -> TypeId {
    trait Identity {
        fn get(&self) -> TypeId
        where
            Self: 'static;
    }
    impl<T: ?Sized> Identity for PhantomData<T> {
        fn get(&self) -> TypeId
        where
            Self: 'static,
        {
            TypeId::of::<T>()
        }
    }
    let marker = PhantomData::<T>;
    // SAFETY: a lifetime is not a part of the value, and the method looks at nothing that could be gone.
    let marker: &(dyn Identity + 'static) =
        unsafe { std::mem::transmute::<&dyn Identity, &(dyn Identity + 'static)>(&marker) };
    marker.get()
}

unsafe fn drop_at<T>(place: *mut u8) {
    // SAFETY: whoever calls this knows that there is a `T`.
    unsafe { place.cast::<T>().drop_in_place() };
}

fn own_place(layout: Layout) -> *mut u8 {
    if layout.size() == 0 {
        return std::ptr::without_provenance_mut(layout.align());
    }
    // SAFETY: the layout is not empty.
    let place = unsafe { alloc(layout) };
    if place.is_null() {
        handle_alloc_error(layout);
    }
    place
}

/// Takes a variable.
///
/// # Errors
/// There is none of this name, or it is of another type.
pub fn take<T>(name: &str) -> Result<T, Raised> {
    let place = find(name, true, Wanted::Same(Type::of::<T>()))?;
    // SAFETY: there is a value of this type, and it is not used from there until it is given back.
    Ok(unsafe { place.cast::<T>().read() })
}

/// Whether a text that is there for the compiler to look at is run: never.
#[inline(never)]
pub fn is_never() -> bool {
    false
}

/// Takes a variable whose type has no name. Where it is taken, the text that made it stands once more and is never run:
/// the type that the compiler gives it there has the same layout.
///
/// # Errors
/// There is none of this name, or its layout is another one.
pub fn take_unnamed<T>(name: &str) -> Result<T, Raised> {
    let place = find(name, true, Wanted::SameMaking(Type::of::<T>()))?;
    // SAFETY: the value was made by the same text with the same types.
    Ok(unsafe { place.cast::<T>().read() })
}

/// A value for a text that is looked at by the compiler and never runs.
pub fn never<T>() -> T {
    unreachable!("this text is never run")
}

/// Takes a variable of a type that was defined again with the same text, as the type `T` that it is now.
///
/// # Errors
/// There is none of this name, or it is no `Old`.
pub fn take_as<Old, T>(name: &str) -> Result<T, Raised> {
    let place = find(
        name,
        true,
        Wanted::Again(Type::of::<Old>(), Type::of::<T>()),
    )?;
    // SAFETY: both types have the same definition, compiled by the same compiler with the same settings.
    Ok(unsafe { place.cast::<T>().read() })
}

/// Copies a variable that another one refers to: what is returned must be forgotten, and not be changed.
///
/// # Errors
/// As [`take`].
pub fn look<T>(name: &str) -> Result<T, Raised> {
    let value = take(name)?;
    not_taken(name);
    Ok(value)
}

/// Looks at a variable that another one refers to, where it is: that lives for ever.
///
/// # Errors
/// As [`take`].
pub fn look_at<'a, T>(name: &str) -> Result<&'a T, Raised> {
    let place = find(name, false, Wanted::Same(Type::of::<T>()))?;
    // SAFETY: there is a value of this type, which is never moved nor changed: another variable refers to it.
    Ok(unsafe { &*place.cast::<T>() })
}

/// As [`look_at`], for a type that was defined again with the same text; see [`take_as`].
///
/// # Errors
/// As [`take_as`].
pub fn look_at_as<'a, Old, T>(name: &str) -> Result<&'a T, Raised> {
    let place = find(
        name,
        false,
        Wanted::Again(Type::of::<Old>(), Type::of::<T>()),
    )?;
    // SAFETY: as for `look_at` and `take_as`.
    Ok(unsafe { &*place.cast::<T>() })
}

/// As [`look_at`], for a type without a name; see [`take_unnamed`].
///
/// # Errors
/// As [`take_unnamed`].
pub fn look_at_unnamed<'a, T>(name: &str) -> Result<&'a T, Raised> {
    let place = find(name, false, Wanted::SameMaking(Type::of::<T>()))?;
    // SAFETY: as for `look_at` and `take_unnamed`.
    Ok(unsafe { &*place.cast::<T>() })
}

fn not_taken(name: &str) {
    for variable in variables().iter_mut().filter(|known| known.name == name) {
        variable.is_taken = false;
    }
}

/// How the names of modules begin that have a cell each.
pub const TOGETHER: &str = "__together_";

/// The type that a variable must have.
#[derive(Clone, Copy)]
enum Wanted {
    /// This.
    Same(Type),
    /// One without a name, made by the same text.
    SameMaking(Type),
    /// The first, which was defined again as the second.
    Again(Type, Type),
}

impl Wanted {
    /// # Errors
    /// What is said where the variable has another type.
    fn check(self, variable: &Variable) -> Result<(), String> {
        let (name, of) = (&variable.name, variable.of);
        let fits = match self {
            Self::Same(wanted) => of.id == wanted.id,
            Self::SameMaking(wanted) => {
                // A cell that waits is a closure itself, and one that was compiled together with others is in a module.
                let plain = |name: &str| {
                    let name = name.replace("::{{closure}}", "");
                    let own = name.split("::").filter(|part| !part.starts_with(TOGETHER));
                    own.collect::<Vec<_>>().join("::")
                };
                plain(of.name) == plain(wanted.name) && of.layout == wanted.layout
            }
            Self::Again(old, now) => of.id == old.id && old.layout == now.layout || of.id == now.id,
        };
        if fits {
            return Ok(());
        }
        let has = without_modules(of.name);
        Err(match self {
            Self::Same(wanted) => format!(
                "the variable `{name}` has the type `{has}`, made before that was defined again; this cell would \
                 take it for `{}`",
                without_modules(wanted.name)
            ),
            Self::SameMaking(_) => format!(
                "the variable `{name}` was made in another way than this cell would make it: declare it again"
            ),
            Self::Again(..) => format!(
                "the variable `{name}` has the type `{has}`, made before that was defined again"
            ),
        })
    }
}

fn find(name: &str, takes: bool, wanted: Wanted) -> Result<*mut u8, Raised> {
    let mut variables = variables();
    let Some(variable) = variables.iter_mut().find(|known| known.name == name) else {
        return Err(Raised(format!(
            "the variable `{name}` is not there: its cell ended early, by `return` or an error, before declaring it"
        )));
    };
    if variable.is_taken {
        return Err(Raised(format!(
            "the variable `{name}` was lost when a cell that used it failed"
        )));
    }
    wanted.check(variable).map_err(Raised)?;
    variable.is_taken = takes;
    Ok(variable.place.address)
}

/// Keeps a variable that the cell declares, which refers to nothing of the cell's; its value is copied from `from`. A
/// variable of the same name ends.
pub fn declare<T: 'static>(name: &str, from: *const T) {
    copy_away(name, from.cast(), Type::of::<T>());
}

/// As [`declare`], for what refers to variables of a cell that does not return.
pub fn declare_away<T>(name: &str, from: *const T) {
    copy_away(name, from.cast(), Type::of::<T>());
}

/// Keeps a variable that the cell declares where it is: the cell does not return.
pub fn declare_here<T>(name: &str, at: *const T) {
    remember(name, at.cast_mut().cast(), false, Type::of::<T>());
}

fn copy_away(name: &str, from: *const u8, of: Type) {
    let address = own_place(of.layout);
    // SAFETY: the place was made for a value of this type.
    unsafe { from.copy_to_nonoverlapping(address, of.layout.size()) };
    remember(name, address, true, of);
}

fn remember(name: &str, address: *mut u8, is_own: bool, of: Type) {
    let mut variables = variables();
    let old = variables.iter().position(|known| known.name == name);
    let old = old.map(|at| variables.remove(at));
    variables.push(Variable {
        name: name.to_owned(),
        of,
        place: Storage { address, is_own },
        is_taken: false,
        is_lent: false,
    });
    // What its drop does may be anything.
    drop(variables);
    if let Some(old) = old {
        old.end();
    }
}

/// Gives back a variable that was taken, which refers to nothing of the cell's.
pub fn give_back<T: 'static>(name: &str, from: *const T) {
    copy_back(name, from.cast(), Type::of::<T>());
}

fn copy_back(name: &str, from: *const u8, of: Type) {
    for variable in variables().iter_mut().filter(|known| known.name == name) {
        // SAFETY: its place has a layout for what was taken, which is of this type or the same by another name.
        unsafe { from.copy_to_nonoverlapping(variable.place.address, of.layout.size()) };
        variable.of = of;
        variable.is_taken = false;
    }
}

/// As [`give_back`], for a variable that others refer to from now on where it is in a cell that does not return.
pub fn give_back_here<T>(name: &str, at: *const T) {
    stay(name, at.cast_mut().cast());
}

fn stay(name: &str, address: *mut u8) {
    for variable in variables().iter_mut().filter(|known| known.name == name) {
        variable.free();
        variable.place = Storage {
            address,
            is_own: false,
        };
        variable.is_taken = false;
    }
}

/// A place where something is used: the compiler says so if that refers to what may not be looked at meanwhile.
pub fn uses<T>(_: &T) {}

/// Says that other variables refer to this one.
pub fn lend(name: &str) {
    for variable in variables().iter_mut().filter(|known| known.name == name) {
        variable.is_lent = true;
    }
}

/// Forgets a variable that the cell has moved.
pub fn gone(name: &str) {
    let mut variables = variables();
    if let Some(at) = variables.iter().position(|known| known.name == name) {
        let variable = variables.remove(at);
        drop(variables);
        variable.free();
    }
}

/// The names and types of all variables, in the order in which they were declared.
pub fn list() -> Vec<(String, String)> {
    let variables = variables();
    let there = variables.iter();
    there
        .map(|variable| (variable.name.clone(), without_modules(variable.of.name)))
        .collect()
}

/// What `make` makes, once: the runtime in which all cells wait, for one.
///
/// # Errors
/// What `make` says.
pub fn once<T: Any + Send, E: std::fmt::Debug>(
    make: impl FnOnce() -> Result<T, E>,
) -> Result<&'static mut T, Raised> {
    static MADE: Mutex<Vec<(TypeId, usize)>> = Mutex::new(Vec::new());
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    let known = made.iter().find(|(of, _)| *of == TypeId::of::<T>());
    let address = match known {
        Some((_, address)) => *address,
        None => {
            let address = Box::into_raw(Box::new(make()?)).expose_provenance();
            made.push((TypeId::of::<T>(), address));
            address
        }
    };
    // SAFETY: it was made from a box that is never freed, and only the cell that runs uses it.
    Ok(unsafe { &mut *std::ptr::with_exposed_provenance_mut(address) })
}
