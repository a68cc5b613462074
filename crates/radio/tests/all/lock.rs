//! The versions of a notebook's dependencies, where it lies outside of the workspace whose crates it uses.

use crate::sandbox::*;

/// A crate `versioned` as a vendored registry has it, which tells its version.
fn vendor(sandbox: &Sandbox, version: &str) {
    let folder = format!("vendor/versioned-{version}");
    std::fs::create_dir_all(sandbox.path(&folder).join("src")).unwrap();
    sandbox
        .write(
            &format!("{folder}/Cargo.toml"),
            &format!(
                "[package]\nname = \"versioned\"\nversion = \"{version}\"\nedition = \"2021\"\n"
            ),
        )
        .write(
            &format!("{folder}/src/lib.rs"),
            "pub const VERSION: &str = env!(\"CARGO_PKG_VERSION\");\n",
        )
        .write(
            &format!("{folder}/.cargo-checksum.json"),
            "{\"files\":{},\"package\":null}",
        );
}

#[test]
fn a_path_crate_brings_the_versions_of_its_workspace_whenever_it_is_added() {
    let sandbox = Sandbox::with_own_target();
    for folder in [".cargo", "space/mine/src", "notebooks"] {
        std::fs::create_dir_all(sandbox.path(folder)).unwrap();
    }
    sandbox.write(
        ".cargo/config.toml",
        "[source.crates-io]\nreplace-with = \"vendored\"\n[source.vendored]\ndirectory = \"vendor\"\n",
    )
    .write("space/Cargo.toml", "[workspace]\nmembers = [\"mine\"]\nresolver = \"3\"\n")
    .write(
        "space/mine/Cargo.toml",
        "[package]\nname = \"mine\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[dependencies]\nversioned = \"1\"\n",
    )
    .write(
        "space/mine/src/lib.rs",
        "pub fn version() -> &'static str { versioned::VERSION }\n",
    );
    vendor(&sandbox, "1.0.0");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let locked = sandbox
        .program(cargo)
        .args(["generate-lockfile", "--manifest-path", "space/Cargo.toml"])
        .output()
        .unwrap();
    assert!(locked.status.success(), "{}", stderr(&locked));
    vendor(&sandbox, "1.1.0");

    let run = |cell: &str| {
        sandbox.write("notebooks/a.rs", &format!("// %%\n{cell}\n"));
        let run = sandbox.run(&["notebooks/a.rs"]);
        assert_eq!(code(&run), 0, "{}", stderr(&run));
        joined(&sandbox.cells("a")[0]["outputs"][0]["data"]["text/plain"])
    };
    assert_eq!(run("1"), "1");
    let mine = ":dep mine = { path = \"../space/mine\" }\nmine::version()";
    assert_eq!(run(mine), "\"1.0.0\"");
    // What no workspace has locked is the newest there is.
    assert_eq!(
        run(":dep versioned = \"1\"\nversioned::VERSION"),
        "\"1.1.0\""
    );
}
