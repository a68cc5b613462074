//! What cells may keep of each other, and what they may not: no value is seen that is gone.

use crate::sandbox::*;

/// The outputs of the cells of a script that is run with `--allow-errors`.
fn outputs(script: &str) -> Vec<Vec<String>> {
    let sandbox = Sandbox::new();
    sandbox
        .write("a.rs", script)
        .run(&["a.rs", "--allow-errors"]);
    sandbox.cells("a").iter().map(short).collect()
}

/// What is told of the errors of the cells of a script, whole.
fn errors(script: &str) -> Vec<String> {
    let sandbox = Sandbox::new();
    sandbox
        .write("a.rs", script)
        .run(&["a.rs", "--allow-errors"]);
    let cells = sandbox.cells("a").into_iter();
    cells
        .map(|cell| joined(&cell["outputs"][0]["traceback"]))
        .collect()
}

/// Whether a cell has no output but one error, which says all of `parts`.
fn is_refused(cell: &[String], parts: &[&str]) -> bool {
    matches!(cell, [error] if error.starts_with('!') && parts.iter().all(|part| error.contains(part)))
}

#[test]
fn what_changes_by_itself_is_changed_where_it_is() {
    let cells = outputs(
        "// %%\nlet all = std::cell::RefCell::new(vec![1]);\nlet other = &all;\n\
         let cell = std::cell::Cell::new(1);\nlet seen = &cell;\n\
         // %%\nall.borrow_mut().push(2);\ncell.set(5);\n\
         // %%\n(other.borrow().clone(), seen.get())\n",
    );
    assert_eq!(cells[2], ["=([1, 2], 5)"]);
}

#[test]
fn what_others_may_change_is_not_looked_at_meanwhile() {
    let cells = outputs(
        "// %%\nlet mut v = vec![1];\nlet r = &mut v;\n\
         // %%\nfor i in 0..100 { r.push(i); }\nv[0]\n\
         // %%\nr.len()\n",
    );
    assert!(
        is_refused(&cells[1], &["cannot find value `v`"]),
        "{cells:?}"
    );
    assert_eq!(cells[2], ["=1"]);
    // A number can be looked at by a cell that does not call what counts.
    let cells = outputs(
        "// %%\nlet mut n = 0;\nlet mut inc = || { n += 1; n };\n\
         // %%\ninc() + inc()\n// %%\nn\n// %%\ninc() + n\n",
    );
    assert_eq!(cells[1..3], [["=3"], ["=2"]]);
    assert!(
        is_refused(&cells[3], &["cannot find value `n`"]),
        "{cells:?}"
    );
}

#[test]
fn what_an_earlier_variable_comes_to_refer_to_stays() {
    let cells = outputs(
        "// %%\nlet mut w: Vec<&i32> = vec![];\n// %%\nlet x = 5; w.push(&x);\n\
         // %%\nlet other = [7i32; 64];\nstd::hint::black_box(&other);\n*w[0]\n",
    );
    assert_eq!(cells[2], ["=5"]);
}

#[test]
fn what_is_referred_to_is_not_dropped_by_a_cell_that_returns() {
    let cells = outputs(
        "// %%\nlet v = vec![String::from(\"a\")];\nlet r = &v;\n\
         // %%\nif v.len() == 1 { drop(v); return; }\n// %%\nr[0].clone()\n",
    );
    assert_eq!(cells[2], ["=\"a\""]);
}

#[test]
fn references_are_kept_in_all_kinds_of_values() {
    let cells = outputs(
        "// %%\nlet names = vec![\"a\".to_string(), \"b\".to_string()];\n\
         let m: std::collections::HashMap<&str, usize> = names.iter().enumerate().map(|(i, n)| (n.as_str(), i)).collect();\n\
         // %%\nm[\"b\"]\n\
         // %%\nstruct Holder<'a> { s: &'a str, all: Vec<&'a String> }\n\
         let h = Holder { s: &names[0], all: names.iter().collect() };\n\
         // %%\nlet all = &names;\n\
         // %%\nlet names = 5;\n\
         // %%\n(h.s.len(), h.all.len(), all.len(), m.len(), names)\n",
    );
    assert_eq!(cells[1], ["=1"]);
    assert_eq!(cells[5], ["=(1, 2, 2, 2, 5)"]);
}

#[test]
fn what_has_no_name_is_looked_at_as_often_as_wanted() {
    let cells = outputs(
        "// %%\nlet it = (0..3).map(|x| x + 1);\nlet r = &it;\n\
         // %%\nit.clone().sum::<i32>()\n// %%\nit.clone().sum::<i32>()\n\
         // %%\nfn hidden<T: Clone + 'static>(t: T) -> impl Iterator<Item = T> { std::iter::repeat(t) }\n\
         let even = (0..10).filter(|x| x % 2 == 0);\nlet same = hidden(3u8);\n\
         // %%\neven.sum::<i32>()\n// %%\nsame.take(2).collect::<Vec<_>>()\n",
    );
    assert_eq!(cells[1..3], [["=6"], ["=6"]]);
    assert_eq!(cells[4..6], [["=20"], ["=[3, 3]"]]);
}

#[test]
fn cells_that_wait_lend_their_variables() {
    let cells = outputs(
        "// %%\nlet s = String::from(\"kept\");\nlet n = async { 1_usize }.await;\n\
         // %%\nlet r = &s;\nasync { 1 }.await;\n// %%\nr.len() + async { n }.await\n// %%\ns.len()\n",
    );
    assert_eq!(cells[2..4], [["=5"], ["=4"]]);
}

#[test]
fn a_notebook_may_forbid_unsafe_code() {
    let cells = outputs(
        "// %%\n#![forbid(unsafe_code)]\nlet x = 1;\n// %%\nlet r = &x;\nlet f = |y: i32| x + y + *r;\n\
         // %%\nf(1)\n// %%\nunsafe { *std::ptr::null::<i32>() }\n",
    );
    assert_eq!(cells[2], ["=3"]);
    assert!(is_refused(&cells[3], &["unsafe"]), "{cells:?}");
}

#[test]
fn names_of_radios_own_are_refused_by_name() {
    let cells = outputs(
        "// %%\nmod __radio { }\n// %%\n\n/// Why.\nfn __radio_cell() -> u8 { 1 }\n// %%\nlet __radio = 3;\n__radio\n",
    );
    assert!(
        is_refused(&cells[0], &["`__radio`", "radio's own"]),
        "{cells:?}"
    );
    assert!(
        is_refused(&cells[1], &["`__radio_cell`", "radio's own"]),
        "{cells:?}"
    );
    assert_eq!(cells[2], ["=3"]);
}

#[test]
fn of_items_with_conditions_the_one_that_holds_is_taken() {
    let cells = outputs(
        "// %%\n#[cfg(unix)] fn os() -> &'static str { \"unix\" }\n#[cfg(not(unix))] fn os() -> &'static str { \"other\" }\n\
         // %%\nos()\n// %%\nfn os() -> &'static str { \"mine\" }\n// %%\nos()\n",
    );
    let expected = if cfg!(unix) {
        "=\"unix\""
    } else {
        "=\"other\""
    };
    assert_eq!(cells[1], [expected]);
    assert_eq!(cells[3], ["=\"mine\""]);
}

#[test]
fn a_variable_of_a_cell_that_has_returned_is_told_as_gone() {
    let cells = outputs("// %%\nstruct D(&'static str);\nlet c = D(\"c\");\nreturn;\n// %%\nc.0\n");
    assert!(
        is_refused(&cells[1], &["the variable `c` is not there"]),
        "{cells:?}"
    );
}

/// Cells that follow cells which are not kept are compiled together, by guesses at the types of their variables. What a
/// later cell would decide in one function, what is moved, and what is wrong, is as it is where each is compiled by
/// itself.
#[test]
fn cells_that_are_compiled_together_mean_what_they_mean_alone() {
    // Nothing of another run is kept for these.
    let other = std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos() as u64;
    let script = format!(
        "// %%\nlet start = {other}_u64;\n// %%\nlet one = start - {other} + 1;\n// %%\n// A later cell has it a u64.\nlet small = 5;\n\
         // %%\nstd::mem::size_of_val(&small)\n// %%\nlet large: u64 = small;\n// %%\nlet names = vec![String::from(\"a\"), String::from(\"b\")];\n\
         // %%\nlet taken = names; let gone = String::new(); drop(gone);\n// %%\nnames.len()\n// %%\nfn twice(x: u64) -> u64 {{ 2 * x }}\ntwice(one)\n\
         // %%\nlet add = move |x: u64| x + one;\n// %%\nadd(twice(3))\n// %%\nlet mut all = Vec::new();\n// %%\nall.push(1_u8);\n\
         // %%\nlet first = &taken[0];\n// %%\nfirst.clone() + &taken[1]\n// %%\nmodule_path!()\n\
         // %%\nfn twice(x: u64) -> u64 {{ 3 * x }}\n// %%\nadd(twice(3))\n// %%\npanic!(\"at {{one}}\");\n// %%\nadd(one)\n"
    );
    let sandbox = Sandbox::new();
    sandbox
        .write("a.rs", &script)
        .run(&["a.rs", "--allow-errors"]);
    let cells: Vec<Vec<String>> = sandbox.cells("a").iter().map(short).collect();
    assert_eq!(cells[3], ["=4"]);
    assert!(is_refused(&cells[4], &["mismatched types"]), "{cells:?}");
    assert!(is_refused(&cells[7], &["cannot find value `names`"]));
    assert_eq!(cells[8], ["=2"]);
    assert_eq!(cells[10], ["=7"]);
    assert!(is_refused(&cells[11], &["type annotations needed"]));
    assert!(is_refused(&cells[12], &["`all`"]));
    assert_eq!(cells[14], ["=\"ab\""]);
    assert_eq!(cells[15], ["=\"ctx\""]);
    assert_eq!(cells[17], ["=10"]);
    assert_eq!(cells[18], ["!Panic: at 1"]);
    let panicked = sandbox.cells("a")[18].to_string();
    assert!(panicked.contains("a.rs cell 19:1:1"), "{panicked}");
    assert_eq!(cells[19], ["=2"]);
}

#[test]
fn a_static_is_there_once_whatever_becomes_of_its_type() {
    let cells = outputs(
        "// %%\nuse std::sync::Mutex;\nstruct P(i32);\nstatic MINE: Mutex<Vec<P>> = Mutex::new(Vec::new());\n\
         static mut COUNT: u32 = 0;\nMINE.lock().unwrap().push(P(1));\nunsafe { COUNT += 1 };\n\
         // %%\nimpl Clone for P { fn clone(&self) -> P { P(self.0) } }\n\
         // %%\nMINE.lock().unwrap().push(P(2));\n\
         // %%\nimpl P { fn value(&self) -> i32 { self.0 } }\nunsafe { COUNT += 1 };\n\
         // %%\nMINE.lock().unwrap().iter().map(|p| p.clone().value()).collect::<Vec<_>>()\n\
         // %%\nunsafe { let count = COUNT; count }\n",
    );
    assert_eq!(cells[4], ["=[1, 2]"]);
    assert_eq!(cells[5], ["=2"]);
    // Of another type, it starts anew.
    let cells = outputs(
        "// %%\nuse std::sync::Mutex;\nstruct P(i32);\nstatic ALL: Mutex<Vec<P>> = Mutex::new(Vec::new());\n\
         ALL.lock().unwrap().push(P(1));\n// %%\nstruct P(i32, i32);\n\
         // %%\nALL.lock().unwrap().push(P(1, 2));\nALL.lock().unwrap().len()\n",
    );
    assert_eq!(cells[2], ["=1"]);
}

#[test]
fn the_items_of_an_included_file_are_items() {
    let sandbox = Sandbox::new();
    sandbox.write("items.rs", "/// Doubles.\npub fn twice(x: i32) -> i32 { 2 * x }\nstruct P { x: i32 }\n")
        .write("number.rs", "21\n")
        .write(
            "a.rs",
            "// %%\ninclude!(\"items.rs\");\n// %%\nlet n: i32 = include!(\"number.rs\");\n// %%\ntwice(P { x: n }.x)\n\
             // %%\ninclude!(\"no_such_file.rs\");\n",
        )
        .run(&["a.rs", "--allow-errors"]);
    let cells: Vec<Vec<String>> = sandbox.cells("a").iter().map(short).collect();
    assert_eq!(cells[2], ["=42"]);
    assert!(is_refused(&cells[3], &["no_such_file.rs"]), "{cells:?}");
    sandbox
        .write(
            "items.rs",
            "pub fn twice(x: i32) -> i32 { 3 * x }\nstruct P { x: i32 }\n",
        )
        .run(&["a.rs", "--allow-errors"]);
    assert_eq!(short(&sandbox.cells("a")[2]), ["=63"]);
}

#[test]
fn what_never_ends_needs_no_type() {
    let cells = outputs(
        "// %%\nif true { panic!(\"one\") } else { panic!(\"other\") }\n// %%\nVec::new()\n",
    );
    assert_eq!(cells[0], ["!Panic: one"]);
    assert!(is_refused(&cells[1], &["type annotations needed"]));
}

#[test]
fn a_name_that_a_crate_has_is_told_with_its_use_line() {
    let sandbox = Sandbox::new();
    sandbox.write_crate(
        "helper",
        "pub mod tables { pub struct Grid; }\n#[macro_export] macro_rules! grid { () => {} }\n",
    );
    sandbox.write(
        "a.rs",
        "// %%\n:dep helper = { path = \"helper\" }\n\
         // %%\nlet g = Grid;\n// %%\nfn f(_: &Grid) {}\n// %%\ngrid!();\n// %%\nlet m = HashMap::<u8, u8>::new();\n// %%\nnothing_like_it\n",
    );
    sandbox.run(&["a.rs", "--allow-errors"]);
    let told: Vec<String> = sandbox
        .cells("a")
        .iter()
        .map(|cell| cell["outputs"].to_string())
        .collect();
    let of_grid = "consider importing this unit struct: `use helper::tables::Grid;`";
    assert!(told[1].contains(of_grid), "{}", told[1]);
    assert!(
        told[2].contains("`use helper::tables::Grid;`"),
        "{}",
        told[2]
    );
    assert!(told[3].contains("`use helper::grid;`"), "{}", told[3]);
    assert!(
        told[4].contains("`use std::collections::HashMap;`"),
        "{}",
        told[4]
    );
    assert!(!told[5].contains("importing"), "{}", told[5]);
    // The crates' own errors stay those of the cells.
    assert!(told[1].contains("a.rs cell 2:1:9"), "{}", told[1]);
}

#[test]
fn what_others_refer_to_is_not_dropped_without_a_word() {
    let cells = errors(
        "// %%\nuse std::io::Write;\nlet mut out = std::io::BufWriter::new(std::fs::File::create(\"kept.txt\")?);\n\
         write!(out, \"all\")?;\nlet file = out.get_ref();\n\
         // %%\ndrop(out);\n\
         // %%\nlet other = &5;\ndrop(other);\n",
    );
    for part in ["`out` cannot be dropped", "`file` of cell 1 refers to it"] {
        assert!(cells[1].contains(part), "{cells:?}");
    }
    assert_eq!(cells[2], "");
}

#[test]
fn errors_about_variables_are_told_in_the_cells_terms() {
    let cells = errors(
        "// %%\nlet open: Vec<_> = vec![];\n\
         // %%\nlet mut lent = vec![2, 1];\nlet most = lent.iter().max();\n\
         // %%\nlent.sort();\n\
         // %%\nfn rate() -> f64 { 0.1 }\nstruct Model { w: f64 }\n\
         impl Model { fn step(&mut self) { self.w += rate() } }\nlet mut model = Model { w: 0.0 };\n\
         // %%\nfn rate() -> f64 { 0.5 }\n\
         // %%\nfn train(model: &mut Model) { model.step() }\ntrain(&mut model);\n",
    );
    let open = "type annotations needed for `open`";
    assert!(cells[0].contains(open), "{cells:?}");
    let lent = "`most` of cell 2 refers to it";
    assert!(cells[2].contains(lent), "{cells:?}");
    let again = "the value was made before the type, or something that it uses, was defined again";
    assert!(cells[5].contains(again), "{cells:?}");
    assert!(!cells[5].contains("cargo tree"), "{cells:?}");
}

#[test]
fn names_of_types_do_not_tell_what_was_compiled_together() {
    let cells = outputs(
        "// %%\nfn name<T>(_: T) -> &'static str { std::any::type_name::<T>() }\n\
         // %%\nlet a = 1;\n// %%\nlet b = 2;\n// %%\nlet c = 3;\n// %%\nlet d = 4;\n\
         // %%\nname(|| 1)\n// %%\nprintln!(\"{}\", name(|| 1));\n",
    );
    assert_eq!(cells[5], ["=\"ctx::__radio_cell::{{closure}}\""]);
    assert_eq!(cells[6], ["out:ctx::__radio_cell::{{closure}}\n"]);
}

#[test]
fn a_trait_of_the_engine_s_words_is_the_cell_s() {
    let cells = outputs("// %%\ntrait Sized {}\nimpl Sized for i32 {}\n5\n");
    assert_eq!(cells[0], ["=5"]);
}

#[test]
fn a_runtime_that_is_broken_is_compiled_anew() {
    let sandbox = Sandbox::with_own_target();
    sandbox.write("a.rs", "// %%\n1 + 1\n");
    assert_eq!(code(&sandbox.run(&["a.rs"])), 0);
    let runtimes = sandbox.path("target/radio/runtime");
    for damage in ["host", "libradio_runtime.so"] {
        for runtime in std::fs::read_dir(&runtimes).unwrap() {
            std::fs::write(runtime.unwrap().path().join(damage), "").unwrap();
        }
        let run = sandbox.run(&["a.rs"]);
        assert_eq!(code(&run), 0, "{damage}: {}", stderr(&run));
    }
}

/// Each time with other text: which library comes first must not count.
#[test]
fn what_a_macro_makes_again_takes_the_place_of_what_it_made() {
    for stamp in ["a", "b", "c"] {
        let cells = outputs(&format!(
            "// %%\nmacro_rules! point {{ ($name:ident, $($field:ident),*) => {{\n\
             #[derive(Default)] struct $name {{ $($field: i32),* }}\n\
             impl $name {{ fn fields() -> usize {{ [$(stringify!($field)),*].len() }} }} }} }}\n\
             // %%\npoint!(Point, {stamp}, y);\nPoint::fields()\n\
             // %%\npoint!(Other, {stamp});\nPoint::fields() + Other::fields()\n\
             // %%\npoint!(Point, {stamp}, y, z);\nPoint::fields()\n\
             // %%\nPoint::fields() + Other::fields()\n"
        ));
        assert_eq!(cells[1..], [["=2"], ["=3"], ["=3"], ["=4"]]);
    }
}

#[test]
fn a_static_that_a_macro_makes_again_is_another_one() {
    let cell = |value| {
        format!(
            "// %%\nthread_local! {{ static COUNT: std::cell::Cell<i32> = const {{ std::cell::Cell::new({value}) }}; }}\n\
             COUNT.get()\n"
        )
    };
    let cells = outputs(&(cell(1) + &cell(5) + "// %%\nCOUNT.get()\n"));
    assert_eq!(cells, [["=1"], ["=5"], ["=5"]]);
}
