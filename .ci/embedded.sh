# How `radio` and `radio-evcxr`, in which evcxr is embedded, are built for `.ci/run` and `.ci/crossing`, which source this.
# It takes minutes to compile: what is compiled stays outside the clone, for the next time. Clippy compiles the workspace's own
# crates itself, since `cargo clippy` would look at evcxr's three hundred once more.
cache="${XDG_CACHE_HOME:-$HOME/.cache}/radio_rec/ci"
with_evcxr=(
    --locked --release --package radio --package radio_evcxr --features radio_evcxr/evcxr --target-dir "$cache"
    --config 'profile.release.package.radio.opt-level=0'
    --config 'profile.release.package.radio_document.opt-level=0'
    --config 'profile.release.package.radio_evcxr.opt-level=0'
    --config 'profile.release.package.radio_notebook.opt-level=0'
    --config 'profile.release.package.radio_pages.opt-level=0'
    --config 'build.rustc-workspace-wrapper="clippy-driver"'
)

# What evcxr was compiled for: the toolchain, and its libraries with their features.
compiled_for() {
    rustc -vV
    cargo tree --locked --quiet --package radio --package radio_evcxr --features radio_evcxr/evcxr --edges no-dev --prefix none --format '{p} {f}' |
        sed 's/ (\*)$//' | grep -v ' (/' | sort -u
}

is_compiled() { [ -f "$cache/compiled-for" ] && [ "$(compiled_for)" = "$(cat "$cache/compiled-for")" ]; }

# Ends with 1 if there was a warning.
compile_with_evcxr() {
    mkdir -p target
    cargo build --color never "${with_evcxr[@]}" 2>&1 | tee target/ci-build.log
    cargo test --color never "${with_evcxr[@]}" --bins --test all --test dialect --no-run 2>&1 | tee -a target/ci-build.log
    compiled_for >"$cache/compiled-for"
    if grep '^warning' target/ci-build.log; then
        echo "error: evcxr embedded compiles with warnings"
        return 1
    fi
}
